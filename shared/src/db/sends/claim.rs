//! Claim: queued → claimed.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use sqlx::PgConnection;

use super::super::{
    DbError,
    enrichment::{agreed, campaign_facts},
};
use crate::domain::{
    basis::Basis,
    content::{ContentHash, Draft},
    gate::{CampaignFacts, CampaignStatus, Compliance, Method, PastMails, RecipientFacts, Verdict},
    hours::SendingHours,
    ids::{LeadId, SendId},
    lead::Platform,
    quota::{LONGEST_WAIT, Limits, Quota},
    reason::Reason,
    score::{Confidence, Score},
};

/// A send held by this sender, with everything the gate and the renderer need.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The send.
    pub send: SendId,
    /// Raised by every claim: what an older holder does is refused.
    pub fence: i64,
    /// How often SES was called for it before.
    pub attempts: i32,
    /// The lead.
    pub lead: LeadId,
    /// Where it was found.
    pub platform: Platform,
    /// Its username there.
    pub username: String,
    /// Display name.
    pub name: Option<String>,
    /// ISO 639-1.
    pub language: Option<String>,
    /// The address as stored, if it is still the one that the send is for.
    pub email: Option<String>,
    /// Whether the lead's address is another one by now.
    pub address_changed: bool,
    /// The campaign's rules.
    pub campaign: CampaignFacts,
    /// When the campaign was last changed: what these rules are of.
    pub campaign_seen: DateTime<Utc>,
    /// What is offered.
    pub offer: String,
    /// What is known about the mailbox.
    pub recipient: RecipientFacts,
    /// The mailbox's revision that these facts are of.
    pub revision: i64,
    /// What the scorer and a reviewer said.
    pub verdict: Verdict,
    /// The text, unless there is none.
    pub draft: Option<Draft>,
    /// Hash of the text that was decided on.
    pub content_hash: ContentHash,
    /// Room within the limits, or which one has none.
    pub quota: Quota,
    /// Where the places in time of this batch end.
    pub places_end: Option<DateTime<Utc>>,
}

/// Takes sends that are due, and for as many as have it, room within every limit: the mailbox's slot
/// of today, the campaign's day, the ramp, SES's quota and rate, the spacing at the domain. What is
/// not due, or held by another sender, is left alone.
///
/// # Errors
/// When the statement fails; nothing is held.
pub async fn claim(
    conn: &mut PgConnection,
    ids: &[i64],
    lease: Duration,
    limits: &Limits,
) -> Result<Vec<Claim>, DbError> {
    let whole = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    let rows = sqlx::query_file!(
        "src/db/claim_sends.sql",
        ids,
        lease.as_secs_f64(),
        limits.per_second,
        limits.per_day.map(whole),
        f64::from(limits.ramp.start),
        limits.ramp.growth,
        f64::from(limits.ramp.cap),
        limits.domain_spacing.as_secs_f64(),
        LONGEST_WAIT.as_secs_f64(),
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("claim sends"))?;
    let claims = rows.into_iter().map(|row| {
        let status = CampaignStatus::from_word(&row.campaign_status);
        let mut campaign = campaign_facts(
            status.unwrap_or(CampaignStatus::Paused),
            row.min_score,
            row.min_confidence,
            row.review_all,
            Some(row.basis_rules),
        );
        campaign.breaker_open = row.breaker_open;
        campaign.hours = sending_hours(row.send_from, row.send_until);
        let erased = row.recipient_erased || row.lead_erased;
        Claim {
            send: SendId(row.id),
            fence: row.fence,
            attempts: row.attempts,
            lead: LeadId(row.lead_id),
            platform: Platform::from_word(&row.source).unwrap_or(Platform::Csv),
            username: row.username,
            name: row.name,
            language: row.language,
            email: row.email,
            address_changed: row.address_changed,
            campaign,
            campaign_seen: row.campaign_seen,
            offer: row.offer,
            recipient: RecipientFacts {
                erased,
                suppressed: row.suppressed,
                country: agreed(
                    row.country.and_then(|code| code.parse().ok()),
                    row.lead_country.and_then(|code| code.parse().ok()),
                ),
                basis: row.basis.as_deref().and_then(Basis::from_word),
                past: PastMails {
                    count: u32::try_from(row.past_mails).unwrap_or(u32::MAX),
                    latest: row.past_latest.map(start_of_day),
                    earliest: row.past_earliest.map(start_of_day),
                },
            },
            revision: row.revision,
            verdict: Verdict {
                score: Score::new(row.score.into()).unwrap_or(Score::MIN),
                confidence: Confidence::new(row.ai_confidence).unwrap_or(Confidence::MIN),
                compliance: if row.compliant {
                    Compliance::Ok
                } else {
                    Compliance::Block
                },
                method: Method::from_word(&row.method).unwrap_or(Method::Rules),
                reviewed: row.reviewed,
            },
            draft: row
                .subject
                .zip(row.message)
                .map(|(subject, message)| Draft { subject, message }),
            // A hash of the wrong size matches no text, which the gate refuses.
            content_hash: row.content_hash.try_into().unwrap_or_default(),
            places_end: row.places_end,
            quota: quota(
                row.wait_seconds,
                row.limit_reason.as_deref(),
                row.limit_until,
            ),
        }
    });
    Ok(claims.collect())
}

/// Hours that the database should not hold close the day but for its first hour.
fn sending_hours(from: Option<i16>, until: Option<i16>) -> Option<SendingHours> {
    let (from, until) = from.zip(until)?;
    let hours = u32::try_from(from)
        .ok()
        .zip(u32::try_from(until).ok())
        .and_then(|(from, until)| SendingHours::new(from, until).ok());
    hours.or_else(|| SendingHours::new(0, 1).ok())
}

fn start_of_day(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

fn quota(wait: Option<f64>, reason: Option<&str>, until: Option<DateTime<Utc>>) -> Quota {
    match reason {
        None => Quota::Granted {
            wait: wait
                .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
                .unwrap_or(LONGEST_WAIT),
        },
        Some(word) => Quota::Wait {
            until: until.unwrap_or(DateTime::<Utc>::MAX_UTC),
            reason: Reason::from_word(word).unwrap_or(Reason::Pace),
        },
    }
}
