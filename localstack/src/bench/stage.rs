//! The environment of one measurement: a database of its own, queues, SES and a model of its own, and the
//! functions as processes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::json;
use shared::db::campaigns::{self, NewCampaign};
use shared::db::{self, PgPool, sources};

use crate::sql::measures;
use simulated::{Envelope, Queue, QueueSettings, Settings as StandInSettings, Simulated};

use super::filled;
use crate::chaos::Binaries;
use crate::chaos::cluster::Cluster;
use crate::lambda::{Config, Function, FunctionSpec, Mapping, Simulator};
use crate::lists::{self, Row};
use crate::settings::Settings;

/// Of the functions' addresses and unsubscribe tokens; no secret.
const KEY: &str = "0707070707070707070707070707070707070707070707070707070707070707";
const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:ses-events";
/// The queues, each with its function and how that reads it, as in template.yaml.
const QUEUES: [(&str, &str, usize, Duration); 3] = [
    ("enrich", "enricher", 10, Duration::ZERO),
    ("outreach", "sender", 25, Duration::from_secs(1)),
    ("feedback", "feedback", 100, Duration::from_secs(1)),
];

/// What all measurements share.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) settings: Settings,
    pub(super) cluster: Cluster,
    pub(super) binaries: Binaries,
    /// Where measurements keep their lists and logs.
    pub(super) folder: PathBuf,
    /// The filled database that measurements get a copy of; none: an empty one.
    pub(super) template: Option<String>,
}

/// How a measurement is set up.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub(super) name: &'static str,
    /// How many people stand on the list.
    pub(super) leads: u32,
    /// Processes of each function.
    pub(super) environments: usize,
    /// How long the model takes to answer.
    pub(super) model_latency: Duration,
    /// Mails a second that SES takes; none: as many as come.
    pub(super) rate: Option<f64>,
    /// Every message to the sender comes so many times.
    pub(super) copies: u32,
}

/// A measurement under way.
pub(super) struct Stage<'a> {
    pub(super) ground: &'a Ground,
    pub(super) setting: Setting,
    pub(super) pool: PgPool,
    pub(super) stand_ins: Simulated,
    pub(super) simulator: Simulator,
    functions: BTreeMap<String, Function>,
    queues: BTreeMap<&'static str, Queue>,
}

impl<'a> Stage<'a> {
    /// Sets everything up; nothing runs and no queue is read yet.
    pub(super) async fn open(ground: &'a Ground, setting: Setting) -> Result<Self> {
        let folder = ground.folder.join(setting.name);
        fresh(&folder)?;
        ground.cluster.remove(setting.name).await?;
        let pool = match &ground.template {
            Some(template) => filled::copy(&ground.cluster, template, setting.name).await?,
            None => ground.cluster.create(setting.name).await?,
        };
        let stand_ins = Simulated::start(StandInSettings {
            leads: 1,
            ..StandInSettings::default()
        })?;
        let millis = u64::try_from(setting.model_latency.as_millis())?;
        stand_ins.model(|model| model.latency_ms(millis, 0));
        if let Some(rate) = setting.rate {
            stand_ins.ses().configure(|ses| ses.rate(rate));
        }
        let queues = QUEUES.map(|(name, ..)| {
            let settings = QueueSettings {
                visibility_timeout: Duration::from_secs(360),
                dead_letters: None,
            };
            (name, stand_ins.sqs().create(name, settings))
        });
        let mut stage = Self {
            ground,
            pool,
            simulator: Simulator::start(Config::new(folder.join("logs"))).await?,
            functions: BTreeMap::new(),
            queues: queues.into(),
            stand_ins,
            setting,
        };
        stage.add_functions();
        let feedback = stage.queue("feedback")?;
        stage.stand_ins.ses().publish_to(feedback, Envelope::Raw);
        stage.queue("outreach")?.copies(stage.setting.copies);
        let list = folder.join("list.csv");
        lists::write(&list, (0..stage.setting.leads).map(Row::runner))?;
        stage.add_source(&list).await?;
        Ok(stage)
    }

    fn add_functions(&mut self) {
        let url = self.ground.cluster.url(self.setting.name);
        let queue_url = |name: &str| {
            let queue = self.queues.get(name);
            queue.map_or_else(String::new, |queue| self.stand_ins.queue_url(queue))
        };
        let mut variables = variables(&url, queue_url);
        variables.push(("OPENAI_BASE_URL", self.stand_ins.openai_base()));
        let issuer = self.stand_ins.issuer();
        let client = issuer.client();
        variables.extend([
            ("OIDC_ISSUER", issuer.url().to_owned()),
            ("OIDC_CLIENT_ID", client.id.clone()),
            ("OIDC_API_AUDIENCE", client.api_audience.clone()),
            ("CONSOLE_SESSION_KEYS", format!("k1:{KEY}")),
        ]);
        if self.setting.rate.is_none() {
            variables.push(("SES_MAX_PER_SECOND", "1000000".to_owned()));
        }
        for (name, binary) in &self.ground.binaries {
            let spec = FunctionSpec::new(name, binary)
                .aws(self.stand_ins.aws_base())
                .environments(self.setting.environments)
                .timeout(Duration::from_secs(300));
            let spec = variables
                .iter()
                .fold(spec, |spec, (name, value)| spec.variable(*name, value));
            let function = self.simulator.function(spec);
            self.functions.insert(name.clone(), function);
        }
    }

