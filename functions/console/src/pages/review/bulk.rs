//! Many drafts of one reason at once: each is decided by itself, and what could not be done is named.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use data_encoding::HEXLOWER;
use serde::Deserialize;
use shared::{
    db::{
        DbError, PgConnection,
        console::review::{self, Decided, Item, Queue},
    },
    domain::{
        ids::SendId,
        person::Person,
        reason::Reason,
        review::{RejectReason, Rejection, UNDO_SECONDS, Verdict},
        send_state::SendState,
    },
    telemetry,
};
use strum::VariantArray as _;

use super::{act::already, title};
use crate::{
    Deps,
    access::Caller,
    answer,
    answer::Failure,
    change,
    fields::Entries,
    form::{Form, Query},
    view::{Place, Shell, counted},
};

/// Drafts of a page: as many as a person can look through.
pub(crate) const MOST: usize = 50;

/// How long one press may take: what is left then is decided with the next.
const TIME: Duration = Duration::from_secs(6);

/// Which reason, and what the last press did: ids of mails.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    reason: String,
    /// `approved`, `rejected` or `undone`.
    #[serde(default)]
    did: String,
    #[serde(default)]
    done: String,
    #[serde(default)]
    failed: String,
}

#[derive(Template)]
#[template(path = "review_bulk.html")]
struct BulkPage {
    shell: Shell,
    reason: String,
    title: String,
    explanation: &'static str,
    drafts: Vec<Item>,
    reject_reasons: Vec<RejectReason>,
    fault: Option<&'static str>,
    outcome: Option<Outcome>,
}

/// What became of the last press.
#[derive(Debug)]
struct Outcome {
    heading: String,
    /// What can be taken back.
    undo: Vec<i64>,
    /// Whose draft was not decided, and how it stands.
    failed: Vec<(String, String)>,
    leaves: bool,
}

impl BulkPage {
    /// What stands for exactly the mail and the profile that are shown.
    fn seen(draft: &Item) -> String {
        format!("{}:{}", draft.send, HEXLOWER.encode(&draft.seen))
    }
}

/// Shows the drafts of one reason, and holds them for whoever looks.
pub(crate) async fn show(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    page(&deps, &caller, &asked, None).await
}

async fn page(
    deps: &Arc<Deps>,
    caller: &Caller,
    asked: &Asked,
    fault: Option<&'static str>,
) -> Result<Response, Failure> {
    let reason = asked.reason.as_str();
    let known = Reason::from_word(reason).ok_or(Failure::NotFound)?;
    let failed = ids(&asked.failed).ok_or(Failure::Unreadable("the address"))?;
    let done = ids(&asked.done).ok_or(Failure::Unreadable("the address"))?;
    let (subject, word) = (caller.person.subject.clone(), reason.to_owned());
    let (drafts, failed) = change(deps, async move |conn| {
        let failed = review::items(conn, &subject, &failed).await?;
        Ok((take(conn, &subject, &word, MOST).await?, failed))
    })
    .await?;
    let mut conn = deps.connect().await?;
    let shell = Shell::load(&mut conn, deps, caller, Place::Review).await?;
    let status = match fault {
        None => StatusCode::OK,
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    // What suppresses a mailbox for good is decided about one person at a time.
    let reject_reasons = RejectReason::VARIANTS.iter().copied();
    let page = BulkPage {
        shell,
        title: title(reason).to_owned(),
        explanation: known.explain(),
        drafts,
        reject_reasons: reject_reasons.filter(|why| !why.suppresses()).collect(),
        fault,
        outcome: outcome(&asked.did, done, &failed),
        reason: reason.to_owned(),
    };
    Ok(answer::page(status, &page))
}

/// Takes and holds the best drafts of a reason that have a text.
pub(crate) async fn take(
    conn: &mut PgConnection,
    subject: &str,
    reason: &str,
    most: usize,
) -> Result<Vec<Item>, DbError> {
    let queue = Queue {
        reason: Some(reason),
        campaign: None,
    };
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let held = review::take_many(conn, subject, queue, most).await?;
    review::items(conn, subject, &held).await
}

fn outcome(did: &str, done: Vec<i64>, failed: &[Item]) -> Option<Outcome> {
    let words = match did {
        "approved" => "approved",
        "rejected" => "rejected",
        "undone" => "taken back",
        _ => return None,
    };
    let count = i64::try_from(done.len()).unwrap_or(i64::MAX);
    let not = match failed.len() {
        0 => String::new(),
        many => format!(", {many} not"),
    };
    Some(Outcome {
        heading: format!("{} {words}{not}", counted(count, "draft", "drafts")),
        failed: failed
            .iter()
            .map(|item| (item.username.clone(), why_not(item)))
            .collect(),
        leaves: did == "approved",
        undo: if did == "undone" { Vec::new() } else { done },
    })
}

/// How a draft stands that was not decided.
fn why_not(item: &Item) -> String {
    match item.state {
        SendState::Review => {
            "Its text or profile was changed after you saw it, or there was no time left: it still waits."
                .to_owned()
        }
        state => already(state, item.decided_by.as_deref()),
    }
}

/// Reads why many are rejected.
///
/// # Errors
/// Says why it is no reason, or none for many.
pub(crate) fn rejection(why: &str, words: &str) -> Result<Verdict, &'static str> {
    let rejection = Rejection::read(why, words)?;
    match rejection.why.suppresses() {
        true => Err("What suppresses a mailbox is decided about one person at a time."),
        false => Ok(Verdict::Reject(rejection)),
    }
}

