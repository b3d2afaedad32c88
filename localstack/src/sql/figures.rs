//! The console's figures against the rows that they were counted from.

use anyhow::{Context as _, Result};
use chrono::NaiveDate;
use shared::db::console::figures::{self, Difference};
use sqlx::PgConnection;

/// What a second count of every day gave.
#[derive(Debug, Default)]
pub(crate) struct Recount {
    pub(crate) days: usize,
    pub(crate) differences: Vec<Difference>,
}

/// Counts every day again of which there is a figure or a row.
pub(crate) async fn recount(conn: &mut PgConnection) -> Result<Recount> {
    let days: Vec<NaiveDate> = sqlx::query_scalar(
        "select (hour at time zone 'UTC')::date as day from figures_hours
         union select day from figures_days
         union select (found_at at time zone 'UTC')::date from lead_sources
         union select (sent_at at time zone 'UTC')::date from sends where sent_at is not null
         union select (at at time zone 'UTC')::date from audit_log where table_name = 'sends'
         order by day",
    )
    .fetch_all(&mut *conn)
    .await
    .context("could not read which days have figures")?;
    let mut differences = Vec::new();
    for day in &days {
        differences.extend(figures::recount(conn, *day).await?);
    }
    Ok(Recount {
        days: days.len(),
        differences,
    })
}
