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
    db::{
        console::sources,
        operator::{self, Definition},
    },
    domain::{
        email::HashKey,
        ids::{CampaignId, SourceId},
        place,
    },
    lists::{self, List, ListError, Params},
    trial::{RefusedRow, Trial, TrialRequest, Tried, TriedLead, Unread},
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
pub(super) struct Outcome {
    pub(super) heading: String,
    pub(super) refuses_most: bool,
    pub(super) lacks_addresses: bool,
    pub(super) shape: String,
    pub(super) columns: Vec<ColumnLine>,
    pub(super) leads: Vec<LeadLine>,
    pub(super) refused: Vec<RefusedRow>,
    pub(super) more_refused: usize,
}

#[derive(Debug)]
pub(super) struct ColumnLine {
    pub(super) name: String,
    /// None where it is not used.
    pub(super) field: Option<String>,
    pub(super) unread: usize,
}

/// A lead as it would be stored.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LeadLine {
    pub(super) line: u64,
    pub(super) platform: &'static str,
    pub(super) username: String,
    pub(super) name: String,
    pub(super) address: String,
    pub(super) country: String,
    pub(super) followers: String,
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
        match read(&bytes, &params, &deps.config.hash_key) {
            Ok(trial) => outcome = Some(worded(trial)),
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
pub(crate) fn read(bytes: &[u8], params: &Params, key: &HashKey) -> Result<Trial, ListError> {
    let file = || -> io::Result<_> {
        let mut file = tempfile::tempfile()?;
        file.write_all(bytes)?;
        file.rewind()?;
        Ok(file)
    };
    let file = file().map_err(|error| ListError::Unreadable(error.to_string()))?;
    let mut list = List::open(file, String::new(), params, &json!({}))?;
    Trial::of_list(&mut list, key)
}

/// In a page's words, where a parameter's are of no use.
pub(crate) fn sentence(error: &ListError) -> String {
    match error {
        ListError::NoHeader => "Nothing names a column that tells who a row is about. Name one username, email or profile url, or say below which column holds it.".to_owned(),
        ListError::UnknownEncoding => "The encoding is not recognised. Export the list as UTF-8, or name its encoding below, for example windows-1251.".to_owned(),
        ListError::OtherFormat(format) => format!("This is {format}, not a list. Save it as CSV, or as JSON."),
        ListError::NoSuchColumn { name, known } => format!("The list has no column “{name}”. It has: {known}."),
        ListError::UnknownPlatform | ListError::UnknownField(_) | ListError::Unreadable(_) => error.to_string(),
    }
}

/// In a page's words.
pub(super) fn worded(trial: Trial) -> Outcome {
    let lacks_addresses = trial.leads > 0 && trial.with_email == 0 && trial.list.is_some();
    Outcome {
        heading: heading(&trial),
        refuses_most: trial.refuses_most(),
        lacks_addresses,
        shape: shape(&trial),
        columns: columns(&trial),
        more_refused: trial.refused - trial.refused_rows.len(),
        leads: trial.shown.into_iter().map(LeadLine::from).collect(),
        refused: trial.refused_rows,
    }
}

fn heading(trial: &Trial) -> String {
    if trial.rows() == 0 {
        let place = if trial.more { " on the first page" } else { "" };
        return format!("Nothing was found{place}");
    }
    let refused = counted(trial.refused, "row", "rows").to_lowercase();
    let leads = counted(trial.leads, "lead", "leads");
    format!("{leads} would be stored, {refused} refused")
}

fn shape(trial: &Trial) -> String {
    let rows = counted(trial.rows(), "row", "rows");
    let first = if trial.more && trial.rows() > 0 {
        "The first "
    } else {
        ""
    };
    let (read, empty) = match &trial.list {
        Some(list) => {
            let shape = lists::shape(&list.encoding, &list.delimiter, list.export.as_deref());
            let empty = format!(", {} empty", number(list.empty_rows));
            (format!("{rows} {shape}"), empty)
        }
        None => (rows, String::new()),
    };
    format!(
        "{first}{read}: {} with an address, {} named again{empty}.",
        number(trial.with_email),
        number(trial.duplicates)
    )
}

fn columns(trial: &Trial) -> Vec<ColumnLine> {
    let Some(list) = &trial.list else {
        return Vec::new();
    };
    let used = list.columns.used.iter().map(|(name, field)| ColumnLine {
        name: name.clone(),
        field: Some(field.clone()),
        unread: trial.unknown.get(field).copied().unwrap_or_default(),
    });
    let ignored = list.columns.ignored.iter().map(|name| ColumnLine {
        name: name.clone(),
        field: None,
        unread: 0,
    });
    used.chain(ignored).collect()
}

fn counted(count: usize, one: &str, many: &str) -> String {
    view::counted(i64::try_from(count).unwrap_or(i64::MAX), one, many)
}

impl From<TriedLead> for LeadLine {
    fn from(lead: TriedLead) -> Self {
        let country = lead.country.as_ref().map(place::english_name);
        let given = |text: Option<String>| text.unwrap_or_else(|| "Not given".to_owned());
        Self {
            line: lead.line,
            platform: lead.platform.title(),
            username: lead.username,
            name: given(lead.name),
            address: given(lead.address),
            country: given(country.map(str::to_owned)),
            followers: given(lead.followers.map(number)),
        }
    }
}

/// What the collector finds where a source is to read, or why it could not.
///
/// # Errors
/// With a sentence for whoever asked.
pub(crate) async fn of_source(deps: &Deps, definition: &Definition) -> Result<Trial, Unread> {
    let Some(collector) = &deps.config.collector_function else {
        let why = "This console was not told which function collects. Deploy it with COLLECTOR_FUNCTION set.";
        return Err(Unread {
            of_params: false,
            why: why.to_owned(),
        });
    };
    let wanted = TrialRequest {
        kind: definition.kind().to_owned(),
        params: definition.params(),
    };
    match deps.collector.tries(collector, &wanted).await {
        Tried::Read(trial) => Ok(*trial),
        Tried::Unread(unread) => Err(Unread {
            why: format!(
                "It could not be read: {}.",
                unread.why.trim_end_matches('.')
            ),
            ..unread
        }),
    }
}

#[cfg(test)]
mod tests;
