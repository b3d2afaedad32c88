//! Campaigns: the list, one, and how they are made, edited, activated, paused and ended.

mod body;

use std::sync::Arc;

use axum::{
    Json as Body,
    extract::State,
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};
use shared::{
    db::{
        console::campaigns,
        operator::{self, Again, Author, CampaignOutcome, Edit, StatusOutcome},
    },
    domain::{campaign::Settings, gate::CampaignStatus, ids::CampaignId},
};
use utoipa::ToSchema;

use self::body::{Campaign, CampaignFields, revision, tag};
use super::{
    answer::{Problem, Refused, Stored, tagged},
    list::Listed,
    note, once,
    request::{IdempotencyKey, IfMatch, Json, given},
};
use crate::{Deps, access::Caller, change, form::Id, pages::campaigns::entries};

/// A campaign in the list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CampaignLine {
    id: i64,
    name: String,
    /// `draft`, `active`, `paused` or `ended`.
    status: &'static str,
    /// Whether its bounces or complaints have stopped it.
    stopped: bool,
    /// Mails that were granted today (UTC).
    sent_today: i32,
    daily_cap: i32,
    /// Leads that its sources found; counted up to 1,000, and 1,001 means more.
    leads: i64,
    /// Mails that wait for their time; counted likewise.
    planned: i64,
    sources: i64,
}

/// Lists all campaigns.
#[utoipa::path(get, path = "/api/v1/campaigns", tag = "Campaigns",
    responses((status = 200, body = Listed<CampaignLine>)))]
pub(crate) async fn list_campaigns(
    State(deps): State<Arc<Deps>>,
) -> Result<Body<Listed<CampaignLine>>, Refused> {
    let mut conn = deps.connect().await?;
    let lines = campaigns::list(&mut conn).await?;
    let line = |line: campaigns::Line| CampaignLine {
        id: line.id.0,
        name: line.name,
        status: line.status.into(),
        stopped: line.stopped,
        sent_today: line.sent_today,
        daily_cap: line.daily_cap,
        leads: line.leads,
        planned: line.planned,
        sources: line.sources,
    };
    Ok(Body(Listed {
        items: lines.into_iter().map(line).collect(),
        next: None,
    }))
}

/// Begins a campaign, as a draft: nothing is collected, assessed or sent before it is activated.
#[utoipa::path(post, path = "/api/v1/campaigns", tag = "Campaigns", params(super::KeyHeader),
    request_body = CampaignFields,
    responses((status = 201, body = Campaign), (status = 409, description = "The name is taken", body = Problem)))]
pub(crate) async fn create_campaign(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    key: IdempotencyKey,
    Json { body, fingerprint }: Json<CampaignFields>,
) -> Result<Response, Refused> {
    let fresh = entries::of("", &Settings::new(String::new(), String::new()));
    let wanted = entries::read(&body.onto(fresh)?)?;
    let person = caller.person.clone();
    once(&deps, &caller, (key, fingerprint), async move |conn| {
        let author = Author::new(&person, wanted.note.as_deref());
        let outcome =
            operator::create_campaign(conn, &wanted.name, &wanted.settings, author).await?;
        Ok(match outcome {
            CampaignOutcome::Created(campaign) => {
                let campaign = Campaign::from(campaign);
                let location = format!("/api/v1/campaigns/{}", campaign.id);
                Ok(Stored::created(location, Some(campaign.tag()), &campaign))
            }
            CampaignOutcome::NameTaken => Err(name_taken()),
            CampaignOutcome::Changed { .. }
            | CampaignOutcome::Stale(_)
            | CampaignOutcome::NoSuchCampaign => Err(Refused::NotFound),
        })
    })
    .await
}

fn name_taken() -> Refused {
    Refused::Conflict("There is a campaign of this name already. Give this one another.".to_owned())
}

/// Shows a campaign. Its ETag is needed to edit it.
#[utoipa::path(get, path = "/api/v1/campaigns/{id}", tag = "Campaigns", params(("id" = i64, Path)),
    responses((status = 200, body = Campaign), (status = 404, body = Problem)))]
pub(crate) async fn show_campaign(
    State(deps): State<Arc<Deps>>,
    Id(id): Id,
) -> Result<Response, Refused> {
    let mut conn = deps.connect().await?;
    let found = operator::campaign_of_id(&mut conn, CampaignId(id)).await?;
    let campaign = Campaign::from(found.ok_or(Refused::NotFound)?);
    Ok(tagged(&campaign.tag(), &campaign))
}

/// Edits a campaign. What is not given stays (RFC 7396).
#[utoipa::path(patch, path = "/api/v1/campaigns/{id}", tag = "Campaigns",
    params(("id" = i64, Path), super::VersionHeader), request_body = CampaignFields,
    responses((status = 200, body = Campaign), (status = 404, body = Problem),
        (status = 409, description = "The name is taken", body = Problem),
        (status = 412, description = "It was changed since; the ETag is the present one’s", body = Problem),
        (status = 428, description = "If-Match is missing", body = Problem)))]
