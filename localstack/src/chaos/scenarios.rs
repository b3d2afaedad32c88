//! Moments that chance hardly ever meets, brought about on purpose. In each, one guard alone keeps a
//! promise: without the guard, the scenario finds the violation.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use shared::db::operator::{Resolution, resolve};
use shared::db::{self, PgPool, recipients};
use shared::domain::ids::SendId;
use simulated::{SesFault, Timing};

use super::summary::Run;
use super::test_bed::{Lab, TestBed, TestBedConfig};
use super::wires::{Hold, Side};
use crate::sql::interventions;
use crate::wait;

const LIMIT: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(10);
/// What waits for a lock for so long waits for whoever holds it.
const BLOCKED: Duration = Duration::from_millis(500);
/// In the first statement that a sender runs once its claims are committed.
const GRANT: &str = "campaign_counters";
const CALL: &str = "SendRawEmail";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scenario {
    /// SES takes a mail and answers with an error.
    LostAnswer,
    /// A recipient opts out between claim and arm.
    OptOutBeforeArm,
    /// A recipient opts out while a sender arms, and has locked the recipients.
    OptOutDuringArm,
    /// A sender arms while an opt-out is under way: it waits for the recipient's lock.
    ArmDuringOptOut,
    /// The answer to an old call comes while a new call, which a person asked for, is under way.
    LateAnswer,
}

impl Scenario {
    pub(crate) const ALL: [Self; 5] = [
        Self::LostAnswer,
        Self::OptOutBeforeArm,
        Self::OptOutDuringArm,
        Self::ArmDuringOptOut,
        Self::LateAnswer,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::LostAnswer => "an answer is lost",
            Self::OptOutBeforeArm => "an opt-out before arm",
            Self::OptOutDuringArm => "an opt-out during arm",
            Self::ArmDuringOptOut => "arm during an opt-out",
            Self::LateAnswer => "a late answer to an old call",
        }
    }
}

/// Brings the moment about and asks the oracle what came of it.
pub(crate) async fn run(lab: &Lab, seed: u64, scenario: Scenario) -> Result<Run> {
    let config = TestBedConfig {
        leads: if scenario == Scenario::LateAnswer {
            1
        } else {
            5
        },
        batch_size: 10,
        ..TestBedConfig::small(format!("scenario-{scenario:?}").to_lowercase(), seed)
    };
    let bed = TestBed::open(lab, config).await?;
    match scenario {
        Scenario::LostAnswer => lose_answers(&bed).await?,
        Scenario::OptOutBeforeArm => opt_out_before_arm(&bed).await?,
        Scenario::OptOutDuringArm => opt_out_during_arm(&bed).await?,
        Scenario::ArmDuringOptOut => arm_during_opt_out(&bed).await?,
        Scenario::LateAnswer => answer_late(&bed).await?,
    }
    let quiesced = bed.quiesce().await?;
    let evidence = bed.evidence(quiesced).await?;
    let run = Run::of(scenario.name().to_owned(), true, &evidence);
    bed.close(!run.findings.is_empty()).await?;
    Ok(run)
}

async fn lose_answers(bed: &TestBed<'_>) -> Result<()> {
    bed.stand_ins.ses().behave(|ses| {
        ses.next(2, SesFault::AcceptServerError)
            .next(2, SesFault::AcceptReset)
    });
    bed.collect().await
}

/// A sender has claimed: what it has read is old by the time it arms.
async fn opt_out_before_arm(bed: &TestBed<'_>) -> Result<()> {
    let (hold, claimed, pool) = hold_after_claim(bed).await?;
    let mut conn = db::acquire(&pool).await?;
    for send in claimed {
        recipients::unsubscribe(&mut conn, SendId(send)).await?;
    }
    hold.release();
    Ok(())
}