/// Decides about every draft that was chosen, each by itself.
pub(crate) async fn decide(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let chosen = chosen(&fields, "chosen").ok_or(Failure::Unreadable("the form"))?;
    let entries: Entries = fields.into_iter().collect();
    let asked = Asked {
        reason: entries.get("reason").to_owned(),
        ..Asked::default()
    };
    let again = async |fault| page(&deps, &caller, &asked, Some(fault)).await;
    let (why, words) = (entries.get("why"), entries.get("why_text"));
    let (verdict, did) = match entries.get("decision") {
        // Enter in a field presses the first button: whoever gives a reason means the other.
        "approve" if !why.is_empty() || !words.trim().is_empty() => {
            return again("A reason was given, which an approval has none of. Press “Reject the chosen”, or empty it.").await;
        }
        "approve" => (Verdict::Approve, "approved"),
        "reject" => match rejection(why, words) {
            Ok(verdict) => (verdict, "rejected"),
            Err(fault) => return again(fault).await,
        },
        _ => return Err(Failure::Unreadable("the form")),
    };
    if chosen.is_empty() {
        return again("Choose at least one draft.").await;
    }
    let became = decide_each(&deps, caller.person.clone(), chosen, verdict).await?;
    Ok(back(&asked.reason, did, &became))
}

/// What became of one of many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Became {
    Decided(Decided),
    /// A statement failed, and nothing was changed.
    Failed,
    /// There was no time left: it is as it was.
    NotBegun,
}

/// Decides about drafts, each by itself, with the hash of what was seen of it.
///
/// # Errors
/// When there is no connection.
pub(crate) async fn decide_each(
    deps: &Arc<Deps>,
    person: Person,
    drafts: Vec<(i64, Vec<u8>)>,
    verdict: Verdict,
) -> Result<Vec<(i64, Became)>, Failure> {
    let act = async move |conn: &mut PgConnection, (send, seen): &(i64, Vec<u8>)| {
        review::decide(conn, &person, SendId(*send), seen, &verdict).await
    };
    each(deps, drafts, |(send, _)| *send, act).await
}

/// Takes decisions back, each by itself.
///
/// # Errors
/// When there is no connection.
pub(crate) async fn undo_each(
    deps: &Arc<Deps>,
    person: Person,
    sends: Vec<i64>,
) -> Result<Vec<(i64, Became)>, Failure> {
    let act = async move |conn: &mut PgConnection, send: &i64| {
        review::undo(conn, &person, SendId(*send)).await
    };
    each(deps, sends, |send| *send, act).await
}

/// Takes back what one press decided.
pub(crate) async fn undo(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let entries: Entries = fields.into_iter().collect();
    let sends = ids(entries.get("sends")).ok_or(Failure::Unreadable("the form"))?;
    let became = undo_each(&deps, caller.person.clone(), sends).await?;
    Ok(back(entries.get("reason"), "undone", &became))
}

/// Carries out one decision after the other. One that fails keeps none of the others back.
async fn each<T: Send + 'static>(
    deps: &Arc<Deps>,
    items: Vec<T>,
    send: impl Fn(&T) -> i64 + Send + 'static,
    act: impl AsyncFn(&mut PgConnection, &T) -> Result<Decided, DbError> + Send + 'static,
) -> Result<Vec<(i64, Became)>, Failure> {
    let begun = Instant::now();
    change(deps, async move |conn| {
        let mut became = Vec::with_capacity(items.len());
        for item in &items {
            let send = send(item);
            if begun.elapsed() > TIME {
                became.push((send, Became::NotBegun));
                continue;
            }
            let done = act(conn, item).await.inspect_err(|error| {
                tracing::error!(
                    error = telemetry::chain(error),
                    send,
                    "one of many decisions was not carried out"
                );
            });
            became.push((send, done.map_or(Became::Failed, Became::Decided)));
        }
        Ok(became)
    })
    .await
}

/// What was not begun still waits, and is shown again.
fn back(reason: &str, did: &str, became: &[(i64, Became)]) -> Response {
    let text = |is: fn(&Became) -> bool| {
        let of = became.iter().filter(|(_, became)| is(became));
        let ids: Vec<String> = of.map(|(send, _)| send.to_string()).collect();
        ids.join(".")
    };
    let done = text(|became| *became == Became::Decided(Decided::Done));
    let failed =
        text(|became| !matches!(became, Became::Decided(Decided::Done) | Became::NotBegun));
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("reason", reason)
        .append_pair("did", did)
        .append_pair("done", &done)
        .append_pair("failed", &failed)
        .finish();
    Redirect::to(&format!("/review/bulk?{query}")).into_response()
}

/// `1.2.3`; none where one cannot be read, or there are more than a page has.
fn ids(text: &str) -> Option<Vec<i64>> {
    let ids = text.split('.').filter(|id| !id.is_empty());
    let ids: Vec<i64> = ids.map(|id| id.parse().ok()).collect::<Option<_>>()?;
    (ids.len() <= MOST).then_some(ids)
}

/// The sends that were chosen, each with the text that its reader saw. None where one cannot be read.
fn chosen(fields: &[(String, String)], name: &str) -> Option<Vec<(i64, Vec<u8>)>> {
    let chosen = fields.iter().filter(|(field, _)| field == name);
    let read = |(_, text): &(String, String)| {
        let (send, seen) = text.split_once(':')?;
        Some((send.parse().ok()?, HEXLOWER.decode(seen.as_bytes()).ok()?))
    };
    let chosen: Vec<_> = chosen.map(read).collect::<Option<_>>()?;
    (chosen.len() <= MOST).then_some(chosen)
}
