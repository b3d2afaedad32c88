//! What is measured, and the arithmetic of it.

use std::time::Duration;

use serde::Serialize;

use super::processes::Cpu;
use crate::lambda::Invocation;

/// A function by itself.
#[derive(Debug, Clone, Serialize)]
pub(super) struct FunctionFigures {
    pub(super) name: String,
    /// From its start until it asks for work: the median.
    pub(super) start_ms: f64,
    pub(super) start_p90_ms: f64,
    /// Most memory held by then.
    pub(super) start_memory_mb: f64,
    /// Most memory that any of its processes held at work.
    pub(super) peak_memory_mb: f64,
    pub(super) binary_mb: f64,
    pub(super) package_mb: f64,
}

/// One function at work on what lies ready for it, alone.
#[derive(Debug, Clone, Serialize)]
pub(super) struct StageFigures {
    pub(super) function: &'static str,
    /// Leads, or messages of the queue where it has no leads.
    pub(super) items: f64,
    pub(super) items_per_second: f64,
    /// Processor time of the function's processes.
    pub(super) function_cpu_ms_per_item: f64,
    pub(super) postgres_cpu_ms_per_item: f64,
    pub(super) batches: f64,
    pub(super) statements_per_batch: f64,
    /// Of an invocation.
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) busy: Busy,
}

/// How many processors each part kept busy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(super) struct Busy {
    pub(super) functions: f64,
    pub(super) postgres: f64,
    /// SES, SQS and the model: one thread, so 1 is their end.
    pub(super) stand_ins: f64,
    /// The Lambda service, and the measurement itself.
    pub(super) service: f64,
}

/// All functions at work, from the list to the last event.
#[derive(Debug, Clone, Serialize)]
pub(super) struct PipelineFigures {
    pub(super) model_latency_ms: f64,
    pub(super) leads: f64,
    pub(super) leads_per_second: f64,
    /// While the enrichers had work: without what comes after them.
    pub(super) enriched_per_second: f64,
    pub(super) busy: Busy,
    /// By function, in milliseconds of processor time.
    pub(super) cpu_ms_per_lead: std::collections::BTreeMap<String, f64>,
    pub(super) postgres_cpu_ms_per_lead: f64,
    pub(super) row_writes_per_lead: f64,
    pub(super) row_writes_by_table: std::collections::BTreeMap<String, f64>,
    pub(super) statements_per_lead: f64,
    /// Where PostgreSQL spent its time.
    pub(super) statements: Vec<StatementFigures>,
}

/// A statement's share.
#[derive(Debug, Clone, Serialize)]
pub(super) struct StatementFigures {
    pub(super) text: String,
    pub(super) calls: f64,
    pub(super) mean_ms: f64,
    /// Of the time of all statements.
    pub(super) share: f64,
}

/// Senders at a set rate of SES.
#[derive(Debug, Clone, Serialize)]
pub(super) struct RateFigures {
    pub(super) rate: f64,
    pub(super) senders: usize,
    pub(super) copies: u32,
    pub(super) mails: f64,
    /// Mails that the next sweep would publish again: refused by SES, or too late for their slot.
    pub(super) waiting: f64,
    /// Mails accepted between the first and the last, over what the rate allows.
    pub(super) utilisation: f64,
    pub(super) throttled: u64,
    pub(super) sent_twice: usize,
    pub(super) busiest_second: u64,
}

/// The plainest insert, as fast as this PostgreSQL takes it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct BareFigures {
    pub(super) rows_per_statement: u64,
    pub(super) connections: u32,
    pub(super) rows_per_second: f64,
}

/// The invocations of one function.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Served {
    /// From the beginning of the first to the end of the last.
    pub(super) seconds: f64,
    pub(super) invocations: f64,
    pub(super) messages: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    /// Without an answer, or with an error.
    pub(super) failed: usize,
}

