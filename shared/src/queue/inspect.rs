//! What a person asks about a queue: how much waits, and what could not be worked on.

use aws_sdk_sqs::{Client, error::DisplayErrorContext, types::QueueAttributeName as Name};

use crate::clients::aws;

/// Asks queues, and moves their dead letters back.
#[derive(Debug, Clone)]
pub struct Inspector(Client);

/// How a queue and its dead letters stand, as SQS estimates it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Messages that a function may take now.
    pub waiting: i64,
    /// Messages that a function has taken and not finished.
    pub taken: i64,
    /// Messages that are not due yet.
    pub delayed: i64,
    /// Messages that nobody could work on.
    pub dead_letters: i64,
}

/// SQS did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[error("could not {attempt}: {why}")]
pub struct InspectError {
    attempt: &'static str,
    why: String,
}

impl Inspector {
    /// Reads region and credentials; contacts nothing.
    pub async fn load() -> Self {
        Self(Client::new(&aws::load().await))
    }

    /// How much is in a queue and in its dead-letter queue.
    ///
    /// # Errors
    /// When SQS does not say.
    pub async fn standing(
        &self,
        url: &str,
        dead_letters_url: &str,
    ) -> Result<Standing, InspectError> {
        let (counts, dead_letters) =
            tokio::try_join!(self.count(url), self.count(dead_letters_url))?;
        let [waiting, taken, delayed] = counts;
        Ok(Standing {
            waiting,
            taken,
            delayed,
            dead_letters: dead_letters.iter().sum(),
        })
    }

    async fn count(&self, url: &str) -> Result<[i64; 3], InspectError> {
        let names = [
            Name::ApproximateNumberOfMessages,
            Name::ApproximateNumberOfMessagesNotVisible,
            Name::ApproximateNumberOfMessagesDelayed,
        ];
        let attributes = self.attributes(url, &names).await?;
        Ok(names.map(|name| {
            let text = attributes.iter().find(|(known, _)| *known == name);
            text.and_then(|(_, count)| count.parse().ok())
                .unwrap_or_default()
        }))
    }

    async fn arn(&self, url: &str) -> Result<Option<String>, InspectError> {
        let attributes = self.attributes(url, &[Name::QueueArn]).await?;
        Ok(attributes.into_iter().next().map(|(_, arn)| arn))
    }

    async fn attributes(
        &self,
        url: &str,
        names: &[Name],
    ) -> Result<Vec<(Name, String)>, InspectError> {
        let request = self.0.get_queue_attributes().queue_url(url);
        let reply = request
            .set_attribute_names(Some(names.to_vec()))
            .send()
            .await;
        let reply = reply.map_err(|error| InspectError {
            attempt: "read a queue",
            why: DisplayErrorContext(error).to_string(),
        })?;
        Ok(reply.attributes.unwrap_or_default().into_iter().collect())
    }

    /// Has SQS move dead letters to their queue, which is named: what a function or SNS put among them itself came from
    /// none, and would stay.
    ///
    /// # Errors
    /// When SQS does not begin.
    pub async fn move_back(&self, dead_letters_url: &str, url: &str) -> Result<(), InspectError> {
        let (from, to) = tokio::try_join!(self.arn(dead_letters_url), self.arn(url))?;
        let begun = self
            .0
            .start_message_move_task()
            .set_source_arn(from)
            .set_destination_arn(to)
            .send()
            .await;
        begun.map_err(|error| InspectError {
            attempt: "move dead letters back",
            why: DisplayErrorContext(error).to_string(),
        })?;
        Ok(())
    }
}
