//! Which part of the code may name what.

use std::{
    fs,
    path::{Path, PathBuf},
};

const FUNCTIONS: [&str; 6] = [
    "collector",
    "enricher",
    "sender",
    "feedback",
    "web",
    "console",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// Every Rust file below `folder`, with its path from the root.
fn rust_files(folder: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && path.file_name().is_some_and(|n| n != "target") {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let name = path
                    .strip_prefix(root())
                    .unwrap()
                    .to_string_lossy()
                    .into_owned();
                files.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(!files.is_empty(), "{folder} has Rust files");
    files
}

/// Lines of code that hold the word, outside comments.
fn naming<'a>(text: &'a str, word: &str) -> Vec<&'a str> {
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    code.filter(|line| line.contains(word)).collect()
}

#[track_caller]
fn only_within(word: &str, folders: &[&str], allowed: &[&str]) {
    for folder in folders {
        for (path, text) in rust_files(folder) {
            let inside = allowed.iter().any(|a| path.starts_with(a))
                || path.contains("/tests/")
                || path.contains("/benches/");
            let found = naming(&text, word);
            assert!(inside || found.is_empty(), "{path} names {word}: {found:?}");
        }
    }
}

#[test]
fn only_the_database_room_names_sqlx() {
    let allowed = ["shared/src/db/", "shared/src/testing"];
    only_within("sqlx::", &["shared/src", "functions"], &allowed);
}

/// The operator's tool has no SQL, one home for each service that it asks, and prints through one module.
#[test]
fn operator_names_each_service_in_one_module() {
    let tool = ["shared/operator/src"];
    let module = |name: &str| format!("shared/operator/src/{name}");
    for (word, modules) in [
        ("sqlx::", &[][..]),
        ("reqwest", &[]),
        ("lambda_runtime", &[]),
        ("println!", &[]),
        ("aws_config", &["stack.rs"]),
        ("aws_sdk_lambda", &["stack.rs"]),
        ("aws_sdk_ses", &[]),
        ("aws_sdk_sqs", &["doctor/queues.rs"]),
        ("std::env", &[]),
    ] {
        let modules: Vec<String> = modules.iter().map(|name| module(name)).collect();
        let modules: Vec<&str> = modules.iter().map(String::as_str).collect();
        only_within(word, &tool, &modules);
    }
}

/// An address of a database holds its password: it is read where it is named without, and no further.
#[test]
fn operator_reads_secrets_only_to_name_the_database() {
    for (path, text) in rust_files("shared/operator/src") {
        for line in naming(&text, ".expose()") {
            let named = line.contains("whereabouts(") || line.contains("contradictions(");
            assert!(named, "{path} reads a secret: {line}");
        }
    }
}

/// What is broken on purpose and what is measured is the binary that is deployed: it holds nothing for
/// either.
#[test]
fn product_knows_no_fault_point_and_no_measurement() {
    let product = ["shared/src", "functions"];
    for word in ["feature = \"faults\"", "chaos"] {
        only_within(word, &product, &["shared/src/testing"]);
    }
    // The console shows where the database's time goes, where a server counts it for its own reasons.
    let shown = ["shared/src/testing", "shared/src/db/console/statements.rs"];
    only_within("pg_stat_", &product, &shown);
}

#[test]
fn only_the_edges_name_the_network() {
    let edges = [
        "shared/src/clients/",
        "shared/src/queue/",
        "shared/src/testing",
    ];
    only_within("reqwest::", &["shared/src", "functions"], &edges);
    only_within("async_openai::", &["shared/src", "functions"], &edges);
    // A function's wiring makes the clients that the edges hold.
    let wired = [&edges[..], &["functions/"]].concat();
    only_within("aws_sdk_", &["shared/src", "functions"], &wired);
    only_within("aws_sdk_ses", &["shared/src", "functions"], &edges);
}

#[test]
fn domain_is_pure() {
    for (path, text) in rust_files("shared/src/domain") {
        for word in [
            "async ",
            ".await",
            "tokio",
            "sqlx",
            "reqwest",
            "aws_",
            "std::env",
            "std::fs",
            "Utc::now",
            "SystemTime",
            "rand::",
            "crate::db",
            "crate::clients",
            "crate::queue",
            "crate::config",
        ] {
            let found = naming(&text, word);
            assert!(found.is_empty(), "{path} names {word}: {found:?}");
        }
    }
}

#[test]
fn database_and_queue_do_not_import_each_other() {
    for (path, text) in rust_files("shared/src/clients") {
        assert!(
            naming(&text, "crate::db").is_empty(),
            "{path} reaches into the database"
        );
    }
    for (path, text) in rust_files("shared/src/queue") {
        assert!(
            naming(&text, "crate::db").is_empty(),
            "{path} reaches into the database"
        );
    }
}

#[test]
fn functions_know_each_other_not_at_all() {
    for name in FUNCTIONS {
        for (path, text) in rust_files(&format!("functions/{name}")) {
            for other in FUNCTIONS.iter().filter(|other| **other != name) {
                assert!(
                    naming(&text, &format!("use {other}::")).is_empty(),
                    "{path} uses {other}"
                );
            }
        }
    }
}

#[test]
fn a_main_only_wires() {
    for name in FUNCTIONS {
        let path = root().join(format!("functions/{name}/src/main.rs"));
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= 40, "{} has {lines} lines", path.display());
    }
    let mains = FUNCTIONS.map(|name| format!("functions/{name}/src/main.rs"));
    let mains: Vec<&str> = mains.iter().map(String::as_str).collect();
    only_within("lambda_runtime::run", &["functions"], &mains);
}

/// A variable that is read is explained in `.env.example`.
#[test]
fn the_example_environment_names_what_is_read() {
    let rooms = rust_files("shared/src").into_iter();
    let config: String = rooms
        .filter(|(path, _)| path.starts_with("shared/src/config"))
        .filter(|(path, _)| !path.ends_with("tests.rs"))
        .map(|(_, text)| text)
        .collect();
    let example = fs::read_to_string(root().join(".env.example")).unwrap();
    let quoted = config.split('"').skip(1).step_by(2);
    let read: Vec<&str> = quoted
        .filter(|word| word.len() > 5 && word.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
        .collect();
    assert!(read.len() > 15, "{read:?}");
    for name in read {
        assert!(
            example.contains(&format!("{name}=")),
            "{name} is read and not in .env.example"
        );
    }
}
