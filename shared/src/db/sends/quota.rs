//! The counters of `campaign_counters` and `rate_limits`: locked in that order, the account last, since
//! all senders want it. Between its lock and the commit lies one statement.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;

use super::super::DbError;
use crate::domain::{
    ids::CampaignId,
    quota::{Account, Bookings, CampaignCounter},
};

/// Locks the counters of these campaigns.
pub(super) async fn lock_campaigns(
    conn: &mut PgConnection,
    campaigns: &[i64],
) -> Result<Vec<CampaignCounter>, DbError> {
    // The cap is joined to the locked row, and may be some milliseconds old.
    let rows = sqlx::query!(
        "select k.campaign_id, c.daily_cap, k.day, k.taken, k.booked_day, k.booked
         from campaign_counters k join campaigns c on c.id = k.campaign_id
         where k.campaign_id = any ($1) order by k.campaign_id for no key update of k",
        campaigns,
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("lock the campaigns' counters"))?;
    let counters = rows.into_iter().map(|row| CampaignCounter {
        campaign: CampaignId(row.campaign_id),
        daily_cap: row.daily_cap,
        day: row.day,
        taken: row.taken,
        booked: Bookings {
            day: row.booked_day,
            count: row.booked,
        },
    });
    Ok(counters.collect())
}

/// Locks the account, and reads the clock once it is locked.
pub(super) async fn lock_account(
    conn: &mut PgConnection,
) -> Result<(Account, DateTime<Utc>), DbError> {
    // The clock outside of the locking query: beside it, it is read before the lock is waited for.
    let row = sqlx::query!(
        r#"select a.*, clock_timestamp() as "now!"
           from (select * from rate_limits where name = 'ses' for no key update) a"#
    )
    .fetch_one(conn)
    .await
    .map_err(DbError::on("lock the limits of the SES account"))?;
    let account = Account {
        max_per_second: row.max_per_second,
        max_per_day: row.max_per_day,
        sent_elsewhere: row.sent_elsewhere,
        next_at: row.next_at,
        reserved_until: row.reserved_until,
        throttle_factor: row.throttle_factor,
        throttled_at: row.throttled_at,
        blocked_until: row.blocked_until,
        hour_at: row.hour_at,
        hours: row.hours,
        day: row.day,
        day_taken: row.day_taken,
        days_used: row.days_used,
        booked: Bookings {
            day: row.booked_day,
            count: row.booked,
        },
    };
    Ok((account, row.now))
}

/// Writes both back. Neither update reads what the other writes.
pub(super) async fn write(
    conn: &mut PgConnection,
    campaigns: &[CampaignCounter],
    account: &Account,
) -> Result<(), DbError> {
    let ids: Vec<i64> = campaigns.iter().map(|c| c.campaign.0).collect();
    let days: Vec<NaiveDate> = campaigns.iter().map(|c| c.day).collect();
    let taken: Vec<i32> = campaigns.iter().map(|c| c.taken).collect();
    let booked_days: Vec<NaiveDate> = campaigns.iter().map(|c| c.booked.day).collect();
    let booked: Vec<i32> = campaigns.iter().map(|c| c.booked.count).collect();
    sqlx::query!(
        "with counters as (
             update campaign_counters k
             set day = d.day, taken = d.taken, booked_day = d.booked_day, booked = d.booked
             from unnest($1::bigint[], $2::date[], $3::int[], $4::date[], $5::int[])
                  as d (id, day, taken, booked_day, booked)
             where k.campaign_id = d.id
         )
         update rate_limits
         set next_at = $6, reserved_until = $7, hour_at = $8, hours = $9, day = $10, day_taken = $11,
             days_used = $12, booked_day = $13, booked = $14, throttle_factor = $15,
             throttled_at = $16, blocked_until = $17
         where name = 'ses'",
        &ids,
        &days,
        &taken,
        &booked_days,
        &booked,
        account.next_at,
        account.reserved_until,
        account.hour_at,
        &account.hours,
        account.day,
        account.day_taken,
        account.days_used,
        account.booked.day,
        account.booked.count,
        account.throttle_factor,
        account.throttled_at,
        account.blocked_until,
    )
    .execute(conn)
    .await
    .map_err(DbError::on("write the counters"))?;
    Ok(())
}
