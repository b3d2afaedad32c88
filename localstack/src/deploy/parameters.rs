//! The template's parameters on this machine.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use serde_json::Value;

use crate::settings::Settings;

/// The sender address. No mail leaves this machine: SES is LocalStack's.
pub(crate) const SENDER_ADDRESS: &str = "mara@partners.example";

/// Keys that protect nothing, the same everywhere, so that a database outlives its cloud.
pub(crate) const HASH_KEY: &str =
    "6c6f63616c20636c6f75642c206e6f7420612073656372657420617420616c6c";
const UNSUBSCRIBE_KEYS: &str =
    "local:6c6f63616c20636c6f75642c206c696e6b73206e6f742061207365637265742e";

/// The parameter of each function's own login.
const FUNCTIONS: [(&str, &str); 5] = [
    ("CollectorDatabaseUrl", "collector"),
    ("EnricherDatabaseUrl", "enricher"),
    ("SenderDatabaseUrl", "sender"),
    ("FeedbackDatabaseUrl", "feedback"),
    ("WebDatabaseUrl", "web"),
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
    Ok(given)
}
