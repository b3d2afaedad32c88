//! A list tried before it is imported: as it would be stored, with nothing stored.

use std::{
    io::{self, Seek as _, Write as _},
    sync::Arc,
};

use askama::Template;
use axum::{extract::State, response::Response};
use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use serde_json::json;
use shared::{
    db::{console::sources, operator},
    domain::{
        email::{EmailAddress, HashKey},
        ids::{CampaignId, SourceId},
        intake::Field,
        lead::NewLead,
        place,
    },
    lists::{self, List, ListError, Params, Trial},
};

use super::{entries, page::status};
use crate::{
    Deps,
    access::Caller,
    answer,
    answer::Failure,
    fields::{Entries, Problems},
    filters,
    form::{Form, Id, Query},
    view::{self, Place, Shell, number},
};

/// Largest list that a form brings, in bytes.
pub(crate) const LARGEST: usize = 200 * 1024;
/// Leads and refused rows that are shown.
const SHOWN: usize = 20;
const LISTED: usize = 100;

#[derive(Template)]
#[template(path = "source_trial.html")]
struct TrialPage {
    shell: Shell,
    campaign: i64,
    campaign_name: String,
    entries: Entries,
    problems: Problems,
    outcome: Option<Outcome>,
}

/// What was found, as the page words it.
#[derive(Debug)]
struct Outcome {
    heading: String,
    refuses_most: bool,
    lacks_addresses: bool,
    shape: String,
    columns: Vec<ColumnLine>,
    leads: Vec<LeadLine>,
    refused: Vec<(u64, &'static str, String)>,
    more_refused: usize,
}

#[derive(Debug)]
struct ColumnLine {
    name: String,
    /// None where it is not used.
    field: Option<&'static str>,
    unread: usize,
}

/// A lead as it would be stored.
#[derive(Debug, PartialEq, Eq)]
struct LeadLine {
    line: u64,
    platform: &'static str,
    username: String,
    name: String,
    address: String,
    country: String,
    followers: String,
}

/// The source whose way of reading the form begins with.
#[derive(Debug, Deserialize)]
pub(crate) struct Of {
    source: Option<i64>,
}

/// Shows the form.
pub(crate) async fn show(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(id): Id,
    Query(Of { source }): Query<Of>,
) -> Result<Response, Failure> {
    let mut entries = Entries::default();
    if let Some(source) = source {
        let mut conn = deps.connect().await?;
        let found = sources::one(&mut conn, SourceId(source)).await?;
        entries = found
            .and_then(|source| entries::of(&source))
            .unwrap_or_default();
    }
    page(&deps, &caller, id, (entries, Problems::default(), None)).await
}

/// Reads the list that the form brings.
pub(crate) async fn run(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(id): Id,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let mut entries: Entries = fields.into_iter().collect();
    let mut problems = Problems::default();
    let params = entries::how_to_read(&entries, &mut problems);
    let bytes = bytes(&entries).unwrap_or_else(|message| {
        problems.add("list", "List", message);
        Vec::new()
    });
    let mut outcome = None;
    if problems.is_empty() {
        match read(&bytes, &params, &deps.config.hash_key, SHOWN) {
            Ok(trial) => outcome = Some(worded(&trial)),
            Err(error) => {
                let of_columns = matches!(error, ListError::NoSuchColumn { .. });
                let (field, label) = if of_columns {
                    ("columns", "Columns")
                } else {
                    ("list", "List")
                };
                problems.add(field, label, sentence(&error));
            }
        }
    }
    // A file goes once; to send it again it is chosen again.
    entries.set("content", "");
    page(&deps, &caller, id, (entries, problems, outcome)).await
}

async fn page(
    deps: &Deps,
    caller: &Caller,
    id: i64,
    (entries, problems, outcome): (Entries, Problems, Option<Outcome>),
) -> Result<Response, Failure> {
    let mut conn = deps.connect().await?;
    let campaign = operator::campaign_of_id(&mut conn, CampaignId(id)).await?;
    let campaign = campaign.ok_or(Failure::NotFound)?;
    let status = status(&problems);
    let page = TrialPage {
        shell: Shell::load(&mut conn, deps, caller, Place::Campaigns).await?,
        campaign: id,
        campaign_name: campaign.name,
        entries,
        problems,
        outcome,
    };
    Ok(answer::page(status, &page))
}

/// The list: a file's bytes as the script read them, or what was pasted.
fn bytes(entries: &Entries) -> Result<Vec<u8>, String> {
    let content = entries.get("content");
    let bytes = if content.is_empty() {
        entries.get("list").as_bytes().to_vec()
    } else {
        let decoded = BASE64URL_NOPAD.decode(content.as_bytes());
        decoded.map_err(|_| "The file did not arrive whole. Choose it again.".to_owned())?
    };
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err("Paste a list, or choose a file. Its first line names the columns.".to_owned());
    }
    if bytes.len() > LARGEST {
        return Err(format!(
            "The list has {} KB, and a form takes 200 KB. Its first {} lines say as much about how it is read.",
            number(bytes.len() / 1024),
            number(1_000)
        ));
    }
    Ok(bytes)
}

