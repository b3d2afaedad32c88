//! The upper limit of any pipeline on this PostgreSQL: its simplest insert.

use std::time::Instant;

use anyhow::Result;
use futures::future::try_join_all;
use shared::db::{self, PgPool};

use crate::sql::measures;

use super::figures::BareFigures;
use super::probe::watch;
use super::stage::Ground;
use crate::migrate;

const NAME: &str = "bare";
/// Rows of a statement, and connections that insert at once.
const FORMS: [(u64, u32); 4] = [(100, 1), (1_000, 1), (100, 2), (1_000, 2)];

/// Inserts as many rows in each form as the pipeline writes.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a positive number of rows that were counted"
)]
pub(super) async fn measure(
    ground: &Ground,
    leads: u32,
    rows_per_lead: f64,
) -> Result<Vec<BareFigures>> {
    let rows = (f64::from(leads) * rows_per_lead) as u64;
    let mut figures = Vec::new();
    for (batch, connections) in FORMS {
        ground.cluster.remove(NAME).await?;
        let admin = ground.cluster.create(NAME).await?;
        let mut conn = db::acquire(&admin).await?;
        measures::make_bare(&mut conn).await?;
        measures::checkpoint(&mut conn).await?;
        drop(conn);
        let pools = (0..connections)
            .map(|_| migrate::pool(&ground.cluster.url(NAME)))
            .collect::<Result<Vec<_>>>()?;
        // Connected before the clock runs.
        for pool in &pools {
            db::acquire(pool).await?;
        }
        let each = (rows / u64::from(connections)).div_ceil(batch);
        let begun = Instant::now();
        let what = format!("bare rows, {batch} a statement, {connections} connections");
        let work = try_join_all((0..).zip(&pools).map(|(nth, pool)| {
            let first = nth * each * batch;
            insert(pool, first, each, batch)
        }));
        watch(&what, 1, || 0, work).await?;
        let inserted = u32::try_from(each * batch * u64::from(connections))?;
        figures.push(BareFigures {
            rows_per_statement: batch,
            connections,
            rows_per_second: f64::from(inserted) / begun.elapsed().as_secs_f64(),
        });
        for pool in pools.iter().chain([&admin]) {
            pool.close().await;
        }
        ground.cluster.remove(NAME).await?;
    }
    Ok(figures)
}

async fn insert(pool: &PgPool, first: u64, statements: u64, batch: u64) -> Result<()> {
    let mut conn = db::acquire(pool).await?;
    for nth in 0..statements {
        measures::insert_bare(&mut conn, first + nth * batch, batch).await?;
    }
    Ok(())
}
