//! Stores enrichments, plans the sends they lead to and clears the requests they answer.

mod decide;
mod write;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use decide::{LockedLead, Mailbox, PlannedSend, Standing, decide};
use serde_json::Value;
use sqlx::PgConnection;

use super::{
    super::{DbError, campaigns, known, transaction},
    Assessed, mailbox_key,
};
use crate::domain::{
    content::{ContentHash, Draft},
    country::Country,
    email::EmailHash,
    gate::{Method, RulesHash},
    ids::{CampaignId, LeadId, SendId},
    model_outage::EnrichmentWait,
    reason::{DecidedBy, Reason},
    score::{Confidence, Score},
};

/// What a batch found out about one lead.
#[derive(Debug, Clone)]
pub struct LeadResult {
    pub lead: LeadId,
    /// The request that was loaded. Another one under the lock means that the lead was asked about
    /// anew, or answered: this result is then dropped.
    pub requested_at: Option<DateTime<Utc>>,
    /// Whether no campaign waits for an answer any more: the request is then cleared.
    pub complete: bool,
    /// Campaigns that were not active when the lead was loaded and have no enrichment of it. One that
    /// is active by now keeps the request; the others request their leads when they are.
    pub inactive: Vec<CampaignId>,
    /// One for each campaign that has an answer.
    pub enrichments: Vec<NewEnrichment>,
    /// What it waits for, if a campaign has none.
    pub wait: Option<Wait>,
}

/// What an enrichment waits for, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    pub reason: EnrichmentWait,
    pub until: DateTime<Utc>,
}

/// An enrichment of a lead for one campaign, and the mail that it leads to.
#[derive(Debug, Clone)]
pub struct NewEnrichment {
    pub campaign: CampaignId,
    /// What the lead is about, in a word or two.
    pub niche: String,
    pub score: Score,
    /// The short summary.
    pub notes: String,
    pub draft: Option<Draft>,
    pub compliant: bool,
    pub compliance_notes: String,
    pub confidence: Confidence,
    /// Claims about the lead with the words of the profile that back them.
    pub evidence: Value,
    pub method: Method,
    /// The model's name, if it answered.
    pub model: Option<String>,
    /// What the draft was written from; `None` where the model gave no assessment.
    pub assessed: Option<Assessed>,
    /// The rules that it was planned under.
    pub rules: RulesHash,
    /// Hash of all that it was made from.
    pub input_hash: [u8; 32],
    /// In millionths of a US dollar.
    pub cost_micros: i64,
    /// Why no mail is planned, or why a person looks first.
    pub reason: Option<Reason>,
    /// The gate's answer with its facts.
    pub decision: Value,
    pub plan: Option<Plan>,
}

/// A mail to plan.
#[derive(Debug, Clone)]
pub struct Plan {
    pub email_hash: EmailHash,
    /// Where the person is, if known.
    pub country: Option<Country>,
    /// Whether a person looks first.
    pub review: bool,
    pub content_hash: ContentHash,
}

/// What was stored.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Sends that may go out now, to be published after the commit.
    pub due: Vec<SendId>,
    /// Enrichments that were stored.
    pub stored: usize,
    /// Those of them whose mailbox has a mail of the campaign already.
    pub duplicates: usize,
    /// Leads that were asked about anew meanwhile, or answered by another worker.
    pub superseded: usize,
}

