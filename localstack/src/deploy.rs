//! `template.yaml` deployed to LocalStack, and what LocalStack does not create of it, created through its APIs.

mod parameters;
mod ses;
mod upload;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use aws_config::SdkConfig;
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::ProvideErrorMetadata as _;
use aws_sdk_cloudformation::types::{
    Capability, ChangeSetStatus, ChangeSetType, Parameter, StackEvent, StackStatus,
};

use crate::settings::{STACK, Settings};
use crate::template::Template;
use crate::{functions, wait};

pub(crate) use parameters::{HASH_KEY, SENDER_ADDRESS};

/// Types that LocalStack does not know: they are made through SES's API.
const MISSING_HERE: &str = "AWS::SES::";

const LIMIT: Duration = Duration::from_secs(180);
const POLL: Duration = Duration::from_millis(250);

/// Creates or updates the stack; the physical ids of its resources come back.
pub(crate) async fn deploy(
    settings: &Settings,
    aws: &SdkConfig,
    template: &Template,
    overrides: &[(String, String)],
) -> Result<BTreeMap<String, String>> {
    let body = template.package_for_local(|name| functions::folder_of(&settings.paths, name))?;
    let parameters = parameters::given(settings, overrides, &body)?;
    let stack = Stack {
        client: Client::new(aws),
    };
    let url = upload::template(aws, body.to_string()).await?;
    upload::import_bucket(aws, &settings.paths.console_origin()).await?;
    stack.apply(&url, &parameters).await?;
    let ids = stack.physical_ids().await?;
    ses::prepare(aws, &template.mail_events(STACK)?, &ids).await?;
    Ok(ids)
}

struct Stack {
    client: Client,
}

impl Stack {
    async fn apply(&self, url: &str, parameters: &BTreeMap<String, String>) -> Result<()> {
        let kind = match self.status().await? {
            None => ChangeSetType::Create,
            // A first deploy that failed cannot be updated, only made anew.
            Some(
                StackStatus::CreateFailed
                | StackStatus::RollbackComplete
                | StackStatus::DeleteFailed,
            ) => {
                self.delete().await?;
                ChangeSetType::Create
            }
            Some(_) => ChangeSetType::Update,
        };
        let change_set = self
            .client
            .create_change_set()
            .stack_name(STACK)
            .change_set_name("local")
            .change_set_type(kind)
            .template_url(url)
            .capabilities(Capability::CapabilityIam)
            .capabilities(Capability::CapabilityNamedIam)
            .capabilities(Capability::CapabilityAutoExpand)
            .set_parameters(Some(as_parameters(parameters)))
            .send()
            .await
            .map_err(|error| self::error("could not create the change set", &error))?;
        let id = change_set.id().context("the change set has no id")?;
        if self.has_changes(id).await? {
            self.execute(id).await?;
        }
        Ok(())
    }

    async fn has_changes(&self, id: &str) -> Result<bool> {
        wait::until("the change set", LIMIT, POLL, async || {
            let described = self
                .client
                .describe_change_set()
                .change_set_name(id)
                .send()
                .await
                .map_err(|error| self::error("could not read the change set", &error))?;
            let reason = described.status_reason().unwrap_or_default().to_owned();
            match described.status() {
                Some(ChangeSetStatus::CreateComplete) => Ok(Some(true)),
                Some(ChangeSetStatus::Failed) if says_nothing_changed(&reason) => Ok(Some(false)),
                Some(ChangeSetStatus::Failed) => bail!("the template cannot be deployed: {reason}"),
                _ => Ok(None),
            }
        })
        .await
    }

