//! The functions' binaries with their fault points.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::settings::Settings;
use crate::template::Template;
use crate::{child, functions};

/// Where the binary of each function lies.
pub(crate) type Binaries = BTreeMap<String, PathBuf>;

/// Which build of the functions is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Profile {
    /// As it is deployed.
    Release,
    /// As it is developed; builds in a fraction of the time.
    Dev,
}

impl Profile {
    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Release => &["--release"],
            Self::Dev => &[],
        }
    }
}

/// Builds the functions of the checkout with their fault points.
pub(crate) async fn build(settings: &Settings, profile: Profile) -> Result<Binaries> {
    let template = Template::load(&settings.folder.workspace.join("template.yaml"))?;
    let names: Vec<String> = template
        .functions()?
        .into_iter()
        .map(|function| function.binary)
        .collect();
    let features: Vec<String> = names.iter().map(|name| format!("{name}/faults")).collect();
    let mut cargo = cargo(settings, &settings.folder.workspace, profile);
    cargo
        .args(["--features", &features.join(",")])
        .args(names.iter().flat_map(|name| ["--bin", name]));
    collect(cargo, names, &settings.folder.root.join("functions")).await
}

/// Builds the sender of a changed copy of the checkout; its statements are checked against this
/// database, since the cache knows only those of the original.
pub(super) async fn build_mutant(
    settings: &Settings,
    copy: &Path,
    database: &str,
    profile: Profile,
) -> Result<Binaries> {
    let mut cargo = cargo(settings, copy, profile);
    // What the two have in common is built once.
    let target = std::env::var_os("CARGO_TARGET_DIR");
    let target = target.map_or_else(|| settings.folder.workspace.join("target"), Into::into);
    cargo
        .args([
            "--quiet",
            "--offline",
            "--features",
            "sender/faults",
            "--bin",
            "sender",
        ])
        .env("CARGO_TARGET_DIR", target)
        .env("SQLX_OFFLINE", "false")
        .env("DATABASE_URL", database);
    let folder = settings.folder.root.join("mutants");
    collect(cargo, vec!["sender".to_owned()], &folder).await
}

fn cargo(settings: &Settings, sources: &Path, profile: Profile) -> Command {
    let mut cargo = settings.environment.downloader(settings.cargo());
    cargo
        .current_dir(sources)
        .args(["build", "--message-format=json-render-diagnostics"])
        .args(profile.arguments());
    cargo
}

/// Builds, and keeps each binary apart from what other commands build.
async fn collect(cargo: Command, names: Vec<String>, folder: &Path) -> Result<Binaries> {
    let output = child::stdout(cargo).await?;
    if !output.status.success() {
        bail!("the functions do not build ({})", output.status);
    }
    place(&functions::executables(&output.stdout), names, folder)
}

/// Puts each binary where a rebuild of another command does not change it.
pub(crate) fn place(
    built: &BTreeMap<String, PathBuf>,
    names: Vec<String>,
    folder: &Path,
) -> Result<Binaries> {
    names
        .into_iter()
        .map(|name| {
            let binary = built
                .get(&name)
                .with_context(|| format!("cargo built no binary {name}"))?;
            let folder = folder.join(&name);
            functions::place(binary, &folder)?;
            Ok((name, folder.join("bootstrap")))
        })
        .collect()
}