/// Stores a batch: enrichments, their sends and the cleared requests, together or not at all.
///
/// # Errors
/// When a statement fails; nothing is stored, or the end of the commit is not known.
pub async fn record(conn: &mut PgConnection, results: &[LeadResult]) -> Result<Recorded, DbError> {
    transaction(conn, async |tx: &mut PgConnection| {
        let activated = campaigns::defer_leads(tx, &inactive(results)).await?;
        let leads = lock_leads(tx, results).await?;
        let mailboxes = mailboxes(tx, results).await?;
        let standing = standing(tx, results).await?;
        let decided = decide(results, &activated, &leads, &mailboxes, &standing);

        let ids = write::insert(tx, &decided.kept).await?;
        let mut due = write::plan(tx, &decided.kept, &ids).await?;
        due.extend(write::replan(tx, &decided.kept, &ids).await?);
        write::clear(tx, &decided.cleared).await?;
        write::wait(tx, &decided.waiting).await?;
        Ok(Recorded {
            due,
            stored: decided.kept.len(),
            duplicates: decided.kept.iter().filter(|kept| kept.duplicate).count(),
            superseded: decided.superseded,
        })
    })
    .await
}

fn inactive(results: &[LeadResult]) -> Vec<CampaignId> {
    let complete = results.iter().filter(|result| result.complete);
    let mut campaigns: Vec<CampaignId> = complete.flat_map(|r| r.inactive.clone()).collect();
    campaigns.sort_unstable();
    campaigns.dedup();
    campaigns
}

async fn lock_leads(
    tx: &mut PgConnection,
    results: &[LeadResult],
) -> Result<HashMap<LeadId, LockedLead>, DbError> {
    let ids: Vec<i64> = results.iter().map(|result| result.lead.0).collect();
    let rows = sqlx::query!(
        r#"select id, enrich_requested_at, erased_at is not null as "erased!"
           from leads where id = any($1) order by id for no key update"#,
        &ids,
    )
    .fetch_all(tx)
    .await
    .map_err(DbError::on("lock enriched leads"))?;
    let leads = rows.into_iter().map(|row| {
        let lead = LockedLead {
            requested_at: row.enrich_requested_at,
            erased: row.erased,
        };
        (LeadId(row.id), lead)
    });
    Ok(leads.collect())
}

/// The mailboxes that mails are planned for, inserted where they are new and locked: two workers that
/// plan for one mailbox see each other's send. A country that one lacked is filled in; basis,
/// suppression and erasure are never touched.
async fn mailboxes(
    tx: &mut PgConnection,
    results: &[LeadResult],
) -> Result<HashMap<EmailHash, Mailbox>, DbError> {
    let mut countries: HashMap<EmailHash, Option<Country>> = HashMap::new();
    let enrichments = results.iter().flat_map(|result| &result.enrichments);
    for plan in enrichments.filter_map(|new| new.plan.as_ref()) {
        let country = countries.entry(plan.email_hash).or_default();
        *country = country.or(plan.country);
    }
    if countries.is_empty() {
        return Ok(HashMap::new());
    }
    let hashes: Vec<&[u8]> = countries.keys().map(|hash| hash.0.as_slice()).collect();
    let codes: Vec<Option<&str>> = countries
        .values()
        .map(|country| country.as_ref().map(Country::as_str))
        .collect();
    sqlx::query!(
        "insert into recipients (email_hash, country)
         select email_hash, country from unnest($1::bytea[], $2::text[]) as d (email_hash, country)
         order by email_hash
         on conflict (email_hash) do nothing",
        &hashes as &[&[u8]],
        &codes as &[Option<&str>],
    )
    .execute(&mut *tx)
    .await
    .map_err(DbError::on("store mailboxes"))?;
    let rows = sqlx::query!(
        r#"select email_hash, country is null as "nowhere!", erased_at is not null as "erased!"
           from recipients where email_hash = any($1) order by email_hash for no key update"#,
        &hashes as &[&[u8]],
    )
    .fetch_all(&mut *tx)
    .await
    .map_err(DbError::on("lock mailboxes"))?;
    let mut mailboxes = HashMap::new();
    let mut located: (Vec<Vec<u8>>, Vec<String>) = Default::default();
    for row in rows {
        let hash = mailbox_key("recipients", "a mailbox", &row.email_hash)?;
        let country = countries.get(&hash).copied().flatten();
        if let (true, Some(country)) = (row.nowhere, country) {
            located.0.push(row.email_hash);
            located.1.push(country.as_str().to_owned());
        }
        mailboxes.insert(hash, Mailbox { erased: row.erased });
    }
    if !located.0.is_empty() {
        sqlx::query!(
            "update recipients r set country = d.country
             from unnest($1::bytea[], $2::text[]) as d (email_hash, country)
             where r.email_hash = d.email_hash",
            &located.0,
            &located.1,
        )
        .execute(tx)
        .await
        .map_err(DbError::on("fill in where mailboxes are"))?;
    }
    Ok(mailboxes)
}

