//! `outreach ask-again`: another try for the leads that the model gave no answer for.

use anyhow::{Result, bail};
use serde_json::json;
use shared::db::enrichment::{self, Again};

use crate::cli::{AskAgainArgs, Options};
use crate::stack::Stack;
use crate::{connection, output};

/// Says how many leads would be asked about and what it may cost; with `--yes` requests it.
pub(crate) async fn ask_again(stack: &Stack, options: &Options, args: &AskAgainArgs) -> Result<()> {
    let mut conn = connection::connect(stack, options).await?;
    let Some(again) = enrichment::count_again(&mut conn, &args.campaign, args.all).await? else {
        bail!("there is no campaign of the name {}", args.campaign);
    };
    let Again {
        waiting,
        scored_by_rules,
        assessed,
        call_micros,
    } = again;
    let leads = waiting + scored_by_rules + assessed;
    output::step(
        "Leads",
        format_args!(
            "{waiting} wait for the model, {scored_by_rules} were scored by the rules{}",
            match args.all {
                true => format!(", {assessed} were assessed and had no mail"),
                false => String::new(),
            }
        ),
    );
    let cost_micros = call_micros.map(|micros| micros.saturating_mul(leads));
    if let Some(micros) = cost_micros {
        let cents = micros.div_euclid(10_000) + 1;
        output::step(
            "Cost",
            format_args!(
                "about {}.{:02} US dollars, by what answers have cost so far",
                cents / 100,
                cents % 100
            ),
        );
    }
    let requested = match args.yes {
        true => enrichment::ask_again(&mut conn, &args.campaign, args.all).await?,
        false => 0,
    };
    if args.yes {
        output::step(
            "Requested",
            format_args!("{requested}; the enricher's next sweep asks about them"),
        );
    } else if leads > 0 {
        output::fresh("Nothing", "was requested: add --yes to do it");
    }
    if options.json {
        output::json(&json!({
            "waiting": waiting, "scored_by_rules": scored_by_rules, "assessed": assessed, "cost_micros": cost_micros,
            "requested": requested,
        }))?;
    }
    Ok(())
}
