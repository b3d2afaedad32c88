//! The functions' binaries with their fault points.

use std::collections::BTreeMap;
use std::path::PathBuf;

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

/// Builds the functions of the checkout with their fault points, and keeps each apart from what
/// other commands build.
pub(crate) async fn build(settings: &Settings, profile: Profile) -> Result<Binaries> {
    let template = Template::load(&settings.folder.workspace.join("template.yaml"))?;
    let names: Vec<String> = template
        .functions()?
        .into_iter()
        .map(|function| function.binary)
        .collect();
    let features: Vec<String> = names.iter().map(|name| format!("{name}/faults")).collect();
    let mut cargo = settings.environment.downloader(settings.cargo());
    cargo
        .current_dir(&settings.folder.workspace)
        .args(["build", "--message-format=json-render-diagnostics"])
        .args(profile.arguments())
        .args(["--features", &features.join(",")])
        .args(names.iter().flat_map(|name| ["--bin", name]));
    let output = child::stdout(cargo).await?;
    if !output.status.success() {
        bail!("the functions do not build ({})", output.status);
    }
    let built = functions::executables(&output.stdout);
    let folder = settings.folder.root.join("functions");
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
