//! What the gate looks at, read from the database.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{
    super::{DbError, campaigns::RuleColumns, enrichment::agreed, known},
    Terms,
};
use crate::domain::{
    content::Draft,
    email::{EmailAddress, EmailHash},
    gate::{
        Address, Approval, Assessment, Compliance, ContentFacts, Decision, DecisionRecord, Facts,
        PastMails, RecipientFacts, gate,
    },
    hours::SendingHours,
    ids::{CampaignId, SendId},
    lead::{Origin, Platform},
    letter::Languages,
    reason::Reason,
    score::{Confidence, Score},
    send_state::SendState,
};

/// A send with the gate's facts, and what its mail is written from.
#[derive(Debug)]
pub(super) struct Examined {
    pub(super) send: SendId,
    pub(super) campaign: CampaignId,
    pub(super) mailbox: EmailHash,
    pub(super) attempts: u32,
    pub(super) facts: Facts,
    /// Whether the campaign has a row of `campaign_counters`.
    pub(super) has_counter: bool,
    pub(super) platform: Platform,
    /// Where the data is from, as the mail says it.
    pub(super) origin: Origin,
    pub(super) username: String,
    pub(super) name: Option<String>,
    pub(super) language: Option<String>,
    pub(super) offer: String,
    pub(super) draft: Option<Draft>,
    /// The database's clock when it was read.
    pub(super) now: DateTime<Utc>,
}

/// What the gate says of a send, as the ledger writes it.
#[derive(Debug)]
pub(super) enum Answer {
    /// It may go out, to this address and with this text.
    Pass {
        to: EmailAddress,
        draft: Draft,
        record: DecisionRecord,
    },
    Hold {
        state: SendState,
        reason: Option<Reason>,
        /// When it is asked again, if it only waits.
        until: Option<DateTime<Utc>>,
        record: DecisionRecord,
    },
}

impl Examined {
    /// Asks the gate at `now`.
    pub(super) fn ask(&self, now: DateTime<Utc>) -> Answer {
        let ruling = gate(&self.facts, now);
        let record = DecisionRecord::new(&self.facts, ruling, now);
        let reason = ruling.decision.reason();
        let (state, until) = match (ruling.decision, &self.facts.address, &self.draft) {
            (Decision::Send, Address::Given(to), Some(draft)) => {
                return Answer::Pass {
                    to: to.clone(),
                    draft: draft.clone(),
                    record,
                };
            }
            (Decision::Defer { until, .. }, _, _) => (SendState::Queued, Some(until)),
            (Decision::Refuse { .. }, _, _) => (SendState::Refused, None),
            // Without an address or a text the gate passes nothing; a person would see why it did.
            (Decision::Review { .. } | Decision::Send, _, _) => (SendState::Review, None),
        };
        Answer::Hold {
            state,
            reason: reason.or(Some(Reason::NoMessage)),
            until,
            record,
        }
    }
}

