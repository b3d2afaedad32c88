//! Moments that chance hardly ever meets, brought about on purpose. In each, one guard alone keeps a
//! promise: without the guard, the scenario finds the violation.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use futures::future::join;
use shared::db::operator::{Resolution, resolve};
use shared::db::{self, PgPool, recipients};
use shared::domain::feedback::OptOutWay;
use shared::domain::ids::SendId;
use simulated::{SesFault, Timing};

use super::summary::Run;
use super::test_bed::{Lab, TestBed, TestBedConfig};
use super::wires::{Hold, Side};
use crate::sql::interventions;
use crate::sql::invariants::Violation;
use crate::wait;

const LIMIT: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(10);
/// How long to look whether a transaction waits for a lock.
const BLOCKED: Duration = Duration::from_millis(500);
/// In the first statement that a sender runs once its first claims are committed.
const GRANT: &str = "insert into campaign_counters";
/// In the statement that writes what was decided about claimed sends.
const WRITE: &str = "attempts = s.attempts";
const CALL: &str = "SendRawEmail";
/// Mails a day where quota is scarce.
const CAP: i32 = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scenario {
    /// SES takes a mail and answers with an error.
    LostAnswer,
    /// A recipient opts out between claim and arm.
    OptOutBeforeArm,
    /// A recipient opts out when a sender has decided to arm and has not committed.
    OptOutDuringArm,
    /// A sender arms while an opt-out is under way: it waits for the recipient's lock.
    ArmDuringOptOut,
    /// A campaign's cap has room for two of five mails, and the first two recipients have opted out.
    ScarceQuota,
    /// The answer to an old call comes while a new call, which a person asked for, is under way.
    LateAnswer,
}

impl Scenario {
    pub(crate) const ALL: [Self; 6] = [
        Self::LostAnswer,
        Self::OptOutBeforeArm,
        Self::OptOutDuringArm,
        Self::ArmDuringOptOut,
        Self::ScarceQuota,
        Self::LateAnswer,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::LostAnswer => "an answer is lost",
            Self::OptOutBeforeArm => "an opt-out before arm",
            Self::OptOutDuringArm => "an opt-out during arm",
            Self::ArmDuringOptOut => "arm during an opt-out",
            Self::ScarceQuota => "little quota, and opt-outs first",
            Self::LateAnswer => "a late answer to an old call",
        }
    }
}

/// Brings the moment about and asks the oracle what came of it.
pub(crate) async fn run(lab: &Lab, seed: u64, scenario: Scenario) -> Result<Run> {
    let mut config = TestBedConfig {
        leads: 5,
        batch_size: 10,
        ..TestBedConfig::small(format!("scenario-{scenario:?}").to_lowercase(), seed)
    };
    match scenario {
        Scenario::LateAnswer => (config.leads, config.campaigns) = (1, 1),
        // One sender, and no other: it holds every claim, and only it can wait.
        Scenario::OptOutBeforeArm | Scenario::OptOutDuringArm | Scenario::ArmDuringOptOut => {
            (config.environments, config.campaigns, config.mails_wait) = (1, 1, true);
        }
        Scenario::ScarceQuota => {
            (config.daily_cap, config.campaigns, config.mails_wait) = (CAP, 1, true);
        }
        Scenario::LostAnswer => {}
    }
    let bed = TestBed::open(lab, config).await?;
    let mut violations = Vec::new();
    match scenario {
        Scenario::LostAnswer => lose_answers(&bed).await?,
        Scenario::OptOutBeforeArm => opt_out_before_arm(&bed).await?,
        Scenario::OptOutDuringArm => opt_out_during_arm(&bed).await?,
        Scenario::ArmDuringOptOut => arm_during_opt_out(&bed).await?,
        Scenario::ScarceQuota => violations.extend(use_scarce_quota(&bed).await?),
        Scenario::LateAnswer => answer_late(&bed).await?,
    }
    let quiesced = bed.quiesce().await?;
    let mut evidence = bed.evidence(quiesced).await?;
    evidence.violations.extend(violations);
    let run = Run::of(scenario.name().to_owned(), true, &evidence);
    bed.close(!run.findings.is_empty()).await?;
    Ok(run)
}

