//! What SES says about the account, kept for all who claim.

use sqlx::PgConnection;

use super::super::DbError;
use crate::domain::quota::AccountQuota;

/// Remembers the answer for the grants to come. What SES counts beyond our own mails was sent by
/// others, and leaves us less.
///
/// # Errors
/// When the statement fails.
pub async fn remember_quota(conn: &mut PgConnection, quota: AccountQuota) -> Result<(), DbError> {
    sqlx::query!(
        "update rate_limits r
         set max_per_second = $1, max_per_day = $2, read_at = now(),
             -- Our own of the last 24 hours: of the hours kept, those that are not over yet.
             sent_elsewhere = greatest(0, $3 - (
                 select coalesce(sum(mails), 0)
                 from unnest(r.hours) with ordinality as t (mails, nth)
                 where r.hour_at - (nth - 1) * interval '1 hour' > now() - interval '25 hours'))
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

/// Forgets the domains that had no mail for a day.
///
/// # Errors
/// When the statement fails.
pub async fn forget_domains(conn: &mut PgConnection) -> Result<(), DbError> {
    sqlx::query!(
        "delete from recipient_domains where domain_hash in (
             select domain_hash from recipient_domains
             where next_at < now() - interval '1 day' and reserved_until < now()
             order by domain_hash for update skip locked)"
    )
    .execute(conn)
    .await
    .map_err(DbError::on("forget domains"))?;
    Ok(())
}
