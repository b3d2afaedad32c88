//! What is kept of a batch, decided over the rows as they stand under their locks.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use strum::IntoStaticStr;

use super::{LeadResult, NewEnrichment, Plan, Wait};
use crate::domain::{
    email::EmailHash,
    gate::Method,
    ids::{CampaignId, LeadId, SendId},
    reason::Reason,
    send_state::SendState,
};

#[derive(Debug, Clone, Copy)]
pub(super) struct LockedLead {
    pub(super) requested_at: Option<DateTime<Utc>>,
    pub(super) erased: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Mailbox {
    pub(super) erased: bool,
}

/// Where a lead stands with a campaign.
#[derive(Debug, Clone, Default)]
pub(super) struct Standing {
    /// Of the newest enrichment; 0 if there is none.
    pub(super) version: i32,
    pub(super) input_hash: Option<Vec<u8>>,
    /// Whether the model answered.
    pub(super) by_model: bool,
    /// Whether the mailbox has a mail of this campaign.
    pub(super) planned: bool,
    /// This lead's own mail.
    pub(super) send: Option<PlannedSend>,
}

/// A mail that was planned before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PlannedSend {
    pub(super) id: SendId,
    /// Raised by whatever else changes it: a sender, a reviewer.
    pub(super) fence: i64,
    pub(super) state: SendState,
    /// Whether a person has written, approved, rejected or reopened it.
    pub(super) by_person: bool,
    pub(super) may_have_left: bool,
    pub(super) has_text: bool,
}

impl PlannedSend {
    /// Whether it is planned anew: it waits for a person or was refused, and no person has had a say, or it waits
    /// for a text. What is queued needs no new plan, since the gate is asked again before it leaves. A text is
    /// never given up for none.
    fn gives_way_to(&self, new: &NewEnrichment) -> bool {
        let open = match self.state {
            SendState::Review => !self.by_person || !self.has_text,
            SendState::Refused => !self.by_person,
            _ => false,
        };
        let loses_text = self.has_text && new.draft.is_none();
        open && !self.may_have_left && !loses_text
    }
}

/// What was decided about writing to a lead. Its text is the word of `enriched_leads.outcome`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(super) enum EnrichmentOutcome {
    Planned,
    Review,
    Refused,
}

/// An enrichment to store.
#[derive(Debug)]
pub(super) struct Kept<'a> {
    pub(super) lead: LeadId,
    pub(super) requested_at: Option<DateTime<Utc>>,
    pub(super) new: &'a NewEnrichment,
    pub(super) version: i32,
    /// The mailbox has a mail of this campaign already: of this lead, or of another profile of the
    /// same person.
    pub(super) duplicate: bool,
    /// The mail that is planned anew.
    pub(super) replaces: Option<PlannedSend>,
}

impl Kept<'_> {
    /// The mail that follows.
    pub(super) fn plan(&self) -> Option<&Plan> {
        self.new.plan.as_ref().filter(|_| !self.duplicate)
    }

    pub(super) fn outcome(&self) -> EnrichmentOutcome {
        match self.plan() {
            Some(plan) if plan.review => EnrichmentOutcome::Review,
            Some(_) => EnrichmentOutcome::Planned,
            None => EnrichmentOutcome::Refused,
        }
    }

    pub(super) fn reason(&self) -> Option<Reason> {
        match self.duplicate {
            true => Some(Reason::DuplicateRecipient),
            false => self.new.reason,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Decided<'a> {
    pub(super) kept: Vec<Kept<'a>>,
    /// Leads whose request is answered.
    pub(super) cleared: Vec<LeadId>,
    /// Leads whose request stands, with what it waits for.
    pub(super) waiting: Vec<(LeadId, Wait)>,
    /// How many leads' results were dropped.
    pub(super) superseded: usize,
}

/// A lead's result is kept only if the request under the lock is the one that was loaded: an older
/// result never replaces a newer one, and a newer request is never cleared by it.
pub(super) fn decide<'a>(
    results: &'a [LeadResult],
    activated: &HashSet<CampaignId>,
    leads: &HashMap<LeadId, LockedLead>,
    mailboxes: &HashMap<EmailHash, Mailbox>,
    standing: &HashMap<(LeadId, CampaignId), Standing>,
) -> Decided<'a> {
    let mut decided = Decided::default();
    let mut planned: HashSet<(CampaignId, EmailHash)> = HashSet::new();
    let mailbox_erased = |new: &NewEnrichment| {
        let mailbox = new
            .plan
            .as_ref()
            .map(|plan| mailboxes.get(&plan.email_hash));
        mailbox.is_some_and(|mailbox| mailbox.is_none_or(|mailbox| mailbox.erased))
    };
    for result in results {
        let current = leads
            .get(&result.lead)
            .is_some_and(|lead| lead.requested_at == result.requested_at && !lead.erased);
        // What is asked about again finds the mailbox erased, and says so.
        if !current || result.enrichments.iter().any(mailbox_erased) {
            decided.superseded += 1;
            continue;
        }
        for new in &result.enrichments {
            let standing = standing.get(&(result.lead, new.campaign));
            let known = standing.and_then(|standing| standing.input_hash.as_deref());
            // Another worker was a moment earlier with the same answer. What the rules said for want of
            // one does not stand in its way.
            let answers = new.method == Method::Model && standing.is_some_and(|s| !s.by_model);
            if known == Some(new.input_hash.as_slice()) && !answers {
                continue;
            }
            let own = standing.and_then(|standing| standing.send);
            let replaces = own.filter(|send| send.gives_way_to(new));
            let duplicate = new.plan.as_ref().is_some_and(|plan| {
                standing.is_some_and(|standing| standing.planned && replaces.is_none())
                    || !planned.insert((new.campaign, plan.email_hash))
            });
            decided.kept.push(Kept {
                lead: result.lead,
                requested_at: result.requested_at,
                new,
                version: standing.map_or(0, |standing| standing.version) + 1,
                duplicate,
                replaces: replaces.filter(|_| !duplicate),
            });
        }
        // The campaign was activated meanwhile, and its request is this one.
        let wanted = result.inactive.iter().any(|id| activated.contains(id));
        if result.complete && !wanted {
            decided.cleared.push(result.lead);
        } else if let Some(wait) = result.wait {
            decided.waiting.push((result.lead, wait));
        }
    }
    decided
}

#[cfg(test)]
mod tests;
