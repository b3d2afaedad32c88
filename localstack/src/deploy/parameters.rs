//! The template's parameters on this machine.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use regex::Regex;
use serde_json::Value;

use super::upload::IMPORT_BUCKET;
use crate::settings::Settings;

/// The sender address. No mail leaves this machine: SES is LocalStack's.
pub(crate) const SENDER_ADDRESS: &str = "mara@partners.example";

/// Keys that protect nothing, the same everywhere, so that a database outlives its cloud.
pub(crate) const HASH_KEY: &str =
    "6c6f63616c20636c6f75642c206e6f7420612073656372657420617420616c6c";
const UNSUBSCRIBE_KEYS: &str =
    "local:6c6f63616c20636c6f75642c206c696e6b73206e6f742061207365637265742e";
const SESSION_KEYS: &str = "local:6c6f63616c20636c6f75642c20636f6f6b696573206f66206e6f626f6479212e";

/// The parameter of each function's own login.
const FUNCTIONS: [(&str, &str); 6] = [
    ("CollectorDatabaseUrl", "collector"),
    ("EnricherDatabaseUrl", "enricher"),
    ("SenderDatabaseUrl", "sender"),
    ("FeedbackDatabaseUrl", "feedback"),
    ("WebDatabaseUrl", "web"),
    ("ConsoleDatabaseUrl", "console"),
];

/// Every parameter that differs from its default here, `overrides` last.
pub(super) fn given(
    settings: &Settings,
    overrides: &[(String, String)],
    template: &Value,
) -> Result<BTreeMap<String, String>> {
    let endpoints = &settings.endpoints;
    let architecture = if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "x86_64"
    };
    let client = simulated::Client::default();
    let ours = [
        ("DatabaseUrl", settings.database_url()),
        ("RecipientHashKey", HASH_KEY.to_owned()),
        ("UnsubscribeKeys", UNSUBSCRIBE_KEYS.to_owned()),
        ("SenderAddress", SENDER_ADDRESS.to_owned()),
        ("SenderName", "Mara at Example Partners".to_owned()),
        (
            "PostalAddress",
            "Example Partners Ltd, 1 Example Street, 10115 Berlin, Germany".to_owned(),
        ),
        ("SendingEnabled", "true".to_owned()),
        ("XApiBase", endpoints.x.base.clone()),
        ("XBearerToken", endpoints.x.key.clone()),
        ("SimulatedApiBase", endpoints.simulated.base.clone()),
        ("OpenAiBaseUrl", endpoints.openai.base.clone()),
        ("OpenAiApiKey", endpoints.openai.key.clone()),
        ("ConsoleOrigin", settings.paths.console_origin()),
        ("ConsoleSessionKeys", SESSION_KEYS.to_owned()),
        ("OidcIssuer", endpoints.issuer.clone()),
        ("OidcClientId", client.id),
        ("OidcApiAudience", client.api_audience),
        ("ImportBucket", IMPORT_BUCKET.to_owned()),
        ("Architecture", architecture.to_owned()),
        ("LogFormat", "Text".to_owned()),
        // LocalStack gives the quota of a sandbox: a mail a second. Its people live at few domains.
        ("SesMaxPerSecond", "100".to_owned()),
        ("SesMaxPerDay", "1000000".to_owned()),
        ("RampStart", "100000".to_owned()),
        ("DomainSpacingSeconds", "0".to_owned()),
        // What a killed LocalStack lost is published again within minutes.
        ("RepublishAfterSeconds", "20".to_owned()),
    ];
    let mut given: BTreeMap<String, String> =
        ours.map(|(name, value)| (name.to_owned(), value)).into();
    // Each function with its own permissions, as deployed.
    for (parameter, function) in FUNCTIONS {
        if let Some(url) = settings.database.url_of(&settings.paths, function) {
            given.insert(parameter.to_owned(), url);
        }
    }
    for (name, value) in overrides {
        if name.ends_with("DatabaseUrl") {
            bail!("{name} cannot be set here; LOCAL_DATABASE_URL=… names another PostgreSQL");
        }
        if template["Parameters"].get(name).is_none() {
            bail!("template.yaml has no parameter {name}");
        }
        given.insert(name.clone(), value.clone());
    }
    for (name, value) in &given {
        let Some(parameter) = template.pointer(&format!("/Parameters/{name}")) else {
            continue;
        };
        if let Err(why) = allowed(parameter, value) {
            // The value may be a secret.
            bail!("{name} is not what template.yaml allows, and AWS would refuse it: {why}");
        }
    }
    Ok(given)
}

