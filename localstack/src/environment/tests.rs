//! Whatever the shell holds, no child can reach another machine.

use std::path::Path;

use super::*;

/// A developer's shell in the worst case: logged in to production, behind a proxy.
const SHELL: [(&str, &str); 30] = [
    ("PATH", "/usr/bin:/bin"),
    ("HOME", "/home/dana"),
    ("LANG", "en_GB.UTF-8"),
    ("CARGO_HOME", "/home/dana/.cargo"),
    ("CARGO_PKG_NAME", "local"),
    ("CARGO_MANIFEST_DIR", "/checkout/localstack"),
    ("AWS_PROFILE", "production"),
    ("AWS_DEFAULT_PROFILE", "production"),
    ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
    (
        "AWS_SECRET_ACCESS_KEY",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    ),
    ("AWS_SESSION_TOKEN", "IQoJb3JpZ2luX2VjEXAMPLE"),
    ("AWS_REGION", "eu-west-1"),
    ("AWS_ENDPOINT_URL", "https://sqs.eu-west-1.amazonaws.com"),
    (
        "AWS_ENDPOINT_URL_SQS",
        "https://sqs.eu-west-1.amazonaws.com",
    ),
    (
        "AWS_ENDPOINT_URL_SES",
        "https://email.eu-west-1.amazonaws.com",
    ),
    ("AWS_CONFIG_FILE", "/home/dana/.aws/config"),
    ("AWS_SHARED_CREDENTIALS_FILE", "/home/dana/.aws/credentials"),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/token"),
    ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/production"),
    (
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "http://169.254.170.23/v1/credentials",
    ),
    ("HTTPS_PROXY", "http://proxy.example.com:3128"),
    ("https_proxy", "http://proxy.example.com:3128"),
    ("ALL_PROXY", "socks5://proxy.example.com:1080"),
    ("OPENAI_API_KEY", "sk-production"),
    ("OPENAI_BASE_URL", "https://api.openai.com/v1"),
    ("X_BEARER_TOKEN", "AAAAproduction"),
    ("X_API_BASE", "https://api.x.com"),
    ("DATABASE_URL", "postgres://app@db.example.com/production"),
    ("PGHOST", "db.example.com"),
    ("PIP_INDEX_URL", "https://pypi.example.com/simple"),
];

fn environment() -> Environment {
    let paths = Paths::from_lookup(Path::new("/checkout"), &|_| None).unwrap();
    Environment::seal(
        SHELL.map(|(name, value)| (name.into(), value.into())),
        &paths,
    )
}

/// What a child started with `command` reads, as it sees it itself.
fn seen_by_child(mut command: Command) -> BTreeMap<String, String> {
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[track_caller]
fn check_sealed(seen: &BTreeMap<String, String>) {
    for (name, value) in seen {
        let production = [
            "production",
            "AKIA",
            "EXAMPLE",
            "amazonaws",
            "openai.com",
            "x.com",
            "dana/.aws",
        ];
        assert!(
            !production.iter().any(|word| value.contains(word)),
            "{name}={value}"
        );
    }
    let aws: Vec<(&str, &str)> = seen
        .iter()
        .filter(|(name, _)| name.starts_with("AWS_"))
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        aws,
        [
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:4566"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ]
    );
}

#[test]
fn child_gets_no_shell_credentials_or_endpoints() {
    let seen = seen_by_child(environment().command("env"));
    check_sealed(&seen);
    assert!(
        !seen
            .keys()
            .any(|name| name.to_uppercase().ends_with("_PROXY")
                && name.len() < 12
                && name.to_uppercase() != "NO_PROXY")
    );
    assert!(!seen.contains_key("DATABASE_URL") && !seen.contains_key("PGHOST"));
}

#[test]
fn daemon_has_its_home_in_local_dir() {
    let seen = seen_by_child(environment().daemon("env"));
    check_sealed(&seen);
    assert_eq!(seen["HOME"], "/checkout/.local/home");
    assert_eq!(seen["XDG_CACHE_HOME"], "/checkout/.local/home/cache");
}

#[test]
fn only_downloader_sees_proxy_and_index() {
    let seen = seen_by_child(environment().downloader("env"));
    check_sealed(&seen);
    assert_eq!(seen["HTTPS_PROXY"], "http://proxy.example.com:3128");
    assert_eq!(seen["PIP_INDEX_URL"], "https://pypi.example.com/simple");
    assert!(!seen_by_child(environment().command("env")).contains_key("PIP_INDEX_URL"));
}

#[test]
fn tools_still_find_their_homes() {
    let seen = seen_by_child(environment().command("env"));
    assert_eq!(seen["HOME"], "/home/dana");
    assert_eq!(seen["CARGO_HOME"], "/home/dana/.cargo");
    assert!(!seen.contains_key("CARGO_PKG_NAME") && !seen.contains_key("CARGO_MANIFEST_DIR"));
}

/// Who may name a command: the environment, and the bench, which replaces itself by this program,
/// built to be fast, and measures how functions start that see a listed environment only.
const STARTERS: &[&str] = &[
    "src/environment.rs",
    "src/environment/tests.rs",
    "src/bench/binaries.rs",
    "src/bench/starts.rs",
    // The Lambda service: a function sees what its specification lists.
    "src/lambda/environment.rs",
];

/// No other module starts a process from the shell's own environment.
#[test]
fn only_this_module_starts_children() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![sources];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !STARTERS.iter().any(|starter| path.ends_with(starter)) {
                let text = std::fs::read_to_string(&path).unwrap();
                assert!(
                    !text.contains("Command::new"),
                    "{} starts a child itself",
                    path.display()
                );
            }
        }
    }
}