/// Reads sends, in the order of their ids.
pub(super) async fn read(
    conn: &mut PgConnection,
    ids: &[i64],
    terms: &Terms<'_>,
) -> Result<Vec<Examined>, DbError> {
    let days = i32::try_from(terms.frequency.days_looked_back()).unwrap_or(i32::MAX);
    let rows = sqlx::query_file!("src/db/sends/facts.sql", ids, days)
        .fetch_all(conn)
        .await
        .map_err(DbError::on("read what the gate looks at"))?;
    let mut examined = Vec::with_capacity(rows.len());
    for row in rows {
        let unknown = |table, column| DbError::UnknownWord {
            table,
            row: match table {
                "campaigns" => row.campaign_id.to_string(),
                "enriched_leads" => row.enriched_lead_id.to_string(),
                "leads" => row.lead_id.to_string(),
                // A mailbox has no id; its send names it.
                _ => format!("of send {}", row.id),
            },
            column,
        };
        let score = |score: i16, column| {
            Score::new(score.into()).ok_or_else(|| unknown("enriched_leads", column))
        };
        let compliance = |compliant| {
            if compliant {
                Compliance::Ok
            } else {
                Compliance::Block
            }
        };
        let country = |code: Option<&str>, table| {
            let country = code.map(|code| code.parse().map_err(|_| unknown(table, "country")));
            country.transpose()
        };
        let mut campaign = RuleColumns {
            id: row.campaign_id,
            status: known(&row.status, "campaigns", row.campaign_id, "status")?,
            min_score: row.min_score,
            min_confidence: row.min_confidence,
            review_all: row.review_all,
            rules_decide: row.rules_decide,
            basis_rules: row.basis_rules,
        }
        .read()?;
        campaign.breaker_open = row.breaker_open;
        campaign.hours = match row.send_from.zip(row.send_until) {
            None => None,
            Some((from, until)) => Some(hours(from, until).ok_or(unknown("campaigns", "hours"))?),
        };
        let planned = Assessment {
            score: score(row.score, "score")?,
            confidence: Confidence::new(row.ai_confidence)
                .ok_or_else(|| unknown("enriched_leads", "ai_confidence"))?,
            compliance: compliance(row.compliant),
            method: known(
                &row.method,
                "enriched_leads",
                row.enriched_lead_id,
                "method",
            )?,
            approval: match row.reviewed {
                false => Approval::Missing,
                true => Approval::of(row.assessment_changed_at, row.profile_changed_at),
            },
        };
        let draft = row
            .subject
            .zip(row.message)
            .map(|(subject, message)| Draft { subject, message });
        let basis = row.basis.as_deref();
        let facts = Facts {
            sending_enabled: terms.sending_enabled && !row.sending_stopped,
            postal_address: terms.postal_address,
            campaign,
            recipient: RecipientFacts {
                erased: row.erased,
                suppressed: row.suppressed,
                country: agreed(
                    country(row.country.as_deref(), "recipients")?,
                    country(row.lead_country.as_deref(), "leads")?,
                ),
                basis: basis
                    .map(|word| word.parse().map_err(|_| unknown("recipients", "basis")))
                    .transpose()?,
                past: PastMails::on(&row.past_days, row.now.date_naive()),
            },
            address: match &row.email {
                _ if row.address_changed => Address::Changed,
                None => Address::Missing,
                Some(text) => EmailAddress::parse(text).map_or(Address::Invalid, Address::Given),
            },
            assessment: planned.restricted_by(
                score(row.newest_score, "score")?,
                compliance(row.newest_compliant),
            ),
            content: content(draft.as_ref(), &row.content_hash),
            frequency: terms.frequency,
        };
        examined.push(Examined {
            send: SendId(row.id),
            campaign: CampaignId(row.campaign_id),
            mailbox: mailbox(&row.email_hash).ok_or(unknown("sends", "email_hash"))?,
            attempts: u32::try_from(row.attempts).unwrap_or_default(),
            facts,
            has_counter: row.has_counter,
            platform: known(&row.source, "leads", row.lead_id, "source")?,
            origin: origin(&row.found_by).ok_or_else(|| DbError::UnknownWord {
                table: "sources",
                row: format!("of lead {}", row.lead_id),
                column: "kind",
            })?,
            username: row.username,
            name: row.name,
            language: Languages {
                is_written: row.is_written,
                text: row.text_language,
                campaign: row.campaign_language,
                profile: row.profile_language,
            }
            .of_text(),
            offer: row.offer,
            draft,
            now: row.now,
        });
    }
    Ok(examined)
}

fn content(draft: Option<&Draft>, planned: &[u8]) -> ContentFacts {
    match draft {
        None => ContentFacts::Missing,
        Some(draft) if draft.hash().as_slice() != planned => ContentFacts::Changed,
        Some(draft) if draft.fault().is_some() => ContentFacts::Faulty,
        Some(_) => ContentFacts::Sound,
    }
}

/// Where a lead's data is from, by the kinds of the sources that found it: from a list as soon as one gave it, since
/// the address may be the list's. Where no source is on record, it is not known to be a public profile.
fn origin(kinds: &[String]) -> Option<Origin> {
    let origins: Option<Vec<Origin>> = kinds.iter().map(|kind| Origin::of_kind(kind)).collect();
    let origins = origins?;
    let found = !origins.is_empty() && !origins.contains(&Origin::List);
    Some(if found { Origin::Service } else { Origin::List })
}

fn hours(from: i16, until: i16) -> Option<SendingHours> {
    SendingHours::new(u32::try_from(from).ok()?, u32::try_from(until).ok()?).ok()
}

fn mailbox(hash: &[u8]) -> Option<EmailHash> {
    Some(EmailHash(hash.try_into().ok()?))
}