pub(crate) async fn edit_campaign(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(id): Id,
    IfMatch(seen): IfMatch,
    Json { body, .. }: Json<CampaignFields>,
) -> Result<Response, Refused> {
    let id = CampaignId(id);
    let mut conn = deps.connect().await?;
    let stands = operator::campaign_of_id(&mut conn, id).await?;
    drop(conn);
    let stands = stands.ok_or(Refused::NotFound)?;
    let stale = || Refused::Stale(tag(stands.revision));
    let revision = revision(&seen).ok_or_else(stale)?;
    if revision != stands.revision {
        return Err(stale());
    }
    let wanted = entries::read(&body.onto(entries::of(&stands.name, &stands.settings))?)?;
    let edit = Edit {
        revision,
        name: wanted.name,
        settings: wanted.settings,
    };
    let note = wanted.note;
    let outcome = change(&deps, async move |conn| {
        let author = Author::new(&caller.person, note.as_deref());
        operator::edit_campaign(conn, id, &edit, author).await
    })
    .await?;
    match outcome {
        CampaignOutcome::Changed { after, .. } => {
            let campaign = Campaign::from(after);
            Ok(tagged(&campaign.tag(), &campaign))
        }
        CampaignOutcome::Stale(theirs) => Err(Refused::Stale(tag(theirs.revision))),
        CampaignOutcome::NameTaken => Err(name_taken()),
        CampaignOutcome::NoSuchCampaign | CampaignOutcome::Created(_) => Err(Refused::NotFound),
    }
}

/// The next step of a campaign's life.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    Active,
    Paused,
    /// For good: what was planned never leaves.
    Ended,
}

/// What a campaign's status is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Life {
    status: Step,
    /// Kept with the change in the audit log.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_length = 300)]
    note: Option<String>,
}

/// Activates, pauses or ends a campaign.
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/status", tag = "Campaigns", params(("id" = i64, Path)),
    request_body = Life,
    responses((status = 200, body = Campaign), (status = 404, body = Problem),
        (status = 409, description = "From where it stands this step cannot be taken", body = Problem)))]
pub(crate) async fn set_campaign_status(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(id): Id,
    Json { body, .. }: Json<Life>,
) -> Result<Response, Refused> {
    let status = match body.status {
        Step::Active => CampaignStatus::Active,
        Step::Paused => CampaignStatus::Paused,
        Step::Ended => CampaignStatus::Ended,
    };
    let note = note(body.note)?;
    let outcome = change(&deps, async move |conn| {
        let author = Author::new(&caller.person, note.as_deref());
        operator::set_status(conn, CampaignId(id), status, author).await
    })
    .await?;
    match outcome {
        StatusOutcome::Changed(campaign) => {
            let campaign = Campaign::from(campaign);
            Ok(tagged(&campaign.tag(), &campaign))
        }
        StatusOutcome::NoSuchCampaign => Err(Refused::NotFound),
        StatusOutcome::Stays(campaign) => {
            let word: &str = campaign.settings.status.into();
            Err(Refused::Conflict(format!(
                "It is {word} by now, so this step cannot be taken. Nothing was changed."
            )))
        }
    }
}

/// How many leads would be asked about again, and what that costs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AgainPrice {
    /// Leads whose assessment waits.
    waiting: i64,
    scored_by_rules: i64,
    /// Leads that the model has assessed and that had no mail; asked about only with `all`.
    assessed: i64,
    /// What one answer has cost on average, in millionths of a US dollar; null while none has cost anything.
    call_micros: Option<i64>,
}

impl From<Again> for AgainPrice {
    fn from(again: Again) -> Self {
        Self {
            waiting: again.waiting,
            scored_by_rules: again.scored_by_rules,
            assessed: again.assessed,
            call_micros: again.call_micros,
        }
    }
}

/// Says what asking the model again about a campaign's leads would cost. Nothing is asked.
#[utoipa::path(get, path = "/api/v1/campaigns/{id}/ask-again", tag = "Campaigns", params(("id" = i64, Path)),
    responses((status = 200, body = AgainPrice), (status = 404, body = Problem)))]
pub(crate) async fn price_again(
    State(deps): State<Arc<Deps>>,
    Id(id): Id,
) -> Result<Body<AgainPrice>, Refused> {
    let mut conn = deps.connect().await?;
    let again = operator::count_again(&mut conn, CampaignId(id), true).await?;
    Ok(Body(again.ok_or(Refused::NotFound)?.into()))
}

/// Which leads are asked about again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// Those too that the model has assessed and that had no mail.
    #[serde(default)]
    all: bool,
}

/// Leads that are asked about again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AskedLeads {
    leads: u64,
}

/// Has the model asked again about a campaign's leads.
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/ask-again", tag = "Campaigns", params(("id" = i64, Path)),
    request_body = Which,
    responses((status = 200, body = AskedLeads), (status = 404, body = Problem)))]
pub(crate) async fn ask_campaign_again(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(id): Id,
    Json { body, .. }: Json<Which>,
) -> Result<Response, Refused> {
    let asked = change(&deps, async move |conn| {
        let author = Author::new(&caller.person, None);
        operator::ask_again(conn, CampaignId(id), body.all, author).await
    })
    .await?;
    let leads = asked.ok_or(Refused::NotFound)?;
    Ok(Body(AskedLeads { leads }).into_response())
}
