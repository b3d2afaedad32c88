//! Decides whether a run kept every promise: what the database says of itself, and the ledgers of
//! those outside, who know what really arrived.

use std::collections::{BTreeMap, BTreeSet};

use shared::db::verdicts::{Counts, Mail, Violation};
use simulated::{Entry, Fate, Handover, Timing};

/// Every invariant, in the order of the table. Those of `shared::db::verdicts` are among them.
pub(crate) const INVARIANTS: [&str; 19] = [
    "one mail a send",
    "one mail a campaign, mailbox and step",
    "one mail a day",
    "one call a send",
    "no call after a no",
    "nothing is lost",
    "nothing is made up",
    "a state only rises",
    "an event settles",
    "a complaint is a no",
    "the lead knows",
    "counts agree",
    "caps hold",
    "the rate holds",
    "a lead exists once",
    "a question is paid once",
    "nobody is named",
    "what is put aside is explained",
    "nothing deadlocks",
];

/// What a run put in, and what is known of it afterwards.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    pub(crate) violations: Vec<Violation>,
    pub(crate) mails: Vec<Mail>,
    pub(crate) counts: Counts,
    /// Leads that the lists held, each once.
    pub(crate) leads: i64,
    /// Messages that nobody can read, put into the queues on purpose.
    pub(crate) junk: i64,
    /// Whether processes died, answers were lost or answers were no use: then a question may be
    /// asked a second time.
    pub(crate) disturbed: bool,
    pub(crate) handovers: Vec<Handover>,
    pub(crate) questions: Vec<Entry>,
    /// Whatever must not hold an address: messages, logs.
    pub(crate) texts: Vec<(String, String)>,
    /// What every address of the run ends with.
    pub(crate) canary: String,
    /// What the run itself found wrong: a point nobody passed, a function that never rests.
    pub(crate) noticed: Vec<Violation>,
}

/// A promise that was not kept.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Finding {
    pub(crate) invariant: String,
    pub(crate) subject: String,
}

/// What became of the calls that nobody heard an answer to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Unknowns {
    /// An event said that the mail had left.
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
pub(crate) fn judge(evidence: &Evidence) -> Vec<Finding> {
    let mut findings = Findings::default();
    for violation in evidence.violations.iter().chain(&evidence.noticed) {
        findings.add(&violation.invariant, violation.subject.clone());
    }
    mails(evidence, &mut findings);
    questions(evidence, &mut findings);
    let counts = evidence.counts;
    // Who was erased is not stored again; a mailbox belongs to two profiles at most.
    if counts.leads > evidence.leads || counts.leads + counts.erased < evidence.leads {
        let subject = format!("{} leads of {} people", counts.leads, evidence.leads);
        findings.add("a lead exists once", subject);
    }
    if counts.quarantined != evidence.junk {
        let subject = format!(
            "{} messages are in quarantine, {} were junk",
            counts.quarantined, evidence.junk
        );
        findings.add("what is put aside is explained", subject);
    }
    for (place, text) in &evidence.texts {
        if text.to_lowercase().contains(&evidence.canary) {
            findings.add("nobody is named", format!("an address stands in {place}"));
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
        // What SES itself held back reached nobody.
        if handover.fate != Some(Fate::Rejected) {
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
        let step = (mail.campaign, &mail.mailbox, mail.step);
        by_step.entry(step).or_default().push(number);
        let state = mail.state.as_str();
        if matches!(state, "review" | "queued" | "claimed" | "refused") {
            findings.add(
                "nothing is lost",
                format!("mail {number} left, send {send} is {state}"),
            );
        }
        let told = handover
            .timing
            .is_some_and(|timing| timing != Timing::Never);
        if told && matches!(state, "calling" | "unknown") {
            let subject = format!("send {send} is {state}, and SES told of it");
            findings.add("an event settles", subject);
        }
    }
    findings.add_repeated("one mail a send", by_send);
    findings.add_repeated("one mail a campaign, mailbox and step", by_step);
    findings.add_repeated("one mail a day", by_day);
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
                "nothing is made up",
                format!("send {id} is {}, and no mail left", mail.state),
            );
        }
    }
}

/// The model's ledger against the database. Every question is written down before it is asked, at
/// most twice.
fn questions(evidence: &Evidence, findings: &mut Findings) {
    let paid = evidence.questions.iter().filter(|entry| entry.paid);
    let mut by_question = BTreeMap::<_, usize>::new();
    for entry in paid.clone() {
        *by_question.entry(&entry.prompt_hash).or_default() += 1;
    }
    let most = if evidence.disturbed { 2 } else { 1 };
    for times in by_question.into_values().filter(|times| *times > most) {
        findings.add(
            "a question is paid once",
            format!("one was paid {times} times"),
        );
    }
    let written = usize::try_from(evidence.counts.paid_calls).unwrap_or_default();
    if paid.clone().count() > written {
        let subject = format!("{} were paid, {written} are on record", paid.count());
        findings.add("a question is paid once", subject);
    }
    for entry in evidence.questions.iter().filter(|entry| entry.email_seen) {
        findings.add(
            "nobody is named",
            format!("an address stands in question {}", entry.number),
        );
    }
}

#[cfg(test)]
mod tests;
