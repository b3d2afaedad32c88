//! One lead: its whole story on one line of time, and what a person may do about it.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use serde::Deserialize;
use shared::{
    db::console::lead::{self, AddedNote, Again, AskedAgain, LeadPage, SuppressedLead},
    domain::{
        ids::LeadId,
        lead::Platform,
        person::Role,
        story::{Entry, Tone},
    },
};

use crate::{
    Deps,
    access::Caller,
    answer,
    answer::Failure,
    change, filters,
    form::{Form, Id, Query},
    people::People,
    view::{Money, Place, Shell},
};

#[derive(Template)]
#[template(path = "lead.html")]
struct LeadPageView {
    shell: Shell,
    page: LeadPage,
    platform: &'static str,
    people: People,
    /// As much of the address as the reader may see.
    address: Option<String>,
    /// What asking the model again may cost.
    price: Option<String>,
    may_note: bool,
    may_operate: bool,
    fault: Option<&'static str>,
}

/// What the last request did.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Done {
    done: Option<String>,
}

/// Shows a lead.
pub(crate) async fn show_one(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(id): Id,
    Query(Done { done }): Query<Done>,
) -> Result<Response, Failure> {
    view(&deps, &caller, LeadId(id), done.as_deref(), None).await
}

/// The whole address, once: that it was looked at is on record.
pub(crate) async fn address(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(id): Id,
) -> Result<Response, Failure> {
    let person = caller.person.clone();
    let address = change(&deps, async move |conn| {
        lead::show_address(conn, &person, LeadId(id)).await
    })
    .await?;
    view(&deps, &caller, LeadId(id), None, address).await
}

async fn view(
    deps: &Deps,
    caller: &Caller,
    id: LeadId,
    done: Option<&str>,
    whole_address: Option<String>,
) -> Result<Response, Failure> {
    let mut conn = deps.connect().await?;
    let shell = Shell::load(&mut conn, deps, caller, Place::Leads).await?;
    let mut page = lead::page(&mut conn, id).await?.ok_or(Failure::NotFound)?;
    let again = lead::price_again(&mut conn, id).await?;
    let people = People::load(&mut conn).await?;
    drop(conn);
    let (said, fault) = match done {
        Some("empty") => (None, Some("A note needs some text.")),
        Some("long") => (
            None,
            Some("A note has at most 2,000 characters. Yours was not stored."),
        ),
        Some("no-address") => (
            None,
            Some("There is no address to suppress: no mail can go to this lead."),
        ),
        Some("why") => (
            None,
            Some("Say why the mailbox gets no more mail: it stands in the audit log."),
        ),
        other => (other.and_then(said), None),
    };
    let role = shell.person.role;
    page.lead.bio = page.lead.bio.map(|bio| role.profile_text(bio));
    let hint = page.lead.address.as_ref().and_then(|hint| match role {
        Role::Viewer => None,
        Role::Reviewer => Some(format!("•••@{}", hint.domain)),
        Role::Operator | Role::Admin => Some(format!("{}•••@{}", hint.first, hint.domain)),
    });
    let view = LeadPageView {
        may_note: shell.may(Role::Reviewer),
        may_operate: shell.may(Role::Operator),
        platform: page
            .lead
            .platform
            .parse::<Platform>()
            .map_or("from a list", Platform::place),
        people,
        address: whole_address.or(hint),
        price: again.map(price),
        shell: shell.saying(said),
        page,
        fault,
    };
    Ok(answer::page(StatusCode::OK, &view))
}

/// What asking the model again costs at the most, in words.
pub(crate) fn price(again: Again) -> String {
    match again.most_micros() {
        Some(micros) => format!("about {}", Money(micros)),
        None => format!("{} calls of the model", again.campaigns),
    }
}

fn said(done: &str) -> Option<&'static str> {
    match done {
        "noted" => Some("Your note is stored."),
        "asked" => Some(
            "The lead is assessed again within minutes, in every active campaign that found it.",
        ),
        "not-asked" => Some(
            "Nothing was asked: the lead waits already, no campaign of it is active, or it may not be asked about.",
        ),
        "suppressed" => Some("Its mailbox gets no more mail, in any campaign."),
        "suppressed-before" => Some("Its mailbox was suppressed before; the first reason stands."),
        _ => None,
    }
}

/// What a person does about a lead.
#[derive(Debug, Deserialize)]
pub(crate) struct Act {
    act: String,
    #[serde(default)]
    text: String,
}

/// Adds a note, has the model asked again, or suppresses the mailbox.
pub(crate) async fn act(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(id): Id,
    Form(Act { act, text }): Form<Act>,
) -> Result<Response, Failure> {
    let (lead, person) = (LeadId(id), caller.person);
    let needs = if act == "note" {
        Role::Reviewer
    } else {
        Role::Operator
    };
    if person.role < needs {
        return Err(Failure::NotAllowed(needs));
    }
    let done = match act.as_str() {
        "note" => {
            let added = change(&deps, async move |conn| {
                lead::add_note(conn, &person, lead, &text).await
            });
            match added.await? {
                AddedNote::Stored { .. } => "noted",
                AddedNote::Empty => "empty",
                AddedNote::TooLong(_) => "long",
                AddedNote::NoSuchLead => return Err(Failure::NotFound),
            }
        }
        "ask-again" => {
            let asked = change(&deps, async move |conn| {
                lead::ask_again(conn, &person, lead).await
            });
            match asked.await? {
                AskedAgain::Requested => "asked",
                AskedAgain::NoSuchLead => return Err(Failure::NotFound),
                AskedAgain::Erased
                | AskedAgain::Suppressed
                | AskedAgain::NoActiveCampaign
                | AskedAgain::AlreadyRequested => "not-asked",
            }
        }
        "suppress" if text.trim().is_empty() => "why",
        "suppress" => {
            let suppressed = change(&deps, async move |conn| {
                lead::suppress(conn, &person, lead, text.trim()).await
            });
            match suppressed.await? {
                SuppressedLead::Done(done) if done.changed => "suppressed",
                SuppressedLead::Done(_) => "suppressed-before",
                SuppressedLead::NoAddress => "no-address",
                SuppressedLead::NoSuchLead => return Err(Failure::NotFound),
            }
        }
        _ => return Err(Failure::Unreadable("the form")),
    };
    Ok(Redirect::to(&format!("/leads/{id}?done={done}")).into_response())
}

fn event_class(entry: &Entry) -> &'static str {
    match entry.tone {
        Tone::Plain | Tone::Warn | Tone::Bad => "timeline-event",
        Tone::Good => "timeline-event timeline-event-good",
        Tone::Person => "timeline-event timeline-event-person",
    }
}