    async fn add_source(&self, list: &Path) -> Result<()> {
        let mut conn = db::acquire(&self.pool).await?;
        measures::show_statements(&mut conn).await?;
        let campaign = NewCampaign {
            name: "bench",
            offer: "A partner programme for people who publish about what they do well: 20 % of \
                    every sale for twelve months, paid monthly.",
            audience: "People who publish about one subject and are open to working with brands.",
            daily_cap: 10_000_000,
            basis_rules: &json!({}),
            hours: None,
        };
        let campaign = campaigns::upsert(&mut conn, &campaign).await?;
        let params = json!({ "file": list });
        sources::upsert(&mut conn, campaign, "list", "csv", &params).await?;
        measures::checkpoint(&mut conn).await?;
        Ok(())
    }

    /// Lets the function of this queue read it, from now on.
    pub(super) fn read(&self, queue: &str) -> Result<()> {
        let (name, function, batch_size, window) = QUEUES
            .into_iter()
            .find(|(name, ..)| *name == queue)
            .context("no function reads this queue")?;
        let mapping = Mapping {
            batch_size,
            window,
            ..Mapping::default()
        };
        let function = self.function(function)?;
        self.simulator.map(self.queue(name)?, function, mapping);
        Ok(())
    }

    pub(super) fn queue(&self, name: &str) -> Result<&Queue> {
        self.queues.get(name).context("there is no such queue")
    }

    pub(super) fn function(&self, name: &str) -> Result<&Function> {
        self.functions
            .get(name)
            .with_context(|| format!("template.yaml has no function {name}"))
    }

    /// Has a function work on its schedule, to its end.
    pub(super) async fn fire(&self, name: &str) -> Result<()> {
        let run = self.function(name)?.sweep().await;
        if run.outcome.answer().is_none() {
            bail!("the {name} failed: {:?}", run.outcome);
        }
        Ok(())
    }

    /// Ends every process, and answers when the last has left the database.
    pub(super) async fn end_functions(&self) -> Result<()> {
        for function in self.functions.values() {
            function.kill_all();
        }
        let mut conn = db::acquire(&self.pool).await?;
        crate::wait::until(
            "the functions to leave the database",
            Duration::from_secs(30),
            Duration::from_millis(20),
            async || Ok((measures::others(&mut conn).await? == 0).then_some(())),
        )
        .await
    }

    /// Ends the measurement and drops its database.
    pub(super) async fn close(self) -> Result<()> {
        let name = self.setting.name;
        drop(self.simulator);
        self.pool.close().await;
        self.ground.cluster.remove(name).await?;
        fs::remove_dir_all(self.ground.folder.join(name))?;
        Ok(())
    }
}

/// What every function reads; the queues' addresses by name.
pub(super) fn variables(
    database: &str,
    queue_url: impl Fn(&str) -> String,
) -> Vec<(&'static str, String)> {
    let fixed = [
        ("RECIPIENT_HASH_KEY", KEY),
        ("FEEDBACK_TOPIC_ARN", TOPIC),
        ("OPENAI_API_KEY", "none"),
        ("MODEL_DAILY_BUDGET_USD", "100000"),
        ("SENDING_ENABLED", "true"),
        ("SENDER_ADDRESS", "partners@mail.example.com"),
        ("SENDER_NAME", "Ana at Example"),
        ("POSTAL_ADDRESS", "Example Ltd, 1 High Street, Lisbon"),
        ("PUBLIC_BASE_URL", "https://app.example.com/"),
        ("CONSOLE_ORIGIN", "https://console.example.com"),
        ("SES_CONFIGURATION_SET", "outreach"),
        ("SES_MAX_PER_DAY", "10000000"),
        ("RAMP_START", "10000000"),
        ("RAMP_CAP", "10000000"),
        ("DOMAIN_SPACING_SECONDS", "0"),
    ];
    let mut variables: Vec<_> = fixed
        .into_iter()
        .map(|(name, value)| (name, value.to_owned()))
        .collect();
    variables.extend([
        ("DATABASE_URL", database.to_owned()),
        ("UNSUBSCRIBE_KEYS", unsubscribe_keys()),
        ("ENRICH_QUEUE_URL", queue_url("enrich")),
        ("OUTREACH_QUEUE_URL", queue_url("outreach")),
        ("FEEDBACK_QUEUE_URL", queue_url("feedback")),
        ("FEEDBACK_DEAD_LETTER_QUEUE_URL", queue_url("feedback")),
        // Read by the console, whose start is measured.
        ("ENRICH_DEAD_LETTER_QUEUE_URL", queue_url("enrich")),
        ("OUTREACH_DEAD_LETTER_QUEUE_URL", queue_url("outreach")),
    ]);
    variables
}

/// The keys of the tokens in the mails.
pub(super) fn unsubscribe_keys() -> String {
    format!("k1:{KEY}")
}

fn fresh(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))
}
