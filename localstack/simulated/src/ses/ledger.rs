//! The append-only record of every handover: accepted or not, whatever answer the caller got.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::fault::{DeliveryResult, SesFault, Timing};

/// One `SendRawEmail`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Handover {
    /// Position in the ledger, from 1.
    pub number: u64,
    /// When the request was there.
    pub at: DateTime<Utc>,
    /// SES took it: the person gets a mail.
    pub accepted: bool,
    /// `ok`, the fault that was played, `throttled_rate` or `throttled_day` for SES's own limits,
    /// or `invalid`.
    pub outcome: String,
    /// The fault that was played.
    pub fault: Option<SesFault>,
    /// What becomes of the mail, where it was accepted.
    pub result: Option<DeliveryResult>,
    /// When its events come, where it was accepted.
    pub timing: Option<Timing>,
    /// The tag `send_id`.
    pub send_id: Option<String>,
    /// Every tag.
    pub tags: BTreeMap<String, String>,
    /// Envelope sender.
    pub source: String,
    /// Envelope recipients, in lower case.
    pub destinations: Vec<String>,
    /// SHA-256 of the recipients, for reports that must not name anybody.
    pub destination_hash: String,
    /// The configuration set.
    pub configuration_set: Option<String>,
    /// Bytes of the MIME text.
    pub bytes: usize,
    /// SES's id, where it was accepted.
    pub message_id: Option<String>,
    /// The MIME text, where it is kept.
    #[serde(skip)]
    pub mime: Option<Vec<u8>>,
}

/// Counters over the ledger.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SesStats {
    /// Handovers, whatever became of them.
    pub handovers: u64,
    /// Mails that SES took.
    pub accepted: u64,
    /// Mails that SES took and whose caller got no answer or an error.
    pub accepted_unconfirmed: u64,
    /// Refused because the rate was exceeded; faults that only say so do not count.
    pub throttled_rate: u64,
    /// Refused because the day's quota was used up; faults do not count.
    pub throttled_day: u64,
    /// Handovers by outcome.
    pub by_outcome: BTreeMap<String, u64>,
    /// Sends that were accepted more than once: must be empty.
    pub accepted_twice: BTreeSet<String>,
    /// Accepted mails without the tag that every event must carry.
    pub accepted_untagged: u64,
    /// Mails accepted in the busiest of the seconds that begin with a handover.
    pub busiest_second: u64,
    /// From the first accepted mail to the last.
    pub span_ms: u64,
    /// Requests by action, handovers too.
    pub by_action: BTreeMap<String, u64>,
}

#[derive(Debug, Default)]
pub(super) struct MailLedger {
    handovers: Vec<Handover>,
    by_action: BTreeMap<String, u64>,
}

impl MailLedger {
    pub(super) fn append(&mut self, mut handover: Handover) {
        handover.number = self.handovers.len() as u64 + 1;
        self.handovers.push(handover);
    }

    pub(super) fn count(&mut self, action: &str) {
        if let Some(count) = self.by_action.get_mut(action) {
            *count += 1;
        } else {
            self.by_action.insert(action.to_owned(), 1);
        }
    }

    /// An id in SES's shape for the next handover.
    pub(super) fn next_id(&self, run: u64) -> String {
        let number = self.handovers.len() as u64 + 1;
        format!("0100{run:012x}-{number:08x}-0000-4000-8000-{run:012x}-000000")
    }

    pub(super) fn handovers(&self) -> Vec<Handover> {
        self.handovers.clone()
    }

    pub(super) fn stats(&self) -> SesStats {
        stats(&self.handovers, &self.by_action)
    }
}

fn stats(handovers: &[Handover], by_action: &BTreeMap<String, u64>) -> SesStats {
    let mut stats = SesStats {
        handovers: handovers.len() as u64,
        by_action: by_action.clone(),
        ..SesStats::default()
    };
    let mut seen = BTreeSet::new();
    let mut times = Vec::new();
    for handover in handovers {
        *stats
            .by_outcome
            .entry(handover.outcome.clone())
            .or_default() += 1;
        stats.throttled_rate += u64::from(handover.outcome == "throttled_rate");
        stats.throttled_day += u64::from(handover.outcome == "throttled_day");
        if !handover.accepted {
            continue;
        }
        stats.accepted += 1;
        stats.accepted_unconfirmed += u64::from(handover.fault.is_some());
        times.push(handover.at.timestamp_millis());
        match &handover.send_id {
            Some(send) if !seen.insert(send) => {
                stats.accepted_twice.insert(send.clone());
            }
            Some(_) => {}
            None => stats.accepted_untagged += 1,
        }
    }
    times.sort_unstable();
    stats.busiest_second = busiest_second(&times);
    if let (Some(first), Some(last)) = (times.first(), times.last()) {
        stats.span_ms = u64::try_from(last - first).unwrap_or_default();
    }
    stats
}

/// The most of the sorted `times` (in milliseconds) that lie within one second.
fn busiest_second(times: &[i64]) -> u64 {
    let mut most = 0;
    let mut begin = times.iter().peekable();
    for (n, end) in times.iter().enumerate() {
        while begin.next_if(|first| end - **first >= 1_000).is_some() {}
        let gone = times.len() - begin.len();
        most = most.max(n + 1 - gone);
    }
    most as u64
}

#[cfg(test)]
mod tests {
    use super::busiest_second;

    #[test]
    fn busiest_second_is_a_sliding_window() {
        assert_eq!(busiest_second(&[]), 0);
        assert_eq!(busiest_second(&[5]), 1);
        assert_eq!(busiest_second(&[0, 900, 1_000, 1_100, 1_899, 5_000]), 4);
    }
}
