//! Many processes, every message several times, processes killed at random, and a set rate: how much
//! of it is used while there is work, and whether it is ever passed.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use simulated::Handover;

use super::args::ChaosArgs;
use super::rounds::pause;
use super::summary::{Run, Summary};
use super::test_bed::{Lab, TestBed, TestBedConfig};
use crate::output;
use crate::sql::invariants::Violation;

/// The share of the rate that must be used while there is work.
const GOAL: f64 = 0.95;
/// One process is killed every so often.
const KILLS: Duration = Duration::from_secs(4);
const LOOK: Duration = Duration::from_millis(200);
/// Schedules fire that often; in the cloud it is a minute, and a run here is not much longer.
const SWEEPS: Duration = Duration::from_secs(5);
/// The end of a run is not counted: there, the work runs out.
const COUNTED: f64 = 0.9;

pub(crate) async fn run(
    lab: &Lab,
    args: &ChaosArgs,
    rate: f64,
    summary: &mut Summary,
) -> Result<()> {
    let bed = TestBed::open(
        lab,
        TestBedConfig {
            leads: args.leads,
            environments: args.environments.into(),
            batch_size: 10,
            copies: args.duplicates,
            rate: Some(rate),
            mails_wait: true,
            ..TestBedConfig::small(format!("rate-seed-{}", args.seed), args.seed)
        },
    )
    .await?;
    // All the work there is, before the first mail leaves.
    bed.collect().await?;
    bed.enriched().await?;
    bed.let_mails_go();
    let killed = send_and_kill(&bed, rate, args.leads).await?;
    let accepted: Vec<Handover> = bed.stand_ins.ses().handovers();
    let used = utilisation(&accepted, rate);
    let quiesced = bed.quiesce().await?;

    let mut evidence = bed.evidence(quiesced).await?;
    evidence.may_ask_again = true;
    if used < GOAL {
        let subject = format!("{:.1} % of {rate} mails a second", used * 100.0);
        let violation = Violation::new("the rate is used", subject);
        evidence.violations.push(violation);
    }
    output::step(
        "Measured",
        format_args!(
            "{:.1} % of {rate} mails a second, {killed} processes killed, {} at once at most",
            used * 100.0,
            bed.stand_ins.ses().stats().busiest_second,
        ),
    );
    summary.add(Run::of(
        format!("rate {rate}, seed {}", args.seed),
        killed > 0,
        &evidence,
    ));
    bed.close(!summary.is_good()).await
}

/// Kills and sweeps until nearly everything has left, or nothing leaves any more.
async fn send_and_kill(bed: &TestBed<'_>, rate: f64, leads: u32) -> Result<usize> {
    let begun = Instant::now();
    let limit = Duration::from_secs_f64(f64::from(leads) / rate * 3.0 + 60.0);
    let (mut killed, mut killed_at, mut swept_at, mut last) = (0, begun, begun, (0, begun));
    loop {
        pause(LOOK).await;
        let left = bed.stand_ins.ses().handovers().len();
        if left > last.0 {
            last = (left, Instant::now());
        } else if left > 0 && last.1.elapsed() > Duration::from_secs(8) {
            return Ok(killed);
        }
        if begun.elapsed() > limit {
            bail!("{left} mails left within {limit:?}");
        }
        if killed_at.elapsed() > KILLS {
            killed_at = Instant::now();
            killed += usize::from(bed.simulator.kill_random().is_some());
        }
        if swept_at.elapsed() > SWEEPS {
            swept_at = Instant::now();
            bed.sweep().await?;
        }
    }
}

/// Mails that left, as a share of those that could have, from the first to nearly the last.
fn utilisation(handovers: &[Handover], rate: f64) -> f64 {
    let mut times: Vec<i64> = handovers
        .iter()
        .filter(|mail| mail.accepted)
        .map(|mail| mail.at.timestamp_micros())
        .collect();
    times.sort_unstable();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share of a few thousand mails, and minutes in microseconds"
    )]
    let (counted, span) = {
        let counted = (times.len() as f64 * COUNTED) as usize;
        let first = times.first().copied().unwrap_or_default();
        let last = times.get(counted).copied().unwrap_or(first);
        (counted as f64, (last - first) as f64 / 1e6)
    };
    if span > 0.0 {
        counted / span / rate
    } else {
        0.0
    }
}
