//! Sources: where a campaign looks for people.

pub(crate) mod trial;

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json as Body,
    extract::State,
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::{
    db::{
        console::sources,
        operator::{self, AddedSource, Author, Redefined, RunNow},
    },
    domain::ids::{CampaignId, SourceId},
};
use utoipa::ToSchema;

use super::{
    answer::{Problem, Refused, Stored, tagged},
    list::Listed,
    once,
    request::{IdempotencyKey, IfMatch, Json, Whole, given},
    sends::Changed,
};
use crate::{Deps, access::Caller, change, fields::Entries, form::Id, pages::sources::entries};

/// A source, and how its last run went.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Source {
    id: i64,
    campaign: i64,
    name: String,
    /// `list` or `x`, or the word of a kind that only the operator's tool makes.
    kind: String,
    /// As the collector reads it.
    params: Value,
    enabled: bool,
    running: bool,
    last_run_at: Option<DateTime<Utc>>,
    /// Whether a person must look before it is read again.
    needs_attention: bool,
    rests_until: Option<DateTime<Utc>>,
    last_report: Option<Value>,
    /// Leads that it found; counted up to 1,000, and 1,001 means more.
    leads: i64,
    #[serde(skip)]
    tag: String,
}

impl From<sources::Source> for Source {
    fn from(source: sources::Source) -> Self {
        Self {
            tag: format!("\"{}\"", source.version()),
            id: source.id.0,
            campaign: source.campaign.0,
            name: source.name,
            kind: match source.kind.as_str() {
                "csv" => "list".to_owned(),
                kind => kind.to_owned(),
            },
            params: source.params,
            enabled: source.enabled,
            running: source.running,
            last_run_at: source.last_run_at,
            needs_attention: source.needs_attention,
            rests_until: source.rests_until,
            last_report: source.last_report,
            leads: source.leads,
        }
    }
}

/// Lists a campaign's sources.
#[utoipa::path(get, path = "/api/v1/campaigns/{id}/sources", tag = "Sources", params(("id" = i64, Path)),
    responses((status = 200, body = Listed<Source>)))]
pub(crate) async fn list_sources(
    State(deps): State<Arc<Deps>>,
    Id(id): Id,
) -> Result<Body<Listed<Source>>, Refused> {
    let mut conn = deps.connect().await?;
    let found = sources::of_campaign(&mut conn, CampaignId(id)).await?;
    Ok(Body(Listed {
        items: found.into_iter().map(Source::from).collect(),
        next: None,
    }))
}

/// Shows a source. Its ETag is needed to edit it.
#[utoipa::path(get, path = "/api/v1/sources/{id}", tag = "Sources", params(("id" = i64, Path)),
    responses((status = 200, body = Source), (status = 404, body = Problem)))]
pub(crate) async fn show_source(
    State(deps): State<Arc<Deps>>,
    Id(id): Id,
) -> Result<Response, Refused> {
    let source = one(&deps, SourceId(id)).await?;
    let source = Source::from(source);
    Ok(tagged(&source.tag.clone(), &source))
}

async fn one(deps: &Deps, id: SourceId) -> Result<sources::Source, Refused> {
    let mut conn = deps.connect().await?;
    sources::one(&mut conn, id).await?.ok_or(Refused::NotFound)
}

/// What a source reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// A list of people in the import bucket.
    List,
    /// A search on X.
    X,
}

/// What a source is to be. A field that is not given stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SourceFields {
    /// Needed for a new one; it stays as it is.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, min_length = 1, max_length = 100)]
    name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    kind: Option<Kind>,
    /// Of a list: an object of the import bucket, such as `s3://lists/spring.csv`.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_length = 1000)]
    file: Option<String>,
    /// Of a list: the platform of rows that name none, `instagram`, `x`, `facebook` or `linkedin`.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    platform: Option<String>,
    /// Of a list: where it is not found by itself, such as `windows-1251`.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_length = 40)]
    encoding: Option<String>,
    /// Of a list: what columns hold whose names do not tell, by the column’s name.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    columns: Option<BTreeMap<String, String>>,
    /// Of a search, in X's own language.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_length = 512)]
    query: Option<String>,
    /// Of a search: posts a page; each is paid for.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, value_type = Option<i64>, minimum = 10, maximum = 100)]
    max_results: Option<Whole>,
    /// Of a search: pages a run at most; the next run goes on.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, value_type = Option<i64>, minimum = 1, maximum = 1000)]
    max_pages: Option<Whole>,
    /// Kept with the change in the audit log.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_length = 300)]
    note: Option<String>,
}

