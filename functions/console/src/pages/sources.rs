//! Where a campaign looks for people.

pub(crate) mod entries;
mod page;
mod report;
pub(crate) mod trial;

use std::{sync::Arc, time::Duration};

use axum::{
    extract::State,
    response::{IntoResponse as _, Redirect, Response},
};
use serde::Deserialize;
use shared::{
    db::operator::{self, AddedSource, Author, Definition, Redefined, RunNow},
    domain::ids::{CampaignId, SourceId},
};

use self::page::{Filled, known_page, list_page, new_page};
use crate::{
    Deps,
    access::Caller,
    answer::Failure,
    change,
    fields::{Entries, Problems},
    form::{Form, Id, Query},
    view::counted,
};

/// Platforms that a form offers for rows that name none.
pub(crate) const PLATFORMS: [(&str, &str); 5] = [
    ("", "None"),
    ("instagram", "Instagram"),
    ("x", "X"),
    ("facebook", "Facebook"),
    ("linkedin", "LinkedIn"),
];

const CHANGED_MEANWHILE: &str = "Somebody changed this source after you opened it. Your entries are still below. Open \
     the source in another tab to compare; saving again puts yours in the place of theirs.";

/// What the last request did.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Done {
    done: Option<String>,
}

/// The words of an answer are ours; a link cannot put others there.
fn said(done: &str, deps: &Deps) -> Option<String> {
    let next = next_run(deps.config.collects_every);
    Some(match done {
        "added" => format!("The source is there. If the campaign is active, the collector reads it {next}."),
        "saved" => format!("Saved. The collector reads it so {next}."),
        "paused" => "The source is paused: the collector leaves it alone, and its leads stay.".to_owned(),
        "resumed" => format!("The source is on again. If the campaign is active, the collector reads it {next}."),
        "due" => format!("The source is due: the collector reads it {next}."),
        "running" => "The source is being read at this moment.".to_owned(),
        "is-paused" => "Nothing was changed: the source is paused. Resume it first.".to_owned(),
        "not-active" => "Nothing was changed: only the sources of an active campaign are read. Activate the campaign first.".to_owned(),
        _ => return None,
    })
}

/// When the collector runs again, as far as its schedule says.
fn next_run(every: Option<Duration>) -> String {
    let minutes = every.and_then(|every| i64::try_from(every.as_secs() / 60).ok());
    match minutes {
        None => "at its next scheduled run".to_owned(),
        Some(minutes) => format!(
            "at its next run, within {}",
            counted(minutes, "minute", "minutes")
        ),
    }
}

/// Shows those of a campaign.
pub(crate) async fn list(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(id): Id,
    Query(Done { done }): Query<Done>,
) -> Result<Response, Failure> {
    let said = done.and_then(|done| said(&done, &deps));
    list_page(&deps, &caller, CampaignId(id), said).await
}

/// Shows the form of a new one.
pub(crate) async fn new(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(id): Id,
) -> Result<Response, Failure> {
    let form = Filled {
        entries: entries::fresh(),
        ..Filled::default()
    };
    new_page(&deps, &caller, CampaignId(id), form).await
}

/// Adds one.
pub(crate) async fn create(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(id): Id,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let campaign = CampaignId(id);
    let entries: Entries = fields.into_iter().collect();
    if is_a_test(&entries) {
        let tested = tested(&deps, entries).await;
        return new_page(&deps, &caller, campaign, tested).await;
    }
    let wanted = match entries::read(&entries) {
        Ok(wanted) => wanted,
        Err(problems) => {
            return new_page(&deps, &caller, campaign, Filled::refused(entries, problems)).await;
        }
    };
    let person = caller.person.clone();
    let added = change(&deps, async move |conn| {
        let author = Author::new(&person, wanted.note.as_deref());
        operator::add_source(conn, campaign, &wanted.name, &wanted.definition, author).await
    })
    .await?;
    match added {
        AddedSource::Added(source) => Ok(back(source, "added")),
        AddedSource::NoSuchCampaign => Err(Failure::NotFound),
        AddedSource::NameTaken => {
            let message = "This campaign has a source of this name already. Give this one another.";
            let problems = Problems::default().with("name", "Name", message);
            new_page(&deps, &caller, campaign, Filled::refused(entries, problems)).await
        }
    }
}

