//! Leads: the list, one lead with its whole story, and what a person does about it.

use std::sync::Arc;

use axum::{
    Json as Body,
    extract::State,
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shared::{
    db::console::{
        lead::{self, AddedNote, AskedAgain, SuppressedLead},
        leads::{self, Effort, LeadRow},
    },
    domain::{
        audit::without_addresses,
        ids::{CampaignId, LeadId},
        lead::Platform,
        person::Role,
        score::Score,
        search::{Cursor, InCountry, LeadFilter, LeadOrder, Place, Standing, Words},
        send_state::SendState,
        story::Entry,
    },
};
use utoipa::{IntoParams, ToSchema};

use super::{
    answer::{Refused, Stored},
    list::{self, Limit, Listed},
    once,
    request::{IdempotencyKey, Json, Query},
};
use crate::{Deps, access::Caller, change, form::Id};

/// Which leads, and from where on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Words of which each occurs in a name, username, niche or the domain of an address.
    q: Option<String>,
    /// `x`, `instagram`, `facebook`, `linkedin` or `website`.
    #[param(pattern = "^(x|instagram|facebook|linkedin|website)$")]
    platform: Option<String>,
    /// A campaign's id.
    #[param(pattern = "^[1-9][0-9]{0,17}$")]
    campaign: Option<String>,
    /// Where a lead stands: `found`, `waiting`, `review`, `queued`, `sent`, `delivered`, `replied`, `refused`,
    /// `unknown`, `rejected`, `bounced` or `complained`.
    #[param(
        pattern = "^(found|waiting|review|queued|sent|delivered|replied|refused|unknown|rejected|bounced|complained)$"
    )]
    state: Option<String>,
    /// A country's code of two letters, or `unknown`.
    #[param(pattern = "^([A-Za-z]{2}|unknown)$")]
    country: Option<String>,
    /// The least score, 0 to 100.
    #[param(pattern = "^([0-9]{1,2}|100)$")]
    min_score: Option<String>,
    /// `newest` or `score`.
    #[param(pattern = "^(newest|score)$")]
    sort: Option<String>,
    #[serde(default)]
    #[param(inline)]
    limit: Limit,
    /// The `next` of the page before.
    #[param(min_length = 1)]
    cursor: Option<String>,
}

/// A lead in a list. Never an address.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Lead {
    id: i64,
    platform: String,
    username: String,
    name: Option<String>,
    country: Option<String>,
    has_address: bool,
    found_at: DateTime<Utc>,
    /// 0 to 100, of the newest assessment.
    score: Option<i16>,
    /// 0 to 1.
    confidence: Option<f32>,
    /// `model` or `rules`.
    method: Option<String>,
    niche: Option<String>,
    /// The campaign that the next two are about.
    campaign: Option<String>,
    /// The state of its mail; null while none is planned.
    state: Option<&'static str>,
    /// Why it stands so, in a sentence.
    explanation: Option<String>,
}

impl From<LeadRow> for Lead {
    fn from(row: LeadRow) -> Self {
        let status = row.status;
        Self {
            id: row.id,
            platform: row.platform,
            username: row.username,
            name: row.name,
            country: row.country,
            has_address: row.has_address,
            found_at: row.found_at,
            score: row.score,
            confidence: row.confidence,
            method: row.method,
            niche: row.niche,
            campaign: status.as_ref().map(|status| status.campaign.clone()),
            state: status
                .as_ref()
                .and_then(|status| status.state)
                .map(SendState::as_str),
            explanation: status.map(|status| status.explanation),
        }
    }
}

impl Asked {
    fn filter(&self) -> Result<LeadFilter, Refused> {
        let read = |name, text: &Option<String>| Parameter {
            name,
            text: text.clone(),
        };
        let country = read("country", &self.country).take(|word| match word {
            "unknown" => Some(InCountry::Unknown),
            code => code.parse().ok().map(InCountry::Known),
        })?;
        Ok(LeadFilter {
            words: self.q.as_deref().and_then(Words::read),
            platform: read("platform", &self.platform)
                .take(|word| word.parse::<Platform>().ok())?,
            campaign: read("campaign", &self.campaign)
                .take(|id| id.parse().ok().filter(|id| *id > 0).map(CampaignId))?,
            standing: read("state", &self.state).take(|word| word.parse::<Standing>().ok())?,
            country,
            min_score: read("min_score", &self.min_score)
                .take(|score| Score::new(score.parse().ok()?))?,
            ..LeadFilter::default()
        })
    }

    fn order(&self) -> Result<LeadOrder, Refused> {
        match self.sort.as_deref() {
            None | Some("newest") => Ok(LeadOrder::Newest),
            Some("score") => Ok(LeadOrder::Score),
            Some(_) => Err(unknown("sort")),
        }
    }

    /// What a cursor counts for.
    fn question(&self) -> impl Serialize {
        [
            &self.q,
            &self.platform,
            &self.campaign,
            &self.state,
            &self.country,
            &self.min_score,
            &self.sort,
        ]
        .map(Clone::clone)
    }
}

/// A parameter of the query as it came.
struct Parameter {
    name: &'static str,
    text: Option<String>,
}

impl Parameter {
    fn take<T>(self, read: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, Refused> {
        let Some(text) = self.text else {
            return Ok(None);
        };
        read(&text).map(Some).ok_or_else(|| unknown(self.name))
    }
}

pub(super) fn unknown(parameter: &str) -> Refused {
    Refused::Query(format!(
        "{parameter} holds a value that is none of its own; the document says which there are"
    ))
}

/// Lists leads, the newest or the best first.
#[utoipa::path(get, path = "/api/v1/leads", tag = "Leads", params(Asked),
    responses((status = 200, body = Listed<Lead>)))]
pub(crate) async fn list_leads(
    State(deps): State<Arc<Deps>>,
    Query(asked): Query<Asked>,
) -> Result<Body<Listed<Lead>>, Refused> {
    let (filter, order) = (asked.filter()?, asked.order()?);
    let place: Option<Place> = list::place(asked.cursor.as_deref(), &asked.question())?;
    let mut conn = deps.connect().await?;
    let place = (order, place.map(Cursor::After));
    let page = leads::page(
        &mut conn,
        &filter,
        place,
        asked.limit.rows(),
        Effort::DEFAULT,
    )
    .await?;
    let next = page.older.map(|older| match older {
        Cursor::After(place) | Cursor::Before(place) => list::cursor(place, &asked.question()),
    });
    Ok(Body(Listed {
        items: page.rows.into_iter().map(Lead::from).collect(),
        next,
    }))
}

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
    let masked = |bio: String| match role {
        Role::Viewer | Role::Reviewer => without_addresses(&bio),
        Role::Operator | Role::Admin => bio,
    };
    Ok(Body(LeadStory {
        id: lead.id,
        platform: lead.platform,
        username: lead.username,
        name: lead.name,
        profile_url: lead.profile_url,
        website: lead.website,
        bio: lead.bio.map(masked),
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