/// As a form writes it: a column a line.
fn lines(columns: BTreeMap<String, String>) -> String {
    let lines = columns.into_iter();
    let lines = lines.map(|(name, field)| format!("{name} = {field}"));
    lines.collect::<Vec<_>>().join("\n")
}

impl SourceFields {
    /// The form that says so, where another was filled in before: one set of rules reads both.
    ///
    /// # Errors
    /// When a field is of another kind than the source: it would say nothing.
    fn onto(self, mut entries: Entries) -> Result<Entries, Refused> {
        self.check(entries.get("kind"))?;
        let number = |number: Option<Whole>| number.map(|number| number.0.to_string());
        let kind = self.kind.map(|kind| match kind {
            Kind::List => "list".to_owned(),
            Kind::X => "x".to_owned(),
        });
        for (field, text) in [
            ("name", self.name),
            ("kind", kind),
            ("file", self.file),
            ("platform", self.platform),
            ("encoding", self.encoding),
            ("columns", self.columns.map(lines)),
            ("query", self.query),
            ("max_results", number(self.max_results)),
            ("max_pages", number(self.max_pages)),
            ("note", self.note),
        ] {
            if let Some(text) = text {
                entries.set(field, text);
            }
        }
        Ok(entries)
    }

    fn check(&self, stored: &str) -> Result<(), Refused> {
        let is_search = match self.kind {
            Some(kind) => kind == Kind::X,
            None => stored == "x",
        };
        let of_a_list = [
            ("/file", self.file.is_some()),
            ("/platform", self.platform.is_some()),
            ("/encoding", self.encoding.is_some()),
            ("/columns", self.columns.is_some()),
        ];
        let of_a_search = [
            ("/query", self.query.is_some()),
            ("/max_results", self.max_results.is_some()),
            ("/max_pages", self.max_pages.is_some()),
        ];
        let wrong = match is_search {
            true => of_a_list.as_slice(),
            false => of_a_search.as_slice(),
        };
        match wrong.iter().find(|(_, given)| *given) {
            Some((pointer, _)) => Err(Refused::field(
                pointer,
                "A source of this kind has no such field.",
            )),
            None => Ok(()),
        }
    }
}

/// Adds a source to a campaign.
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/sources", tag = "Sources",
    params(("id" = i64, Path), super::KeyHeader), request_body = SourceFields,
    responses((status = 201, body = Source), (status = 404, body = Problem),
        (status = 409, description = "The name is taken", body = Problem)))]
pub(crate) async fn create_source(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(id): Id,
    key: IdempotencyKey,
    Json { body, fingerprint }: Json<SourceFields>,
) -> Result<Response, Refused> {
    let wanted = entries::read(&body.onto(entries::fresh())?)?;
    let person = caller.person.clone();
    once(&deps, &caller, (key, fingerprint), async move |conn| {
        let author = Author::new(&person, wanted.note.as_deref());
        let (campaign, definition) = (CampaignId(id), &wanted.definition);
        let added = operator::add_source(conn, campaign, &wanted.name, definition, author).await?;
        let source = match added {
            AddedSource::Added(source) => source,
            AddedSource::NoSuchCampaign => return Ok(Err(Refused::NotFound)),
            AddedSource::NameTaken => {
                let why = "This campaign has a source of this name already. Give this one another.";
                return Ok(Err(Refused::Conflict(why.to_owned())));
            }
        };
        let Some(source) = sources::one(conn, source).await? else {
            return Ok(Err(Refused::NotFound));
        };
        let source = Source::from(source);
        let location = format!("/api/v1/sources/{}", source.id);
        Ok(Ok(Stored::created(
            location,
            Some(source.tag.clone()),
            &source,
        )))
    })
    .await
}

