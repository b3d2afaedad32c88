//! The review queue: one draft at a time, and what a person decides about it.

pub(crate) mod many;

use std::sync::Arc;

use axum::{
    Json as Body,
    extract::State,
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, Utc};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use shared::{
    db::console::review::{self, Decided, Item, Queue},
    domain::{ids::SendId, person::Role, reason::Reason},
};
use utoipa::ToSchema;

use super::{
    answer::{Problem, Refused},
    list::Listed,
    request::{Json, given},
    sends::Changed,
};
use crate::{
    Deps,
    access::Caller,
    change,
    form::Id,
    pages::review::{self as page, NotAsked},
};

/// How many drafts wait for one reason.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WaitingDrafts {
    reason: String,
    count: i64,
}

/// Counts the drafts that wait, by reason.
#[utoipa::path(get, path = "/api/v1/review", tag = "Review",
    responses((status = 200, body = Listed<WaitingDrafts>)))]
pub(crate) async fn count_drafts(
    State(deps): State<Arc<Deps>>,
) -> Result<Body<Listed<WaitingDrafts>>, Refused> {
    let mut conn = deps.connect().await?;
    let waiting = review::waiting(&mut conn).await?;
    let waiting = waiting.into_iter().map(|waiting| WaitingDrafts {
        reason: waiting.reason,
        count: waiting.count,
    });
    Ok(Body(Listed {
        items: waiting.collect(),
        next: None,
    }))
}

/// Which part of the queue.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Take {
    /// The word of a reason; of all if it is not given.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    reason: Option<String>,
}

/// A draft that you hold, and nobody else until it is decided or the time is over.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReviewDraft {
    id: i64,
    campaign: String,
    lead: i64,
    platform: String,
    username: String,
    name: Option<String>,
    /// Addresses in it are masked for reviewers.
    bio: Option<String>,
    country: Option<String>,
    niche: String,
    score: i16,
    confidence: f32,
    compliance_notes: String,
    /// The word of the reason, and the reason in a sentence.
    reason: Option<String>,
    explanation: &'static str,
    /// What the model says of the person, and the words of the profile that it rests on.
    evidence: Vec<Quote>,
    /// Null where the rules scored the lead, which write no text.
    subject: Option<String>,
    message: Option<String>,
    /// Stands for exactly this text and profile: send it with the decision.
    seen: String,
    held_until: Option<DateTime<Utc>>,
}

/// A claim and the words that back it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Quote {
    claim: String,
    quote: String,
}

impl ReviewDraft {
    fn new(item: Item, role: Role) -> Self {
        let reason = item.reason.as_deref().and_then(Reason::from_word);
        let (subject, message) = match item.draft {
            Some(draft) => (Some(draft.subject), Some(draft.message)),
            None => (None, None),
        };
        Self {
            id: item.send,
            campaign: item.campaign,
            lead: item.lead,
            platform: item.platform.to_string(),
            username: item.username,
            name: item.name,
            bio: item.bio.map(|bio| role.profile_text(bio)),
            country: item.country,
            niche: item.niche,
            score: item.score,
            confidence: item.confidence,
            compliance_notes: item.compliance_notes,
            explanation: reason.map_or("A person must decide.", Reason::explain),
            reason: item.reason,
            evidence: item
                .evidence
                .into_iter()
                .map(|evidence| Quote {
                    claim: evidence.claim,
                    quote: evidence.quote,
                })
                .collect(),
            subject,
            message,
            seen: HEXLOWER.encode(&item.seen),
            held_until: item.held_until,
        }
    }
}

/// The draft that is yours to decide.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TakenDraft {
    /// Null while nothing waits.
    draft: Option<ReviewDraft>,
}

/// Takes the best draft that nobody else holds.
#[utoipa::path(post, path = "/api/v1/review/take", tag = "Review", request_body = Take,
    responses((status = 200, body = TakenDraft)))]
pub(crate) async fn take_draft(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Json { body, .. }: Json<Take>,
) -> Result<Body<TakenDraft>, Refused> {
    let (subject, role) = (caller.person.subject.clone(), caller.person.role);
    let item = change(&deps, async move |conn| {
        let queue = Queue {
            reason: body.reason.as_deref(),
            campaign: None,
        };
        match review::take(conn, &subject, queue).await? {
            Some(taken) => review::item(conn, &subject, taken.send).await,
            None => Ok(None),
        }
    })
    .await?;
    Ok(Body(TakenDraft {
        draft: item.map(|item| ReviewDraft::new(item, role)),
    }))
}

/// What a reviewer decides about a draft.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Choice {
    /// It leaves after half a minute, as it is or with the text that is given.
    Approve,
    /// It never leaves.
    Reject,
    /// Somebody else is shown it, or you tomorrow.
    Skip,
}

/// Stands for exactly the text and the profile that came with a draft.
#[derive(Debug)]
pub(crate) struct Seen(pub(crate) Vec<u8>);

impl<'de> Deserialize<'de> for Seen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let hash = HEXLOWER.decode(text.as_bytes()).ok();
        let hash = hash.filter(|hash| hash.len() == 32);
        hash.map(Self)
            .ok_or_else(|| D::Error::custom("this is not what came with a draft"))
    }
}

