//! Decides whether a run kept every promise: what the database says of itself, and the ledgers of
//! the stand-ins, who know what really arrived.

use std::collections::{BTreeMap, BTreeSet};

use simulated::{DeliveryResult, Entry, Handover, Timing};

use crate::sql::invariants::{Counts, Mail, Violation};

/// Every invariant, in the order of the table. Those of `sql::invariants` are among them.
pub(crate) const INVARIANTS: [&str; 21] = [
    "one mail per send",
    "one mail per campaign, recipient and step",
    "one mail per recipient and day",
    "one call per send",
    "no call after an opt-out",
    "nothing is lost",
    "a sent state has its mail",
    "a state only rises",
    "an event settles",
    "a complaint suppresses",
    "the enrichment is marked sent",
    "counts agree",
    "caps hold",
    "the cap is used",
    "the rate holds",
    "a lead exists once",
    "a model call is paid once",
    "no address leaks",
    "quarantine holds junk only",
    "nothing deadlocks",
    "figures equal their rows",
];

/// What a run put in, and what is known of it afterwards.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    pub(crate) violations: Vec<Violation>,
    pub(crate) mails: Vec<Mail>,
    pub(crate) counts: Counts,
    /// Leads that the lists held, each once.
    pub(crate) leads: i64,
    /// Messages that cannot be read, put into the queues on purpose.
    pub(crate) junk: i64,
    /// Whether an enricher was hit by a fault: then it may make a model call a second time.
    pub(crate) may_ask_again: bool,
    pub(crate) handovers: Vec<Handover>,
    pub(crate) questions: Vec<Entry>,
    /// Whatever must not hold an address: messages, logs.
    pub(crate) texts: Vec<(String, String)>,
    /// What every address of the run ends with.
    pub(crate) canary: String,
}

/// A promise that was not kept.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Finding {
    pub(crate) invariant: String,
    pub(crate) subject: String,
}

/// What became of the calls whose answers were lost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Unknowns {
    /// An event showed that the mail had left.
    pub(crate) resolved: usize,
    /// Nothing came; a person sees them.
    pub(crate) shown: usize,
}

pub(crate) fn unknowns(mails: &[Mail]) -> Unknowns {
    let was = mails.iter().filter(|mail| mail.was_unknown);
    let (shown, resolved): (Vec<_>, Vec<_>) = was.partition(|mail| mail.state == "unknown");
    Unknowns {
        resolved: resolved.len(),
        shown: shown.len(),
    }
}

/// Everything that is wrong.
pub(crate) fn check(evidence: &Evidence) -> Vec<Finding> {
    let mut findings = Findings::default();
    for violation in &evidence.violations {
        findings.add(&violation.invariant, violation.subject.clone());
    }
    mails(evidence, &mut findings);
    questions(evidence, &mut findings);
    let counts = evidence.counts;
    // Who was erased is not stored again; a recipient belongs to two profiles at most.
    if counts.leads > evidence.leads || counts.leads + counts.erased < evidence.leads {
        let subject = format!("{} leads of {} people", counts.leads, evidence.leads);
        findings.add("a lead exists once", subject);
    }
    if counts.quarantined != evidence.junk {
        let subject = format!(
            "{} messages are in quarantine, {} were junk",
            counts.quarantined, evidence.junk
        );
        findings.add("quarantine holds junk only", subject);
    }
    for (place, text) in &evidence.texts {
        if text.to_lowercase().contains(&evidence.canary) {
            findings.add("no address leaks", format!("an address stands in {place}"));
        }
    }
    findings.0
}

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, invariant: &str, subject: String) {
        self.0.push(Finding {
            invariant: invariant.to_owned(),
            subject,
        });
    }

    fn add_repeated<K: Ord>(&mut self, invariant: &str, times: BTreeMap<K, Vec<u64>>) {
        for numbers in times.into_values().filter(|numbers| numbers.len() > 1) {
            self.add(
                invariant,
                format!("SES took the mails {numbers:?} of its ledger"),
            );
        }
    }
}

/// The ledger of SES against the database.
fn mails(evidence: &Evidence, findings: &mut Findings) {
    let known: BTreeMap<String, &Mail> = evidence
        .mails
        .iter()
        .map(|mail| (mail.id.to_string(), mail))
        .collect();
    let (mut by_send, mut by_step) = (
        BTreeMap::<_, Vec<u64>>::new(),
        BTreeMap::<_, Vec<u64>>::new(),
    );
    let mut by_day = BTreeMap::<_, Vec<u64>>::new();
    let mut accepted = BTreeSet::new();
    for handover in &evidence.handovers {
        if handover.outcome.starts_with("throttled_") {
            let subject = format!("{} at {}", handover.outcome, handover.at);
            findings.add("the rate holds", subject);
        }
        if !handover.accepted {
            continue;
        }
        let number = handover.number;
        let day = handover.at.date_naive();
        // What SES itself held back reached no mailbox.
        if handover.result != Some(DeliveryResult::Rejected) {
            by_day
                .entry((&handover.destination_hash, day))
                .or_default()
                .push(number);
        }
        let Some((send, mail)) = handover
            .send_id
            .as_ref()
            .and_then(|send| known.get_key_value(send))
        else {
            findings.add(
                "nothing is lost",
                format!("mail {number} left and no send knows it"),
            );
            continue;
        };
        accepted.insert(send);
        by_send.entry(send).or_default().push(number);
        let step = (mail.campaign, &mail.recipient, mail.step);
        by_step.entry(step).or_default().push(number);
        let state = mail.state.as_str();
        if matches!(state, "review" | "queued" | "claimed" | "refused") {
            findings.add(
                "nothing is lost",
                format!("mail {number} left, send {send} is {state}"),
            );
        }
        let reported = handover
            .timing
            .is_some_and(|timing| timing != Timing::Never);
        if reported && matches!(state, "calling" | "unknown") {
            let subject = format!("send {send} is {state}, and SES reported on it");
            findings.add("an event settles", subject);
        }
    }
    findings.add_repeated("one mail per send", by_send);
    findings.add_repeated("one mail per campaign, recipient and step", by_step);
    findings.add_repeated("one mail per recipient and day", by_day);
    for (id, mail) in &known {
        let gone = [
            "sent",
            "delivered",
            "opened",
            "clicked",
            "replied",
            "bounced",
            "complained",
        ];
        if gone.contains(&mail.state.as_str()) && !accepted.contains(id) {
            findings.add(
                "a sent state has its mail",
                format!("send {id} is {}, and no mail left", mail.state),
            );
        }
    }
}

/// The model's ledger against the database. Every question is written down before it is asked, at
/// most three times.
fn questions(evidence: &Evidence, findings: &mut Findings) {
    let paid = evidence.questions.iter().filter(|entry| entry.paid);
    let mut by_question = BTreeMap::<_, usize>::new();
    for entry in paid.clone() {
        *by_question.entry(&entry.prompt_hash).or_default() += 1;
    }
    let most = if evidence.may_ask_again { 3 } else { 1 };
    for times in by_question.into_values().filter(|times| *times > most) {
        findings.add(
            "a model call is paid once",
            format!("one was paid {times} times"),
        );
    }
    let written = usize::try_from(evidence.counts.paid_calls).unwrap_or_default();
    if paid.clone().count() > written {
        let subject = format!("{} were paid, {written} are on record", paid.count());
        findings.add("a model call is paid once", subject);
    }
    for entry in evidence.questions.iter().filter(|entry| entry.email_seen) {
        findings.add(
            "no address leaks",
            format!("an address stands in question {}", entry.number),
        );
    }
}

#[cfg(test)]
mod tests;
