//! The walls of the house, and every statement against a real PostgreSQL.
//!
//! * `tidy` – who may name what, and how large a room may be.
//! * `sends` – the ledger: claim, arm, settle, reap, and what happens at once.
//! * `plans` – the statements stay on their indexes as the tables grow.
//! * `audit` – every decision leaves a trace that names nobody.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up should stop at once"
)]

mod audit;
mod ledger;
mod plans;
mod sends;
mod tidy;
