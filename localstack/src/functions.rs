//! The functions' binaries: built for this machine, laid out as Lambda wants them.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::child;
use crate::paths::Paths;
use crate::settings::Settings;
use crate::template::Template;

/// Builds every function of the template and puts it where LocalStack runs it in place.
///
/// The dev profile: a release build takes minutes and is not what this loop is for.
pub(crate) async fn build(settings: &Settings, template: &Template) -> Result<Vec<String>> {
    let names: Vec<String> = template
        .functions()?
        .into_iter()
        .map(|function| function.binary)
        .collect();
    let mut cargo = settings.environment.downloader(settings.cargo());
    cargo
        .current_dir(&settings.paths.workspace)
        // No `--package`: features are then resolved for the whole workspace, as they were for this
        // very program, and what both depend on is built once.
        .args(["build", "--message-format=json-render-diagnostics"])
        .args(names.iter().flat_map(|name| ["--bin", name]));
    let output = child::stdout(cargo).await?;
    if !output.status.success() {
        bail!("the functions do not build ({})", output.status);
    }
    let built = executables(&output.stdout);
    for name in &names {
        let binary = built
            .get(name)
            .with_context(|| format!("cargo built no binary {name}"))?;
        install(binary, &folder_of(&settings.paths, name))?;
    }
    Ok(names)
}

/// The folder whose `bootstrap` is the function.
pub(crate) fn folder_of(paths: &Paths, name: &str) -> PathBuf {
    paths.functions().join(name)
}

/// The executables that cargo reports, by name.
pub(crate) fn executables(messages: &[u8]) -> BTreeMap<String, PathBuf> {
    String::from_utf8_lossy(messages)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|message| {
            let name = message.pointer("/target/name")?.as_str()?.to_owned();
            Some((name, message.get("executable")?.as_str()?.into()))
        })
        .collect()
}

/// Puts `binary` into `folder` as `bootstrap`, in one step: a function that starts at this moment
/// finds the old one or the new one, whole.
pub(crate) fn install(binary: &Path, folder: &Path) -> Result<()> {
    let bootstrap = folder.join("bootstrap");
    if is_same(binary, &bootstrap) {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    let fresh = folder.join("bootstrap.new");
    remove_if_there(&fresh)?;
    // A link where both lie on one file system. Cargo replaces its binary rather than writing into
    // it, so what runs is not changed underneath.
    if fs::hard_link(binary, &fresh).is_err() {
        fs::copy(binary, &fresh).with_context(|| {
            format!("could not copy {} to {}", binary.display(), fresh.display())
        })?;
    }
    Ok(fs::rename(fresh, bootstrap)?)
}

fn is_same(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    match (fs::metadata(one), fs::metadata(other)) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}

fn remove_if_there(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executables_are_taken_from_cargos_messages() {
        let messages = br#"
{"reason":"compiler-artifact","target":{"name":"serde","kind":["lib"]},"executable":null}
{"reason":"compiler-artifact","target":{"name":"sender","kind":["bin"]},"executable":"/t/debug/sender"}
{"reason":"build-finished","success":true}"#;
        let found: Vec<_> = executables(messages).into_iter().collect();
        assert_eq!(found, [("sender".to_owned(), "/t/debug/sender".into())]);
    }

    #[test]
    fn rebuilt_binary_replaces_old_one_atomically() {
        let root = tempfile::tempdir().unwrap();
        let (binary, folder) = (
            root.path().join("sender"),
            root.path().join("functions/sender"),
        );
        for content in ["old", "new"] {
            remove_if_there(&binary).unwrap();
            fs::write(&binary, content).unwrap();
            install(&binary, &folder).unwrap();
            assert_eq!(
                fs::read_to_string(folder.join("bootstrap")).unwrap(),
                content
            );
        }
        install(&binary, &folder).unwrap();
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    }
}
