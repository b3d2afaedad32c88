//! A few demo leads by command, through the same door as every other list.

use anyhow::{Context as _, Result, bail};
use serde_json::json;
use shared::db;
use simulated::{Profile, World};

use crate::demo::seed;
use crate::settings::{STACK, Settings};
use crate::{aws, invoke, migrate, output};

/// Other people than those whom the demo's sources hold.
const SEED: u64 = 2026;
const SOURCE: &str = "leads";
const COLUMNS: [&str; 12] = [
    "platform",
    "id",
    "username",
    "name",
    "email",
    "bio",
    "website",
    "location",
    "country",
    "language",
    "followers",
    "profile_url",
];

/// Writes a list of `count` made-up people and has the collector read it.
pub(crate) async fn insert(settings: &Settings, count: u16) -> Result<()> {
    let path = settings.folder.root.join("leads.csv");
    let world = World::new(SEED, usize::from(count));
    let mut list = csv::Writer::from_path(&path)
        .with_context(|| format!("could not write {}", path.display()))?;
    list.write_record(COLUMNS)?;
    for person in world.profiles() {
        list.write_record(row(person))?;
    }
    list.flush()?;

    let pool = migrate::migrated(&settings.database_url()).await?;
    let mut conn = db::acquire(&pool).await?;
    let campaign = seed::campaign(&mut conn).await?;
    let params = json!({ "file": path });
    db::sources::upsert(&mut conn, campaign, SOURCE, "csv", &params).await?;
    let event = json!({ "campaign": seed::CAMPAIGN, "source": SOURCE }).to_string();
    let aws = aws::config(&settings.folder);
    let answer = invoke::call(&aws, &format!("{STACK}-collector"), event).await?;
    if answer.error.is_some() {
        bail!(
            "the collector failed: {}\n{}",
            answer.payload,
            answer.log.trim_end()
        );
    }
    let shown = settings.folder.shown(&path);
    output::step(
        "Inserted",
        format_args!("{count} leads from {shown} into campaign `demo`"),
    );
    Ok(())
}

fn row(person: &Profile) -> [String; 12] {
    let optional = |value: Option<&str>| value.unwrap_or_default().to_owned();
    [
        person.platform.name().to_owned(),
        person.id.clone(),
        person.username.clone(),
        person.name.clone(),
        optional(person.email.as_deref().filter(|_| person.email_listed)),
        person.bio.clone(),
        optional(person.website.as_deref()),
        optional(person.location.as_deref()),
        optional(person.country.filter(|_| person.country_listed)),
        person.language.code().to_owned(),
        person.followers.to_string(),
        person.url(),
    ]
}
