//! The stack that the commands work on: its database, its settings, its AWS account.

use std::fmt;

use aws_config::SdkConfig;
use shared::{
    clients::aws,
    config::{self, Secret},
};

/// A setting by the name that the functions read it under.
type Lookup = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

pub struct Stack {
    pub database_url: Secret,
    /// The settings of the functions.
    pub settings: Lookup,
    pub aws: SdkConfig,
    /// What to do when the database is away.
    pub if_away: &'static str,
}

impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stack").finish_non_exhaustive()
    }
}

impl Stack {
    /// The stack whose settings and credentials are in the environment.
    pub(crate) async fn from_environment(database_url: Secret) -> Self {
        Self {
            database_url,
            settings: Box::new(config::variable),
            aws: aws::load().await,
            if_away: "check its address, its firewall, and whether it runs",
        }
    }

    /// A setting that is not blank.
    pub(crate) fn setting(&self, name: &str) -> Option<String> {
        (self.settings)(name)
            .map(|value| value.trim().to_owned())
            .filter(|value| !value.is_empty())
    }
}
