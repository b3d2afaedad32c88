//! Where everything of the local cloud lies and listens: one ignored folder, a few ports.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// The folder and the ports of this checkout's cloud. With other values a second one runs beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Folder {
    /// The workspace root.
    pub(crate) workspace: PathBuf,
    /// The one folder that is written to, `.local` unless `LOCAL_DIR` says otherwise.
    pub(crate) root: PathBuf,
    /// Where LocalStack answers (`LOCAL_CLOUD_PORT`).
    pub(crate) cloud_port: u16,
    /// Where the stand-in internet answers (`LOCAL_INTERNET_PORT`).
    pub(crate) internet_port: u16,
}

impl Folder {
    /// Reads `LOCAL_DIR`, `LOCAL_CLOUD_PORT` and `LOCAL_INTERNET_PORT` through `lookup`.
    pub(crate) fn from_lookup(
        workspace: &Path,
        lookup: &impl Fn(&str) -> Option<String>,
    ) -> Result<Self> {
        let root = workspace.join(lookup("LOCAL_DIR").unwrap_or_else(|| ".local".to_owned()));
        if root == workspace {
            bail!("LOCAL_DIR is the workspace itself; name a folder of its own");
        }
        let cloud_port = port(lookup, "LOCAL_CLOUD_PORT", 4566)?;
        let internet_port = port(lookup, "LOCAL_INTERNET_PORT", 4580)?;
        if cloud_port == internet_port {
            bail!("LOCAL_CLOUD_PORT and LOCAL_INTERNET_PORT are both {cloud_port}");
        }
        Ok(Self {
            workspace: workspace.to_owned(),
            root,
            cloud_port,
            internet_port,
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
            std::fs::create_dir_all(&path)
                .with_context(|| format!("could not make {}", path.display()))?;
        }
        Ok(())
    }

    /// PostgreSQL's data and socket.
    pub(crate) fn postgres(&self) -> PathBuf {
        self.root.join("postgres")
    }

    /// LocalStack's files, the mails it was given among them.
    pub(crate) fn cloud(&self) -> PathBuf {
        self.root.join("cloud")
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
    pub(crate) fn cloud_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.cloud_port)
    }

    /// The address of the stand-in internet.
    pub(crate) fn internet_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.internet_port)
    }

    /// Forgets everything but the installed tools.
    pub(crate) fn wipe(&self) -> Result<()> {
        let logs = self.root.join("logs");
        for path in [
            self.postgres(),
            self.cloud(),
            self.functions(),
            self.running(),
            self.home(),
            logs,
        ] {
            match std::fs::remove_dir_all(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error)
                        .with_context(|| format!("could not remove {}", path.display()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// `path` as a person would type it from the workspace root.
    pub(crate) fn shown<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        path.strip_prefix(&self.workspace).unwrap_or(path).display()
    }
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
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn folder(variables: &[(&str, &str)]) -> Result<Folder> {
        let variables: HashMap<&str, &str> = variables.iter().copied().collect();
        Folder::from_lookup(Path::new("/checkout"), &|name| {
            variables.get(name).map(ToString::to_string)
        })
    }

    #[test]
    fn nothing_given_means_dot_local_and_the_usual_ports() {
        let folder = folder(&[]).unwrap();
        assert_eq!(folder.root, Path::new("/checkout/.local"));
        assert_eq!(folder.cloud_url(), "http://127.0.0.1:4566");
        assert_eq!(folder.internet_url(), "http://127.0.0.1:4580");
    }

    #[test]
    fn a_second_checkout_can_run_beside_with_its_own_values() {
        let variables = [
            ("LOCAL_DIR", "/elsewhere"),
            ("LOCAL_CLOUD_PORT", "5566"),
            ("LOCAL_INTERNET_PORT", "5580"),
        ];
        let folder = folder(&variables).unwrap();
        assert_eq!(folder.root, Path::new("/elsewhere"));
        assert_eq!((folder.cloud_port, folder.internet_port), (5566, 5580));
    }

    #[track_caller]
    fn check_refused(variables: &[(&str, &str)], reason: &str) {
        assert_eq!(folder(variables).unwrap_err().to_string(), reason);
    }

    #[test]
    fn values_that_cannot_work_are_refused_by_name() {
        check_refused(
            &[("LOCAL_CLOUD_PORT", "web")],
            r#"LOCAL_CLOUD_PORT is "web", not a port number"#,
        );
        check_refused(
            &[("LOCAL_CLOUD_PORT", "70000")],
            r#"LOCAL_CLOUD_PORT is "70000", not a port number"#,
        );
        check_refused(
            &[("LOCAL_INTERNET_PORT", "0")],
            "LOCAL_INTERNET_PORT is 0: the local cloud needs a port that stays the same",
        );
        check_refused(
            &[("LOCAL_CLOUD_PORT", "4580")],
            "LOCAL_CLOUD_PORT and LOCAL_INTERNET_PORT are both 4580",
        );
        check_refused(
            &[("LOCAL_DIR", "")],
            "LOCAL_DIR is the workspace itself; name a folder of its own",
        );
    }

    #[test]
    fn paths_are_shown_from_the_workspace_root() {
        let folder = folder(&[]).unwrap();
        assert_eq!(
            folder.shown(&folder.log("cloud")).to_string(),
            ".local/logs/cloud.log"
        );
    }
}
