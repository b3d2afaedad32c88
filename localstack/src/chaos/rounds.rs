//! Many faults at once, drawn from the seed; then they are cleared, and everything must quiesce.

use std::time::{Duration, Instant};

use anyhow::Result;
use futures::future::{join, join_all};
use shared::db::{self, recipients};
use shared::domain::feedback::OptOutWay;
use shared::domain::ids::SendId;

use super::args::ChaosArgs;
use super::exhaustive::progress;
use super::plan::{Event, Plan};
use super::summary::{Run, Summary};
use super::test_bed::{Lab, TestBed, TestBedConfig};
use crate::sql::interventions::{self, Reachable};

/// Mails a second, for the sender and for SES: fast enough to be tried often, slow enough to hold.
const RATE: f64 = 100.0;
/// Where mails do not leave, every event happens by then all the same.
const LONGEST: Duration = Duration::from_secs(20);
/// How long another transaction holds rows.
const HELD: Duration = Duration::from_millis(60);
const LOOK: Duration = Duration::from_millis(15);

/// Runs the rounds, and adds their results.
pub(crate) async fn run(lab: &Lab, args: &ChaosArgs, summary: &mut Summary) -> Result<()> {
    let bar = progress(usize::try_from(args.rounds)?);
    for round in 1..=args.rounds {
        bar.set_message(format!("seed {}, round {round}", args.seed));
        let run = one(lab, args, round).await?;
        bar.suspend(|| summary.add(run));
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}

async fn one(lab: &Lab, args: &ChaosArgs, round: u32) -> Result<Run> {
    let plan = Plan::of(args.seed, round, args.duplicates);
    let seed = args.seed.wrapping_add(u64::from(round));
    let bed = TestBed::open(
        lab,
        TestBedConfig {
            leads: args.leads,
            environments: args.environments.into(),
            batch_size: 10,
            vary: true,
            copies: plan.copies,
            rate: Some(RATE),
            ..TestBedConfig::small(format!("seed-{}-round-{round}", args.seed), seed)
        },
    )
    .await?;
    inject(&bed, &plan, seed);
    let (_, junk) = join(bed.collect(), workload(&bed, &plan, args.leads)).await;
    let struck = clear_faults(&bed);
    bed.collect().await?;
    let quiesced = bed.quiesce().await?;

    let mut evidence = bed.evidence(quiesced).await?;
    evidence.may_ask_again = true;
    evidence.junk = i64::try_from(junk)?;
    let run = Run::of(
        format!("seed {}, round {round}", args.seed),
        struck > 0 || !plan.events.is_empty(),
        &evidence,
    );
    bed.close(!run.findings.is_empty()).await?;
    Ok(run)
}

fn inject(bed: &TestBed<'_>, plan: &Plan, seed: u64) {
    bed.stand_ins.model(|model| {
        plan.model
            .iter()
            .fold(model, |model, (fault, share)| model.share(*fault, *share))
    });
    bed.stand_ins.ses().configure(|ses| {
        let ses = plan
            .ses
            .iter()
            .fold(ses, |ses, (fault, share)| ses.share(*fault, *share));
        let ses = plan.results.iter().fold(ses, |ses, (result, share)| {
            ses.share_result(*result, *share)
        });
        plan.timings.iter().fold(ses, |ses, (timing, share)| {
            ses.share_timing(*timing, *share)
        })
    });
    bed.stand_ins.sqs().faults(|sqs| {
        plan.sqs
            .iter()
            .fold(sqs, |sqs, (fault, share)| sqs.share(*fault, *share))
    });
    bed.wires.faults().share(plan.wires, seed);
}

/// Clears the faults; answers how many requests met one on the wires.
fn clear_faults(bed: &TestBed<'_>) -> u64 {
    bed.stand_ins.model(simulated::ModelBehaviour::clear);
    bed.stand_ins
        .ses()
        .configure(simulated::SesBehaviour::clear);
    bed.stand_ins.sqs().faults(simulated::SqsBehaviour::clear);
    let mut faults = bed.wires.faults();
    faults.clear();
    faults.struck()
}

/// Lets every event happen at its time; answers how many messages that cannot be read there were.
/// What fails here fails as everything else does while there are faults. It lasts until there is
/// nothing more to do.
async fn workload(bed: &TestBed<'_>, plan: &Plan, leads: u32) -> usize {
    let begun = Instant::now();
    // Some are refused, share a recipient, or have opted out.
    let mails = f64::from(leads) * 0.8;
    let is_due = |at: f64| {
        let left = u32::try_from(bed.stand_ins.ses().handovers().len()).unwrap_or(u32::MAX);
        f64::from(left) >= mails * at || begun.elapsed() >= LONGEST.mul_f64(at)
    };
    let junk = plan.events.iter().filter(|(_, what)| *what == Event::Junk);
    let numbered = plan.events.iter().enumerate();
    join_all(numbered.map(async |(number, (at, what))| {
        while !is_due(*at) {
            pause(LOOK).await;
        }
        let done = happen(bed, *what, number).await;
        drop(done);
    }))
    .await;
    // What does not quiesce now does so when there are no more faults.
    let quiesced = bed.simulator.quiesce(LONGEST).await;
    drop(quiesced);
    junk.count()
}

async fn happen(bed: &TestBed<'_>, what: Event, number: usize) -> Result<()> {
    match what {
        Event::Kill => drop(bed.simulator.kill_random()),
        Event::Unsubscribe => {
            if let Some(person) = recipient(bed, number).await? {
                bed.unsubscribe(person.send).await?;
            }
        }
        Event::UnsubscribeSlowly => unsubscribe_slowly(bed, number).await?,
        Event::Erase => {
            if let Some(person) = recipient(bed, number).await? {
                let pool = bed.another_pool()?;
                let mut conn = db::acquire(&pool).await?;
                interventions::erase(&mut conn, &person.email_hash).await?;
            }
        }
        Event::Sweep => drop(bed.sweep().await?),
        Event::Redeliver => bed.redeliver(),
        Event::StopPostgres => bed.crash_postgres().await?,
        Event::Junk => bed.junk(number),
    }
    Ok(())
}

async fn recipient(bed: &TestBed<'_>, number: usize) -> Result<Option<Reachable>> {
    let pool = bed.another_pool()?;
    let mut conn = db::acquire(&pool).await?;
    let mut people = interventions::reachable(&mut conn, 20).await?;
    let chosen = number.checked_rem(people.len()).unwrap_or_default();
    Ok((chosen < people.len()).then(|| people.swap_remove(chosen)))
}

/// While another transaction holds rows that are about to be armed, a person opts out. Either the sender
/// has locked the recipient before, or it sees the opt-out.
async fn unsubscribe_slowly(bed: &TestBed<'_>, number: usize) -> Result<()> {
    let pool = bed.another_pool()?;
    let mut neighbour = db::acquire(&pool).await?;
    let mut held = db::begin(&mut neighbour).await?;
    let sends = interventions::lock_claimed(&mut held, 10).await?;
    let chosen = number.checked_rem(sends.len()).unwrap_or_default();
    if let Some(send) = sends.get(chosen) {
        pause(HELD).await;
        let pool = bed.another_pool()?;
        let mut conn = db::acquire(&pool).await?;
        let opt_out = recipients::unsubscribe(&mut conn, SendId(*send), OptOutWay::OneClick);
        // A sender that arms waits for the rows; where it has armed, the opt-out waits for it.
        let done = tokio::time::timeout(HELD, opt_out).await;
        drop(held);
        if let Ok(done) = done {
            done?;
        }
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a fault takes its time; there is no condition to wait for"
)]
pub(crate) async fn pause(wait: Duration) {
    tokio::time::sleep(wait).await;
}
