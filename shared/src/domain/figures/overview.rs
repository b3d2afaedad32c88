//! What the overview shows of the figures.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Days, DurationRound, NaiveDate, TimeDelta, Utc};
use serde::Serialize;

use super::{
    Counters, Group, Kind, Scope,
    statistics::{ENOUGH, Share, minutes_at, value_at},
};
use crate::domain::quota::Ramp;

/// All that is counted for a scope.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    pub scope: Scope,
    /// The moment that they are of.
    pub as_of: DateTime<Utc>,
    pub days: BTreeMap<(NaiveDate, Group), Counters>,
    pub spreads: BTreeMap<(Kind, String), i64>,
    /// Leads stored in each of the last hours, by platform, whatever the scope's days are.
    pub last_hours: BTreeMap<(DateTime<Utc>, String), i64>,
    pub sending: Sending,
}

/// What today's mails have used of what limits them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Sending {
    /// Mails of today that the ramp of the domain counts.
    pub today: i64,
    /// Days with mails before today.
    pub days_used: i64,
    /// Of the last 24 hours, ours and what others send through the account.
    pub last_day: i64,
    /// What SES allows in 24 hours; none: no limit.
    pub max_per_day: Option<i64>,
    pub max_per_second: f64,
}

impl Sending {
    /// What the ramp allows today.
    pub fn allowed(self, ramp: Ramp) -> u32 {
        ramp.allowed(u32::try_from(self.days_used).unwrap_or_default())
    }
}

/// The steps of the funnel, each of the leads of the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Funnel {
    pub found: i64,
    pub assessed: i64,
    pub qualified: i64,
    pub planned: i64,
    pub mailed: i64,
    pub delivered: i64,
    pub replied: i64,
}

impl From<Counters> for Funnel {
    fn from(counters: Counters) -> Self {
        Self {
            found: counters.found,
            assessed: counters.assessed,
            qualified: counters.qualified,
            planned: counters.planned,
            mailed: counters.mailed,
            delivered: counters.delivered,
            replied: counters.replied,
        }
    }
}

impl Funnel {
    /// In order.
    pub fn steps(self) -> [i64; 7] {
        [
            self.found,
            self.assessed,
            self.qualified,
            self.planned,
            self.mailed,
            self.delivered,
            self.replied,
        ]
    }
}

/// The figures of the tiles, each with what it rests on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tiles {
    /// Leads that were stored, and in which time that was.
    pub stored: i64,
    pub stored_by_platform: BTreeMap<String, i64>,
    /// Days and hours of the scope that have passed, the present ones among them.
    pub days: i64,
    pub hours: i64,
    /// Leads with a usable answer of the model, of those that were assessed.
    pub by_model: Share,
    pub confidence: Confidence,
    /// From found to mailed, of mails that left.
    pub wait: Wait,
    /// Of the mails that SES took.
    pub delivered: Share,
    pub bounced: Share,
    /// Neither delivered nor bounced yet.
    pub open: i64,
    /// Of the mails that were delivered.
    pub complained: Share,
    pub replied: Share,
    pub cost: Cost,
    /// Drafts that reviewers let pass as they were, of those that they decided about.
    pub agreement: Share,
}

/// Confidence of the newest answers of the model, in hundredths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Confidence {
    pub answers: i64,
    pub average: Option<f64>,
    pub tenth: Option<i64>,
    pub median: Option<i64>,
    /// Scored by the rules alone, of those that were assessed.
    pub by_rules: Share,
}

impl Confidence {
    /// Without average and quantiles where they rest on fewer than [`ENOUGH`].
    #[must_use]
    pub fn enough(self) -> Self {
        match self.answers {
            ENOUGH.. => self,
            answers => Self {
                answers,
                by_rules: self.by_rules,
                ..Self::default()
            },
        }
    }
}

/// In minutes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Wait {
    pub mails: i64,
    pub median: Option<f64>,
    pub nine_tenths: Option<f64>,
    /// Mails that are planned and have not left: they are not in the times, which are too short by that.
    pub still: i64,
}