/// A decision about a draft.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DraftDecision {
    decision: Choice,
    /// Of the text that you saw.
    #[schema(value_type = String, pattern = "^[0-9a-f]{64}$")]
    seen: Seen,
    /// With `approve`: another subject. Both or none.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    subject: Option<String>,
    /// With `approve`: another message.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    message: Option<String>,
    /// With `reject`: `wrong_person`, `claim`, `unwelcome`, `tone` or `other`.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    why: Option<String>,
    /// With `reject`: in your words; needed with `other`.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    words: Option<String>,
}

/// Decides about a draft. Of two decisions the first counts.
#[utoipa::path(post, path = "/api/v1/review/{id}/decision", tag = "Review", params(("id" = i64, Path)),
    request_body = DraftDecision,
    responses((status = 200, body = Changed), (status = 404, body = Problem),
        (status = 409, description = "It waits no more, or its text is another one", body = Problem)))]
pub(crate) async fn decide_draft(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(id): Id,
    Json { body, .. }: Json<DraftDecision>,
) -> Result<Response, Refused> {
    let Seen(seen) = body.seen;
    let mut conn = deps.connect().await?;
    let item = review::item(&mut conn, &caller.person.subject, id).await?;
    drop(conn);
    let item = item.ok_or(Refused::NotFound)?;
    let own = item.draft.as_ref();
    let (subject, message) = match (body.subject, body.message) {
        (Some(subject), Some(message)) => (subject, message),
        (None, None) => own.map_or((String::new(), String::new()), |own| {
            (own.subject.clone(), own.message.clone())
        }),
        _ => {
            return Err(Refused::field(
                "/message",
                "Give subject and message, or none.",
            ));
        }
    };
    let form = page::Decision {
        seen: HEXLOWER.encode(&seen),
        subject,
        message,
        decision: match body.decision {
            Choice::Approve => "approve",
            Choice::Reject => "reject",
            Choice::Skip => "skip",
        }
        .to_owned(),
        why: body.why.unwrap_or_default(),
        why_text: body.words.unwrap_or_default(),
        queue: String::new(),
    };
    let verdict = page::verdict(&form, own).map_err(|why| Refused::field("", &why))?;
    let also = page::also(&verdict);
    let decided = change(&deps, async move |conn| {
        review::decide(conn, &caller.person, SendId(id), &seen, &verdict).await
    })
    .await?;
    match decided {
        Decided::Done => Ok(Body(Changed { changed: true }).into_response()),
        Decided::OtherText => Err(Refused::Conflict(format!(
            "The text or the profile was changed after you read it. Take it again, and decide then.{also}"
        ))),
        Decided::NotWaiting(state) => {
            let already = page::already(state, item.decided_by.as_deref());
            Err(Refused::Conflict(format!("{already}{also}")))
        }
        Decided::Refused(refused) => Err(Refused::Conflict(format!(
            "This could not be done: {refused}."
        ))),
        Decided::NoSuchSend => Err(Refused::NotFound),
    }
}

/// Takes your last decision about a draft back, as long as no sender has begun with it.
#[utoipa::path(post, path = "/api/v1/review/{id}/undo", tag = "Review", params(("id" = i64, Path)),
    responses((status = 200, body = Changed), (status = 404, body = Problem),
        (status = 409, description = "There is nothing of yours to take back, or it is too late", body = Problem)))]
pub(crate) async fn undo_decision(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(id): Id,
) -> Result<Response, Refused> {
    let undone = change(&deps, async move |conn| {
        review::undo(conn, &caller.person, SendId(id)).await
    })
    .await?;
    match undone {
        Decided::Done => Ok(Body(Changed { changed: true }).into_response()),
        Decided::Refused(_) => Err(Refused::Conflict(
            "It could not be taken back: a sender has begun with it, or it has left.".to_owned(),
        )),
        Decided::NotWaiting(_) | Decided::OtherText => Err(Refused::Conflict(
            "There is nothing of yours to take back there.".to_owned(),
        )),
        Decided::NoSuchSend => Err(Refused::NotFound),
    }
}

/// Has the model write a text where the rules scored the lead, which write none. Then the rules decide about the mail as
/// about any other: it leaves, is refused, or waits for a person again.
#[utoipa::path(post, path = "/api/v1/review/{id}/ask", tag = "Review", params(("id" = i64, Path)),
    responses((status = 200, body = Changed), (status = 404, body = Problem),
        (status = 409, description = "There is a text, or the model may not be asked", body = Problem)))]
pub(crate) async fn ask_for_draft(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(id): Id,
) -> Result<Response, Refused> {
    match page::ask_for_draft(&deps, caller, id).await? {
        Ok(()) => Ok(Body(Changed { changed: true }).into_response()),
        Err(NotAsked::NoSuchDraft) => Err(Refused::NotFound),
        Err(why) => Err(Refused::Conflict(why.explain().to_owned())),
    }
}

/// A text that is being written.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Text {
    subject: String,
    message: String,
}

/// What the rules say of a text.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Verdict {
    /// Why it cannot be sent; null where it can.
    fault: Option<String>,
}

/// Checks a text by the rules that decide when it is approved.
#[utoipa::path(post, path = "/api/v1/review/check", tag = "Review", request_body = Text,
    responses((status = 200, body = Verdict)))]
pub(crate) async fn check_text(Json { body, .. }: Json<Text>) -> Result<Body<Verdict>, Refused> {
    use shared::domain::content::Draft;
    let fault = Draft::tidied(&body.subject, &body.message).fault();
    Ok(Body(Verdict {
        fault: fault.map(|fault| fault.to_string()),
    }))
}
