//! The list of leads, searched and filtered.

use std::sync::Arc;

use axum::{Json as Body, extract::State};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shared::{
    db::console::leads::{self, Effort, LeadRow},
    domain::{
        ids::CampaignId,
        lead::Platform,
        score::Score,
        search::{Cursor, InCountry, LeadFilter, LeadOrder, Place, Standing, Words},
        send_state::SendState,
    },
};
use utoipa::{IntoParams, ToSchema};

use super::super::{
    answer::Refused,
    list::{self, Limit, Listed},
    request::{Query, unknown},
};
use crate::Deps;

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
