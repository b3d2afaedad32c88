//! `cargo local outreach`: the operator's tool on the local cloud, whatever else the shell names.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::Result;
use operator::{Request, Stack, Variables};
use shared::config::Secret;

use crate::settings::Settings;
use crate::{aws, deploy, shell};

pub(crate) async fn run(settings: &Settings, request: &Request) -> Result<ExitCode> {
    let (functions, variables) = if request.command.needs_functions() {
        let functions = shell::function_variables(settings).await?;
        let all = operator::all_of(&functions);
        (functions, all)
    } else {
        let key = ("RECIPIENT_HASH_KEY", deploy::HASH_KEY);
        let key = [key].map(|(name, value)| (name.to_owned(), value.to_owned()));
        (BTreeMap::new(), Variables::from(key))
    };
    let stack = Stack {
        database_url: Secret::new(settings.database_url()),
        settings: Box::new(move |name| variables.get(name).cloned()),
        functions,
        aws: aws::config(&settings.paths),
        if_away: "`cargo local up` starts it",
    };
    operator::run(&stack, request).await
}
