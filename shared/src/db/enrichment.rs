//! Table `enriched_leads`: what a lead is about, and what was decided about writing to it.

mod record;

use chrono::{DateTime, Utc};
pub use record::{NewEnrichment, Plan, Recorded, record};
use serde_json::Value;
use sqlx::PgConnection;

use super::DbError;
use crate::domain::{
    basis::{Basis, BasisRules},
    country::Country,
    email::EmailHash,
    gate::{CampaignFacts, CampaignStatus, PastMails, RecipientFacts},
    ids::{CampaignId, LeadId},
    lead::{Lead, Platform},
    score::{Confidence, Score},
};

/// One lead to be looked at for one campaign.
#[derive(Debug, Clone)]
pub struct Task {
    /// The lead.
    pub lead: Lead,
    /// The mailbox's key, if the lead has an address.
    pub email_hash: Option<EmailHash>,
    /// When the enrichment was asked for: clears exactly this request when it is answered.
    pub requested_at: Option<DateTime<Utc>>,
    /// The campaign.
    pub campaign: Campaign,
    /// What is known about the mailbox.
    pub recipient: RecipientFacts,
    /// The last enrichment's version and what it was made from.
    pub latest: Option<(i32, Vec<u8>)>,
}

/// A campaign as an enrichment needs it.
#[derive(Debug, Clone)]
pub struct Campaign {
    /// Its row.
    pub id: CampaignId,
    /// What is offered.
    pub offer: String,
    /// Whom it is for.
    pub audience: String,
    /// The gate's rules. Its mails of today do not matter to a plan.
    pub facts: CampaignFacts,
}

/// What a batch of ids turned out to be.
#[derive(Debug, Default)]
pub struct Work {
    /// What is to be looked at.
    pub tasks: Vec<Task>,
    /// Ids of leads that are there, with or without a task: erased, or no campaign wants them.
    pub known: Vec<i64>,
}

/// Reads what a batch of leads needs, in one statement.
///
/// # Errors
/// When the statement fails.
pub async fn load(conn: &mut PgConnection, ids: &[i64]) -> Result<Work, DbError> {
    let rows = sqlx::query!(
        r#"select l.id, l.source, l.username, l.name, l.email, l.email_hash, l.bio,
                l.follower_count, l.verified, l.location, l.website, l.country, l.language,
                l.enrich_requested_at, l.erased_at is not null as "erased!",
                c.id as "campaign_id?", c.offer as "offer?", c.audience as "audience?",
                c.min_score as "min_score?", c.min_confidence as "min_confidence?",
                c.review_all as "review_all?", c.basis_rules as "basis_rules?",
                r.country as "recipient_country?", r.basis as "basis?",
                r.suppressed_at is not null as "suppressed!",
                r.erased_at is not null as "recipient_erased!",
                e.enrichment_version as "version?", e.prompt_hash as "prompt_hash?"
         from leads l
         left join lateral (
             select distinct on (c.id) c.*
             from lead_sources ls
             join sources s on s.id = ls.source_id
             join campaigns c on c.id = s.campaign_id
             where ls.lead_id = l.id and c.status = 'active'
             order by c.id
         ) c on true
         left join recipients r on r.email_hash = l.email_hash
         left join lateral (
             select e.enrichment_version, e.prompt_hash
             from enriched_leads e
             where e.lead_id = l.id and e.campaign_id = c.id
             order by e.enrichment_version desc
             limit 1
         ) e on true
         where l.id = any($1)
         order by l.id, c.id"#,
        ids,
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("read leads to enrich"))?;

    let mut work = Work::default();
    for row in rows {
        work.known.push(row.id);
        let Some(campaign_id) = row.campaign_id else {
            continue;
        };
        if row.erased {
            continue;
        }
        let campaign = Campaign {
            id: CampaignId(campaign_id),
            offer: row.offer.unwrap_or_default(),
            audience: row.audience.unwrap_or_default(),
            facts: campaign_facts(
                CampaignStatus::Active,
                row.min_score.unwrap_or(100),
                row.min_confidence.unwrap_or(1.0),
                row.review_all.unwrap_or(true),
                row.basis_rules,
            ),
        };
        let country = row.country.and_then(|code| code.parse().ok());
        let recipient_country = row.recipient_country.and_then(|code| code.parse().ok());
        work.tasks.push(Task {
            email_hash: row
                .email_hash
                .and_then(|h| h.try_into().ok())
                .map(EmailHash),
            requested_at: row.enrich_requested_at,
            campaign,
            recipient: RecipientFacts {
                erased: row.recipient_erased,
                suppressed: row.suppressed,
                country: agreed(recipient_country, country),
                basis: row.basis.as_deref().and_then(Basis::from_word),
                past: PastMails::default(),
            },
            latest: row.version.zip(row.prompt_hash),
            lead: Lead {
                id: LeadId(row.id),
                platform: Platform::from_word(&row.source).unwrap_or(Platform::Csv),
                username: row.username,
                name: row.name,
                email: row.email,
                bio: row.bio,
                follower_count: row.follower_count,
                verified: row.verified,
                location: row.location,
                website: row.website,
                country,
                language: row.language,
            },
        });
    }
    Ok(work)
}

/// Where a person is, from what the mailbox and the profile say. If they disagree nobody knows, and
/// a person looks.
pub(super) fn agreed(mailbox: Option<Country>, profile: Option<Country>) -> Option<Country> {
    match (mailbox, profile) {
        (Some(one), Some(other)) => (one == other).then_some(one),
        (known, None) | (None, known) => known,
    }
}

/// A campaign's rules from its columns. What cannot be read gets the strictest value.
pub(super) fn campaign_facts(
    status: CampaignStatus,
    min_score: i16,
    min_confidence: f32,
    review_all: bool,
    basis_rules: Option<Value>,
) -> CampaignFacts {
    let rules = basis_rules.map(serde_json::from_value::<BasisRules>);
    let unreadable = matches!(rules, Some(Err(_)));
    CampaignFacts {
        status,
        min_score: Score::new(min_score.into()).unwrap_or(Score::MAX),
        min_confidence: Confidence::new(min_confidence).unwrap_or(Confidence::MAX),
        review_all: review_all || unreadable,
        basis_rules: rules.and_then(Result::ok).unwrap_or_default(),
        hours: None,
        breaker_open: false,
    }
}

/// Clears requests that need no new enrichment: nothing that is read has changed.
///
/// # Errors
/// When the statement fails.
pub async fn clear_requests(
    conn: &mut PgConnection,
    leads: &[(LeadId, Option<DateTime<Utc>>)],
) -> Result<(), DbError> {
    let ids: Vec<i64> = leads.iter().map(|(id, _)| id.0).collect();
    let requested: Vec<Option<DateTime<Utc>>> = leads.iter().map(|(_, at)| *at).collect();
    sqlx::query!(
        "update leads l set enrich_requested_at = null
         from (select * from unnest($1::bigint[], $2::timestamptz[]) as a (id, requested_at)
               order by id) a
         where l.id = a.id and l.enrich_requested_at = a.requested_at",
        &ids,
        &requested as &[Option<DateTime<Utc>>],
    )
    .execute(conn)
    .await
    .map_err(DbError::on("clear answered requests"))?;
    Ok(())
}
