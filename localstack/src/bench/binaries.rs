//! The functions' binaries as they are deployed, and how large they are.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::chaos::{Binaries, Profile, place};
use crate::python::Python;
use crate::settings::Settings;
use crate::template::Template;
use crate::{child, functions, output};

/// Builds the functions, without fault points, and keeps them apart from what other commands build.
pub(super) async fn build(settings: &Settings, profile: Profile) -> Result<Binaries> {
    let template = Template::load(&settings.folder.workspace.join("template.yaml"))?;
    let functions = template.functions()?.into_iter();
    let names: Vec<String> = functions.map(|function| function.binary).collect();
    let packages: Vec<&str> = names.iter().map(String::as_str).collect();
    let built = executables(settings, profile, &packages).await?;
    place(&built, names, &settings.folder.root.join("functions"))
}

/// This program, built to be fast, in the place of this process: stand-ins that were built for
/// debugging would take more of the machine than what is measured. Answers only when it cannot.
pub(super) async fn again(settings: &Settings) -> Result<anyhow::Error> {
    output::step("Building", "this program and its stand-ins, to be fast");
    let built = executables(settings, Profile::Release, &["local"]).await?;
    let fast = built.get("local").context("cargo built no program")?;
    let mut again = Command::new(fast);
    again.args(std::env::args_os().skip(1));
    Ok(anyhow::Error::new(again.exec()).context("could not start the fast program"))
}

async fn executables(settings: &Settings, profile: Profile, packages: &[&str]) -> Result<Binaries> {
    let mut cargo = settings.environment.downloader(settings.cargo());
    cargo
        .current_dir(&settings.folder.workspace)
        .args(["build", "--message-format=json-render-diagnostics"]);
    match profile {
        // As they are deployed: what others need of the same dependencies stays out.
        Profile::Release => cargo
            .arg("--release")
            .args(packages.iter().flat_map(|name| ["--package", name])),
        // As every other command builds them.
        Profile::Dev => cargo.args(packages.iter().flat_map(|name| ["--bin", name])),
    };
    let output = child::stdout(cargo).await?;
    if !output.status.success() {
        bail!("{} do not build ({})", packages.join(", "), output.status);
    }
    Ok(functions::executables(&output.stdout))
}

/// A binary's size, and that of the package that Lambda is given, in MB.
pub(super) async fn sizes(
    settings: &Settings,
    python: &Python,
    binary: &Path,
) -> Result<(f64, f64)> {
    let package = binary.with_extension("zip");
    let mut zip = settings.environment.command(python.program("python"));
    zip.args(["-m", "zipfile", "-c"]).arg(&package).arg(binary);
    child::run(zip).await.context("could not pack a function")?;
    let sizes = (megabytes(binary)?, megabytes(&package)?);
    fs::remove_file(package)?;
    Ok(sizes)
}

fn megabytes(path: &Path) -> Result<f64> {
    let bytes = fs::metadata(path)?.len();
    Ok(f64::from(u32::try_from(bytes)?) / 1e6)
}