/// Shows one with its last report: to operators with its form.
pub(crate) async fn show(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(id): Id,
    Query(Done { done }): Query<Done>,
) -> Result<Response, Failure> {
    let said = done.and_then(|done| said(&done, &deps));
    known_page(&deps, &caller, SourceId(id), (None, said)).await
}

/// Gives one another definition.
pub(crate) async fn save(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(id): Id,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let id = SourceId(id);
    let entries: Entries = fields.into_iter().collect();
    if is_a_test(&entries) {
        let tested = tested(&deps, entries).await;
        return known_page(&deps, &caller, id, (Some(tested), None)).await;
    }
    let wanted = match entries::read(&entries) {
        Ok(wanted) => wanted,
        Err(problems) => {
            return known_page(
                &deps,
                &caller,
                id,
                (Some(Filled::refused(entries, problems)), None),
            )
            .await;
        }
    };
    let (seen, person) = (entries.get("version").to_owned(), caller.person.clone());
    let redefined = change(&deps, async move |conn| {
        let author = Author::new(&person, wanted.note.as_deref());
        operator::redefine_source(conn, id, (&seen, &wanted.definition), author).await
    })
    .await?;
    match redefined {
        Redefined::Done => Ok(back(id, "saved")),
        Redefined::NoSuchSource => Err(Failure::NotFound),
        Redefined::Stale => {
            let mut entries = entries;
            entries.set("version", "");
            let problems = Problems::default().with("kind", "Source", CHANGED_MEANWHILE);
            known_page(
                &deps,
                &caller,
                id,
                (Some(Filled::refused(entries, problems)), None),
            )
            .await
        }
    }
}

/// Whether the form's button was that of a test.
fn is_a_test(entries: &Entries) -> bool {
    entries.get("do") == "test"
}

/// The form with what the collector finds where it says.
async fn tested(deps: &Deps, entries: Entries) -> Filled {
    let mut problems = Problems::default();
    let definition = entries::definition(&entries, &mut problems);
    if !problems.is_empty() {
        return Filled::refused(entries, problems);
    }
    match trial::of_source(deps, &definition).await {
        Ok(found) => Filled {
            entries,
            problems,
            outcome: Some(trial::worded(found)),
        },
        Err(unread) => {
            let (field, label) = match definition {
                Definition::X(_) => ("query", "Search"),
                Definition::List(_) if unread.of_params => ("columns", "Columns"),
                Definition::List(_) => ("file", "List"),
            };
            problems.add(field, label, unread.why);
            Filled::refused(entries, problems)
        }
    }
}

/// Has the collector leave one alone.
pub(crate) async fn pause(
    deps: State<Arc<Deps>>,
    caller: Caller,
    id: Id,
) -> Result<Response, Failure> {
    switch(deps, caller, id, (false, "paused")).await
}

/// Has the collector read one again.
pub(crate) async fn resume(
    deps: State<Arc<Deps>>,
    caller: Caller,
    id: Id,
) -> Result<Response, Failure> {
    switch(deps, caller, id, (true, "resumed")).await
}

async fn switch(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(id): Id,
    (enabled, done): (bool, &str),
) -> Result<Response, Failure> {
    let id = SourceId(id);
    let found = change(&deps, async move |conn| {
        operator::switch_source(conn, id, enabled, Author::new(&caller.person, None)).await
    })
    .await?;
    found_or_not(found, id, done)
}

/// Makes one due.
pub(crate) async fn run(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(id): Id,
) -> Result<Response, Failure> {
    let id = SourceId(id);
    let outcome = change(&deps, async move |conn| {
        operator::run_source_now(conn, id, Author::new(&caller.person, None)).await
    })
    .await?;
    match outcome {
        RunNow::Due => Ok(back(id, "due")),
        RunNow::Running => Ok(back(id, "running")),
        RunNow::Paused => Ok(back(id, "is-paused")),
        RunNow::CampaignStands(_) => Ok(back(id, "not-active")),
        RunNow::NoSuchSource => Err(Failure::NotFound),
    }
}

fn found_or_not(found: bool, id: SourceId, done: &str) -> Result<Response, Failure> {
    if found {
        Ok(back(id, done))
    } else {
        Err(Failure::NotFound)
    }
}

fn back(id: SourceId, done: &str) -> Response {
    Redirect::to(&format!("/sources/{id}?done={done}")).into_response()
}
