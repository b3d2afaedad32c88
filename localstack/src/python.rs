//! The virtual environment with LocalStack, PostgreSQL and cargo-lambda, from hash-locked wheels.

mod find;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use crate::environment::Environment;
use crate::paths::Paths;
use crate::{child, output};

/// The programs of the prepared environment.
#[derive(Debug, Clone)]
pub(crate) struct Python {
    bin: PathBuf,
    /// What it was built from: what runs in it is started again when this changes.
    pub(crate) stamp: String,
}

impl Python {
    /// A program of the environment, such as `python` or `cargo-lambda`.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }
}

/// Prepares the environment, or finds it prepared.
pub(crate) async fn prepare(
    paths: &Paths,
    environment: &Environment,
    chosen: Option<&str>,
) -> Result<Python> {
    paths.make()?;
    let sources = paths.workspace.join("localstack/executor");
    let home = paths.python();
    let bin = home.join("bin");
    let tools = Part {
        name: "tools",
        stamp: stamp(
            &home,
            &[
                sources.join("requirements-uv.txt"),
                sources.join("requirements.txt"),
                sources.join("requirements-no-deps.txt"),
            ],
        )?,
    };
    let mut package = vec![sources.join("pyproject.toml")];
    package.extend(files_below(&sources.join("src"), "py")?);
    let executor = Part {
        name: "executor",
        stamp: stamp(&home, &package)?,
    };
    let install = Install {
        environment,
        sources: &sources,
        bin: &bin,
    };

    if !tools.is_in(&home) || !bin.join("python").exists() {
        let (python, version) = find::find(environment, chosen).await?;
        output::step(
            "Preparing",
            format_args!("Python {version} in {}", paths.shown(&home)),
        );
        paths.remove(&home)?;
        let mut create = environment.downloader(python);
        create.args(["-m", "venv"]).arg(&home);
        child::run(create)
            .await
            .context("could not create the virtual environment")?;
        install.bootstrap().await?;
        output::step(
            "Installing",
            "LocalStack, PostgreSQL and cargo-lambda (about 60 MB)",
        );
        install
            .locked("requirements.txt", &["--require-hashes"])
            .await?;
        install
            .locked(
                "requirements-no-deps.txt",
                &["--require-hashes", "--no-deps"],
            )
            .await?;
        tools.put_in(&home)?;
    }
    if !executor.is_in(&home) {
        output::step(
            "Installing",
            "the executor that runs functions as processes",
        );
        install.executor().await?;
        // LocalStack finds plug-ins through a cache that does not notice a new version.
        paths.remove(&paths.home().join("cache"))?;
        executor.put_in(&home)?;
    }
    paths.make_home()?;
    Ok(Python {
        bin,
        stamp: format!("{}-{}", tools.stamp, executor.stamp),
    })
}

/// Adds the linters and test tools of the Python side and of the template.
pub(crate) async fn prepare_for_checks(
    paths: &Paths,
    environment: &Environment,
    python: &Python,
) -> Result<()> {
    let what = "cfn-lint and the checks of the Python side";
    let file = "localstack/executor/requirements-dev.txt";
    prepare_more(paths, environment, python, ("checks", what, file)).await
}

/// Adds Node, which installs and drives the browser.
pub(crate) async fn prepare_for_browser(
    paths: &Paths,
    environment: &Environment,
    python: &Python,
) -> Result<()> {
    let what = "Node, to drive a browser (about 60 MB)";
    let file = "localstack/browser/requirements.txt";
    prepare_more(paths, environment, python, ("node", what, file)).await
}

async fn prepare_more(
    paths: &Paths,
    environment: &Environment,
    python: &Python,
    (name, what, file): (&'static str, &str, &str),
) -> Result<()> {
    let home = paths.python();
    let part = Part {
        name,
        stamp: stamp(&home, &[paths.workspace.join(file)])? + &python.stamp,
    };
    if !part.is_in(&home) {
        output::step("Installing", what);
        let install = Install {
            environment,
            sources: &paths.workspace,
            bin: &python.bin,
        };
        install.locked(file, &["--require-hashes"]).await?;
        part.put_in(&home)?;
    }
    Ok(())
}

struct Install<'a> {
    environment: &'a Environment,
    sources: &'a Path,
    bin: &'a Path,
}

impl Install<'_> {
    /// pip brings uv, and uv brings the rest in a tenth of pip's time.
    async fn bootstrap(&self) -> Result<()> {
        let mut pip = self.environment.downloader(self.bin.join("python"));
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .args(["--no-cache-dir", "--no-deps", "--require-hashes", "-r"])
        .arg(self.sources.join("requirements-uv.txt"));
        child::run(pip)
            .await
            .context("could not install uv; is the package index in reach?")
    }

    async fn locked(&self, file: &str, options: &[&str]) -> Result<()> {
        let mut uv = self.uv();
        uv.args(options).arg("-r").arg(self.sources.join(file));
        child::run(uv)
            .await
            .with_context(|| format!("could not install {file}"))
    }

    async fn executor(&self) -> Result<()> {
        let mut uv = self.uv();
        uv.args(["--no-deps", "--offline", "--reinstall"])
            .arg(self.sources);
        child::run(uv)
            .await
            .context("could not install the executor")
    }

    fn uv(&self) -> Command {
        let mut uv = self.environment.downloader(self.bin.join("uv"));
        // The wheels are kept once, in the environment; nothing is left in the user's cache.
        uv.args(["pip", "install", "--quiet", "--no-cache", "--python"])
            .arg(self.bin.join("python"));
        uv
    }
}

/// One step of the preparation, done when its stamp matches its inputs.
struct Part {
    name: &'static str,
    stamp: String,
}

impl Part {
    fn is_in(&self, home: &Path) -> bool {
        fs::read_to_string(self.path(home)).is_ok_and(|stamp| stamp == self.stamp)
    }

    fn put_in(&self, home: &Path) -> Result<()> {
        Ok(fs::write(self.path(home), &self.stamp)?)
    }

    fn path(&self, home: &Path) -> PathBuf {
        home.join(format!("{}.stamp", self.name))
    }
}

/// The path counts too: a virtual environment cannot be moved.
fn stamp(home: &Path, inputs: &[PathBuf]) -> Result<String> {
    let mut hash = Sha256::new_with_prefix(home.as_os_str().as_encoded_bytes());
    for input in inputs {
        let content =
            fs::read(input).with_context(|| format!("could not read {}", input.display()))?;
        hash.update(Sha256::digest(content));
    }
    let mut stamp = HEXLOWER.encode(&hash.finalize());
    stamp.truncate(16);
    Ok(stamp)
}

fn files_below(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let entries =
        fs::read_dir(folder).with_context(|| format!("could not read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(files_below(&path, extension)?);
        } else if path.extension().is_some_and(|found| found == extension) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamp_depends_on_inputs_and_path() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("requirements.txt");
        fs::write(&file, "a==1").unwrap();
        let first = stamp(Path::new("/a"), std::slice::from_ref(&file)).unwrap();
        assert_eq!(
            first,
            stamp(Path::new("/a"), std::slice::from_ref(&file)).unwrap()
        );
        assert_ne!(
            first,
            stamp(Path::new("/b"), std::slice::from_ref(&file)).unwrap()
        );
        fs::write(&file, "a==2").unwrap();
        assert_ne!(first, stamp(Path::new("/a"), &[file]).unwrap());
    }
}
