//! The figures of the overview: what is counted, how facts change it, and what a page makes of it.
//!
//! A lead counts once for each campaign that found it, in the hour in which it did; what has become of it
//! counts for that hour too, whenever it happened. So the steps of a funnel are of the same leads, and
//! none is larger than the one before. What became of mails counts for the hour in which they left.

pub mod facts;
pub mod overview;
pub mod statistics;

use std::{collections::BTreeMap, ops::AddAssign};

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr};

use super::{
    ids::{CampaignId, SourceId},
    lead::Platform,
};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What is counted of an hour; the columns of `figures_hours`.
        // What an older release counted is read too.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct Counters {
            $($(#[$doc])* pub $name: i64,)*
        }

        impl Counters {
            /// Each by its name.
            pub fn named(&self) -> impl Iterator<Item = (&'static str, i64)> {
                [$((stringify!($name), self.$name),)*].into_iter()
            }
        }

        impl AddAssign for Counters {
            fn add_assign(&mut self, other: Self) {
                $(self.$name += other.$name;)*
            }
        }
    };
}

counters! {
    /// Leads that were not known before.
    stored,
    /// Leads that the campaign found.
    found,
    /// Of these, assessed by the model or the rules.
    assessed,
    /// Of these, with a usable answer of the model.
    by_model,
    /// Of these, with a score that reached the campaign's minimum of then.
    qualified,
    /// Of these, with a mail in the ledger, whatever became of it.
    planned,
    /// Of these, with a mail that SES took.
    mailed,
    /// Of these, with a mail that the recipient's server took.
    delivered,
    /// Of these, with an answer by a person.
    replied,
    /// What their assessments have cost, in millionths of a US dollar.
    cost_micros,
    /// The sum of the confidence of the newest answers of the model, in millionths.
    confidence_micros,
    /// Mails that SES took.
    mails,
    mails_delivered,
    mails_bounced,
    mails_complained,
    mails_replied,
    /// Drafts that a reviewer let pass as they were.
    approved,
    /// Drafts that a reviewer let pass with another text.
    edited,
    /// Drafts that a reviewer rejected.
    rejected,
}

/// What a figure is counted for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Group {
    pub campaign_id: i64,
    /// By which the campaign found the lead first.
    pub source_id: i64,
    pub platform: String,
}

/// What is spread over values; the words of `figures_days.kind`.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    Display,
    EnumIter,
    EnumString,
    IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    /// Score of the newest assessment, by tens.
    Score,
    /// Confidence of the newest answer of the model, in hundredths.
    Confidence,
    /// Reasons for which qualified leads have no mail.
    Refused,
    /// State and reason of mails that have not left.
    Mail,
    /// From found to mailed: see [`statistics::bucket`].
    Wait,
}

/// What facts add to the figures.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "ChangedRows", into = "ChangedRows")]
pub struct Changes {
    pub hours: BTreeMap<(DateTime<Utc>, Group), Counters>,
    pub days: BTreeMap<(NaiveDate, Group, Kind, String), i64>,
}

/// The same as rows of the tables.
#[derive(Debug, Serialize, Deserialize)]
pub struct ChangedRows {
    pub hours: Vec<ChangedHour>,
    pub days: Vec<ChangedDay>,
}

/// What is added to a row of `figures_hours`.
#[derive(Debug, Serialize, Deserialize)]
pub struct ChangedHour {
    hour: DateTime<Utc>,
    #[serde(flatten)]
    group: Group,
    #[serde(flatten)]
    counters: Counters,
}

/// What is added to a row of `figures_days`.
#[derive(Debug, Serialize, Deserialize)]
pub struct ChangedDay {
    day: NaiveDate,
    #[serde(flatten)]
    group: Group,
    kind: Kind,
    detail: String,
    amount: i64,
}

impl From<Changes> for ChangedRows {
    fn from(Changes { hours, days }: Changes) -> Self {
        let hours = hours.into_iter();
        let days = days.into_iter();
        Self {
            hours: hours
                .map(|((hour, group), counters)| ChangedHour {
                    hour,
                    group,
                    counters,
                })
                .collect(),
            days: days
                .map(|((day, group, kind, detail), amount)| ChangedDay {
                    day,
                    group,
                    kind,
                    detail,
                    amount,
                })
                .collect(),
        }
    }
}

impl From<ChangedRows> for Changes {
    fn from(ChangedRows { hours, days }: ChangedRows) -> Self {
        let hours = hours.into_iter();
        let days = days.into_iter();
        Self {
            hours: hours
                .map(|row| ((row.hour, row.group), row.counters))
                .collect(),
            days: days
                .map(|row| ((row.day, row.group, row.kind, row.detail), row.amount))
                .collect(),
        }
    }
}

impl Changes {
    fn count(&mut self, hour: DateTime<Utc>, group: &Group, counters: Counters) {
        *self.hours.entry((hour, group.clone())).or_default() += counters;
    }

    fn spread(
        &mut self,
        hour: DateTime<Utc>,
        group: &Group,
        (kind, detail): (Kind, &str),
        by: i64,
    ) {
        let key = (hour.date_naive(), group.clone(), kind, detail.to_owned());
        *self.days.entry(key).or_default() += by;
    }

    /// Without what is no change.
    pub fn settled(mut self) -> Self {
        self.hours
            .retain(|_, counters| *counters != Counters::default());
        self.days.retain(|_, amount| *amount != 0);
        self
    }
}

/// Which figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    pub from: NaiveDate,
    /// The last day that counts.
    pub to: NaiveDate,
    pub campaign: Option<CampaignId>,
    pub source: Option<SourceId>,
    pub platform: Option<Platform>,
}

impl Scope {
    /// Whether what counts for this day and group is asked for.
    pub fn covers(&self, day: NaiveDate, group: &Group) -> bool {
        (self.from..=self.to).contains(&day)
            && self
                .campaign
                .is_none_or(|campaign| campaign.0 == group.campaign_id)
            && self.source.is_none_or(|source| source.0 == group.source_id)
            && self
                .platform
                .is_none_or(|platform| platform.as_str() == group.platform)
    }

    pub fn days(&self) -> impl Iterator<Item = NaiveDate> {
        let to = self.to;
        self.from.iter_days().take_while(move |day| *day <= to)
    }
}
