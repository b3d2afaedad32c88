//! Everything that a reviewer is shown of one draft.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use sqlx::PgConnection;

use crate::{
    db::{DbError, known},
    domain::{
        content::Draft,
        lead::{Origin, Platform},
        letter::Languages,
        review::Seen,
        send_state::SendState,
    },
};

/// A draft, with whom it is for and why a person looks first.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    pub send: i64,
    pub state: SendState,
    /// Why a person looks first, as a word.
    pub reason: Option<String>,
    pub campaign: String,
    pub campaign_active: bool,
    pub min_score: i16,
    pub min_confidence: f32,
    pub lead: i64,
    pub platform: Platform,
    pub origin: Origin,
    pub username: String,
    pub name: Option<String>,
    pub bio: Option<String>,
    pub followers: Option<i64>,
    pub location: Option<String>,
    pub website: Option<String>,
    pub profile_url: Option<String>,
    pub country: Option<String>,
    pub language: Option<String>,
    /// The part of the address behind the @.
    pub domain: Option<String>,
    pub read_at: DateTime<Utc>,
    pub niche: String,
    pub score: i16,
    pub confidence: f32,
    pub notes: String,
    pub compliance_notes: String,
    pub method: String,
    pub evidence: Vec<Evidence>,
    /// None where the rules scored the lead, which write no text.
    pub draft: Option<Draft>,
    pub offer: String,
    /// Stands for text, frame and profile: what is decided is decided about these.
    pub seen: [u8; 32],
    /// Until when whoever asked holds it.
    pub held_until: Option<DateTime<Utc>>,
    /// Who decided about it last, by name.
    pub decided_by: Option<String>,
}

/// What the model says of a person, and the words that it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Evidence {
    pub claim: String,
    pub quote: String,
}

/// Reads a draft; none where there is no such send.
///
/// # Errors
/// When the statement fails, or a row holds what this program does not know.
pub async fn item(
    conn: &mut PgConnection,
    subject: &str,
    send: i64,
) -> Result<Option<Item>, DbError> {
    Ok(items(conn, subject, &[send]).await?.pop())
}

/// Reads drafts, in the order of the ids.
///
/// # Errors
/// When the statement fails, or a row holds what this program does not know.
pub async fn items(
    conn: &mut PgConnection,
    subject: &str,
    sends: &[i64],
) -> Result<Vec<Item>, DbError> {
    let rows = sqlx::query!(
        r#"select s.id, s.state::text as "state!", s.reason, s.content_hash, s.lead_id,
                  c.name as campaign, c.min_score, c.min_confidence, c.status = 'active' as "active!",
                  coalesce(e.offer, c.offer) as "offer!",
                  l.source, l.username, l.name, l.bio, l.follower_count, l.location, l.website, l.profile_url,
                  coalesce(r.country, l.country) as country, l.updated_at, l.profile_changed_at,
                  e.offer is not null as "is_written!", e.language as text_language,
                  c.language as campaign_language, l.language as profile_language,
                  split_part(l.email, '@', 2) as domain,
                  e.niche, e.score, e.ai_confidence, e.notes, e.compliance_notes, e.method, e.evidence,
                  e.subject, e.message, h.until as "until?",
                  (select o.kind from lead_sources f join sources o on o.id = f.source_id
                   where f.lead_id = l.id and o.campaign_id = s.campaign_id
                   order by o.id limit 1) as kind,
                  (select p.name from reviews v join sessions p on p.subject = v.subject
                   where v.send_id = s.id and v.decision <> 'skipped'
                   order by v.id desc, p.created_at desc limit 1) as decided_by
           from sends s
           join campaigns c on c.id = s.campaign_id
           join leads l on l.id = s.lead_id
           join recipients r on r.email_hash = s.email_hash
           join enriched_leads e on e.id = s.enriched_lead_id
           left join review_leases h on h.send_id = s.id and h.subject = $2 and h.until > now()
           where s.id = any($1)
           order by array_position($1, s.id)"#,
        sends,
        subject,
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("read drafts"))?;
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        let text = row.subject.zip(row.message);
        let kind = row.kind.as_deref().unwrap_or("csv");
        let origin = Origin::of_kind(kind).ok_or_else(|| DbError::UnknownWord {
            table: "sources",
            row: format!("of lead {}", row.lead_id),
            column: "kind",
        })?;
        let language = Languages {
            is_written: row.is_written,
            text: row.text_language,
            campaign: row.campaign_language,
            profile: row.profile_language,
        }
        .of_text();
        let seen = Seen {
            content_hash: &row.content_hash,
            profile_changed_at: row.profile_changed_at,
            offer: &row.offer,
            language: language.as_deref(),
        }
        .fingerprint();
        items.push(Item {
            send: row.id,
            state: known(&row.state, "sends", row.id, "state")?,
            reason: row.reason,
            campaign: row.campaign,
            campaign_active: row.active,
            min_score: row.min_score,
            min_confidence: row.min_confidence,
            lead: row.lead_id,
            platform: known(&row.source, "leads", row.lead_id, "source")?,
            origin,
            username: row.username,
            name: row.name,
            bio: row.bio,
            followers: row.follower_count,
            location: row.location,
            website: row.website,
            profile_url: row.profile_url,
            country: row.country,
            language,
            domain: row.domain.filter(|domain| !domain.is_empty()),
            read_at: row.updated_at,
            niche: row.niche,
            score: row.score,
            confidence: row.ai_confidence,
            notes: row.notes,
            compliance_notes: row.compliance_notes,
            method: row.method,
            // Evidence of another shape is shown as none.
            evidence: serde_json::from_value(row.evidence).unwrap_or_default(),
            draft: text.map(|(subject, message)| Draft { subject, message }),
            offer: row.offer,
            seen,
            held_until: row.until,
            decided_by: row.decided_by,
        });
    }
    Ok(items)
}
