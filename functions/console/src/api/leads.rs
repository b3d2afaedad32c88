//! Leads: the list, one lead with its whole story, and what a person does about it.

pub(crate) mod list;

use std::sync::Arc;

use axum::{
    Json as Body,
    extract::State,
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shared::{
    db::console::lead::{self, AddedNote, AskedAgain, SuppressedLead},
    domain::{ids::LeadId, person::Role, story::Entry},
};
use utoipa::ToSchema;

use super::{
    answer::{Refused, Stored},
    once,
    request::{IdempotencyKey, Json},
};
use crate::{Deps, access::Caller, change, form::Id};

/// A lead with everything that happened to it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LeadStory {
    id: i64,
    platform: String,
    username: String,
    name: Option<String>,
    profile_url: Option<String>,
    website: Option<String>,
    /// Addresses in it are masked for viewers and reviewers.
    bio: Option<String>,
    location: Option<String>,
    country: Option<String>,
    language: Option<String>,
    followers: Option<i64>,
    /// The domain of the address, for reviewers and stronger roles.
    address_domain: Option<String>,
    basis: Option<String>,
    suppressed_at: Option<DateTime<Utc>>,
    suppression_reason: Option<String>,
    found_at: DateTime<Utc>,
    erased_at: Option<DateTime<Utc>>,
    /// What its assessments have cost, in millionths of a US dollar.
    cost_micros: i64,
    /// Oldest first.
    story: Vec<Event>,
}

/// Something that happened to a lead.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Event {
    at: DateTime<Utc>,
    title: String,
    text: String,
    campaign: Option<String>,
    /// Who did it, where it was a person.
    by: Option<String>,
    note: Option<String>,
    /// The mail that it is about.
    send: Option<i64>,
}

impl From<Entry> for Event {
    fn from(entry: Entry) -> Self {
        Self {
            at: entry.at,
            title: entry.title,
            text: entry.text,
            campaign: entry.campaign,
            by: entry.by,
            note: entry.note,
            send: entry.send,
        }
    }
}

/// Shows a lead with its story.
#[utoipa::path(get, path = "/api/v1/leads/{id}", tag = "Leads", params(("id" = i64, Path)),
    responses((status = 200, body = LeadStory), (status = 404, body = super::answer::Problem)))]
pub(crate) async fn show_lead(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(id): Id,
) -> Result<Body<LeadStory>, Refused> {
    let mut conn = deps.connect().await?;
    let page = lead::page(&mut conn, LeadId(id)).await?;
    let page = page.ok_or(Refused::NotFound)?;
    let role = caller.person.role;
    let lead = page.lead;
    Ok(Body(LeadStory {
        id: lead.id,
        platform: lead.platform,
        username: lead.username,
        name: lead.name,
        profile_url: lead.profile_url,
        website: lead.website,
        bio: lead.bio.map(|bio| role.profile_text(bio)),
        location: lead.location,
        country: lead.country,
        language: lead.language,
        followers: lead.follower_count,
        address_domain: lead
            .address
            .filter(|_| role > Role::Viewer)
            .map(|hint| hint.domain),
        basis: lead.basis,
        suppressed_at: lead.suppressed_at,
        suppression_reason: lead.suppression_reason,
        found_at: lead.found_at,
        erased_at: lead.erased_at,
        cost_micros: page.cost_micros,
        story: page.story.into_iter().map(Event::from).collect(),
    }))
}

/// The whole address of a lead.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Address {
    /// Null where there is none.
    address: Option<String>,
}

/// Shows a lead's whole address, once: that it was looked at is on record.
#[utoipa::path(post, path = "/api/v1/leads/{id}/address", tag = "Leads", params(("id" = i64, Path)),
    responses((status = 200, body = Address)))]
pub(crate) async fn show_address(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(id): Id,
) -> Result<Body<Address>, Refused> {
    let address = change(&deps, async move |conn| {
        lead::show_address(conn, &caller.person, LeadId(id)).await
    })
    .await?;
    Ok(Body(Address { address }))
}

/// A note of the team.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewNote {
    #[schema(min_length = 1, max_length = 2000)]
    text: String,
}

