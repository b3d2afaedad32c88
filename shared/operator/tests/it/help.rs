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
        "import",
        "sends",
        "resolve",
        "breaker",
        "suppress",
        "ask-again",
        "confirm-restore",
        "Examples:",
        "OPERATOR_DATABASE_URL",
        "--json",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[sqlx::test(migrations = false)]
async fn empty_database_points_to_migrate(pool: shared::db::PgPool) {
    let url = shared::testing::database_url(&pool);
    for command in [
        &["sends"][..],
        &["breaker"],
        &["resolve", "1", "--give-up"],
        &[
            "suppress",
            "ana@example.org",
            "--reason",
            "asked by telephone",
        ],
        &["confirm-restore", "--yes"],
        &["ask-again", "spring"],
    ] {
        let mut outreach = outreach();
        let output = outreach
            .args(command)
            .args(["--database-url", url.expose()]);
        let output = output.output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(
            !output.status.success() && text.contains("outreach migrate"),
            "{text}"
        );
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
