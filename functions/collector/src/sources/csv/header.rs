//! Finds a list's header and what its columns mean.

use csv::ByteRecord;
use shared::domain::lead::Platform;

use super::super::{RawProfile, RowError};

/// Where a list's table begins, and how its cells are parted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    /// First byte of the header.
    pub(super) start: u64,
    /// Comma, semicolon or tab.
    pub(super) delimiter: u8,
    /// Line of the header, counted from 1.
    pub(super) first_line: u64,
    /// Whether lines end as Windows ends them.
    pub(super) crlf: bool,
}

/// No line is a header.
#[derive(Debug, thiserror::Error)]
#[error(
    "no line names a column that tells who a row is about; name one username, email or profile url"
)]
pub(super) struct NoHeader;

/// Characters of a cell that are read; the longest field keeps 4,000.
const CELL: usize = 16_000;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Platform,
    Id,
    Username,
    Name,
    FirstName,
    LastName,
    Email,
    ProfileUrl,
    Bio,
    Followers,
    Verified,
    Location,
    Website,
    Country,
    Language,
}

/// Names as exports spell them, folded: lower case, letters and digits only.
const NAMES: &[(Column, &[&str])] = &[
    (Column::Platform, &["platform", "network", "source"]),
    (Column::Id, &["id", "externalid", "userid", "profileid"]),
    (
        Column::Username,
        &["username", "handle", "screenname", "profilename", "user"],
    ),
    (Column::Name, &["name", "fullname", "displayname"]),
    (Column::FirstName, &["firstname", "givenname"]),
    (Column::LastName, &["lastname", "familyname", "surname"]),
    (Column::Email, &["email", "emailaddress", "mail"]),
    (
        Column::ProfileUrl,
        &["profileurl", "url", "profile", "linkedinprofileurl", "link"],
    ),
    (
        Column::Bio,
        &["bio", "biography", "description", "about", "headline"],
    ),
    (
        Column::Followers,
        &["followers", "followercount", "followerscount"],
    ),
    (Column::Verified, &["verified", "isverified"]),
    (Column::Location, &["location", "city", "place"]),
    (Column::Website, &["website", "site", "homepage"]),
    (Column::Country, &["country", "countrycode"]),
    (Column::Language, &["language", "lang"]),
];

fn meaning(name: &[u8]) -> Option<Column> {
    let name = String::from_utf8_lossy(name);
    let folded: String = name
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    NAMES
        .iter()
        .find(|(_, names)| names.contains(&folded.as_str()))
        .map(|(column, _)| *column)
}

fn identifies(column: Column) -> bool {
    matches!(
        column,
        Column::Username | Column::Email | Column::ProfileUrl | Column::Id
    )
}

/// The first line that names a column which tells who a row is about, parted by the delimiter
/// under which it has most names that we know.
pub(super) fn find(head: &[u8]) -> Result<Layout, NoHeader> {
    let mark = if head.starts_with(b"\xEF\xBB\xBF") {
        3
    } else {
        0
    };
    let mut start = mark;
    for (line, text) in (1..).zip(head.get(mark..).unwrap_or_default().split(|b| *b == b'\n')) {
        let best = [b',', b';', b'\t']
            .into_iter()
            .map(|delimiter| {
                let columns: Vec<_> = text
                    .split(|b| *b == delimiter)
                    .filter_map(meaning)
                    .collect();
                (
                    columns.iter().any(|c| identifies(*c)),
                    columns.len(),
                    delimiter,
                )
            })
            .max_by_key(|(identified, known, _)| (*identified, *known));
        if let Some((true, _, delimiter)) = best {
            let start = u64::try_from(start).unwrap_or_default();
            let crlf = text.ends_with(b"\r");
            return Ok(Layout {
                start,
                delimiter,
                first_line: line,
                crlf,
            });
        }
        start += text.len() + 1;
    }
    Err(NoHeader)
}

/// A list's columns, in order.
#[derive(Debug)]
pub(super) struct Columns {
    columns: Vec<Option<Column>>,
    /// Lines before the one that the reader counts as its first.
    before: u64,
}

impl Columns {
    pub(super) fn from_names(names: &ByteRecord, layout: Layout) -> Self {
        // Between \r and \n the reader takes a record for ended and its line for not.
        let before = layout.first_line - 1 + u64::from(layout.crlf);
        Self {
            columns: names.iter().map(meaning).collect(),
            before,
        }
    }

    /// A record's line in the file.
    pub(super) fn line(&self, record: &ByteRecord) -> u64 {
        record.position().map_or(0, csv::Position::line) + self.before
    }

