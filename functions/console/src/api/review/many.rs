//! Many drafts at once: each is decided by itself, and what could not be done is named.

use std::{collections::HashSet, sync::Arc};

use axum::{Json as Body, extract::State};
use serde::{Deserialize, Serialize};
use shared::{
    db::console::review::Decided,
    domain::{reason::Reason, review::Verdict},
};
use utoipa::ToSchema;

use super::{ReviewDraft, Seen};
use crate::{
    Deps,
    access::Caller,
    api::{
        answer::Refused,
        list::Listed,
        request::{Json, Whole, given},
    },
    change,
    pages::review::bulk::{self, Became, MOST},
};

/// Which drafts.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TakeMany {
    /// The word of a reason.
    reason: String,
    /// At most so many.
    #[serde(default = "most")]
    #[schema(value_type = i64, minimum = 1, maximum = 50, default = 50)]
    limit: Whole,
}

fn most() -> Whole {
    Whole(50)
}

/// Takes the best drafts of one reason that nobody else holds and that have a text.
#[utoipa::path(post, path = "/api/v1/review/take-many", tag = "Review", request_body = TakeMany,
    responses((status = 200, body = Listed<ReviewDraft>)))]
pub(crate) async fn take_drafts(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Json { body, .. }: Json<TakeMany>,
) -> Result<Body<Listed<ReviewDraft>>, Refused> {
    if Reason::from_word(&body.reason).is_none() {
        return Err(Refused::field("/reason", "There is no such reason."));
    }
    let limit = usize::try_from(body.limit.0).unwrap_or_default();
    if !(1..=MOST).contains(&limit) {
        return Err(Refused::field("/limit", "It is a number from 1 to 50."));
    }
    let (subject, role) = (caller.person.subject, caller.person.role);
    let items = change(&deps, async move |conn| {
        bulk::take(conn, &subject, &body.reason, limit).await
    })
    .await?;
    let items = items.into_iter().map(|item| ReviewDraft::new(item, role));
    Ok(Body(Listed {
        items: items.collect(),
        next: None,
    }))
}

/// What can be decided about many.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ManyChoice {
    /// Each leaves after half a minute, as it is.
    Approve,
    /// None ever leaves.
    Reject,
}

/// A draft, and what was seen of it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeenDraft {
    #[schema(value_type = i64)]
    id: Whole,
    /// As it came with the draft.
    #[schema(value_type = String, pattern = "^[0-9a-f]{64}$")]
    seen: Seen,
}

/// One decision about many drafts.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ManyDecision {
    decision: ManyChoice,
    /// Each once.
    #[schema(min_items = 1, max_items = 50)]
    drafts: Vec<SeenDraft>,
    /// With `reject`: `wrong_person`, `claim`, `tone` or `other`. What suppresses a mailbox is decided about one at a time.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    why: Option<String>,
    /// With `reject`: in your words; needed with `other`.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    words: Option<String>,
}

/// What became of one draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Done,
    /// Its text or profile is not what was seen: take it again.
    Changed,
    /// It was decided before, or there is nothing of yours to take back.
    NotWaiting,
    /// A rule forbids it.
    Refused,
    Missing,
    /// Try it again.
    Failed,
    /// There was no time left, and nothing was changed: try it again at once.
    NotBegun,
}

/// A draft, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DraftOutcome {
    id: i64,
    outcome: Outcome,
    /// Why it was not done, in a sentence; null where it was.
    why_not: Option<String>,
}

