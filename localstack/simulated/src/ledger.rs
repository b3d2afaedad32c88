//! The append-only record of every request: what came, what was answered, and whether it was paid.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::Value;

/// The service a request was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// X API v2.
    X,
    /// OpenAI chat completions.
    Model,
    /// The paged list of leads.
    Leads,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Position in the ledger, from 1.
    pub number: u64,
    /// Which service it was for.
    pub service: Service,
    /// The HTTP status; none where no answer was ever given (hang, reset).
    pub status: Option<u16>,
    /// `ok`, the fault that was played, or the code of the error.
    pub outcome: String,
    /// A 200 answer was generated, whether or not it was of use or ever arrived.
    pub paid: bool,
    /// SHA-256 of model, messages and schema.
    pub prompt_hash: Option<String>,
    /// An e-mail address stood in the request body.
    pub email_seen: bool,
    /// An address in disguise (`ana [at] example.org`) stood in the request body.
    pub disguised_email_seen: bool,
    /// Tokens of the prompt, where it was paid.
    pub prompt_tokens: u64,
    /// Tokens of the answer, where it was paid.
    pub completion_tokens: u64,
    /// Billable posts and users returned (X).
    pub resources: u64,
}

impl Entry {
    /// An entry with default fields; the ledger numbers it.
    pub(crate) fn new(service: Service, status: Option<u16>, outcome: impl Into<String>) -> Self {
        Self {
            number: 0,
            service,
            status,
            outcome: outcome.into(),
            paid: false,
            prompt_hash: None,
            email_seen: false,
            disguised_email_seen: false,
            prompt_tokens: 0,
            completion_tokens: 0,
            resources: 0,
        }
    }

    /// Notes the addresses that the body holds, in whatever string of it.
    pub(crate) fn inspect(&mut self, body: &Value) {
        match body {
            Value::String(text) => {
                self.email_seen |= holds_address(text);
                self.disguised_email_seen |= holds_disguised_address(text);
            }
            Value::Array(items) => items.iter().for_each(|item| self.inspect(item)),
            Value::Object(fields) => fields.values().for_each(|value| self.inspect(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// Counters of one service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ServiceStats {
    /// Every request, whatever became of it.
    pub requests: u64,
    /// Requests by HTTP status; `none` where no answer was given.
    pub by_status: BTreeMap<String, u64>,
    /// Requests by outcome.
    pub by_outcome: BTreeMap<String, u64>,
    /// Answers that a real service would have charged for.
    pub paid_calls: u64,
    /// Different prompts, paid or not.
    pub distinct_prompts: u64,
    /// Requests whose prompt had been seen before.
    pub repeated_prompts: u64,
    /// Paid answers to a prompt that had been paid for before.
    pub paid_twice: u64,
    /// Requests with an e-mail address in the body.
    pub emails_seen: u64,
    /// Requests with an address in disguise in the body.
    pub disguised_emails_seen: u64,
    /// Tokens of the paid prompts.
    pub prompt_tokens: u64,
    /// Tokens of the paid answers.
    pub completion_tokens: u64,
    /// Billable posts and users returned.
    pub resources: u64,
}

/// Counters of all services.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// X API v2.
    pub x: ServiceStats,
    /// OpenAI chat completions.
    pub model: ServiceStats,
    /// The paged list of leads.
    pub leads: ServiceStats,
}

/// The ledger itself. Entries are only ever appended; a reset starts a new one.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<Vec<Entry>>);

impl Ledger {
    pub(crate) fn append(&self, mut entry: Entry) -> u64 {
        let mut entries = self.lock();
        entry.number = entries.len() as u64 + 1;
        let number = entry.number;
        entries.push(entry);
        number
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.lock().clone()
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    pub(crate) fn stats(&self) -> Stats {
        let entries = self.lock();
        let of = |service| count(entries.iter().filter(|entry| entry.service == service));
        Stats {
            x: of(Service::X),
            model: of(Service::Model),
            leads: of(Service::Leads),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        // Appending cannot leave half an entry behind, so a poisoned ledger is still a good one.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn count<'a>(entries: impl Iterator<Item = &'a Entry>) -> ServiceStats {
    let mut stats = ServiceStats::default();
    let mut seen = BTreeSet::new();
    let mut paid_for = BTreeSet::new();
    for entry in entries {
        stats.requests += 1;
        let status = entry
            .status
            .map_or_else(|| "none".to_owned(), |status| status.to_string());
        *stats.by_status.entry(status).or_default() += 1;
        *stats.by_outcome.entry(entry.outcome.clone()).or_default() += 1;
        stats.paid_calls += u64::from(entry.paid);
        stats.emails_seen += u64::from(entry.email_seen);
        stats.disguised_emails_seen += u64::from(entry.disguised_email_seen);
        stats.prompt_tokens += entry.prompt_tokens;
        stats.completion_tokens += entry.completion_tokens;
        stats.resources += entry.resources;
        if let Some(prompt) = &entry.prompt_hash {
            stats.repeated_prompts += u64::from(!seen.insert(prompt));
            stats.paid_twice += u64::from(entry.paid && !paid_for.insert(prompt));
        }
    }
    stats.distinct_prompts = seen.len() as u64;
    stats
}

fn holds_address(text: &str) -> bool {
    text.split('@')
        .zip(text.split('@').skip(1))
        .any(|(before, after)| {
            let local = before
                .chars()
                .next_back()
                .is_some_and(char::is_alphanumeric);
            let host: String = after
                .chars()
                .take_while(|c| c.is_alphanumeric() || matches!(c, '.' | '-'))
                .collect();
            local
                && host
                    .trim_end_matches('.')
                    .split('.')
                    .filter(|label| !label.is_empty())
                    .count()
                    > 1
        })
}

fn holds_disguised_address(text: &str) -> bool {
    let text = text.to_lowercase();
    ["[at]", "(at)", "{at}", " at "].iter().any(|at| {
        text.split(at).skip(1).any(|after| {
            let host: String = after
                .trim_start()
                .chars()
                .take_while(|c| *c != '\n')
                .collect();
            let host = host
                .replace("[dot]", ".")
                .replace("(dot)", ".")
                .replace(" dot ", ".");
            let host = host
                .replace(' ', "\u{1}")
                .replace("\u{1}.", ".")
                .replace(".\u{1}", ".");
            let host = host.split('\u{1}').next().unwrap_or_default();
            ["example.org", "example.com", "example.net"]
                .iter()
                .any(|known| host.contains(known))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::{holds_address, holds_disguised_address};

    #[test]
    fn address_is_found_and_handle_is_not() {
        for text in [
            "a@example.org",
            "Mail: <ana.fit@mail.example.com>.",
            "x ana@example.net, y",
        ] {
            assert!(holds_address(text), "{text}");
        }
        for text in [
            "@ana",
            "find me @ana.fit",
            "5 @ 6",
            "ana@home",
            "",
            "@",
            "a@.",
        ] {
            assert!(!holds_address(text), "{text}");
        }
    }

    #[test]
    fn disguised_address_is_found() {
        for text in [
            "ana [at] example.org",
            "ana(at)mail.example [dot] com",
            "ana at example dot org",
        ] {
            assert!(holds_disguised_address(text), "{text}");
        }
        for text in ["look at this", "at home", "yoga at dawn. See example"] {
            assert!(!holds_disguised_address(text), "{text}");
        }
    }
}
