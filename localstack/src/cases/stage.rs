//! What a case runs in: the functions as processes, a database of its own that is emptied for each input, and
//! stand-ins for SQS, SES, the model and X.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use shared::db::campaigns::{self, NewCampaign};
use shared::db::{self, PgPool, sources};
use simulated::{GivenAnswer, Queue, QueueSettings, Settings, Simulated};

use super::expectation::at;
use crate::lambda::{Config, Function, FunctionSpec, Mapping, Outcome, Simulator};
use crate::lists::{self, Row};
use crate::migrate;
use crate::sql::cases;

/// Of the functions' addresses and unsubscribe tokens; no secret.
pub(super) const KEY: &str = "0707070707070707070707070707070707070707070707070707070707070707";
/// Where a page says that a person can write to.
pub(super) const CONTACT: &str = "partners@mail.example.com";
const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:outreach-feedback";
/// Much longer than any input needs.
const LIMIT: Duration = Duration::from_secs(60);
/// Of an invocation: the collector begins no page when less than a minute is left.
const TIMEOUT: Duration = Duration::from_secs(300);
/// A message that was received so often without success is dead-lettered.
const MOST_RECEIVES: u32 = 5;
/// The queues, each with the function that reads it; nobody reads the mails unless a case is about them.
const QUEUES: [(&str, Option<&str>); 3] = [
    ("enrich", Some("enricher")),
    ("outreach", None),
    ("feedback", Some("feedback")),
];

/// What the cases are run with.
#[derive(Debug, Clone)]
pub struct Ground {
    /// The binary of each function.
    pub binaries: BTreeMap<String, PathBuf>,
    /// A migrated database in which nothing else happens: it is emptied.
    pub database_url: String,
    /// For lists and logs.
    pub folder: PathBuf,
}

/// The set-up under way.
pub(super) struct Stage {
    /// Of one connection: nothing of it is held while a function works.
    pub(super) pool: PgPool,
    pub(super) stand_ins: Simulated,
    simulator: Simulator,
    functions: BTreeMap<String, Function>,
    queues: BTreeMap<String, Queue>,
    folder: PathBuf,
    /// Queues that a function reads.
    mapped: BTreeSet<String>,
    /// Invocations that ended before the input of now.
    seen: usize,
}

impl Stage {
    pub(super) async fn open(ground: &Ground) -> Result<Self> {
        let stand_ins = Simulated::start(Settings {
            leads: 0,
            ..Settings::default()
        })?;
        let mut queues = BTreeMap::new();
        for (name, _) in QUEUES {
            let dead_name = format!("{name}-dead");
            let dead = stand_ins.sqs().create(&dead_name, QueueSettings::default());
            let settings = QueueSettings {
                visibility_timeout: Duration::from_secs(180),
                dead_letters: Some((dead.clone(), MOST_RECEIVES)),
            };
            queues.insert(name.to_owned(), stand_ins.sqs().create(name, settings));
            queues.insert(dead_name, dead);
        }
        let mut stage = Self {
            pool: migrate::pool(&ground.database_url)?,
            simulator: Simulator::start(Config::new(ground.folder.join("logs"))).await?,
            stand_ins,
            functions: BTreeMap::new(),
            queues,
            folder: ground.folder.clone(),
            mapped: BTreeSet::new(),
            seen: 0,
        };
        stage.add_functions(ground);
        for (queue, function) in QUEUES {
            if let Some(function) = function {
                stage.read(queue, function)?;
            }
        }
        Ok(stage)
    }

    fn add_functions(&mut self, ground: &Ground) {
        let queue_url = |name: &str| {
            let queue = self.queues.get(name);
            queue.map_or_else(String::new, |queue| self.stand_ins.queue_url(queue))
        };
        let variables = [
            ("RECIPIENT_HASH_KEY", KEY.to_owned()),
            ("UNSUBSCRIBE_KEYS", keys()),
            ("ENRICH_QUEUE_URL", queue_url("enrich")),
            ("OUTREACH_QUEUE_URL", queue_url("outreach")),
            ("FEEDBACK_QUEUE_URL", queue_url("feedback")),
            ("FEEDBACK_DEAD_LETTER_QUEUE_URL", queue_url("feedback-dead")),
            ("FEEDBACK_TOPIC_ARN", TOPIC.to_owned()),
            ("OPENAI_API_KEY", "none".to_owned()),
            ("OPENAI_BASE_URL", self.stand_ins.openai_base()),
            ("X_BEARER_TOKEN", "none".to_owned()),
            ("X_API_BASE", self.stand_ins.x_base()),
            ("SENDING_ENABLED", "true".to_owned()),
            ("SENDER_ADDRESS", CONTACT.to_owned()),
            ("SENDER_NAME", "Ana at Example".to_owned()),
            (
                "POSTAL_ADDRESS",
                "Example Ltd, 1 High Street, Lisbon".to_owned(),
            ),
            ("PUBLIC_BASE_URL", "https://app.example.com/".to_owned()),
            ("SES_CONFIGURATION_SET", "outreach".to_owned()),
            ("SES_MAX_PER_SECOND", "1000".to_owned()),
            ("SES_MAX_PER_DAY", "1000000".to_owned()),
            ("RAMP_START", "1000000".to_owned()),
            ("RAMP_CAP", "1000000".to_owned()),
            ("DOMAIN_SPACING_SECONDS", "0".to_owned()),
        ];
        for (name, binary) in &ground.binaries {
            let spec = FunctionSpec::new(name, binary)
                .aws(self.stand_ins.aws_base())
                .timeout(TIMEOUT)
                .variable("DATABASE_URL", as_role(&ground.database_url, name));
            let spec = variables
                .iter()
                .fold(spec, |spec, (name, value)| spec.variable(*name, value));
            let function = self.simulator.function(spec);
            self.functions.insert(name.clone(), function);
        }
    }

