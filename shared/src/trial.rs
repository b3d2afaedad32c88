//! A source as it would be stored, with nothing stored: what a person looks at before it is read.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    domain::{
        country::Country,
        email::HashKey,
        intake::{BadRow, Batch, normalise},
        lead::{NewLead, Origin, Platform},
    },
    lists::{List, ListError, ListReport},
};

/// Leads that are shown.
const SHOWN: usize = 20;
/// Refused rows that are listed; the rest are counted.
const LISTED: usize = 100;

/// What the collector is asked to try: a source's kind and parameters, as its row would hold them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialRequest {
    pub kind: String,
    pub params: Value,
}

/// What the collector answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tried {
    Read(Box<Trial>),
    Unread(Unread),
}

/// Why it could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    /// Whether how to read it is wrong, and not where it lies.
    pub of_params: bool,
    /// As the rest of a sentence.
    pub why: String,
}

/// How long the collector may take to answer: whoever asked sits before a page, and waits.
pub const LONGEST: Duration = Duration::from_secs(6);

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Leads that would be stored, each once.
    pub leads: usize,
    /// The first twenty of them.
    pub shown: Vec<TriedLead>,
    pub with_email: usize,
    /// Rows that named a profile again.
    pub duplicates: usize,
    /// Rows that would not be stored.
    pub refused: usize,
    /// The first hundred of them.
    pub refused_rows: Vec<RefusedRow>,
    /// In how many rows a field says something that could not be read, and is left out.
    pub unknown: BTreeMap<String, usize>,
    /// How it was read, if it is a list.
    pub list: Option<ListReport>,
    /// Whether there is more than was read.
    pub more: bool,
}

/// A lead as it would be stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriedLead {
    /// Line of the list, or number within the page.
    pub line: u64,
    pub platform: Platform,
    pub username: String,
    pub name: Option<String>,
    /// Its first letter and its domain.
    pub address: Option<String>,
    pub country: Option<Country>,
    pub followers: Option<i64>,
}

/// A row that would not be stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedRow {
    pub line: u64,
    pub column: Option<String>,
    pub reason: String,
}

impl Trial {
    /// Reads a list as an import would.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of_list(list: &mut List, key: &HashKey) -> Result<Self, ListError> {
        let mut trial = Self::default();
        let mut last = false;
        while !last {
            let page = list.next_page()?;
            last = page.last;
            trial.add(normalise(page.rows, key, Origin::List));
        }
        trial.list = Some(list.report().clone());
        Ok(trial)
    }

    /// Counts a page.
    pub fn add(&mut self, batch: Batch) {
        self.leads += batch.leads.len();
        self.duplicates += batch.duplicates;
        self.refused += batch.bad.len();
        let with_email = batch.leads.iter().filter(|lead| lead.email.is_some());
        self.with_email += with_email.count();
        for (field, rows) in batch.unknown {
            *self.unknown.entry(field.word().to_owned()).or_default() += rows;
        }
        let room = LISTED.saturating_sub(self.refused_rows.len());
        let refused = batch.bad.into_iter().take(room).map(RefusedRow::from);
        self.refused_rows.extend(refused);
        let room = SHOWN.saturating_sub(self.shown.len());
        let shown = batch.lines.into_iter().zip(&batch.leads).take(room);
        self.shown
            .extend(shown.map(|(line, lead)| TriedLead::new(line, lead)));
    }

    /// Rows that hold something.
    pub fn rows(&self) -> usize {
        self.leads + self.duplicates + self.refused
    }

    /// Whether the collector would call a person: most rows are refused.
    pub fn refuses_most(&self) -> bool {
        self.refused * 2 > self.rows()
    }
}

impl TriedLead {
    fn new(line: u64, lead: &NewLead) -> Self {
        let address = lead.email.as_ref();
        Self {
            line,
            platform: lead.platform,
            username: lead.username.clone(),
            name: lead.name.clone(),
            address: address.map(|(address, _)| address.veiled()),
            country: lead.country,
            followers: lead.follower_count,
        }
    }
}

impl From<BadRow> for RefusedRow {
    fn from(row: BadRow) -> Self {
        Self {
            line: row.line,
            column: row.column.map(str::to_owned),
            reason: row.error.to_string(),
        }
    }
}
