//! The rows that a batch of events may change, locked in the order of all: recipients, then sends.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{
    super::{DbError, known},
    matching::Matched,
};
use crate::domain::{
    email::EmailHash,
    feedback::{
        fold::{Mailbox, SendRow},
        suppression::{PastEvent, Suppressed, suppress},
    },
    ids::{CampaignId, SendId},
};

/// The hash of a mailbox, whose size the schema checks.
pub(super) fn hash(bytes: &[u8]) -> Result<EmailHash, DbError> {
    let hash = bytes.try_into().map(EmailHash);
    hash.map_err(|_| DbError::UnknownWord {
        table: "recipients",
        row: "with a hash of another size".to_owned(),
        column: "email_hash",
    })
}

/// Keeps the suppression of a mailbox that is not on record; gives how many there were.
pub(super) async fn insert_recipients(
    conn: &mut PgConnection,
    batch: &[Matched<'_>],
) -> Result<usize, DbError> {
    let mut reasons: HashMap<EmailHash, Vec<Suppressed>> = HashMap::new();
    // Every send has a recipient on record.
    for unmatched in batch.iter().filter(|matched| matched.send.is_none()) {
        let reason = unmatched.to_event().suppression();
        if let Some((mailbox, reason)) = unmatched.mailbox.zip(reason) {
            reasons.entry(mailbox).or_default().push(reason);
        }
    }
    let new: Vec<(EmailHash, Suppressed)> = reasons
        .into_iter()
        .filter_map(|(mailbox, reasons)| Some((mailbox, suppress(None, &reasons, None)?)))
        .collect();
    if new.is_empty() {
        return Ok(0);
    }
    let hashes: Vec<&[u8]> = new.iter().map(|(hash, _)| hash.0.as_slice()).collect();
    let at: Vec<DateTime<Utc>> = new.iter().map(|(_, new)| new.at).collect();
    let reasons: Vec<&str> = new.iter().map(|(_, new)| new.reason.as_str()).collect();
    let inserted = sqlx::query!(
        "insert into recipients (email_hash, suppressed_at, suppression_reason)
         select * from unnest($1::bytea[], $2::timestamptz[], $3::text[])
             as d (email_hash, at, reason)
         order by email_hash
         on conflict (email_hash) do nothing",
        &hashes as &[&[u8]],
        &at,
        &reasons as &[&str],
    )
    .execute(conn)
    .await
    .map_err(DbError::on("store suppressed recipients"))?;
    Ok(usize::try_from(inserted.rows_affected()).unwrap_or(usize::MAX))
}

pub(super) async fn recipients(
    conn: &mut PgConnection,
    batch: &[Matched<'_>],
) -> Result<Vec<Mailbox>, DbError> {
    let mut hashes: Vec<EmailHash> = batch.iter().filter_map(|m| m.mailbox).collect();
    hashes.sort_unstable();
    hashes.dedup();
    let hashes: Vec<&[u8]> = hashes.iter().map(|hash| hash.0.as_slice()).collect();
    let rows = sqlx::query!(
        "select email_hash, suppressed_at, suppression_reason from recipients
         where email_hash = any($1) order by email_hash for no key update",
        &hashes as &[&[u8]],
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("lock recipients"))?;
    rows.into_iter()
        .map(|row| {
            let suppressed = row.suppressed_at.zip(row.suppression_reason);
            Ok(Mailbox {
                hash: hash(&row.email_hash)?,
                suppressed: suppressed.map(|(at, reason)| Suppressed { at, reason }),
                history: Vec::new(),
            })
        })
        .collect()
}

pub(super) async fn sends(
    conn: &mut PgConnection,
    batch: &[Matched<'_>],
) -> Result<Vec<SendRow>, DbError> {
    let mut ids: Vec<i64> = batch
        .iter()
        .filter_map(|matched| Some(matched.send?.id.0))
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let rows = sqlx::query!(
        r#"select id, campaign_id, email_hash, state::text as "state!", reason, bounce, sent_at,
                  ses_message_id
           from sends where id = any($1) order by id for no key update"#,
        &ids,
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("lock the sends of events"))?;
    rows.into_iter()
        .map(|row| {
            let bounce = row
                .bounce
                .map(|word| known(&word, "sends", row.id, "bounce"));
            Ok(SendRow {
                id: SendId(row.id),
                campaign: CampaignId(row.campaign_id),
                mailbox: hash(&row.email_hash)?,
                state: known(&row.state, "sends", row.id, "state")?,
                reason: row.reason,
                bounce: bounce.transpose()?,
                sent_at: row.sent_at,
                message_id: row.ses_message_id,
            })
        })
        .collect()
}

/// What counts for soft bounces in a row. Read after the mailboxes were locked and the batch stored.
pub(super) async fn read_history(
    conn: &mut PgConnection,
    mailboxes: Vec<&mut Mailbox>,
) -> Result<(), DbError> {
    if mailboxes.is_empty() {
        return Ok(());
    }
    let hashes: Vec<Vec<u8>> = mailboxes.iter().map(|m| m.hash.0.to_vec()).collect();
    let rows = sqlx::query!(
        r#"select email_hash as "email_hash!", at, event_key, kind = 'delivery' as "delivered!"
           from send_events
           where email_hash = any($1) and kind in ('bounce', 'delivery')
             and (kind = 'delivery' or bounce = 'soft')"#,
        &hashes,
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("read the bounces of mailboxes"))?;
    let mut histories: HashMap<Vec<u8>, Vec<PastEvent>> = HashMap::new();
    for row in rows {
        let key = hash(&row.event_key)?.0;
        let event = PastEvent {
            at: row.at,
            delivered: row.delivered,
            key,
        };
        histories.entry(row.email_hash).or_default().push(event);
    }
    for mailbox in mailboxes {
        mailbox.history = histories.remove(&mailbox.hash.0[..]).unwrap_or_default();
    }
    Ok(())
}