    async fn execute(&self, id: &str) -> Result<()> {
        let started = self
            .client
            .execute_change_set()
            .change_set_name(id)
            .send()
            .await;
        started.map_err(|error| self::error("could not deploy", &error))?;
        wait::until("the stack", LIMIT, POLL, async || {
            match self.status().await? {
                Some(StackStatus::CreateComplete | StackStatus::UpdateComplete) => Ok(Some(())),
                Some(status) if status.as_str().ends_with("_IN_PROGRESS") => Ok(None),
                status => {
                    let status = status.map_or("gone".to_owned(), |status| status.to_string());
                    bail!("the stack is {status}\n{}", self.failures().await?)
                }
            }
        })
        .await
    }

    async fn delete(&self) -> Result<()> {
        let deleted = self.client.delete_stack().stack_name(STACK).send().await;
        deleted.map_err(|error| self::error("could not delete the failed stack", &error))?;
        wait::until("the failed stack to go", LIMIT, POLL, async || {
            Ok(self.status().await?.is_none().then_some(()))
        })
        .await
    }

    async fn status(&self) -> Result<Option<StackStatus>> {
        match self.client.describe_stacks().stack_name(STACK).send().await {
            Ok(described) => Ok(described
                .stacks()
                .first()
                .and_then(|stack| stack.stack_status().cloned())
                .filter(|status| {
                    !matches!(
                        status,
                        StackStatus::DeleteComplete | StackStatus::ReviewInProgress
                    )
                })),
            Err(error)
                if error
                    .message()
                    .is_some_and(|text| text.contains("does not exist")) =>
            {
                Ok(None)
            }
            Err(error) => Err(self::error("could not read the stack", &error)),
        }
    }

    /// What CloudFormation says went wrong, one line a resource.
    async fn failures(&self) -> Result<String> {
        let described = self
            .client
            .describe_stack_events()
            .stack_name(STACK)
            .send()
            .await;
        let described =
            described.map_err(|error| self::error("could not read the events", &error))?;
        let failed = |event: &&StackEvent| {
            event
                .resource_status()
                .is_some_and(|status| status.as_str().ends_with("_FAILED"))
        };
        let lines: Vec<String> = described
            .stack_events()
            .iter()
            .filter(failed)
            .map(|event| {
                let resource = event.logical_resource_id().unwrap_or("?");
                format!(
                    "{resource}: {}",
                    event.resource_status_reason().unwrap_or("no reason given")
                )
            })
            .collect();
        Ok(lines.join("\n"))
    }

    async fn physical_ids(&self) -> Result<BTreeMap<String, String>> {
        let listed = self
            .client
            .describe_stack_resources()
            .stack_name(STACK)
            .send()
            .await;
        let listed = listed.map_err(|error| self::error("could not list the stack", &error))?;
        let mut ids = BTreeMap::new();
        for resource in listed.stack_resources() {
            let logical = resource.logical_resource_id().unwrap_or_default();
            let id = resource.physical_resource_id().unwrap_or_default();
            let kind = resource.resource_type().unwrap_or_default();
            // What LocalStack does not know it takes for created, under this name.
            if id == "unknown" && !kind.starts_with(MISSING_HERE) {
                bail!("LocalStack did not create {logical}: it does not know {kind}");
            }
            ids.insert(logical.to_owned(), id.to_owned());
        }
        Ok(ids)
    }
}

fn as_parameters(given: &BTreeMap<String, String>) -> Vec<Parameter> {
    given
        .iter()
        .map(|(name, value)| {
            Parameter::builder()
                .parameter_key(name)
                .parameter_value(value)
                .build()
        })
        .collect()
}

fn says_nothing_changed(reason: &str) -> bool {
    reason.contains("didn't contain changes") || reason.contains("No updates")
}

/// An SDK's error says "service error"; the service's message is in its metadata.
fn error(
    attempt: &str,
    error: &(impl aws_sdk_cloudformation::error::ProvideErrorMetadata + std::fmt::Debug),
) -> anyhow::Error {
    match error.message() {
        Some(message) => anyhow!("{attempt}: {message}"),
        None => anyhow!("{attempt}: {error:?}"),
    }
}
