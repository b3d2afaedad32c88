//! Who is wired to what: queues, functions, their variables.

use std::time::Duration;

use simulated::{Envelope, Queue, QueueSettings};

use super::{HASH_KEY, Stage};
use crate::lambda::{Function, FunctionSpec, Mapping};

const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:ses-events";
/// A message that was received so often without success is given up.
const MOST_RECEIVES: u32 = 5;

impl Stage<'_> {
    /// Queues, functions, and who reads what.
    pub(super) fn wire(&mut self) {
        for name in ["enrich", "outreach", "feedback"] {
            let dead = self
                .internet
                .sqs()
                .create(&format!("{name}-dead"), QueueSettings::default());
            let queue = QueueSettings {
                visibility_timeout: Duration::from_secs(180),
                dead_letters: Some((dead.clone(), MOST_RECEIVES)),
            };
            let queue = self.internet.sqs().create(name, queue);
            queue.copies(self.setting.copies);
            queue.shuffle(self.setting.vary);
            self.queues.push((queue, dead));
        }
        if let Some(rate) = self.setting.rate {
            self.internet.ses().behave(|ses| ses.rate(rate));
        }
        for (name, binary) in &self.ground.binaries {
            let spec = self.variables().into_iter().fold(
                FunctionSpec::new(name, binary)
                    .aws(self.internet.aws_base())
                    .environments(self.setting.environments)
                    .timeout(timeout(name)),
                |spec, (name, value)| spec.variable(name, value),
            );
            let function = self.simulator.function(spec);
            self.functions.insert(name.clone(), function);
        }
        let readers = ["enricher", "sender", "feedback"];
        for (reader, (queue, _)) in readers.iter().zip(&self.queues) {
            let Some(function) = self.functions.get(*reader) else {
                continue;
            };
            if *reader != "sender" || !self.setting.mails_wait {
                self.map(queue, function);
            }
            if *reader == "feedback" {
                self.internet.ses().publish_to(queue, Envelope::Raw);
            }
        }
    }

    fn variables(&self) -> Vec<(String, String)> {
        let queue = |place: usize| {
            let queue = self.queues.get(place);
            queue.map_or_else(String::new, |(queue, _)| self.internet.queue_url(queue))
        };
        let rate = self.setting.rate.unwrap_or(1_000.0).to_string();
        let once = self.folder.join("once").to_string_lossy().into_owned();
        let pairs = [
            ("DATABASE_URL", self.proxy.url(&self.setting.name)),
            ("RECIPIENT_HASH_KEY", HASH_KEY.to_owned()),
            ("UNSUBSCRIBE_KEYS", format!("k1:{HASH_KEY}")),
            ("ENRICH_QUEUE_URL", queue(0)),
            ("OUTREACH_QUEUE_URL", queue(1)),
            ("FEEDBACK_QUEUE_URL", queue(2)),
            ("FEEDBACK_TOPIC_ARN", TOPIC.to_owned()),
            ("OPENAI_API_KEY", "none".to_owned()),
            ("OPENAI_BASE_URL", self.internet.openai_base()),
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
            ("FAULTS", self.setting.points.clone()),
            ("FAULTS_ONCE", once),
        ];
        pairs.map(|(name, value)| (name.to_owned(), value)).into()
    }

    /// Has the messages of mails read, where the setting holds them back.
    pub(crate) fn let_mails_go(&self) {
        let outreach = self.queues.get(1).zip(self.functions.get("sender"));
        if let Some(((queue, _), sender)) = outreach {
            self.map(queue, sender);
        }
    }

    fn map(&self, queue: &Queue, function: &Function) {
        let mapping = Mapping {
            batch_size: self.setting.batch_size,
            vary: self.setting.vary,
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
