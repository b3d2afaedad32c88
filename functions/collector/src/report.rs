//! The report of a run: kept with the source, returned and logged. It names no person.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use shared::{
    db::sources::Run,
    domain::{
        ids::{CampaignId, SourceId},
        intake::{BadRow, Batch, Field},
        lead::{NewLead, Platform},
        page::Stored,
    },
    lists::ListReport,
};

use crate::sources::SourceError;

/// Rows that are listed one by one; the rest are counted.
const LISTED: usize = 100;
/// Leads that are shown as an example.
const SHOWN: usize = 10;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunReport {
    pub source: SourceId,
    pub campaign: CampaignId,
    pub name: String,
    /// Pages stored.
    pub pages: usize,
    pub new: usize,
    /// Known leads that differed.
    pub updated: usize,
    pub unchanged: usize,
    /// Rows that named a profile again.
    pub duplicates: usize,
    /// Rows of people who were erased, dropped before storage.
    pub erased: usize,
    /// Rows whose username another profile holds, or that say of a known profile that it is another person's.
    pub conflicts: usize,
    /// The lines of the first hundred of them: a person must see who is right.
    pub conflict_lines: Vec<u64>,
    /// Rows that could not be used.
    pub bad: usize,
    /// How many of them for which kind of reason.
    pub bad_kinds: BTreeMap<&'static str, usize>,
    /// The first hundred of them.
    pub bad_rows: Vec<BadRow>,
    /// Rows in which a field says something that could not be read, and is left out.
    pub unknown: BTreeMap<Field, usize>,
    /// Leads with an address.
    pub with_email: usize,
    /// The first ten leads as they were understood.
    pub examples: Vec<Example>,
    /// How the list was read, if it was one.
    #[serde(flatten)]
    pub list: Option<ListReport>,
    pub warnings: Vec<&'static str>,
    /// Most rows of the list were refused.
    #[serde(skip)]
    pub refused_most: bool,
    /// The cursor was too old and the source was read from its start.
    pub restarted: bool,
    pub ended: Ended,
}

/// What was understood of a row, without what names the person: the report outlives an erasure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Example {
    pub line: u64,
    pub platform: &'static str,
    /// Its first letter, and how many follow.
    pub username: String,
    pub name: bool,
    /// Its domain.
    pub email: Option<String>,
    pub followers: Option<i64>,
    pub bio: bool,
    pub website: bool,
    pub country: Option<String>,
    pub language: Option<String>,
}

impl Example {
    fn new(line: u64, lead: &NewLead) -> Self {
        let mut letters = lead.username.chars();
        let first = letters.next().map(String::from).unwrap_or_default();
        Self {
            line,
            platform: lead.platform.as_str(),
            username: match lead.platform {
                // Derived from the mailbox's key.
                Platform::Csv if lead.username.starts_with("mail-") => "(by mailbox)".to_owned(),
                Platform::Csv
                | Platform::X
                | Platform::Instagram
                | Platform::Facebook
                | Platform::LinkedIn => {
                    format!("{first}{}", "*".repeat(letters.count()))
                }
            },
            name: lead.name.is_some(),
            email: lead
                .email
                .as_ref()
                .map(|(address, _)| format!("***@{}", address.domain())),
            followers: lead.follower_count,
            bio: lead.bio.is_some(),
            website: lead.website.is_some(),
            country: lead.country.map(|country| country.to_string()),
            language: lead.language.clone(),
        }
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "how")]
pub enum Ended {
    /// There is no more for now.
    Done,
    /// The function's time is up; the next run goes on.
    TimeIsUp,
    /// Another run has taken the source.
    Replaced,
    /// The service asks to wait; the next run after that goes on.
    Throttled {
        /// Until when, if it said.
        until: Option<DateTime<Utc>>,
    },
    /// It failed, and may go better next time.
    Unavailable {
        /// What happened.
        why: String,
    },
    /// A person must act first.
    NeedsAttention {
        /// What.
        why: String,
        /// The service is not asked for a day: each time would be refused for the same reason.
        rests: bool,
    },
}

impl From<SourceError> for Ended {
    fn from(error: SourceError) -> Self {
        let why = shared::telemetry::chain(&error);
        match error {
            SourceError::Throttled { until } => Self::Throttled { until },
            SourceError::Unavailable(_) | SourceError::StaleCursor { .. } => {
                Self::Unavailable { why }
            }
            SourceError::Exhausted(_) => Self::NeedsAttention { why, rests: true },
            SourceError::NotConfigured(_)
            | SourceError::Params(_)
            | SourceError::Refused(_)
            | SourceError::Unreadable(_) => Self::NeedsAttention { why, rests: false },
        }
    }
}

const NO_ADDRESS: &str =
    "no row has an address: look at `columns`, and map one with the source's parameter `columns`";

