use std::io::{Seek, Write};

use super::*;
use crate::domain::{
    email::HashKey,
    intake::{Batch, Field, RawProfile, normalise},
    lead::Origin,
};

/// A list of the collector's tests.
macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../functions/collector/tests/it/fixtures/lists/",
            $name
        ))
    };
}

fn file(content: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(content).unwrap();
    file.rewind().unwrap();
    file
}

fn open(content: &[u8], params: &Params, cursor: &Value) -> Result<List, ListError> {
    List::open(file(content), "v1".to_owned(), params, cursor)
}

/// Every row of a list, and what is reported of it.
fn read_with(content: &[u8], params: &Params) -> (Vec<Row>, ListReport) {
    let mut list = open(content, params, &json!({})).unwrap();
    let mut rows = Vec::new();
    loop {
        let page = list.next_page().unwrap();
        rows.extend(page.rows);
        if page.last {
            return (rows, list.report().clone());
        }
    }
}

fn read(content: &[u8]) -> Vec<(u64, Result<RawProfile, RowError>)> {
    let (rows, _) = read_with(content, &Params::default());
    rows.into_iter()
        .map(|row| (row.line, row.profile))
        .collect()
}

/// The leads of a list, by username.
fn leads(content: &[u8]) -> Batch {
    let key = HashKey::new(vec![7; 32]).unwrap();
    normalise(read_with(content, &Params::default()).0, &key, Origin::List)
}

fn summary(batch: &Batch) -> Vec<String> {
    let row = |lead: &crate::domain::lead::NewLead| {
        let email = lead
            .email
            .as_ref()
            .map_or("-", |(address, _)| address.as_str());
        format!("{}/{} {email}", lead.platform, lead.username)
    };
    batch.leads.iter().map(row).collect()
}

#[test]
fn list_is_read_as_lists_come() {
    let content = "\u{FEFF}Handle;Full Name;E-Mail;Bio;Followers\r\n\
        @ana;Ana;ana@example.org;\"first line\nsecond; line\";15.2k\r\n\
        bo;Bo\r\n\
        cy;Cy;cy@example.org;;many\r\n\
        di;Di;;;1;too many\r\n\
        ed;;;;7;;\r\n";
    let rows = read(content.as_bytes());
    let lines: Vec<u64> = rows.iter().map(|(line, _)| *line).collect();
    assert_eq!(
        lines,
        [2, 4, 5, 6, 7],
        "a quoted line break counts as a line of the file"
    );
    let ana = rows[0].1.as_ref().unwrap();
    assert_eq!(ana.username.as_deref(), Some("@ana"));
    assert_eq!(ana.bio.as_deref(), Some("first line\nsecond; line"));
    assert_eq!(ana.follower_count, Some(15_200));
    let bo = rows[1].1.as_ref().unwrap();
    assert_eq!(
        (bo.name.as_deref(), bo.email.as_deref()),
        (Some("Bo"), None),
        "short rows are fine"
    );
    let cy = rows[2].1.as_ref().unwrap();
    assert!(cy.follower_count.is_none() && cy.unknown.contains(Field::Followers));
    let (cells, columns) = (6, 5);
    assert_eq!(rows[3].1, Err(RowError::TooManyCells { cells, columns }));
    assert!(
        rows[4].1.is_ok(),
        "empty cells beyond the header say nothing"
    );
}

#[test]
fn header_is_found_behind_notes_and_marks() {
    let usernames = |content: &[u8]| -> Vec<(u64, String)> {
        let rows = read(content).into_iter();
        rows.map(|(line, row)| (line, row.unwrap().username.unwrap()))
            .collect()
    };
    for (content, line) in [
        ("username,email\nana,a@example.org\n", 2),
        ("sep=;\r\nusername;email\r\nana;a@example.org\r\n", 3),
        ("\u{FEFF}sep=|\nusername|email\nana|a@example.org\n", 3),
        (
            "Notes:\n\"When exporting, you may see, missing addresses\"\n\nUsername,Name\nana,Ana\n",
            5,
        ),
        (
            "Email list of spring\n\nUsername\tE-Mail\nana\ta@example.org\n",
            4,
        ),
        ("username\nana\n", 2),
        ("\"User\nname\",Name\nana,Ana\n", 3),
        ("handle\tbio\rana\tRuns\r", 2),
        ("username,,email\nana,,a@example.org,,\n", 2),
    ] {
        assert_eq!(
            usernames(content.as_bytes()),
            [(line, "ana".to_owned())],
            "{content}"
        );
    }
    for content in [
        "a,b,c\n1,2,3\n",
        "",
        "ana,ana@example.org\nbo,bo@example.org\n",
    ] {
        let error = open(content.as_bytes(), &Params::default(), &json!({}))
            .unwrap_err()
            .to_string();
        assert!(error.contains("username, email or profile url"), "{error}");
    }
}

