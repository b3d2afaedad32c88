//! The system: who you are, what the figures say, whether mails leave, who did what.

use std::sync::Arc;

use axum::{Json as Body, extract::State};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::{
    db::{
        console::audit::{self, LOOKED_AT},
        operator::{self, Author},
    },
    domain::{audit::Record, person::Role},
};
use utoipa::{IntoParams, ToSchema};

use super::{
    answer::Refused,
    leads::Why,
    list::{self, Limit, Listed},
    request::{Json, Query, unknown},
    sends::Changed,
};
use crate::{
    Deps,
    access::Caller,
    change,
    pages::{
        audit as audit_page,
        overview::{self, Figure},
    },
};

/// Who you are to the console.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    subject: String,
    name: String,
    /// `viewer`, `reviewer`, `operator` or `admin`.
    role: &'static str,
}

/// Says who the token belongs to.
#[utoipa::path(get, path = "/api/v1/me", tag = "System", responses((status = 200, body = Me)))]
pub(crate) async fn show_me(caller: Caller) -> Body<Me> {
    let person = caller.person;
    Body(Me {
        subject: person.subject,
        name: person.name,
        role: person.role.as_str(),
    })
}

/// Of which period, campaign and source.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AskedFigures {
    /// Days up to today: 7, 14, 30 or 90; 30 if it is not given.
    #[param(pattern = "^(7|14|30|90)$")]
    days: Option<String>,
    /// A campaign's id.
    #[param(pattern = "^[1-9][0-9]{0,17}$")]
    campaign: Option<String>,
    /// A source's id.
    #[param(pattern = "^[1-9][0-9]{0,17}$")]
    source: Option<String>,
}

/// Shows the overview's figures, one a row. Rates are parts of 1, times are minutes, money is millionths of a US dollar;
/// what rests on too little is left out.
#[utoipa::path(get, path = "/api/v1/figures", tag = "System", params(AskedFigures),
    responses((status = 200, body = Listed<Figure>)))]
pub(crate) async fn list_figures(
    State(deps): State<Arc<Deps>>,
    Query(asked): Query<AskedFigures>,
) -> Result<Body<Listed<Figure>>, Refused> {
    for (name, given) in [
        ("days", &asked.days),
        ("campaign", &asked.campaign),
        ("source", &asked.source),
    ] {
        let is_number = |text: &String| text.parse::<i64>().is_ok_and(|number| number > 0);
        if !given.as_ref().is_none_or(is_number) {
            return Err(unknown(name));
        }
    }
    let asked = overview::Asked {
        days: asked.days.unwrap_or_default(),
        campaign: asked.campaign.unwrap_or_default(),
        source: asked.source.unwrap_or_default(),
    };
    Ok(Body(Listed {
        items: overview::rows(&deps, &asked).await?,
        next: None,
    }))
}

/// Stops sending at once. No mail leaves until somebody switches it on again.
#[utoipa::path(post, path = "/api/v1/sending/stop", tag = "System", responses((status = 200, body = Changed)))]
pub(crate) async fn stop_sending(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
) -> Result<Body<Changed>, Refused> {
    let person = caller.person;
    let changed = change(&deps, async move |conn| {
        operator::stop_sending(conn, &person.name, "Stopped by the API", Some(&person)).await
    })
    .await?;
    Ok(Body(Changed { changed }))
}

/// Lets mails leave again, under every other rule.
#[utoipa::path(post, path = "/api/v1/sending/start", tag = "System", request_body = Why,
    responses((status = 200, body = Changed)))]
pub(crate) async fn start_sending(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Json { body, .. }: Json<Why>,
) -> Result<Body<Changed>, Refused> {
    let reason = body.required()?;
    let waited = change(&deps, async move |conn| {
        operator::start_sending(conn, Author::new(&caller.person, Some(&reason))).await
    })
    .await?;
    Ok(Body(Changed {
        changed: waited.is_some(),
    }))
}

/// A campaign whose automatic stop is closed, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Close {
    /// Its name.
    campaign: String,
    /// It stands in the audit log.
    #[schema(min_length = 1, max_length = 300, pattern = "\\S")]
    reason: String,
}

/// Closes a campaign's automatic stop: only what goes wrong from now on counts.
#[utoipa::path(post, path = "/api/v1/breakers/close", tag = "System", request_body = Close,
    responses((status = 200, body = Changed)))]
pub(crate) async fn close_breaker(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Json { body, .. }: Json<Close>,
) -> Result<Body<Changed>, Refused> {
    let reason = Why::of(&body.reason).required()?;
    let changed = change(&deps, async move |conn| {
        let person = &caller.person;
        let author = Author::new(person, Some(&reason));
        operator::close_breaker(conn, &body.campaign, &person.name, author).await
    })
    .await?;
    Ok(Body(Changed { changed }))
}

/// Which records, and from where on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AskedRecords {
    /// An actor as the log writes it, or `anybody` for functions too; people if it is not given.
    by: Option<String>,
    /// The table of the row.
    table: Option<String>,
    /// The row's key.
    row: Option<String>,
    /// The first day (UTC), such as `2026-11-28`.
    #[param(format = Date)]
    from: Option<String>,
    /// The last day.
    #[param(format = Date)]
    until: Option<String>,
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// The `next` of the page before.
    #[param(min_length = 1)]
    cursor: Option<String>,
}

/// A record of the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditRecord {
    id: i64,
    at: DateTime<Utc>,
    actor: String,
    table: String,
    row: String,
    action: String,
    /// What was done, in a sentence.
    what: String,
    /// For operators and admins.
    before: Option<Value>,
    after: Option<Value>,
    note: Option<String>,
}

impl AuditRecord {
    fn new(record: Record, role: Role) -> Self {
        let is_whole = role >= Role::Operator;
        Self {
            what: record.sentence(),
            id: record.id,
            at: record.at,
            actor: record.actor,
            table: record.table,
            // The key of a mailbox finds it in another list.
            row: match is_whole {
                true => record.row,
                false => record.row.chars().take(12).collect(),
            },
            action: record.action,
            before: record.before.filter(|_| is_whole),
            after: record.after.filter(|_| is_whole),
            note: record.note,
        }
    }
}

/// Lists who did what, the newest first.
#[utoipa::path(get, path = "/api/v1/audit", tag = "System", params(AskedRecords),
    responses((status = 200, body = Listed<AuditRecord>)))]
pub(crate) async fn list_records(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Query(asked): Query<AskedRecords>,
) -> Result<Body<Listed<AuditRecord>>, Refused> {
    for (name, day) in [("from", &asked.from), ("until", &asked.until)] {
        if day.as_deref() == Some("") {
            return Err(unknown(name));
        }
    }
    let question = audit_page::Asked {
        by: asked.by.unwrap_or_default(),
        table: asked.table.unwrap_or_default(),
        row: asked.row.unwrap_or_default(),
        from: asked.from.unwrap_or_default(),
        until: asked.until.unwrap_or_default(),
        before: None,
    };
    let filter = question.filter().ok_or_else(|| unknown("from or until"))?;
    let before: Option<i64> = list::place(asked.cursor.as_deref(), &question)?;
    let rows = i64::try_from(asked.limit.rows()).unwrap_or(i64::MAX);
    let mut conn = deps.connect().await?;
    let page = audit::page(&mut conn, &filter, before, rows, LOOKED_AT).await?;
    Ok(Body(Listed {
        items: page
            .rows
            .into_iter()
            .map(|record| AuditRecord::new(record, caller.person.role))
            .collect(),
        next: page.older.map(|id| list::cursor(id, &question)),
    }))
}
