//! Sends: what is planned, waits, left or was refused, each with its reason; and what a person decides about calls
//! whose outcome nobody knows.

mod detail;

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
pub(crate) use detail::show_one;
use serde::Deserialize;
use shared::{
    db::operator::{self, Author, Filter, LeadStatus, Narrowing, Resolution, Resolved},
    domain::{ids::SendId, person::Role, send_state::SendState},
};

use crate::{
    Deps,
    access::Caller,
    answer,
    answer::Failure,
    change,
    fields::NOTE,
    filters,
    form::{Form, Id, Query},
    view::{Place, Shell, StateMark, counted, number, state_mark},
};

/// Rows of a page: the newest. A narrower filter shows older ones.
const ROWS: i64 = 100;
/// Which leads have no mail is asked of so many: no index tells.
const AMONG: i64 = 3_000;

/// Each filter: its word in the address, and on the page.
const FILTERS: [(&str, &str); 9] = [
    ("all", "All"),
    ("unknown", "Outcome unknown"),
    ("deferred", "Waiting"),
    ("review", "In review"),
    ("sent", "Sent"),
    ("delivered", "Delivered"),
    ("refused", "Not sent"),
    ("bounced", "Bounced"),
    ("unplanned", "Never planned"),
];

/// Which sends are asked for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    show: String,
    #[serde(default)]
    campaign: String,
    done: Option<String>,
}

#[derive(Debug)]
struct Chip {
    href: String,
    title: &'static str,
    current: bool,
}

#[derive(Debug)]
struct Row {
    status: LeadStatus,
    mark: StateMark,
}

#[derive(Template)]
#[template(path = "sends.html")]
struct SendsPage {
    shell: Shell,
    chips: Vec<Chip>,
    show: &'static str,
    campaign: String,
    campaigns: Vec<String>,
    rows: Vec<Row>,
    count: String,
    may_resolve: bool,
}

/// Lists sends.
pub(crate) async fn show(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let (word, title) = chosen(&asked.show).ok_or(Failure::Unreadable("the address"))?;
    let mut conn = deps.connect().await?;
    let shell = Shell::load(&mut conn, &deps, &caller, Place::Sends).await?;
    let campaigns = operator::campaigns(&mut conn).await?;
    let campaign = Some(asked.campaign.as_str()).filter(|name| !name.is_empty());
    let narrowing = Narrowing {
        filter: filter(word),
        campaign,
        among: Some(AMONG),
        ..Narrowing::default()
    };
    let found = operator::list_sends(&mut conn, narrowing, ROWS).await?;
    drop(conn);
    let count = i64::try_from(found.len()).unwrap_or(ROWS);
    let newest = if count >= ROWS { "The newest " } else { "" };
    let among = match (narrowing.filter, campaign) {
        (Filter::Unplanned, None) => format!(" among the {} leads stored last", number(AMONG)),
        (Filter::Unplanned, Some(_)) => format!(
            " among the {} leads of this campaign stored last",
            number(AMONG)
        ),
        _ => String::new(),
    };
    let page = SendsPage {
        may_resolve: shell.may(Role::Operator),
        shell: shell.saying(asked.done.as_deref().and_then(said)),
        chips: FILTERS
            .iter()
            .map(|(other, title)| Chip {
                href: address(other, &asked.campaign),
                title,
                current: *other == word,
            })
            .collect(),
        show: title,
        campaign: asked.campaign,
        campaigns: campaigns
            .into_iter()
            .map(|campaign| campaign.name)
            .collect(),
        count: format!("{newest}{}{among}", counted(count, "row", "rows")),
        rows: found
            .into_iter()
            .map(|status| Row {
                mark: state_mark(status.state),
                status,
            })
            .collect(),
    };
    Ok(answer::page(StatusCode::OK, &page))
}

/// A filter's word and title; the first where none is asked for.
pub(crate) fn chosen(word: &str) -> Option<(&'static str, &'static str)> {
    let word = if word.is_empty() { "all" } else { word };
    FILTERS.into_iter().find(|(known, _)| *known == word)
}

/// What a filter's word asks for.
pub(crate) fn filter(word: &str) -> Filter {
    match word {
        "unknown" => Filter::Unknown,
        "deferred" => Filter::Deferred,
        "review" => Filter::Review,
        "unplanned" => Filter::Unplanned,
        state => state.parse::<SendState>().map_or(Filter::All, Filter::Only),
    }
}

fn address(show: &str, campaign: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("show", show)
        .append_pair("campaign", campaign)
        .finish();
    format!("/sends?{query}")
}

fn said(done: &str) -> Option<&'static str> {
    match done {
        "resend" => Some("It is planned again, and leaves under every rule."),
        "given-up" => {
            Some("It is never sent again. An event of SES that comes later still counts.")
        }
        "already" => Some("Somebody gave up on it before."),
        "not-unknown" => Some("Its outcome is known by now: nothing was changed."),
        _ => None,
    }
}

/// What a person knows of a call whose outcome nobody recorded.
#[derive(Debug, Deserialize)]
pub(crate) struct Decision {
    decision: String,
    #[serde(default)]
    note: String,
}

/// Decides about a call whose outcome is unknown.
pub(crate) async fn resolve(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(send): Id,
    Form(Decision { decision, note }): Form<Decision>,
) -> Result<Response, Failure> {
    let resolution = match decision.as_str() {
        "resend" => Resolution::Resend,
        "give-up" => Resolution::GiveUp,
        _ => return Err(Failure::Unreadable("the form")),
    };
    if note.chars().count() > NOTE.longest {
        return Err(Failure::Unreadable("the note"));
    }
    let resolved = change(&deps, async move |conn| {
        let note = Some(note.trim()).filter(|note| !note.is_empty());
        let author = Author::new(&caller.person, note);
        operator::resolve(conn, SendId(send), resolution, author).await
    })
    .await?;
    let done = match (resolved, resolution) {
        (Resolved::Done, Resolution::Resend) => "resend",
        (Resolved::Done, Resolution::GiveUp) => "given-up",
        (Resolved::AlreadyGivenUp, _) => "already",
        (Resolved::NotUnknown(_), _) => "not-unknown",
        (Resolved::NoSuchSend, _) => return Err(Failure::NotFound),
    };
    Ok(Redirect::to(&format!("/sends?show=unknown&done={done}")).into_response())
}
