//! The settings, read once from the shell.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::database::Database;
use crate::endpoints::Endpoints;
use crate::environment::Environment;
use crate::paths::Paths;

/// The CloudFormation stack, and the prefix of everything in it.
pub(crate) const STACK: &str = "outreach";

/// Everything that the shell decides.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) paths: Paths,
    pub(crate) environment: Environment,
    pub(crate) database: Database,
    pub(crate) endpoints: Endpoints,
    /// The Python to use (`LOCAL_PYTHON`).
    pub(crate) python: Option<String>,
    /// Notices of variables in the shell that are ignored.
    pub(crate) notices: Vec<String>,
}

impl Settings {
    /// Reads the variables of this process.
    pub(crate) fn from_shell() -> Result<Self> {
        let lookup = |name: &str| variable(name);
        let paths = Paths::from_lookup(&workspace(), &lookup)?;
        let (database, ignored) = Database::from_lookup(&paths, &lookup);
        let endpoints = Endpoints::from_lookup(&paths, &lookup);
        let notices = ignored
            .into_iter()
            .chain(endpoints.notices.iter().cloned())
            .collect();
        Ok(Self {
            environment: Environment::seal(std::env::vars_os(), &paths),
            python: lookup("LOCAL_PYTHON"),
            paths,
            database,
            endpoints,
            notices,
        })
    }

    /// The URL of the pipeline's database.
    pub(crate) fn database_url(&self) -> String {
        self.database.url(&self.paths)
    }

    /// The cargo that started us, so that the build uses the same one.
    pub(crate) fn cargo(&self) -> PathBuf {
        std::env::var_os("CARGO").map_or_else(|| "cargo".into(), Into::into)
    }
}

/// Cargo says where the package lies that it runs; a binary started by itself knows where it was built.
fn workspace() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR")
        .map(PathBuf::from)
        .filter(|paths| paths.ends_with("localstack"))
        .unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    package.parent().unwrap_or(Path::new(".")).to_owned()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where this program reads its variables"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