#[test]
fn encoding_is_found_and_named() {
    let text = "username,name\nana,João Größe\nbo,Bo\n";
    let wide = |mark: &str, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        format!("{mark}{text}")
            .encode_utf16()
            .flat_map(bytes)
            .collect()
    };
    let windows = encoding_rs::WINDOWS_1252.encode(text).0.into_owned();
    for (content, encoding) in [
        (text.as_bytes().to_vec(), "UTF-8"),
        (format!("\u{FEFF}{text}").into_bytes(), "UTF-8"),
        (wide("\u{FEFF}", u16::to_le_bytes), "UTF-16LE"),
        (wide("\u{FEFF}", u16::to_be_bytes), "UTF-16BE"),
        (wide("", u16::to_le_bytes), "UTF-16LE"),
        (wide("", u16::to_be_bytes), "UTF-16BE"),
        (windows, "windows-1252"),
    ] {
        let (rows, report) = read_with(&content, &Params::default());
        assert_eq!(report.encoding, encoding);
        assert_eq!(
            rows[0].profile.as_ref().unwrap().name.as_deref(),
            Some("João Größe"),
            "{encoding}"
        );
        assert_eq!(rows[1].line, 3);
    }
}

#[test]
fn file_that_ends_within_a_unit_is_read() {
    let text = "username,name\nana,Ana\r";
    for end in [&b"\n"[..], b"\r", b"x", b""] {
        let content = [
            b"\xFF\xFE",
            &text
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect::<Vec<_>>()[..],
            end,
        ]
        .concat();
        let rows = read(&content);
        assert!(rows[0].1.is_ok() && rows[0].0 == 2, "{end:?}: {rows:?}");
    }
}

#[test]
fn unknown_encoding_is_refused_or_named() {
    let cyrillic = encoding_rs::WINDOWS_1251
        .encode("username,name\nana,Мария Иванова\nbo,Пётр Петров\n")
        .0
        .into_owned();
    let error = open(&cyrillic, &Params::default(), &json!({}))
        .unwrap_err()
        .to_string();
    assert!(error.contains("`encoding`"), "{error}");
    let named = Params {
        encoding: Some("windows-1251".to_owned()),
        ..Params::default()
    };
    let (rows, report) = read_with(&cyrillic, &named);
    assert_eq!(report.encoding, "windows-1251");
    assert_eq!(
        rows[0].profile.as_ref().unwrap().name.as_deref(),
        Some("Мария Иванова")
    );
    for (content, what) in [
        (&b"PK\x03\x04zip"[..], "workbook"),
        (b"\xD0\xCF\x11\xE0old", "Excel"),
        (b"<!doctype html><table>", "web page"),
        (b"\x28\xB5\x2F\xFDlist", "zstd"),
    ] {
        let error = open(content, &Params::default(), &json!({}))
            .unwrap_err()
            .to_string();
        assert!(error.contains(what), "{error}");
    }
}

#[test]
fn damaged_cell_is_unknown_and_damaged_identity_refused() {
    let mut content = "username,name\nana,Ána\nbö,Bo Ö\n".as_bytes().to_vec();
    content.extend_from_slice(b"cy,C\xF6\nd\xF6,Di\n");
    let rows = read(&content);
    assert!(rows[0].1.is_ok() && rows[1].1.is_ok());
    let cy = rows[2].1.as_ref().unwrap();
    assert!(cy.name.is_none() && cy.unknown.contains(Field::Name));
    let why = rows[3].1.as_ref().unwrap_err().to_string();
    assert!(why.contains("username") && why.contains("UTF-8"), "{why}");
}

#[test]
fn columns_are_known_by_name_or_mapped() {
    let content = "professionalEmail,numberOfFollowers,Person Linkedin Url,Land,Vorname,Nachname,Score\n\
        ana@example.org,120,https://www.linkedin.com/in/ana-silva,Österreich,Ana,Silva,7\n";
    let (rows, report) = read_with(content.as_bytes(), &Params::default());
    let ana = rows[0].profile.as_ref().unwrap();
    assert_eq!(ana.name.as_deref(), Some("Ana Silva"));
    assert_eq!(
        (ana.email.as_deref(), ana.follower_count),
        (Some("ana@example.org"), Some(120))
    );
    assert_eq!(report.columns.used["professionalEmail"], "email");
    assert_eq!(report.columns.ignored, ["Score"]);

    let mapped = |columns: &[(&str, &str)]| Params {
        columns: columns
            .iter()
            .map(|(name, field)| ((*name).to_owned(), (*field).to_owned()))
            .collect(),
        ..Params::default()
    };
    let odd = "Who,Where to write,Email\nana,ana@example.org,Yes\n";
    let (rows, report) = read_with(
        odd.as_bytes(),
        &mapped(&[
            ("who", "username"),
            ("Where to write", "email"),
            ("Email", "ignore"),
        ]),
    );
    assert_eq!(
        rows[0].profile.as_ref().unwrap().email.as_deref(),
        Some("ana@example.org")
    );
    assert_eq!(report.columns.ignored, ["Email"]);
    for (columns, says) in [
        (&[("Who", "handel")][..], "profile_url"),
        (&[("Whom", "username")][..], "Where to write"),
    ] {
        let error = open(odd.as_bytes(), &mapped(columns), &json!({})).unwrap_err();
        assert!(
            error.is_of_params() && error.to_string().contains(says),
            "{error}"
        );
    }
}