/// Gives a source another definition. What is not given stays (RFC 7396).
#[utoipa::path(patch, path = "/api/v1/sources/{id}", tag = "Sources",
    params(("id" = i64, Path), super::VersionHeader), request_body = SourceFields,
    responses((status = 200, body = Source), (status = 404, body = Problem),
        (status = 409, description = "Of its kind only the operator’s tool makes sources", body = Problem),
        (status = 412, description = "It was changed since; the ETag is the present one’s", body = Problem),
        (status = 428, description = "If-Match is missing", body = Problem)))]
pub(crate) async fn edit_source(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(id): Id,
    IfMatch(seen): IfMatch,
    Json { body, .. }: Json<SourceFields>,
) -> Result<Response, Refused> {
    let id = SourceId(id);
    let stands = one(&deps, id).await?;
    let stored = entries::of(&stands).ok_or_else(|| {
        Refused::Conflict("Of this kind only the operator’s tool makes sources.".to_owned())
    })?;
    if body.name.as_ref().is_some_and(|name| *name != stands.name) {
        return Err(Refused::field("/name", "A source keeps its name."));
    }
    let present = format!("\"{}\"", stands.version());
    if seen != present {
        return Err(Refused::Stale(present));
    }
    let wanted = entries::read(&body.onto(stored)?)?;
    let version = stands.version();
    let redefined = change(&deps, async move |conn| {
        let author = Author::new(&caller.person, wanted.note.as_deref());
        operator::redefine_source(conn, id, (&version, &wanted.definition), author).await
    })
    .await?;
    let source = Source::from(one(&deps, id).await?);
    match redefined {
        Redefined::Done => Ok(tagged(&source.tag.clone(), &source)),
        Redefined::Stale => Err(Refused::Stale(source.tag)),
        Redefined::NoSuchSource => Err(Refused::NotFound),
    }
}

/// Whether the collector reads a source.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Switch {
    enabled: bool,
}

/// Has the collector read a source, or leave it alone.
#[utoipa::path(post, path = "/api/v1/sources/{id}/status", tag = "Sources", params(("id" = i64, Path)),
    request_body = Switch,
    responses((status = 200, body = Source), (status = 404, body = Problem)))]
pub(crate) async fn switch_source(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(id): Id,
    Json { body, .. }: Json<Switch>,
) -> Result<Response, Refused> {
    let id = SourceId(id);
    let found = change(&deps, async move |conn| {
        let author = Author::new(&caller.person, None);
        operator::switch_source(conn, id, body.enabled, author).await
    })
    .await?;
    if !found {
        return Err(Refused::NotFound);
    }
    let source = Source::from(one(&deps, id).await?);
    Ok(tagged(&source.tag.clone(), &source))
}

/// Has the collector's next run read a source that rests.
#[utoipa::path(post, path = "/api/v1/sources/{id}/run", tag = "Sources", params(("id" = i64, Path)),
    responses((status = 200, body = Changed), (status = 404, body = Problem),
        (status = 409, description = "It is paused, or its campaign is not active", body = Problem)))]
pub(crate) async fn run_source(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Id(id): Id,
) -> Result<Response, Refused> {
    let outcome = change(&deps, async move |conn| {
        operator::run_source_now(conn, SourceId(id), Author::new(&caller.person, None)).await
    })
    .await?;
    let changed = |changed| Ok(Body(Changed { changed }).into_response());
    match outcome {
        RunNow::Due => changed(true),
        RunNow::Running => changed(false),
        RunNow::Paused => Err(Refused::Conflict(
            "The source is paused. Switch it on first.".to_owned(),
        )),
        RunNow::CampaignStands(_) => Err(Refused::Conflict(
            "Only the sources of an active campaign are read. Activate the campaign first."
                .to_owned(),
        )),
        RunNow::NoSuchSource => Err(Refused::NotFound),
    }
}