/// A note that is stored.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Note {
    at: DateTime<Utc>,
}

/// Adds a note to a lead, for the team.
#[utoipa::path(post, path = "/api/v1/leads/{id}/notes", tag = "Leads",
    params(("id" = i64, Path), super::KeyHeader), request_body = NewNote,
    responses((status = 201, body = Note), (status = 404, body = super::answer::Problem)))]
pub(crate) async fn add_note(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(id): Id,
    key: IdempotencyKey,
    Json { body, fingerprint }: Json<NewNote>,
) -> Result<Response, Refused> {
    let person = caller.person.clone();
    once(&deps, &caller, (key, fingerprint), async move |conn| {
        let added = lead::add_note(conn, &person, LeadId(id), &body.text).await?;
        Ok(match added {
            AddedNote::Stored { at } => Ok(Stored::created(
                format!("/api/v1/leads/{id}"),
                None,
                &Note { at },
            )),
            AddedNote::Empty => Err(Refused::field("/text", "A note needs some text.")),
            AddedNote::TooLong(length) => Err(Refused::field(
                "/text",
                &format!("It has {length} characters, and a note takes 2,000."),
            )),
            AddedNote::NoSuchLead => Err(Refused::NotFound),
        })
    })
    .await
}

/// What came of asking the model about a lead again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Reassessment {
    /// False where it waits already, no campaign of it is active, or it may not be asked about.
    requested: bool,
}

/// Has a lead assessed again in every active campaign that found it.
#[utoipa::path(post, path = "/api/v1/leads/{id}/ask-again", tag = "Leads", params(("id" = i64, Path)),
    responses((status = 200, body = Reassessment), (status = 404, body = super::answer::Problem)))]
pub(crate) async fn ask_lead_again(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(id): Id,
) -> Result<Body<Reassessment>, Refused> {
    let asked = change(&deps, async move |conn| {
        lead::ask_again(conn, &caller.person, LeadId(id)).await
    })
    .await?;
    match asked {
        AskedAgain::NoSuchLead => Err(Refused::NotFound),
        asked => Ok(Body(Reassessment {
            requested: matches!(asked, AskedAgain::Requested),
        })),
    }
}

/// Why something is done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Why {
    /// It stands in the audit log.
    #[schema(min_length = 1, max_length = 300, pattern = "\\S")]
    reason: String,
}

impl Why {
    pub(super) fn of(reason: &str) -> Self {
        Self {
            reason: reason.to_owned(),
        }
    }

    /// The reason, which must be given.
    pub(super) fn required(&self) -> Result<String, Refused> {
        let reason = self.reason.trim();
        match reason.chars().count() {
            0 => Err(Refused::field(
                "/reason",
                "Say why: it stands in the audit log.",
            )),
            1..=300 => Ok(reason.to_owned()),
            _ => Err(Refused::field(
                "/reason",
                "A reason has at most 300 characters.",
            )),
        }
    }
}

/// What came of a suppression.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Suppression {
    /// False where the mailbox was suppressed before: the first reason stands.
    pub(super) changed: bool,
}

/// Suppresses a lead's mailbox in all campaigns.
#[utoipa::path(post, path = "/api/v1/leads/{id}/suppress", tag = "Leads", params(("id" = i64, Path)),
    request_body = Why,
    responses((status = 200, body = Suppression), (status = 404, body = super::answer::Problem),
        (status = 409, description = "The lead has no address", body = super::answer::Problem)))]
pub(crate) async fn suppress_lead(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(id): Id,
    Json { body, .. }: Json<Why>,
) -> Result<Response, Refused> {
    let reason = body.required()?;
    let suppressed = change(&deps, async move |conn| {
        lead::suppress(conn, &caller.person, LeadId(id), &reason).await
    })
    .await?;
    match suppressed {
        SuppressedLead::Done(done) => Ok(Body(Suppression {
            changed: done.changed,
        })
        .into_response()),
        SuppressedLead::NoAddress => Err(Refused::Conflict(
            "There is no address to suppress: no mail can go to this lead.".to_owned(),
        )),
        SuppressedLead::NoSuchLead => Err(Refused::NotFound),
    }
}
