//! What the help says.

use crate::outreach;

#[test]
fn help_lists_commands_and_examples() {
    let output = outreach().arg("--help").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for part in [
        "migrate",
        "doctor",
        "smoke",
        "sends",
        "resolve",
        "breaker",
        "suppress",
        "confirm-restore",
        "Examples:",
        "OPERATOR_DATABASE_URL",
        "--json",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn missing_database_is_explained() {
    let output = outreach().arg("sends").output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && text.contains("which database?"),
        "{text}"
    );
}
