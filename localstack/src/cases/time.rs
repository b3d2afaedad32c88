//! Countries and moments: whether a mail leaves, or when it is due.
//!
//! The sender reads the clock of the machine, so the moments of a file are put to the rule that it works by
//! (`SendingHours::closed_until`). Then one mail to each of the countries goes through the sender itself, and
//! must leave, or wait, as that rule says for now.

use anyhow::{Context as _, Result, bail};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use shared::db::{self, campaigns::NewCampaign};
use shared::domain::country::Country;
use shared::domain::hours::SendingHours;

use super::file::CaseFile;
use super::stage::Stage;
use super::table::Input;
use crate::lists::Row;
use crate::sql::cases;

const FROM: i16 = 8;
const UNTIL: i16 = 20;

#[derive(Deserialize)]
struct Moment {
    country: String,
    now: DateTime<Utc>,
    /// Empty: at once. Without the column nothing is expected.
    until: Option<DateTime<Utc>>,
}

pub(super) async fn run(stage: &mut Stage, file: &CaseFile) -> Result<Vec<Input>> {
    let mut rows = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .from_reader(file.content.as_slice());
    let judged = rows.headers()?.iter().any(|name| name == "until");
    let hours = SendingHours::new(FROM.try_into()?, UNTIL.try_into()?)?;
    let mut countries = Vec::new();
    let mut inputs = Vec::new();
    for row in rows.deserialize() {
        let Moment {
            country,
            now,
            until,
        } = row.with_context(|| format!("{} has an odd row", file.name))?;
        inputs.push(Input {
            what: format!("{country} at {} (the rule alone)", text(now)),
            must: judged.then(|| json!({ "leaves": departure(until) })),
            happened: json!({ "leaves": leaves(hours, &country, now) }),
        });
        if !countries.contains(&country) {
            countries.push(country);
        }
    }
    inputs.push(Input {
        what: format!(
            "a mail to each of {} countries, now (the sender)",
            countries.len()
        ),
        must: Some(json!({ "as_the_rule_says": countries.len(), "otherwise": [] })),
        happened: sent_now(stage, hours, &countries).await?,
    });
    Ok(inputs)
}

fn leaves(hours: SendingHours, country: &str, now: DateTime<Utc>) -> String {
    let country: Option<Country> = country.parse().ok();
    departure(hours.closed_until(country, now))
}

fn departure(until: Option<DateTime<Utc>>) -> String {
    until.map_or_else(|| "at once".to_owned(), text)
}

fn text(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Takes a mail to each country through the sender, as it is now there.
async fn sent_now(stage: &mut Stage, hours: SendingHours, countries: &[String]) -> Result<Value> {
    stage.clear().await?;
    let allowed: Map<String, Value> = countries
        .iter()
        .map(|country| (country.clone(), json!("allow")))
        .collect();
    let campaign = NewCampaign {
        name: "cases",
        offer: "20 % of every sale of running shoes for twelve months",
        audience: "People who publish about what they do well.",
        daily_cap: 1_000_000,
        basis_rules: &Value::Object(allowed),
        hours: Some((FROM, UNTIL)),
    };
    let people = (0..).zip(countries).map(|(n, country)| Row {
        country: Some(country.clone()),
        ..Row::runner(n)
    });
    let list = stage.list(people)?;
    let now = clock();
    stage
        .collect_for(&campaign, "csv", &json!({ "file": list }))
        .await?;
    stage.finish().await?;
    let mut conn = db::acquire(&stage.pool).await?;
    if cases::departures(&mut conn).await?.len() != countries.len() {
        bail!("not every country has a planned mail");
    }
    let swept = stage.function("sender")?.sweep().await;
    if swept.outcome.answer().is_none() {
        bail!("the sender failed");
    }
    stage.read("outreach", "sender")?;
    stage.finish().await?;
    let mut otherwise = Vec::new();
    let departures = cases::departures(&mut conn).await?;
    for (country, state, not_before) in &departures {
        let expected = leaves(hours, country, now);
        let met = match state.as_str() {
            "queued" => text(*not_before),
            "sent" | "delivered" => "at once".to_owned(),
            other => other.to_owned(),
        };
        if met != expected {
            otherwise.push(format!("{country}: {met} instead of {expected}"));
        }
    }
    Ok(json!({
        "as_the_rule_says": departures.len() - otherwise.len(), "otherwise": otherwise,
        "left": departures.iter().filter(|(_, state, _)| state != "queued").count(),
    }))
}

#[expect(clippy::disallowed_methods, reason = "the sender reads the clock, too")]
fn clock() -> DateTime<Utc> {
    Utc::now()
}
