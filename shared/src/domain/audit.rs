//! What the audit log holds, and its rows as sentences: who did what to which row, and from what to what.

mod sentence;
#[cfg(test)]
mod tests;

use std::fmt;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use strum::{EnumIter, EnumString, IntoStaticStr};

/// One recorded change, or one look at what not everybody may see.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Record {
    pub id: i64,
    pub at: DateTime<Utc>,
    /// See [`Actor`].
    pub actor: String,
    /// See [`Table`].
    pub table: String,
    /// The row's key, as text.
    pub row: String,
    /// `insert`, `update`, or a word of [`Action`].
    pub action: String,
    /// What of the row is recorded; none for a new row.
    pub before: Option<Value>,
    pub after: Option<Value>,
    /// What the person had to say.
    pub note: Option<String>,
}

/// The tables whose changes are recorded, by their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumIter, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Table {
    Sends,
    Recipients,
    EnrichedLeads,
    Campaigns,
    Sources,
    Breakers,
    Installation,
    Leads,
}

/// What a person did that changes no recorded column: recorded by the function that does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumIter, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Action {
    /// Saw a lead's whole address.
    ShowAddress,
    /// Had a lead assessed again, or every lead of a campaign that had no mail.
    AskAgain,
    /// Had a source read at the collector's next run.
    RunNow,
    /// Wrote a note about a lead; the text is with the lead.
    Note,
}

impl Action {
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor<'a> {
    /// A person in the console, by the identifier that the issuer of sign-ins knows them by.
    Person(&'a str),
    /// A person at a terminal, by the name that they gave.
    Operator(&'a str),
    /// A function, or another program that changed rows.
    Program(&'a str),
}

impl<'a> Actor<'a> {
    pub fn read(actor: &'a str) -> Self {
        match actor.split_once(':') {
            Some(("person", subject)) => Self::Person(subject),
            Some(("operator", name)) => Self::Operator(name),
            _ => Self::Program(actor),
        }
    }

    pub fn is_person(self) -> bool {
        !matches!(self, Self::Program(_))
    }
}

/// As the column holds it.
impl fmt::Display for Actor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(subject) => write!(f, "person:{subject}"),
            Self::Operator(name) => write!(f, "operator:{name}"),
            Self::Program(name) => f.write_str(name),
        }
    }
}

/// The text without the local parts of the addresses in it. What people write about a change is kept for
/// ever, so it holds nobody's address.
pub fn without_addresses(text: &str) -> String {
    let is_of_address = |c: char| c.is_alphanumeric() || "@.!#$%&'*+/=?^_`{|}~-".contains(c);
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_of_address) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c| !is_of_address(c)).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        masked.push_str(before);
        match word.rsplit_once('@') {
            Some((local, domain)) if !local.is_empty() && !domain.is_empty() => {
                masked.push_str("•••@");
                masked.push_str(domain);
            }
            _ => masked.push_str(word),
        }
        rest = after;
    }
    masked + rest
}
