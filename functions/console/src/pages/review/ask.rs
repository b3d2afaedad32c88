//! A reviewer has the model write what it has not written.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use serde::Deserialize;
use shared::{
    db::console::{
        lead::{self, AskedAgain},
        review::{self, Item},
    },
    domain::{gate::Method, ids::LeadId, send_state::SendState},
};

use super::act::next;
use crate::{
    Deps,
    access::Caller,
    answer::Failure,
    change,
    form::{Form, Id},
};

/// Why the model was not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotAsked {
    NoSuchDraft,
    NotWaiting,
    HasText,
    Answered,
    NoActiveCampaign,
    OffLimits,
}

impl NotAsked {
    pub(crate) fn explain(self) -> &'static str {
        match self {
            Self::NoSuchDraft => "There is no such draft.",
            Self::NotWaiting => "It no longer waits for a person.",
            Self::Answered => "The model has answered, and wrote no text that can be sent.",
            Self::HasText => "There is a text by now: look at it, and decide.",
            Self::NoActiveCampaign => "The campaign is not active, so the model is not asked.",
            Self::OffLimits => "This person wants no mail, or was erased.",
        }
    }
}

/// Whether the model can write this draft.
pub(super) fn may_ask(item: &Item) -> Result<(), NotAsked> {
    match item {
        Item { state, .. } if *state != SendState::Review => Err(NotAsked::NotWaiting),
        Item { draft: Some(_), .. } => Err(NotAsked::HasText),
        Item {
            campaign_active: false,
            ..
        } => Err(NotAsked::NoActiveCampaign),
        Item { method, .. } if method != Method::Rules.as_str() => Err(NotAsked::Answered),
        _ => Ok(()),
    }
}

/// Has the model asked for a draft where the rules scored the lead.
pub(crate) async fn ask_for_draft(
    deps: &Arc<Deps>,
    caller: Caller,
    send: i64,
) -> Result<Result<(), NotAsked>, Failure> {
    let mut conn = deps.connect().await?;
    let item = review::item(&mut conn, &caller.person.subject, send).await?;
    drop(conn);
    let Some(item) = item else {
        return Ok(Err(NotAsked::NoSuchDraft));
    };
    if let Err(why) = may_ask(&item) {
        return Ok(Err(why));
    }
    let asked = change(deps, async move |conn| {
        lead::ask_again(conn, &caller.person, LeadId(item.lead)).await
    })
    .await?;
    Ok(match asked {
        AskedAgain::Requested | AskedAgain::AlreadyRequested => Ok(()),
        AskedAgain::NoSuchLead => Err(NotAsked::NoSuchDraft),
        AskedAgain::NoActiveCampaign => Err(NotAsked::NoActiveCampaign),
        AskedAgain::Erased | AskedAgain::Suppressed => Err(NotAsked::OffLimits),
    })
}

#[derive(Debug, Deserialize)]
pub(crate) struct Ask {
    /// The queue to go on with.
    #[serde(default)]
    queue: String,
}

/// Asks, and goes on to the next draft.
pub(crate) async fn ask(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(send): Id,
    Form(Ask { queue }): Form<Ask>,
) -> Result<Response, Failure> {
    match ask_for_draft(&deps, caller, send).await? {
        Ok(()) => Ok(next("asked", send, &queue)),
        Err(NotAsked::NoSuchDraft) => Err(Failure::NotFound),
        Err(why) => Err(Failure::Conflict(why.explain().to_owned())),
    }
}
