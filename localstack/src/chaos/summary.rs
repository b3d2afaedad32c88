//! The results of all runs: a table for people, a JSON object for programs.

use std::collections::BTreeMap;

use comfy_table::Table;
use serde::Serialize;

use super::oracle::{Evidence, Finding, INVARIANTS, Unknowns, check, unknowns};
use crate::output;

/// Findings that are shown; the rest is counted.
const SHOWN: usize = 20;

/// The sum over all runs.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Summary {
    /// Runs.
    cases: usize,
    /// Runs in which the requested fault happened.
    disturbed: usize,
    /// Mails that SES took.
    mails: usize,
    /// Times that SES was called.
    calls: usize,
    unknowns: Unknowns,
    /// Recipients that are suppressed or erased.
    opt_outs: i64,
    violations: BTreeMap<String, usize>,
    /// Each with the run it happened in.
    findings: Vec<(String, Finding)>,
    seconds: f64,
}

/// One run's share of it.
#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) name: String,
    pub(crate) disturbed: bool,
    pub(crate) mails: usize,
    pub(crate) calls: usize,
    pub(crate) opt_outs: i64,
    pub(crate) unknowns: Unknowns,
    pub(crate) findings: Vec<Finding>,
}

impl Run {
    /// The oracle's findings of a run.
    pub(crate) fn of(name: String, disturbed: bool, evidence: &Evidence) -> Self {
        let accepted = evidence.handovers.iter().filter(|mail| mail.accepted);
        Self {
            name,
            disturbed,
            mails: accepted.count(),
            calls: evidence.handovers.len(),
            opt_outs: evidence.counts.opt_outs,
            unknowns: unknowns(&evidence.mails),
            findings: check(evidence),
        }
    }
}

impl Summary {
    /// Adds a run, and prints at once what was found.
    pub(crate) fn add(&mut self, run: Run) {
        self.cases += 1;
        self.disturbed += usize::from(run.disturbed);
        self.mails += run.mails;
        self.calls += run.calls;
        self.opt_outs += run.opt_outs;
        self.unknowns.resolved += run.unknowns.resolved;
        self.unknowns.shown += run.unknowns.shown;
        for finding in run.findings {
            output::warning(format_args!(
                "{}: {}: {}",
                run.name, finding.invariant, finding.subject
            ));
            *self
                .violations
                .entry(finding.invariant.clone())
                .or_default() += 1;
            self.findings.push((run.name.clone(), finding));
        }
    }

    pub(crate) fn took(&mut self, seconds: f64) {
        self.seconds = seconds;
    }

    pub(crate) fn is_good(&self) -> bool {
        self.findings.is_empty()
    }

    /// What was found, one line each.
    pub(crate) fn show(&self) {
        let mut table = output::table(["invariant", "cases", "violations"]);
        let others = self.violations.keys().map(String::as_str);
        let others = others.filter(|name| !INVARIANTS.contains(name));
        for name in INVARIANTS.into_iter().chain(others) {
            let violations = self.violations.get(name).copied().unwrap_or_default();
            let cells = [self.cases, violations].map(output::number);
            let [cases, violations] = cells;
            table.add_row([name.into(), cases, violations]);
        }
        output::line(table);
        output::line("");
        output::line(self.sums());
        for (run, finding) in self.findings.iter().take(SHOWN) {
            output::line(format_args!(
                "{run}: {}: {}",
                finding.invariant, finding.subject
            ));
        }
        if self.findings.len() > SHOWN {
            output::line(format_args!("… and {} more", self.findings.len() - SHOWN));
        }
    }

    fn sums(&self) -> Table {
        let mut table = output::table([""; 0]);
        let numbers = [
            ("runs", self.cases),
            ("runs that were disturbed", self.disturbed),
            ("calls of SES", self.calls),
            ("mails that left", self.mails),
            (
                "recipients that opted out",
                usize::try_from(self.opt_outs).unwrap_or_default(),
            ),
            ("unknown, resolved by an event", self.unknowns.resolved),
            ("unknown, shown to a person", self.unknowns.shown),
        ];
        for (what, number) in numbers {
            table.add_row([what.into(), output::number(number)]);
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_violation_in_many_runs_fails() {
        let mut summary = Summary::default();
        for _ in 0..3 {
            summary.add(Run::default());
        }
        assert!(summary.is_good());
        summary.add(Run {
            name: "case".to_owned(),
            findings: vec![Finding {
                invariant: "one mail per send".to_owned(),
                subject: "two".to_owned(),
            }],
            ..Run::default()
        });
        assert!(!summary.is_good() && summary.cases == 4);
    }
}
