//! The queues and functions of a run, and the functions' variables.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use simulated::{Envelope, Queue, QueueSettings};

use super::{HASH_KEY, TestBed};
use crate::lambda::{Function, FunctionSpec, Mapping};

const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:ses-events";
/// A message that was received so often without success is dead-lettered.
const MOST_RECEIVES: u32 = 5;

impl TestBed<'_> {
    /// Queues, functions, and who reads what.
    pub(super) fn wire(&mut self) {
        for name in ["enrich", "outreach", "feedback"] {
            let dead = self
                .stand_ins
                .sqs()
                .create(&format!("{name}-dead"), QueueSettings::default());
            let queue = QueueSettings {
                visibility_timeout: Duration::from_secs(180),
                dead_letters: Some((dead.clone(), MOST_RECEIVES)),
            };
            let queue = self.stand_ins.sqs().create(name, queue);
            queue.copies(self.config.copies);
            queue.shuffle(self.config.vary);
            self.queues.push((queue, dead));
        }
        if let Some(rate) = self.config.rate {
            self.stand_ins.ses().configure(|ses| ses.rate(rate));
        }
        for (name, binary) in &self.lab.binaries {
            let spec = self.variables().into_iter().fold(
                FunctionSpec::new(name, binary)
                    .own(self.wires_of(name))
                    .environments(self.config.environments)
                    .timeout(timeout(name)),
                |spec, (name, value)| spec.variable(name, value),
            );
            let function = self.simulator.function(spec);
            self.wires.add(function.clone());
            self.functions.insert(name.clone(), function);
        }
        let readers = ["enricher", "sender", "feedback"];
        for (reader, (queue, _)) in readers.iter().zip(&self.queues) {
            let Some(function) = self.functions.get(*reader) else {
                continue;
            };
            if *reader != "sender" || !self.config.mails_wait {
                self.map(queue, function);
            }
            if *reader == "feedback" {
                self.stand_ins.ses().publish_to(queue, Envelope::Raw);
            }
        }
    }

    /// What a process of this function finds its wires by.
    fn wires_of(
        &self,
        function: &str,
    ) -> impl Fn(u64, &str) -> Result<Vec<(String, String)>> + Send + Sync + 'static {
        // The wires hold the functions; a function must not hold the wires.
        let (wires, function) = (Arc::downgrade(&self.wires), function.to_owned());
        move |process, runtime_api| {
            let wires = wires.upgrade().context("the run has ended")?;
            wires.open(&function, process, runtime_api)
        }
    }

    fn variables(&self) -> Vec<(String, String)> {
        let queue = |index: usize| {
            let queue = self.queues.get(index);
            queue.map_or_else(String::new, |(queue, _)| self.stand_ins.queue_url(queue))
        };
        let rate = self.config.rate.unwrap_or(1_000.0).to_string();
        let pairs = [
            ("RECIPIENT_HASH_KEY", HASH_KEY.to_owned()),
            ("UNSUBSCRIBE_KEYS", format!("k1:{HASH_KEY}")),
            ("ENRICH_QUEUE_URL", queue(0)),
            ("OUTREACH_QUEUE_URL", queue(1)),
            ("FEEDBACK_QUEUE_URL", queue(2)),
            // No event of a run is unreadable: one that is would stay and be found.
            ("FEEDBACK_DEAD_LETTER_QUEUE_URL", queue(2)),
            ("FEEDBACK_TOPIC_ARN", TOPIC.to_owned()),
            ("OPENAI_API_KEY", "none".to_owned()),
            ("MODEL_DAILY_BUDGET_USD", "100000".to_owned()),
            ("SENDING_ENABLED", "true".to_owned()),
            ("SENDER_ADDRESS", "partners@mail.example.com".to_owned()),
            ("SENDER_NAME", "Ana at Example".to_owned()),
            (
                "POSTAL_ADDRESS",
                "Example Ltd, 1 High Street, Lisbon".to_owned(),
            ),
            ("PUBLIC_BASE_URL", "https://app.example.com/".to_owned()),
            ("SES_CONFIGURATION_SET", "outreach".to_owned()),
            ("SES_MAX_PER_SECOND", rate),
            ("SES_MAX_PER_DAY", "1000000".to_owned()),
            ("RAMP_START", "1000000".to_owned()),
            ("RAMP_CAP", "1000000".to_owned()),
            ("DOMAIN_SPACING_SECONDS", "0".to_owned()),
        ];
        pairs.map(|(name, value)| (name.to_owned(), value)).into()
    }

    /// Has the messages of mails read, where the configuration holds them back.
    pub(crate) fn let_mails_go(&self) {
        let outreach = self.queues.get(1).zip(self.functions.get("sender"));
        if let Some(((queue, _), sender)) = outreach {
            self.map(queue, sender);
        }
    }

    fn map(&self, queue: &Queue, function: &Function) {
        let mapping = Mapping {
            batch_size: self.config.batch_size,
            vary: self.config.vary,
            ..Mapping::default()
        };
        self.simulator.map(queue, function, mapping);
    }
}

/// As template.yaml has it.
fn timeout(function: &str) -> Duration {
    Duration::from_secs(match function {
        "collector" => 300,
        "enricher" => 60,
        "web" => 10,
        _ => 30,
    })
}
