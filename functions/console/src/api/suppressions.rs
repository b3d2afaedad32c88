//! Suppressions: one mailbox at a time, by its address, which goes into no address line and no log.

use std::sync::Arc;

use axum::{
    Json as Body,
    extract::State,
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shared::{
    db::operator::{self, Author, Lifted},
    domain::{email::EmailHash, feedback::suppression::Lifting},
};
use utoipa::ToSchema;

use super::{
    answer::{Problem, Refused},
    leads::{Suppression, Why},
    request::Json,
};
use crate::{Deps, access::Caller, change, pages::suppressions as page};

/// A mailbox to look up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LookUp {
    /// Such as `ana@example.org`.
    address: String,
}

/// What is known of a mailbox.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KnownMailbox {
    known: bool,
    suppressed_at: Option<DateTime<Utc>>,
    suppression_reason: Option<String>,
    basis: Option<String>,
    country: Option<String>,
    /// Mails that left to it.
    mails: i64,
    last_mail_at: Option<DateTime<Utc>>,
    /// Leads that have it.
    leads: Vec<i64>,
    /// Whether its suppression may be lifted: not what its owner said.
    may_be_lifted: bool,
}

async fn hashed(deps: &Deps, address: &str) -> Result<EmailHash, Refused> {
    let mut conn = deps.connect().await?;
    let hash = page::hash(deps, &mut conn, address).await?;
    hash.map_err(|fault| Refused::field("/address", &fault))
}

/// Says what is known of a mailbox.
#[utoipa::path(post, path = "/api/v1/suppressions/look-up", tag = "Suppressions", request_body = LookUp,
    responses((status = 200, body = KnownMailbox)))]
pub(crate) async fn look_up_mailbox(
    State(deps): State<Arc<Deps>>,
    Json { body, .. }: Json<LookUp>,
) -> Result<Body<KnownMailbox>, Refused> {
    let hash = hashed(&deps, &body.address).await?;
    let mut conn = deps.connect().await?;
    let found = page::found(&mut conn, &hash).await?;
    let may_be_lifted = found.lifting == Lifting::Allowed;
    Ok(Body(match found.mailbox {
        None => KnownMailbox {
            known: false,
            suppressed_at: None,
            suppression_reason: None,
            basis: None,
            country: None,
            mails: 0,
            last_mail_at: None,
            leads: Vec::new(),
            may_be_lifted,
        },
        Some(mailbox) => KnownMailbox {
            known: true,
            suppressed_at: mailbox.suppressed_at,
            suppression_reason: mailbox.suppression_reason,
            basis: mailbox.basis,
            country: mailbox.country,
            mails: mailbox.mails,
            last_mail_at: mailbox.last_mail_at,
            leads: mailbox.leads,
            may_be_lifted,
        },
    }))
}

/// A mailbox, and why it changes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mailbox {
    /// Such as `ana@example.org`.
    address: String,
    /// It stands in the audit log.
    #[schema(min_length = 1, max_length = 300, pattern = "\\S")]
    reason: String,
}

/// Suppresses a mailbox in all campaigns, whether or not it is known.
#[utoipa::path(post, path = "/api/v1/suppressions", tag = "Suppressions", request_body = Mailbox,
    responses((status = 200, body = Suppression)))]
pub(crate) async fn suppress_mailbox(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Json { body, .. }: Json<Mailbox>,
) -> Result<Body<Suppression>, Refused> {
    let reason = Why::of(&body.reason).required()?;
    let hash = hashed(&deps, &body.address).await?;
    let suppressed = change(&deps, async move |conn| {
        let author = Author::new(&caller.person, Some(&reason));
        operator::suppress(conn, hash, &reason, author).await
    })
    .await?;
    Ok(Body(Suppression {
        changed: suppressed.changed,
    }))
}

/// Lets a mailbox be written to again that only bounced.
#[utoipa::path(post, path = "/api/v1/suppressions/lift", tag = "Suppressions", request_body = Mailbox,
    responses((status = 200, body = Suppression), (status = 404, body = Problem),
        (status = 409, description = "Its owner opted out, complained or was erased", body = Problem)))]
pub(crate) async fn lift_suppression(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Json { body, .. }: Json<Mailbox>,
) -> Result<Response, Refused> {
    let reason = Why::of(&body.reason).required()?;
    let hash = hashed(&deps, &body.address).await?;
    let lifted = change(&deps, async move |conn| {
        operator::lift(conn, &hash, Author::new(&caller.person, Some(&reason))).await
    })
    .await?;
    let changed = |changed| Ok(Body(Suppression { changed }).into_response());
    match lifted {
        Lifted::Done => changed(true),
        Lifted::Refused(Lifting::OwnWords) => Err(Refused::Conflict(
            "Its owner opted out, complained or was erased: that is not ours to take back."
                .to_owned(),
        )),
        Lifted::Refused(Lifting::NotSuppressed | Lifting::Allowed) => changed(false),
        Lifted::NoSuchMailbox => Err(Refused::NotFound),
    }
}
