//! A few demo leads by command, through a CSV source like any other list.

use anyhow::{Result, bail};
use serde_json::json;
use shared::db;
use simulated::{Population, Profile};

use crate::demo::seed;
use crate::lists::{self, Row};
use crate::settings::{STACK, Settings};
use crate::{aws, invoke, migrate, output};

/// A seed whose people differ from those of the demo's sources.
const SEED: u64 = 2026;
const SOURCE: &str = "leads";
/// Writes a list of `count` made-up people and has the collector read it.
pub(crate) async fn insert(settings: &Settings, count: u16) -> Result<()> {
    let path = settings.paths.root.join("leads.csv");
    let population = Population::new(SEED, usize::from(count));
    lists::write(&path, population.profiles().iter().map(row))?;

    let pool = migrate::migrated(&settings.database_url()).await?;
    let mut conn = db::acquire(&pool).await?;
    let campaign = seed::campaign(&mut conn).await?;
    let params = json!({ "file": path });
    db::sources::upsert(&mut conn, campaign, SOURCE, "csv", &params).await?;
    let event = json!({ "campaign": seed::CAMPAIGN, "source": SOURCE }).to_string();
    let aws = aws::config(&settings.paths);
    let answer = invoke::call(&aws, &format!("{STACK}-collector"), event).await?;
    if answer.error.is_some() {
        bail!(
            "the collector failed: {}\n{}",
            answer.payload,
            answer.log.trim_end()
        );
    }
    let shown = settings.paths.shown(&path);
    output::step(
        "Inserted",
        format_args!("{count} leads from {shown} into campaign `demo`"),
    );
    Ok(())
}

fn row(person: &Profile) -> Row {
    Row {
        platform: person.platform.name(),
        id: person.id.clone(),
        username: person.username.clone(),
        name: person.name.clone(),
        email: person.email.clone().filter(|_| person.email_listed),
        bio: person.bio.clone(),
        website: person.website.clone(),
        location: person.location.clone(),
        country: (person.country.map(str::to_owned)).filter(|_| person.country_listed),
        language: person.language.code(),
        followers: person.followers,
        profile_url: person.url(),
    }
}
