//! A list tried before it is imported.

use std::{collections::BTreeMap, sync::Arc};

use axum::{Json as Body, extract::State};
use serde::{Deserialize, Serialize};
use shared::lists::Trial;
use utoipa::ToSchema;

use super::{
    super::{
        answer::Refused,
        request::{Json, given},
    },
    lines,
};
use crate::{
    Deps,
    fields::{Entries, Problems},
    pages::sources::{
        entries,
        trial::{self, LARGEST},
    },
};

/// Leads of a trial that are shown, and refused rows.
const SHOWN: usize = 20;
const LISTED: usize = 100;

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

/// What an import of a list would store.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListTrial {
    /// Leads that would be stored, each once.
    leads: usize,
    with_address: usize,
    /// Rows that name a profile again.
    duplicates: usize,
    empty_rows: usize,
    refused_rows: usize,
    encoding: String,
    /// What each column that is used holds, by its name.
    columns: BTreeMap<String, String>,
    ignored_columns: Vec<String>,
    /// The first of them.
    shown: Vec<TriedLead>,
    /// The first rows that are refused.
    refused: Vec<RefusedRow>,
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

impl From<Trial> for ListTrial {
    fn from(trial: Trial) -> Self {
        let shown = trial.leads_shown.into_iter().map(|(line, lead)| TriedLead {
            line,
            platform: lead.platform.to_string(),
            username: lead.username,
            name: lead.name,
            address: lead
                .email
                .as_ref()
                .map(|(address, _)| trial::veiled(address)),
            country: lead.country.map(|country| country.to_string()),
            followers: lead.follower_count,
        });
        let refused = trial.bad_rows.iter().take(LISTED).map(|row| RefusedRow {
            line: row.line,
            column: row.column.map(str::to_owned),
            why: row.error.to_string(),
        });
        let columns = trial.list.columns;
        Self {
            leads: trial.leads,
            with_address: trial.with_email,
            duplicates: trial.duplicates,
            empty_rows: trial.list.empty_rows,
            refused_rows: trial.bad_rows.len(),
            encoding: trial.list.encoding,
            columns: columns
                .used
                .into_iter()
                .map(|(name, field)| (name, field.to_owned()))
                .collect(),
            ignored_columns: columns.ignored,
            shown: shown.collect(),
            refused: refused.collect(),
        }
    }
}

/// Reads a list as an import into a campaign would; nothing is stored.
#[utoipa::path(post, path = "/api/v1/lists/test", tag = "Sources", request_body = List,
    responses((status = 200, body = ListTrial)))]
pub(crate) async fn test_list(
    State(deps): State<Arc<Deps>>,
    Json { body, .. }: Json<List>,
) -> Result<Body<ListTrial>, Refused> {
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
    let trial = trial::read(
        body.content.as_bytes(),
        &params,
        &deps.config.hash_key,
        SHOWN,
    );
    let trial = trial.map_err(|error| Refused::field("/content", &trial::sentence(&error)))?;
    Ok(Body(trial.into()))
}
