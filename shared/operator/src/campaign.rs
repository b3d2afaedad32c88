//! `outreach campaign`: what is offered, to whom, under which rules.

use anyhow::{Context as _, Result, bail};
use shared::db::operator::{self, Campaign, CampaignOutcome};
use shared::domain::{
    campaign::{Change, Settings},
    letter::Language,
};

use crate::cli::{CampaignArgs, Options};
use crate::stack::Stack;
use crate::{connection, output};

/// Lists campaigns, shows one, changes it or begins it.
pub(crate) async fn campaign(stack: &Stack, options: &Options, args: &CampaignArgs) -> Result<()> {
    let mut conn = connection::connect(stack, options).await?;
    let Some(name) = &args.campaign else {
        return list(&operator::campaigns(&mut conn).await?, options);
    };
    let change = change(args);
    if !args.new && change.is_nothing() {
        let found = operator::campaign(&mut conn, name).await?;
        return show(&found.with_context(|| unknown(name))?, options);
    }
    let note = args.note.as_deref();
    let outcome = match (args.new, &args.offer, &args.audience) {
        (true, Some(offer), Some(audience)) => {
            let settings = change.applied_to(&Settings::new(offer.clone(), audience.clone()));
            operator::create_campaign(&mut conn, name, &settings, note).await?
        }
        _ => operator::change_campaign(&mut conn, name, &change, note).await?,
    };
    match outcome {
        CampaignOutcome::NoSuchCampaign => bail!("{}", unknown(name)),
        CampaignOutcome::NameTaken => bail!("there is a campaign of the name {name} already"),
        CampaignOutcome::Stale(_) => {
            bail!("somebody else changed {name} at the same moment: look at it again")
        }
        CampaignOutcome::Created(created) => {
            output::step("Created", format_args!("the campaign {name}"));
            show(&created, options)
        }
        CampaignOutcome::Changed { before, after } => {
            explain(name, &before.settings, &after.settings);
            show(&after, options)
        }
    }
}

fn change(args: &CampaignArgs) -> Change {
    Change {
        status: args.status,
        offer: args.offer.clone(),
        audience: args.audience.clone(),
        language: args.language,
        min_score: args.min_score,
        min_confidence: args.min_confidence,
        daily_cap: args.daily_cap,
        review_all: args.review_all,
        rules_decide: args.rules_decide,
        countries: args.countries.clone(),
        hours: args.hours,
    }
}

fn unknown(name: &str) -> String {
    format!("there is no campaign of the name {name}")
}

/// Says what follows from a change.
fn explain(name: &str, before: &Settings, after: &Settings) {
    if before == after {
        output::fresh("Unchanged", format_args!("{name} was so before"));
        return;
    }
    output::step("Changed", format_args!("the campaign {name}"));
    let rules = |s: &Settings| {
        let Settings {
            min_score,
            min_confidence,
            review_all,
            rules_decide,
            ..
        } = s;
        let countries = s.countries.clone();
        (
            *min_score,
            *min_confidence,
            *review_all,
            *rules_decide,
            countries,
        )
    };
    if rules(before) != rules(after) {
        output::fresh(
            "Planned",
            "anew, within minutes: every lead that had no mail, from the assessment that is there",
        );
    }
    if after.asks_other_than(before) {
        output::fresh(
            "Texts",
            format_args!(
                "that were written keep their offer and language; `outreach ask-again {name} --all` says what new ones cost"
            ),
        );
    }
}

fn list(campaigns: &[Campaign], options: &Options) -> Result<()> {
    if options.json {
        return output::json(&campaigns);
    }
    if campaigns.is_empty() {
        output::fresh("Nothing", "there is no campaign: begin one with --new");
        return Ok(());
    }
    let mut table = output::table([
        "campaign",
        "status",
        "minimum score",
        "mails a day",
        "offer",
    ]);
    for campaign in campaigns {
        let settings = &campaign.settings;
        let status: &'static str = settings.status.into();
        table.add_row([
            campaign.name.clone().into(),
            status.into(),
            output::number(settings.min_score),
            output::number(settings.daily_cap),
            settings.offer.chars().take(60).collect::<String>().into(),
        ]);
    }
    output::line(table);
    Ok(())
}

fn show(campaign: &Campaign, options: &Options) -> Result<()> {
    if options.json {
        return output::json(campaign);
    }
    let settings = &campaign.settings;
    let status: &'static str = settings.status.into();
    let countries: Vec<String> = settings
        .countries
        .iter()
        .map(|(country, rule)| {
            let rule: &'static str = rule.into();
            format!("{country}={rule}")
        })
        .collect();
    let hours = settings
        .hours
        .map_or("any".to_owned(), |(from, until)| format!("{from}-{until}"));
    let language = settings
        .language
        .map_or("that of each profile", Language::title);
    let rows = [
        ("campaign", campaign.name.clone()),
        ("status", status.to_owned()),
        ("offer", settings.offer.clone()),
        ("audience", settings.audience.clone()),
        ("language", language.to_owned()),
        ("minimum score", settings.min_score.to_string()),
        ("minimum confidence", settings.min_confidence.to_string()),
        ("mails a day", settings.daily_cap.to_string()),
        ("hours", hours),
        (
            "countries",
            match countries.is_empty() {
                true => "by the table of lawful bases".to_owned(),
                false => countries.join(", "),
            },
        ),
        ("a person approves every mail", yes(settings.review_all)),
        ("rules decide without the model", yes(settings.rules_decide)),
    ];
    for (what, value) in rows {
        output::line(format_args!("{what:>30}  {value}"));
    }
    Ok(())
}

fn yes(so: bool) -> String {
    if so { "yes" } else { "no" }.to_owned()
}
