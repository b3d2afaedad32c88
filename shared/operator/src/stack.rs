//! The stack that the commands work on: its database, its settings, its AWS account.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::{Context as _, Result, anyhow, bail};
use aws_config::SdkConfig;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::error::SdkError;
use shared::{
    clients::aws::{self, failure},
    config::{self, Secret},
};

/// What template.yaml names `STACK-NAME`.
pub(crate) const FUNCTIONS: [&str; 6] = [
    "collector",
    "enricher",
    "sender",
    "feedback",
    "web",
    "console",
];
const DATABASE_URL: &str = "DATABASE_URL";
const IF_AWAY: &str = "check its address, its firewall, and whether it runs";

/// What one function is given.
pub type Variables = BTreeMap<String, String>;
/// A setting by the name that the functions read it under.
type Lookup = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

pub struct Stack {
    pub database_url: Secret,
    /// The settings of the functions.
    pub settings: Lookup,
    /// The same of each function by itself, where it was asked.
    pub functions: BTreeMap<String, Variables>,
    pub aws: SdkConfig,
    /// What to do when the database is away.
    pub if_away: &'static str,
}

/// The settings of all functions as one.
pub fn all_of(functions: &BTreeMap<String, Variables>) -> Variables {
    let settings = functions.values().flatten();
    settings
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
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
            functions: BTreeMap::new(),
            aws: aws::load().await,
            if_away: IF_AWAY,
        })
    }

    /// A deployed stack, whose functions know all settings.
    pub(crate) async fn deployed(name: &str, database_url: Option<Secret>) -> Result<Self> {
        let aws = aws::load().await;
        let client = Client::new(&aws);
        let mut functions = BTreeMap::new();
        for short in FUNCTIONS {
            let function = format!("{name}-{short}");
            let request = client.get_function_configuration();
            let read = request.function_name(&function).send().await;
            // The schema is brought up to date first, while an older version is deployed.
            let is_missing = matches!(&read, Err(SdkError::ServiceError(error))
                if error.err().is_resource_not_found_exception());
            if is_missing && !functions.is_empty() {
                continue;
            }
            let read = read.map_err(|error| anyhow!(failure(&error)));
            let read = read.with_context(|| {
                format!(
                    "could not read the settings of {function}: check the name of the stack, AWS_REGION, \
                     the credentials and their permission for lambda:GetFunctionConfiguration"
                )
            })?;
            let given = read.environment.and_then(|given| given.variables);
            let given: Variables = given.unwrap_or_default().into_iter().collect();
            functions.insert(short.to_owned(), given);
        }
        let variables = all_of(&functions);
        let databases = functions
            .values()
            .filter_map(|given| given.get(DATABASE_URL));
        let databases = databases.cloned().collect();
        Ok(Self {
            database_url: database_url.map_or_else(|| only(&databases), Ok)?,
            settings: Box::new(move |name| variables.get(name).cloned()),
            functions,
            aws,
            if_away: IF_AWAY,
        })
    }

    /// The address of the database as the functions know it, which need not be this machine's.
    pub(crate) fn functions_database(&self) -> Secret {
        // The sender is who asks whether the database was moved.
        let theirs = self.setting_of("sender", DATABASE_URL).map(Secret::new);
        theirs.unwrap_or_else(|| self.database_url.clone())
    }

    /// A setting of one function that is not blank.
    pub(crate) fn setting_of(&self, function: &str, name: &str) -> Option<String> {
        let Some(given) = self.functions.get(function) else {
            return self.setting(name);
        };
        let value = given.get(name)?.trim();
        (!value.is_empty()).then(|| value.to_owned())
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
        assert!(of(&["a"]).is_ok());
        let refused = of(&["a", "b"]).unwrap_err().to_string();
        assert!(refused.contains("OPERATOR_DATABASE_URL"), "{refused}");
        assert!(of(&[]).is_err());
    }
}
