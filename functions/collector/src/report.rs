//! The report of a run: kept with the source, returned and logged. It names no person.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};
use serde_json::Value;
use shared::{
    db::sources::Run,
    domain::{
        ids::{CampaignId, SourceId},
        page::Stored,
    },
};

use crate::sources::{RowError, SourceError};

/// Bad rows that are listed one by one; the rest are counted.
const LISTED: usize = 100;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
    /// Rows whose username another profile holds.
    pub conflicts: usize,
    /// Rows that could not be used.
    pub bad: usize,
    /// How many of them for which kind of reason.
    pub bad_kinds: BTreeMap<&'static str, usize>,
    /// The first hundred of them.
    pub bad_rows: Vec<BadRow>,
    /// The cursor was too old and the source was read from its start.
    pub restarted: bool,
    pub ended: Ended,
}

/// A row that could not be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BadRow {
    /// Line of the file, or number within the page.
    pub line: u64,
    #[serde(rename = "reason", serialize_with = "as_text")]
    pub error: RowError,
}

fn as_text<S: Serializer>(error: &RowError, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(error)
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
    /// The service asks to wait; the next run goes on.
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
            SourceError::NotConfigured(_)
            | SourceError::Params(_)
            | SourceError::Refused(_)
            | SourceError::Exhausted(_)
            | SourceError::Unreadable(_) => Self::NeedsAttention { why },
        }
    }
}

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
            bad: 0,
            bad_kinds: BTreeMap::new(),
            bad_rows: Vec::new(),
            restarted: false,
            ended: Ended::Done,
        }
    }

    pub(crate) fn read(&mut self, bad: Vec<BadRow>, duplicates: usize) {
        self.duplicates += duplicates;
        self.bad += bad.len();
        for row in &bad {
            *self.bad_kinds.entry(row.error.kind()).or_default() += 1;
        }
        let room = LISTED.saturating_sub(self.bad_rows.len());
        self.bad_rows.extend(bad.into_iter().take(room));
    }

    pub(crate) fn stored(&mut self, rows: &[Stored]) {
        self.pages += 1;
        for row in rows {
            match row {
                Stored::New => self.new += 1,
                Stored::Updated => self.updated += 1,
                Stored::Unchanged => self.unchanged += 1,
                Stored::Erased => self.erased += 1,
                Stored::Conflict | Stored::Missing => self.conflicts += 1,
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
            ended,
            ..
        } = self;
        match ended {
            Ended::NeedsAttention { why } | Ended::Unavailable { why } => {
                tracing::error!(source.id = %source, new, updated, bad, why, "source {source} failed");
            }
            Ended::Done | Ended::TimeIsUp | Ended::Replaced | Ended::Throttled { .. } => {
                tracing::info!(source.id = %source, new, updated, bad, ended = ?ended, "ran source {source}");
            }
        }
    }
}
