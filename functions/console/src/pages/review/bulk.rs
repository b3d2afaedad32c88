//! Many drafts of one reason at once: each is decided by itself, and what could not be done is named.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use data_encoding::HEXLOWER;
use shared::{
    db::console::review::{self, Decided, Item, Queue},
    domain::{
        ids::SendId,
        reason::Reason,
        review::{RejectReason, Rejection, UNDO_SECONDS, Verdict},
    },
};
use strum::VariantArray as _;

use super::{Asked, act::already, title};
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
const MOST: usize = 50;

#[derive(Template)]
#[template(path = "review_bulk.html")]
struct BulkPage {
    shell: Shell,
    reason: String,
    title: String,
    explanation: &'static str,
    drafts: Vec<Item>,
    reject_reasons: &'static [RejectReason],
    fault: Option<&'static str>,
    outcome: Option<Outcome>,
}

/// What became of the last press.
#[derive(Debug)]
struct Outcome {
    heading: String,
    /// What can be taken back.
    done: Vec<i64>,
    /// Whose draft was not decided, and why.
    failed: Vec<(String, String)>,
    leaves: bool,
}

impl BulkPage {
    /// What stands for exactly the text that is shown.
    fn seen(draft: &Item) -> String {
        format!("{}:{}", draft.send, HEXLOWER.encode(&draft.content_hash))
    }
}

/// Shows the drafts of one reason, and holds them for whoever looks.
pub(crate) async fn show(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    page(&deps, &caller, &asked.reason, (None, None)).await
}

async fn page(
    deps: &Arc<Deps>,
    caller: &Caller,
    reason: &str,
    (outcome, fault): (Option<Outcome>, Option<&'static str>),
) -> Result<Response, Failure> {
    let known = Reason::from_word(reason).ok_or(Failure::NotFound)?;
    let (subject, word) = (caller.person.subject.clone(), reason.to_owned());
    let drafts = change(deps, async move |conn| {
        let queue = Queue {
            reason: Some(&word),
            campaign: None,
        };
        let most = i64::try_from(MOST).unwrap_or(i64::MAX);
        let held = review::take_many(conn, &subject, queue, most).await?;
        review::items(conn, &subject, &held).await
    })
    .await?;
    let mut conn = deps.connect().await?;
    let shell = Shell::load(&mut conn, deps, caller, Place::Review).await?;
    let status = match fault {
        None => StatusCode::OK,
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let page = BulkPage {
        shell,
        reason: reason.to_owned(),
        title: title(reason).to_owned(),
        explanation: known.explain(),
        // Without a text there is nothing to approve: each is for a person to write.
        drafts: drafts
            .into_iter()
            .filter(|draft| draft.draft.is_some())
            .collect(),
        reject_reasons: RejectReason::VARIANTS,
        fault,
        outcome,
    };
    Ok(answer::page(status, &page))
}

/// Decides about every draft that was chosen, each by itself.
pub(crate) async fn decide(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let chosen = chosen(&fields, "chosen").ok_or(Failure::Unreadable("the form"))?;
    let entries: Entries = fields.into_iter().collect();
    let reason = entries.get("reason").to_owned();
    let again = async |fault| page(&deps, &caller, &reason, (None, Some(fault))).await;
    let verdict = match entries.get("decision") {
        "approve" => Verdict::Approve,
        "reject" => match rejection(&entries) {
            Ok(rejection) => Verdict::Reject(rejection),
            Err(fault) => return again(fault).await,
        },
        _ => return Err(Failure::Unreadable("the form")),
    };
    if chosen.is_empty() {
        return again("Choose at least one draft.").await;
    }
    let word = match verdict {
        Verdict::Reject(_) => "rejected",
        Verdict::Approve | Verdict::ApproveEdited(_) | Verdict::Skip => "approved",
    };
    let leaves = word == "approved";
    let (person, ids) = (caller.person.clone(), ids(&chosen));
    let (decided, items) = change(&deps, async move |conn| {
        let items = review::items(conn, &person.subject, &ids).await?;
        let mut decided = Vec::new();
        for (send, seen) in chosen {
            let outcome = review::decide(conn, &person, SendId(send), &seen, &verdict).await?;
            decided.push((send, outcome));
        }
        Ok((decided, items))
    })
    .await?;
    let outcome = outcome(decided, &items, word, leaves);
    page(&deps, &caller, &reason, (Some(outcome), None)).await
}

fn rejection(entries: &Entries) -> Result<Rejection, &'static str> {
    let why = entries.get("why").parse();
    let why = why.map_err(|_| "Choose why you reject the drafts.")?;
    let words = Some(entries.get("why_text").trim().to_owned()).filter(|words| !words.is_empty());
    if why == RejectReason::Other && words.is_none() {
        return Err("Say in your words why you reject the drafts.");
    }
    Ok(Rejection { why, words })
}

/// Takes back what one press decided.
pub(crate) async fn undo(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let ids: Vec<i64> = fields
        .iter()
        .filter(|(field, _)| field == "send")
        .map(|(_, id)| id.parse())
        .collect::<Result<_, _>>()
        .map_err(|_| Failure::Unreadable("the form"))?;
    if ids.len() > MOST {
        return Err(Failure::Unreadable("the form"));
    }
    let entries: Entries = fields.into_iter().collect();
    let person = caller.person.clone();
    let (undone, items) = change(&deps, async move |conn| {
        let items = review::items(conn, &person.subject, &ids).await?;
        let mut undone = Vec::new();
        for send in ids {
            undone.push((send, review::undo(conn, &person, SendId(send)).await?));
        }
        Ok((undone, items))
    })
    .await?;
    let mut outcome = outcome(undone, &items, "taken back", false);
    outcome.done.clear();
    page(&deps, &caller, entries.get("reason"), (Some(outcome), None)).await
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

fn ids(chosen: &[(i64, Vec<u8>)]) -> Vec<i64> {
    chosen.iter().map(|(send, _)| *send).collect()
}

fn outcome(decided: Vec<(i64, Decided)>, items: &[Item], word: &str, leaves: bool) -> Outcome {
    let mut done = Vec::new();
    let mut failed = Vec::new();
    for (send, decided) in decided {
        let item = items.iter().find(|item| item.send == send);
        let name = item.map_or_else(|| format!("Mail {send}"), |item| item.username.clone());
        let by = item.and_then(|item| item.decided_by.as_deref());
        match decided {
            Decided::Done => done.push(send),
            Decided::OtherText => {
                failed.push((name, "Its text was changed after you saw it.".to_owned()));
            }
            Decided::NotWaiting(state) => failed.push((name, already(state, by))),
            Decided::Refused(refused) => failed.push((name, format!("{refused}."))),
            Decided::NoSuchSend => failed.push((name, "It is not there any more.".to_owned())),
        }
    }
    let count = i64::try_from(done.len()).unwrap_or(i64::MAX);
    let not = match failed.len() {
        0 => String::new(),
        many => format!(", {many} not"),
    };
    Outcome {
        heading: format!("{} {word}{not}", counted(count, "draft", "drafts")),
        done,
        failed,
        leaves,
    }
}
