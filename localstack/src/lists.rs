//! Lists of people, as a collector reads them.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Serialize;

/// One person; the fields name the columns.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Row {
    pub(crate) platform: &'static str,
    pub(crate) id: String,
    pub(crate) username: String,
    pub(crate) name: String,
    pub(crate) email: Option<String>,
    pub(crate) bio: String,
    pub(crate) website: Option<String>,
    pub(crate) location: Option<String>,
    pub(crate) country: Option<String>,
    pub(crate) language: &'static str,
    pub(crate) followers: u64,
    pub(crate) profile_url: String,
}

impl Row {
    /// A person whom the programme fits and who has no duplicate: is written to.
    pub(crate) fn runner(number: u32) -> Self {
        // Below it are numbers that mean something: 15 is an age, 1488 a code of hate.
        let number = 2_000_000 + number;
        Self {
            platform: "x",
            id: number.to_string(),
            username: format!("runner_{number}"),
            name: format!("Ana Example {number}"),
            email: Some(format!("ana.{number}@mail-{}.example.org", number % 400)),
            bio: format!(
                "Running coach number {number}. Marathon training plans and honest shoe reviews. \
                 Open to brand partnerships, contact by mail."
            ),
            website: Some(format!("https://runner-{number}.example.com/")),
            location: None,
            country: Some("US".to_owned()),
            language: "en",
            followers: u64::from(5_000 + number % 10_000),
            profile_url: format!("https://x.com/runner_{number}"),
        }
    }
}

/// Writes a list of these people.
pub(crate) fn write(path: &Path, people: impl IntoIterator<Item = Row>) -> Result<()> {
    let mut list = csv::Writer::from_path(path)
        .with_context(|| format!("could not write {}", path.display()))?;
    for person in people {
        list.serialize(person)?;
    }
    Ok(list.flush()?)
}
