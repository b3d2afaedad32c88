//! A campaign's life: activated, paused, ended; and its leads asked about again.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use serde::Deserialize;
use shared::{
    db::{
        console::campaigns::{self, Figures},
        operator::{self, Again, Author, Campaign, StatusOutcome},
    },
    domain::{gate::CampaignStatus, ids::CampaignId},
};

use super::back;
use crate::{
    Deps,
    access::Caller,
    answer,
    answer::Failure,
    change, filters,
    form::{Form, Id},
    view::{Place, Shell, capped, counted, number},
};

/// The words of an answer are ours; a link cannot put others there.
pub(super) fn said(done: &str, campaign: &Campaign, count: Option<u64>) -> Option<String> {
    let version = number(campaign.revision);
    Some(match done {
        "created" => "The campaign is there, as a draft. Nothing is collected, assessed or sent before you activate it.".to_owned(),
        "saved" => format!("Saved as version {version}. Leads that had no mail are planned anew within minutes, from the assessment that is there."),
        "saved-texts" => format!("Saved as version {version}. Texts that were written keep the offer and the language of then, and no lead is assessed again by this: “Ask again” says what that would cost."),
        "unchanged" => "Nothing was changed: it was like this before.".to_owned(),
        "active" => "The campaign is active. Its sources are read at the collector’s next run, and mails leave within the limits of the day.".to_owned(),
        "paused" => "The campaign is paused. What is planned waits, and nothing is collected or assessed until you resume it.".to_owned(),
        "ended" => "The campaign has ended. What was planned never leaves.".to_owned(),
        "asked" => {
            let count = i64::try_from(count?).unwrap_or(i64::MAX);
            format!("{} asked about again. The model answers within minutes.", counted(count, "lead is", "leads are"))
        }
        _ => return None,
    })
}

/// Has a draft begin, or a paused campaign go on.
pub(crate) async fn activate(
    deps: State<Arc<Deps>>,
    caller: Caller,
    id: Id,
) -> Result<Response, Failure> {
    step(deps, caller, id, (CampaignStatus::Active, "active")).await
}

/// Has a campaign wait.
pub(crate) async fn pause(
    deps: State<Arc<Deps>>,
    caller: Caller,
    id: Id,
) -> Result<Response, Failure> {
    step(deps, caller, id, (CampaignStatus::Paused, "paused")).await
}

/// Ends a campaign for good.
pub(crate) async fn end(
    deps: State<Arc<Deps>>,
    caller: Caller,
    id: Id,
) -> Result<Response, Failure> {
    step(deps, caller, id, (CampaignStatus::Ended, "ended")).await
}

async fn step(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(id): Id,
    (status, done): (CampaignStatus, &str),
) -> Result<Response, Failure> {
    let id = CampaignId(id);
    let outcome = change(&deps, async move |conn| {
        operator::set_status(conn, id, status, Author::new(&caller.person, None)).await
    })
    .await?;
    match outcome {
        StatusOutcome::Changed(_) => Ok(back(id, done)),
        StatusOutcome::NoSuchCampaign => Err(Failure::NotFound),
        StatusOutcome::Stays(campaign) => {
            let word = super::page::state_mark(campaign.settings.status, false).word;
            Err(Failure::Conflict(format!(
                "“{}” stands as “{word}” by now, so this step cannot be taken. Nothing was changed.",
                campaign.name
            )))
        }
    }
}

#[derive(Template)]
#[template(path = "campaign_end.html")]
struct EndPage {
    shell: Shell,
    campaign: Campaign,
    figures: Figures,
}

impl EndPage {
    fn heading(&self) -> String {
        let waiting = self.figures.waiting();
        match waiting {
            0 => "No planned mail is lost".to_owned(),
            1 => "1 planned mail will never leave".to_owned(),
            many => format!("{} planned mails will never leave", capped(many)),
        }
    }
}

/// Says what follows from an end, before it.
pub(crate) async fn ask_end(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(id): Id,
) -> Result<Response, Failure> {
    let mut conn = deps.connect().await?;
    let campaign = operator::campaign_of_id(&mut conn, CampaignId(id)).await?;
    let campaign = campaign.ok_or(Failure::NotFound)?;
    let settings = &campaign.settings;
    let (score, confidence) = (settings.min_score, settings.min_confidence);
    let figures = campaigns::figures(&mut conn, campaign.id, score, confidence).await?;
    let page = EndPage {
        shell: Shell::load(&mut conn, &deps, &caller, Place::Campaigns).await?,
        campaign,
        figures,
    };
    Ok(answer::page(StatusCode::OK, &page))
}

/// Which leads are asked about again.
#[derive(Debug, Deserialize)]
pub(crate) struct Which {
    /// Those too that the model has assessed and that had no mail.
    #[serde(default)]
    all: bool,
}

#[derive(Template)]
#[template(path = "campaign_again.html")]
struct AgainPage {
    shell: Shell,
    campaign: Campaign,
    /// Without and with those that the model has assessed.
    choices: [Choice; 2],
}

/// How many leads would be asked about, and what that costs.
#[derive(Debug)]
struct Choice {
    all: bool,
    leads: i64,
    again: Again,
    /// None while no answer has cost anything yet.
    cost_micros: Option<i64>,
}

impl Choice {
    fn new(all: bool, again: Again) -> Self {
        let leads = again.waiting + again.scored_by_rules + again.assessed;
        Self {
            all,
            leads,
            again,
            cost_micros: again.call_micros.map(|micros| micros.saturating_mul(leads)),
        }
    }
}

/// Says how many leads would be asked about again and what it costs; nothing is asked by it.
pub(crate) async fn count_again(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(id): Id,
) -> Result<Response, Failure> {
    let id = CampaignId(id);
    let mut conn = deps.connect().await?;
    let campaign = operator::campaign_of_id(&mut conn, id).await?;
    let campaign = campaign.ok_or(Failure::NotFound)?;
    let mut count = async |all| -> Result<Choice, Failure> {
        let again = operator::count_again(&mut conn, id, all).await?;
        Ok(Choice::new(all, again.ok_or(Failure::NotFound)?))
    };
    let choices = [count(false).await?, count(true).await?];
    let page = AgainPage {
        shell: Shell::load(&mut conn, &deps, &caller, Place::Campaigns).await?,
        campaign,
        choices,
    };
    Ok(answer::page(StatusCode::OK, &page))
}

/// Has the model asked again.
pub(crate) async fn ask_again(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(id): Id,
    Form(Which { all }): Form<Which>,
) -> Result<Response, Failure> {
    let id = CampaignId(id);
    let asked = change(&deps, async move |conn| {
        operator::ask_again(conn, id, all, Author::new(&caller.person, None)).await
    })
    .await?;
    let asked = asked.ok_or(Failure::NotFound)?;
    Ok(Redirect::to(&format!("/campaigns/{id}?done=asked&count={asked}")).into_response())
}
