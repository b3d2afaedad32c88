//! What SES says about the account, kept for everybody who claims.

use sqlx::PgConnection;

use super::super::DbError;
use crate::domain::quota::AccountQuota;

/// Remembers the answer for the claims to come, and forgets domains that had no mail for a day.
///
/// What SES counts beyond our own mails was sent by others, and leaves us less.
///
/// # Errors
/// When the statement fails.
pub async fn remember_quota(conn: &mut PgConnection, quota: AccountQuota) -> Result<(), DbError> {
    sqlx::query!(
        "with forgotten as (
             delete from recipient_domains where next_at < now() - interval '1 day'
         )
         update rate_limits r
         set max_per_second = $1, max_per_day = $2, read_at = now(),
             sent_elsewhere = greatest(0, $3 - (select sum(mails) from unnest(r.hours) as t (mails)))
         where name = 'ses'",
        quota.per_second,
        quota.per_day,
        i64::from(quota.sent_last_day),
    )
    .execute(conn)
    .await
    .map_err(DbError::on("remember what SES says about its quota"))?;
    Ok(())
}
