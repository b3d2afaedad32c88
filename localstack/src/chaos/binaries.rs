//! The functions' binaries, built as they are deployed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::settings::Settings;
use crate::template::Template;
use crate::{child, functions};

/// Where the binary of each function lies.
pub(crate) type Binaries = BTreeMap<String, PathBuf>;

/// Which build of the functions is tested.
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

/// Builds the functions of the checkout as they are deployed, and keeps each apart from what other
/// commands build.
pub(crate) async fn build(settings: &Settings, profile: Profile) -> Result<Binaries> {
    let template = Template::load(&settings.paths.workspace.join("template.yaml"))?;
    let functions = template.functions()?.into_iter();
    let names: Vec<String> = functions.map(|function| function.binary).collect();
    let packages: Vec<&str> = names.iter().map(String::as_str).collect();
    let built = executables(settings, profile, &packages).await?;
    install(&built, names, &settings.paths.root.join("functions"))
}

/// Builds these packages, and answers where cargo put their binaries.
pub(crate) async fn executables(
    settings: &Settings,
    profile: Profile,
    packages: &[&str],
) -> Result<Binaries> {
    let mut cargo = cargo(settings, &settings.paths.workspace, profile);
    match profile {
        // As they are deployed: what others need of the same dependencies stays out.
        Profile::Release => cargo.args(packages.iter().flat_map(|name| ["--package", name])),
        // As every other command builds them.
        Profile::Dev => cargo.args(packages.iter().flat_map(|name| ["--bin", name])),
    };
    let output = child::stdout(cargo).await?;
    if !output.status.success() {
        bail!("{} do not build ({})", packages.join(", "), output.status);
    }
    Ok(functions::executables(&output.stdout))
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
    let target = target.map_or_else(|| settings.paths.workspace.join("target"), Into::into);
    cargo
        .args(["--quiet", "--offline", "--bin", "sender"])
        .env("CARGO_TARGET_DIR", target)
        .env("SQLX_OFFLINE", "false")
        .env("DATABASE_URL", database);
    let output = child::stdout(cargo).await?;
    if !output.status.success() {
        bail!("the mutant does not build ({})", output.status);
    }
    let folder = settings.paths.root.join("mutants");
    install(
        &functions::executables(&output.stdout),
        vec!["sender".to_owned()],
        &folder,
    )
}

fn cargo(settings: &Settings, sources: &Path, profile: Profile) -> Command {
    let mut cargo = settings.environment.downloader(settings.cargo());
    cargo
        .current_dir(sources)
        .args(["build", "--message-format=json-render-diagnostics"])
        .args(profile.arguments());
    cargo
}

/// Puts each binary where a rebuild of another command does not change it.
fn install(
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
            functions::install(binary, &folder)?;
            Ok((name, folder.join("bootstrap")))
        })
        .collect()
}
