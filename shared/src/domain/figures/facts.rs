//! What facts change in the figures. A fact that replaces another takes back what that one counted for.

use std::collections::HashMap;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

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

/// All mails to a lead for a campaign.
#[derive(Debug, Clone)]
pub struct Mailed {
    pub group: Group,
    /// By the campaign, for the first time.
    pub found_at: DateTime<Utc>,
    pub mails: Vec<RecordedMail>,
}

/// A mail and all that was recorded of it.
#[derive(Debug, Clone)]
pub struct RecordedMail {
    /// The least is that of the mail planned first.
    pub id: i64,
    /// No follow-up.
    pub first_step: bool,
    /// When SES took it, if it did.
    pub sent_at: Option<DateTime<Utc>>,
    /// The oldest first.
    pub changes: Vec<RecordedChange>,
}

/// How a change left a mail.
#[derive(Debug, Clone)]
pub struct RecordedChange {
    /// A later change of any mail has a larger one.
    pub id: i64,
    pub state: SendState,
    pub reason: Option<String>,
    /// Whether it is among the facts that are counted.
    pub counts: bool,
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
    pub fn of(found: &[Found], assessed: &[Assessed], reviewed: &[Reviewed]) -> Self {
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
        changes.reviews(reviewed);
        changes
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

    /// Adds what was recorded of a lead's mails. A step that one of them takes counts for the lead once.
    pub fn add_mails(&mut self, fact: &Mailed) {
        let planned_first = fact.mails.iter().map(|mail| mail.id).min();
        let mut changes: Vec<_> = fact.mails.iter().flat_map(RecordedMail::each).collect();
        changes.sort_by_key(|(.., change)| change.id);
        let (mut left, mut arrived, mut replied) = (false, false, false);
        for (mail, before, change) in changes {
            let state = change.state;
            let leaves = !left && state.has_left();
            let arrives = !arrived && ARRIVED.contains(&state);
            let is_answered = !replied && state == SendState::Replied;
            left |= leaves;
            arrived |= arrives;
            replied |= is_answered;
            if !change.counts {
                continue;
            }
            let counters = Counters {
                planned: i64::from(before.is_none() && Some(mail.id) == planned_first),
                mailed: i64::from(leaves),
                delivered: i64::from(arrives),
                replied: i64::from(is_answered),
                ..Counters::default()
            };
            self.count(hour_of(fact.found_at), &fact.group, counters);
            if let (Some(sent_at), true) = (mail.sent_at, leaves) {
                let wait = bucket((sent_at - fact.found_at).num_minutes()).to_string();
                self.spread(hour_of(sent_at), &fact.group, (Kind::Wait, &wait), 1);
            }
            if let Some(before) = before {
                self.mail(fact, mail, before, -1);
            }
            self.mail(fact, mail, change, 1);
        }
    }

    /// Where a mail stands: in the hour in which it left, or the lead was found while it has not left.
    fn mail(&mut self, fact: &Mailed, mail: &RecordedMail, change: &RecordedChange, by: i64) {
        let RecordedChange { state, reason, .. } = change;
        if let Some(sent_at) = mail.sent_at {
            self.count(hour_of(sent_at), &fact.group, of_state(*state, by));
        }
        if mail.first_step && !state.has_left() {
            let detail = format!("{state} {}", reason.as_deref().unwrap_or_default());
            let spread = (Kind::Mail, detail.trim_end());
            self.spread(hour_of(fact.found_at), &fact.group, spread, by);
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

impl RecordedMail {
    /// Its changes, each with the one before it.
    fn each(&self) -> impl Iterator<Item = (&Self, Option<&RecordedChange>, &RecordedChange)> {
        let before = std::iter::once(None).chain(self.changes.iter().map(Some));
        let changes = before.zip(&self.changes);
        changes.map(move |(before, change)| (self, before, change))
    }
}

/// The full hour that a moment is in.
fn hour_of(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(TimeDelta::hours(1)).unwrap_or(at)
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
