//! The functions' binaries as they are deployed, and how large they are.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::chaos::{Profile, executables};
use crate::python::Python;
use crate::settings::Settings;
use crate::{child, output};

/// This program in its release build, instead of this process: stand-ins that were built for
/// debugging would take more of the machine than what is measured. Answers only when it cannot.
pub(super) async fn again(settings: &Settings) -> Result<anyhow::Error> {
    output::step("Building", "this program and its stand-ins, to be fast");
    let built = executables(settings, Profile::Release, &["local"]).await?;
    let fast = built.get("local").context("cargo built no program")?;
    let mut again = Command::new(fast);
    again.args(std::env::args_os().skip(1));
    Ok(anyhow::Error::new(again.exec()).context("could not start the fast program"))
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
