//! One lead: what is known of it, its whole story, and what a person may do about it.

mod act;
mod happenings;

pub use act::{
    AddedNote, Again, AskedAgain, NOTE_MAX, SuppressedLead, add_note, ask_again, price_again,
    show_address, suppress,
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;

use super::{super::DbError, begin_reading};
use crate::{
    db::operator::{self, LeadStatus},
    domain::{
        email::AddressHint,
        ids::LeadId,
        lead::Platform,
        story::{self, Entry},
    },
};

/// What is known of a lead. Of its address only what a page may hint at.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LeadFacts {
    pub id: i64,
    pub platform: String,
    pub username: String,
    pub name: Option<String>,
    pub profile_url: Option<String>,
    pub website: Option<String>,
    pub bio: Option<String>,
    pub location: Option<String>,
    pub country: Option<String>,
    pub language: Option<String>,
    pub follower_count: Option<i64>,
    pub verified: bool,
    pub address: Option<AddressHint>,
    /// Why its mailbox may be written to, as somebody recorded it.
    pub basis: Option<String>,
    pub suppressed_at: Option<DateTime<Utc>>,
    pub suppression_reason: Option<String>,
    pub found_at: DateTime<Utc>,
    /// When its profile last changed.
    pub updated_at: DateTime<Utc>,
    /// An assessment is pending since then.
    pub enrichment_requested_at: Option<DateTime<Utc>>,
    pub erased_at: Option<DateTime<Utc>>,
}

/// A lead's page.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LeadPage {
    pub lead: LeadFacts,
    /// Where it stands in each campaign that found it, what acted last first.
    pub statuses: Vec<LeadStatus>,
    /// Oldest first.
    pub story: Vec<Entry>,
    /// What the model has cost for it, in millionths of a US dollar.
    pub cost_micros: i64,
}

/// Everything about a lead; none if there is no such lead.
///
/// # Errors
/// When a statement fails, or a row holds what this program does not know.
pub async fn page(conn: &mut PgConnection, lead: LeadId) -> Result<Option<LeadPage>, DbError> {
    let mut tx = begin_reading(conn).await?;
    let Some(facts) = facts(&mut tx, lead).await? else {
        return Ok(None);
    };
    let platform = facts.platform.parse().map_or("a list", Platform::title);
    let happenings = happenings::of(&mut tx, lead, platform, facts.erased_at).await?;
    let story = story::story(happenings);
    let assessments = story.iter().filter_map(|entry| entry.assessment.as_ref());
    Ok(Some(LeadPage {
        cost_micros: assessments.map(|assessment| assessment.cost_micros).sum(),
        statuses: operator::lead_statuses(&mut tx, &[lead.0]).await?,
        lead: facts,
        story,
    }))
}

async fn facts(conn: &mut PgConnection, lead: LeadId) -> Result<Option<LeadFacts>, DbError> {
    let row = sqlx::query!(
        r#"select l.source, l.username, l.name, l.profile_url, l.website, l.bio, l.location, l.country,
                  l.language, l.follower_count, l.verified, l.email, l.created_at, l.updated_at,
                  l.enrich_requested_at, coalesce(l.erased_at, r.erased_at) as erased_at,
                  r.basis as "basis?", r.suppressed_at, r.suppression_reason
           from leads l left join recipients r on r.email_hash = l.email_hash
           where l.id = $1"#,
        lead.0,
    )
    .fetch_optional(conn)
    .await
    .map_err(DbError::on("read a lead"))?;
    Ok(row.map(|row| LeadFacts {
        id: lead.0,
        platform: row.source,
        username: row.username,
        name: row.name,
        profile_url: row.profile_url,
        website: row.website,
        bio: row.bio,
        location: row.location,
        country: row.country,
        language: row.language,
        follower_count: row.follower_count,
        verified: row.verified,
        address: row.email.as_deref().and_then(AddressHint::of),
        basis: row.basis,
        suppressed_at: row.suppressed_at,
        suppression_reason: row.suppression_reason,
        found_at: row.created_at,
        updated_at: row.updated_at,
        enrichment_requested_at: row.enrich_requested_at,
        erased_at: row.erased_at,
    }))
}
