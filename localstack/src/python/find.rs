//! Finding a Python that can make virtual environments.

use anyhow::{Result, bail};

use crate::child;
use crate::environment::Environment;

/// Newest first where `python3` itself is too old; later ones were not tried with LocalStack.
const CANDIDATES: [&str; 6] = [
    "python3",
    "python3.13",
    "python3.12",
    "python3.11",
    "python3.10",
    "python",
];
const OLDEST: (u8, u8) = (3, 10);
const PROBE: &str = "import sys, venv, ensurepip; print('%d %d' % sys.version_info[:2])";

const HOW_TO_GET_IT: &str = "Debian, Ubuntu: apt install python3-venv · Fedora: dnf install python3 · \
     macOS: brew install python · elsewhere: https://www.python.org/downloads/; \
     LOCAL_PYTHON=/path/to/python3 names one that is not in PATH";

/// What asking one candidate gave.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Good(String),
    TooOld(String),
    WithoutVenv,
    Nothing,
}

/// The program and the version of the first Python that will do.
pub(super) async fn find(
    environment: &Environment,
    chosen: Option<&str>,
) -> Result<(String, String)> {
    let candidates = chosen.map_or(CANDIDATES.to_vec(), |chosen| vec![chosen]);
    let mut best = Found::Nothing;
    for candidate in &candidates {
        match probe(environment, candidate).await {
            Found::Good(version) => return Ok(((*candidate).to_owned(), version)),
            Found::Nothing => {}
            found => best = if best == Found::Nothing { found } else { best },
        }
    }
    bail!("{}", missing(&best, chosen))
}

fn missing(best: &Found, chosen: Option<&str>) -> String {
    let what = match best {
        Found::TooOld(version) => format!("the Python found here is {version}"),
        Found::WithoutVenv => "the Python found here comes without the venv module".to_owned(),
        Found::Good(_) | Found::Nothing => match chosen {
            Some(chosen) => format!("LOCAL_PYTHON={chosen} does not run"),
            None => "no Python was found".to_owned(),
        },
    };
    format!("Python 3.10 or later with venv is needed, and {what}. {HOW_TO_GET_IT}")
}

async fn probe(environment: &Environment, candidate: &str) -> Found {
    let mut command = environment.downloader(candidate);
    command.args(["-c", PROBE]);
    let Ok(output) = child::output(command).await else {
        return Found::Nothing;
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    if errors.contains("No module named") {
        return Found::WithoutVenv;
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text
        .trim()
        .split_once(' ')
        .and_then(|(major, minor)| Some((major.parse::<u8>().ok()?, minor.parse::<u8>().ok()?)));
    match version {
        Some((major, minor)) if (major, minor) >= OLDEST => Found::Good(format!("{major}.{minor}")),
        Some((major, minor)) => Found::TooOld(format!("{major}.{minor}")),
        None => Found::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::paths::Paths;

    async fn probe_script(script: &str) -> Found {
        let root = tempfile::tempdir().unwrap();
        let paths = Paths::from_lookup(root.path(), &|_| None).unwrap();
        let path = ("PATH".into(), "/usr/bin:/bin".into());
        let environment = Environment::seal([path], &paths);
        let python = root.path().join("python3");
        fs::write(&python, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
        probe(&environment, python.to_str().unwrap()).await
    }

    #[tokio::test]
    async fn each_missing_python_case_has_its_error() {
        assert_eq!(
            probe_script("echo 3 12").await,
            Found::Good("3.12".to_owned())
        );
        assert_eq!(
            probe_script("echo 3 9").await,
            Found::TooOld("3.9".to_owned())
        );
        let without = "echo \"ModuleNotFoundError: No module named 'ensurepip'\" >&2; exit 1";
        assert_eq!(probe_script(without).await, Found::WithoutVenv);
        assert_eq!(probe_script("exit 127").await, Found::Nothing);
    }

    #[test]
    fn missing_python_error_names_the_remedy() {
        for best in [
            Found::Nothing,
            Found::WithoutVenv,
            Found::TooOld("3.9".to_owned()),
        ] {
            let text = missing(&best, None);
            assert!(
                !text.contains('\n') && text.contains("apt install python3-venv"),
                "{text}"
            );
        }
        assert!(missing(&Found::Nothing, Some("/opt/py")).contains("LOCAL_PYTHON=/opt/py"));
    }
}
