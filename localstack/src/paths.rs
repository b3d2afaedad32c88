//! Where everything of the local cloud lies and listens: one ignored folder, a few ports.
//!
//! The folder is made and marked here, and nothing is deleted but below a marked one: whatever
//! `LOCAL_DIR` holds, files of others stay.

use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::environment::REGION;

/// The file that marks a folder as ours. Python's side knows it too (`postgres.py`).
const MARKER: &str = "made-by-cargo-local";
const MARKER_TEXT: &str =
    "`cargo local` made this folder and deletes files in it. Keep nothing of yours here.\n";

/// The folder and the ports of this checkout's cloud. With other values a second one runs beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Paths {
    /// The workspace root.
    pub(crate) workspace: PathBuf,
    /// The one folder that is written to, `.local` unless `LOCAL_DIR` says otherwise.
    pub(crate) root: PathBuf,
    /// Where LocalStack answers (`LOCAL_CLOUD_PORT`).
    pub(crate) localstack_port: u16,
    /// Where the stand-ins answers (`LOCAL_STAND_IN_PORT`).
    pub(crate) stand_in_port: u16,
}

impl Paths {
    /// Reads `LOCAL_DIR`, `LOCAL_CLOUD_PORT` and `LOCAL_STAND_IN_PORT` through `lookup`.
    pub(crate) fn from_lookup(
        workspace: &Path,
        lookup: &impl Fn(&str) -> Option<String>,
    ) -> Result<Self> {
        let root = chosen_root(workspace, lookup)?;
        let localstack_port = port(lookup, "LOCAL_CLOUD_PORT", 4566)?;
        let stand_in_port = port(lookup, "LOCAL_STAND_IN_PORT", 4580)?;
        if localstack_port == stand_in_port {
            bail!("LOCAL_CLOUD_PORT and LOCAL_STAND_IN_PORT are both {localstack_port}");
        }
        Ok(Self {
            workspace: resolved(workspace)?,
            root,
            localstack_port,
            stand_in_port,
        })
    }

    /// The virtual environment with LocalStack and PostgreSQL.
    pub(crate) fn python(&self) -> PathBuf {
        self.root.join("python")
    }

    /// The headless Chromium and what drives it.
    pub(crate) fn browser(&self) -> PathBuf {
        self.root.join("browser")
    }

    /// Home and caches of the Python processes, which otherwise write to the user's own.
    pub(crate) fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    /// Makes the folders that the Python processes expect to find.
    pub(crate) fn make_home(&self) -> Result<()> {
        for name in ["cache", "runtime", "tmp"] {
            let path = self.home().join(name);
            fs::create_dir_all(&path)
                .with_context(|| format!("could not make {}", path.display()))?;
        }
        Ok(())
    }

    /// PostgreSQL's data and socket.
    pub(crate) fn postgres(&self) -> PathBuf {
        self.root.join("postgres")
    }

    /// LocalStack's files, the mails it was given among them.
    pub(crate) fn localstack(&self) -> PathBuf {
        self.root.join("localstack")
    }

    /// `NAME/bootstrap` of each function, as Lambda wants it.
    pub(crate) fn functions(&self) -> PathBuf {
        self.root.join("functions")
    }

    /// Who runs: one record a process.
    pub(crate) fn running(&self) -> PathBuf {
        self.root.join("running")
    }

