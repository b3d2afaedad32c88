use super::*;

fn tried(text: &str) -> Result<Outcome, ListError> {
    let key = HashKey::new(vec![7; 32]).unwrap();
    read(text.as_bytes(), &Params::default(), &key).map(worded)
}

#[test]
fn list_is_shown_as_it_would_be_stored() {
    let outcome = tried(
        "Username;Mail;Fax;Country\nana.fit;ana@example.org;1;PT\n;;;\nbo_runs;x;2;Narnia\n;no@body@;3;\n",
    )
    .unwrap();
    assert_eq!(outcome.heading, "2 leads would be stored, 1 row refused");
    assert!(
        outcome
            .shape
            .contains("parted by semicolons: 1 with an address"),
        "{}",
        outcome.shape
    );
    let line = &outcome.leads[0];
    assert_eq!((line.line, line.username.as_str()), (2, "ana.fit"));
    assert_eq!(
        (line.address.as_str(), line.country.as_str()),
        ("a•••@example.org", "Portugal")
    );
    assert_eq!(outcome.leads[1].address, "Not given");
    let row = &outcome.refused[0];
    assert!(
        row.line == 5 && row.reason.contains("no username"),
        "{row:?}"
    );
    let unread: Vec<_> = outcome
        .columns
        .iter()
        .map(|c| (c.name.as_str(), c.field.as_deref(), c.unread))
        .collect();
    assert!(
        unread.contains(&("Country", Some("country"), 1)),
        "{unread:?}"
    );
    assert!(unread.contains(&("Fax", None, 0)), "{unread:?}");
}

#[test]
fn heading_counts_what_was_found() {
    let trial = |leads, refused| {
        worded(Trial {
            leads,
            refused,
            more: leads + refused > 9,
            ..Trial::default()
        })
    };
    for (found, expected) in [
        (trial(0, 0), "Nothing was found"),
        (trial(2, 0), "2 leads would be stored, no rows refused"),
        (trial(0, 1), "No leads would be stored, 1 row refused"),
    ] {
        assert_eq!(found.heading, expected);
    }
    let found = trial(8, 2);
    assert_eq!(
        found.shape,
        "The first 10 rows: 0 with an address, 0 named again."
    );
    assert!(found.columns.is_empty() && !found.lacks_addresses);
    let empty_page = worded(Trial {
        more: true,
        ..Trial::default()
    });
    assert_eq!(empty_page.heading, "Nothing was found on the first page");
    assert!(
        empty_page.shape.starts_with("No rows:"),
        "{}",
        empty_page.shape
    );
}

#[test]
fn list_that_cannot_be_read_says_why() {
    for (text, says) in [
        ("a;b\n1;2\n", "Nothing names a column"),
        ("PK\u{3}\u{4}rest", "Save it as CSV"),
    ] {
        let error = tried(text).unwrap_err();
        assert!(sentence(&error).contains(says), "{error}");
    }
}

#[test]
fn list_comes_as_a_file_or_pasted() {
    let form = |field: &str, entry: &str| {
        let mut entries = Entries::default();
        entries.set("list", "pasted");
        entries.set(field, entry);
        bytes(&entries)
    };
    assert_eq!(form("content", "").unwrap(), b"pasted");
    assert_eq!(form("content", "Zv9k").unwrap(), [b'f', 0xff, b'd']);
    assert!(
        form("content", "Z!")
            .unwrap_err()
            .contains("did not arrive")
    );
    assert!(form("list", " \n").unwrap_err().contains("Paste a list"));
    let large = "x".repeat(LARGEST + 1);
    assert!(form("list", &large).unwrap_err().contains("200 KB"));
}
