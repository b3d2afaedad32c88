//! Table `enriched_leads`: what a lead is about, and what was decided about writing to it.

mod again;
mod record;

pub use again::{Again, ask_again, count_again};
pub(super) use again::{LeadRequest, lock_to_ask_again, request_again, request_all_again};
use chrono::{DateTime, Utc};
pub use record::{LeadResult, NewEnrichment, Plan, Recorded, Wait, record};
use sqlx::PgConnection;

use super::{DbError, campaigns::RuleColumns, known, model_calls::RequestKey};
use crate::domain::{
    basis::Basis,
    country::Country,
    email::EmailHash,
    gate::{CampaignFacts, CampaignStatus, Method, PastMails, RecipientFacts},
    ids::{CampaignId, LeadId},
    lead::Lead,
    letter::Language,
};

/// One lead to be enriched for one campaign.
#[derive(Debug, Clone)]
pub struct Task {
    pub lead: Lead,
    /// The mailbox's key, if the lead has an address.
    pub email_hash: Option<EmailHash>,
    /// The request that is answered: the fence of whatever is recorded.
    pub requested_at: Option<DateTime<Utc>>,
    pub campaign: Campaign,
    pub recipient: RecipientFacts,
    /// When a person wanted it asked about again.
    pub again_at: Option<DateTime<Utc>>,
    /// The newest enrichment.
    pub latest: Option<LatestEnrichment>,
    /// The lead's campaigns that are not active and have no enrichment of it.
    pub inactive: Vec<CampaignId>,
}

/// The newest enrichment of a lead for a campaign.
#[derive(Debug, Clone)]
pub struct LatestEnrichment {
    /// Of all that it was made from.
    pub input_hash: Vec<u8>,
    pub method: Method,
    pub at: DateTime<Utc>,
    /// The assessment that it holds, if the model gave one.
    pub assessed: Option<Assessed>,
}

/// An assessment that is there: of which profile, by which question, with which offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessed {
    pub profile: [u8; 32],
    pub question: RequestKey,
    pub offer: String,
    /// What the campaign wanted it written in; `None`: the profile's language.
    pub language: Option<Language>,
}

/// A campaign as an enrichment needs it.
#[derive(Debug, Clone)]
pub struct Campaign {
    pub id: CampaignId,
    pub offer: String,
    pub audience: String,
    /// What texts are written in; `None`: that of each profile.
    pub language: Option<Language>,
    /// The gate's rules.
    pub facts: CampaignFacts,
}

/// What a batch of ids turned out to be.
#[derive(Debug, Default)]
pub struct Work {
    pub tasks: Vec<Task>,
    /// Ids of leads that exist, with or without a task: erased, or of no active campaign.
    pub known: Vec<i64>,
}

/// Reads what a batch of leads needs, in one statement, ordered by lead and campaign.
///
/// # Errors
/// When the statement fails, or a row holds what this program does not know.
pub async fn load(conn: &mut PgConnection, ids: &[i64]) -> Result<Work, DbError> {
    let rows = sqlx::query_file!("src/db/enrichment/load.sql", ids)
        .fetch_all(conn)
        .await
        .map_err(DbError::on("read leads to enrich"))?;
    let mut work = Work::default();
    for row in rows {
        work.known.push(row.id);
        let Some(campaign_id) = row.campaign_id else {
            continue;
        };
        let country = row.country.as_deref();
        let country: Option<Country> = country
            .map(|code| known(code, "leads", row.id, "country"))
            .transpose()?;
        // A mailbox has no id; the lead names it.
        let mailbox = format!("of lead {}", row.id);
        let recipient_country = row.recipient_country.as_deref();
        let recipient_country: Option<Country> = recipient_country
            .map(|code| known(code, "recipients", &mailbox, "country"))
            .transpose()?;
        let basis = row.basis.as_deref();
        let basis: Option<Basis> = basis
            .map(|word| known(word, "recipients", &mailbox, "basis"))
            .transpose()?;
        let written_in = row.enriched_language.as_deref();
        let written_in = written_in
            .map(|code| known(code, "enriched_leads", &mailbox, "language"))
            .transpose()?;
        work.tasks.push(Task {
            email_hash: row
                .email_hash
                .map(|hash| mailbox_key("leads", row.id, &hash))
                .transpose()?,
            requested_at: row.enrich_requested_at,
            campaign: Campaign {
                id: CampaignId(campaign_id),
                offer: row.offer,
                audience: row.audience,
                language: row
                    .text_language
                    .map(|code| known(&code, "campaigns", campaign_id, "language"))
                    .transpose()?,
                facts: RuleColumns {
                    id: campaign_id,
                    status: CampaignStatus::Active,
                    min_score: row.min_score,
                    min_confidence: row.min_confidence,
                    review_all: row.review_all,
                    rules_decide: row.rules_decide,
                    basis_rules: row.basis_rules,
                }
                .read()?,
            },
            recipient: RecipientFacts {
                erased: row.recipient_erased,
                suppressed: row.suppressed,
                country: agreed(recipient_country, country),
                basis,
                past: PastMails::default(),
            },
            again_at: row.enrich_again_at,
            latest: match (row.input_hash, row.method, row.enriched_at) {
                (Some(input_hash), Some(method), Some(at)) => Some(LatestEnrichment {
                    input_hash,
                    method: known(&method, "enriched_leads", &mailbox, "method")?,
                    at,
                    assessed: assessed(
                        row.profile_hash,
                        row.question_hash,
                        row.enriched_offer.map(|offer| (offer, written_in)),
                    ),
                }),
                _ => None,
            },
            inactive: row.inactive.into_iter().map(CampaignId).collect(),
            lead: Lead {
                id: LeadId(row.id),
                platform: known(&row.source, "leads", row.id, "source")?,
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

fn assessed(
    profile: Option<Vec<u8>>,
    question: Option<Vec<u8>>,
    text: Option<(String, Option<Language>)>,
) -> Option<Assessed> {
    let (offer, language) = text?;
    Some(Assessed {
        profile: profile?.try_into().ok()?,
        question: question?.try_into().ok()?,
        offer,
        language,
    })
}

fn mailbox_key(
    table: &'static str,
    row: impl std::fmt::Display,
    bytes: &[u8],
) -> Result<EmailHash, DbError> {
    let hash = bytes.try_into().map_err(|_| DbError::UnknownWord {
        table,
        row: row.to_string(),
        column: "email_hash",
    })?;
    Ok(EmailHash(hash))
}

/// Where a person is, from what the mailbox and the profile say. If they disagree it is not known,
/// and a reviewer decides.
pub(super) fn agreed(mailbox: Option<Country>, profile: Option<Country>) -> Option<Country> {
    match (mailbox, profile) {
        (Some(one), Some(other)) => (one == other).then_some(one),
        (known, None) | (None, known) => known,
    }
}
