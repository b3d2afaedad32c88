//! What is kept of requests to the API: how many came in a minute, and what was answered to those that must not be
//! carried out twice.

use serde_json::Value;
use sqlx::PgConnection;

use super::super::{DbError, transaction};

/// Requests of one person in the present minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Minute {
    /// This one included.
    pub requests: i32,
    /// Until the next minute begins: 1 to 60.
    pub seconds_left: i32,
}

/// Counts a request.
///
/// # Errors
/// When a statement fails.
pub async fn count(conn: &mut PgConnection, subject: &str) -> Result<Minute, DbError> {
    let row = sqlx::query!(
        r#"insert into api_minutes as m (subject, minute, requests) values ($1, date_trunc('minute', now()), 1)
           on conflict (subject, minute) do update set requests = m.requests + 1
           returning requests, 60 - extract(second from now())::int as "seconds_left!""#,
        subject,
    )
    .fetch_one(&mut *conn)
    .await
    .map_err(DbError::on("count a request"))?;
    if row.requests == 1 {
        sqlx::query!(
            "delete from api_minutes a
             using (select subject, minute from api_minutes where minute < now() - interval '1 hour'
                    order by subject, minute limit 100 for update skip locked) old
             where a.subject = old.subject and a.minute = old.minute"
        )
        .execute(conn)
        .await
        .map_err(DbError::on("forget counted requests"))?;
    }
    Ok(Minute {
        requests: row.requests,
        seconds_left: row.seconds_left.clamp(1, 60),
    })
}

/// A request that its sender may repeat without its being carried out twice.
#[derive(Debug, Clone, Copy)]
pub struct Keyed<'a> {
    pub subject: &'a str,
    pub key: &'a str,
    /// Of everything that the request says.
    pub fingerprint: &'a [u8],
}

/// What is answered to such a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Once {
    /// It was carried out now.
    Now(Value),
    /// It was carried out before, and this was answered.
    Before(Value),
    /// The key came with another request before.
    OtherRequest,
}

/// Carries a request out once. Its effect and its answer are stored together; what is wrong with a request is not
/// kept, since it had no effect.
///
/// A second request of the same key waits for the first.
///
/// # Errors
/// When a statement fails; nothing was changed.
pub async fn once<E>(
    conn: &mut PgConnection,
    request: Keyed<'_>,
    work: impl AsyncFn(&mut PgConnection) -> Result<Result<Value, E>, DbError>,
) -> Result<Result<Once, E>, DbError> {
    transaction(conn, async |tx| {
        forget_old(tx).await?;
        if !begin(tx, request).await? {
            return Ok(Ok(before(tx, request).await?));
        }
        let answer = work(tx).await?;
        end(tx, request, answer.as_ref().ok()).await?;
        Ok(answer.map(Once::Now))
    })
    .await
}

/// Those of a day ago, whosesoever they are.
async fn forget_old(tx: &mut PgConnection) -> Result<(), DbError> {
    sqlx::query!(
        "delete from api_answers a
         using (select subject, key from api_answers where created_at < now() - interval '1 day'
                order by subject, key limit 100 for update skip locked) old
         where a.subject = old.subject and a.key = old.key"
    )
    .execute(tx)
    .await
    .map_err(DbError::on("forget old answers"))?;
    Ok(())
}

/// False where the key is known.
async fn begin(tx: &mut PgConnection, request: Keyed<'_>) -> Result<bool, DbError> {
    let stored = sqlx::query!(
        "insert into api_answers (subject, key, fingerprint) values ($1, $2, $3)
         on conflict (subject, key) do nothing",
        request.subject,
        request.key,
        request.fingerprint,
    )
    .execute(tx)
    .await
    .map_err(DbError::on("begin a request with a key"))?;
    Ok(stored.rows_affected() == 1)
}

async fn before(tx: &mut PgConnection, request: Keyed<'_>) -> Result<Once, DbError> {
    let row = sqlx::query!(
        "select fingerprint, answer from api_answers where subject = $1 and key = $2",
        request.subject,
        request.key,
    )
    .fetch_one(tx)
    .await
    .map_err(DbError::on("read what was answered before"))?;
    Ok(match row.answer {
        Some(answer) if row.fingerprint == request.fingerprint => Once::Before(answer),
        _ => Once::OtherRequest,
    })
}

async fn end(
    tx: &mut PgConnection,
    request: Keyed<'_>,
    answer: Option<&Value>,
) -> Result<(), DbError> {
    let (subject, key) = (request.subject, request.key);
    let ended = match answer {
        Some(answer) => {
            sqlx::query!(
                "update api_answers set answer = $3 where subject = $1 and key = $2",
                subject,
                key,
                answer,
            )
            .execute(tx)
            .await
        }
        None => {
            sqlx::query!(
                "delete from api_answers where subject = $1 and key = $2",
                subject,
                key,
            )
            .execute(tx)
            .await
        }
    };
    ended.map_err(DbError::on("store an answer"))?;
    Ok(())
}
