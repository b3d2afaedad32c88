//! `template.yaml`, read the way `cargo local` needs it: what it declares, how it is deployed here,
//! and what `LocalStack` would silently leave out.

mod yaml;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value, json};

/// `LocalStack` runs code of this bucket in place, from the folder its key names: no zip, no upload,
/// and a rebuilt binary is taken up by the next environment.
const HOT_RELOAD_BUCKET: &str = "hot-reload";

/// The tag by which `LocalStack` names a function's URL, instead of drawing one.
const URL_NAME_TAG: &str = "_custom_id_";

const FUNCTION: &str = "AWS::Serverless::Function";
const QUEUE: &str = "AWS::SQS::Queue";
const CONFIGURATION_SET: &str = "AWS::SES::ConfigurationSet";
const EVENT_DESTINATION: &str = "AWS::SES::ConfigurationSetEventDestination";
const INBOUND: &str = "AWS::SES::ReceiptRule";

/// The template, with every intrinsic function in its long form.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    body: Value,
}

/// One Lambda function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) logical_id: String,
    /// Name of the binary, which is also its package and its folder below `functions/`.
    pub(crate) binary: String,
}

/// One SQS queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Queue {
    pub(crate) logical_id: String,
    pub(crate) name: String,
    /// Logical id of the queue that takes what fails here; a dead-letter queue has none itself.
    pub(crate) dead_letters: Option<String>,
}

/// The configuration set every mail is sent with, and where SES reports what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MailEvents {
    pub(crate) configuration_set: String,
    pub(crate) destination: String,
    pub(crate) event_types: Vec<String>,
    /// Logical id of the SNS topic.
    pub(crate) topic: String,
}