/// Whether CloudFormation takes a value for a parameter; LocalStack takes any.
fn allowed(parameter: &Value, value: &str) -> Result<()> {
    let explained = parameter["ConstraintDescription"].as_str();
    let or_explained = |why: String| explained.map_or(why, str::to_owned);
    if let Some(values) = parameter["AllowedValues"].as_array() {
        let values: Vec<String> = values.iter().map(as_text).collect();
        if !values.iter().any(|allowed| allowed == value) {
            bail!(or_explained(format!("one of {}", values.join(", "))));
        }
    }
    if let Some(pattern) = parameter["AllowedPattern"].as_str() {
        // CloudFormation matches the whole value.
        let pattern = Regex::new(&format!("^(?:{pattern})$"))?;
        if !pattern.is_match(value) {
            bail!(or_explained(format!(
                "a text that matches {}",
                pattern.as_str()
            )));
        }
    }
    let length = i64::try_from(value.chars().count())?;
    within(parameter, ["MinLength", "MaxLength"], length, "characters")?;
    if parameter["Type"] == "Number" {
        let Ok(number) = value.parse::<f64>() else {
            bail!("a number");
        };
        if let Some(least) = parameter["MinValue"]
            .as_f64()
            .filter(|least| number < *least)
        {
            bail!("a number of at least {least}");
        }
        if let Some(most) = parameter["MaxValue"].as_f64().filter(|most| number > *most) {
            bail!("a number of at most {most}");
        }
    }
    Ok(())
}

fn within(parameter: &Value, [min, max]: [&str; 2], found: i64, unit: &str) -> Result<()> {
    let limit = |name: &str| parameter.get(name).and_then(Value::as_i64);
    if let Some(least) = limit(min).filter(|least| found < *least) {
        bail!("at least {least} {unit}");
    }
    if let Some(most) = limit(max).filter(|most| found > *most) {
        bail!("at most {most} {unit}");
    }
    Ok(())
}

fn as_text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parameters_are_checked_as_aws_does() {
        let switch = json!({"Type": "String", "AllowedValues": ["true", "false"]});
        let address = json!({
            "Type": "String", "AllowedPattern": "^[^@]+@[^@]+$",
            "ConstraintDescription": "one bare mail address"
        });
        let name = json!({"Type": "String", "MinLength": 1});
        let count = json!({"Type": "Number", "MinValue": 1, "MaxValue": 5});
        for (parameter, value, refusal) in [
            (&switch, "true", None),
            (&switch, "maybe", Some("one of true, false")),
            (&address, "ana@example.com", None),
            (&address, "notamail", Some("one bare mail address")),
            (&address, "ana@b@c", Some("one bare mail address")),
            (&name, "", Some("at least 1 characters")),
            (&count, "5", None),
            (&count, "6", Some("at most 5")),
            (&count, "many", Some("a number")),
        ] {
            let found = allowed(parameter, value)
                .err()
                .map(|error| error.to_string());
            let agrees = match (&found, refusal) {
                (None, None) => true,
                (Some(found), Some(refusal)) => found.contains(refusal),
                _ => false,
            };
            assert!(agrees, "{value}: {found:?}, expected {refusal:?}");
        }
    }
}
