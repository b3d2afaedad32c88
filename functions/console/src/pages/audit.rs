//! Audit: who did what, by person, table, row and time; and all of it as a file.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use chrono::{Datelike as _, NaiveDate, TimeDelta};
use futures::TryStreamExt as _;
use serde::{Deserialize, Serialize};
use shared::{
    db::{
        DbError,
        console::audit::{self, AuditFilter, By, LOOKED_AT},
    },
    domain::audit::Record,
};

use crate::{
    Deps,
    access::Caller,
    answer,
    answer::Failure,
    csv, filters,
    form::Query,
    people::People,
    view::{Moment, Place, Shell},
};

const ROWS: i64 = 100;
/// A function's answer is small: what is older goes into another file, by dates.
const EXPORTED: usize = 10_000;

/// Years that a day may be of: others leave what times can hold.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=9999;

/// What is recorded: the word in the address, and on the page.
const TABLES: [(&str, &str); 8] = [
    ("sends", "Sends"),
    ("recipients", "Mailboxes"),
    ("enriched_leads", "Assessments"),
    ("leads", "Leads"),
    ("campaigns", "Campaigns"),
    ("sources", "Sources"),
    ("breakers", "Automatic stops"),
    ("installation", "Kill switch"),
];

/// The filters as the address has them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Asked {
    /// `anybody` for functions too, or an actor as the log writes it.
    #[serde(default)]
    pub(crate) by: String,
    #[serde(default)]
    pub(crate) table: String,
    #[serde(default)]
    pub(crate) row: String,
    /// Days, as `2026-11-28`.
    #[serde(default)]
    pub(crate) from: String,
    #[serde(default)]
    pub(crate) until: String,
    pub(crate) before: Option<i64>,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    shell: Shell,
    asked: Asked,
    rows: Vec<Record>,
    people: People,
    older: Option<String>,
    looked_back_to: Option<Moment>,
    export: String,
}

/// Lists what was done.
pub(crate) async fn show(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let filter = asked.filter().ok_or(Failure::Unreadable("the address"))?;
    let mut conn = deps.connect().await?;
    let shell = Shell::load(&mut conn, &deps, &caller, Place::Audit).await?;
    let page = audit::page(&mut conn, &filter, asked.before, ROWS, LOOKED_AT).await?;
    let people = People::load(&mut conn).await?;
    drop(conn);
    let view = AuditPage {
        shell,
        rows: page.rows,
        people,
        older: page
            .older
            .map(|id| format!("{}&before={id}", asked.address("/audit"))),
        looked_back_to: page.looked_back_to.map(Moment),
        export: asked.address("/audit/export"),
        asked,
    };
    Ok(answer::page(StatusCode::OK, &view))
}

impl Asked {
    /// None where a day is none.
    pub(crate) fn filter(&self) -> Option<AuditFilter> {
        let text = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let day = |text: &str| match text.trim() {
            "" => Some(None),
            text => Some(Some(
                text.parse::<NaiveDate>()
                    .ok()
                    .filter(|day| YEARS.contains(&day.year()))?
                    .and_time(chrono::NaiveTime::MIN)
                    .and_utc(),
            )),
        };
        Some(AuditFilter {
            by: match self.by.trim() {
                "" => By::People,
                "anybody" => By::Anybody,
                actor => By::Actor(actor.to_owned()),
            },
            table: text(&self.table),
            row: text(&self.row),
            action: None,
            from: day(&self.from)?,
            // The whole of the last day.
            until: day(&self.until)?.map(|until| until + TimeDelta::days(1)),
        })
    }

    fn address(&self, path: &str) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("by", &self.by)
            .append_pair("table", &self.table)
            .append_pair("row", &self.row)
            .append_pair("from", &self.from)
            .append_pair("until", &self.until)
            .finish();
        format!("{path}?{query}")
    }
}

/// The rows as a file for a spreadsheet, oldest first.
pub(crate) async fn export(
    State(deps): State<Arc<Deps>>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let filter = asked.filter().ok_or(Failure::Unreadable("the address"))?;
    let rows = exported(&deps, &filter).await?;
    let mut lines = csv::line(&["at", "actor", "table", "row", "action", "what", "note"]);
    for row in &rows {
        lines += &csv::line(&[
            &row.at.to_rfc3339(),
            &row.actor,
            &row.table,
            &row.row,
            &row.action,
            &row.sentence(),
            row.note.as_deref().unwrap_or_default(),
        ]);
    }
    Ok(csv::file("audit", lines))
}

async fn exported(deps: &Deps, filter: &AuditFilter) -> Result<Vec<Record>, DbError> {
    let mut conn = deps.connect().await?;
    let mut rows = std::pin::pin!(audit::export(&mut conn, filter).await?);
    let mut taken = Vec::new();
    while let Some(row) = rows.try_next().await? {
        taken.push(row);
        if taken.len() == EXPORTED {
            break;
        }
    }
    Ok(taken)
}
