//! How many leads reached which state, counted from one row a lead.

use std::collections::BTreeMap;

use crate::sql::report::LeadRow;
use shared::domain::send_state::SendState;

/// The state that one lead reached; each lead is in exactly one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LeadState {
    /// An enrichment is pending.
    AwaitsEnrichment,
    /// Stored, with neither an enrichment nor one pending: no function would ever look at it again.
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

impl LeadState {
    pub(super) fn of(line: &LeadRow) -> Self {
        let reason = |given: &Option<String>| given.clone().unwrap_or_else(|| "unnamed".to_owned());
        let Some(outcome) = &line.outcome else {
            return if line.pending {
                Self::AwaitsEnrichment
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
    pub(super) fn of(lines: &[LeadRow]) -> Self {
        let mut funnel = Self {
            collected: lines.len(),
            ..Self::default()
        };
        for line in lines {
            funnel.enriched += usize::from(line.outcome.is_some());
            funnel.qualified += usize::from(line.qualified);
            match LeadState::of(line) {
                LeadState::Sent => {
                    funnel.sent += 1;
                    funnel.delivered += usize::from(is_delivered(line));
                }
                LeadState::Refused(why) => *funnel.refused.entry(why).or_default() += 1,
                LeadState::Review(why) => *funnel.review.entry(why).or_default() += 1,
                LeadState::Deferred(why) => *funnel.deferred.entry(why).or_default() += 1,
                LeadState::Unresolved
                | LeadState::AwaitsEnrichment
                | LeadState::Forgotten
                | LeadState::Pending => {
                    funnel.unresolved += 1;
                }
            }
        }
        funnel
    }
}

fn is_delivered(line: &LeadRow) -> bool {
    use SendState::{Clicked, Delivered, Opened, Replied};
    let state = line.state.as_deref().map(str::parse::<SendState>);
    matches!(state, Some(Ok(Delivered | Opened | Clicked | Replied)))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A lead that was planned, sent and settled.
    pub(in crate::demo) fn sent(id: i64) -> LeadRow {
        LeadRow {
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
    pub(in crate::demo) fn planned(id: i64, state: &str, reason: Option<&str>) -> LeadRow {
        LeadRow {
            state: Some(state.to_owned()),
            send_reason: reason.map(str::to_owned),
            marked_sent: false,
            ses_message_id: None,
            ..sent(id)
        }
    }

    /// A lead for which no send was planned.
    pub(in crate::demo) fn unplanned(
        id: i64,
        outcome: Option<&str>,
        reason: Option<&str>,
    ) -> LeadRow {
        LeadRow {
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
    fn check(line: &LeadRow, expected: &LeadState) {
        assert_eq!(LeadState::of(line), *expected);
    }

    #[test]
    fn every_lead_has_exactly_one_state() {
        let because = str::to_owned;
        check(&sent(1), &LeadState::Sent);
        check(&planned(1, "bounced", None), &LeadState::Sent);
        check(
            &planned(1, "refused", Some("suppressed")),
            &LeadState::Refused(because("suppressed")),
        );
        check(
            &planned(1, "rejected", Some("mail_rejected")),
            &LeadState::Refused(because("mail_rejected")),
        );
        check(
            &planned(1, "review", Some("country_unknown")),
            &LeadState::Review(because("country_unknown")),
        );
        check(
            &planned(1, "unknown", Some("no_answer")),
            &LeadState::Unresolved,
        );
        check(&planned(1, "queued", None), &LeadState::Pending);
        let tomorrow = LeadRow {
            deferred: true,
            ..planned(1, "queued", Some("daily_cap"))
        };
        check(&tomorrow, &LeadState::Deferred(because("daily_cap")));
        check(
            &unplanned(1, Some("refused"), Some("low_score")),
            &LeadState::Refused(because("low_score")),
        );
        check(
            &unplanned(1, Some("review"), Some("scored_by_rules")),
            &LeadState::Review(because("scored_by_rules")),
        );
        check(&unplanned(1, Some("planned"), None), &LeadState::Pending);
        check(&unplanned(1, None, None), &LeadState::Forgotten);
        check(
            &LeadRow {
                pending: true,
                ..unplanned(1, None, None)
            },
            &LeadState::AwaitsEnrichment,
        );
    }

    #[test]
    fn states_add_up_to_collected_leads() {
        let lines = [
            sent(1),
            planned(2, "delivered", None),
            planned(3, "refused", Some("recipient_day")),
            unplanned(4, Some("refused"), Some("low_score")),
            unplanned(5, Some("refused"), Some("low_score")),
            unplanned(6, Some("review"), Some("country_unknown")),
            LeadRow {
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
        let total = funnel.sent
            + funnel.unresolved
            + [&funnel.refused, &funnel.review, &funnel.deferred]
                .into_iter()
                .flat_map(BTreeMap::values)
                .sum::<usize>();
        assert_eq!(total, funnel.collected);
    }
}
