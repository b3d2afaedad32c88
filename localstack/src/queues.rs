//! The depth of every queue of the template.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use futures::future::try_join_all;
use serde::Serialize;
use shared::queue::Queue;

use crate::settings::STACK;
use crate::template::Template;

/// What one queue holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Depth {
    pub(crate) name: String,
    pub(crate) is_dead_letters: bool,
    /// Whether a function works on it.
    pub(crate) has_consumer: bool,
    /// Messages that wait.
    pub(crate) waiting: u64,
    /// Messages that a function works on, or that come back later.
    pub(crate) in_flight: u64,
}

impl Depth {
    /// Whether messages here are work that a function will do.
    pub(crate) fn is_work(&self) -> bool {
        self.has_consumer && !self.is_dead_letters
    }

    pub(crate) fn total(&self) -> u64 {
        self.waiting + self.in_flight
    }
}

/// The deployed queues.
#[derive(Debug)]
pub(crate) struct Queues {
    client: Client,
    known: Vec<Known>,
}

#[derive(Debug)]
struct Known {
    name: String,
    url: String,
    is_dead_letters: bool,
    has_consumer: bool,
}

impl Queues {
    /// Finds the queues of the template, and who reads them.
    pub(crate) async fn find(aws: &SdkConfig, template: &Template) -> Result<Self> {
        let client = Client::new(aws);
        let consumed = consumed(aws).await?;
        let mut known = Vec::new();
        for queue in template.queues(STACK)? {
            let missing = || format!("queue {} is not there; is the local cloud up?", queue.name);
            let found = client.get_queue_url().queue_name(&queue.name).send().await;
            known.push(Known {
                url: found
                    .with_context(missing)?
                    .queue_url()
                    .with_context(missing)?
                    .to_owned(),
                // A queue that takes what failed elsewhere has nowhere to pass on what fails here.
                is_dead_letters: queue.dead_letters.is_none(),
                has_consumer: consumed.contains(&queue.name),
                name: queue.name,
            });
        }
        Ok(Self { client, known })
    }

    /// The queue of this name, to publish to.
    pub(crate) fn named(&self, name: &str) -> Result<Queue> {
        let known = self.known.iter().find(|queue| queue.name == name);
        let url = &known
            .with_context(|| format!("the template has no queue {name}"))?
            .url;
        Ok(Queue::new(self.client.clone(), url.clone()))
    }

    /// Sends a message with exactly this body.
    pub(crate) async fn send(&self, name: &str, body: String) -> Result<()> {
        let known = self.known.iter().find(|queue| queue.name == name);
        let url = &known
            .with_context(|| format!("the template has no queue {name}"))?
            .url;
        let sent = self.client.send_message().queue_url(url).message_body(body);
        let sent = sent.send().await;
        sent.with_context(|| format!("could not send to the queue {name}"))?;
        Ok(())
    }

    /// Asks SQS for the depth of every queue.
    pub(crate) async fn depths(&self) -> Result<Vec<Depth>> {
        try_join_all(self.known.iter().map(|queue| self.depth(queue))).await
    }

    async fn depth(&self, queue: &Known) -> Result<Depth> {
        let read = self
            .client
            .get_queue_attributes()
            .queue_url(&queue.url)
            .attribute_names(QueueAttributeName::All)
            .send()
            .await
            .with_context(|| format!("could not read the depth of {}", queue.name))?;
        let number = |name: QueueAttributeName| {
            let text = read
                .attributes()
                .and_then(|attributes| attributes.get(&name));
            text.and_then(|text| text.parse::<u64>().ok())
                .unwrap_or_default()
        };
        Ok(Depth {
            name: queue.name.clone(),
            is_dead_letters: queue.is_dead_letters,
            has_consumer: queue.has_consumer,
            waiting: number(QueueAttributeName::ApproximateNumberOfMessages)
                + number(QueueAttributeName::ApproximateNumberOfMessagesDelayed),
            in_flight: number(QueueAttributeName::ApproximateNumberOfMessagesNotVisible),
        })
    }
}

/// Names of the queues that a function is subscribed to.
async fn consumed(aws: &SdkConfig) -> Result<BTreeSet<String>> {
    let listed = aws_sdk_lambda::Client::new(aws)
        .list_event_source_mappings()
        .send()
        .await;
    let listed = listed.context("could not list who reads the queues; is the local cloud up?")?;
    let name = |arn: &str| arn.rsplit(':').next().map(str::to_owned);
    let mappings = listed.event_source_mappings();
    Ok(mappings
        .iter()
        .filter_map(|mapping| name(mapping.event_source_arn()?))
        .collect())
}
