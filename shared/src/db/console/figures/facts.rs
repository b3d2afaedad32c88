//! The facts of a time, by index.

use chrono::{DateTime, Utc};
use futures::TryStreamExt as _;
use sqlx::PgConnection;

use super::super::super::{DbError, known};
use crate::domain::{
    figures::{
        Changes, Group,
        facts::{Assessed, Found, Mailed, RecordedChange, RecordedMail, Reviewed},
    },
    reason::Reason,
    send_state::SendState,
};

/// After one moment, and up to another.
type Time = (DateTime<Utc>, DateTime<Utc>);

/// What the facts after one moment and up to another change.
pub(super) async fn between(
    conn: &mut PgConnection,
    after: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Changes, DbError> {
    let time = (after, until);
    let found = found(conn, time).await?;
    let assessed = assessed(conn, time).await?;
    let reviewed = reviewed(conn, time).await?;
    let mut changes = Changes::of(&found, &assessed, &reviewed);
    add_mails(conn, time, &mut changes).await?;
    Ok(changes.settled())
}

/// What the facts after a moment change.
pub(super) async fn since(
    conn: &mut PgConnection,
    after: DateTime<Utc>,
) -> Result<Changes, DbError> {
    between(conn, after, DateTime::<Utc>::MAX_UTC).await
}

async fn found(conn: &mut PgConnection, (after, until): Time) -> Result<Vec<Found>, DbError> {
    let rows = sqlx::query_file!("src/db/console/figures/found.sql", after, until)
        .fetch_all(conn)
        .await
        .map_err(DbError::on("count the leads that were found"))?;
    let facts = rows.into_iter().map(|row| Found {
        hour: row.hour,
        group: Group {
            campaign_id: row.campaign_id,
            source_id: row.source_id,
            platform: row.platform,
        },
        stored: row.stored,
        found: row.found,
    });
    Ok(facts.collect())
}

async fn assessed(conn: &mut PgConnection, (after, until): Time) -> Result<Vec<Assessed>, DbError> {
    let rows = sqlx::query_file!("src/db/console/figures/assessed.sql", after, until)
        .fetch_all(conn)
        .await
        .map_err(DbError::on("count the leads that were assessed"))?;
    let facts = rows.into_iter().map(|row| Assessed {
        hour: row.hour,
        group: Group {
            campaign_id: row.campaign_id,
            source_id: row.source_id,
            platform: row.platform,
        },
        count: row.count,
        first: row.first,
        first_by_model: row.first_by_model,
        first_qualified: row.first_qualified,
        score: row.score,
        score_before: row.score_before,
        confidence: row.confidence,
        confidence_before: row.confidence_before,
        refused: row.refused,
        refused_before: row.refused_before,
        cost_micros: row.cost_micros,
    });
    Ok(facts.collect())
}

/// Lead by lead, so that few are in memory, however many mails there are.
async fn add_mails(
    conn: &mut PgConnection,
    (after, until): Time,
    changes: &mut Changes,
) -> Result<(), DbError> {
    let failed = DbError::on("count what became of mails");
    let rows = sqlx::query_file!("src/db/console/figures/mailed.sql", after, until);
    let mut rows = rows.fetch(conn);
    let mut open: Option<(i64, Mailed)> = None;
    while let Some(row) = rows.try_next().await.map_err(&failed)? {
        let ids = row.ids.unwrap_or_default().into_iter();
        let recorded = ids
            .zip(row.states.unwrap_or_default())
            .zip(row.reasons.unwrap_or_default())
            .zip(row.counts.unwrap_or_default())
            .map(|(((id, word), reason), counts)| {
                Ok(RecordedChange {
                    id,
                    state: state(&word)?,
                    reason,
                    counts,
                })
            });
        let mail = RecordedMail {
            id: row.id,
            first_step: row.first_step,
            sent_at: row.sent_at,
            changes: recorded.collect::<Result<_, DbError>>()?,
        };
        match &mut open {
            Some((lead, of_lead))
                if *lead == row.lead_id && of_lead.group.campaign_id == row.campaign_id =>
            {
                of_lead.mails.push(mail);
            }
            _ => {
                let of_lead = Mailed {
                    group: Group {
                        campaign_id: row.campaign_id,
                        source_id: row.source_id,
                        platform: row.platform,
                    },
                    found_at: row.found_at,
                    mails: vec![mail],
                };
                if let Some((_, whole)) = open.replace((row.lead_id, of_lead)) {
                    changes.add_mails(&whole);
                }
            }
        }
    }
    if let Some((_, last)) = open {
        changes.add_mails(&last);
    }
    Ok(())
}

pub(super) async fn reviewed(
    conn: &mut PgConnection,
    (after, until): Time,
) -> Result<Vec<Reviewed>, DbError> {
    let rows = sqlx::query_file!("src/db/console/figures/reviewed.sql", after, until)
        .fetch_all(conn)
        .await
        .map_err(DbError::on("count what reviewers decided"))?;
    let reason = |word: Option<String>| word.as_deref().and_then(Reason::from_word);
    let facts = rows.into_iter().map(|row| {
        Ok(Reviewed {
            send: row.send.unwrap_or_default(),
            group: Group {
                campaign_id: row.campaign_id,
                source_id: row.source_id,
                platform: row.platform,
            },
            hour: row.hour,
            counted: row.counted,
            before: state(&row.before)?,
            after: state(&row.after)?,
            reason_before: reason(row.reason_before),
            reason: reason(row.reason),
            other_text: row.other_text,
        })
    });
    facts.collect()
}

fn state(word: &str) -> Result<SendState, DbError> {
    known(word, "audit_log", "of a mail", "after")
}
