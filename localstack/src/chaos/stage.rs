//! One run's world: a database of its own, queues, SES and a model of its own, and the functions as
//! processes. Only the PostgreSQL server is shared.

mod wiring;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use shared::config::Secret;
use shared::db::{self, PgPool, trials, verdicts};
use shared::domain::ids::SendId;
use shared::domain::unsubscribe::UnsubscribeKeys;
use simulated::{Queue, Settings as World, Simulated};

use super::binaries::Binaries;
use super::cluster::Cluster;
use super::exhaustive::noticed;
use super::oracle::Evidence;
use super::people;
use super::postgres_proxy::PostgresProxy;
use crate::lambda::{Config, Function, HttpRequest, Simulator};
use crate::postgres_log::LogMark;
use crate::{migrate, wait};

/// Of the functions' addresses and unsubscribe tokens; secret from nobody.
const HASH_KEY: &str = "0707070707070707070707070707070707070707070707070707070707070707";
/// Longer than a run needs by far: whatever is not at rest by then never will be.
const REST_LIMIT: Duration = Duration::from_secs(120);
/// Hours that may pass until nothing moves any more.
const HOURS: u32 = 24;

/// What all runs share.
#[derive(Debug)]
pub(crate) struct Ground {
    pub(crate) cluster: Cluster,
    pub(crate) binaries: Binaries,
    /// Where runs keep their lists and logs.
    pub(crate) folder: PathBuf,
}

/// How a run is set up.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    pub(crate) name: String,
    pub(crate) leads: u32,
    pub(crate) seed: u64,
    pub(crate) environments: usize,
    pub(crate) batch_size: usize,
    /// Whether size and order of batches are drawn.
    pub(crate) vary: bool,
    /// Every message comes so many times.
    pub(crate) copies: u32,
    /// For `FAULTS`, each entry once.
    pub(crate) points: String,
    /// Mails a second, for the sender and for SES.
    pub(crate) rate: Option<f64>,
    /// Whether mails wait until they are let go.
    pub(crate) mails_wait: bool,
}

/// A run under way.
pub(crate) struct Stage<'a> {
    ground: &'a Ground,
    setting: Setting,
    folder: PathBuf,
    log: LogMark,
    pub(crate) pool: PgPool,
    pub(crate) proxy: PostgresProxy,
    pub(crate) internet: Simulated,
    pub(crate) simulator: Simulator,
    functions: BTreeMap<String, Function>,
    queues: Vec<(Queue, Queue)>,
}

impl<'a> Stage<'a> {
    /// Sets everything up; nothing runs yet.
    pub(crate) async fn open(ground: &'a Ground, setting: Setting) -> Result<Self> {
        let folder = ground.folder.join(&setting.name);
        fresh(&folder)?;
        fresh(&folder.join("once"))?;
        let log = ground.cluster.log_mark();
        let pool = ground.cluster.create(&setting.name).await?;
        let proxy = PostgresProxy::start(&ground.cluster.socket()).await?;
        let internet = Simulated::start(World {
            seed: setting.seed,
            leads: 1,
            ..World::default()
        })?;
        let simulator = Simulator::start(Config {
            seed: setting.seed,
            ..Config::new(folder.join("logs"))
        })
        .await?;
        let mut stage = Self {
            ground,
            setting,
            folder,
            log,
            pool,
            proxy,
            internet,
            simulator,
            functions: BTreeMap::new(),
            queues: Vec::new(),
        };
        stage.wire();
        let mut conn = db::acquire(&stage.pool).await?;
        people::settle(&mut conn, &stage.folder, stage.setting.leads).await?;
        Ok(stage)
    }

    fn function(&self, name: &str) -> Result<&Function> {
        self.functions
            .get(name)
            .with_context(|| format!("template.yaml has no function {name}"))
    }

    /// Has the collector read the lists. What it leaves behind when it dies is read after an hour.
    pub(crate) async fn collect(&self) -> Result<()> {
        self.function("collector")?.sweep().await;
        Ok(())
    }

    /// Waits until every lead was looked at.
    pub(crate) async fn enriched(&self) -> Result<()> {
        let mut conn = db::acquire(&self.pool).await?;
        let pause = Duration::from_millis(100);
        wait::until("the leads to be enriched", REST_LIMIT, pause, async || {
            Ok(trials::is_enriched(&mut conn).await?.then_some(()))
        })
        .await
    }