impl Wait {
    /// Without quantiles where they rest on fewer than [`ENOUGH`].
    #[must_use]
    pub fn enough(self) -> Self {
        match self.mails {
            ENOUGH.. => self,
            mails => Self {
                mails,
                still: self.still,
                ..Self::default()
            },
        }
    }
}

/// Of the model, in millionths of a US dollar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Cost {
    pub micros: i64,
    pub per_lead: Option<i64>,
    pub per_qualified: Option<i64>,
    pub per_mail: Option<i64>,
}

/// One day of the volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Volume {
    pub day: NaiveDate,
    pub stored: i64,
    pub mails: i64,
    pub replied: i64,
}

/// Why a qualified lead has had no mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Elsewhere {
    /// Of its mail; none where none was planned.
    pub state: Option<String>,
    pub reason: Option<String>,
    pub leads: i64,
}

impl Figures {
    pub fn total(&self) -> Counters {
        let mut total = Counters::default();
        for counters in self.days.values() {
            total += *counters;
        }
        total
    }

    pub fn funnel(&self) -> Funnel {
        self.total().into()
    }

    /// The funnel of the leads found in each week, by its Monday. The first and the last week may be cut
    /// off by the scope.
    pub fn weeks(&self) -> BTreeMap<NaiveDate, Funnel> {
        let weeks = self.scope.days().map(monday);
        let mut sums: BTreeMap<NaiveDate, Counters> =
            weeks.map(|week| (week, Counters::default())).collect();
        for ((day, _), counters) in &self.days {
            *sums.entry(monday(*day)).or_default() += *counters;
        }
        let weeks = sums.into_iter();
        weeks
            .map(|(week, counters)| (week, counters.into()))
            .collect()
    }

    pub fn campaigns(&self) -> BTreeMap<i64, Counters> {
        let mut campaigns: BTreeMap<i64, Counters> = BTreeMap::new();
        for ((_, group), counters) in &self.days {
            *campaigns.entry(group.campaign_id).or_default() += *counters;
        }
        campaigns
    }

    /// Every day of the scope, the oldest first.
    pub fn volume(&self) -> Vec<Volume> {
        let mut sums: BTreeMap<NaiveDate, Counters> = BTreeMap::new();
        for ((day, _), counters) in &self.days {
            *sums.entry(*day).or_default() += *counters;
        }
        let of = |day| sums.get(&day).copied().unwrap_or_default();
        let volume = self.scope.days().map(|day| Volume {
            day,
            stored: of(day).stored,
            mails: of(day).mails,
            replied: of(day).mails_replied,
        });
        volume.collect()
    }

    /// The hours of [`Self::last_hours`], the oldest first, the present one as the last.
    pub fn hours(&self) -> impl Iterator<Item = DateTime<Utc>> {
        let present = self.as_of.duration_trunc(TimeDelta::hours(1));
        let present = present.unwrap_or(self.as_of);
        (0..=23)
            .rev()
            .map(move |ago| present - TimeDelta::hours(ago))
    }

    /// Newest scores: 0 to 9, 10 to 19, …, 90 to 100.
    pub fn scores(&self) -> [i64; 10] {
        let scores = self.numbers(Kind::Score);
        std::array::from_fn(|bin| {
            let bin = i64::try_from(bin).unwrap_or_default();
            scores.get(&bin).copied().unwrap_or_default()
        })
    }

    /// Where the qualified leads are that had no mail, most of them first.
    pub fn elsewhere(&self) -> Vec<Elsewhere> {
        let mut elsewhere: Vec<Elsewhere> = Vec::new();
        for ((kind, detail), leads) in self.spreads.iter().filter(|(_, leads)| **leads > 0) {
            let (state, reason) = match kind {
                Kind::Refused => (None, Some(detail.as_str())),
                Kind::Mail => match detail.split_once(' ') {
                    Some((state, reason)) => (Some(state), Some(reason)),
                    None => (Some(detail.as_str()), None),
                },
                Kind::Score | Kind::Confidence | Kind::Wait => continue,
            };
            elsewhere.push(Elsewhere {
                state: state.map(str::to_owned),
                reason: reason.map(str::to_owned),
                leads: *leads,
            });
        }
        elsewhere.sort_by_key(|of| std::cmp::Reverse(of.leads));
        elsewhere
    }

