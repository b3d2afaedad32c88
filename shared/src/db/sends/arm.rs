//! Arm: claimed → calling, committed before any call, or back with the reason.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use super::{
    super::{DbError, transaction},
    Deferred, Granted, Terms,
    facts::{self, Answer, Examined},
    release::release,
    write::{Change, recorded, write},
};
use crate::domain::{
    content::Draft,
    email::EmailAddress,
    ids::SendId,
    lead::{Origin, Platform},
    quota::{Quota, Slot, is_late},
    reason::Reason,
    send_state::SendState,
};

/// A sender that holds a claim for less than this is taken for dead.
const LEAST_LEASE: TimeDelta = TimeDelta::seconds(30);

/// A send that SES may be called for, once, and what its mail is written from: as it stood when it
/// was armed.
#[derive(Debug, Clone)]
pub struct Armed {
    pub send: SendId,
    pub fence: i64,
    /// How often SES was called for it before.
    pub attempts: u32,
    /// When it is to be called.
    pub slot_at: DateTime<Utc>,
    pub to: EmailAddress,
    pub draft: Draft,
    /// Where the profile lives.
    pub platform: Platform,
    /// Where its data is from.
    pub origin: Origin,
    pub username: String,
    pub name: Option<String>,
    /// ISO 639-1.
    pub language: Option<String>,
    pub offer: String,
}

/// What became of the sends that a sender held.
#[derive(Debug, Default)]
pub struct Arming {
    pub armed: Vec<Armed>,
    pub deferred: Vec<Deferred>,
}

/// Asks the gate again, on facts that are read under a lock on the mailboxes, and arms what it lets
/// pass: an opt-out is either seen here or waits until the call is on record (invariant 10). What is
/// not armed goes back with its reason and gives back what it was granted. What another sender holds
/// by now is left alone.
///
/// When this returns, the state of what it gives is durable; when it fails, none may be called.
///
/// # Errors
/// When a statement fails or its end is not known.
pub async fn arm(
    conn: &mut PgConnection,
    granted: &Granted,
    terms: &Terms<'_>,
) -> Result<Arming, DbError> {
    transaction(conn, async |tx| {
        lock_mailboxes(tx, granted).await?;
        let held = lock_held(tx, granted).await?;
        let ids: Vec<i64> = held.iter().map(|held| held.send.0).collect();
        let mut arming = Arming::default();
        let mut changes = Vec::with_capacity(held.len());
        let mut unused = Vec::new();
        for examined in facts::read(tx, &ids, terms).await? {
            let Some(held) = held.iter().find(|held| held.send == examined.send) else {
                continue;
            };
            let (mut change, armed) = decide(&examined, held)?;
            if let (None, Quota::Granted { slot_at }) = (&armed, held.quota) {
                unused.push(Slot {
                    campaign: examined.campaign,
                    at: slot_at,
                });
            }
            arming.armed.extend(armed);
            if let Some(until) = change.not_before {
                let deferred = Deferred::new(examined.send, until, examined.now, terms);
                change.published = deferred.delay.is_some();
                arming.deferred.push(deferred);
            }
            changes.push(change);
        }
        write(tx, &changes, terms.lease).await?;
        release(tx, &unused).await?;
        Ok(arming)
    })
    .await
}

/// A send that this sender still holds.
struct Held {
    send: SendId,
    fence: i64,
    lease_until: DateTime<Utc>,
    quota: Quota,
}

fn decide(examined: &Examined, held: &Held) -> Result<(Change, Option<Armed>), DbError> {
    // The gap between two mails is counted from the day of the call.
    let now = match held.quota {
        Quota::Granted { slot_at } => slot_at.max(examined.now),
        Quota::Wait { .. } => examined.now,
    };
    let (to, draft, record) = match examined.ask(now) {
        Answer::Pass { to, draft, record } => (to, draft, record.with_quota(held.quota)),
        Answer::Hold {
            state,
            reason,
            until,
            record,
        } => {
            let change = Change {
                reason,
                not_before: until,
                decision: Some(recorded(&record)?),
                ..Change::to(examined.send, state)
            };
            return Ok((change, None));
        }
    };
    let wait = |reason, until| Change {
        reason: Some(reason),
        not_before: Some(until),
        ..Change::to(examined.send, SendState::Queued)
    };
    let (mut change, slot_at) = match held.quota {
        Quota::Wait { until, reason } => (wait(reason, until), None),
        // A sender that waited so long for its locks calls nothing any more.
        Quota::Granted { slot_at }
            if now + LEAST_LEASE > held.lease_until || is_late(slot_at, now, examined.attempts) =>
        {
            (wait(Reason::LateForSlot, now), None)
        }
        Quota::Granted { slot_at } => {
            let call = Change::to(examined.send, SendState::Calling);
            (call, Some(slot_at))
        }
    };
    change.slot_at = slot_at;
    change.decision = Some(recorded(&record)?);
    let armed = slot_at.map(|slot_at| Armed {
        send: examined.send,
        fence: held.fence,
        attempts: examined.attempts,
        slot_at,
        to,
        draft,
        platform: examined.platform,
        origin: examined.origin,
        username: examined.username.clone(),
        name: examined.name.clone(),
        language: examined.language.clone(),
        offer: examined.offer.clone(),
    });
    Ok((change, armed))
}

/// Exclusively: two sends to one mailbox must see the day of the other. What only waits needs none.
async fn lock_mailboxes(conn: &mut PgConnection, granted: &Granted) -> Result<(), DbError> {
    let mailboxes: Vec<&[u8]> = granted
        .slots()
        .map(|(claimed, _)| claimed.candidate.mailbox.0.as_slice())
        .collect();
    if mailboxes.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "select email_hash from recipients where email_hash = any ($1)
         order by email_hash for no key update",
        &mailboxes as &[&[u8]],
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("lock mailboxes"))?;
    Ok(())
}

async fn lock_held(conn: &mut PgConnection, granted: &Granted) -> Result<Vec<Held>, DbError> {
    let ids: Vec<i64> = granted.quotas().map(|(send, _)| send.0).collect();
    let rows = sqlx::query!(
        r#"select id, fence, lease_until, state = 'claimed' as "claimed!"
           from sends where id = any ($1) order by id for no key update"#,
        &ids,
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("lock the sends that are armed"))?;
    let held = rows.into_iter().filter_map(|row| {
        let mut sends = granted.sends.iter();
        let (claimed, quota) = sends.find(|(c, _)| c.candidate.send.0 == row.id)?;
        Some(Held {
            send: claimed.candidate.send,
            fence: claimed.fence,
            lease_until: row.lease_until?,
            quota: *quota,
        })
        .filter(|_| row.claimed && row.fence == claimed.fence)
    });
    Ok(held.collect())
}
