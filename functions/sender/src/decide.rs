//! May this send go out now? From a claim to the gate's facts and back to the ledger.

use chrono::{DateTime, Utc};
use shared::{
    db::sends::{Claim, Verdicts},
    domain::{
        email::EmailAddress,
        gate::{Address, ContentFacts, Decision, DecisionRecord, Facts, gate},
        send_state::SendState,
    },
};

/// Decides about one claimed send.
pub(crate) fn decide(claim: &Claim, sending_enabled: bool, now: DateTime<Utc>) -> Verdicts {
    let facts = Facts {
        sending_enabled,
        campaign: claim.campaign.clone(),
        recipient: claim.recipient.clone(),
        address: match &claim.email {
            _ if claim.address_changed => Address::Changed,
            None => Address::Missing,
            Some(text) => EmailAddress::parse(text).map_or(Address::Invalid, Address::Given),
        },
        verdict: claim.verdict.clone(),
        content: match &claim.draft {
            None => ContentFacts::Missing,
            Some(draft) if draft.hash() != claim.content_hash => ContentFacts::Changed,
            Some(draft) if draft.fault().is_some() => ContentFacts::Faulty,
            Some(_) => ContentFacts::Sound,
        },
    };
    let decision = gate(&facts, now);
    let (state, not_before) = match decision {
        Decision::Send => (SendState::Calling, None),
        Decision::Defer { until, .. } => (SendState::Queued, Some(until)),
        Decision::Review { .. } => (SendState::Review, None),
        Decision::Refuse { .. } => (SendState::Refused, None),
    };
    let record = DecisionRecord::new(&facts, decision, now);
    Verdicts {
        send: claim.send,
        fence: claim.fence,
        revision: claim.revision,
        state,
        reason: decision.reason(),
        not_before,
        decision: serde_json::to_value(record).unwrap_or_default(),
    }
}