    /// What a process printed.
    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.root.join("logs").join(format!("{name}.log"))
    }

    /// The address of LocalStack, and of nothing else.
    pub(crate) fn localstack_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.localstack_port)
    }

    /// The address of the stand-ins.
    pub(crate) fn stand_ins_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.stand_in_port)
    }

    /// Where the console answers: LocalStack names a function's URL after the tag that the template gets
    /// for this machine, so that it is known before the deploy.
    pub(crate) fn console_origin(&self) -> String {
        let port = self.localstack_port;
        format!("http://console.lambda-url.{REGION}.localhost:{port}")
    }

    /// Makes and marks the folder, or finds it marked.
    ///
    /// # Errors
    /// When it holds files and no mark: then it is not ours.
    pub(crate) fn make(&self) -> Result<()> {
        let shown = || self.shown(&self.root);
        fs::create_dir_all(&self.root).with_context(|| format!("could not make {}", shown()))?;
        let is_empty = fs::read_dir(&self.root)?.next().is_none();
        if is_empty {
            let marker = self.root.join(MARKER);
            fs::write(marker, MARKER_TEXT)
                .with_context(|| format!("could not mark {}", shown()))?;
        }
        self.check_marked()
    }

    fn check_marked(&self) -> Result<()> {
        let marker = self.root.join(MARKER);
        if fs::read_to_string(marker).is_ok_and(|text| text == MARKER_TEXT) {
            return Ok(());
        }
        bail!(
            "{} was not made by cargo local (there is no file {MARKER} in it), and nothing in it is \
             touched; remove it yourself, or name a new folder with LOCAL_DIR=…",
            self.shown(&self.root)
        )
    }

    /// Forgets everything but the installed tools.
    pub(crate) fn wipe(&self) -> Result<()> {
        let logs = self.root.join("logs");
        for path in [
            self.postgres(),
            self.localstack(),
            self.functions(),
            self.running(),
            self.home(),
            logs,
        ] {
            self.remove(&path)?;
        }
        Ok(())
    }

    /// Removes a folder below this one, if it is there. A symbolic link is removed itself, never what
    /// it leads to.
    pub(crate) fn remove(&self, path: &Path) -> Result<()> {
        self.check_marked()?;
        let below = path.strip_prefix(&self.root).unwrap_or(Path::new(""));
        let mut parts = below.components().peekable();
        let is_below = parts.peek().is_some() && parts.all(is_plain);
        let passes_a_link = path
            .ancestors()
            .skip(1)
            .take_while(|above| *above != self.root)
            .any(Path::is_symlink);
        if !is_below || passes_a_link {
            bail!("{} is not ours to remove", path.display());
        }
        match fs::remove_dir_all(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(error).with_context(|| format!("could not remove {}", path.display()))
            }
            _ => Ok(()),
        }
    }

    /// `path` as a person would type it from the workspace root.
    pub(crate) fn shown<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        path.strip_prefix(&self.workspace).unwrap_or(path).display()
    }
}

/// Makes a folder, or empties it, for a caller who made what is in it.
pub(crate) fn emptied(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))
}

/// What `LOCAL_DIR` names, where that can be a folder of our own.
fn chosen_root(workspace: &Path, lookup: &impl Fn(&str) -> Option<String>) -> Result<PathBuf> {
    let given = lookup("LOCAL_DIR").unwrap_or_else(|| ".local".to_owned());
    if given.starts_with('~') {
        bail!("LOCAL_DIR is {given:?}, which the shell did not expand; write the path in full");
    }
    // Collected, so that a slash at the end does not hide a link.
    let named: PathBuf = workspace.join(&given).components().collect();
    if named.is_symlink() {
        bail!("LOCAL_DIR is {given:?}, a symbolic link; name the folder that it leads to");
    }
    let root = resolved(&named)?;
    if resolved(workspace)?.starts_with(&root) {
        bail!("LOCAL_DIR is {given:?}, which holds the workspace; name a folder of its own");
    }
    let home = lookup("HOME").map(PathBuf::from).unwrap_or_default();
    if home.is_absolute() && resolved(&home)?.starts_with(&root) {
        bail!("LOCAL_DIR is {given:?}, which holds your home folder; name a folder of its own");
    }
    Ok(root)
}

/// The path without links and without `..`, also where its end does not exist yet.
fn resolved(path: &Path) -> Result<PathBuf> {
    for above in path.ancestors() {
        match above.canonicalize() {
            Ok(real) => {
                let missing = path.strip_prefix(above)?;
                if !missing.components().all(is_plain) {
                    bail!("{} does not exist, and holds `..`", path.display());
                }
                // Joined to nothing, a path would end in a slash.
                let whole = real.join(missing);
                return Ok(whole.components().collect());
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error).with_context(|| format!("could not read {}", above.display()));
            }
        }
    }
    bail!("{} does not exist", path.display())
}

fn is_plain(part: Component<'_>) -> bool {
    matches!(part, Component::Normal(_))
}

fn port(lookup: &impl Fn(&str) -> Option<String>, name: &str, default: u16) -> Result<u16> {
    match lookup(name) {
        None => Ok(default),
        Some(text) => match text.parse() {
            Ok(0) => bail!("{name} is 0: the local cloud needs a port that stays the same"),
            parsed => parsed.with_context(|| format!("{name} is {text:?}, not a port number")),
        },
    }
}

#[cfg(test)]
mod tests;