impl DraftOutcome {
    /// Of `nothing` is said what does not wait, or is not the caller's.
    fn new((id, became): (i64, Became), nothing: &str) -> Self {
        let (outcome, why_not) = match became {
            Became::Decided(Decided::Done) => (Outcome::Done, None),
            Became::Decided(Decided::OtherText) => (
                Outcome::Changed,
                Some("Its text or profile was changed after you saw it.".to_owned()),
            ),
            Became::Decided(Decided::NotWaiting(state)) => (
                Outcome::NotWaiting,
                Some(format!("{nothing} {}", state.explain())),
            ),
            Became::Decided(Decided::Refused(refused)) => (
                Outcome::Refused,
                Some(format!("This could not be done: {refused}.")),
            ),
            Became::Decided(Decided::NoSuchSend) => {
                (Outcome::Missing, Some("There is no such draft.".to_owned()))
            }
            Became::Failed => (
                Outcome::Failed,
                Some("The database did not do it, and nothing was changed.".to_owned()),
            ),
            Became::NotBegun => (
                Outcome::NotBegun,
                Some("There was no time left, and nothing was changed.".to_owned()),
            ),
        };
        Self {
            id,
            outcome,
            why_not,
        }
    }
}

fn listed(became: Vec<(i64, Became)>, nothing: &str) -> Listed<DraftOutcome> {
    let items = became
        .into_iter()
        .map(|one| DraftOutcome::new(one, nothing));
    Listed {
        items: items.collect(),
        next: None,
    }
}

/// Decides about many drafts in one way, each by itself, within some seconds. One that cannot be decided keeps none of
/// the others back; each answer says what became of it, in the order of the drafts.
#[utoipa::path(post, path = "/api/v1/review/decisions", tag = "Review", request_body = ManyDecision,
    responses((status = 200, body = Listed<DraftOutcome>)))]
pub(crate) async fn decide_drafts(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Json { body, .. }: Json<ManyDecision>,
) -> Result<Body<Listed<DraftOutcome>>, Refused> {
    check(body.drafts.iter().map(|draft| draft.id.0), "/drafts")?;
    let verdict = verdict(body.decision, body.why.as_deref(), body.words.as_deref())?;
    let drafts = body.drafts.into_iter();
    let drafts = drafts.map(|draft| (draft.id.0, draft.seen.0)).collect();
    let became = bulk::decide_each(&deps, caller.person, drafts, verdict).await?;
    Ok(Body(listed(became, "It waits no more.")))
}

fn verdict(
    decision: ManyChoice,
    why: Option<&str>,
    words: Option<&str>,
) -> Result<Verdict, Refused> {
    match (decision, why, words) {
        (ManyChoice::Approve, None, None) => Ok(Verdict::Approve),
        (ManyChoice::Approve, Some(_), _) => {
            Err(Refused::field("/why", "An approval has no reason."))
        }
        (ManyChoice::Approve, None, Some(_)) => {
            Err(Refused::field("/words", "An approval has no reason."))
        }
        (ManyChoice::Reject, why, words) => {
            let rejection = bulk::rejection(why.unwrap_or_default(), words.unwrap_or_default());
            rejection.map_err(|fault| Refused::field("", fault))
        }
    }
}

/// Decisions to take back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UndoMany {
    /// The drafts, each once.
    #[schema(value_type = Vec<i64>, min_items = 1, max_items = 50)]
    ids: Vec<Whole>,
}

/// Takes your decisions about many drafts back, as long as no sender has begun with them.
#[utoipa::path(post, path = "/api/v1/review/undo", tag = "Review", request_body = UndoMany,
    responses((status = 200, body = Listed<DraftOutcome>)))]
pub(crate) async fn undo_decisions(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Json { body, .. }: Json<UndoMany>,
) -> Result<Body<Listed<DraftOutcome>>, Refused> {
    check(body.ids.iter().map(|id| id.0), "/ids")?;
    let ids = body.ids.into_iter().map(|id| id.0).collect();
    let became = bulk::undo_each(&deps, caller.person, ids).await?;
    Ok(Body(listed(
        became,
        "There is nothing of yours to take back there.",
    )))
}

/// Some, no more than a page of them, each once.
fn check(ids: impl Iterator<Item = i64>, place: &str) -> Result<(), Refused> {
    let ids: Vec<i64> = ids.collect();
    if !(1..=MOST).contains(&ids.len()) {
        return Err(Refused::field(place, "It takes 1 to 50 drafts."));
    }
    let once: HashSet<_> = ids.iter().collect();
    match once.len() == ids.len() {
        true => Ok(()),
        false => Err(Refused::field(place, "It names a draft twice.")),
    }
}
