//! Table `model_spend`: what the day's calls cost, with what those that are being made may cost at most.

use chrono::NaiveDate;
use sqlx::PgConnection;

use super::{super::DbError, Terms};

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

async fn try_budget(
    conn: &mut PgConnection,
    calls: usize,
    terms: Terms<'_>,
) -> Result<Option<Budget>, DbError> {
    let granted = sqlx::query!(
        r#"update model_spend m
           set micros = m.micros + $2 * least($1, greatest(0, ($3 - b.micros) / $2))
           from (select day, micros from model_spend
                 where day = (now() at time zone 'utc')::date for no key update) b
           where m.day = b.day
           returning m.day, (m.micros - b.micros) / $2 as "calls!""#,
        i64::try_from(calls).unwrap_or(i64::MAX),
        terms.call_micros,
        terms.daily_budget_micros,
    );
    let granted = granted
        .fetch_optional(conn)
        .await
        .map_err(DbError::on("reserve the cost of model calls"))?;
    Ok(granted.map(|row| Budget {
        day: row.day,
        calls: usize::try_from(row.calls).unwrap_or_default(),
    }))
}

/// In a statement of its own, since every worker wants the row.
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
    .map_err(DbError::on("give back what was reserved too much"))?;
    Ok(())
}
