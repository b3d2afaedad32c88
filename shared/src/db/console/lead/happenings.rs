//! What the rows about a lead say happened to it.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use super::super::super::{DbError, known};
use crate::domain::{
    audit::{Action, Record},
    ids::LeadId,
    send_state::SendState,
    story::{Assessment, Happening, MailChange, What},
};

/// A story of more changes than this is no story: the newest are told.
const MOST: i64 = 1_000;

/// In no order of time, but what follows from something comes after it.
pub(super) async fn of(
    tx: &mut PgConnection,
    lead: LeadId,
    platform: &'static str,
    erased_at: Option<DateTime<Utc>>,
) -> Result<Vec<Happening>, DbError> {
    let mut happenings = found(tx, lead, platform).await?;
    happenings.extend(assessments(tx, lead).await?);
    happenings.extend(changes(tx, lead).await?);
    happenings.extend(events(tx, lead).await?);
    happenings.extend(notes(tx, lead).await?);
    happenings.extend(erased_at.map(|at| Happening {
        at,
        campaign: None,
        what: What::Erased,
    }));
    Ok(happenings)
}

async fn found(
    tx: &mut PgConnection,
    lead: LeadId,
    platform: &'static str,
) -> Result<Vec<Happening>, DbError> {
    let rows = sqlx::query!(
        "select f.found_at, s.name, c.name as campaign
         from lead_sources f
         join sources s on s.id = f.source_id
         join campaigns c on c.id = s.campaign_id
         where f.lead_id = $1
         order by f.found_at, f.source_id",
        lead.0,
    )
    .fetch_all(tx)
    .await
    .map_err(DbError::on("read where a lead was found"))?;
    let rows = rows.into_iter().enumerate();
    Ok(rows
        .map(|(n, row)| Happening {
            at: row.found_at,
            campaign: Some(row.campaign),
            what: What::Found {
                platform,
                source: row.name,
                new: n == 0,
            },
        })
        .collect())
}

async fn assessments(tx: &mut PgConnection, lead: LeadId) -> Result<Vec<Happening>, DbError> {
    let rows = sqlx::query!(
        r#"select e.created_at, c.name as campaign, e.enrichment_version, e.score, e.ai_confidence,
                  e.method = 'model' as "by_model!", e.model, e.niche, e.notes, e.evidence, e.compliant,
                  e.compliance_notes, e.cost_micros, e.reason, e.decision,
                  encode(substr(e.input_hash, 1, 4), 'hex') as "prompt!"
           from enriched_leads e join campaigns c on c.id = e.campaign_id
           where e.lead_id = $1
           order by e.id"#,
        lead.0,
    )
    .fetch_all(tx)
    .await
    .map_err(DbError::on("read a lead's assessments"))?;
    let told = rows.into_iter().map(|row| Happening {
        at: row.created_at,
        campaign: Some(row.campaign),
        what: What::Assessed(Assessment {
            version: row.enrichment_version,
            score: row.score,
            confidence: row.ai_confidence,
            by_model: row.by_model,
            model: row.model,
            niche: row.niche,
            summary: row.notes,
            evidence: row.evidence,
            compliant: row.compliant,
            compliance_notes: row.compliance_notes,
            cost_micros: row.cost_micros,
            reason: row.reason,
            decision: row.decision,
            prompt: row.prompt,
        }),
    });
    Ok(told.collect())
}