async fn lose_answers(bed: &TestBed<'_>) -> Result<()> {
    bed.stand_ins.ses().configure(|ses| {
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
        recipients::unsubscribe(&mut conn, SendId(send), OptOutWay::OneClick).await?;
    }
    hold.release();
    Ok(())
}

/// The sender has read that the recipient may be written to, and has not committed the call. The
/// opt-out waits for it; without a lock on the recipient it is committed first.
async fn opt_out_during_arm(bed: &TestBed<'_>) -> Result<()> {
    let (claimed_hold, claimed, pool) = hold_after_claim(bed).await?;
    let arm = bed.wires.faults().hold("sender", WRITE, Side::Before);
    claimed_hold.release();
    reach(&arm, "a sender to arm").await?;
    let mut conn = db::acquire(&pool).await?;
    let another = bed.another_pool()?;
    let mut looking = db::acquire(&another).await?;
    let send = claimed.first().copied().unwrap_or_default();
    let opt_out = recipients::unsubscribe(&mut conn, SendId(send), OptOutWay::OneClick);
    let release = async {
        // Blocked or done, it has had its chance.
        let _ = tokio::time::timeout(BLOCKED, until_blocked(&mut looking)).await;
        arm.release();
    };
    join(opt_out, release).await.0?;
    Ok(())
}

/// The opt-out has locked the recipient, the sender waits for it, and the opt-out is committed. What
/// the sender read before it had the lock is old.
async fn arm_during_opt_out(bed: &TestBed<'_>) -> Result<()> {
    let (hold, claimed, pool) = hold_after_claim(bed).await?;
    let mut conn = db::acquire(&pool).await?;
    let mut opt_out = db::begin(&mut conn).await?;
    let send = claimed.first().copied().unwrap_or_default();
    recipients::unsubscribe(&mut opt_out, SendId(send), OptOutWay::OneClick).await?;
    hold.release();
    let another = bed.another_pool()?;
    until_blocked(&mut *db::acquire(&another).await?).await?;
    db::commit(opt_out).await?;
    Ok(())
}

/// What was granted to the opt-outs would be missing for those who may get a mail.
async fn use_scarce_quota(bed: &TestBed<'_>) -> Result<Option<Violation>> {
    bed.collect().await?;
    bed.enriched().await?;
    let pool = bed.another_pool()?;
    let mut conn = db::acquire(&pool).await?;
    let queued = interventions::sends_in(&mut conn, "queued").await?;
    ensure!(queued.len() > 3, "only {} sends are planned", queued.len());
    for send in queued.into_iter().take(2) {
        recipients::unsubscribe(&mut conn, SendId(send), OptOutWay::OneClick).await?;
    }
    bed.let_mails_go();
    bed.simulator.quiesce(LIMIT).await?;
    let handovers = bed.stand_ins.ses().handovers();
    let left = handovers.iter().filter(|mail| mail.accepted).count();
    let subject = format!("{left} mails left under a cap of {CAP}");
    let is_used = i32::try_from(left).is_ok_and(|left| left == CAP);
    Ok((!is_used).then(|| Violation::new("the cap is used", subject)))
}

/// SES throttles, and the answer stays on the wire. The lease ends, a person has the mail sent again,
/// another sender is calling, and now the old answer comes.
async fn answer_late(bed: &TestBed<'_>) -> Result<()> {
    // An event would settle the new call before the old answer comes.
    bed.stand_ins.ses().configure(|ses| {
        ses.next(1, SesFault::Throttled)
            .always_timing(Timing::Never)
    });
    let old = bed.wires.faults().hold("sender", CALL, Side::After);
    bed.collect().await?;
    reach(&old, "the first call").await?;
    let pool = bed.another_pool()?;
    let mut conn = db::acquire(&pool).await?;
    interventions::pass(&mut conn, Duration::from_hours(1)).await?;
    bed.sweep().await?;
    for unknown in interventions::sends_in(&mut conn, "unknown").await? {
        resolve(&mut conn, SendId(unknown), Resolution::Resend, None).await?;
    }
    let new = bed.wires.faults().hold("sender", CALL, Side::After);
    bed.sweep().await?;
    reach(&new, "the second call").await?;
    old.release();
    let ended = bed.simulator.invocations().len();
    wait::until("the old call to end", LIMIT, LOOK, async || {
        Ok((bed.simulator.invocations().len() > ended).then_some(()))
    })
    .await?;
    new.release();
    Ok(())
}

/// Stops the sender at the moment it has claimed; answers which sends, and a pool for what follows.
async fn hold_after_claim(bed: &TestBed<'_>) -> Result<(Hold, Vec<i64>, PgPool)> {
    let hold = bed.wires.faults().hold("sender", GRANT, Side::Before);
    bed.collect().await?;
    bed.enriched().await?;
    bed.let_mails_go();
    reach(&hold, "a sender to claim").await?;
    let pool = bed.another_pool()?;
    let mut conn = db::acquire(&pool).await?;
    let claimed = interventions::sends_in(&mut conn, "claimed").await?;
    ensure!(!claimed.is_empty(), "a sender has claimed nothing");
    drop(conn);
    Ok((hold, claimed, pool))
}

async fn reach(hold: &Hold, what: &str) -> Result<()> {
    let reached = tokio::time::timeout(LIMIT, hold.reached()).await;
    reached.with_context(|| format!("waited in vain for {what}"))
}

async fn until_blocked(conn: &mut db::PgConnection) -> Result<()> {
    wait::until("a sender to wait for a lock", LIMIT, LOOK, async || {
        let blocked = interventions::waits_for_lock(conn).await?;
        Ok(blocked.then_some(()))
    })
    .await
}
