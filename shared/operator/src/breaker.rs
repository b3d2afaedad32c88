//! `outreach breaker`: what stopped a campaign, and the only way to start it again.

use anyhow::{Result, bail};
use comfy_table::{Cell, Color, ContentArrangement, Table};
use shared::db::operator::{self, Breaker};

use crate::cli::{BreakerArgs, Options};
use crate::stack::Stack;
use crate::{connection, output};

/// Shows the breakers, or closes one.
pub(crate) async fn breaker(stack: &Stack, options: &Options, args: &BreakerArgs) -> Result<()> {
    let mut conn = connection::connect(stack, options).await?;
    let campaign = args.campaign.as_deref();
    let found = operator::breakers(&mut conn, campaign).await?;
    if let (Some(name), []) = (campaign, found.as_slice()) {
        bail!("there is no campaign {name}: `outreach breaker` lists them");
    }
    let Some(name) = campaign.filter(|_| args.close) else {
        return print(options, &found);
    };
    let note = args.note.as_deref();
    if operator::close_breaker(&mut conn, name, &options.by, note).await? {
        let forgiven: Vec<String> = found.iter().map(figures).collect();
        output::step(
            "Closed",
            format_args!("the breaker of {name}; forgiven: {}", forgiven.join("; ")),
        );
    } else {
        output::fresh(
            "Unchanged",
            format_args!("{name} was not stopped: its breaker is closed"),
        );
    }
    if options.json {
        output::json(&operator::breakers(&mut conn, campaign).await?)?;
    }
    Ok(())
}

fn print(options: &Options, breakers: &[Breaker]) -> Result<()> {
    if options.json {
        return output::json(&breakers);
    }
    output::line(table(breakers));
    Ok(())
}

fn figures(breaker: &Breaker) -> String {
    let Breaker {
        sent,
        bounced,
        complained,
        ..
    } = breaker;
    format!("{bounced} bounced and {complained} complained of {sent} sent")
}

fn table(breakers: &[Breaker]) -> Table {
    let header = [
        "campaign",
        "status",
        "breaker",
        "last 7 days",
        "waiting",
        "why",
    ];
    let mut table = output::table(header);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    for breaker in breakers {
        let state = if breaker.opened_at.is_some() {
            Cell::new("open").fg(Color::Red)
        } else {
            Cell::new("closed").fg(Color::Green)
        };
        table.add_row([
            Cell::new(&breaker.campaign),
            Cell::new(&breaker.status),
            state,
            Cell::new(figures(breaker)),
            output::number(breaker.waiting),
            Cell::new(why(breaker)),
        ]);
    }
    table
}

/// What opened it, and who closed it.
fn why(breaker: &Breaker) -> String {
    let day = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%M").to_string();
    let explanation = breaker.explanation.unwrap_or_default();
    match (breaker.opened_at, breaker.closed_at) {
        (Some(opened), _) => {
            let figures = breaker.figures.as_ref().map(ToString::to_string);
            format!(
                "since {}: {explanation} {}",
                day(opened),
                figures.unwrap_or_default()
            )
        }
        (None, Some(closed)) => {
            let by = breaker.closed_by.as_deref().unwrap_or("operator");
            format!("closed {} by {by}; it was: {explanation}", day(closed))
        }
        (None, None) => String::new(),
    }
}
