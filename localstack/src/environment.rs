//! The environment of every child process: what the shell holds is let in by name, and whatever
//! speaks AWS is pointed at this machine.
//!
//! A list of what to keep, rather than of what to drop, so that a credential, profile, endpoint or
//! proxy that is not on the list stays out too.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::process::Command;

use crate::paths::Paths;

/// The one region of the local cloud.
pub(crate) const REGION: &str = "us-east-1";
/// LocalStack takes any key; this one opens nothing anywhere.
pub(crate) const DUMMY_KEY: &str = "test";

/// Names that say who the user is, how the terminal looks, where the tools lie and how large a test is.
const KEPT: [&str; 27] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "TERM",
    "COLORTERM",
    "NO_COLOR",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    "CI",
    "RUST_BACKTRACE",
    "RUST_LOG",
    "RUSTFLAGS",
    "RUSTC",
    "RUSTC_WRAPPER",
    "CC",
    "CXX",
    "AR",
    "LD",
    "EDITOR",
    "PAGER",
    "PLAN_ROWS",
];
const KEPT_PREFIXES: [&str; 7] = [
    "LC_",
    "CARGO_",
    "RUSTUP_",
    "INSTA_",
    "PROPTEST_",
    "NEXTEST_",
    "PYENV_",
];

/// Cargo describes the running package to its child. Build scripts watch some of these names, and
/// would rebuild everything each time they differ between the shell's cargo and ours.
const ABOUT_THIS_PACKAGE: [&str; 6] = [
    "CARGO_PKG_",
    "CARGO_MANIFEST_",
    "CARGO_BIN_",
    "CARGO_CRATE_",
    "CARGO_PRIMARY_",
    "CARGO_FEATURE_",
];

/// How to reach package registries: only for the tools that download.
const OUTWARD: [&str; 14] = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NIX_SSL_CERT_FILE",
    "NODE_EXTRA_CA_CERTS",
];
const OUTWARD_PREFIXES: [&str; 4] = ["PIP_", "UV_", "npm_config_", "NPM_CONFIG_"];

/// The shell's environment, sorted into what children may see.
#[derive(Debug, Clone)]
pub(crate) struct Environment {
    kept: BTreeMap<OsString, OsString>,
    outward: BTreeMap<OsString, OsString>,
    forced: BTreeMap<&'static str, OsString>,
    at_home: BTreeMap<&'static str, OsString>,
}

impl Environment {
    /// Sorts `shell` once; every child is started from the result.
    pub(crate) fn seal(
        shell: impl IntoIterator<Item = (OsString, OsString)>,
        paths: &Paths,
    ) -> Self {
        let (mut kept, mut outward) = (BTreeMap::new(), BTreeMap::new());
        for (name, value) in shell {
            let Some(text) = name.to_str() else { continue };
            let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| text.starts_with(prefix));
            if OUTWARD.contains(&text) || starts(&OUTWARD_PREFIXES) {
                outward.insert(name, value);
            } else if KEPT.contains(&text)
                || (starts(&KEPT_PREFIXES) && !starts(&ABOUT_THIS_PACKAGE))
            {
                kept.insert(name, value);
            }
        }
        Self {
            kept,
            outward,
            forced: forced(paths),
            at_home: at_home(paths),
        }
    }

    /// A child that works on this machine only: the build, the tests, a query.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(&self.kept).envs(&self.forced);
        command
    }

    /// A process of the cloud: as [`Self::command`], and its home and caches are ours as well.
    pub(crate) fn daemon(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.command(program);
        command.env_remove("TMPDIR").envs(&self.at_home);
        command
    }

    /// A tool that downloads from a package registry, through the user's proxy where there is one.
    pub(crate) fn downloader(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.command(program);
        command
            .env_remove("NO_PROXY")
            .env_remove("no_proxy")
            .envs(&self.outward);
        command
    }

    /// What is forced on every child, for `cargo local env`.
    pub(crate) fn forced(&self) -> &BTreeMap<&'static str, OsString> {
        &self.forced
    }
}

fn forced(paths: &Paths) -> BTreeMap<&'static str, OsString> {
    let loopback = "127.0.0.1,localhost";
    [
        ("AWS_ENDPOINT_URL", paths.localstack_url()),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
        ("AWS_ACCESS_KEY_ID", DUMMY_KEY.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", DUMMY_KEY.to_owned()),
        // No profile is read from the user's files, and no instance is asked for a role.
        ("AWS_CONFIG_FILE", "/dev/null".to_owned()),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null".to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ("NO_PROXY", loopback.to_owned()),
        ("no_proxy", loopback.to_owned()),
        ("SQLX_OFFLINE", "true".to_owned()),
    ]
    .map(|(name, value)| (name, value.into()))
    .into()
}

fn at_home(paths: &Paths) -> BTreeMap<&'static str, OsString> {
    let home = paths.home();
    [
        ("XDG_CACHE_HOME", home.join("cache")),
        ("XDG_CONFIG_HOME", home.join("config")),
        ("XDG_DATA_HOME", home.join("data")),
        ("XDG_STATE_HOME", home.join("state")),
        ("XDG_RUNTIME_DIR", home.join("runtime")),
        ("TMP", home.join("tmp")),
        ("HOME", home),
    ]
    .map(|(name, path)| (name, path.into_os_string()))
    .into_iter()
    .chain([
        ("PYTHONNOUSERSITE", "1".into()),
        ("PYTHONUNBUFFERED", "1".into()),
    ])
    .collect()
}

#[cfg(test)]
mod tests;
