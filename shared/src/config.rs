//! The environment, read once and checked whole: one error names every variable that is wrong.
//!
//! An empty variable counts as not set, so that a template can always name it.

use std::{fmt, str::FromStr, time::Duration};

use data_encoding::HEXLOWER_PERMISSIVE;
use url::Url;

use crate::domain::{
    email::{EmailAddress, HashKey},
    unsubscribe::UnsubscribeKeys,
};

/// A value that no log and no error prints.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    pub fn new(value: String) -> Self {
        Self(value)
    }

    /// The value, for the one call that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Every variable that is missing or wrong. Names them, never shows a value.
#[derive(Debug, thiserror::Error)]
#[error("the environment is not complete: {}", .0.join("; "))]
pub struct InvalidEnvironment(Vec<String>);

/// Reads variables and collects what is wrong with them.
pub struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<String>,
}

impl<'a> Reader<'a> {
    /// Reads through `lookup`: the process's environment, or a test's table.
    pub fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self {
            lookup,
            problems: Vec::new(),
        }
    }

    /// The variable, unless it is not set or blank.
    pub fn optional(&mut self, name: &str) -> Option<String> {
        (self.lookup)(name)
            .map(|v| v.trim().to_owned())
            .filter(|v| !v.is_empty())
    }

    /// The variable; a problem when it is not set.
    pub fn required(&mut self, name: &str) -> String {
        self.optional(name).unwrap_or_else(|| {
            self.problem(name, "is not set");
            String::new()
        })
    }

    /// A required variable that `parse` can read.
    pub fn parsed<T, E: fmt::Display>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.optional(name);
        match text.as_deref().map(parse) {
            None => {
                self.problem(name, "is not set");
                None
            }
            Some(Ok(value)) => Some(value),
            Some(Err(error)) => {
                self.problem(name, &format!("cannot be used: {error}"));
                None
            }
        }
    }

    /// A variable with a default, read by its type's own parser.
    pub fn or_default<T: FromStr>(&mut self, name: &str, expected: &str, default: T) -> T {
        match self.optional(name).map(|text| text.parse()) {
            None => default,
            Some(Ok(value)) => value,
            Some(Err(_)) => {
                self.problem(name, &format!("is not {expected}"));
                default
            }
        }
    }

    /// The base address of an outside service, without a slash at its end.
    pub fn base_url(&mut self, name: &str, default: Option<&str>) -> Option<Url> {
        let text = self.optional(name).or_else(|| default.map(str::to_owned))?;
        match Url::parse(text.trim_end_matches('/')) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Some(url),
            _ => {
                self.problem(name, "is not an http or https address");
                None
            }
        }
    }

    /// Says what is wrong with a variable.
    pub fn problem(&mut self, name: &str, what: &str) {
        self.problems.push(format!("{name} {what}"));
    }

    /// The configuration, or everything that is wrong. `None` stands for what was a problem.
    pub fn finish<T>(self, config: Option<T>) -> Result<T, InvalidEnvironment> {
        match config {
            Some(config) if self.problems.is_empty() => Ok(config),
            _ => Err(InvalidEnvironment(self.problems)),
        }
    }
}

/// The process's own variable. The only place that reads the environment.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn hash_key(reader: &mut Reader<'_>) -> Option<HashKey> {
    reader.parsed("RECIPIENT_HASH_KEY", |hex| {
        HEXLOWER_PERMISSIVE
            .decode(hex.as_bytes())
            .ok()
            .and_then(HashKey::new)
            .ok_or("it takes at least 64 hexadecimal digits")
    })
}

fn seconds(reader: &mut Reader<'_>, name: &str, default: u32) -> Duration {
    Duration::from_secs(
        reader
            .or_default(name, "a whole number of seconds", default)
            .into(),
    )
}

/// What the collector reads.
#[derive(Debug, Clone)]
pub struct Collector {
    /// PostgreSQL.
    pub database_url: Secret,
    /// Key of the address hash.
    pub hash_key: HashKey,
    /// Where new leads are announced.
    pub enrich_queue_url: String,
    /// X's API.
    pub x_api_base: Url,
    /// X's app token; without it an `x` source reports that it cannot run.
    pub x_bearer_token: Option<Secret>,
    /// The stand-in for a platform of any kind; without it a `simulated` source cannot run.
    pub simulated_api_base: Option<Url>,
}

