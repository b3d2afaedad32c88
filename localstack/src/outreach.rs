//! `cargo local outreach`: the operator's tool on the local cloud, whatever else the shell names.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::Result;
use operator::{Request, Stack};
use shared::config::Secret;

use crate::settings::Settings;
use crate::{aws, deploy, shell};

pub(crate) async fn run(settings: &Settings, request: &Request) -> Result<ExitCode> {
    let variables = if request.command.needs_functions() {
        shell::function_variables(settings).await?
    } else {
        let key = ("RECIPIENT_HASH_KEY", deploy::HASH_KEY);
        BTreeMap::from([key].map(|(name, value)| (name.to_owned(), value.to_owned())))
    };
    let stack = Stack {
        database_url: Secret::new(settings.database_url()),
        settings: Box::new(move |name| variables.get(name).cloned()),
        aws: aws::config(&settings.paths),
        if_away: "`cargo local up` starts it",
    };
    operator::run(&stack, request).await
}