impl Template {
    /// Reads the template at `path`.
    pub(crate) fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("could not read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("in {}", path.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        Ok(Self {
            body: yaml::parse(text)?,
        })
    }

    /// The functions, by logical id.
    pub(crate) fn functions(&self) -> Result<Vec<Function>> {
        let function = |(logical_id, resource): (&str, &Value)| {
            Ok(Function {
                logical_id: logical_id.to_owned(),
                binary: binary(logical_id, resource)?.to_owned(),
            })
        };
        self.resources_of(FUNCTION).map(function).collect()
    }

    /// The queues by logical id, with names as in `stack`.
    pub(crate) fn queues(&self, stack: &str) -> Result<Vec<Queue>> {
        let queue = |(logical_id, resource): (&str, &Value)| {
            let properties = at(resource, "/Properties");
            let target = at(
                properties,
                "/RedrivePolicy/deadLetterTargetArn/Fn::GetAtt/0",
            );
            Ok(Queue {
                logical_id: logical_id.to_owned(),
                name: name_in(stack, at(properties, "/QueueName"))
                    .with_context(|| format!("name of {logical_id}"))?,
                dead_letters: target.as_str().map(str::to_owned),
            })
        };
        self.resources_of(QUEUE).map(queue).collect()
    }

    /// What the template says about events of sent mail, with names as in `stack`.
    ///
    /// `LocalStack` takes every `AWS::SES` resource for created and creates none, so these two are
    /// made through the SES API. Any other one is an error: it would not be made.
    pub(crate) fn mail_events(&self, stack: &str) -> Result<MailEvents> {
        for (logical_id, resource) in self.resources() {
            let kind = at(resource, "/Type").as_str().unwrap_or_default();
            // No mail comes in here, so that the rules for it are not needed.
            let known = [CONFIGURATION_SET, EVENT_DESTINATION].contains(&kind)
                || kind.starts_with(INBOUND) && !at(resource, "/Condition").is_null();
            if kind.starts_with("AWS::SES::") && !known {
                bail!("LocalStack would ignore {logical_id} ({kind}) and nothing here creates it");
            }
        }
        let set = at(self.only_of(CONFIGURATION_SET)?, "/Properties");
        let events = at(
            self.only_of(EVENT_DESTINATION)?,
            "/Properties/EventDestination",
        );
        let topic = at(events, "/SnsDestination/TopicARN/Ref").as_str();
        let event_types = at(events, "/MatchingEventTypes")
            .as_array()
            .context("no event types")?;
        Ok(MailEvents {
            configuration_set: name_in(stack, at(set, "/Name"))?,
            destination: name_in(stack, at(events, "/Name"))?,
            event_types: event_types
                .iter()
                .map(|kind| name_in(stack, kind))
                .collect::<Result<_>>()?,
            topic: topic
                .context("the event destination refers to no topic")?
                .to_owned(),
        })
    }

    /// The template as it is deployed to this machine: what `sam package` does, except that each
    /// function stays in the folder that `code` gives for its binary, and a function's URL is the same
    /// each time, so that links in older mails go on working.
    pub(crate) fn package_for_local(&self, code: impl Fn(&str) -> PathBuf) -> Result<Value> {
        let mut body = self.body.clone();
        if let Some(globals) = body
            .pointer_mut("/Globals/Function")
            .and_then(Value::as_object_mut)
        {
            globals.remove("CodeUri");
        }
        let resources = body
            .pointer_mut("/Resources")
            .and_then(Value::as_object_mut)
            .context("the template has no resources")?;
        for (logical_id, resource) in resources {
            if at(resource, "/Type") == FUNCTION {
                let name = binary(logical_id, resource)?.to_owned();
                let folder = code(&name);
                let key = folder
                    .to_str()
                    .context("the folder of the code has no UTF-8 name")?;
                let location = json!({ "Bucket": HOT_RELOAD_BUCKET, "Key": key });
                let tags = json!({ URL_NAME_TAG: name });
                let local = json!({ "Properties": { "CodeUri": location, "Tags": tags } });
                merge(resource, &local);
            }
        }
        Ok(body)
    }

    fn resources(&self) -> impl Iterator<Item = (&str, &Value)> {
        entries(at(&self.body, "/Resources"))
    }

    fn resources_of<'a>(&'a self, kind: &str) -> impl Iterator<Item = (&'a str, &'a Value)> {
        self.resources()
            .filter(move |(_, resource)| at(resource, "/Type") == kind)
    }

    fn only_of(&self, kind: &str) -> Result<&Value> {
        let found: Vec<_> = self.resources_of(kind).collect();
        match found.as_slice() {
            [(_, resource)] => Ok(resource),
            others => bail!("expected one {kind}, found {}", others.len()),
        }
    }
}

/// What stands at a JSON pointer; null where nothing does.
fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.as_str(), value))
}

fn binary<'a>(logical_id: &str, resource: &'a Value) -> Result<&'a str> {
    at(resource, "/Metadata/BuildProperties/Binary")
        .as_str()
        .with_context(|| format!("{logical_id} does not name its binary"))
}

/// A name that may depend on the stack's name and on nothing else.
fn name_in(stack: &str, value: &Value) -> Result<String> {
    let name = match (
        value.as_str(),
        at(value, "/Ref"),
        at(value, "/Fn::Sub").as_str(),
    ) {
        (Some(literal), ..) => literal.to_owned(),
        (None, reference, None) if reference == "AWS::StackName" => stack.to_owned(),
        (None, _, Some(pattern)) => pattern.replace("${AWS::StackName}", stack),
        _ => bail!("{value} is no name known before the deploy"),
    };
    if name.contains("${") {
        bail!("{name} depends on more than the stack's name");
    }
    Ok(name)
}

/// Lays `over` upon `under`: objects are merged, anything else is replaced.
fn merge(under: &mut Value, over: &Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => merge_objects(under, over),
        (under, over) => *under = over.clone(),
    }
}

fn merge_objects(under: &mut Map<String, Value>, over: &Map<String, Value>) {
    for (key, value) in over {
        merge(under.entry(key).or_insert(Value::Null), value);
    }
}
