use serde_json::json;
use shared::domain::ids::{CampaignId, SourceId};

use super::*;

fn form(fields: &[(&str, &str)]) -> Entries {
    let list = [
        ("kind", "list"),
        ("name", "Spring"),
        ("file", "s3://lists/spring.csv"),
    ];
    let fields = list.iter().chain(fields);
    fields
        .map(|(field, entry)| ((*field).to_owned(), (*entry).to_owned()))
        .collect()
}

#[test]
fn definition_is_read_from_its_form() {
    let search = form(&[
        ("kind", "x"),
        ("query", " trail running "),
        ("max_results", "100"),
    ]);
    let expected = Definition::X(Search {
        query: "trail running".to_owned(),
        max_results: Some(100),
        max_pages: None,
    });
    assert_eq!(read(&search).unwrap().definition, expected);
    let list = form(&[
        ("platform", "instagram"),
        ("columns", "Contact = email\r\n\r\nA = B = ignore"),
        ("encoding", "windows-1252"),
    ]);
    let expected = Definition::List(Params {
        file: "s3://lists/spring.csv".to_owned(),
        platform: Some("instagram".to_owned()),
        columns: BTreeMap::from([
            ("Contact".to_owned(), "email".to_owned()),
            ("A = B".to_owned(), "ignore".to_owned()),
        ]),
        encoding: Some("windows-1252".to_owned()),
    });
    assert_eq!(read(&list).unwrap().definition, expected);
}

#[test]
fn entry_that_cannot_be_taken_is_named() {
    let long = "x".repeat(513);
    for (field, entry, says) in [
        ("name", "", "cannot be empty"),
        ("name", "a\0b", "U+0000"),
        ("file", "", "cannot be empty"),
        (
            "file",
            "https://example.org/list.csv",
            "is no object of your import bucket",
        ),
        ("file", "/etc/passwd", "is no object of your import bucket"),
        ("file", "s3://lists", "names no object"),
        ("file", "s3:///key", "names no object"),
        ("platform", "myspace", "“myspace” is no platform"),
        ("encoding", "klingon", "“klingon” is no encoding"),
        ("columns", "Contact", "“Contact” does not say"),
        (
            "columns",
            "Contact = mailbox",
            "“Contact” is given no field",
        ),
        ("query", "", "cannot be empty"),
        ("query", &long, "513 characters. Enter at most 512."),
        ("max_results", "9", "from 10 to 100"),
        ("max_results", "x", "is not a whole number"),
        ("max_pages", "0", "from 1 to 1,000"),
    ] {
        let of_x = ["query", "max_results", "max_pages"].contains(&field);
        let kind = if of_x { "x" } else { "list" };
        let form = form(&[("kind", kind), ("query", "runners"), (field, entry)]);
        let problems = read(&form).unwrap_err();
        let message = problems.of(field).unwrap_or_default();
        assert!(message.contains(says), "{field}={entry:?}: {problems:?}");
        assert_eq!(problems.iter().count(), 1, "{problems:?}");
    }
}

#[test]
fn stored_source_reads_back_from_its_form() {
    let source = |kind: &str, params| Source {
        id: SourceId(1),
        campaign: CampaignId(1),
        name: "Spring".to_owned(),
        kind: kind.to_owned(),
        params,
        enabled: true,
        running: false,
        last_run_at: None,
        needs_attention: false,
        rests_until: None,
        last_report: None,
        leads: 0,
    };
    for (kind, params) in [
        ("x", json!({"query": "runners", "max_pages": 3})),
        (
            "csv",
            json!({"file": "s3://lists/list.csv", "columns": {"A": "email"}, "platform": "x"}),
        ),
    ] {
        let wanted = read(&of(&source(kind, params.clone())).unwrap()).unwrap();
        assert_eq!(wanted.definition.params(), params);
        assert_eq!(wanted.definition.kind(), kind);
    }
    assert!(of(&source("simulated", json!({}))).is_none());
    assert!(of(&source("x", json!({"other": 1}))).is_none());
}