    pub(super) fn profile(&self, record: &ByteRecord) -> Result<RawProfile, RowError> {
        let (cells, columns) = (record.len(), self.columns.len());
        if cells > columns {
            return Err(RowError::TooManyCells { cells, columns });
        }
        let mut profile = RawProfile::default();
        let (mut first, mut last) = (None, None);
        for (column, cell) in self.columns.iter().zip(record) {
            let Some(column) = column else { continue };
            let Ok(text) = std::str::from_utf8(cell) else {
                let column = format!("{column:?}");
                return Err(RowError::NotUtf8 { column });
            };
            let text = text.trim();
            if text.is_empty() {
                continue;
            }
            // More than any field keeps; a page of such cells must fit into the function.
            let owned = Some(text.chars().take(CELL).collect::<String>());
            match column {
                Column::Platform => {
                    let platform = Platform::from_word(text);
                    profile.platform = Some(platform.ok_or(RowError::Platform)?);
                }
                Column::Id => profile.external_id = owned,
                Column::Username => profile.username = owned,
                Column::Name => profile.name = owned,
                Column::FirstName => first = owned,
                Column::LastName => last = owned,
                Column::Email => profile.email = owned,
                Column::ProfileUrl => profile.profile_url = owned,
                Column::Bio => profile.bio = owned,
                Column::Followers => profile.follower_count = Some(followers(text)?),
                Column::Verified => profile.verified = Some(yes_or_no(text)?),
                Column::Location => profile.location = owned,
                Column::Website => profile.website = owned,
                Column::Country => profile.country = owned,
                Column::Language => profile.language = owned,
            }
        }
        if profile.name.is_none() {
            let parts: Vec<String> = [first, last].into_iter().flatten().collect();
            profile.name = (!parts.is_empty()).then(|| parts.join(" "));
        }
        Ok(profile)
    }
}

/// `15,200`, `15.200`, `15 200` and `15200` are the same number; `15.2k` is another way to say it.
fn followers(text: &str) -> Result<i64, RowError> {
    const WRONG: RowError = RowError::Followers;
    let lower = text.to_lowercase();
    let (number, factor) = match lower.strip_suffix(['k', 'm']) {
        Some(number) => (number, if lower.ends_with('k') { 1e3 } else { 1e6 }),
        None => {
            let digits: String = lower
                .chars()
                .filter(|c| !matches!(c, ',' | '.' | ' ' | '\'' | '_'))
                .collect();
            return digits.parse().map_err(|_| WRONG);
        }
    };
    let number: f64 = number.trim().replace(',', ".").parse().map_err(|_| WRONG)?;
    let number = (number * factor).round();
    if !(0.0..1e12).contains(&number) {
        return Err(WRONG);
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a whole number below 10^12"
    )]
    Ok(number as i64)
}

fn yes_or_no(text: &str) -> Result<bool, RowError> {
    match text.to_lowercase().as_str() {
        "true" | "yes" | "y" | "1" => Ok(true),
        "false" | "no" | "n" | "0" => Ok(false),
        _ => Err(RowError::Verified),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_found_behind_marks_and_notes() {
        let layout = |text: &str| find(text.as_bytes()).map_err(|e| e.to_string());
        let at = |start, delimiter, first_line| {
            Ok(Layout {
                start,
                delimiter,
                first_line,
                crlf: false,
            })
        };
        assert_eq!(layout("username,email\n"), at(0, b',', 1));
        assert_eq!(layout("\u{FEFF}Name;E-Mail\n"), at(3, b';', 1));
        assert_eq!(
            layout("Notes:\n\"a, b\"\n\nFirst Name,Last Name,URL\n"),
            at(15, b',', 4)
        );
        let windows = Layout {
            start: 0,
            delimiter: b'\t',
            first_line: 1,
            crlf: true,
        };
        assert_eq!(layout("handle\tbio\r\n"), Ok(windows));
        assert!(layout("a,b,c\n1,2,3\n").is_err());
        assert!(layout("").is_err());
    }

    #[test]
    fn followers_are_read_as_people_write_them() {
        for (text, number) in [
            ("15200", 15_200),
            ("15,200", 15_200),
            ("15.200", 15_200),
            ("15.2k", 15_200),
            ("1,5M", 1_500_000),
        ] {
            assert_eq!(followers(text), Ok(number), "{text}");
        }
        for text in ["many", "-", "k", "1e9k"] {
            assert!(followers(text).is_err(), "{text}");
        }
    }
}
