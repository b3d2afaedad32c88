//! What facts change in the figures. A fact that replaces another takes back what that one counted for.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::{Changes, Counters, Group, Kind, statistics::bucket};
use crate::domain::{reason::Reason, send_state::SendState};

/// The states of a mail that the recipient's server took.
pub const ARRIVED: [SendState; 5] = [
    SendState::Delivered,
    SendState::Opened,
    SendState::Clicked,
    SendState::Replied,
    SendState::Complained,
];

/// Leads that one source found in an hour.
#[derive(Debug, Clone)]
pub struct Found {
    pub hour: DateTime<Utc>,
    pub group: Group,
    /// Leads that were not known before.
    pub stored: i64,
    /// Leads that no other source of the campaign had found before.
    pub found: i64,
}

/// Assessments of leads that a campaign found in an hour, and what each replaces.
#[derive(Debug, Clone)]
pub struct Assessed {
    pub hour: DateTime<Utc>,
    pub group: Group,
    /// Assessments that are alike.
    pub count: i64,
    /// The first of its lead and campaign.
    pub first: bool,
    /// The first that the model gave.
    pub first_by_model: bool,
    /// The first whose score reached the minimum.
    pub first_qualified: bool,
    pub score: i16,
    pub score_before: Option<i16>,
    /// Of the model's answer.
    pub confidence: Option<f32>,
    /// Of the answer that was the newest before.
    pub confidence_before: Option<f32>,
    /// Why a qualified lead has no mail.
    pub refused: Option<String>,
    pub refused_before: Option<String>,
    pub cost_micros: i64,
}

/// Recorded changes of mails to leads that a campaign found in an hour.
#[derive(Debug, Clone)]
pub struct Mailed {
    pub hour: DateTime<Utc>,
    pub group: Group,
    /// Changes that are alike.
    pub count: i64,
    /// The hour in which SES took the mail, if it did.
    pub left_at: Option<DateTime<Utc>>,
    /// No follow-up.
    pub first_step: bool,
    pub state: SendState,
    pub reason: Option<String>,
    /// As the change before left it; none for a new mail.
    pub before: Option<(SendState, Option<String>)>,
    /// The first mail of its lead and campaign is planned.
    pub plans: bool,
    /// No mail of its lead and campaign had come so far.
    pub leaves: bool,
    pub arrives: bool,
    pub replied: bool,
    /// From found to left, where it leaves.
    pub minutes: Option<i64>,
}

/// One recorded change of a mail by a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reviewed {
    pub send: i64,
    pub group: Group,
    pub hour: DateTime<Utc>,
    /// Whether it was counted with the facts from before.
    pub counted: bool,
    pub before: SendState,
    pub after: SendState,
    pub reason_before: Option<Reason>,
    pub reason: Option<Reason>,
    /// Whether its text changed with it.
    pub other_text: bool,
}

impl Changes {
    /// What these facts change, in any order, but for the reviews of one mail: the oldest first.
    pub fn of(
        found: &[Found],
        assessed: &[Assessed],
        mailed: &[Mailed],
        reviewed: &[Reviewed],
    ) -> Self {
        let mut changes = Self::default();
        for fact in found {
            let counters = Counters {
                stored: fact.stored,
                found: fact.found,
                ..Counters::default()
            };
            changes.count(fact.hour, &fact.group, counters);
        }
        for fact in assessed {
            changes.assessment(fact);
        }
        for fact in mailed {
            changes.mail(fact);
        }
        changes.reviews(reviewed);
        changes.settled()
    }

    fn assessment(&mut self, fact: &Assessed) {
        let counted = |so: bool| if so { fact.count } else { 0 };
        let replaced = fact.confidence.and(fact.confidence_before);
        let sum = fact.confidence.map_or(0, micros) - replaced.map_or(0, micros);
        let counters = Counters {
            assessed: counted(fact.first),
            by_model: counted(fact.first_by_model),
            qualified: counted(fact.first_qualified),
            cost_micros: fact.cost_micros,
            confidence_micros: sum * fact.count,
            ..Counters::default()
        };
        self.count(fact.hour, &fact.group, counters);
        let spreads = [
            (Kind::Score, Some(score_bin(fact.score)), 1),
            (Kind::Score, fact.score_before.map(score_bin), -1),
            (Kind::Confidence, fact.confidence.map(hundredths), 1),
            (Kind::Confidence, replaced.map(hundredths), -1),
            (Kind::Refused, fact.refused.clone(), 1),
            (Kind::Refused, fact.refused_before.clone(), -1),
        ];
        for (kind, detail, sign) in spreads {
            if let Some(detail) = detail {
                self.spread(fact.hour, &fact.group, (kind, &detail), sign * fact.count);
            }
        }
    }

