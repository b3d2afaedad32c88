//! Everything goes wrong at once, as the seed has it; then it is let go, and must come to rest.

use std::time::{Duration, Instant};

use anyhow::Result;
use futures::future::{join, join_all};
use shared::db::{self, recipients, trials};
use shared::domain::ids::SendId;

use super::args::ChaosArgs;
use super::exhaustive::{noticed, progress};
use super::plan::{Happening, Plan};
use super::stage::{Ground, Setting, Stage};
use super::verdict::{Run, Verdict};

/// Mails a second, for the sender and for SES: fast enough to be tried often, slow enough to hold.
const RATE: f64 = 100.0;
/// Where mails do not leave, everything happens by then all the same.
const LONGEST: Duration = Duration::from_secs(20);
/// How long a slow neighbour holds rows back.
const HELD: Duration = Duration::from_millis(60);
const LOOK: Duration = Duration::from_millis(15);

/// Runs the rounds, and adds what came of them.
pub(crate) async fn run(ground: &Ground, args: &ChaosArgs, verdict: &mut Verdict) -> Result<()> {
    let bar = progress(usize::try_from(args.rounds)?);
    for round in 1..=args.rounds {
        bar.set_message(format!("seed {}, round {round}", args.seed));
        let run = one(ground, args, round).await?;
        bar.suspend(|| verdict.add(run));
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}

async fn one(ground: &Ground, args: &ChaosArgs, round: u32) -> Result<Run> {
    let plan = Plan::of(args.seed, round, args.duplicates);
    let seed = args.seed.wrapping_add(u64::from(round));
    let stage = Stage::open(
        ground,
        Setting {
            name: format!("seed-{}-round-{round}", args.seed),
            leads: args.leads,
            seed,
            environments: args.environments.into(),
            batch_size: 10,
            vary: true,
            copies: plan.copies,
            points: plan.points.clone(),
            rate: Some(RATE),
            mails_wait: false,
        },
    )
    .await?;
    disturb(&stage, &plan, seed);
    let (_, junk) = join(stage.collect(), storm(&stage, &plan, args.leads)).await;
    let cut = calm(&stage);
    stage.collect().await?;
    let rests = stage.rest().await?;

    let mut evidence = stage.evidence().await?;
    evidence.disturbed = true;
    evidence.junk = i64::try_from(junk)?;
    if !rests {
        evidence
            .noticed
            .push(noticed("nothing is lost", "it never came to rest"));
    }
    let run = Run::of(
        format!("seed {}, round {round}", args.seed),
        cut > 0 || !plan.happenings.is_empty(),
        &evidence,
    );
    stage.close(!run.findings.is_empty()).await?;
    Ok(run)
}

fn disturb(stage: &Stage<'_>, plan: &Plan, seed: u64) {
    stage.internet.model(|model| {
        plan.model
            .iter()
            .fold(model, |model, (fault, share)| model.share(*fault, *share))
    });
    stage.internet.ses().behave(|ses| {
        let ses = plan
            .ses
            .iter()
            .fold(ses, |ses, (fault, share)| ses.share(*fault, *share));
        let ses = plan
            .fates
            .iter()
            .fold(ses, |ses, (fate, share)| ses.share_fate(*fate, *share));
        plan.timings.iter().fold(ses, |ses, (timing, share)| {
            ses.share_timing(*timing, *share)
        })
    });
    stage.internet.sqs().faults(|sqs| {
        plan.sqs
            .iter()
            .fold(sqs, |sqs, (fault, share)| sqs.share(*fault, *share))
    });
    stage.proxy.cuts().share(plan.cuts, seed);
}

/// Nothing more goes wrong; answers how many connections were cut.
fn calm(stage: &Stage<'_>) -> u64 {
    stage.internet.model(simulated::ModelKnobs::clear);
    stage.internet.ses().behave(simulated::SesKnobs::clear);
    stage.internet.sqs().faults(simulated::SqsKnobs::clear);
    let mut cuts = stage.proxy.cuts();
    let made = cuts.made();
    cuts.clear();
    made
}

/// Lets everything happen at its time; answers how many messages nobody can read there were. What
/// fails here fails like anything else in a storm. It lasts until there is nothing more to do.
async fn storm(stage: &Stage<'_>, plan: &Plan, leads: u32) -> usize {
    let begun = Instant::now();
    // Some are refused, share a mailbox, or belong to somebody who said no.
    let mails = f64::from(leads) * 0.8;
    let is_due = |at: f64| {
        let left = u32::try_from(stage.internet.ses().handovers().len()).unwrap_or(u32::MAX);
        f64::from(left) >= mails * at || begun.elapsed() >= LONGEST.mul_f64(at)
    };
    let junk = plan
        .happenings
        .iter()
        .filter(|(_, what)| *what == Happening::Junk);
    let numbered = plan.happenings.iter().enumerate();
    join_all(numbered.map(async |(number, (at, what))| {
        while !is_due(*at) {
            pause(LOOK).await;
        }
        let happened = happen(stage, *what, number).await;
        drop(happened);
    }))
    .await;
    // Where it does not come to rest, the calm that follows is for that.
    let rested = stage.simulator.rest(LONGEST).await;
    drop(rested);
    junk.count()
}

async fn happen(stage: &Stage<'_>, what: Happening, number: usize) -> Result<()> {
    match what {
        Happening::Kill => drop(stage.simulator.kill_random()),
        Happening::Unsubscribe => {
            if let Some(person) = somebody(stage, number).await? {
                stage.unsubscribe(person.send).await?;
            }
        }
        Happening::UnsubscribeSlowly => unsubscribe_slowly(stage, number).await?,
        Happening::Erase => {
            if let Some(person) = somebody(stage, number).await? {
                let pool = stage.another_pool()?;
                let mut conn = db::acquire(&pool).await?;
                trials::erase(&mut conn, &person.mailbox).await?;
            }
        }
        Happening::Sweep => drop(stage.sweep().await?),
        Happening::Redeliver => stage.redeliver(),
        Happening::StopPostgres => stage.crash_postgres().await?,
        Happening::Junk => stage.junk(number),
    }
    Ok(())
}

async fn somebody(stage: &Stage<'_>, number: usize) -> Result<Option<trials::Undecided>> {
    let pool = stage.another_pool()?;
    let mut conn = db::acquire(&pool).await?;
    let mut people = trials::undecided(&mut conn, 20).await?;
    let place = number.checked_rem(people.len()).unwrap_or_default();
    Ok((place < people.len()).then(|| people.swap_remove(place)))
}

/// While a neighbour holds rows that are about to be armed, somebody says no. Who arms must have
/// locked the mailbox before, or see the no.
pub(crate) async fn unsubscribe_slowly(stage: &Stage<'_>, number: usize) -> Result<()> {
    let pool = stage.another_pool()?;
    let mut neighbour = db::acquire(&pool).await?;
    let mut held = db::begin(&mut neighbour).await?;
    let sends = trials::hold_claimed(&mut held, 10).await?;
    let place = number.checked_rem(sends.len()).unwrap_or_default();
    if let Some(send) = sends.get(place) {
        pause(HELD).await;
        let pool = stage.another_pool()?;
        let mut conn = db::acquire(&pool).await?;
        let no = recipients::unsubscribe(&mut conn, SendId(*send));
        // Whoever arms waits for the neighbour; who has armed lets the no wait.
        let told = tokio::time::timeout(HELD, no).await;
        drop(held);
        if let Ok(told) = told {
            told?;
        }
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a storm takes its time; nobody waits for a condition here"
)]
pub(crate) async fn pause(wait: Duration) {
    tokio::time::sleep(wait).await;
}
