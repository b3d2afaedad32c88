//! Table `enriched_leads`: what a lead is about, and what was decided about writing to it.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgConnection, Postgres, Transaction};

use super::DbError;
use crate::domain::{
    basis::{Basis, BasisRules},
    content::ContentHash,
    email::EmailHash,
    gate::{CampaignFacts, CampaignStatus, Method, RecipientFacts},
    ids::{CampaignId, LeadId, SendId},
    lead::{Lead, Platform},
    reason::Reason,
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
                country: recipient_country.or(country),
                basis: row.basis.as_deref().and_then(Basis::from_word),
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
        left_today: 1,
    }
}

/// An enrichment and what it leads to, ready to be stored.
#[derive(Debug, Clone)]
pub struct NewEnrichment {
    /// The lead.
    pub lead: LeadId,
    /// When this enrichment was asked for.
    pub requested_at: Option<DateTime<Utc>>,
    /// The campaign.
    pub campaign: CampaignId,
    /// One more than the last.
    pub version: i32,
    /// What the lead is about, in a word or two.
    pub niche: String,
    /// Fit.
    pub score: Score,
    /// The short summary.
    pub notes: String,
    /// Subject and message, unless nobody wrote any.
    pub draft: Option<crate::domain::content::Draft>,
    /// Whether nothing speaks against writing to this lead.
    pub compliant: bool,
    /// What speaks against it.
    pub compliance_notes: String,
    /// How sure the scorer is.
    pub confidence: Confidence,
    /// Claims about the lead with the words of the profile that back them.
    pub evidence: Value,
    /// Model or rules.
    pub method: Method,
    /// The model's name, if it was asked.
    pub model: Option<String>,
    /// What it was made from.
    pub prompt_hash: [u8; 32],
    /// What it cost, in millionths of a US dollar.
    pub cost_micros: i64,
    /// Why no mail is planned, or why a person looks first.
    pub reason: Option<Reason>,
    /// The gate's answer with its facts.
    pub decision: Value,
    /// The mail that follows, if any.
    pub plan: Option<Plan>,
}

/// A mail to plan.
#[derive(Debug, Clone)]
pub struct Plan {
    /// To whom.
    pub email_hash: EmailHash,
    /// Where that person is.
    pub country: Option<crate::domain::country::Country>,
    /// Whether a person looks first.
    pub review: bool,
    /// Hash of the text that was decided on.
    pub content_hash: ContentHash,
}

/// What was stored.
#[derive(Debug, Default)]
pub struct Recorded {
    /// Sends that may go out now, to be announced after the commit.
    pub due: Vec<SendId>,
    /// Enrichments whose mailbox already has a mail of this campaign.
    pub duplicates: usize,
}

/// Stores enrichments, plans their sends and clears the requests they answer, for a whole batch.
/// Each is either stored with its send or was stored before.
///
/// # Errors
/// When a statement fails; roll back.
pub async fn record(
    tx: &mut Transaction<'_, Postgres>,
    batch: &[NewEnrichment],
) -> Result<Recorded, DbError> {
    let failed = DbError::on("store enrichments");
    let decimal = |get: fn(&NewEnrichment) -> i64| -> Vec<i64> { batch.iter().map(get).collect() };
    let leads = decimal(|e| e.lead.0);
    let campaigns = decimal(|e| e.campaign.0);
    let costs = decimal(|e| e.cost_micros);
    let text = |get: fn(&NewEnrichment) -> Option<&str>| -> Vec<Option<String>> {
        batch.iter().map(|e| get(e).map(str::to_owned)).collect()
    };
    let niches = text(|e| Some(&e.niche));
    let notes = text(|e| Some(&e.notes));
    let subjects = text(|e| e.draft.as_ref().map(|d| d.subject.as_str()));
    let messages = text(|e| e.draft.as_ref().map(|d| d.message.as_str()));
    let compliance_notes = text(|e| Some(&e.compliance_notes));
    let methods = text(|e| Some(e.method.as_str()));
    let models = text(|e| e.model.as_deref());
    let reasons = text(|e| e.reason.map(Reason::as_str));
    let outcomes = text(|e| {
        Some(match &e.plan {
            Some(plan) if plan.review => "review",
            Some(_) => "planned",
            None => "refused",
        })
    });
    let states = text(|e| {
        e.plan
            .as_ref()
            .map(|p| if p.review { "review" } else { "queued" })
    });
    let countries = text(|e| e.plan.as_ref()?.country.as_ref().map(|c| c.as_str()));
    let bytes = |get: fn(&NewEnrichment) -> Option<&[u8]>| -> Vec<Option<Vec<u8>>> {
        batch.iter().map(|e| get(e).map(<[u8]>::to_vec)).collect()
    };
    let prompt_hashes = bytes(|e| Some(&e.prompt_hash));
    let email_hashes = bytes(|e| Some(&e.plan.as_ref()?.email_hash.0));
    let content_hashes = bytes(|e| Some(&e.plan.as_ref()?.content_hash));
    let versions: Vec<i32> = batch.iter().map(|e| e.version).collect();
    let scores: Vec<i16> = batch.iter().map(|e| e.score.get().into()).collect();
    let compliant: Vec<bool> = batch.iter().map(|e| e.compliant).collect();
    let confidences: Vec<f32> = batch.iter().map(|e| e.confidence.get()).collect();
    let requested: Vec<Option<DateTime<Utc>>> = batch.iter().map(|e| e.requested_at).collect();
    let evidence: Vec<Value> = batch.iter().map(|e| e.evidence.clone()).collect();
    let decisions: Vec<Value> = batch.iter().map(|e| e.decision.clone()).collect();

    let rows = sqlx::query_file!(
        "src/db/record_enrichments.sql",
        &leads,
        &campaigns,
        &versions,
        &niches as &[Option<String>],
        &scores,
        &notes as &[Option<String>],
        &subjects as &[Option<String>],
        &messages as &[Option<String>],
        &compliant,
        &compliance_notes as &[Option<String>],
        &confidences,
        &evidence,
        &methods as &[Option<String>],
        &models as &[Option<String>],
        &prompt_hashes as &[Option<Vec<u8>>],
        &costs,
        &outcomes as &[Option<String>],
        &reasons as &[Option<String>],
        &decisions,
        &requested as &[Option<DateTime<Utc>>],
        &states as &[Option<String>],
        &email_hashes as &[Option<Vec<u8>>],
        &countries as &[Option<String>],
        &content_hashes as &[Option<Vec<u8>>],
    )
    .fetch_all(&mut **tx)
    .await
    .map_err(&failed)?;

    let mut recorded = Recorded::default();
    let mut duplicates: Vec<i64> = Vec::new();
    for row in rows {
        match (row.state.as_deref(), row.send_id) {
            (Some("queued"), Some(send)) => recorded.due.push(SendId(send)),
            (Some(_), Some(_)) | (None, _) => {}
            (Some(_), None) => duplicates.push(row.id),
        }
    }
    if !duplicates.is_empty() {
        recorded.duplicates = duplicates.len();
        mark_duplicates(tx, &duplicates).await?;
    }
    Ok(recorded)
}

/// The mailbox already has a mail of this campaign: planned for this lead before, or for another
/// profile of the same person.
async fn mark_duplicates(
    tx: &mut Transaction<'_, Postgres>,
    enrichments: &[i64],
) -> Result<(), DbError> {
    sqlx::query!(
        "update enriched_leads set outcome = 'refused', reason = $2, updated_at = now()
         where id = any($1)",
        enrichments,
        Reason::DuplicateRecipient.as_str(),
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::on("mark enrichments of a known mailbox"))?;
    Ok(())
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