/// Sums up the invocations of `function`.
pub(super) fn served(invocations: &[Invocation], function: &str) -> Served {
    let own: Vec<&Invocation> = invocations
        .iter()
        .filter(|invocation| invocation.function == function)
        .collect();
    let mut times: Vec<f64> = own.iter().map(|one| one.took.as_secs_f64() * 1e3).collect();
    Served {
        seconds: span(own.iter().copied()),
        invocations: count(own.len()),
        messages: count(own.iter().map(|one| one.messages).sum()),
        p50_ms: quantile(&mut times, 0.5),
        p99_ms: quantile(&mut times, 0.99),
        failed: own
            .iter()
            .filter(|one| one.outcome.answer().is_none())
            .count(),
    }
}

/// From the beginning of the first invocation to the end of the last, in seconds.
pub(super) fn span<'a>(invocations: impl IntoIterator<Item = &'a Invocation>) -> f64 {
    let times = invocations
        .into_iter()
        .map(|one| (one.begun, one.begun + one.took));
    let span = times.reduce(|all, one| (all.0.min(one.0), all.1.max(one.1)));
    span.map_or(0.0, |(begun, ended)| (ended - begun).as_secs_f64())
}

/// Processors kept busy over `took`.
pub(super) fn busy(used: &Cpu, took: Duration) -> Busy {
    let over = |seconds: f64| seconds / took.as_secs_f64().max(f64::MIN_POSITIVE);
    Busy {
        functions: over(used.of_functions()),
        postgres: over(used.postgres),
        stand_ins: over(used.stand_ins),
        service: over(used.service),
    }
}

/// A statement as a person recognises it: what it does, without its comments.
pub(super) fn shown(text: &str) -> String {
    let lines = text
        .lines()
        .map(|line| line.split_once("--").map_or(line, |(code, _)| code));
    let words = lines.flat_map(str::split_whitespace);
    let text = words.collect::<Vec<_>>().join(" ");
    text.chars().take(72).collect()
}

/// The smallest of the values that at least this share of them does not exceed; 0 for none.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a small number"
)]
pub(super) fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let rank = (count(values.len()) * share).ceil() as usize;
    let value = values.get(rank.saturating_sub(1));
    value.copied().unwrap_or_default()
}

/// A number of things, to reckon with.
pub(super) fn count(things: usize) -> f64 {
    f64::from(u32::try_from(things).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lambda::{Outcome, Source};

    #[test]
    fn a_quantile_is_one_of_the_values() {
        let mut values = [5.0, 1.0, 4.0, 2.0, 3.0];
        assert_eq!(quantile(&mut values, 0.5), 3.0);
        assert_eq!(quantile(&mut values, 0.99), 5.0);
        assert_eq!(quantile(&mut values, 0.0), 1.0);
        assert_eq!(quantile(&mut [], 0.5), 0.0);
    }

    fn invocation(function: &str, begun: u64, took: u64) -> Invocation {
        Invocation {
            request: String::new(),
            function: function.to_owned(),
            environment: Some(1),
            cold: false,
            source: Source::Direct,
            messages: 10,
            begun: Duration::from_millis(begun),
            took: Duration::from_millis(took),
            outcome: Outcome::Answered(serde_json::json!({})),
        }
    }

    #[test]
    fn function_works_from_first_event_to_last_answer() {
        let mut invocations = vec![
            invocation("sender", 1_000, 500),
            invocation("sender", 1_100, 20),
            invocation("enricher", 0, 9_000),
        ];
        let mut failed = invocation("sender", 1_200, 800);
        failed.outcome = Outcome::TimedOut;
        invocations.push(failed);
        let served = served(&invocations, "sender");
        assert_eq!((served.seconds, served.invocations), (1.0, 3.0));
        assert_eq!((served.messages, served.failed), (30.0, 1));
        assert_eq!((served.p50_ms, served.p99_ms), (500.0, 800.0));
        assert_eq!(super::served(&[], "sender").seconds, 0.0);
    }

    #[test]
    fn a_statement_is_shown_by_what_it_does() {
        let text = "-- Takes the sends that are due.\n\nwith due as ( -- by key\n  select 1\n)";
        assert_eq!(shown(text), "with due as ( select 1 )");
        assert_eq!(shown(&"x".repeat(100)).len(), 72);
    }
}