impl Collector {
    /// Reads through `lookup`.
    pub fn from_lookup(
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, InvalidEnvironment> {
        let mut r = Reader::new(lookup);
        let database_url = Secret(r.required("DATABASE_URL"));
        let hash_key = hash_key(&mut r);
        let enrich_queue_url = r.required("ENRICH_QUEUE_URL");
        let x_api_base = r.base_url("X_API_BASE", Some("https://api.x.com"));
        let x_bearer_token = r.optional("X_BEARER_TOKEN").map(Secret);
        let simulated_api_base = r.base_url("SIMULATED_API_BASE", None);
        let config = hash_key.zip(x_api_base).map(|(hash_key, x_api_base)| Self {
            database_url,
            hash_key,
            enrich_queue_url,
            x_api_base,
            x_bearer_token,
            simulated_api_base,
        });
        r.finish(config)
    }
}

/// What the enricher reads.
#[derive(Debug, Clone)]
pub struct Enricher {
    /// PostgreSQL.
    pub database_url: Secret,
    /// Key of the address hash.
    pub hash_key: HashKey,
    /// Its own queue: the sweep publishes what was lost.
    pub enrich_queue_url: String,
    /// Where planned sends are announced.
    pub outreach_queue_url: String,
    /// The model; without a key the rules score and a person reviews.
    pub model: Option<Model>,
}

/// How the model is reached, and what it may cost.
#[derive(Debug, Clone)]
pub struct Model {
    /// Bearer token.
    pub api_key: Secret,
    /// Base address of an OpenAI-compatible server.
    pub base_url: Url,
    /// The model's name.
    pub name: String,
    /// Sampling temperature; `None` where a model refuses the parameter.
    pub temperature: Option<f32>,
    /// Most tokens an answer may have.
    pub max_tokens: u32,
    /// Longest wait for one answer.
    pub timeout: Duration,
    /// Price in US dollars per million tokens, which is millionths of a dollar per token.
    pub input_price: f64,
    /// The same, for answers.
    pub output_price: f64,
    /// Most that a day (UTC) may cost, in millionths of a US dollar.
    pub daily_budget_micros: i64,
}

impl Enricher {
    /// Reads through `lookup`.
    pub fn from_lookup(
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, InvalidEnvironment> {
        let mut r = Reader::new(lookup);
        let database_url = Secret(r.required("DATABASE_URL"));
        let hash_key = hash_key(&mut r);
        let enrich_queue_url = r.required("ENRICH_QUEUE_URL");
        let outreach_queue_url = r.required("OUTREACH_QUEUE_URL");
        let model = Model::read(&mut r);
        let config = hash_key.map(|hash_key| Self {
            database_url,
            hash_key,
            enrich_queue_url,
            outreach_queue_url,
            model,
        });
        r.finish(config)
    }
}

impl Model {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let base_url = r.base_url("OPENAI_BASE_URL", Some("https://api.openai.com/v1"));
        let name = r
            .optional("OPENAI_MODEL")
            .unwrap_or_else(|| "gpt-4.1-mini".to_owned());
        let temperature = r
            .optional("OPENAI_TEMPERATURE")
            .unwrap_or_else(|| "0.3".to_owned());
        let temperature = match temperature.as_str() {
            "none" => None,
            text => match text.parse() {
                Ok(value) if (0.0..=2.0).contains(&value) => Some(value),
                _ => {
                    r.problem(
                        "OPENAI_TEMPERATURE",
                        "is neither a number from 0 to 2 nor `none`",
                    );
                    None
                }
            },
        };
        let max_tokens = r.or_default("OPENAI_MAX_TOKENS", "a whole number", 500);
        let timeout = seconds(r, "OPENAI_TIMEOUT_SECONDS", 20);
        let price = "a price in US dollars";
        let input_price = r.or_default("OPENAI_INPUT_USD_PER_MILLION", price, 0.40);
        let output_price = r.or_default("OPENAI_OUTPUT_USD_PER_MILLION", price, 1.60);
        let budget: f64 = r.or_default("MODEL_DAILY_BUDGET_USD", "an amount in US dollars", 5.0);
        if !(0.0..=1e6).contains(&budget) || input_price < 0.0 || output_price < 0.0 {
            r.problem(
                "MODEL_DAILY_BUDGET_USD",
                "and the prices are amounts from 0 to a million",
            );
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "at most 10^12, checked above"
        )]
        let daily_budget_micros = (budget * 1e6) as i64;
        let api_key = r.optional("OPENAI_API_KEY").map(Secret)?;
        Some(Self {
            api_key,
            base_url: base_url?,
            name,
            temperature,
            max_tokens,
            timeout,
            input_price,
            output_price,
            daily_budget_micros,
        })
    }
}

