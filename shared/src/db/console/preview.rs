//! What would become of a campaign's best leads: read only, nothing is planned by it.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::super::{DbError, enrichment::agreed, known};
use crate::domain::{
    content::Draft,
    country::Country,
    email::EmailAddress,
    gate::{
        Address, Approval, Assessment, CampaignFacts, Compliance, ContentFacts, Facts,
        FrequencyCaps, Method, PastMails, RecipientFacts, Ruling, gate,
    },
    ids::{CampaignId, LeadId},
    lead::Platform,
    score::{Confidence, Score},
};

/// Leads of one preview.
pub const SHOWN: i64 = 3;
/// Leads among which they are looked for: of older ones the mail may have left.
pub const LOOKED_AT: i64 = 300;

/// A lead, and what the gate says about a mail to it.
#[derive(Debug, Clone)]
pub struct Preview {
    pub lead: LeadId,
    pub platform: Platform,
    pub username: String,
    pub name: Option<String>,
    pub country: Option<Country>,
    /// None where nobody has assessed it yet: then the gate was asked about the rest.
    pub score: Option<Score>,
    /// What the mail would say; none where no text was written.
    pub draft: Option<Draft>,
    /// What the gate was told.
    pub facts: Facts,
    pub ruling: Ruling,
    /// When it was asked.
    pub now: DateTime<Utc>,
}

/// The leads with the best scores whose mail has not left, after the first `skipped` of them; those that nobody
/// has assessed yet where there are no others. The gate is asked under `rules`, whatever the campaign's own are.
///
/// # Errors
/// When the statement fails, or a row holds what this program does not know.
pub async fn previews(
    conn: &mut PgConnection,
    campaign: CampaignId,
    rules: &CampaignFacts,
    skipped: i64,
) -> Result<Vec<Preview>, DbError> {
    let days = i32::try_from(FrequencyCaps::DEFAULT.days_looked_back()).unwrap_or(i32::MAX);
    let rows = sqlx::query_file!(
        "src/db/console/preview.sql",
        campaign.0,
        skipped,
        SHOWN,
        LOOKED_AT,
        days
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("read leads to look at"))?;
    let mut previews = Vec::with_capacity(rows.len());
    for row in rows {
        let unknown = |table, column| DbError::UnknownWord {
            table,
            row: format!("of lead {}", row.lead_id),
            column,
        };
        let country = |code: Option<&str>, table| {
            let country = code.map(|code| known(code, table, row.lead_id, "country"));
            country.transpose()
        };
        let score = row.score.map(|score| {
            Score::new(score.into()).ok_or_else(|| unknown("enriched_leads", "score"))
        });
        let score = score.transpose()?;
        let method = row.method.as_deref();
        let method = method.map(|word| known(word, "enriched_leads", row.lead_id, "method"));
        let confidence = row.ai_confidence.map(|value| {
            Confidence::new(value).ok_or_else(|| unknown("enriched_leads", "ai_confidence"))
        });
        let draft = row.subject.zip(row.message);
        let draft = draft.map(|(subject, message)| Draft { subject, message });
        let recipient_country = country(row.recipient_country.as_deref(), "recipients")?;
        let basis = row.basis.as_deref();
        let facts = Facts {
            sending_enabled: !row.sending_stopped,
            // The deployment's own, which the sender looks at.
            postal_address: true,
            campaign: CampaignFacts {
                breaker_open: row.breaker_open,
                ..rules.clone()
            },
            recipient: RecipientFacts {
                erased: row.erased,
                suppressed: row.suppressed,
                country: agreed(recipient_country, country(row.country.as_deref(), "leads")?),
                basis: basis
                    .map(|word| known(word, "recipients", row.lead_id, "basis"))
                    .transpose()?,
                past: PastMails::on(&row.past_days, row.now.date_naive()),
            },
            address: match &row.email {
                None => Address::Missing,
                Some(text) => EmailAddress::parse(text).map_or(Address::Invalid, Address::Given),
            },
            assessment: Assessment {
                score: score.unwrap_or(Score::MAX),
                confidence: confidence.transpose()?.unwrap_or(Confidence::MAX),
                compliance: if row.compliant.unwrap_or(true) {
                    Compliance::Ok
                } else {
                    Compliance::Block
                },
                method: method.transpose()?.unwrap_or(Method::Model),
                approval: match (row.reviewed, row.assessment_changed_at) {
                    (Some(true), Some(at)) => Approval::of(at, row.profile_changed_at),
                    _ => Approval::Missing,
                },
            },
            content: match &draft {
                // The text of a lead that nobody has assessed is yet to be written.
                None if score.is_none() => ContentFacts::Sound,
                None => ContentFacts::Missing,
                Some(draft) if draft.fault().is_some() => ContentFacts::Faulty,
                Some(_) => ContentFacts::Sound,
            },
            frequency: FrequencyCaps::DEFAULT,
        };
        previews.push(Preview {
            lead: LeadId(row.lead_id),
            platform: known(&row.source, "leads", row.lead_id, "source")?,
            username: row.username,
            name: row.name,
            country: facts.recipient.country,
            score,
            draft,
            ruling: gate(&facts, row.now),
            facts,
            now: row.now,
        });
    }
    Ok(previews)
}
