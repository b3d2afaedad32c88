//! SES's own record of what it took, as `LocalStack` keeps it.
//!
//! `GET /_aws/ses` shows what the running process took. It also writes every mail to a file before it
//! answers the call, and these files outlive it, killed or not: they are the ledger.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use mail_parser::{HeaderValue, MessageParser};
use serde::Deserialize;

use crate::paths::Paths;

/// Headers worth showing, in the order in which they are shown.
const SHOWN: [&str; 8] = [
    "From",
    "To",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
];

/// The sender of the functions' own tests, which use this SES too: their sends are in other databases.
const TEST_SENDER: &str = "partners@mail.example.com";

/// One mail that SES took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mail {
    /// The id SES gave it.
    pub(crate) id: String,
    pub(crate) at: String,
    pub(crate) to: String,
    pub(crate) subject: String,
    /// The send it belongs to, as its own Message-ID says.
    pub(crate) send: Option<i64>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) text: String,
    pub(crate) has_html: bool,
}

/// As `LocalStack` writes it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    id: String,
    timestamp: String,
    raw_data: Option<String>,
}

/// Every mail that SES ever took from the pipeline in this folder, oldest first.
pub(crate) fn read(paths: &Paths) -> Result<Vec<Mail>> {
    let saved = saved_to(paths);
    if !saved.exists() {
        return Ok(Vec::new());
    }
    let mut mails = Vec::new();
    for entry in fs::read_dir(&saved)? {
        let path = entry?.path();
        let text = fs::read_to_string(&path)?;
        // A process that is killed while it writes has not answered the call yet.
        if let Ok(saved) = serde_json::from_str::<Saved>(&text) {
            let mail = parse(saved).with_context(|| format!("in {}", path.display()))?;
            if !mail.is_of_test() {
                mails.push(mail);
            }
        }
    }
    mails.sort_by(|one, other| (&one.at, &one.id).cmp(&(&other.at, &other.id)));
    Ok(mails)
}

impl Mail {
    fn is_of_test(&self) -> bool {
        let mut headers = self.headers.iter();
        headers.any(|(name, value)| name == "From" && value.contains(TEST_SENDER))
    }
}

fn saved_to(paths: &Paths) -> PathBuf {
    paths.localstack().join("var/lib/localstack/state/ses")
}

fn parse(saved: Saved) -> Result<Mail> {
    let raw = saved
        .raw_data
        .context("a mail that was not sent raw is not ours")?;
    let message = MessageParser::default()
        .parse(raw.as_bytes())
        .context("no MIME message")?;
    let shown = |name: &&str| {
        let value = message.header_raw(*name)?;
        let unfolded = value.split_whitespace().collect::<Vec<_>>().join(" ");
        let decoded = match message.header(*name) {
            Some(HeaderValue::Text(text)) if *name == "Subject" => text.to_string(),
            _ => unfolded,
        };
        Some(((*name).to_owned(), decoded))
    };
    let headers: Vec<(String, String)> = SHOWN.iter().filter_map(shown).collect();
    let header = |name: &str| {
        headers
            .iter()
            .find(|(known, _)| known == name)
            .map_or(String::new(), |(_, v)| v.clone())
    };
    Ok(Mail {
        id: saved.id,
        at: saved.timestamp,
        to: header("To"),
        subject: header("Subject"),
        send: message.message_id().and_then(send_of),
        text: message
            .body_text(0)
            .map_or(String::new(), |text| text.replace("\r\n", "\n")),
        has_html: message
            .parts
            .iter()
            .any(mail_parser::MessagePart::is_text_html),
        headers,
    })
}

/// Our Message-ID is `SEND.FENCE@host`: the mail itself says which claim of which send made it.
fn send_of(message_id: &str) -> Option<i64> {
    message_id
        .split_once('@')?
        .0
        .split_once('.')?
        .0
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAW: &str = "From: \"Mara\" <mara@partners.example>\r\n\
        To: <ana@example.org>\r\n\
        Subject: =?utf-8?B?SGFsbG8gSsO8cmdlbg==?=\r\n\
        Message-ID: <42.1@partners.example>\r\n\
        List-Unsubscribe: <https://partners.example/u/x>\r\n\
        Content-Type: text/plain; charset=\"utf-8\"\r\n\r\nHello Ana,\r\nbye.\r\n";

    fn folder_with(files: &[(&str, &str)]) -> (tempfile::TempDir, Paths) {
        let root = tempfile::tempdir().unwrap();
        let paths = Paths::from_lookup(root.path(), &|_| None).unwrap();
        fs::create_dir_all(saved_to(&paths)).unwrap();
        for (name, content) in files {
            fs::write(saved_to(&paths).join(name), content).unwrap();
        }
        (root, paths)
    }

    #[test]
    fn mail_is_read_with_its_send() {
        let saved = serde_json::json!({
            "Id": "ses-1", "Region": "us-east-1", "Timestamp": "2026-01-05T10:00:00", "RawData": RAW
        });
        let (_root, paths) = folder_with(&[("ses-1.json", &saved.to_string())]);
        let mails = read(&paths).unwrap();
        let mail = &mails[0];
        assert_eq!((mail.id.as_str(), mail.send), ("ses-1", Some(42)));
        assert_eq!(mail.to, "<ana@example.org>");
        assert_eq!(mail.subject, "Hallo Jürgen");
        assert_eq!(mail.text, "Hello Ana,\nbye.\n");
        assert!(!mail.has_html);
    }

    #[test]
    fn mail_of_a_test_is_left_out() {
        let raw = RAW.replace("mara@partners.example", TEST_SENDER);
        let saved = serde_json::json!({
            "Id": "ses-1", "Region": "us-east-1", "Timestamp": "2026-01-05T10:00:00", "RawData": raw
        });
        let (_root, paths) = folder_with(&[("ses-1.json", &saved.to_string())]);
        assert_eq!(read(&paths).unwrap(), []);
    }

    #[test]
    fn truncated_file_is_no_mail_yet() {
        let (_root, paths) = folder_with(&[("ses-2.json", "{\"Id\": \"ses-2\", \"RawD")]);
        assert_eq!(read(&paths).unwrap(), []);
    }

    #[test]
    fn missing_localstack_folder_means_no_mail() {
        let root = tempfile::tempdir().unwrap();
        let paths = Paths::from_lookup(root.path(), &|_| None).unwrap();
        assert_eq!(read(&paths).unwrap(), []);
    }

    #[test]
    fn foreign_message_id_belongs_to_no_send() {
        for id in ["x@host", "42@host", "a.1@host", ""] {
            assert_eq!(send_of(id), None, "{id}");
        }
    }
}