#[test]
fn column_of_platform_names_platform() {
    let content = "Name,Instagram,Email\nAna,@ana.fit,\nBo,https://www.instagram.com/bo/,\nCy,,cy@example.org\nDi,Di likes it,\n";
    let rows = summary(&leads(content.as_bytes()));
    assert_eq!(rows[..2], ["instagram/ana.fit -", "instagram/bo -"]);
    assert!(
        rows[2].starts_with("csv/mail-") && rows.len() == 3,
        "{rows:?}"
    );
    let named = "username,platform\nana,TikTok\nbo,Twitter\n";
    let params = Params {
        platform: Some("instagram".to_owned()),
        ..Params::default()
    };
    let key = HashKey::new(vec![7; 32]).unwrap();
    let batch = normalise(read_with(named.as_bytes(), &params).0, &key, Origin::List);
    assert_eq!(
        summary(&batch),
        ["csv/ana -", "x/bo -"],
        "a platform that we do not know is not the list's"
    );
    assert_eq!(batch.unknown[&Field::Platform], 1);
}

#[test]
fn repeated_headers_and_tables_are_told_apart() {
    let content = "username,name,email\nana,Ana,a@example.org\nusername,name,email\nbo,Bo,b@example.org\n,,\n\n\
        Email,Username,Country\nc@example.org,cy,PT\n";
    let (rows, report) = read_with(content.as_bytes(), &Params::default());
    assert_eq!(
        (
            rows.len(),
            report.repeated_headers,
            report.tables,
            report.empty_rows
        ),
        (3, 1, 2, 1)
    );
    let cy = rows[2].profile.as_ref().unwrap();
    assert_eq!(
        (cy.username.as_deref(), cy.country.as_deref()),
        (Some("cy"), Some("PT"))
    );
}

#[test]
fn rows_of_unknown_table_are_no_people() {
    let people = "username,name,email,followers\nana,Ana,ana@example.org,5210\n";
    let other = "Week,New followers,Reach,\n2026-W07,12,1400,\n\nTotal,43,3610,\n";
    for gap in ["\n", ",,,\n", "  \n"] {
        let batch = leads(format!("{people}{gap}{other}").as_bytes());
        assert_eq!(summary(&batch), ["csv/ana ana@example.org"], "{gap:?}");
        let refused: Vec<_> = batch.bad.iter().map(|bad| bad.error.clone()).collect();
        assert_eq!(refused, [const { RowError::OtherTable }; 3], "{gap:?}");
    }
    // The next header that is known ends it.
    let again = format!("{people}\n{other}\nname,username\nBo,bo_runs\n");
    assert_eq!(leads(again.as_bytes()).leads.len(), 2);
    // A gap alone, or a person without an address behind it, is none.
    for person in [
        "bo,Bo,,\n",
        "bo,Bo,n/a,880\n",
        "bo,Bo,none,\n",
        "bo1,Bo,by DM,\n",
    ] {
        let batch = leads(format!("{people}\n{person}").as_bytes());
        assert_eq!(batch.leads.len(), 2, "{person}: {:?}", batch.bad);
    }
}

#[test]
fn loose_quote_is_noticed_and_its_rows_named() {
    let rows = read(fixture!("loose_quote.csv"));
    let refused: Vec<u64> = rows
        .iter()
        .filter(|(_, row)| row.is_err())
        .map(|(line, _)| *line)
        .collect();
    assert_eq!(refused, [3, 4, 5]);
    assert_eq!(
        rows[0].1.as_ref().unwrap().name.as_deref(),
        Some("Mila \"the hill\" Ostrand")
    );
    assert_eq!(
        rows[4].1.as_ref().unwrap().username.as_deref(),
        Some("karl_h")
    );
}

