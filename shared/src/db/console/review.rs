//! The queue of drafts that wait for a person: who looks at which, and what is decided.

mod decide;
mod item;

pub use decide::{Decided, decide, undo};
pub use item::{Evidence, Item, item, items};
use sqlx::PgConnection;

use super::super::{DbError, transaction};
use crate::domain::review::{LEASE_MINUTES, SKIPPED_HOURS};

/// Which part of the queue somebody works on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Queue<'a> {
    /// The reason for which a person looks first.
    pub reason: Option<&'a str>,
    pub campaign: Option<&'a str>,
}

/// A reason, and how many wait for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub reason: String,
    pub count: i64,
}

/// What a reviewer is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    pub send: i64,
    /// The one after it, already held.
    pub next: Option<i64>,
}

/// How many drafts wait, by reason, the most first.
///
/// # Errors
/// When the statement fails.
pub async fn waiting(conn: &mut PgConnection) -> Result<Vec<Waiting>, DbError> {
    sqlx::query_as!(
        Waiting,
        r#"select coalesce(reason, '') as "reason!", count(*) as "count!" from sends
           where state = 'review' group by 1 order by 2 desc, 1"#
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("count what waits for a person"))
}

/// How often it is looked again when others took in the same moment what was free.
const ATTEMPTS: usize = 10;

/// Gives a person the best draft that nobody else looks at, and holds the one after it for them. The drafts that they
/// hold already come first; those that they put aside come after hours.
///
/// # Errors
/// When a statement fails.
pub async fn take(
    conn: &mut PgConnection,
    subject: &str,
    queue: Queue<'_>,
) -> Result<Option<Taken>, DbError> {
    for _ in 0..ATTEMPTS {
        let taken = transaction(conn, async |tx| {
            let free = free(tx, subject, queue, (2, false)).await?;
            if free.is_empty() {
                return Ok(Some(None));
            }
            let mut held = hold(tx, subject, &free).await?;
            held.sort_unstable_by_key(|id| free.iter().position(|free| free == id));
            let mut held = held.into_iter();
            Ok(held.next().map(|send| {
                Some(Taken {
                    send,
                    next: held.next(),
                })
            }))
        });
        if let Some(taken) = taken.await? {
            return Ok(taken);
        }
    }
    Ok(None)
}

/// Gives a person the best drafts with a text that nobody else looks at, at most so many, and holds them. Fewer may come than are
/// free where others take some in the same moment.
///
/// # Errors
/// When a statement fails.
pub async fn take_many(
    conn: &mut PgConnection,
    subject: &str,
    queue: Queue<'_>,
    most: i64,
) -> Result<Vec<i64>, DbError> {
    transaction(conn, async |tx| {
        let free = free(tx, subject, queue, (most, true)).await?;
        let held = hold(tx, subject, &free).await?;
        Ok(free.into_iter().filter(|id| held.contains(id)).collect())
    })
    .await
}

/// The best drafts that are free, as it seems: somebody may have taken them while this looked.
async fn free(
    tx: &mut PgConnection,
    subject: &str,
    queue: Queue<'_>,
    (most, with_text): (i64, bool),
) -> Result<Vec<i64>, DbError> {
    sqlx::query_scalar!(
            r#"select s.id
               from sends s
               join campaigns c on c.id = s.campaign_id
               join enriched_leads e on e.id = s.enriched_lead_id
               left join review_leases l on l.send_id = s.id and l.until > now()
               where s.state = 'review'
                 and ($2::text is null or s.reason = $2) and ($3::text is null or c.name = $3)
                 and (l.send_id is null or l.subject = $1)
                 and not exists (select from reviews v
                                 where v.send_id = s.id and v.subject = $1 and v.decision = 'skipped'
                                   and v.created_at > now() - make_interval(hours => $4))
                 and (not $6 or e.message is not null)
                 -- One that a person has just had the model write.
                 and (e.message is not null
                      or not exists (select from leads w where w.id = s.lead_id
                                     and w.enrich_requested_at is not null and w.enrich_next_at is null
                                     and w.enrich_again_at > now() - interval '30 minutes'))
               order by l.send_id is null, e.score desc, s.id
               limit $5
               for no key update of s skip locked"#,
            subject,
            queue.reason,
            queue.campaign,
            SKIPPED_HOURS,
            most,
            with_text,
        )
        .fetch_all(tx)
        .await
        .map_err(DbError::on("choose a draft"))
}

/// Holds these drafts for a person, but for those that somebody else holds by now. The sends are locked.
async fn hold(tx: &mut PgConnection, subject: &str, sends: &[i64]) -> Result<Vec<i64>, DbError> {
    sqlx::query_scalar!(
        "insert into review_leases (send_id, subject, until)
         select id, $2, now() + make_interval(mins => $3) from unnest($1::bigint[]) as id order by id
         on conflict (send_id) do update set subject = excluded.subject, until = excluded.until
         where review_leases.subject = excluded.subject or review_leases.until < now()
         returning send_id",
        sends,
        subject,
        LEASE_MINUTES,
    )
    .fetch_all(tx)
    .await
    .map_err(DbError::on("hold drafts for a person"))
}
