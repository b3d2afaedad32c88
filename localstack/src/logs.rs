//! The CloudWatch Logs of a function.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;
use tokio::time::{MissedTickBehavior, interval};

use crate::settings::{STACK, Settings};
use crate::template::Template;
use crate::{aws, output};

const POLL: Duration = Duration::from_millis(700);
/// CloudWatch orders by time of arrival: a line may come in after a later one was shown.
const LOOK_BACK_MILLIS: i64 = 10_000;

/// Prints what the function wrote; with `follow` it goes on until it is interrupted.
pub(crate) async fn show(settings: &Settings, name: &str, follow: bool) -> Result<()> {
    let function = function_name(settings, name)?;
    let group = format!("/aws/lambda/{function}");
    let client = Client::new(&aws::config(&settings.paths));
    let mut shown = HashSet::new();
    let mut since = 0;
    let mut ticks = interval(POLL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let mut events = read(&client, &group, since).await?;
        events.sort_by_key(FilteredLogEvent::timestamp);
        for event in events {
            let at = event.timestamp().unwrap_or_default();
            since = since.max(at - LOOK_BACK_MILLIS);
            if event
                .event_id()
                .is_none_or(|id| shown.insert(id.to_owned()))
            {
                output::line(event.message().unwrap_or_default().trim_end());
            }
        }
        if !follow {
            return Ok(());
        }
    }
}

/// The deployed name of the function that a person calls `name`.
pub(crate) fn function_name(settings: &Settings, name: &str) -> Result<String> {
    let template = Template::load(&settings.paths.workspace.join("template.yaml"))?;
    let known: Vec<String> = template
        .functions()?
        .into_iter()
        .map(|function| function.binary)
        .collect();
    if !known.iter().any(|known| known == name) {
        bail!(
            "there is no function {name}; there are {}",
            known.join(", ")
        );
    }
    Ok(format!("{STACK}-{name}"))
}

async fn read(client: &Client, group: &str, since: i64) -> Result<Vec<FilteredLogEvent>> {
    let mut pages = client
        .filter_log_events()
        .log_group_name(group)
        .start_time(since)
        .into_paginator()
        .send();
    let mut events = Vec::new();
    while let Some(page) = pages.next().await {
        let page =
            page.with_context(|| format!("could not read {group}; is the local cloud up?"))?;
        events.extend(page.events().iter().cloned());
    }
    Ok(events)
}