#[test]
fn swallowed_rows_are_never_believed() {
    #[track_caller]
    fn check(content: &str, kept: &[&str], refused: &[u64]) {
        let rows = read(content.as_bytes());
        let found: Vec<_> = rows
            .iter()
            .filter_map(|(_, row)| row.as_ref().ok()?.username.clone())
            .collect();
        let lines: Vec<u64> = rows
            .iter()
            .filter(|(_, row)| row.is_err())
            .map(|(line, _)| *line)
            .collect();
        assert_eq!(
            (found, lines),
            (
                kept.iter().map(|k| (*k).to_owned()).collect(),
                refused.to_vec()
            ),
            "{content}"
        );
    }
    // Never closed: the lines that follow stand for themselves.
    check(
        "username,email,bio\nana,,\"loose\nbo,b@example.org,Runs\ncy,c@example.org,Swims\n",
        &["bo", "cy"],
        &[2],
    );
    // Closed in the middle of a row, with columns left over.
    check(
        "username,name,email,bio,city\nana,Ana,,\"loose\nbo,\"Bo B\",b@example.org,Runs,Rome\ncy,Cy,c@example.org,,\n",
        &["cy"],
        &[2, 3],
    );
    // A list without addresses.
    check(
        "username,name,bio\nana,Ana,\"loose\nbo,Bo,\"Runs\"\ncy,Cy,Swims\n",
        &["cy"],
        &[2, 3],
    );
    // A column of addresses alone.
    check(
        "email,username\n\"a@example.org,ana\nb@example.org,bo\nc@example.org,\"cy\"\nd@example.org,di\n",
        &["di"],
        &[2, 3, 4],
    );
    // Real texts with lines, lists and quotes.
    check(
        "username,email,bio\nana,,\"Runs.\nTea, coffee, cake\n- swims\"\nbo,,\"He said \"\"hi\"\".\nBye\"\n",
        &["ana", "bo"],
        &[],
    );
    check(
        "username;bio;followers\nana;\"first line\nsecond; line\";15.2k\n",
        &["ana"],
        &[],
    );
}

#[test]
fn long_list_resumes_after_last_page() {
    for wide in [false, true] {
        let mut text = String::from("\u{FEFF}note\nusername;bio\n");
        for n in 0..1_100 {
            text.push_str(&format!("u{n};\"liné one\nline two\"\n"));
        }
        let content = match wide {
            true => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            false => text.into_bytes(),
        };
        let mut seen = Vec::new();
        let mut cursor = json!({});
        while !is_done(&cursor, "v1") {
            // A new reader each time, as in another invocation.
            let page = open(&content, &Params::default(), &cursor)
                .unwrap()
                .next_page()
                .unwrap();
            for row in page.rows {
                seen.push((row.line, row.profile.unwrap().username.unwrap()));
            }
            cursor = page.cursor;
        }
        let expected: Vec<_> = (0..1_100).map(|n| (3 + 2 * n, format!("u{n}"))).collect();
        assert_eq!(seen, expected, "wide: {wide}");
    }
}

#[test]
fn changed_list_is_read_from_its_start() {
    let content = b"username\nana\n";
    let page = open(content, &Params::default(), &json!({}))
        .unwrap()
        .next_page()
        .unwrap();
    assert!(is_done(&page.cursor, "v1") && !is_done(&page.cursor, "v2"));
    let again = List::open(
        file(content),
        "v2".to_owned(),
        &Params::default(),
        &page.cursor,
    );
    assert_eq!(again.unwrap().next_page().unwrap().rows.len(), 1);
    let mapped = Params {
        columns: [("a".to_owned(), "email".to_owned())].into(),
        ..Params::default()
    };
    assert_ne!(
        version_of(&Params::default(), "v1"),
        version_of(&mapped, "v1")
    );
}

#[test]
fn parameter_with_unknown_word_is_named() {
    let list = |platform: Option<&str>, column: Option<&str>, encoding: Option<&str>| {
        let field = |field: &str| ("Work mail".to_owned(), field.to_owned());
        let params = Params {
            file: "people.csv".to_owned(),
            platform: platform.map(str::to_owned),
            columns: column.map(field).into_iter().collect(),
            encoding: encoding.map(str::to_owned),
        };
        params.check().map_err(|error| error.to_string())
    };
    assert_eq!(list(Some("x"), Some("email"), Some("windows-1251")), Ok(()));
    let refused = [
        (list(Some("tiktok"), None, None), "platform"),
        (list(None, Some("mail"), None), "columns"),
        (list(None, None, Some("klingon")), "encoding"),
    ];
    for (checked, word) in refused {
        assert!(
            checked.as_ref().is_err_and(|why| why.contains(word)),
            "{checked:?}"
        );
    }
}

mod formats;
mod practice;
mod properties;
