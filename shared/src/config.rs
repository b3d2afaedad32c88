//! The environment, read once and checked whole: one error names every variable that is wrong.
//!
//! An empty variable counts as not set, so that a template can always name it.

mod collector;
mod console;
mod enricher;
mod feedback;
mod sender;
mod web;

use std::{fmt, str::FromStr, time::Duration};

use data_encoding::HEXLOWER_PERMISSIVE;
use url::Url;

pub use collector::Collector;
pub use console::{Access, CONSOLE_TIMEOUT, Console, Mailing, Queues};
pub use enricher::{Enricher, Model};
pub use feedback::Feedback;
pub use sender::{Identity, Sender};
pub use web::{WEB_TIMEOUT, Web};

use crate::domain::email::HashKey;

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

impl InvalidEnvironment {
    /// One sentence for each variable.
    pub fn into_problems(self) -> Vec<String> {
        self.0
    }
}

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

/// Ten minutes: longer than a queue takes to deliver, shorter than a person takes to worry.
const REPUBLISH_AFTER_SECONDS: u32 = 600;

fn seconds(reader: &mut Reader<'_>, name: &str, default: u32) -> Duration {
    Duration::from_secs(
        reader
            .or_default(name, "a whole number of seconds", default)
            .into(),
    )
}

#[cfg(test)]
mod tests;
