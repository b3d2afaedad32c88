//! What was asked for, read once from the shell.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::database::Database;
use crate::environment::Environment;
use crate::folder::Folder;
use crate::outside::Outside;

/// The CloudFormation stack, and the prefix of everything in it.
pub(crate) const STACK: &str = "outreach";

/// Everything that the shell decides.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) folder: Folder,
    pub(crate) environment: Environment,
    pub(crate) database: Database,
    pub(crate) outside: Outside,
    /// The Python to use (`LOCAL_PYTHON`).
    pub(crate) python: Option<String>,
    /// What was found in the shell and left aside.
    pub(crate) notices: Vec<String>,
}

impl Settings {
    /// Reads the variables of this process.
    pub(crate) fn from_shell() -> Result<Self> {
        let lookup = |name: &str| variable(name);
        let folder = Folder::from_lookup(&workspace(), &lookup)?;
        let (database, ignored) = Database::from_lookup(&folder, &lookup);
        let outside = Outside::from_lookup(&folder, &lookup);
        let notices = ignored
            .into_iter()
            .chain(outside.notices.iter().cloned())
            .collect();
        Ok(Self {
            environment: Environment::seal(std::env::vars_os(), &folder),
            python: lookup("LOCAL_PYTHON"),
            folder,
            database,
            outside,
            notices,
        })
    }

    /// The URL of the pipeline's database.
    pub(crate) fn database_url(&self) -> String {
        self.database.url(&self.folder)
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
        .filter(|folder| folder.ends_with("localstack"))
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
