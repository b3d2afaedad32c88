//! Table `model_spend`: what the day's calls cost, with what those that are being made may cost at most.

use chrono::NaiveDate;
use sqlx::PgConnection;

use super::{
    super::{DbError, transaction_without_flush},
    Terms,
};

/// Calls that were paid for from the budget of a day.
pub(super) struct Budget {
    pub(super) day: NaiveDate,
    pub(super) calls: usize,
}

/// Takes the worst cost of so many calls from today's budget, or of as many as it covers.
pub(super) async fn take_budget(
    conn: &mut PgConnection,
    calls: usize,
    terms: Terms<'_>,
) -> Result<Budget, DbError> {
    if let Some(budget) = try_budget(conn, calls, terms).await? {
        return Ok(budget);
    }
    // The first of the day.
    let day = sqlx::query_scalar!(
        r#"insert into model_spend (day) values ((now() at time zone 'utc')::date)
           on conflict (day) do update set micros = model_spend.micros returning day"#
    )
    .fetch_one(&mut *conn)
    .await
    .map_err(DbError::on("open the day's budget"))?;
    let budget = try_budget(conn, calls, terms).await?;
    Ok(budget.unwrap_or(Budget { day, calls: 0 }))
}

/// None before the day's first call. The row is locked by one statement and changed by the next: a statement that does
/// both reckons with what it saw before it waited, and two workers then take the same money.
async fn try_budget(
    conn: &mut PgConnection,
    calls: usize,
    terms: Terms<'_>,
) -> Result<Option<Budget>, DbError> {
    transaction_without_flush(conn, async |tx| {
        let today = sqlx::query!(
            "select day, micros from model_spend where day = (now() at time zone 'utc')::date for no key update"
        )
        .fetch_optional(&mut *tx)
        .await
        .map_err(DbError::on("lock the day's budget"))?;
        let Some(today) = today else {
            return Ok(None);
        };
        let left = terms.daily_budget_micros.saturating_sub(today.micros);
        let covered = usize::try_from(left / terms.call_micros.max(1)).unwrap_or(0);
        let granted = calls.min(covered);
        let cost = terms
            .call_micros
            .saturating_mul(i64::try_from(granted).unwrap_or(i64::MAX));
        change_spend(tx, today.day, cost).await?;
        Ok(Some(Budget {
            day: today.day,
            calls: granted,
        }))
    })
    .await
}

/// As the last of its transaction, or alone, since every worker wants the row.
pub(super) async fn change_spend(
    conn: &mut PgConnection,
    day: NaiveDate,
    difference: i64,
) -> Result<(), DbError> {
    if difference == 0 {
        return Ok(());
    }
    sqlx::query!(
        "update model_spend set micros = greatest(0, micros + $2) where day = $1",
        day,
        difference,
    )
    .execute(conn)
    .await
    .map_err(DbError::on("change what the day has cost"))?;
    Ok(())
}
