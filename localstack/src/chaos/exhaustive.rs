//! One thing goes wrong at a time, at every place where it can.

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use shared::db::verdicts::Violation;
use simulated::Fate;

use super::args::ChaosArgs;
use super::cases::{self, Case};
use super::drills::{self, Drill};
use super::stage::{Ground, Setting, Stage};
use super::verdict::{Run, Verdict};

/// Enough for three batches of everything.
const LEADS: u32 = 9;
const BATCH: usize = 3;
/// Who unsubscribes in the end.
const NOES: usize = 3;

/// Runs every case, or every `nth` one of them, and adds what came of them.
pub(crate) async fn run(ground: &Ground, args: &ChaosArgs, verdict: &mut Verdict) -> Result<()> {
    let (seed, nth) = (args.seed, args.every.unwrap_or(1).max(1));
    // Without a fault first: it tells which statements there are, and that nothing is wrong before.
    let (calm, statements) = case(ground, seed, 0, None).await?;
    verdict.add(calm);
    let statements = statements.iter().map(|(a, s)| (a.as_str(), s.as_str()));
    let all: Vec<Case> = cases::points().chain(cases::cuts(statements)).collect();
    // Another share of them with another seed.
    let offset = usize::try_from(seed).unwrap_or_default() % nth;
    let cases: Vec<&Case> = all.iter().skip(offset).step_by(nth).collect();
    let bar = progress(cases.len() + Drill::ALL.len());
    for drill in Drill::ALL {
        bar.set_message(drill.name());
        let run = drills::run(ground, seed, drill).await?;
        bar.suspend(|| verdict.add(run));
        bar.inc(1);
    }
    for (number, one) in (1..).zip(cases) {
        bar.set_message(one.name());
        let (run, _) = case(ground, seed, number, Some(one)).await?;
        bar.suspend(|| verdict.add(run));
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
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

type Statements = Vec<(String, String)>;

async fn case(
    ground: &Ground,
    seed: u64,
    number: usize,
    case: Option<&Case>,
) -> Result<(Run, Statements)> {
    let setting = Setting {
        name: format!("case-{number}"),
        leads: LEADS,
        seed,
        environments: 2,
        batch_size: BATCH,
        vary: false,
        copies: 1,
        points: case.map(Case::points).unwrap_or_default().to_owned(),
        rate: None,
        mails_wait: false,
    };
    let stage = Stage::open(ground, setting).await?;
    let ses = stage.internet.ses();
    ses.behave(|ses| {
        ses.next_fate(1, Fate::HardBounce)
            .next_fate(1, Fate::Complained)
    });
    if let Some(Case::Cut {
        actor,
        statement,
        when,
    }) = case
    {
        stage.proxy.cuts().next(actor, statement, *when, 1);
    }
    stage.collect().await?;
    let mut rests = stage.rest().await?;
    // Some who got a mail want no other.
    let got = ses.handovers().into_iter().filter(|mail| mail.accepted);
    for send in got.filter_map(|mail| mail.send_id?.parse().ok()).take(NOES) {
        stage.unsubscribe(send).await?;
    }
    rests &= stage.rest().await?;

    let name = case.map_or_else(|| "no fault".to_owned(), Case::name);
    let happened = case.is_some_and(|case| match case {
        Case::Point { entry } => stage.happened(entry),
        Case::Cut { .. } => stage.proxy.cuts().made() > 0,
    });
    let mut evidence = stage.evidence().await?;
    evidence.disturbed = happened;
    if !rests {
        evidence
            .noticed
            .push(noticed("nothing is lost", "it never came to rest"));
    }
    if !happened && case.is_some_and(Case::must_happen) {
        evidence
            .noticed
            .push(noticed("every point is passed", "nothing went wrong here"));
    }
    let run = Run::of(name, happened, &evidence);
    let statements = stage
        .proxy
        .cuts()
        .statements()
        .map(|(a, s)| (a.to_owned(), s.to_owned()))
        .collect();
    stage.close(!run.findings.is_empty()).await?;
    Ok((run, statements))
}

pub(crate) fn noticed(invariant: &str, subject: &str) -> Violation {
    Violation {
        invariant: invariant.to_owned(),
        subject: subject.to_owned(),
    }
}
