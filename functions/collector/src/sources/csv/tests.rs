use std::io::Write;

use super::*;
use crate::sources::{RawProfile, RowError};

fn list(content: &[u8]) -> List {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(content).unwrap();
    file.rewind().unwrap();
    List::read(file, "v1".to_owned(), Platform::Csv).unwrap()
}

async fn rows(content: &[u8]) -> Vec<(u64, Result<RawProfile, RowError>)> {
    let page = list(content).next_page(&json!({})).await.unwrap().unwrap();
    assert!(page.last);
    page.rows
        .into_iter()
        .map(|row| (row.line, row.profile))
        .collect()
}

#[tokio::test]
async fn a_list_is_read_as_lists_come() {
    let content = "\u{FEFF}Handle;Full Name;E-Mail;Bio;Followers\r\n\
        @ana;Ana;ana@example.org;\"first line\nsecond; line\";15.2k\r\n\
        bo;Bo\r\n\
        cy;Cy;cy@example.org;;many\r\n\
        di;Di;;;1;too many\r\n\
        ed;;;;7\r\n";
    let rows = rows(content.as_bytes()).await;
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
    assert_eq!(rows[2].1, Err(RowError::Followers));
    let (cells, columns) = (6, 5);
    assert_eq!(rows[3].1, Err(RowError::TooManyCells { cells, columns }));
    assert!(rows[4].1.is_ok(), "the rest goes on");
}

#[tokio::test]
async fn linkedins_export_with_its_notes_is_read() {
    let content = "Notes:\n\"When exporting, you may see missing addresses.\"\n\n\
        First Name,Last Name,URL,Email Address,Company,Position,Connected On\n\
        Ana,Silva,https://www.linkedin.com/in/anasilva,,Example,Coach,05 Jan 2026\n";
    let rows = rows(content.as_bytes()).await;
    let ana = rows[0].1.as_ref().unwrap();
    assert_eq!(rows[0].0, 5);
    assert_eq!(ana.name.as_deref(), Some("Ana Silva"));
    assert_eq!(
        ana.profile_url.as_deref(),
        Some("https://www.linkedin.com/in/anasilva")
    );
}

#[tokio::test]
async fn invalid_utf8_refuses_one_row_only() {
    let rows = rows(b"username,name\nana,Ana\nbo,B\xF6\ncy,Cy\n").await;
    assert_eq!(
        rows[1].1.as_ref().unwrap_err().to_string(),
        "Name is not UTF-8; export the list as UTF-8"
    );
    assert!(rows[0].1.is_ok() && rows[2].1.is_ok());
}

#[tokio::test]
async fn long_list_resumes_after_last_page() {
    let mut content = String::from("\u{FEFF}note\nusername;bio\n");
    for n in 0..1_100 {
        content.push_str(&format!("u{n};\"line one\nline two\"\n"));
    }
    let mut seen = Vec::new();
    let mut cursor = json!({});
    loop {
        // A new reader each time, as in another invocation.
        let page = list(content.as_bytes()).next_page(&cursor).await.unwrap();
        let Some(page) = page else { break };
        for row in page.rows {
            seen.push((row.line, row.profile.unwrap().username.unwrap()));
        }
        cursor = page.cursor;
    }
    assert_eq!(seen.len(), 1_100);
    assert_eq!(seen[0], (3, "u0".to_owned()));
    assert_eq!(seen[500], (3 + 2 * 500, "u500".to_owned()));
    assert_eq!(seen[1_099], (3 + 2 * 1_099, "u1099".to_owned()));
}

#[tokio::test]
async fn unchanged_list_is_not_read_again() {
    let content = b"username\nana\n";
    let page = list(content).next_page(&json!({})).await.unwrap().unwrap();
    assert!(
        list(content)
            .next_page(&page.cursor)
            .await
            .unwrap()
            .is_none()
    );
    let mut changed = list(content);
    changed.version = "v2".to_owned();
    assert_eq!(
        changed
            .next_page(&page.cursor)
            .await
            .unwrap()
            .unwrap()
            .rows
            .len(),
        1
    );
}

#[test]
fn file_without_header_names_missing_columns() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"a,b\n1,2\n").unwrap();
    file.rewind().unwrap();
    let error = List::read(file, String::new(), Platform::Csv)
        .unwrap_err()
        .to_string();
    assert!(error.contains("username, email or profile url"), "{error}");
}

#[test]
fn too_large_list_is_refused_before_reading() {
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(LARGEST).unwrap();
    assert!(local(file.path()).is_ok());
    file.as_file().set_len(LARGEST + 1).unwrap();
    let error = local(file.path()).unwrap_err().to_string();
    assert!(error.contains("split it"), "{error}");
}
