//! Campaigns: what is offered, to whom, and under which rules.

mod conflict;
pub(crate) mod entries;
pub(crate) mod life;
mod page;
mod preview;

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use shared::{
    db::{
        console::campaigns::{self, Line},
        operator::{self, Author, Campaign, CampaignOutcome, Edit},
    },
    domain::{campaign::Settings, ids::CampaignId, person::Role},
};

use self::{
    entries::Wanted,
    page::{Filled, Shown, known_page, new_page, state_mark},
};
use crate::{
    Deps,
    access::Caller,
    answer,
    answer::Failure,
    change,
    fields::{Entries, Problems},
    filters,
    form::{Form, Id, Query},
    view::{Place, Shell, StateMark},
};

#[derive(Template)]
#[template(path = "campaigns.html")]
struct ListPage {
    shell: Shell,
    lines: Vec<Line>,
    may_operate: bool,
}

impl ListPage {
    fn state(&self, line: &Line) -> StateMark {
        state_mark(line.status, line.stopped)
    }
}

/// Shows all.
pub(crate) async fn list(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
) -> Result<Response, Failure> {
    let mut conn = deps.connect().await?;
    let shell = Shell::load(&mut conn, &deps, &caller, Place::Campaigns).await?;
    let page = ListPage {
        lines: campaigns::list(&mut conn).await?,
        may_operate: shell.may(Role::Operator),
        shell,
    };
    Ok(answer::page(StatusCode::OK, &page))
}

/// Shows the form of a new one, empty or with another's settings.
pub(crate) async fn new(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Query(Shown { copy, .. }): Query<Shown>,
) -> Result<Response, Failure> {
    let mut conn = deps.connect().await?;
    let (name, settings) = match copy {
        None => (String::new(), Settings::new(String::new(), String::new())),
        Some(id) => {
            let found = operator::campaign_of_id(&mut conn, CampaignId(id)).await?;
            let found = found.ok_or(Failure::NotFound)?;
            (format!("{} (copy)", found.name), found.settings)
        }
    };
    let entries = entries::of(&name, &settings);
    let form = Filled::fresh(entries);
    new_page(&mut conn, &deps, &caller, form).await
}

/// Begins a campaign, as a draft.
pub(crate) async fn create(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let entries: Entries = fields.into_iter().collect();
    let wanted = match entries::read(&entries) {
        Ok(wanted) => wanted,
        Err(problems) => {
            let mut conn = deps.connect().await?;
            return new_page(&mut conn, &deps, &caller, Filled { entries, problems }).await;
        }
    };
    let person = caller.person.clone();
    let outcome = change(&deps, async move |conn| {
        let author = Author::new(&person, wanted.note.as_deref());
        operator::create_campaign(conn, &wanted.name, &wanted.settings, author).await
    })
    .await?;
    match outcome {
        CampaignOutcome::Created(campaign) => Ok(back(campaign.id, "created")),
        CampaignOutcome::NameTaken => {
            let problems = Problems::default().with("name", "Name", NAME_TAKEN);
            let mut conn = deps.connect().await?;
            new_page(&mut conn, &deps, &caller, Filled { entries, problems }).await
        }
        CampaignOutcome::Changed { .. }
        | CampaignOutcome::Stale(_)
        | CampaignOutcome::NoSuchCampaign => Err(Failure::NotFound),
    }
}

const NAME_TAKEN: &str = "There is a campaign of this name already. Give this one another.";

/// Shows one: to operators as a form.
pub(crate) async fn show(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(id): Id,
    Query(shown): Query<Shown>,
) -> Result<Response, Failure> {
    let mut conn = deps.connect().await?;
    let found = operator::campaign_of_id(&mut conn, CampaignId(id)).await?;
    let found = found.ok_or(Failure::NotFound)?;
    let mut entries = entries::of(&found.name, &found.settings);
    entries.set("revision", found.revision);
    let form = Filled::fresh(entries);
    known_page(&mut conn, &deps, &caller, (found, form, shown)).await
}

/// Stores what the form says, or shows what would follow from it.
pub(crate) async fn save(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(id): Id,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    store(&deps, &caller, CampaignId(id), fields.into_iter().collect()).await
}

/// Stores what a person chose of two versions.
pub(crate) async fn merge(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(id): Id,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let id = CampaignId(id);
    let mut conn = deps.connect().await?;
    let theirs = operator::campaign_of_id(&mut conn, id).await?;
    drop(conn);
    let theirs = theirs.ok_or(Failure::NotFound)?;
    let choice: Entries = fields.into_iter().collect();
    store(&deps, &caller, id, conflict::chosen(&theirs, &choice)).await
}

async fn store(
    deps: &Arc<Deps>,
    caller: &Caller,
    id: CampaignId,
    entries: Entries,
) -> Result<Response, Failure> {
    let wanted = entries::read(&entries);
    let wanted = match wanted {
        Ok(wanted) if entries.get("do") != "preview" => wanted,
        wanted => {
            let problems = wanted.err().unwrap_or_default();
            return again(deps, caller, id, Filled { entries, problems }).await;
        }
    };
    let revision = entries.get("revision").parse();
    let revision = revision.map_err(|_| Failure::Unreadable("the form"))?;
    let edit = Edit {
        revision,
        name: wanted.name.clone(),
        settings: wanted.settings.clone(),
    };
    let (person, note) = (caller.person.clone(), wanted.note.clone());
    let outcome = change(deps, async move |conn| {
        operator::edit_campaign(conn, id, &edit, Author::new(&person, note.as_deref())).await
    })
    .await?;
    match outcome {
        CampaignOutcome::Changed { before, after } => Ok(back(
            id,
            match () {
                () if before.revision == after.revision => "unchanged",
                () if after.settings.asks_other_than(&before.settings) => "saved-texts",
                () => "saved",
            },
        )),
        CampaignOutcome::Stale(theirs) => both(deps, caller, &theirs, &wanted).await,
        CampaignOutcome::NameTaken => {
            let problems = Problems::default().with("name", "Name", NAME_TAKEN);
            again(deps, caller, id, Filled { entries, problems }).await
        }
        CampaignOutcome::NoSuchCampaign | CampaignOutcome::Created(_) => Err(Failure::NotFound),
    }
}

/// Shows the form as it was sent.
async fn again(
    deps: &Deps,
    caller: &Caller,
    id: CampaignId,
    form: Filled,
) -> Result<Response, Failure> {
    let mut conn = deps.connect().await?;
    let found = operator::campaign_of_id(&mut conn, id).await?;
    let found = found.ok_or(Failure::NotFound)?;
    known_page(&mut conn, deps, caller, (found, form, Shown::default())).await
}

async fn both(
    deps: &Deps,
    caller: &Caller,
    theirs: &Campaign,
    mine: &Wanted,
) -> Result<Response, Failure> {
    let mut conn = deps.connect().await?;
    let shell = Shell::load(&mut conn, deps, caller, Place::Campaigns).await?;
    let changed = campaigns::last_change(&mut conn, theirs.id).await?;
    Ok(conflict::page(shell, theirs, changed, mine))
}

fn back(id: CampaignId, done: &str) -> Response {
    Redirect::to(&format!("/campaigns/{id}?done={done}")).into_response()
}