    pub fn tiles(&self) -> Tiles {
        let total = self.total();
        let mut stored_by_platform: BTreeMap<String, i64> = BTreeMap::new();
        for ((_, group), counters) in self.days.iter().filter(|(_, c)| c.stored > 0) {
            *stored_by_platform
                .entry(group.platform.clone())
                .or_default() += counters.stored;
        }
        let passed = self.passed();
        let of_mails = |count| Share {
            count,
            of: total.mails,
        };
        let of_delivered = |count| Share {
            count,
            of: total.mails_delivered,
        };
        Tiles {
            stored: total.stored,
            stored_by_platform,
            days: (passed.num_seconds() + 86_399) / 86_400,
            hours: (passed.num_seconds() + 3_599) / 3_600,
            by_model: Share {
                count: total.by_model,
                of: total.assessed,
            },
            confidence: self.confidence(total),
            wait: self.wait(),
            delivered: of_mails(total.mails_delivered),
            bounced: of_mails(total.mails_bounced),
            open: total.mails - total.mails_delivered - total.mails_bounced,
            complained: of_delivered(total.mails_complained),
            replied: of_delivered(total.mails_replied),
            cost: cost(total),
            agreement: Share {
                count: total.approved,
                of: total.approved + total.edited + total.rejected,
            },
        }
    }

    /// How much of the scope lies behind.
    fn passed(&self) -> TimeDelta {
        let midnight = |day: NaiveDate| day.and_time(chrono::NaiveTime::MIN).and_utc();
        let end = self.scope.to.checked_add_days(Days::new(1));
        let end = midnight(end.unwrap_or(self.scope.to)).min(self.as_of);
        (end - midnight(self.scope.from)).max(TimeDelta::zero())
    }

    #[expect(clippy::cast_precision_loss, reason = "sums are far below 2^52")]
    fn confidence(&self, total: Counters) -> Confidence {
        let spread = self.numbers(Kind::Confidence);
        let answers = spread.values().sum();
        Confidence {
            answers,
            average: (answers > 0)
                .then(|| total.confidence_micros as f64 / answers as f64 / 10_000.0),
            tenth: value_at(0.1, &spread),
            median: value_at(0.5, &spread),
            by_rules: Share {
                count: total.assessed - total.by_model,
                of: total.assessed,
            },
        }
    }

    fn wait(&self) -> Wait {
        let spread = self.numbers(Kind::Wait);
        let waiting = ["review", "queued", "claimed", "calling"];
        let still = self.spreads.iter().filter(|((kind, detail), _)| {
            let state = detail.split(' ').next().unwrap_or_default();
            *kind == Kind::Mail && waiting.contains(&state)
        });
        Wait {
            mails: spread.values().sum(),
            median: minutes_at(0.5, &spread),
            nine_tenths: minutes_at(0.9, &spread),
            still: still.map(|(_, mails)| mails).sum(),
        }
    }

    fn numbers(&self, kind: Kind) -> BTreeMap<i64, i64> {
        let spread = self.spreads.iter().filter(|((of, _), _)| *of == kind);
        spread
            .filter_map(|((_, detail), amount)| Some((detail.parse().ok()?, *amount)))
            .collect()
    }
}

fn monday(day: NaiveDate) -> NaiveDate {
    let since = Days::new(day.weekday().num_days_from_monday().into());
    day.checked_sub_days(since).unwrap_or(day)
}

fn cost(total: Counters) -> Cost {
    let per = |count: i64| (count > 0).then(|| total.cost_micros / count);
    Cost {
        micros: total.cost_micros,
        per_lead: per(total.found),
        per_qualified: per(total.qualified),
        per_mail: per(total.mailed),
    }
}

#[cfg(test)]
mod tests;