    fn mail(&mut self, fact: &Mailed) {
        let counted = |so: bool| if so { fact.count } else { 0 };
        let counters = Counters {
            planned: counted(fact.plans),
            mailed: counted(fact.leaves),
            delivered: counted(fact.arrives),
            replied: counted(fact.replied),
            ..Counters::default()
        };
        self.count(fact.hour, &fact.group, counters);
        let before = fact.before.as_ref();
        if let Some(left_at) = fact.left_at {
            let was = before.map(|(state, _)| of_state(*state, -fact.count));
            self.count(left_at, &fact.group, of_state(fact.state, fact.count));
            self.count(left_at, &fact.group, was.unwrap_or_default());
            if let Some(minutes) = fact.minutes.filter(|_| fact.leaves) {
                let bucket = bucket(minutes).to_string();
                self.spread(left_at, &fact.group, (Kind::Wait, &bucket), fact.count);
            }
        }
        if fact.first_step {
            if let Some((state, reason)) = before {
                self.standing(fact, *state, reason.as_deref(), -fact.count);
            }
            self.standing(fact, fact.state, fact.reason.as_deref(), fact.count);
        }
    }

    /// Where a mail stands that has not left.
    fn standing(&mut self, fact: &Mailed, state: SendState, reason: Option<&str>, by: i64) {
        if !state.has_left() {
            let detail = format!("{state} {}", reason.unwrap_or_default());
            self.spread(fact.hour, &fact.group, (Kind::Mail, detail.trim_end()), by);
        }
    }

    /// Of each mail the last decision counts, in the hour in which it was taken.
    fn reviews(&mut self, reviewed: &[Reviewed]) {
        let mut counted: HashMap<i64, Standing<'_>> = HashMap::new();
        let mut now: HashMap<i64, Standing<'_>> = HashMap::new();
        for fact in reviewed {
            if fact.counted {
                counted.entry(fact.send).or_default().follow(fact);
            }
            now.entry(fact.send).or_default().follow(fact);
        }
        for (standing, by) in counted
            .values()
            .map(|s| (s, -1))
            .chain(now.values().map(|s| (s, 1)))
        {
            if let Some((fact, decision)) = standing.decided {
                self.count(fact.hour, &fact.group, decision.counters(by));
            }
        }
    }
}

/// The tens that a score is among: 100 with the nineties.
pub fn score_bin(score: i16) -> String {
    (score / 10).min(9).to_string()
}

pub fn hundredths(confidence: f32) -> String {
    (micros(confidence) / 10_000).to_string()
}

/// In millionths, to the hundredth.
#[expect(clippy::cast_possible_truncation, reason = "a confidence is at most 1")]
pub fn micros(confidence: f32) -> i64 {
    (f64::from(confidence) * 100.0).round() as i64 * 10_000
}

/// What a mail in this state counts for in the hour in which it left.
pub fn of_state(state: SendState, by: i64) -> Counters {
    let counted = |so: bool| if so { by } else { 0 };
    Counters {
        mails: counted(state.has_left()),
        mails_delivered: counted(ARRIVED.contains(&state)),
        mails_bounced: counted(state == SendState::Bounced),
        mails_complained: counted(state == SendState::Complained),
        mails_replied: counted(state == SendState::Replied),
        ..Counters::default()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decision {
    Approved,
    Edited,
    Rejected,
}

impl Decision {
    fn counters(self, by: i64) -> Counters {
        let counted = |of: Self| if self == of { by } else { 0 };
        Counters {
            approved: counted(Self::Approved),
            edited: counted(Self::Edited),
            rejected: counted(Self::Rejected),
            ..Counters::default()
        }
    }
}

/// What people have decided about one mail so far.
#[derive(Debug, Default)]
struct Standing<'a> {
    edited: bool,
    decided: Option<(&'a Reviewed, Decision)>,
}

impl<'a> Standing<'a> {
    fn follow(&mut self, fact: &'a Reviewed) {
        use SendState::{Queued, Refused, Review};
        self.edited |= fact.other_text || fact.reason == Some(Reason::Edited);
        let approved = match self.edited || fact.reason_before == Some(Reason::Edited) {
            true => Decision::Edited,
            false => Decision::Approved,
        };
        match (fact.before, fact.after) {
            (Review, Queued) => self.decided = Some((fact, approved)),
            (_, Refused) if fact.reason == Some(Reason::ReviewerRejected) => {
                self.decided = Some((fact, Decision::Rejected));
            }
            // Taken back.
            (Queued | Refused, Review) => self.decided = None,
            _ => {}
        }
    }
}
