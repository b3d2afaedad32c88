//! What the demo prints.

use std::collections::BTreeMap;

use crate::sql::report::LeadRow;
use comfy_table::{Cell, Color};
use console::style;
use serde_json::Value;

use super::facts::Facts;
use super::funnel::{Funnel, LeadState};
use super::reconcile::Disagreement;
use crate::{mail, output};

const BEST: usize = 8;

/// The funnel, the best leads, one mail, what differs, and where to look next.
pub(super) fn everything(facts: &Facts, funnel: &Funnel, disagreements: &[Disagreement]) {
    bad_rows(facts);
    counts(facts, funnel);
    best(&facts.lines);
    if let Some(last) = facts.mails.last() {
        output::heading("One of the mails, in full");
        mail::in_full(last);
    }
    witnesses(facts, funnel, disagreements);
    output::heading("Where to look next");
    output::line(
        "  cargo local mail            every mail; --open N shows one\n  \
         cargo local outreach sends  every mail, sent or not, and why\n  \
         cargo local status          what runs, queue depths, row counts\n  \
         cargo local logs enricher   the log of a function\n  \
         cargo local demo            again: no mail is sent twice\n  \
         cargo local down            stop everything",
    );
}

/// Rows that the collector could not use, counted by source.
fn bad_rows(facts: &Facts) {
    for source in &facts.sources {
        let Some(report) = &source.report else {
            continue;
        };
        let bad = report
            .get("bad")
            .and_then(Value::as_u64)
            .unwrap_or_default();
        if bad > 0 {
            let first = report.pointer("/bad_rows/0/reason").and_then(Value::as_str);
            output::fresh(
                "Left out",
                format_args!(
                    "{bad} bad rows of source `{}`, such as: {}",
                    source.name,
                    first.unwrap_or("no reason given")
                ),
            );
        }
        if let Some(why) = report.pointer("/ended/why").and_then(Value::as_str) {
            output::warning(format_args!(
                "source `{}` did not finish: {why}",
                source.name
            ));
        }
    }
}

fn counts(facts: &Facts, funnel: &Funnel) {
    output::heading("Funnel");
    let mut table = output::table::<&str>([]);
    let mut row = |name: &str, count: usize| {
        table.add_row([Cell::new(name), output::number(count)]);
    };
    row("collected", funnel.collected);
    row("enriched", funnel.enriched);
    row("qualified", funnel.qualified);
    row("sent", funnel.sent);
    row("delivered", funnel.delivered);
    let mut reasons = |name: &str, counts: &BTreeMap<String, usize>| {
        row(name, counts.values().sum());
        for (reason, count) in counts {
            row(&format!("  {reason}"), *count);
        }
    };
    reasons("refused", &funnel.refused);
    reasons("in review", &funnel.review);
    reasons("waiting for its day", &funnel.deferred);
    row("unresolved", funnel.unresolved);
    row(
        "in dead-letter queues",
        usize::try_from(facts.dead_letters()).unwrap_or(usize::MAX),
    );
    output::line(table);
}

fn best(lines: &[LeadRow]) {
    output::heading("Best leads");
    let mut table = output::table(["score", "lead", "niche", "decision"]);
    for line in lines.iter().filter(|line| line.score.is_some()).take(BEST) {
        let state = LeadState::of(line);
        let decision = Cell::new(decision(&state));
        let decision = match state {
            LeadState::Sent => decision.fg(Color::Green),
            LeadState::Refused(_) => decision.fg(Color::Red),
            _ => decision.fg(Color::Yellow),
        };
        table.add_row([
            output::number(line.score.unwrap_or_default()),
            Cell::new(format!("{} on {}", line.username, line.platform)),
            Cell::new(line.niche.as_deref().unwrap_or_default()),
            decision,
        ]);
    }
    output::line(table);
}

fn decision(state: &LeadState) -> String {
    match state {
        LeadState::Sent => "sent".to_owned(),
        LeadState::Refused(why) => format!("refused: {why}"),
        LeadState::Review(why) => format!("review: {why}"),
        LeadState::Deferred(why) => format!("waits: {why}"),
        LeadState::AwaitsEnrichment
        | LeadState::Forgotten
        | LeadState::Unresolved
        | LeadState::Pending => "unresolved".to_owned(),
    }
}

fn witnesses(facts: &Facts, funnel: &Funnel, disagreements: &[Disagreement]) {
    output::heading("Do the numbers agree?");
    let queued: u64 = facts
        .queues
        .iter()
        .filter(|queue| queue.is_work())
        .map(crate::queues::Depth::total)
        .sum();
    output::line(format_args!(
        "  PostgreSQL {} sent · SES {} mails · queues {queued} messages",
        funnel.sent,
        facts.mails.len()
    ));
    if let Some(stand_in) = facts.paid_by_stand_in {
        let (sure, at_most) = facts.paid_calls();
        let ours = if sure == at_most {
            sure.to_string()
        } else {
            format!("{sure} to {at_most}")
        };
        output::line(format_args!(
            "  paid model calls: PostgreSQL {ours} · stand-in {stand_in}"
        ));
    }
    output::line(format_args!(
        "  figures of the console, counted again from the rows: {}, {} differ",
        match facts.recount.days {
            1 => "1 day".to_owned(),
            days => format!("{days} days"),
        },
        facts.recount.differences.len()
    ));
    let unknown = facts.unknown();
    if !unknown.is_empty() {
        let left = unknown
            .iter()
            .filter(|send| facts.has_mail(send.id))
            .count();
        output::line(format_args!(
            "  {} sends ended between the call to SES and its answer: {left} of them left, none is \
             sent again by itself",
            unknown.len()
        ));
    }
    if disagreements.is_empty() {
        output::line(format_args!("  {}", style("All numbers agree.").green()));
    }
    for disagreement in disagreements {
        output::line(format_args!("  {} {disagreement}", style("✗").red().bold()));
    }
}
