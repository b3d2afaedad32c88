//! Claim: queued → claimed, or what the gate says instead.

use sqlx::PgConnection;

use super::{
    super::{DbError, transaction_without_flush},
    Deferred, Terms,
    facts::{self, Answer},
    write::{Change, recorded, write},
};
use crate::domain::{ids::CampaignId, quota::Candidate, reason::Reason, send_state::SendState};

/// A send that the gate let pass, held by this sender until its lease ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// Raised by every claim: what an older holder does is refused.
    pub fence: i64,
    pub candidate: Candidate,
}

/// What became of the sends of a batch that were due.
#[derive(Debug, Default)]
pub struct Claims {
    pub claimed: Vec<Claimed>,
    /// What waits, by the gate's word.
    pub deferred: Vec<Deferred>,
    /// Campaigns that have never been counted.
    pub(super) without_counter: Vec<CampaignId>,
}

struct Due {
    id: i64,
    fence: i64,
    waited: Option<Reason>,
}

/// Takes the sends that are due and asks the gate about each. What it lets pass is held for the
/// lease; what it defers, refuses or wants reviewed is written down at once, and is never granted
/// anything. What is not due, or held by another sender, is left alone.
///
/// Not flushed: a claim that a crash of the server forgets has led to no call: arming is flushed.
///
/// # Errors
/// When a statement fails; nothing is held.
pub async fn claim(
    conn: &mut PgConnection,
    ids: &[i64],
    terms: &Terms<'_>,
) -> Result<Claims, DbError> {
    transaction_without_flush(conn, async |tx| {
        let due = lock_due(tx, ids).await?;
        if due.is_empty() {
            return Ok(Claims::default());
        }
        decide(tx, &due, terms).await
    })
    .await
}

/// By key alone: with a condition on the state the planner may take the index of all that is due.
async fn lock_due(conn: &mut PgConnection, ids: &[i64]) -> Result<Vec<Due>, DbError> {
    let rows = sqlx::query!(
        r#"select id, fence, reason, state = 'queued' and not_before <= now() as "due!"
           from sends where id = any ($1) order by id for no key update skip locked"#,
        ids,
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("lock sends that are due"))?;
    let due = rows.into_iter().filter(|row| row.due).map(|row| Due {
        id: row.id,
        fence: row.fence,
        // A word that an operator wrote is no limit that was waited for.
        waited: row.reason.as_deref().and_then(Reason::from_word),
    });
    Ok(due.collect())
}

async fn decide(
    conn: &mut PgConnection,
    due: &[Due],
    terms: &Terms<'_>,
) -> Result<Claims, DbError> {
    let ids: Vec<i64> = due.iter().map(|due| due.id).collect();
    let mut claims = Claims::default();
    let mut changes = Vec::with_capacity(due.len());
    for examined in facts::read(conn, &ids, terms).await? {
        let Some(due) = due.iter().find(|due| due.id == examined.send.0) else {
            continue;
        };
        match examined.ask(examined.now) {
            Answer::Pass { to, .. } => {
                changes.push(Change::to(examined.send, SendState::Claimed));
                if !examined.has_counter {
                    claims.without_counter.push(examined.campaign);
                }
                claims.claimed.push(Claimed {
                    fence: due.fence + 1,
                    candidate: Candidate {
                        send: examined.send,
                        campaign: examined.campaign,
                        mailbox: examined.mailbox,
                        domain: terms.hash_key.hash_domain(&to),
                        waited: due.waited,
                    },
                });
            }
            Answer::Hold {
                state,
                reason,
                until,
                record,
            } => {
                let waits =
                    until.map(|until| Deferred::new(examined.send, until, examined.now, terms));
                claims.deferred.extend(waits);
                changes.push(Change {
                    reason,
                    not_before: until,
                    published: waits.is_some_and(|waits| waits.delay.is_some()),
                    decision: Some(recorded(&record)?),
                    ..Change::to(examined.send, state)
                });
            }
        }
    }
    write(conn, &changes, terms.lease).await?;
    Ok(claims)
}