/// What the sender reads.
#[derive(Debug, Clone)]
pub struct Sender {
    /// PostgreSQL.
    pub database_url: Secret,
    /// Its own queue: the sweep publishes what is due.
    pub outreach_queue_url: String,
    /// The kill switch: no mail leaves unless this is `true`.
    pub sending_enabled: bool,
    /// Who writes, and what the law asks to be told.
    pub identity: Identity,
    /// Keys of the unsubscribe tokens.
    pub unsubscribe_keys: UnsubscribeKeys,
    /// SES configuration set: without it no event would come back.
    pub configuration_set: String,
}

/// Who writes.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The verified address mails come from.
    pub address: EmailAddress,
    /// The name beside it.
    pub name: String,
    /// Where replies go, if not to `address`.
    pub reply_to: Option<EmailAddress>,
    /// Valid physical postal address (CAN-SPAM, 15 U.S.C. § 7704(a)(5)).
    pub postal_address: String,
    /// Base of the unsubscribe links.
    pub public_base_url: Url,
    /// Mailbox that takes `mailto:` unsubscribes, if one is read.
    pub unsubscribe_mailbox: Option<EmailAddress>,
}

impl Sender {
    /// Reads through `lookup`.
    pub fn from_lookup(
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, InvalidEnvironment> {
        let mut r = Reader::new(lookup);
        let database_url = Secret(r.required("DATABASE_URL"));
        let outreach_queue_url = r.required("OUTREACH_QUEUE_URL");
        let sending_enabled = r.or_default("SENDING_ENABLED", "`true` or `false`", false);
        let identity = Identity::read(&mut r);
        let unsubscribe_keys = r.parsed("UNSUBSCRIBE_KEYS", UnsubscribeKeys::parse);
        let configuration_set = r.required("SES_CONFIGURATION_SET");
        let config = identity
            .zip(unsubscribe_keys)
            .map(|(identity, unsubscribe_keys)| Self {
                database_url,
                outreach_queue_url,
                sending_enabled,
                identity,
                unsubscribe_keys,
                configuration_set,
            });
        r.finish(config)
    }
}

impl Identity {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let address = r.parsed("SENDER_ADDRESS", EmailAddress::parse);
        let name = r.required("SENDER_NAME");
        let reply_to = optional_address(r, "REPLY_TO_ADDRESS");
        let postal_address = r.required("POSTAL_ADDRESS");
        if r.optional("PUBLIC_BASE_URL").is_none() {
            r.problem("PUBLIC_BASE_URL", "is not set");
        }
        let public_base_url = r.base_url("PUBLIC_BASE_URL", None);
        let unsubscribe_mailbox = optional_address(r, "UNSUBSCRIBE_MAILBOX");
        Some(Self {
            address: address?,
            name,
            reply_to,
            postal_address,
            public_base_url: public_base_url?,
            unsubscribe_mailbox,
        })
    }
}

fn optional_address(r: &mut Reader<'_>, name: &str) -> Option<EmailAddress> {
    r.optional(name)?;
    r.parsed(name, EmailAddress::parse)
}

#[cfg(test)]
mod tests;
