//! The environment of one run: a database, queues, SES and a model of its own, and the functions as
//! processes behind wires. Only the PostgreSQL server is shared.

mod wiring;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use shared::config::Secret;
use shared::db::operator::{breakers, close_breaker};
use shared::db::{self, PgConnection, PgPool};
use shared::domain::ids::SendId;
use shared::domain::unsubscribe::UnsubscribeKeys;
use simulated::{Queue, Settings as StandIns, Simulated};

use super::binaries::Binaries;
use super::cluster::Cluster;
use super::oracle::Evidence;
use super::people;
use super::wires::Wires;
use crate::lambda::{Config, Function, HttpRequest, Simulator};
use crate::postgres_log::LogMark;
use crate::sql::invariants::Violation;
use crate::sql::{figures, interventions, invariants};
use crate::{migrate, paths, wait};

/// Of the functions' addresses and unsubscribe tokens; no secret.
const HASH_KEY: &str = "0707070707070707070707070707070707070707070707070707070707070707";
/// Much longer than a run needs: work that is left by then never ends.
const QUIESCE_LIMIT: Duration = Duration::from_secs(120);
const AN_HOUR: Duration = Duration::from_hours(1);
/// Hours that may pass until no work is left.
const HOURS: u32 = 24;

/// What all runs share.
#[derive(Debug)]
pub(crate) struct Lab {
    pub(crate) cluster: Cluster,
    pub(crate) binaries: Binaries,
    /// Where runs keep their lists and logs.
    pub(crate) folder: PathBuf,
}

/// How a run is set up.
#[derive(Debug, Clone)]
pub(crate) struct TestBedConfig {
    pub(crate) name: String,
    pub(crate) leads: u32,
    pub(crate) seed: u64,
    pub(crate) environments: usize,
    pub(crate) batch_size: usize,
    /// Whether size and order of batches are drawn.
    pub(crate) vary: bool,
    /// Every message comes so many times.
    pub(crate) copies: u32,
    /// Campaigns that read the same lists.
    pub(crate) campaigns: usize,
    /// Mails a day of each campaign.
    pub(crate) daily_cap: i32,
    /// Mails a second, for the sender and for SES.
    pub(crate) rate: Option<f64>,
    /// Whether mails wait until they are let go.
    pub(crate) mails_wait: bool,
}

impl TestBedConfig {
    /// A small run: nine leads, three to a batch, two processes of each function.
    pub(crate) fn small(name: String, seed: u64) -> Self {
        Self {
            name,
            leads: 9,
            seed,
            environments: 2,
            batch_size: 3,
            vary: false,
            copies: 1,
            campaigns: 2,
            daily_cap: 1_000_000,
            rate: None,
            mails_wait: false,
        }
    }
}

/// A run under way.
pub(crate) struct TestBed<'a> {
    lab: &'a Lab,
    config: TestBedConfig,
    folder: PathBuf,
    log: LogMark,
    pub(crate) pool: PgPool,
    pub(crate) wires: Arc<Wires>,
    pub(crate) stand_ins: Simulated,
    pub(crate) simulator: Simulator,
    functions: BTreeMap<String, Function>,
    queues: Vec<(Queue, Queue)>,
}

impl<'a> TestBed<'a> {
    /// Sets everything up; nothing runs yet.
    pub(crate) async fn open(lab: &'a Lab, config: TestBedConfig) -> Result<Self> {
        let folder = lab.folder.join(&config.name);
        paths::emptied(&folder)?;
        let log = lab.cluster.log_mark();
        let pool = lab.cluster.create(&config.name).await?;
        let stand_ins = Simulated::start(StandIns {
            seed: config.seed,
            leads: 1,
            ..StandIns::default()
        })?;
        let wires = Wires::new(&lab.cluster.socket(), &config.name, stand_ins.address());
        let simulator = Simulator::start(Config {
            seed: config.seed,
            ..Config::new(folder.join("logs"))
        })
        .await?;
        let mut bed = Self {
            lab,
            config,
            folder,
            log,
            pool,
            wires: Arc::new(wires),
            stand_ins,
            simulator,
            functions: BTreeMap::new(),
            queues: Vec::new(),
        };
        bed.wire();
        let mut conn = db::acquire(&bed.pool).await?;
        people::seed(&mut conn, &bed.folder, &bed.config).await?;
        Ok(bed)
    }

    fn function(&self, name: &str) -> Result<&Function> {
        self.functions
            .get(name)
            .with_context(|| format!("template.yaml has no function {name}"))
    }

    /// Has the collector read the lists. What an interrupted run leaves is read after an hour.
    pub(crate) async fn collect(&self) -> Result<()> {
        self.function("collector")?.sweep().await;
        Ok(())
    }

    /// Waits until every lead was enriched.
    pub(crate) async fn enriched(&self) -> Result<()> {
        let mut conn = db::acquire(&self.pool).await?;
        let pause = Duration::from_millis(100);
        wait::until(
            "the leads to be enriched",
            QUIESCE_LIMIT,
            pause,
            async || Ok(interventions::is_enriched(&mut conn).await?.then_some(())),
        )
        .await
    }

    /// Fires the schedules of the functions that sweep; false when one of them failed.
    pub(crate) async fn sweep(&self) -> Result<bool> {
        let mut answered = true;
        for name in ["collector", "enricher", "sender"] {
            let swept = self.function(name)?.sweep().await;
            answered &= swept.outcome.answer().is_some();
        }
        Ok(answered)
    }