/// What the audit log says of its mails, its mailboxes and the lead itself.
async fn changes(tx: &mut PgConnection, lead: LeadId) -> Result<Vec<Happening>, DbError> {
    let rows = sqlx::query!(
        r#"select a.id, a.at, a.actor, a.table_name, a.row_key, a.action, a.before, a.after, a.note,
                  about.campaign
           from (
               select 'sends' as table_name, s.id::text as row_key, c.name as campaign
               from sends s join campaigns c on c.id = s.campaign_id where s.lead_id = $1
               union
               select 'recipients', s.email_hash::text, null from sends s where s.lead_id = $1
               union
               select 'recipients', l.email_hash::text, null from leads l where l.id = $1
               union
               select 'leads', $1::text, null
           ) about
           join audit_log a on a.table_name = about.table_name and a.row_key = about.row_key
           order by a.id desc
           limit $2"#,
        lead.0,
        MOST,
    )
    .fetch_all(tx)
    .await
    .map_err(DbError::on("read a lead's recorded changes"))?;
    let mut happenings = Vec::with_capacity(rows.len());
    for row in rows.into_iter().rev() {
        let record = Record {
            id: row.id,
            at: row.at,
            actor: row.actor,
            table: row.table_name,
            row: row.row_key,
            action: row.action,
            before: row.before,
            after: row.after,
            note: row.note,
        };
        if let Some(what) = change(record)? {
            happenings.push(Happening {
                at: row.at,
                campaign: row.campaign,
                what,
            });
        }
    }
    Ok(happenings)
}

fn change(record: Record) -> Result<Option<What>, DbError> {
    Ok(match record.table.as_str() {
        "sends" => Some(What::Mail(mail(record)?)),
        "recipients" => mailbox(record),
        // The note itself is told.
        _ if record.action == Action::Note.as_str() => None,
        _ => Some(What::Action {
            sentence: record.sentence(),
            by: record.actor,
        }),
    })
}

fn text<'a>(values: Option<&'a Value>, column: &str) -> Option<&'a str> {
    values?.get(column)?.as_str()
}

fn mail(record: Record) -> Result<MailChange, DbError> {
    let state = |values: Option<&Value>| {
        let word = text(values, "state").unwrap_or_default();
        known::<SendState>(word, "audit_log", record.id, "state")
    };
    let before = record.before.as_ref();
    Ok(MailChange {
        send: record.row.parse().unwrap_or_default(),
        before: before.map(|before| state(Some(before))).transpose()?,
        after: state(record.after.as_ref())?,
        reason: text(record.after.as_ref(), "reason").map(str::to_owned),
        by: record.actor,
        note: record.note,
    })
}

/// Only whether it is suppressed; the rest is a matter of the mailbox, not of the lead.
fn mailbox(record: Record) -> Option<What> {
    let reason =
        |values: &Option<Value>| text(values.as_ref(), "suppression_reason").map(str::to_owned);
    let (before, after) = (reason(&record.before), reason(&record.after));
    (before != after).then_some(What::Mailbox {
        reason: after,
        by: record.actor,
        note: record.note,
    })
}

async fn events(tx: &mut PgConnection, lead: LeadId) -> Result<Vec<Happening>, DbError> {
    let rows = sqlx::query!(
        "select v.at, v.kind, v.detail, c.name as campaign
         from sends s
         join send_events v on v.send_id = s.id
         join campaigns c on c.id = s.campaign_id
         where s.lead_id = $1
         order by v.at, v.event_key
         limit $2",
        lead.0,
        MOST,
    )
    .fetch_all(tx)
    .await
    .map_err(DbError::on("read what came back for a lead's mails"))?;
    let told = rows.into_iter().map(|row| Happening {
        at: row.at,
        campaign: Some(row.campaign),
        what: What::Event {
            kind: row.kind,
            detail: row.detail,
        },
    });
    Ok(told.collect())
}

async fn notes(tx: &mut PgConnection, lead: LeadId) -> Result<Vec<Happening>, DbError> {
    let rows = sqlx::query!(
        "select created_at, author_name, text from lead_notes where lead_id = $1 order by id desc limit $2",
        lead.0,
        MOST,
    )
    .fetch_all(tx)
    .await
    .map_err(DbError::on("read the notes about a lead"))?;
    let told = rows.into_iter().rev().map(|row| Happening {
        at: row.created_at,
        campaign: None,
        what: What::Note {
            author: row.author_name,
            text: row.text,
        },
    });
    Ok(told.collect())
}
