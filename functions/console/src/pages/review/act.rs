//! What a reviewer presses.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use data_encoding::HEXLOWER;
use serde::Deserialize;
use shared::{
    db::console::review::{self, Decided, Taken},
    domain::{
        content::Draft,
        ids::SendId,
        review::{Rejection, Verdict},
        send_state::SendState,
    },
};

use super::{Asked, Check, Entered, checks, page};
use crate::{
    Deps,
    access::Caller,
    answer,
    answer::Failure,
    change,
    form::{Form, Id},
};

/// The form around a draft.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Decision {
    /// Of the text that the person was shown.
    pub(crate) seen: String,
    #[serde(default)]
    pub(crate) subject: String,
    #[serde(default)]
    pub(crate) message: String,
    #[serde(default)]
    pub(crate) decision: String,
    #[serde(default)]
    pub(crate) why: String,
    #[serde(default)]
    pub(crate) why_text: String,
    /// The queue to go on with.
    #[serde(default)]
    pub(crate) queue: String,
}

/// Reads what a person decides.
///
/// # Errors
/// Says why it is nothing that can be done.
pub(crate) fn verdict(form: &Decision, own: Option<&Draft>) -> Result<Verdict, String> {
    match form.decision.as_str() {
        "approve" => {
            let entered = Draft::tidied(&form.subject, &form.message);
            // Fields come back as a browser writes them; the text is edited only where it says something else.
            let unchanged =
                own.is_some_and(|own| Draft::tidied(&own.subject, &own.message) == entered);
            if unchanged {
                return Ok(Verdict::Approve);
            }
            match entered.fault() {
                Some(fault) => Err(format!("This text cannot be sent: {fault}.")),
                None => Ok(Verdict::ApproveEdited(entered)),
            }
        }
        "reject" => {
            let rejection = Rejection::read(&form.why, &form.why_text);
            Ok(Verdict::Reject(rejection?))
        }
        "skip" => Ok(Verdict::Skip),
        _ => Err("Choose what to do with the draft.".to_owned()),
    }
}

/// Carries out a decision, and goes on to the next draft.
pub(crate) async fn act(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(send): Id,
    Form(form): Form<Decision>,
) -> Result<Response, Failure> {
    let mut conn = deps.connect().await?;
    let item = review::item(&mut conn, &caller.person.subject, send).await?;
    drop(conn);
    let item = item.ok_or(Failure::NotFound)?;
    let asked = Asked {
        reason: form.queue.clone(),
        ..Asked::default()
    };
    let again = async |fault: String| {
        let entered = Entered {
            subject: form.subject.clone(),
            message: form.message.clone(),
            fault,
        };
        let taken = Taken { send, next: None };
        page(&deps, &caller, &asked, Some(taken), Some(entered)).await
    };
    let verdict = match verdict(&form, item.draft.as_ref()) {
        Ok(verdict) => verdict,
        Err(fault) => return again(fault).await,
    };
    let seen = HEXLOWER.decode(form.seen.as_bytes());
    let seen = seen.map_err(|_| Failure::Unreadable("the form"))?;
    let done = done(&verdict);
    let also = also(&verdict);
    let person = caller.person.clone();
    let decided = change(&deps, async move |conn| {
        review::decide(conn, &person, SendId(send), &seen, &verdict).await
    })
    .await?;
    match decided {
        Decided::Done => Ok(next(done, send, &form.queue)),
        Decided::OtherText => {
            again(format!("The text or the profile was changed after you opened it. Yours is kept below; compare, and decide again.{also}")).await
        }
        Decided::NotWaiting(state) => {
            let already = already(state, item.decided_by.as_deref());
            Err(Failure::Conflict(format!("{already}{also}")))
        }
        Decided::Refused(refused) => again(format!("This could not be done: {refused}.")).await,
        Decided::NoSuchSend => Err(Failure::NotFound),
    }
}

/// What a verdict does whatever becomes of the draft: who wants no offers gets none.
pub(crate) fn also(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Reject(rejection) if rejection.why.suppresses() => {
            " The mailbox gets no more mail all the same."
        }
        _ => "",
    }
}

/// What happened instead.
pub(crate) fn already(state: SendState, by: Option<&str>) -> String {
    let by = by.map_or_else(|| "Somebody".to_owned(), str::to_owned);
    match state {
        SendState::Refused => format!(
            "{by} decided before you, or a rule did: this mail never leaves. Nothing was decided by you."
        ),
        SendState::Queued | SendState::Claimed | SendState::Calling => {
            format!(
                "{by} approved it before you: it leaves within minutes. Nothing was decided by you."
            )
        }
        state => format!(
            "It waits no more: {} Nothing was decided by you.",
            state.explain()
        ),
    }
}

fn done(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Approve => "approved",
        Verdict::ApproveEdited(_) => "edited",
        Verdict::Reject(_) => "rejected",
        Verdict::Skip => "skipped",
    }
}

/// Goes on to the next draft, and says what was done with this one.
pub(super) fn next(done: &str, send: i64, queue: &str) -> Response {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("reason", queue)
        .append_pair("done", done)
        .append_pair("send", &send.to_string())
        .finish();
    Redirect::to(&format!("/review?{query}")).into_response()
}

#[derive(Debug, Deserialize)]
pub(crate) struct Undo {
    #[serde(default)]
    queue: String,
}

/// Takes a decision of one's own back.
pub(crate) async fn undo(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(send): Id,
    Form(Undo { queue }): Form<Undo>,
) -> Result<Response, Failure> {
    let undone = change(&deps, async move |conn| {
        review::undo(conn, &caller.person, SendId(send)).await
    })
    .await?;
    let done = match undone {
        Decided::Done => "undone",
        Decided::Refused(_) => "too-late",
        Decided::NotWaiting(_) | Decided::OtherText => "nothing",
        Decided::NoSuchSend => return Err(Failure::NotFound),
    };
    Ok(next(done, send, &queue))
}

/// A text that is being written.
#[derive(Debug, Deserialize)]
pub(crate) struct Text {
    #[serde(default)]
    subject: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    quotes: usize,
}

#[derive(Template)]
#[template(path = "review_checks.html")]
struct ChecksPart {
    checks: Vec<Check>,
}

/// What the rules say of a text: a part of the page, for the script that asks while somebody writes.
pub(crate) async fn check(Form(text): Form<Text>) -> Response {
    let checks = checks(&text.subject, &text.message, text.quotes);
    answer::page(StatusCode::OK, &ChecksPart { checks })
}