    /// Fires the schedules of whoever sweeps; false when one of them failed.
    pub(crate) async fn sweep(&self) -> Result<bool> {
        let mut answered = true;
        for name in ["collector", "enricher", "sender"] {
            let swept = self.function(name)?.sweep().await;
            answered &= swept.outcome.answer().is_some();
        }
        Ok(answered)
    }

    /// A person unsubscribes by the link of this send, as often as it takes to be told that it is
    /// done.
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
        bail!("nobody listened to a no")
    }

    /// Makes hidden messages visible, delayed ones too.
    pub(crate) fn redeliver(&self) {
        for (queue, _) in &self.queues {
            queue.release_all();
        }
    }

    /// Sends what nobody can read to whoever listens.
    pub(crate) fn junk(&self, number: usize) {
        let bodies = ["not json", r#"{"v":99,"id":1}"#, r#"{"id":"x"}"#, ""];
        let queue = self.queues.iter().take(2).cycle().nth(number);
        let body = bodies.iter().cycle().nth(number);
        if let (Some((queue, _)), Some(body)) = (queue, body) {
            queue.send(body, Duration::ZERO);
        }
    }

    /// Lets everything run until nothing moves: messages come again, given-up ones too, hours pass,
    /// schedules fire. False when something never comes to rest.
    pub(crate) async fn rest(&self) -> Result<bool> {
        let mut calm = 0;
        for _ in 0..HOURS {
            if self.simulator.rest(REST_LIMIT).await.is_err() {
                return Ok(false);
            }
            let mut conn = db::acquire(&self.pool).await?;
            trials::pass_an_hour(&mut conn).await?;
            let mut moved = 0;
            for (queue, dead) in &self.queues {
                moved += queue.counts().delayed + dead.redrive_to(queue);
                queue.release_all();
            }
            let before = self.sent();
            let answered = self.sweep().await?;
            if self.simulator.rest(REST_LIMIT).await.is_err() {
                return Ok(false);
            }
            let still = answered && moved == 0 && self.sent() == before;
            calm = if still { calm + 1 } else { 0 };
            if calm == 2 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn sent(&self) -> u64 {
        self.queues
            .iter()
            .map(|(queue, _)| queue.counts().sent)
            .sum()
    }

    /// Whether this entry of `FAULTS` has happened.
    pub(crate) fn happened(&self, entry: &str) -> bool {
        self.folder.join("once").join(entry).exists()
    }

    /// What is known when it is over.
    pub(crate) async fn evidence(&self) -> Result<Evidence> {
        let mut conn = db::acquire(&self.pool).await?;
        // What SES says of a mail holds its address; everything else must not.
        let ours = self.queues.iter().take(2);
        let queues =
            ours.map(|(queue, _)| (format!("queue {}", queue.name()), queue.bodies().join("\n")));
        let logs = self.simulator.logs()?.into_iter();
        let texts = queues.chain(logs.map(|(file, text)| (format!("log {file}"), text)));
        let mut violations = verdicts::violations(&mut conn).await?;
        let deadlocks = self.log.deadlocks()?.into_iter();
        violations.extend(deadlocks.map(|entry| noticed("nothing deadlocks", &entry)));
        Ok(Evidence {
            violations,
            mails: verdicts::mails(&mut conn).await?,
            counts: verdicts::counts(&mut conn).await?,
            leads: i64::from(self.setting.leads),
            handovers: self.internet.ses().handovers(),
            questions: self.internet.ledger(),
            texts: texts.collect(),
            canary: people::CANARY.to_owned(),
            ..Evidence::default()
        })
    }

    /// Ends the run and forgets its database. Its lists and logs stay where something was found.
    pub(crate) async fn close(self, keep: bool) -> Result<()> {
        let Self {
            ground,
            setting,
            folder,
            pool,
            simulator,
            ..
        } = self;
        drop(simulator);
        pool.close().await;
        if !keep {
            ground.cluster.remove(&setting.name).await?;
            std::fs::remove_dir_all(folder)?;
        }
        Ok(())
    }

    /// Another connection, for what must not wait for the harness's own.
    pub(crate) fn another_pool(&self) -> Result<PgPool> {
        let url = Secret::new(self.ground.cluster.url(&self.setting.name));
        migrate::pool(url.expose())
    }

    /// Stops PostgreSQL in mid-sentence and starts it again.
    pub(crate) async fn crash_postgres(&self) -> Result<()> {
        self.ground.cluster.crash().await
    }
}

fn fresh(folder: &Path) -> Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))
}