/// The sender waits for the rows of its sends, which somebody else holds. By then it has locked the
/// recipients, and an opt-out waits for it; or it has not, and the opt-out is committed first.
async fn opt_out_during_arm(bed: &TestBed<'_>) -> Result<()> {
    let (hold, claimed, pool) = hold_after_claim(bed).await?;
    let mut other = db::acquire(&pool).await?;
    let mut locked = db::begin(&mut other).await?;
    interventions::lock_sends(&mut locked, &claimed).await?;
    hold.release();
    let another = bed.another_pool()?;
    let mut conn = db::acquire(&another).await?;
    until_blocked(&mut conn).await?;
    if let Some(send) = claimed.first() {
        let opt_out = recipients::unsubscribe(&mut conn, SendId(*send));
        if let Ok(done) = tokio::time::timeout(BLOCKED, opt_out).await {
            done?;
        }
    }
    db::commit(locked).await?;
    Ok(())
}

/// The opt-out has locked the recipient, the sender waits for it, and the opt-out is committed. What
/// the sender read before it had the lock is old.
async fn arm_during_opt_out(bed: &TestBed<'_>) -> Result<()> {
    let (hold, claimed, pool) = hold_after_claim(bed).await?;
    let mut conn = db::acquire(&pool).await?;
    let mut opt_out = db::begin(&mut conn).await?;
    if let Some(send) = claimed.first() {
        recipients::unsubscribe(&mut opt_out, SendId(*send)).await?;
    }
    hold.release();
    let another = bed.another_pool()?;
    until_blocked(&mut *db::acquire(&another).await?).await?;
    db::commit(opt_out).await?;
    Ok(())
}

/// SES throttles, and the answer stays on the wire. The lease ends, a person has the mail sent again,
/// another sender is calling, and now the old answer comes.
async fn answer_late(bed: &TestBed<'_>) -> Result<()> {
    // An event would settle the new call before the old answer comes.
    bed.stand_ins.ses().behave(|ses| {
        ses.next(1, SesFault::Throttled)
            .always_timing(Timing::Never)
    });
    let old = bed.wires.faults().hold("sender", CALL, Side::After);
    bed.collect().await?;
    tokio::time::timeout(LIMIT, old.reached())
        .await
        .context("no first call")?;
    let pool = bed.another_pool()?;
    let mut conn = db::acquire(&pool).await?;
    interventions::pass_an_hour(&mut conn).await?;
    bed.sweep().await?;
    for unknown in interventions::sends_in(&mut conn, "unknown").await? {
        resolve(&mut conn, SendId(unknown), Resolution::Resend, None).await?;
    }
    let new = bed.wires.faults().hold("sender", CALL, Side::After);
    bed.sweep().await?;
    tokio::time::timeout(LIMIT, new.reached())
        .await
        .context("no second call")?;
    old.release();
    let ended = bed.simulator.invocations().len();
    wait::until("the old call to end", LIMIT, LOOK, async || {
        Ok((bed.simulator.invocations().len() > ended).then_some(()))
    })
    .await?;
    new.release();
    Ok(())
}

/// Stops a sender at the moment it has claimed; answers which sends, and a pool for what follows.
async fn hold_after_claim(bed: &TestBed<'_>) -> Result<(Hold, Vec<i64>, PgPool)> {
    let hold = bed.wires.faults().hold("sender", GRANT, Side::Before);
    bed.collect().await?;
    tokio::time::timeout(LIMIT, hold.reached())
        .await
        .context("no sender claimed")?;
    let pool = bed.another_pool()?;
    let mut conn = db::acquire(&pool).await?;
    let claimed = interventions::sends_in(&mut conn, "claimed").await?;
    ensure!(!claimed.is_empty(), "a sender has claimed nothing");
    drop(conn);
    Ok((hold, claimed, pool))
}

async fn until_blocked(conn: &mut db::PgConnection) -> Result<()> {
    wait::until("a sender to wait for a lock", LIMIT, LOOK, async || {
        let blocked = interventions::waits_for_lock(conn).await?;
        Ok(blocked.then_some(()))
    })
    .await
}
