//! The pages of a campaign's sources, and of one.

use askama::Template;
use axum::{http::StatusCode, response::Response};
use shared::{
    db::{
        PgConnection,
        console::sources::{self, Source},
        operator::{self, Campaign},
    },
    domain::{
        gate::CampaignStatus,
        ids::{CampaignId, SourceId},
        person::Role,
    },
};

use super::{
    entries,
    report::{self, Report},
    trial::Outcome,
};
use crate::{
    Deps,
    access::Caller,
    answer,
    answer::Failure,
    fields::{Entries, Problems},
    filters, uploads,
    view::{Place, Shell, StateMark},
};

#[derive(Template)]
#[template(path = "sources.html")]
struct ListPage {
    shell: Shell,
    campaign: Campaign,
    lines: Vec<Line>,
    may_operate: bool,
}

/// A source in the list, with its last report in a sentence.
#[derive(Debug)]
struct Line {
    source: Source,
    state: StateMark,
    reads: String,
    said: String,
}

impl Line {
    fn new(source: Source) -> Self {
        let report = source.last_report.as_ref().and_then(Report::read);
        let said = report.map_or_else(String::new, |report| match report.ended_early() {
            Some(ended) => format!("{} {ended}", report.found()),
            None => report.found(),
        });
        Self {
            state: report::state_mark(&source),
            reads: report::reads(&source),
            said,
            source,
        }
    }
}

impl ListPage {
    fn is_active(&self) -> bool {
        self.campaign.settings.status == CampaignStatus::Active
    }
}

/// A form as it is shown.
#[derive(Debug, Default)]
pub(super) struct Filled {
    pub(super) entries: Entries,
    pub(super) problems: Problems,
    /// What a test of it found.
    pub(super) outcome: Option<Outcome>,
}

impl Filled {
    /// As a person sent it, with what could not be taken.
    pub(super) fn refused(entries: Entries, problems: Problems) -> Self {
        Self {
            entries,
            problems,
            outcome: None,
        }
    }
}

#[derive(Template)]
#[template(path = "source.html")]
struct SourcePage {
    shell: Shell,
    campaign: Campaign,
    /// None where it is a new one.
    known: Option<Line>,
    report: Option<Report>,
    entries: Entries,
    problems: Problems,
    /// What a test of it found.
    outcome: Option<Outcome>,
    /// Whether it can be tested.
    tests: bool,
    /// Whether a list can be uploaded.
    uploads: bool,
    /// Whether there is a form that makes a source of this kind.
    has_form: bool,
    may_operate: bool,
}

impl SourcePage {
    fn action(&self) -> String {
        match &self.known {
            None => format!("/campaigns/{}/sources", self.campaign.id),
            Some(known) => format!("/sources/{}", known.source.id),
        }
    }
}

/// The page of a campaign's sources.
pub(super) async fn list_page(
    deps: &Deps,
    caller: &Caller,
    id: CampaignId,
    said: Option<String>,
) -> Result<Response, Failure> {
    let mut conn = deps.connect().await?;
    let campaign = campaign(&mut conn, id).await?;
    let found = sources::of_campaign(&mut conn, id).await?;
    let shell = Shell::load(&mut conn, deps, caller, Place::Campaigns).await?;
    let page = ListPage {
        may_operate: shell.may(Role::Operator),
        shell: shell.saying(said),
        campaign,
        lines: found.into_iter().map(Line::new).collect(),
    };
    Ok(answer::page(StatusCode::OK, &page))
}

/// The page of a new source.
pub(super) async fn new_page(
    deps: &Deps,
    caller: &Caller,
    id: CampaignId,
    filled: Filled,
) -> Result<Response, Failure> {
    let mut conn = deps.connect().await?;
    let campaign = campaign(&mut conn, id).await?;
    let shell = Shell::load(&mut conn, deps, caller, Place::Campaigns).await?;
    let page = SourcePage {
        may_operate: shell.may(Role::Operator),
        shell,
        campaign,
        known: None,
        report: None,
        entries: filled.entries,
        problems: filled.problems,
        outcome: filled.outcome,
        tests: deps.config.collector_function.is_some(),
        uploads: deps.config.import_bucket.is_some(),
        has_form: true,
    };
    Ok(uploading(deps, answer::page(status(&page.problems), &page)).await)
}

/// The page of a source.
pub(super) async fn known_page(
    deps: &Deps,
    caller: &Caller,
    id: SourceId,
    (sent, said): (Option<Filled>, Option<String>),
) -> Result<Response, Failure> {
    let mut conn = deps.connect().await?;
    let source = sources::one(&mut conn, id).await?;
    let source = source.ok_or(Failure::NotFound)?;
    let shell = Shell::load(&mut conn, deps, caller, Place::Campaigns).await?;
    let stored = entries::of(&source);
    let has_form = stored.is_some();
    let Filled {
        mut entries,
        problems,
        outcome,
    } = sent.unwrap_or_else(|| Filled {
        entries: stored.unwrap_or_default(),
        ..Filled::default()
    });
    entries.set("name", &source.name);
    // An entry that could not be taken is still one to the version that its author saw.
    if entries.get("version").is_empty() {
        entries.set("version", source.version());
    }
    let page = SourcePage {
        may_operate: shell.may(Role::Operator),
        shell: shell.saying(said),
        campaign: campaign(&mut conn, source.campaign).await?,
        report: source.last_report.as_ref().and_then(Report::read),
        known: Some(Line::new(source)),
        entries,
        problems,
        outcome,
        tests: deps.config.collector_function.is_some(),
        uploads: deps.config.import_bucket.is_some(),
        has_form,
    };
    Ok(uploading(deps, answer::page(status(&page.problems), &page)).await)
}

/// Lets the page's script reach the import bucket.
async fn uploading(deps: &Deps, mut response: Response) -> Response {
    if let Some(place) = uploads::place(deps).await {
        response.extensions_mut().insert(place);
    }
    response
}

async fn campaign(conn: &mut PgConnection, id: CampaignId) -> Result<Campaign, Failure> {
    let found = operator::campaign_of_id(conn, id).await?;
    found.ok_or(Failure::NotFound)
}

/// Whether the form could be taken.
pub(super) fn status(problems: &Problems) -> StatusCode {
    if problems.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    }
}
