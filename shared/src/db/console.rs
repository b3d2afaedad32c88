//! What the pages of the console show, by statements that stay quick on a million leads.

pub mod audit;
pub mod campaigns;
pub mod figures;
pub mod health;
pub mod lead;
pub mod leads;
pub mod overview;
pub mod preview;
pub mod requests;
pub mod review;
pub mod sessions;
pub mod shell;
pub mod sources;
pub mod statements;

use serde_json::Value;
use sqlx::{Connection, PgConnection, Postgres, Transaction};

use super::{DbError, operator};
use crate::domain::{
    audit::{Action, Table},
    ids::LeadId,
};

/// One moment for all statements of a page, so that its figures agree with each other. A condition that
/// is met by few is looked up by its index, also where the planner guesses that many meet it and would
/// rather go through the table; and nothing is compiled, and no other process started, for a statement that
/// is over before that.
const BEGIN_READING: &str = "begin isolation level repeatable read read only; \
     set local enable_seqscan = off; set local jit = off; set local max_parallel_workers_per_gather = 0";

/// Starts what a page reads; dropped, it is over.
async fn begin_reading(conn: &mut PgConnection) -> Result<Transaction<'_, Postgres>, DbError> {
    let begun = conn.begin_with(BEGIN_READING).await;
    begun.map_err(DbError::on("begin to read a page"))
}

/// Records what a person did about a lead.
async fn record(
    tx: &mut PgConnection,
    lead: LeadId,
    action: Action,
    after: &Value,
) -> Result<(), DbError> {
    operator::record(tx, (Table::Leads, lead.0), action, after).await
}
