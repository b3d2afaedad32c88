//! Lists and sources, tried before they are read.

use std::{collections::BTreeMap, sync::Arc};

use axum::{Json as Body, extract::State};
use serde::{Deserialize, Serialize};
use shared::trial::Trial;
use utoipa::ToSchema;

use super::{
    super::{
        answer::{Problem, Refused},
        request::{Json, given},
    },
    SourceFields, lines,
};
use crate::{
    Deps,
    fields::{Entries, Problems},
    pages::sources::{
        entries,
        trial::{self, LARGEST},
    },
};

/// A list that is tried before it is imported.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct List {
    /// Delimited text whose first line names the columns, at most 200 KB.
    #[schema(min_length = 1)]
    content: String,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    platform: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    columns: Option<BTreeMap<String, String>>,
}

/// What would be stored.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SourceTrial {
    /// Leads that would be stored, each once.
    leads: usize,
    with_address: usize,
    /// Rows that name a profile again.
    duplicates: usize,
    refused_rows: usize,
    /// Whether there is more than was read.
    more: bool,
    /// How it was read; null where it is no list.
    list: Option<TriedList>,
    /// The first of them.
    shown: Vec<TriedLead>,
    /// The first rows that are refused.
    refused: Vec<RefusedRow>,
}

/// How a list was read.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TriedList {
    encoding: String,
    empty_rows: usize,
    /// What each column that is used holds, by its name.
    columns: BTreeMap<String, String>,
    ignored_columns: Vec<String>,
}

/// A lead as it would be stored.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TriedLead {
    line: u64,
    platform: String,
    username: String,
    name: Option<String>,
    /// Its first letter and its domain.
    address: Option<String>,
    country: Option<String>,
    followers: Option<i64>,
}

/// A row that is not stored.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RefusedRow {
    line: u64,
    column: Option<String>,
    why: String,
}

impl From<Trial> for SourceTrial {
    fn from(trial: Trial) -> Self {
        let shown = trial.shown.into_iter().map(|lead| TriedLead {
            line: lead.line,
            platform: lead.platform.to_string(),
            username: lead.username,
            name: lead.name,
            address: lead.address,
            country: lead.country.map(|country| country.to_string()),
            followers: lead.followers,
        });
        let refused = trial.refused_rows.into_iter().map(|row| RefusedRow {
            line: row.line,
            column: row.column,
            why: row.reason,
        });
        let list = trial.list.map(|list| TriedList {
            encoding: list.encoding,
            empty_rows: list.empty_rows,
            columns: list.columns.used,
            ignored_columns: list.columns.ignored,
        });
        Self {
            leads: trial.leads,
            with_address: trial.with_email,
            duplicates: trial.duplicates,
            refused_rows: trial.refused,
            more: trial.more,
            list,
            shown: shown.collect(),
            refused: refused.collect(),
        }
    }
}

/// Has the collector read the beginning of a source, as its run would; nothing is stored. Of a search, ten posts are
/// read, which X charges for.
#[utoipa::path(post, path = "/api/v1/sources/test", tag = "Sources", request_body = SourceFields,
    responses((status = 200, body = SourceTrial),
        (status = 409, description = "It could not be read: the problem says why", body = Problem)))]
pub(crate) async fn test_source(
    State(deps): State<Arc<Deps>>,
    Json { body, .. }: Json<SourceFields>,
) -> Result<Body<SourceTrial>, Refused> {
    let mut problems = Problems::default();
    let definition = entries::definition(&body.onto(entries::fresh())?, &mut problems);
    if !problems.is_empty() {
        return Err(problems.into());
    }
    let trial = trial::of_source(&deps, &definition).await;
    let trial = trial.map_err(|unread| Refused::Conflict(unread.why))?;
    Ok(Body(trial.into()))
}

/// Reads a list as an import into a campaign would; nothing is stored.
#[utoipa::path(post, path = "/api/v1/lists/test", tag = "Sources", request_body = List,
    responses((status = 200, body = SourceTrial)))]
pub(crate) async fn test_list(
    State(deps): State<Arc<Deps>>,
    Json { body, .. }: Json<List>,
) -> Result<Body<SourceTrial>, Refused> {
    let mut entries = Entries::default();
    entries.set("platform", body.platform.unwrap_or_default());
    entries.set("columns", body.columns.map(lines).unwrap_or_default());
    let mut problems = Problems::default();
    let params = entries::how_to_read(&entries, &mut problems);
    if !problems.is_empty() {
        return Err(problems.into());
    }
    if body.content.len() > LARGEST {
        return Err(Refused::field(
            "/content",
            "A list that is tried has at most 200 KB. Its first lines say as much.",
        ));
    }
    let trial = trial::read(body.content.as_bytes(), &params, &deps.config.hash_key);
    let trial = trial.map_err(|error| Refused::field("/content", &trial::sentence(&error)))?;
    Ok(Body(trial.into()))
}
