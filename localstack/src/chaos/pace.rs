//! Many processes, every message several times, processes killed at random, and a set rate: how much
//! of it is used while there is work, and whether it is ever passed.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use simulated::Handover;

use super::args::ChaosArgs;
use super::exhaustive::noticed;
use super::rounds::pause;
use super::stage::{Ground, Setting, Stage};
use super::verdict::{Run, Verdict};
use crate::output;

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
    ground: &Ground,
    args: &ChaosArgs,
    rate: f64,
    verdict: &mut Verdict,
) -> Result<()> {
    let stage = Stage::open(
        ground,
        Setting {
            name: format!("rate-seed-{}", args.seed),
            leads: args.leads,
            seed: args.seed,
            environments: args.environments.into(),
            batch_size: 10,
            vary: false,
            copies: args.duplicates,
            points: String::new(),
            rate: Some(rate),
            mails_wait: true,
        },
    )
    .await?;
    // All the work there is, before the first mail leaves.
    stage.collect().await?;
    stage.enriched().await?;
    stage.let_mails_go();
    let killed = send_and_kill(&stage, rate, args.leads).await?;
    let accepted: Vec<Handover> = stage.internet.ses().handovers();
    let used = utilisation(&accepted, rate);
    let rests = stage.rest().await?;

    let mut evidence = stage.evidence().await?;
    evidence.disturbed = true;
    if !rests {
        evidence
            .noticed
            .push(noticed("nothing is lost", "it never came to rest"));
    }
    if used < GOAL {
        let subject = format!("{:.1} % of {rate} mails a second", used * 100.0);
        evidence.noticed.push(noticed("the rate is used", &subject));
    }
    output::step(
        "Measured",
        format_args!(
            "{:.1} % of {rate} mails a second, {killed} processes killed, {} at once at most",
            used * 100.0,
            stage.internet.ses().stats().busiest_second,
        ),
    );
    verdict.add(Run::of(
        format!("rate {rate}, seed {}", args.seed),
        killed > 0,
        &evidence,
    ));
    stage.close(!verdict.is_good()).await
}

/// Kills and sweeps until nearly everything has left, or nothing leaves any more.
async fn send_and_kill(stage: &Stage<'_>, rate: f64, leads: u32) -> Result<usize> {
    let begun = Instant::now();
    let limit = Duration::from_secs_f64(f64::from(leads) / rate * 3.0 + 60.0);
    let (mut killed, mut killed_at, mut swept_at, mut last) = (0, begun, begun, (0, begun));
    loop {
        pause(LOOK).await;
        let left = stage.internet.ses().handovers().len();
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
            killed += usize::from(stage.simulator.kill_random().is_some());
        }
        if swept_at.elapsed() > SWEEPS {
            swept_at = Instant::now();
            stage.sweep().await?;
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
