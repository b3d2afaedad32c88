//! The model's server goes away in the middle of a run. However long that lasts, every lead ends as it would
//! have without.

use std::time::Duration;

use anyhow::{Result, ensure};
use shared::db;
use simulated::ModelFault;

use super::args::ChaosArgs;
use super::oracle::Finding;
use super::summary::{Run, Summary};
use super::test_bed::{Lab, TestBed, TestBedConfig};
use crate::sql::interventions;
use crate::sql::report::{self, Standing};
use crate::{output, wait};

const LIMIT: Duration = Duration::from_secs(60);
/// Long enough that a run is interrupted in the middle, on any machine.
const LATENCY_MS: u64 = 200;

/// How long the server is away, and how often the schedules fire meanwhile.
const OUTAGES: [(&str, Duration, u32); 3] = [
    ("20 seconds", Duration::from_secs(20), 2),
    ("10 minutes", Duration::from_mins(10), 5),
    ("a day", Duration::from_hours(24), 24),
];

/// Runs the same leads without an outage and with each, and compares where they stand in the end.
pub(super) async fn run(lab: &Lab, args: &ChaosArgs, summary: &mut Summary) -> Result<()> {
    let mut table = output::table([
        "model away",
        "leads that waited",
        "sent",
        "review",
        "refused",
    ]);
    let mut row = |name: &str, waited: usize, standings: &[Standing]| {
        let count = |state| standings.iter().filter(|it| it.state == state).count();
        let states = [waited, count("sent"), count("review"), count("refused")];
        table.add_row(std::iter::once(name.into()).chain(states.map(output::number)));
    };
    let bed = open(lab, args, "none").await?;
    bed.collect().await?;
    let expected = ended(bed, "no outage", summary).await?;
    row("never", 0, &expected);
    for (name, length, steps) in OUTAGES {
        let bed = open(lab, args, name).await?;
        let waited = interrupt(&bed, length / steps, steps).await?;
        let standings = ended(bed, name, summary).await?;
        row(name, waited, &standings);
        let other = standings
            .iter()
            .zip(&expected)
            .find(|(is, must)| is != must);
        if standings.len() != expected.len() || other.is_some() {
            summary.add(Run {
                name: name.to_owned(),
                findings: vec![Finding {
                    invariant: "an outage changes nothing".to_owned(),
                    subject: format!("such as {other:?}"),
                }],
                ..Run::default()
            });
        }
    }
    output::line(table);
    Ok(())
}

async fn open<'a>(lab: &'a Lab, args: &ChaosArgs, name: &str) -> Result<TestBed<'a>> {
    let config = TestBedConfig {
        leads: args.leads,
        // One mail a day for each mailbox: which of two campaigns writes first is chance.
        campaigns: 1,
        ..TestBedConfig::small(format!("outage_{}", name.replace(' ', "_")), args.seed)
    };
    TestBed::open(lab, config).await
}

/// Takes the model away as soon as it has answered, fires the schedules through the outage, and brings it
/// back. Answers how many leads waited.
async fn interrupt(bed: &TestBed<'_>, step: Duration, steps: u32) -> Result<usize> {
    bed.stand_ins.model(|model| model.latency_ms(LATENCY_MS, 0));
    bed.collect().await?;
    wait::until(
        "the model's first answer",
        LIMIT,
        Duration::from_millis(10),
        async || Ok((bed.stand_ins.stats().model.paid_calls > 0).then_some(())),
    )
    .await?;
    bed.stand_ins
        .model(|model| model.always(ModelFault::UnavailableHtml));
    let mut conn = db::acquire(&bed.pool).await?;
    for _ in 0..steps {
        bed.simulator.quiesce(LIMIT).await?;
        interventions::pass(&mut conn, step).await?;
        bed.redeliver();
        bed.sweep().await?;
    }
    bed.simulator.quiesce(LIMIT).await?;
    let waiting = report::waiting_for_model(&mut conn).await?;
    ensure!(
        waiting > 0,
        "the model went away too late: no lead waited for it"
    );
    bed.stand_ins.model(|model| model.clear());
    Ok(waiting)
}

/// Lets the run end; the oracle looks at it as at any other.
async fn ended(bed: TestBed<'_>, name: &str, summary: &mut Summary) -> Result<Vec<Standing>> {
    let quiesced = bed.quiesce().await?;
    let run = Run::of(name.to_owned(), true, &bed.evidence(quiesced).await?);
    let mut conn = db::acquire(&bed.pool).await?;
    let standings = report::standings(&mut conn).await?;
    drop(conn);
    bed.close(!run.findings.is_empty()).await?;
    summary.add(run);
    Ok(standings)
}