/// The newest enrichment of each lead and campaign, and whether its mailbox has a mail of the
/// campaign. A statement of its own: it sees what was committed while the locks were waited for.
async fn standing(
    tx: &mut PgConnection,
    results: &[LeadResult],
) -> Result<HashMap<(LeadId, CampaignId), Standing>, DbError> {
    let (mut leads, mut campaigns, mut hashes) = (Vec::new(), Vec::new(), Vec::new());
    for result in results {
        for new in &result.enrichments {
            leads.push(result.lead.0);
            campaigns.push(new.campaign.0);
            hashes.push(new.plan.as_ref().map(|plan| plan.email_hash.0.as_slice()));
        }
    }
    if leads.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query!(
        r#"select d.lead_id as "lead_id!", d.campaign_id as "campaign_id!",
                  e.enrichment_version as "version?", e.input_hash as "input_hash?", e.method as "method?",
                  exists (select from sends s
                          where s.email_hash = d.email_hash and s.campaign_id = d.campaign_id
                            and s.step = 1) as "planned!",
                  s.id as "send_id?", s.fence as "fence?", s.state::text as "state?", s.reason,
                  s.attempts > 0 or s.may_have_left as may_have_left, s.message is not null as "has_text!",
                  s.reviewed as "reviewed?"
           from unnest($1::bigint[], $2::bigint[], $3::bytea[]) as d (lead_id, campaign_id, email_hash)
           left join lateral (
               select s.id, s.fence, s.state, s.reason, s.attempts, s.may_have_left, o.message, o.reviewed
               from sends s join enriched_leads o on o.id = s.enriched_lead_id
               where s.lead_id = d.lead_id and s.campaign_id = d.campaign_id and s.step = 1
                 and s.email_hash = coalesce(d.email_hash, s.email_hash)
               order by s.id desc
               limit 1
           ) s on true
           left join lateral (
               select enrichment_version, input_hash, method from enriched_leads
               where lead_id = d.lead_id and campaign_id = d.campaign_id
               order by enrichment_version desc
               limit 1
           ) e on true"#,
        &leads,
        &campaigns,
        &hashes as &[Option<&[u8]>],
    )
    .fetch_all(tx)
    .await
    .map_err(DbError::on("read what is known of enriched leads"))?;
    let standing = rows.into_iter().map(|row| {
        let send = row.send_id.zip(row.fence).zip(row.state);
        let send = send.map(|((id, fence), state)| {
            Ok(PlannedSend {
                id: SendId(id),
                fence,
                state: known(&state, "sends", id, "state")?,
                by_person: row.reviewed == Some(true)
                    || is_decided_by_person(row.reason.as_deref()),
                may_have_left: row.may_have_left == Some(true),
                has_text: row.has_text,
            })
        });
        let standing = Standing {
            version: row.version.unwrap_or_default(),
            input_hash: row.input_hash,
            by_model: row.method.as_deref() == Some(Method::Model.as_str()),
            planned: row.planned,
            send: send.transpose()?,
        };
        Ok(((LeadId(row.lead_id), CampaignId(row.campaign_id)), standing))
    });
    standing.collect()
}

/// A word that is no reason of ours was written by a person.
fn is_decided_by_person(reason: Option<&str>) -> bool {
    reason.is_some_and(|word| {
        Reason::from_word(word).is_none_or(|reason| reason.decided_by() == DecidedBy::Operator)
    })
}
