//! The facts of a time, by index.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::super::super::{DbError, known};
use crate::domain::{
    figures::{
        Changes, Group,
        facts::{ARRIVED, Assessed, Found, Mailed, Reviewed},
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
    let mailed = mailed(conn, time).await?;
    let reviewed = reviewed(conn, time).await?;
    Ok(Changes::of(&found, &assessed, &mailed, &reviewed))
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

async fn mailed(conn: &mut PgConnection, (after, until): Time) -> Result<Vec<Mailed>, DbError> {
    let left = words(SendState::ALL.into_iter().filter(|state| state.has_left()));
    let arrived = words(ARRIVED.into_iter());
    let rows = sqlx::query_file!(
        "src/db/console/figures/mailed.sql",
        after,
        until,
        &left as &[&str],
        &arrived as &[&str],
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("count what became of mails"))?;
    let facts = rows.into_iter().map(|row| {
        let before = row.state_before.map(|word| state(&word)).transpose()?;
        Ok(Mailed {
            hour: row.hour,
            group: Group {
                campaign_id: row.campaign_id,
                source_id: row.source_id,
                platform: row.platform,
            },
            count: row.count,
            left_at: row.left_at,
            first_step: row.first_step,
            state: state(&row.state)?,
            reason: row.reason,
            before: before.map(|state| (state, row.reason_before)),
            plans: row.plans,
            leaves: row.leaves,
            arrives: row.arrives,
            replied: row.replied,
            minutes: row.minutes,
        })
    });
    facts.collect()
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

fn words(states: impl Iterator<Item = SendState>) -> Vec<&'static str> {
    states.map(SendState::as_str).collect()
}

fn state(word: &str) -> Result<SendState, DbError> {
    known(word, "audit_log", "of a mail", "after")
}
