//! Mails: the list, one with its reasons, and what a person decides about a call whose outcome nobody knows.

use std::sync::Arc;

use axum::{
    Json as Body,
    extract::State,
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::{
    db::operator::{self, Author, Change, Filter, LeadStatus, Narrowing, Resolution, Resolved},
    domain::{ids::SendId, send_state::SendState},
};
use utoipa::{IntoParams, ToSchema};

use super::{
    answer::Refused,
    list::{self, Limit, Listed},
    note,
    request::{Json, Query, given, unknown},
};
use crate::{Deps, access::Caller, change, form::Id, pages::sends};

/// Which mails, and from where on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// `all`, `unknown`, `deferred`, `review`, `sent`, `delivered`, `refused` or `bounced`. Leads without a mail are
    /// in the list of leads.
    #[param(pattern = "^(all|unknown|deferred|review|sent|delivered|refused|bounced)$")]
    show: Option<String>,
    /// A campaign's name.
    campaign: Option<String>,
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// The `next` of the page before.
    #[param(min_length = 1)]
    cursor: Option<String>,
}

/// A mail, and why it stands as it does.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Send {
    id: Option<i64>,
    campaign: String,
    platform: String,
    username: String,
    state: Option<&'static str>,
    /// The word of the rule or the person that decided.
    reason: Option<String>,
    /// Why, in a sentence.
    explanation: String,
    /// When it is tried again.
    next_at: Option<DateTime<Utc>>,
    score: Option<i16>,
    planned_at: Option<DateTime<Utc>>,
    sent_at: Option<DateTime<Utc>>,
    ses_message_id: Option<String>,
}

impl From<LeadStatus> for Send {
    fn from(status: LeadStatus) -> Self {
        Self {
            id: status.send_id,
            campaign: status.campaign,
            platform: status.platform,
            username: status.username,
            state: status.state.map(SendState::as_str),
            reason: status.reason,
            explanation: status.explanation,
            next_at: status.next_at,
            score: status.score,
            planned_at: status.planned_at,
            sent_at: status.sent_at,
            ses_message_id: status.ses_message_id,
        }
    }
}

/// Lists mails, the newest first.
#[utoipa::path(get, path = "/api/v1/sends", tag = "Sends", params(Asked),
    responses((status = 200, body = Listed<Send>)))]
pub(crate) async fn list_sends(
    State(deps): State<Arc<Deps>>,
    Query(asked): Query<Asked>,
) -> Result<Body<Listed<Send>>, Refused> {
    let filter = sends::chosen(asked.show.as_deref().unwrap_or("all"));
    let (word, _) = filter.ok_or_else(|| unknown("show"))?;
    let is_blank = asked.show.as_deref() == Some("");
    if is_blank || sends::filter(word) == Filter::Unplanned {
        return Err(unknown("show"));
    }
    let question = (word, &asked.campaign);
    let before: Option<i64> = list::place(asked.cursor.as_deref(), &question)?;
    let rows = i64::try_from(asked.limit.rows()).unwrap_or(i64::MAX);
    let narrowing = Narrowing {
        filter: sends::filter(word),
        campaign: asked.campaign.as_deref(),
        before,
        ..Narrowing::default()
    };
    let mut conn = deps.connect().await?;
    let found = operator::list_sends(&mut conn, narrowing, rows).await?;
    let is_full = found.len() == asked.limit.rows();
    let last = found.last().and_then(|last| last.send_id);
    let next = last.filter(|_| is_full);
    let next = next.map(|send| list::cursor(send, &question));
    Ok(Body(Listed {
        items: found.into_iter().map(Send::from).collect(),
        next,
    }))
}

/// A mail with what is known of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SendStory {
    #[serde(flatten)]
    send: Send,
    subject: Option<String>,
    message: Option<String>,
    /// The gate's answer, with the rules that it asked and the facts they saw.
    decision: Value,
    /// Oldest first.
    history: Vec<SendChange>,
}

/// A recorded change of a mail, or of what it rests on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SendChange {
    at: DateTime<Utc>,
    actor: String,
    table: String,
    before: Option<Value>,
    after: Option<Value>,
    note: Option<String>,
}

impl From<Change> for SendChange {
    fn from(change: Change) -> Self {
        Self {
            at: change.at,
            actor: change.actor,
            table: change.table,
            before: change.before,
            after: change.after,
            note: change.note,
        }
    }
}

/// Shows a mail with every rule that decided about it.
#[utoipa::path(get, path = "/api/v1/sends/{id}", tag = "Sends", params(("id" = i64, Path)),
    responses((status = 200, body = SendStory), (status = 404, body = super::answer::Problem)))]
pub(crate) async fn show_send(
    State(deps): State<Arc<Deps>>,
    Id(id): Id,
) -> Result<Body<SendStory>, Refused> {
    let mut conn = deps.connect().await?;
    let detail = operator::send_detail(&mut conn, SendId(id)).await?;
    let detail = detail.ok_or(Refused::NotFound)?;
    Ok(Body(SendStory {
        send: detail.status.into(),
        subject: detail.subject,
        message: detail.message,
        decision: detail.decision,
        history: detail.history.into_iter().map(SendChange::from).collect(),
    }))
}

/// What a person decides.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Decision {
    /// It did not leave: plan it again, under every rule.
    Resend,
    /// It may have left: never send it again.
    GiveUp,
}

/// A decision about a call whose outcome is unknown.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Resolve {
    decision: Decision,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    note: Option<String>,
}

/// What a change came to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Changed {
    /// False where it stood so before.
    pub(super) changed: bool,
}

/// Decides about a mail whose outcome is unknown.
#[utoipa::path(post, path = "/api/v1/sends/{id}/resolve", tag = "Sends", params(("id" = i64, Path)),
    request_body = Resolve,
    responses((status = 200, body = Changed), (status = 404, body = super::answer::Problem),
        (status = 409, description = "Its outcome is known", body = super::answer::Problem)))]
pub(crate) async fn resolve_send(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(id): Id,
    Json { body, .. }: Json<Resolve>,
) -> Result<Response, Refused> {
    let resolution = match body.decision {
        Decision::Resend => Resolution::Resend,
        Decision::GiveUp => Resolution::GiveUp,
    };
    let note = note(body.note)?;
    let resolved = change(&deps, async move |conn| {
        let author = Author::new(&caller.person, note.as_deref());
        operator::resolve(conn, SendId(id), resolution, author).await
    })
    .await?;
    let changed = |changed| Ok(Body(Changed { changed }).into_response());
    match resolved {
        Resolved::Done => changed(true),
        Resolved::AlreadyGivenUp => changed(false),
        Resolved::NotUnknown(_) => Err(Refused::Conflict(
            "Its outcome is known by now: nothing was changed.".to_owned(),
        )),
        Resolved::NoSuchSend => Err(Refused::NotFound),
    }
}
