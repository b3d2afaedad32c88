//! Review: one draft at a time, with everything that a decision needs, and the next one already there.

mod act;
mod ask;
pub(crate) mod bulk;
mod checks;
mod quotes;

use std::sync::Arc;

pub(crate) use act::{Decision, act, already, also, check, undo, verdict};
pub(crate) use ask::{NotAsked, ask, ask_for_draft};
use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
pub(crate) use checks::{Check, checks};
use data_encoding::HEXLOWER;
use quotes::{Segment, segments};
use serde::Deserialize;
use shared::{
    db::{
        DbError, PgConnection,
        console::{
            lead,
            review::{self, Item, Queue, Taken, Waiting},
        },
    },
    domain::{
        content::{MESSAGE_MAX, SUBJECT_MAX},
        ids::LeadId,
        letter::{self, Addressee, Frame, Sentences},
        person::Role,
        reason::Reason,
        review::{RejectReason, UNDO_SECONDS},
    },
};
use strum::VariantArray as _;

use crate::{
    Deps,
    access::Caller,
    answer,
    answer::Failure,
    change, filters,
    form::Query,
    pages::leads::price,
    view::{Moment, Place, Shell, number},
};

/// Which part of the queue, and what the last request did.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    reason: String,
    done: Option<String>,
    send: Option<i64>,
}

impl Asked {
    fn queue(&self) -> Option<&str> {
        Some(self.reason.as_str()).filter(|reason| !reason.is_empty())
    }
}

/// A choice of the queue.
#[derive(Debug)]
struct Choice {
    word: String,
    title: String,
    selected: bool,
}

/// A draft as the page shows it.
struct Draft<'a> {
    item: &'a Item,
    /// In words.
    reason: &'static str,
    bio: Vec<Segment<'a>>,
    /// The text that is edited: the draft's own, or what was sent in and could not be taken.
    subject: &'a str,
    message: &'a str,
    seen: String,
    checks: Vec<Check>,
    sentences: Sentences,
    frame: &'static Frame,
    held_until: Option<Moment>,
    /// Where there is no text: what it costs to have the model write one.
    price: Option<String>,
}

#[derive(Template)]
#[template(path = "review.html")]
struct ReviewPage<'a> {
    shell: Shell,
    choices: Vec<Choice>,
    all: i64,
    queue: &'a str,
    draft: Option<Draft<'a>>,
    next: Option<String>,
    /// What can be taken back: the send, and what was done.
    undo: Option<(i64, &'static str)>,
    fault: Option<String>,
    may_decide: bool,
    reject_reasons: &'static [RejectReason],
    postal_address: &'a str,
}

/// What a refused decision leaves on the page.
#[derive(Debug, Default)]
struct Entered {
    subject: String,
    message: String,
    fault: String,
}

/// Shows the next draft.
pub(crate) async fn show(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let taken = take(&deps, &caller, &asked).await?;
    page(&deps, &caller, &asked, taken, None).await
}

/// Viewers look at the queue without holding anything.
async fn take(deps: &Arc<Deps>, caller: &Caller, asked: &Asked) -> Result<Option<Taken>, Failure> {
    let (subject, asked) = (caller.person.subject.clone(), asked.clone());
    if caller.person.role < Role::Reviewer {
        return Ok(None);
    }
    change(deps, async move |conn| {
        let queue = Queue {
            reason: asked.queue(),
            campaign: None,
        };
        review::take(conn, &subject, queue).await
    })
    .await
}

async fn page(
    deps: &Deps,
    caller: &Caller,
    asked: &Asked,
    taken: Option<Taken>,
    entered: Option<Entered>,
) -> Result<Response, Failure> {
    let mut conn = deps.connect().await?;
    let shell = Shell::load(&mut conn, deps, caller, Place::Review).await?;
    let waiting = review::waiting(&mut conn).await?;
    let subject = &caller.person.subject;
    let item = match &taken {
        Some(taken) => review::item(&mut conn, subject, taken.send).await?,
        None => None,
    };
    let item = item.map(|item| Item {
        bio: item.bio.map(|bio| caller.person.role.profile_text(bio)),
        ..item
    });
    let next = next(&mut conn, subject, taken.as_ref()).await?;
    let price = match &item {
        Some(item) if ask::may_ask(item).is_ok() => {
            let again = lead::price_again(&mut conn, LeadId(item.lead)).await?;
            again.map(price)
        }
        _ => None,
    };
    drop(conn);
    let status = if entered.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    let page = ReviewPage {
        may_decide: shell.may(Role::Reviewer),
        shell: shell.saying(asked.done.as_deref().and_then(said)),
        all: waiting.iter().map(|waiting| waiting.count).sum(),
        choices: choices(&waiting, asked),
        queue: &asked.reason,
        draft: item
            .as_ref()
            .map(|item| draft(item, &deps.config.name, entered.as_ref(), price)),
        next,
        undo: undo_offer(asked),
        fault: entered.as_ref().map(|entered| entered.fault.clone()),
        reject_reasons: RejectReason::VARIANTS,
        postal_address: &deps.config.postal_address,
    };
    Ok(answer::page(status, &page))
}

