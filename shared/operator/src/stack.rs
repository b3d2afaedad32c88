//! The stack that the commands work on: its database, its settings, its AWS account.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use anyhow::{Context as _, Result, anyhow, bail};
use aws_config::SdkConfig;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::error::{DisplayErrorContext, ProvideErrorMetadata as _};
use shared::{
    clients::aws,
    config::{self, Secret},
};

/// What template.yaml names `STACK-NAME`.
const FUNCTIONS: [&str; 5] = ["collector", "enricher", "sender", "feedback", "web"];
const DATABASE_URL: &str = "DATABASE_URL";
const IF_AWAY: &str = "check its address, its firewall, and whether it runs";

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

/// The address that all functions share. With a login of its own no function may do what an operator does.
fn only(databases: &BTreeSet<String>) -> Result<Secret> {
    match databases.iter().collect::<Vec<_>>()[..] {
        [] => bail!("the functions have no {DATABASE_URL}"),
        [url] => Ok(Secret::new(url.clone())),
        _ => bail!(
            "each function has a login of its own, which may not do what you may: set \
             OPERATOR_DATABASE_URL to the address of the database's owner"
        ),
    }
}

impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stack").finish_non_exhaustive()
    }
}

impl Stack {
    /// The stack whose settings and credentials are in the environment.
    pub(crate) async fn from_environment(database_url: Option<Secret>) -> Result<Self> {
        let database_url = database_url.context(
            "which database? Give --stack NAME, --database-url URL, or set OPERATOR_DATABASE_URL, which \
             shows no password in the list of processes",
        )?;
        Ok(Self {
            database_url,
            settings: Box::new(config::variable),
            aws: aws::load().await,
            if_away: IF_AWAY,
        })
    }

    /// A deployed stack, whose functions know all settings.
    pub(crate) async fn deployed(name: &str, database_url: Option<Secret>) -> Result<Self> {
        let aws = aws::load().await;
        let client = Client::new(&aws);
        let mut variables = HashMap::new();
        let mut databases = BTreeSet::new();
        for function in FUNCTIONS {
            let function = format!("{name}-{function}");
            let request = client.get_function_configuration();
            let read = request.function_name(&function).send().await;
            let read = read.map_err(|error| {
                let text = error.code().map(str::to_owned);
                anyhow!(text.unwrap_or_else(|| DisplayErrorContext(&error).to_string()))
            });
            let read =
                read.with_context(|| format!("could not read the settings of {function}"))?;
            let given = read.environment.and_then(|given| given.variables);
            let given = given.unwrap_or_default();
            databases.extend(given.get(DATABASE_URL).cloned());
            variables.extend(given);
        }
        Ok(Self {
            database_url: database_url.map_or_else(|| only(&databases), Ok)?,
            settings: Box::new(move |name| variables.get(name).cloned()),
            aws,
            if_away: IF_AWAY,
        })
    }

    /// The address of the database as the functions know it, which need not be this machine's.
    pub(crate) fn functions_database(&self) -> Secret {
        let theirs = self.setting(DATABASE_URL).map(Secret::new);
        theirs.unwrap_or_else(|| self.database_url.clone())
    }

    /// A setting that is not blank.
    pub(crate) fn setting(&self, name: &str) -> Option<String> {
        (self.settings)(name)
            .map(|value| value.trim().to_owned())
            .filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_takes_shared_address_and_refuses_logins() {
        let of = |urls: &[&str]| only(&urls.iter().map(|url| (*url).to_owned()).collect());
        assert_eq!(of(&["a"]).unwrap().expose(), "a");
        let refused = of(&["a", "b"]).unwrap_err().to_string();
        assert!(refused.contains("OPERATOR_DATABASE_URL"), "{refused}");
        assert!(of(&[]).is_err());
    }
}