/// Reads a list as an import would; nothing is stored.
pub(crate) fn read(
    bytes: &[u8],
    params: &Params,
    key: &HashKey,
    shown: usize,
) -> Result<Trial, ListError> {
    let file = || -> io::Result<_> {
        let mut file = tempfile::tempfile()?;
        file.write_all(bytes)?;
        file.rewind()?;
        Ok(file)
    };
    let file = file().map_err(|error| ListError::Unreadable(error.to_string()))?;
    let mut list = List::open(file, String::new(), params, &json!({}))?;
    lists::trial(&mut list, key, shown)
}

/// In a page's words, where a parameter's are of no use.
pub(crate) fn sentence(error: &ListError) -> String {
    match error {
        ListError::NoHeader => "No line names a column that tells who a row is about. Name one username, email or profile url, or say below which column holds it.".to_owned(),
        ListError::UnknownEncoding => "The encoding is not recognised. Export the list as UTF-8, or name its encoding below, for example windows-1251.".to_owned(),
        ListError::OtherFormat(format) => format!("This is {format}, not a list of delimited text. Save it as CSV."),
        ListError::NoSuchColumn { name, known } => format!("The list has no column “{name}”. It has: {known}."),
        ListError::UnknownPlatform | ListError::UnknownField(_) | ListError::Unreadable(_) => error.to_string(),
    }
}

fn worded(trial: &Trial) -> Outcome {
    let refused = trial.bad_rows.len();
    let list = &trial.list;
    let unread = |word: &str| {
        let mut unknown = trial.unknown.iter();
        unknown
            .find(|(field, _): &(&Field, _)| field.word() == word)
            .map_or(0, |(_, rows)| *rows)
    };
    let used = list.columns.used.iter().map(|(name, field)| ColumnLine {
        name: name.clone(),
        field: Some(field),
        unread: unread(field),
    });
    let ignored = list.columns.ignored.iter().map(|name| ColumnLine {
        name: name.clone(),
        field: None,
        unread: 0,
    });
    let delimiter = match list.delimiter.as_str() {
        "\t" => "tabs",
        ";" => "semicolons",
        "," => "commas",
        _ => "another sign",
    };
    let rows = trial.bad_rows.iter().take(LISTED);
    Outcome {
        heading: format!(
            "{} would be stored, {} refused",
            counted(trial.leads, "lead", "leads"),
            counted(refused, "row", "rows")
        ),
        refuses_most: trial.refuses_most(),
        lacks_addresses: trial.leads > 0 && trial.with_email == 0,
        shape: format!(
            "{} in {}, parted by {delimiter}: {} with an address, {} named again, {} empty.",
            counted(trial.rows(), "row", "rows"),
            list.encoding,
            number(trial.with_email),
            number(trial.duplicates),
            number(list.empty_rows)
        ),
        columns: used.chain(ignored).collect(),
        leads: trial
            .leads_shown
            .iter()
            .map(|(line, lead)| lead_line(*line, lead))
            .collect(),
        refused: rows
            .map(|row| (row.line, row.column.unwrap_or(""), row.error.to_string()))
            .collect(),
        more_refused: refused.saturating_sub(LISTED),
    }
}

fn counted(count: usize, one: &str, many: &str) -> String {
    view::counted(i64::try_from(count).unwrap_or(i64::MAX), one, many)
}

fn lead_line(line: u64, lead: &NewLead) -> LeadLine {
    let address = lead.email.as_ref().map(|(address, _)| veiled(address));
    let country = lead.country.as_ref().map(place::english_name);
    let given = |text: Option<&str>| text.unwrap_or("Not given").to_owned();
    LeadLine {
        line,
        platform: lead.platform.title(),
        username: lead.username.clone(),
        name: given(lead.name.as_deref()),
        address: given(address.as_deref()),
        country: given(country),
        followers: lead.follower_count.map_or_else(|| given(None), number),
    }
}

/// As pages show an address to whoever may know that there is one: `m•••@example.org`.
pub(crate) fn veiled(address: &EmailAddress) -> String {
    let first = address.as_str().chars().next().unwrap_or('•');
    format!("{first}•••@{}", address.domain())
}

#[cfg(test)]
mod tests;
