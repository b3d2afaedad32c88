//! What happened to a lead, and why: one list in the order of time, in sentences.

#[cfg(test)]
mod tests;
mod told;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use super::send_state::SendState;

/// Something that the rows of a lead say happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Happening {
    pub at: DateTime<Utc>,
    pub campaign: Option<String>,
    pub what: What,
}

#[derive(Debug, Clone, PartialEq)]
pub enum What {
    Found {
        platform: &'static str,
        source: String,
        /// Whether the profile was not known before.
        new: bool,
    },
    Assessed(Assessment),
    Mail(MailChange),
    /// SES's word for it, in snake case, and what it said besides.
    Event {
        kind: String,
        detail: Option<String>,
    },
    /// The mailbox was suppressed, or is no more.
    Mailbox {
        reason: Option<String>,
        by: String,
        note: Option<String>,
    },
    Erased,
    /// A row of the audit log that is about the lead itself.
    Action {
        sentence: String,
        by: String,
    },
    Note {
        author: String,
        text: String,
    },
}

/// What a scorer made of the profile for one campaign.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Assessment {
    pub version: i32,
    pub score: i16,
    pub confidence: f32,
    pub by_model: bool,
    pub model: Option<String>,
    pub niche: String,
    /// The short summary.
    pub summary: String,
    /// Claims about the lead, with the words of the profile that back them.
    pub evidence: Value,
    pub compliant: bool,
    pub compliance_notes: String,
    /// In millionths of a US dollar.
    pub cost_micros: i64,
    /// Why no mail was planned, or why a person looks first.
    pub reason: Option<String>,
    /// The gate's answer with the rules that it asked and the facts they saw.
    pub decision: Value,
    /// The first digits of the prompt's hash.
    pub prompt: String,
}

/// A recorded change of a mail.
#[derive(Debug, Clone, PartialEq)]
pub struct MailChange {
    pub send: i64,
    /// None when it was planned.
    pub before: Option<SendState>,
    pub after: SendState,
    pub reason: Option<String>,
    pub by: String,
    pub note: Option<String>,
}

/// One entry of the list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    pub at: DateTime<Utc>,
    pub tone: Tone,
    pub title: String,
    /// In whole sentences; empty where the title says all.
    pub text: String,
    pub campaign: Option<String>,
    /// Who did it, as the audit log writes it, where it was a person.
    pub by: Option<String>,
    /// What that person had to say.
    pub note: Option<String>,
    /// The mail that it is about.
    pub send: Option<i64>,
    pub assessment: Option<Assessment>,
}

/// How an entry is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    Plain,
    /// It went out, or arrived.
    Good,
    /// A person should look.
    Warn,
    /// It failed, and cannot be undone.
    Bad,
    /// A person did it.
    Person,
}

/// The list, oldest first. What happened in one moment stands in the order of the happenings.
pub fn story(happenings: Vec<Happening>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = happenings.into_iter().filter_map(told::entry).collect();
    entries.sort_by_key(|entry| entry.at);
    entries
}
