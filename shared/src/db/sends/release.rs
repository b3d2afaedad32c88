//! Release: a mail that certainly never left gives back what it was granted.

use sqlx::PgConnection;

use super::{super::DbError, quota};
use crate::domain::quota::{self as rules, Slot, Throttling};

/// Gives back the counts of mails that certainly never left: the campaign's day, the ramp's day and
/// the hour of SES's quota. Not their slots of the rate, nor the domains' turns: those are past. The
/// caller, who holds the sends, clears `slot_at` and `slot_day`, which is the mailbox's day.
///
/// Takes the last locks of its transaction, and none for nothing.
///
/// # Errors
/// When a statement fails.
pub async fn release(conn: &mut PgConnection, unused: &[Slot]) -> Result<(), DbError> {
    adjust(conn, unused, Throttling::default()).await
}

/// The same, and slows all senders down where SES asked for it.
pub(super) async fn adjust(
    conn: &mut PgConnection,
    unused: &[Slot],
    throttling: Throttling,
) -> Result<(), DbError> {
    if unused.is_empty() && throttling == Throttling::default() {
        return Ok(());
    }
    let mut ids: Vec<i64> = unused.iter().map(|slot| slot.campaign.0).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut campaigns = quota::lock_campaigns(conn, &ids).await?;
    let (mut account, now) = quota::lock_account(conn).await?;
    rules::release(&mut account, &mut campaigns, unused);
    rules::throttle(&mut account, throttling, now);
    quota::write(conn, &campaigns, &account).await
}