impl RunReport {
    pub(crate) fn new(run: &Run) -> Self {
        Self {
            source: run.source,
            campaign: run.campaign,
            name: run.name.clone(),
            pages: 0,
            new: 0,
            updated: 0,
            unchanged: 0,
            duplicates: 0,
            erased: 0,
            conflicts: 0,
            conflict_lines: Vec::new(),
            bad: 0,
            bad_kinds: BTreeMap::new(),
            bad_rows: Vec::new(),
            unknown: BTreeMap::new(),
            with_email: 0,
            examples: Vec::new(),
            list: None,
            warnings: Vec::new(),
            refused_most: false,
            restarted: false,
            ended: Ended::Done,
        }
    }

    /// Counts what was read; the leads are left to the caller.
    pub(crate) fn read(&mut self, batch: &mut Batch) {
        self.duplicates += batch.duplicates;
        self.bad += batch.bad.len();
        for row in &batch.bad {
            *self.bad_kinds.entry(row.error.kind()).or_default() += 1;
        }
        let room = LISTED.saturating_sub(self.bad_rows.len());
        self.bad_rows.extend(batch.bad.drain(..).take(room));
        for (field, rows) in &batch.unknown {
            *self.unknown.entry(*field).or_default() += rows;
        }
        self.with_email += batch
            .leads
            .iter()
            .filter(|lead| lead.email.is_some())
            .count();
        let shown = batch
            .lines
            .iter()
            .zip(&batch.leads)
            .take(SHOWN.saturating_sub(self.examples.len()));
        self.examples
            .extend(shown.map(|(line, lead)| Example::new(*line, lead)));
    }

    /// Counts what became of the leads of a page, which stood in these lines.
    pub(crate) fn stored(&mut self, rows: &[Stored], lines: &[u64]) {
        self.pages += 1;
        for (row, line) in rows.iter().zip(lines) {
            match row {
                Stored::New => self.new += 1,
                Stored::Updated => self.updated += 1,
                Stored::Unchanged => self.unchanged += 1,
                Stored::Erased => self.erased += 1,
                Stored::Conflict | Stored::Missing => {
                    self.conflicts += 1;
                    if self.conflict_lines.len() < LISTED {
                        self.conflict_lines.push(*line);
                    }
                }
            }
        }
    }

    pub(crate) fn restarted(&mut self) {
        self.restarted = true;
    }

    pub(crate) fn ended(mut self, ended: Ended) -> Self {
        self.ended = ended;
        self
    }

    /// Looks at a list as a whole, once it was read: one of which most rows are refused is a failure, though
    /// the others are stored.
    pub(crate) fn of_list(mut self, list: Option<ListReport>) -> Self {
        let is_list = list.is_some();
        self.list = list;
        let leads = self.new + self.updated + self.unchanged + self.erased;
        let (refused, rows) = (
            self.bad + self.conflicts,
            self.bad + self.conflicts + self.duplicates + leads,
        );
        if is_list && leads > 0 && self.with_email == 0 {
            self.warnings.push(NO_ADDRESS);
        }
        if is_list && refused * 2 > rows && matches!(self.ended, Ended::Done | Ended::TimeIsUp) {
            let kinds: Vec<String> = self
                .bad_kinds
                .iter()
                .map(|(kind, n)| format!("{kind} {n}"))
                .collect();
            let conflicts = if self.conflicts > 0 {
                format!(", conflicts {}", self.conflicts)
            } else {
                String::new()
            };
            let why = format!(
                "{refused} of {rows} rows were refused ({}{conflicts}); `bad_rows` names them",
                kinds.join(", ")
            );
            self.ended = Ended::NeedsAttention { why, rests: false };
            self.refused_most = true;
        }
        self
    }

    /// Whether a list that was read before had nothing new: what was reported of it then stays.
    pub(crate) fn says_nothing(&self) -> bool {
        self.ended == Ended::Done && self.pages == 0
    }

    pub(crate) fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or(Value::Null)
    }

    /// One line a run; a failure is one of level error.
    pub(crate) fn log(&self) {
        let Self {
            source,
            new,
            updated,
            bad,
            conflicts,
            ended,
            ..
        } = self;
        let columns = self.list.as_ref().map(|list| &list.columns);
        let ignored = columns
            .map(|columns| columns.ignored.join(", "))
            .unwrap_or_default();
        for warning in &self.warnings {
            tracing::warn!(source.id = %source, ignored, "{warning}");
        }
        match ended {
            Ended::NeedsAttention { why, .. } | Ended::Unavailable { why } => {
                tracing::error!(source.id = %source, new, updated, bad, conflicts, why, "source {source} failed");
            }
            Ended::Done | Ended::TimeIsUp | Ended::Replaced | Ended::Throttled { .. } => {
                tracing::info!(source.id = %source, new, updated, bad, conflicts, ignored, ended = ?ended, "ran source {source}");
            }
        }
    }
}