    /// A person unsubscribes by the link of this send, as often as it takes until the page confirms
    /// it.
    pub(crate) async fn unsubscribe(&self, send: i64) -> Result<()> {
        let keys = UnsubscribeKeys::parse(&format!("k1:{HASH_KEY}"))?;
        let token = keys.sign(SendId(send));
        let web = self.function("web")?;
        for _ in 0..6 {
            let request = HttpRequest::new("POST", format!("/u/{token}"));
            let reply = web
                .request(request.form("List-Unsubscribe=One-Click"))
                .await;
            if reply.status == 200 {
                return Ok(());
            }
        }
        bail!("no attempt to unsubscribe from send {send} was confirmed")
    }

    /// Makes hidden messages visible, delayed ones too.
    pub(crate) fn redeliver(&self) {
        for (queue, _) in &self.queues {
            queue.release_all();
        }
    }

    /// Sends an unreadable message to a queue.
    pub(crate) fn junk(&self, number: usize) {
        let bodies = ["not json", r#"{"v":99,"id":1}"#, r#"{"id":"x"}"#, ""];
        let queue = self.queues.iter().take(2).cycle().nth(number);
        let body = bodies.iter().cycle().nth(number);
        if let (Some((queue, _)), Some(body)) = (queue, body) {
            queue.send(body, Duration::ZERO);
        }
    }

    /// Lets everything run until no work is left: messages are redelivered, dead-lettered ones too, hours
    /// pass, schedules fire, and an operator closes every breaker. False when the work never ends.
    pub(crate) async fn quiesce(&self) -> Result<bool> {
        let mut still_for = 0;
        for _ in 0..HOURS {
            if self.simulator.quiesce(QUIESCE_LIMIT).await.is_err() {
                return Ok(false);
            }
            let mut conn = db::acquire(&self.pool).await?;
            interventions::pass(&mut conn, AN_HOUR).await?;
            let mut moved = close_breakers(&mut conn).await?;
            for (queue, dead) in &self.queues {
                moved += queue.counts().delayed + dead.redrive_to(queue);
                queue.release_all();
            }
            let before = self.published();
            let answered = self.sweep().await?;
            if self.simulator.quiesce(QUIESCE_LIMIT).await.is_err() {
                return Ok(false);
            }
            let still = answered && moved == 0 && self.published() == before;
            still_for = if still { still_for + 1 } else { 0 };
            if still_for == 2 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn published(&self) -> u64 {
        self.queues
            .iter()
            .map(|(queue, _)| queue.counts().sent)
            .sum()
    }

    /// The evidence that the run leaves.
    pub(crate) async fn evidence(&self, quiesced: bool) -> Result<Evidence> {
        let mut conn = db::acquire(&self.pool).await?;
        // SES's events hold the address of the mail; nothing else may.
        let ours = self.queues.iter().take(2);
        let queues =
            ours.map(|(queue, _)| (format!("queue {}", queue.name()), queue.bodies().join("\n")));
        let logs = self.simulator.logs()?.into_iter();
        let texts = queues.chain(logs.map(|(file, text)| (format!("log {file}"), text)));
        let mut violations = invariants::violations(&mut conn).await?;
        let deadlocks = self.log.deadlocks()?.into_iter();
        violations.extend(deadlocks.map(|entry| Violation::new("nothing deadlocks", entry)));
        if !quiesced {
            violations.push(Violation::new("nothing is lost", "it never quiesced"));
        }
        let recount = figures::recount(&mut conn).await?.differences.into_iter();
        violations
            .extend(recount.map(|of| Violation::new("figures equal their rows", of.to_string())));
        Ok(Evidence {
            violations,
            mails: invariants::mails(&mut conn).await?,
            counts: invariants::counts(&mut conn).await?,
            leads: i64::from(self.config.leads),
            handovers: self.stand_ins.ses().handovers(),
            questions: self.stand_ins.ledger(),
            texts: texts.collect(),
            canary: people::CANARY.to_owned(),
            ..Evidence::default()
        })
    }

    /// Ends the run and drops its database. Its lists and logs stay where something was found.
    pub(crate) async fn close(self, keep: bool) -> Result<()> {
        let Self {
            lab,
            config,
            folder,
            pool,
            simulator,
            ..
        } = self;
        drop(simulator);
        pool.close().await;
        if !keep {
            lab.cluster.remove(&config.name).await?;
            std::fs::remove_dir_all(folder)?;
        }
        Ok(())
    }

    /// Another connection, for what must not wait for the harness's own.
    pub(crate) fn another_pool(&self) -> Result<PgPool> {
        let url = Secret::new(self.lab.cluster.url(&self.config.name));
        migrate::pool(url.expose())
    }

    /// Stops PostgreSQL as a power cut does, and starts it again.
    pub(crate) async fn crash_postgres(&self) -> Result<()> {
        self.lab.cluster.crash().await
    }
}

/// Closes every open breaker, so that what it held back is due; answers how many.
async fn close_breakers(conn: &mut PgConnection) -> Result<usize> {
    let mut closed = 0;
    for breaker in breakers(conn, None).await? {
        if breaker.opened_at.is_some() {
            close_breaker(conn, &breaker.campaign, "chaos", None).await?;
            closed += 1;
        }
    }
    Ok(closed)
}
