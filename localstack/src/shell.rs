//! What a person's own shell needs: psql, and the variables for `cargo lambda watch`.

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt as _;

use anyhow::{Context as _, Error, Result};
use aws_sdk_lambda::Client;
use operator::Variables;

use crate::session::Session;
use crate::settings::{STACK, Settings};
use crate::template::Template;
use crate::{aws, output, up};

/// Set in a shell, these would lead an AWS client elsewhere in spite of what is forced.
const UNSET: [&str; 7] = [
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ENDPOINT_URL_SQS",
    "AWS_ENDPOINT_URL_SES",
];

/// Becomes psql on the pipeline's database; comes back only with an error.
pub(crate) async fn psql(session: &Session, arguments: &[String]) -> Result<Error> {
    let settings = &session.settings;
    let python = up::prepare(settings).await?;
    let server = up::start_postgres(session, &python).await?;
    session.keep()?;
    // Ours speaks no TLS: for another server it is the user's own that fits.
    let program = server.map_or_else(|| "psql".into(), |server| server.bin_dir.join("psql"));
    let mut psql = settings.environment.command(program);
    psql.arg(settings.database_url()).args(arguments);
    Ok(Error::new(psql.exec()).context("could not start psql"))
}

/// Prints the variables with which a shell, and what it starts, works on this local cloud.
pub(crate) async fn print(settings: &Settings) -> Result<()> {
    for name in UNSET {
        output::line(format_args!("unset {name}"));
    }
    for (name, value) in settings.environment.forced() {
        output::line(format_args!(
            "export {name}={}",
            quoted(&value.to_string_lossy())
        ));
    }
    let functions = function_variables(settings).await?;
    let mut all: Variables = functions.into_values().flatten().collect();
    // Each is deployed with a role of its own; what a shell starts shares the owner's.
    all.insert("DATABASE_URL".to_owned(), settings.database_url());
    for (name, value) in all {
        // It would make cargo-lambda itself talk; the functions have the same default.
        if name == "RUST_LOG" {
            continue;
        }
        output::line(format_args!("export {name}={}", quoted(&value)));
    }
    let bin = settings.paths.python().join("bin");
    output::line(format_args!(
        "export PATH=\"$PATH\":{}",
        quoted(&bin.to_string_lossy())
    ));
    Ok(())
}

/// What each deployed function is given.
pub(crate) async fn function_variables(settings: &Settings) -> Result<BTreeMap<String, Variables>> {
    let client = Client::new(&aws::config(&settings.paths));
    let template = Template::load(&settings.paths.workspace.join("template.yaml"))?;
    let mut functions = BTreeMap::new();
    for function in template.functions()? {
        let name = format!("{STACK}-{}", function.binary);
        let read = client
            .get_function_configuration()
            .function_name(&name)
            .send()
            .await;
        let read =
            read.with_context(|| format!("{name} is not deployed: `cargo local up` first"))?;
        let given = read
            .environment()
            .and_then(|environment| environment.variables());
        let given = given.into_iter().flatten();
        let given = given.map(|(name, value)| (name.clone(), value.clone()));
        functions.insert(function.binary.clone(), given.collect());
    }
    Ok(functions)
}

/// As one word for a POSIX shell.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_is_quoted_as_one_word() {
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("$HOME's"), r"'$HOME'\''s'");
    }
}
