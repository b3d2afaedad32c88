//! A platform that is not there: the local cloud's stand-in, with leads of every kind. Read from
//! its start each run, as a person would re-import a list.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::domain::{
    intake::{Fields, Page, RawProfile, Row, RowError},
    lead::Platform,
};

use super::{Endpoints, SourceError, cursor_or_start, fetch};

/// What to read.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Params {
    /// Rows a page, 100 if not given.
    limit: Option<u32>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Cursor {
    after: Option<String>,
}

/// A run over the stand-in's leads.
#[derive(Debug)]
pub struct Simulated<'a> {
    endpoints: &'a Endpoints,
    url: String,
    limit: u32,
}

impl<'a> Simulated<'a> {
    pub(super) fn open(params: Params, endpoints: &'a Endpoints) -> Result<Self, SourceError> {
        let base = endpoints.simulated_api_base.as_ref();
        let base = base.ok_or(SourceError::NotConfigured("SIMULATED_API_BASE"))?;
        let url = format!("{}/leads", base.as_str().trim_end_matches('/'));
        Ok(Self {
            endpoints,
            url,
            limit: params.limit.unwrap_or(100),
        })
    }
}

impl Simulated<'_> {
    pub(super) async fn next_page(&mut self, cursor: &Value) -> Result<Option<Page>, SourceError> {
        let Cursor { after } = cursor_or_start(cursor);
        let mut query = vec![("limit", self.limit.to_string())];
        query.extend(after.map(|after| ("cursor", after)));
        let reply = fetch::get(&self.endpoints.http, &self.url, &query, None).await?;
        let unreadable = |_| SourceError::Unavailable("the answer is not a page".to_owned());
        let page: Leads = reply.json().map_err(unreadable)?;
        let rows = (1..).zip(page.leads).map(|(line, lead)| Row {
            line,
            profile: profile(lead),
        });
        Ok(Some(Page {
            rows: rows.collect(),
            last: page.next_cursor.is_none(),
            cursor: json!(Cursor {
                after: page.next_cursor
            }),
        }))
    }
}

#[derive(Deserialize)]
struct Leads {
    leads: Vec<Value>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Lead {
    platform: String,
    id: Option<String>,
    username: Option<String>,
    name: Option<String>,
    bio: Option<String>,
    email: Option<String>,
    website: Option<String>,
    location: Option<String>,
    country: Option<String>,
    language: Option<String>,
    followers: Option<i64>,
    verified: Option<bool>,
    profile_url: Option<String>,
}

/// Row by row: one of the wrong shape must not take its page along.
fn profile(raw: Value) -> Result<RawProfile, RowError> {
    let lead: Lead = serde_json::from_value(raw.clone())
        .map_err(|error| RowError::Shape(without_values(&error)))?;
    let platform = Platform::from_word(&lead.platform);
    Ok(RawProfile {
        platform: Some(platform.ok_or(RowError::Platform)?),
        external_id: lead.id,
        username: lead.username,
        name: lead.name,
        email: lead.email,
        profile_url: lead.profile_url,
        follower_count: lead.followers,
        bio: lead.bio,
        verified: lead.verified,
        location: lead.location,
        website: lead.website,
        country: lead.country,
        language: lead.language,
        raw: Some(raw),
        unknown: Fields::default(),
    })
}

/// serde's text quotes the value it stumbled on, which may be personal data.
fn without_values(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Data => "a field is missing or of the wrong type",
        serde_json::error::Category::Syntax
        | serde_json::error::Category::Eof
        | serde_json::error::Category::Io => "it is not JSON",
    }
}
