use std::collections::HashMap;
use std::os::unix::fs::symlink;

use super::*;

fn paths(variables: &[(&str, &str)]) -> Result<Paths> {
    let variables: HashMap<&str, &str> = variables.iter().copied().collect();
    Paths::from_lookup(Path::new("/checkout"), &|name| {
        variables.get(name).map(ToString::to_string)
    })
}

#[test]
fn no_variables_mean_default_folder_and_ports() {
    let paths = paths(&[]).unwrap();
    assert_eq!(paths.root, Path::new("/checkout/.local"));
    assert_eq!(paths.localstack_url(), "http://127.0.0.1:4566");
    assert_eq!(paths.stand_ins_url(), "http://127.0.0.1:4580");
    let console = "http://console.lambda-url.us-east-1.localhost:4566";
    assert_eq!(paths.console_origin(), console);
}

#[test]
fn second_checkout_uses_its_own_values() {
    let variables = [
        ("LOCAL_DIR", "/elsewhere"),
        ("LOCAL_CLOUD_PORT", "5566"),
        ("LOCAL_STAND_IN_PORT", "5580"),
    ];
    let paths = paths(&variables).unwrap();
    assert_eq!(paths.root, Path::new("/elsewhere"));
    assert_eq!((paths.localstack_port, paths.stand_in_port), (5566, 5580));
}

#[track_caller]
fn check_refused(variables: &[(&str, &str)], reason: &str) {
    assert_eq!(paths(variables).unwrap_err().to_string(), reason);
}

#[test]
fn invalid_values_are_refused_by_name() {
    check_refused(
        &[("LOCAL_CLOUD_PORT", "web")],
        r#"LOCAL_CLOUD_PORT is "web", not a port number"#,
    );
    check_refused(
        &[("LOCAL_CLOUD_PORT", "70000")],
        r#"LOCAL_CLOUD_PORT is "70000", not a port number"#,
    );
    check_refused(
        &[("LOCAL_STAND_IN_PORT", "0")],
        "LOCAL_STAND_IN_PORT is 0: the local cloud needs a port that stays the same",
    );
    check_refused(
        &[("LOCAL_CLOUD_PORT", "4580")],
        "LOCAL_CLOUD_PORT and LOCAL_STAND_IN_PORT are both 4580",
    );
}

#[test]
fn paths_are_shown_from_the_workspace_root() {
    let paths = paths(&[]).unwrap();
    assert_eq!(
        paths.shown(&paths.log("localstack")).to_string(),
        ".local/logs/localstack.log"
    );
}

/// A checkout below a home folder, with a link beside it.
fn home_with_checkout() -> (tempfile::TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let checkout = home.path().join("checkout");
    fs::create_dir_all(checkout.join("localstack")).unwrap();
    fs::create_dir_all(checkout.join("functions")).unwrap();
    symlink(&checkout, home.path().join("link")).unwrap();
    (home, checkout)
}

fn root_of(home: &Path, local_dir: &str) -> Result<PathBuf> {
    let paths = Paths::from_lookup(&home.join("checkout"), &|name| match name {
        "LOCAL_DIR" => Some(local_dir.to_owned()),
        "HOME" => Some(home.to_string_lossy().into_owned()),
        _ => None,
    })?;
    Ok(paths.root)
}

#[test]
fn local_dir_holding_workspace_or_home_is_refused() {
    let (home, checkout) = home_with_checkout();
    let workspace = "holds the workspace";
    let rows = [
        ("", workspace),
        (".", workspace),
        ("localstack/..", workspace),
        ("..", workspace),
        ("/", workspace),
        ("~", "did not expand"),
        ("~/local", "did not expand"),
        ("../link", "a symbolic link"),
        ("../link/", "a symbolic link"),
        ("missing/../../..", "holds `..`"),
    ];
    for (given, reason) in rows {
        let error = root_of(home.path(), given).unwrap_err().to_string();
        assert!(error.contains(reason), "{given:?}: {error}");
    }
    let elsewhere = tempfile::tempdir().unwrap();
    let paths = Paths::from_lookup(elsewhere.path(), &|name| match name {
        "LOCAL_DIR" | "HOME" => Some(home.path().to_string_lossy().into_owned()),
        _ => None,
    });
    let error = paths.unwrap_err().to_string();
    assert!(error.contains("holds your home folder"), "{error}");
    // A link on the way is followed: some systems have their temporary folder behind one.
    let real = checkout.canonicalize().unwrap();
    assert_eq!(
        root_of(home.path(), "../link/new").unwrap(),
        real.join("new")
    );
}

#[test]
fn folder_with_files_and_no_mark_is_refused() {
    let (home, checkout) = home_with_checkout();
    let paths = Paths::from_lookup(&checkout, &|name| {
        (name == "LOCAL_DIR").then(|| "..".to_owned() + "/other")
    });
    let paths = paths.unwrap();
    let theirs = home.path().join("other/home/letter");
    fs::create_dir_all(theirs.parent().unwrap()).unwrap();
    fs::write(&theirs, "dear").unwrap();
    for refused in [paths.make(), paths.wipe(), paths.remove(&paths.home())] {
        let error = refused.unwrap_err().to_string();
        assert!(error.contains("was not made by cargo local"), "{error}");
    }
    assert_eq!(fs::read_to_string(theirs).unwrap(), "dear");
}

#[test]
fn made_folder_is_wiped_without_following_links() {
    let (home, checkout) = home_with_checkout();
    let paths = Paths::from_lookup(&checkout, &|_| None).unwrap();
    paths.make().unwrap();
    paths.make().unwrap();
    let theirs = home.path().join("theirs");
    fs::create_dir_all(theirs.join("kept")).unwrap();
    fs::create_dir_all(paths.postgres()).unwrap();
    fs::create_dir_all(paths.python()).unwrap();
    for link in [paths.home(), paths.localstack()] {
        symlink(&theirs, link).unwrap();
    }
    let behind_a_link = paths.home().join("kept");
    assert!(paths.remove(&behind_a_link).is_err());
    paths.wipe().unwrap();
    assert!(theirs.join("kept").exists() && paths.python().exists());
    assert!(!paths.postgres().exists() && !paths.home().is_symlink());
    for outside in [
        paths.root.clone(),
        theirs.clone(),
        paths.root.join("../theirs"),
    ] {
        assert!(paths.remove(&outside).is_err(), "{}", outside.display());
    }
    assert!(theirs.join("kept").exists());
}