    /// Lets a function read a queue, from now on.
    pub(super) fn read(&mut self, queue: &str, function: &str) -> Result<()> {
        if !self.mapped.insert(queue.to_owned()) {
            return Ok(());
        }
        let (queue, function) = (self.queue(queue)?, self.function(function)?);
        self.simulator.map(queue, function, Mapping::default());
        Ok(())
    }

    pub(super) fn function(&self, name: &str) -> Result<&Function> {
        self.functions
            .get(name)
            .with_context(|| format!("there is no binary of {name}"))
    }

    pub(super) fn queue(&self, name: &str) -> Result<&Queue> {
        self.queues.get(name).context("there is no such queue")
    }

    /// As if nothing had happened yet.
    pub(super) async fn clear(&mut self) -> Result<()> {
        self.stand_ins.reset();
        let mut conn = db::acquire(&self.pool).await?;
        cases::clear(&mut conn).await?;
        self.seen = self.simulator.invocations().len();
        Ok(())
    }

    /// The only campaign, with a source of this kind; answers what the collector's run left of that.
    pub(super) async fn collect(&self, kind: &str, params: &Value) -> Result<Value> {
        let campaign = NewCampaign {
            name: "cases",
            offer: "20 % of every sale of running shoes for twelve months",
            audience: "People who publish about what they do well.",
            daily_cap: 1_000_000,
            basis_rules: &json!({}),
            hours: None,
        };
        self.collect_for(&campaign, kind, params).await
    }

    pub(super) async fn collect_for(
        &self,
        campaign: &NewCampaign<'_>,
        kind: &str,
        params: &Value,
    ) -> Result<Value> {
        let mut conn = db::acquire(&self.pool).await?;
        let campaign = campaigns::upsert(&mut conn, campaign).await?;
        sources::upsert(&mut conn, campaign, "case", kind, params).await?;
        drop(conn);
        self.collect_again().await
    }

    /// Has the collector run on its schedule.
    pub(super) async fn collect_again(&self) -> Result<Value> {
        let run = self.function("collector")?.sweep().await;
        if run.outcome.answer().is_none() {
            bail!("the collector failed: {:?}", run.outcome);
        }
        let mut conn = db::acquire(&self.pool).await?;
        cases::source(&mut conn).await
    }

    /// Writes a list and answers where it lies.
    pub(super) fn list(&self, rows: impl IntoIterator<Item = Row>) -> Result<PathBuf> {
        let path = self.folder.join("list.csv");
        lists::write(&path, rows)?;
        Ok(path)
    }

    /// Waits until nothing is left to do; messages that come again do so at once.
    pub(super) async fn finish(&self) -> Result<()> {
        self.simulator.quiesce(LIMIT).await?;
        Ok(())
    }

    /// Takes one lead through collector and enricher, and answers what became of it. The model gives this
    /// answer to every question.
    pub(super) async fn enrich(&mut self, lead: Row, answer: GivenAnswer) -> Result<Value> {
        self.clear().await?;
        self.stand_ins.model(|model| model.answer_always(answer));
        let list = self.list([lead])?;
        self.collect("csv", &json!({ "file": list })).await?;
        self.finish().await?;
        let mut conn = db::acquire(&self.pool).await?;
        let mut became = cases::enrichment(&mut conn).await?;
        let stats = self.stand_ins.stats().model;
        if let Some(became) = became.as_object_mut() {
            became.insert("requests".to_owned(), json!(stats.requests));
            became.insert("stopped".to_owned(), json!(self.failure("enricher")));
        }
        Ok(became)
    }

    /// Plans a mail to this address that has this number, and has SES take it under this name.
    pub(super) async fn sent_to(&mut self, email: &str, send: i64, message_id: &str) -> Result<()> {
        self.clear().await?;
        let mut conn = db::acquire(&self.pool).await?;
        cases::number_sends_from(&mut conn, send).await?;
        drop(conn);
        let lead = Row {
            email: Some(email.to_owned()),
            ..Row::runner(1)
        };
        let list = self.list([lead])?;
        self.collect("csv", &json!({ "file": list })).await?;
        self.finish().await?;
        let mut conn = db::acquire(&self.pool).await?;
        cases::hand_over(&mut conn, message_id).await?;
        let mailbox = cases::mailbox(&mut conn).await?;
        if at(&mailbox, "/send").as_i64() != Some(send) || at(&mailbox, "/state") != "sent" {
            bail!("no mail to {email} was planned as send {send}: {mailbox}");
        }
        Ok(())
    }

    /// What the function said when it failed last, since the database was emptied.
    pub(super) fn failure(&self, function: &str) -> Option<String> {
        let invocations = self.simulator.invocations();
        let mut since = invocations.iter().skip(self.seen);
        since
            .rfind(|it| it.function == function && it.outcome.answer().is_none())
            .map(|it| match &it.outcome {
                Outcome::Failed { message, .. } => message.clone(),
                other => other.name().to_owned(),
            })
    }
}

/// The keys of the tokens in the mails.
pub(super) fn keys() -> String {
    format!("k1:{KEY}")
}

/// The address of a database with what the function may do there (migrations, roles).
fn as_role(database_url: &str, function: &str) -> String {
    let separator = if database_url.contains('?') { '&' } else { '?' };
    format!("{database_url}{separator}options[role]=outreach_{function}")
}
