//! Moments that chance hardly ever meets, brought about on purpose. Each is where one guard alone
//! keeps a promise: without it, the drill finds the violation.

use std::time::Duration;

use anyhow::Result;
use shared::db::operator::{Resolution, resolve};
use shared::db::{self, PgPool, recipients, trials};
use shared::domain::ids::SendId;
use simulated::{SesFault, Timing};

use super::exhaustive::noticed;
use super::rounds::pause;
use super::stage::{Ground, Setting, Stage};
use super::verdict::Run;
use crate::wait;

const LIMIT: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(10);

/// A moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Drill {
    /// SES takes a mail and answers with an error.
    LostAnswer,
    /// Somebody says no after the gate was asked and before the call is written down.
    NoBeforeArm,
    /// Somebody says no while the statement that writes the call down is under way.
    NoDuringArm,
    /// The answer to an old call comes while a new one, which a person asked for, is under way.
    LateAnswer,
}

impl Drill {
    pub(crate) const ALL: [Self; 4] = [
        Self::LostAnswer,
        Self::NoBeforeArm,
        Self::NoDuringArm,
        Self::LateAnswer,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::LostAnswer => "an answer is lost",
            Self::NoBeforeArm => "a no before the call is written down",
            Self::NoDuringArm => "a no while the call is written down",
            Self::LateAnswer => "a late answer to an old call",
        }
    }

    fn points(self) -> &'static str {
        match self {
            Self::LostAnswer => "",
            Self::NoBeforeArm | Self::NoDuringArm => "sender.waited=delay:1000@1",
            // The old call and the new one, each by the process that comes first.
            Self::LateAnswer => "sender.answered=delay:10000@1,sender.answered=delay:12000@1",
        }
    }
}

/// Brings the moment about and judges what came of it.
pub(crate) async fn run(ground: &Ground, seed: u64, drill: Drill) -> Result<Run> {
    let stage = Stage::open(
        ground,
        Setting {
            name: format!("drill-{drill:?}").to_lowercase(),
            leads: if drill == Drill::LateAnswer { 1 } else { 5 },
            seed,
            environments: 2,
            batch_size: 10,
            vary: false,
            copies: 1,
            points: drill.points().to_owned(),
            rate: None,
            mails_wait: false,
        },
    )
    .await?;
    match drill {
        Drill::LostAnswer => lose_answers(&stage).await?,
        Drill::NoBeforeArm => say_no_before(&stage).await?,
        Drill::NoDuringArm => say_no_during(&stage).await?,
        Drill::LateAnswer => answer_late(&stage).await?,
    }
    let rests = stage.rest().await?;
    let mut evidence = stage.evidence().await?;
    if !rests {
        evidence
            .noticed
            .push(noticed("nothing is lost", "it never came to rest"));
    }
    let run = Run::of(drill.name().to_owned(), true, &evidence);
    stage.close(!run.findings.is_empty()).await?;
    Ok(run)
}

async fn lose_answers(stage: &Stage<'_>) -> Result<()> {
    stage.internet.ses().behave(|ses| {
        ses.next(2, SesFault::AcceptServerError)
            .next(2, SesFault::AcceptReset)
    });
    stage.collect().await
}

/// The sender waits between claim and arm; meanwhile everybody whose mail it holds says no.
async fn say_no_before(stage: &Stage<'_>) -> Result<()> {
    stage.collect().await?;
    let (pool, other) = (stage.another_pool()?, stage.another_pool()?);
    let held = claimed(&pool).await?;
    let mut conn = db::acquire(&other).await?;
    for send in held {
        recipients::unsubscribe(&mut conn, SendId(send)).await?;
    }
    Ok(())
}

/// A neighbour holds the sends' rows when the sender arms, so that its statement waits in the middle.
/// The mailbox is locked by then, and a no waits in turn; or it is not, and the no is committed first.
async fn say_no_during(stage: &Stage<'_>) -> Result<()> {
    stage.collect().await?;
    let pool = stage.another_pool()?;
    let sends = claimed(&pool).await?;
    let mut neighbour = db::acquire(&pool).await?;
    let mut held = db::begin(&mut neighbour).await?;
    trials::hold_claimed(&mut held, 10).await?;
    // The sender has begun to arm by then.
    pause(Duration::from_millis(1_800)).await;
    let other = stage.another_pool()?;
    let mut conn = db::acquire(&other).await?;
    if let Some(send) = sends.first() {
        let no = recipients::unsubscribe(&mut conn, SendId(*send));
        // It waits, as it must: the person is told so when the sender is done.
        if let Ok(told) = tokio::time::timeout(Duration::from_millis(500), no).await {
            told?;
        }
    }
    drop(held);
    Ok(())
}

/// SES throttles, and the sender is stuck before it can say so. Its lease ends, a person plans the
/// mail again, another sender is calling, and now the old answer comes.
async fn answer_late(stage: &Stage<'_>) -> Result<()> {
    let ses = stage.internet.ses();
    // An event would settle the new call before the old answer comes.
    ses.behave(|ses| {
        ses.next(1, SesFault::Throttled)
            .always_timing(Timing::Never)
    });
    stage.collect().await?;
    calls(stage, 1).await?;
    let pool = stage.another_pool()?;
    let mut conn = db::acquire(&pool).await?;
    trials::pass_an_hour(&mut conn).await?;
    stage.sweep().await?;
    for unknown in trials::unknown(&mut conn).await? {
        resolve(&mut conn, SendId(unknown), Resolution::Resend, None).await?;
    }
    stage.sweep().await?;
    calls(stage, 2).await?;
    stage.simulator.rest(LIMIT).await?;
    Ok(())
}

/// Waits until a sender holds sends, and says which.
async fn claimed(pool: &PgPool) -> Result<Vec<i64>> {
    let mut conn = db::acquire(pool).await?;
    wait::until("a sender to claim", LIMIT, LOOK, async || {
        let mut look = db::begin(&mut conn).await?;
        let sends = trials::hold_claimed(&mut look, 10).await?;
        Ok((!sends.is_empty()).then_some(sends))
    })
    .await
}

async fn calls(stage: &Stage<'_>, calls: usize) -> Result<()> {
    wait::until("SES to be called", LIMIT, LOOK, async || {
        let handovers = stage.internet.ses().handovers();
        Ok((handovers.len() >= calls).then_some(()))
    })
    .await
}
