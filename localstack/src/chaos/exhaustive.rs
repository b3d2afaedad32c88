//! One fault at a time, at every request of every function.

use std::collections::BTreeMap;

use anyhow::Result;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use indicatif::{ProgressBar, ProgressStyle};
use simulated::DeliveryResult;

use super::args::ChaosArgs;
use super::cases::{self, Case, Points};
use super::scenarios::{self, Scenario};
use super::summary::{Run, Summary};
use super::test_bed::{Lab, TestBed, TestBedConfig};
use super::wires::{Kind, Point};
use crate::output;
use crate::sql::invariants::Violation;

/// How many recipients unsubscribe in the end.
const OPT_OUTS: usize = 3;
/// Runs at once: most of a run waits for processes to start and for queues to empty.
const AT_ONCE: usize = 4;
/// Runs without a fault. Some requests are only made when a race goes one way: feedback commits right after
/// the link of early events only when a batch held nothing new. What one of these runs lacks is no promise.
const CLEAR_RUNS: usize = 5;
/// How often a case is run until its point is reached.
const TRIES: usize = 10;

/// Runs every case, or every `nth` one of them, and adds their results.
pub(crate) async fn run(lab: &Lab, args: &ChaosArgs, summary: &mut Summary) -> Result<()> {
    let (seed, nth) = (args.seed, args.every.unwrap_or(1).max(1));
    // Without a fault first: this finds the points, and checks that the run passes without one.
    let clear_runs = (0..CLEAR_RUNS).map(async |number| case(lab, seed, number, None).await);
    let clear_runs: Vec<_> = stream::iter(clear_runs)
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let (clear_runs, requests): (Vec<_>, Vec<_>) = clear_runs.into_iter().unzip();
    clear_runs.into_iter().for_each(|run| summary.add(run));
    let points = cases::seen(&requests);
    let all = cases::all(&points);
    output::line(table(&points, &all));
    // Another share of them with another seed.
    let offset = usize::try_from(seed).unwrap_or_default() % nth;
    let cases: Vec<Case> = all.into_iter().skip(offset).step_by(nth).collect();
    let bar = progress(cases.len() + Scenario::ALL.len());
    for scenario in Scenario::ALL {
        bar.set_message(scenario.name());
        let run = scenarios::run(lab, seed, scenario).await?;
        bar.suspend(|| summary.add(run));
        bar.inc(1);
    }
    let runs = (CLEAR_RUNS..).zip(&cases).map(async |(number, one)| {
        bar.set_message(one.name());
        let mut run = case(lab, seed, number, Some(one)).await?.0;
        for again in 1..TRIES {
            let unreached = one.can_be_tried_again() && !run.disturbed;
            if !unreached || run.findings.iter().any(|f| f.invariant != EVERY_POINT) {
                break;
            }
            run = case(lab, seed, number + again * cases.len(), Some(one))
                .await?
                .0;
        }
        // Where every run reaches it, this is a violation; elsewhere it is said, so that nobody takes it for tried.
        if one.can_be_tried_again() && !one.must_happen() && !run.disturbed {
            let name = one.name();
            bar.suspend(|| {
                output::warning(format_args!("{name}: no run reached it, only a race does"));
            });
        }
        anyhow::Ok(run)
    });
    let mut runs = stream::iter(runs).buffer_unordered(AT_ONCE);
    while let Some(run) = runs.next().await {
        let run = run?;
        bar.suspend(|| summary.add(run));
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}

/// Points that every run must reach are.
const EVERY_POINT: &str = "every point is reached";

/// How many points each function has, by the wire they are on.
fn table(points: &Points, cases: &[Case]) -> comfy_table::Table {
    let header = [
        "function",
        "statements",
        "HTTP requests",
        "Runtime API calls",
        "requests",
        "cases",
    ];
    let mut table = output::table(header);
    let mut functions: Vec<&str> = points.keys().map(|point| point.function.as_str()).collect();
    functions.dedup();
    let mut add = |name: &str, is_meant: &dyn Fn(&Point) -> bool| {
        let meant = || points.iter().filter(|(point, _)| is_meant(point));
        let on = |wire: fn(Kind) -> bool| meant().filter(|(point, _)| wire(point.kind)).count();
        let requests: u64 = meant().map(|(_, seen)| seen.times).sum();
        let numbers = [
            on(|kind| !matches!(kind, Kind::Http | Kind::Runtime)),
            on(|kind| kind == Kind::Http),
            on(|kind| kind == Kind::Runtime),
            usize::try_from(requests).unwrap_or_default(),
            cases.iter().filter(|case| is_meant(&case.point)).count(),
        ];
        let cells = numbers.map(output::number).into_iter();
        table.add_row(std::iter::once(name.into()).chain(cells));
    };
    for function in functions {
        add(function, &|point| point.function == function);
    }
    add("all", &|_| true);
    table
}

/// A bar for runs, with the name of the one under way.
pub(crate) fn progress(runs: usize) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{prefix:>12.cyan.bold} [{bar:40}] {pos}/{len} {wide_msg}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(u64::try_from(runs).unwrap_or_default())
        .with_style(style.progress_chars("=> "))
        .with_prefix("Breaking")
}

/// One run, with what was requested in it, by point.
async fn case(
    lab: &Lab,
    seed: u64,
    number: usize,
    case: Option<&Case>,
) -> Result<(Run, BTreeMap<Point, u64>)> {
    let config = TestBedConfig::small(format!("case-{number}"), seed);
    let bed = TestBed::open(lab, config).await?;
    let ses = bed.stand_ins.ses();
    ses.configure(|ses| {
        ses.next_result(1, DeliveryResult::HardBounce)
            .next_result(1, DeliveryResult::Complained)
    });
    if let Some(case) = case {
        let mut faults = bed.wires.faults();
        faults.plan(&case.point, case.passing, case.fault.clone());
    }
    bed.collect().await?;
    let mut quiesced = bed.quiesce().await?;
    // Some recipients unsubscribe.
    let accepted = ses.handovers().into_iter().filter(|mail| mail.accepted);
    let sends = accepted.filter_map(|mail| mail.send_id?.parse().ok());
    for send in sends.take(OPT_OUTS) {
        bed.unsubscribe(send).await?;
    }
    quiesced &= bed.quiesce().await?;

    let name = case.map_or_else(|| "no fault".to_owned(), Case::name);
    let happened = bed.wires.faults().struck() > 0;
    let mut evidence = bed.evidence(quiesced).await?;
    evidence.may_ask_again = happened && case.is_some_and(Case::hits_enricher);
    if !happened && case.is_some_and(Case::must_happen) {
        let violation = Violation::new(EVERY_POINT, "nothing went wrong here");
        evidence.violations.push(violation);
    }
    let run = Run::of(name, happened, &evidence);
    let points = bed.wires.faults().points().clone();
    bed.close(!run.findings.is_empty()).await?;
    Ok((run, points))
}
