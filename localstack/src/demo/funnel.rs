//! How many leads came how far, counted from one row a lead.

use std::collections::BTreeMap;

use crate::sql::report::Line;
use shared::domain::send_state::SendState;

/// Where one lead ended, each lead in exactly one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// An enrichment is pending.
    Owed,
    /// Stored, with neither an enrichment nor one pending: nobody would ever look at it again.
    Forgotten,
    Sent,
    Refused(String),
    Review(String),
    /// Planned, and waits for its time.
    Deferred(String),
    /// Whether a mail left is not known.
    Unresolved,
    /// Planned, and the send is due or gone.
    Pending,
}

impl Place {
    pub(super) fn of(line: &Line) -> Self {
        let reason = |given: &Option<String>| given.clone().unwrap_or_else(|| "unnamed".to_owned());
        let Some(outcome) = &line.outcome else {
            return if line.pending {
                Self::Owed
            } else {
                Self::Forgotten
            };
        };
        let state = line.state.as_deref().map(str::parse::<SendState>);
        match (outcome.as_str(), state) {
            (_, Some(Ok(state))) if state.has_left() => Self::Sent,
            (_, Some(Ok(SendState::Refused | SendState::Rejected))) => {
                Self::Refused(reason(&line.send_reason))
            }
            (_, Some(Ok(SendState::Review))) => Self::Review(reason(&line.send_reason)),
            (_, Some(Ok(SendState::Unknown | SendState::Calling | SendState::Claimed))) => {
                Self::Unresolved
            }
            (_, Some(Ok(SendState::Queued))) if line.deferred => {
                Self::Deferred(reason(&line.send_reason))
            }
            ("refused", None) => Self::Refused(reason(&line.outcome_reason)),
            ("review", None) => Self::Review(reason(&line.outcome_reason)),
            _ => Self::Pending,
        }
    }
}

/// The counts that the demo prints.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Funnel {
    pub(super) collected: usize,
    pub(super) enriched: usize,
    /// Scored high enough and found compliant.
    pub(super) qualified: usize,
    pub(super) sent: usize,
    /// Of these, those that the recipient's server took, or that came further.
    pub(super) delivered: usize,
    pub(super) refused: BTreeMap<String, usize>,
    pub(super) review: BTreeMap<String, usize>,
    pub(super) deferred: BTreeMap<String, usize>,
    /// Leads without an answer, and sends whose outcome is not known.
    pub(super) unresolved: usize,
}

impl Funnel {
    pub(super) fn of(lines: &[Line]) -> Self {
        let mut funnel = Self {
            collected: lines.len(),
            ..Self::default()
        };
        for line in lines {
            funnel.enriched += usize::from(line.outcome.is_some());
            funnel.qualified += usize::from(line.qualified);
            match Place::of(line) {
                Place::Sent => {
                    funnel.sent += 1;
                    funnel.delivered += usize::from(is_delivered(line));
                }
                Place::Refused(why) => *funnel.refused.entry(why).or_default() += 1,
                Place::Review(why) => *funnel.review.entry(why).or_default() += 1,
                Place::Deferred(why) => *funnel.deferred.entry(why).or_default() += 1,
                Place::Unresolved | Place::Owed | Place::Forgotten | Place::Pending => {
                    funnel.unresolved += 1;
                }
            }
        }
        funnel
    }
}

fn is_delivered(line: &Line) -> bool {
    use SendState::{Clicked, Delivered, Opened, Replied};
    let state = line.state.as_deref().map(str::parse::<SendState>);
    matches!(state, Some(Ok(Delivered | Opened | Clicked | Replied)))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A lead that was planned, sent and settled.
    pub(in crate::demo) fn sent(id: i64) -> Line {
        Line {
            lead: id,
            platform: "x".to_owned(),
            username: format!("lead{id}"),
            pending: false,
            niche: Some("food".to_owned()),
            score: Some(80),
            qualified: true,
            outcome: Some("planned".to_owned()),
            outcome_reason: None,
            marked_sent: true,
            send: Some(id),
            state: Some("sent".to_owned()),
            send_reason: None,
            fence: Some(1),
            ses_message_id: Some(format!("ses-{id}")),
            deferred: false,
        }
    }

    /// A planned lead whose send is in `state`.
    pub(in crate::demo) fn planned(id: i64, state: &str, reason: Option<&str>) -> Line {
        Line {
            state: Some(state.to_owned()),
            send_reason: reason.map(str::to_owned),
            marked_sent: false,
            ses_message_id: None,
            ..sent(id)
        }
    }

    /// A lead for which no send was planned.
    pub(in crate::demo) fn unplanned(id: i64, outcome: Option<&str>, reason: Option<&str>) -> Line {
        Line {
            outcome: outcome.map(str::to_owned),
            outcome_reason: reason.map(str::to_owned),
            qualified: false,
            send: None,
            state: None,
            fence: None,
            ..planned(id, "", None)
        }
    }

    #[track_caller]
    fn check(line: &Line, expected: &Place) {
        assert_eq!(Place::of(line), *expected);
    }

    #[test]
    fn every_lead_has_exactly_one_place() {
        let because = str::to_owned;
        check(&sent(1), &Place::Sent);
        check(&planned(1, "bounced", None), &Place::Sent);
        check(
            &planned(1, "refused", Some("suppressed")),
            &Place::Refused(because("suppressed")),
        );
        check(
            &planned(1, "rejected", Some("mail_rejected")),
            &Place::Refused(because("mail_rejected")),
        );
        check(
            &planned(1, "review", Some("country_unknown")),
            &Place::Review(because("country_unknown")),
        );
        check(
            &planned(1, "unknown", Some("no_answer")),
            &Place::Unresolved,
        );
        check(&planned(1, "queued", None), &Place::Pending);
        let tomorrow = Line {
            deferred: true,
            ..planned(1, "queued", Some("daily_cap"))
        };
        check(&tomorrow, &Place::Deferred(because("daily_cap")));
        check(
            &unplanned(1, Some("refused"), Some("low_score")),
            &Place::Refused(because("low_score")),
        );
        check(
            &unplanned(1, Some("review"), Some("scored_by_rules")),
            &Place::Review(because("scored_by_rules")),
        );
        check(&unplanned(1, Some("planned"), None), &Place::Pending);
        check(&unplanned(1, None, None), &Place::Forgotten);
        check(
            &Line {
                pending: true,
                ..unplanned(1, None, None)
            },
            &Place::Owed,
        );
    }

    #[test]
    fn the_places_add_up_to_what_was_collected() {
        let lines = [
            sent(1),
            planned(2, "delivered", None),
            planned(3, "refused", Some("recipient_day")),
            unplanned(4, Some("refused"), Some("low_score")),
            unplanned(5, Some("refused"), Some("low_score")),
            unplanned(6, Some("review"), Some("country_unknown")),
            Line {
                pending: true,
                ..unplanned(7, None, None)
            },
        ];
        let funnel = Funnel::of(&lines);
        assert_eq!(
            (funnel.collected, funnel.enriched, funnel.qualified),
            (7, 6, 3)
        );
        assert_eq!((funnel.sent, funnel.delivered), (2, 1));
        assert_eq!(funnel.unresolved, 1);
        assert_eq!(funnel.refused["low_score"], 2);
        let places = funnel.sent
            + funnel.unresolved
            + [&funnel.refused, &funnel.review, &funnel.deferred]
                .into_iter()
                .flat_map(BTreeMap::values)
                .sum::<usize>();
        assert_eq!(places, funnel.collected);
    }
}
