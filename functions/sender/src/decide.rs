//! May this send go out now? From a claim to the gate's facts and back to the ledger.

use chrono::{DateTime, Utc};
use shared::{
    config,
    db::sends::{Claim, Verdicts},
    domain::{
        email::EmailAddress,
        gate::{Address, ContentFacts, Decision, DecisionRecord, Facts, gate},
        send_state::SendState,
    },
};

use crate::pace;

/// Decides about one claimed send.
pub(crate) fn decide(claim: &Claim, config: &config::Sender, now: DateTime<Utc>) -> Verdicts {
    let facts = Facts {
        sending_enabled: config.sending_enabled,
        postal_address: !config.identity.postal_address.is_empty(),
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
        frequency: config.frequency,
        quota: claim.quota,
    };
    let ruling = gate(&facts, now);
    let decision = ruling.decision;
    let (state, not_before) = match decision {
        Decision::Send => (SendState::Calling, None),
        Decision::Defer { until, .. } => (SendState::Queued, Some(until)),
        Decision::Review { .. } => (SendState::Review, None),
        Decision::Refuse { .. } => (SendState::Refused, None),
    };
    let record = DecisionRecord::new(&facts, ruling, now);
    Verdicts {
        send: claim.send,
        fence: claim.fence,
        revision: claim.revision,
        campaign_seen: claim.campaign_seen,
        state,
        reason: decision.reason(),
        not_before,
        places_end: claim.places_end,
        announced: not_before.is_some_and(|until| pace::comes_back(until, now).is_some()),
        decision: serde_json::to_value(record).unwrap_or_default(),
    }
}
