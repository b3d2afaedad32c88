//! The people on the lists of a run.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::json;
use shared::db::campaigns::{self, NewCampaign};
use shared::db::{PgConnection, sources};

use super::test_bed::TestBedConfig;
use crate::lists::{self, Row};

/// In every address and name of a run, and in nothing else: where it turns up, an address leaked.
pub(crate) const CANARY: &str = "canarybird";

/// The two campaigns that write to the same people.
const CAMPAIGNS: [&str; 2] = ["first", "second"];
/// Lists of each campaign.
const LISTS: usize = 3;

/// Writes the lists of `leads` people and stores the campaigns that read them: all read the same three
/// lists, the lists overlap, and every fifth mailbox belongs to two profiles.
pub(crate) async fn seed(
    conn: &mut PgConnection,
    folder: &Path,
    config: &TestBedConfig,
) -> Result<()> {
    let lists: Vec<PathBuf> = (0..LISTS)
        .map(|n| folder.join(format!("list-{n}.csv")))
        .collect();
    for (n, path) in lists.iter().enumerate() {
        let here = (0..config.leads).filter(|person| {
            let home = *person as usize % LISTS;
            // Every fourth is on the next list too.
            home == n || (person % 4 == 0 && (home + 1) % LISTS == n)
        });
        lists::write(path, here.map(row))?;
    }
    for name in CAMPAIGNS.into_iter().take(config.campaigns) {
        let campaign = NewCampaign {
            name,
            offer: "A partner programme for people who publish about what they do well: 20 % of \
                    every sale for twelve months, paid monthly.",
            audience: "People who publish about one subject and are open to working with brands.",
            daily_cap: config.daily_cap,
            basis_rules: &json!({}),
            hours: None,
        };
        let campaign = campaigns::upsert(conn, &campaign).await?;
        for (n, path) in lists.iter().enumerate() {
            let params = json!({ "file": path });
            sources::upsert(conn, campaign, &format!("list-{n}"), "csv", &params).await?;
        }
    }
    Ok(())
}

fn row(person: u32) -> Row {
    // 5 and 6, 10 and 11, … share a mailbox.
    let mailbox = if person % 5 == 1 && person > 5 {
        person - 1
    } else {
        person
    };
    Row {
        name: format!("Ana {CANARY}"),
        email: Some(format!(
            "{CANARY}.{mailbox}@mail-{}.example.org",
            mailbox % 40
        )),
        ..Row::runner(person)
    }
}
