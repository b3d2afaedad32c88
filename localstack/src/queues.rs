//! The depth of every queue of the template.

use anyhow::{Context as _, Result};
use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use futures::future::try_join_all;
use serde::Serialize;

use crate::settings::STACK;
use crate::template::{Queue, Template};

/// What one queue holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Depth {
    pub(crate) name: String,
    pub(crate) is_dead_letters: bool,
    /// Messages that wait.
    pub(crate) waiting: u64,
    /// Messages that somebody works on, or that come back later.
    pub(crate) in_flight: u64,
}

impl Depth {
    pub(crate) fn total(&self) -> u64 {
        self.waiting + self.in_flight
    }
}

/// Asks SQS for the depth of every queue.
pub(crate) async fn depths(aws: &SdkConfig, template: &Template) -> Result<Vec<Depth>> {
    let client = Client::new(aws);
    let queues = template.queues(STACK)?;
    // A queue that takes what failed elsewhere has nowhere to pass on what fails here.
    let depths = queues.iter().map(|queue| depth(&client, queue));
    try_join_all(depths).await
}

async fn depth(client: &Client, queue: &Queue) -> Result<Depth> {
    let missing = || format!("queue {} is not there; is the cloud up?", queue.name);
    let url = client
        .get_queue_url()
        .queue_name(&queue.name)
        .send()
        .await
        .with_context(missing)?;
    let read = client
        .get_queue_attributes()
        .queue_url(url.queue_url().with_context(missing)?)
        .attribute_names(QueueAttributeName::All)
        .send()
        .await
        .with_context(missing)?;
    let number = |name: QueueAttributeName| {
        let text = read
            .attributes()
            .and_then(|attributes| attributes.get(&name));
        text.and_then(|text| text.parse::<u64>().ok())
            .unwrap_or_default()
    };
    Ok(Depth {
        name: queue.name.clone(),
        is_dead_letters: queue.dead_letters.is_none(),
        waiting: number(QueueAttributeName::ApproximateNumberOfMessages)
            + number(QueueAttributeName::ApproximateNumberOfMessagesDelayed),
        in_flight: number(QueueAttributeName::ApproximateNumberOfMessagesNotVisible),
    })
}
