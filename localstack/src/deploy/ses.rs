//! The SES resources of the template. CloudFormation on LocalStack takes these resources for created
//! and creates none, so they are made through the SES API and looked for afterwards.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use aws_config::SdkConfig;
use aws_sdk_ses::Client;
use aws_sdk_ses::operation::describe_configuration_set::DescribeConfigurationSetError;
use aws_sdk_ses::types::{
    ConfigurationSet, ConfigurationSetAttribute, EventDestination, EventType, SnsDestination,
};

use super::SENDER_ADDRESS;
use super::error;
use crate::template::MailEvents;

/// Verifies the sender and makes the configuration set with its event destination.
pub(super) async fn prepare(
    aws: &SdkConfig,
    events: &MailEvents,
    ids: &BTreeMap<String, String>,
) -> Result<()> {
    let client = Client::new(aws);
    let verified = client
        .verify_email_identity()
        .email_address(SENDER_ADDRESS)
        .send()
        .await;
    verified.map_err(|failed| error("could not verify the sender", &failed))?;
    let topic = ids
        .get(&events.topic)
        .with_context(|| format!("{} was not made", events.topic))?;

    match found(&client, events).await? {
        Some(known) if is_as_written(&known, events, topic) => return Ok(()),
        Some(_) => remove(&client, events).await?,
        None => {}
    }
    create(&client, events, topic).await?;
    match found(&client, events).await? {
        Some(known) if is_as_written(&known, events, topic) => Ok(()),
        other => bail!("SES does not hold the event destination it was given: {other:?}"),
    }
}

async fn create(client: &Client, events: &MailEvents, topic: &str) -> Result<()> {
    let set = ConfigurationSet::builder()
        .name(&events.configuration_set)
        .build()?;
    let created = client
        .create_configuration_set()
        .configuration_set(set)
        .send()
        .await;
    created.map_err(|failed| error("could not create the configuration set", &failed))?;
    let destination = EventDestination::builder()
        .name(&events.destination)
        .enabled(true)
        .set_matching_event_types(Some(event_types(events)))
        .sns_destination(SnsDestination::builder().topic_arn(topic).build()?)
        .build()?;
    client
        .create_configuration_set_event_destination()
        .configuration_set_name(&events.configuration_set)
        .event_destination(destination)
        .send()
        .await
        .map_err(|failed| error("could not create the event destination", &failed))?;
    Ok(())
}

async fn remove(client: &Client, events: &MailEvents) -> Result<()> {
    let name = &events.configuration_set;
    let removed = client
        .delete_configuration_set()
        .configuration_set_name(name)
        .send()
        .await;
    removed.map_err(|failed| error("could not remove the old configuration set", &failed))?;
    Ok(())
}

/// The event destinations of the set, or nothing where there is no such set.
async fn found(client: &Client, events: &MailEvents) -> Result<Option<Vec<EventDestination>>> {
    let described = client
        .describe_configuration_set()
        .configuration_set_name(&events.configuration_set)
        .configuration_set_attribute_names(ConfigurationSetAttribute::EventDestinations)
        .send()
        .await;
    match described {
        Ok(described) => Ok(Some(described.event_destinations().to_vec())),
        Err(failed)
            if failed.as_service_error().is_some_and(
                DescribeConfigurationSetError::is_configuration_set_does_not_exist_exception,
            ) =>
        {
            Ok(None)
        }
        Err(failed) => Err(error("could not read the configuration set", &failed)),
    }
}

fn is_as_written(known: &[EventDestination], events: &MailEvents, topic: &str) -> bool {
    let mut wanted = event_types(events);
    wanted.sort();
    known.iter().any(|destination| {
        let mut types = destination.matching_event_types().to_vec();
        types.sort();
        destination.name() == events.destination
            && destination
                .sns_destination()
                .is_some_and(|sns| sns.topic_arn() == topic)
            && types == wanted
    })
}

fn event_types(events: &MailEvents) -> Vec<EventType> {
    events
        .event_types
        .iter()
        .map(|kind| EventType::from(kind.as_str()))
        .collect()
}