async fn next(
    conn: &mut PgConnection,
    subject: &str,
    taken: Option<&Taken>,
) -> Result<Option<String>, DbError> {
    let Some(next) = taken.and_then(|taken| taken.next) else {
        return Ok(None);
    };
    let item = review::item(conn, subject, next).await?;
    Ok(item.map(|item| item.name.unwrap_or(item.username)))
}

fn draft<'a>(
    item: &'a Item,
    sender: &str,
    entered: Option<&'a Entered>,
    price: Option<String>,
) -> Draft<'a> {
    let own = item.draft.as_ref();
    let own = own.map_or(("", ""), |draft| {
        (draft.subject.as_str(), draft.message.as_str())
    });
    let (subject, message) = entered.map_or(own, |entered| (&entered.subject, &entered.message));
    let frame = Frame::of(item.language.as_deref());
    let to = Addressee {
        name: item.name.as_deref(),
        language: item.language.as_deref(),
        platform: item.platform,
        origin: item.origin,
        username: &item.username,
        offer: &item.offer,
    };
    let reason = item.reason.as_deref().and_then(Reason::from_word);
    Draft {
        item,
        reason: reason.map_or("A person must decide.", Reason::explain),
        bio: segments(item.bio.as_deref().unwrap_or_default(), &item.evidence),
        subject,
        message,
        seen: HEXLOWER.encode(&item.seen),
        checks: checks(subject, message, item.evidence.len()),
        sentences: letter::sentences(frame, &to, message, sender),
        frame,
        held_until: item.held_until.map(Moment),
        price,
    }
}

fn choices(waiting: &[Waiting], asked: &Asked) -> Vec<Choice> {
    let choice = |waiting: &Waiting| Choice {
        title: format!("{} ({})", title(&waiting.reason), number(waiting.count)),
        selected: waiting.reason == asked.reason,
        word: waiting.reason.clone(),
    };
    waiting.iter().map(choice).collect()
}

/// A reason as the name of a queue.
fn title(reason: &str) -> &str {
    match Reason::from_word(reason) {
        Some(Reason::CountryUnknown) => "Country unknown",
        Some(Reason::CountryReview) => "Country to be checked",
        Some(Reason::ScoredByRules) => "Scored by the rules",
        Some(Reason::LowConfidence) => "Low confidence",
        Some(Reason::ComplianceReview) => "Compliance question",
        Some(Reason::ProfileChanged) => "Profile changed since",
        Some(Reason::ReviewAll) => "Every mail is reviewed",
        Some(Reason::DoubtfulAddress) => "Doubtful address",
        Some(Reason::Edited) => "Edited",
        Some(Reason::Reopened) => "Reopened",
        _ => reason,
    }
}

fn said(done: &str) -> Option<&'static str> {
    match done {
        "asked" => Some(
            "The model was asked for a text. Within minutes the rules decide about the mail as about any other: it leaves, is refused, or comes back here.",
        ),
        "skipped" => {
            Some("Put aside. You are shown it again tomorrow; somebody else may be sooner.")
        }
        "undone" => Some("Taken back. The draft waits again."),
        "too-late" => {
            Some("It could not be taken back: a sender has begun with it, or it has left.")
        }
        "nothing" => Some("There is nothing of yours to take back there."),
        _ => None,
    }
}

fn undo_offer(asked: &Asked) -> Option<(i64, &'static str)> {
    let done = match asked.done.as_deref()? {
        "approved" => "Approved",
        "edited" => "Approved as edited",
        "rejected" => "Rejected",
        _ => return None,
    };
    Some((asked.send?, done))
}
