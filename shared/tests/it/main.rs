//! The rules of the layout, and every statement against a real PostgreSQL.
//!
//! * `tidy` – who may name what.
//! * `sends`, `arming` – the ledger: claim, arm, settle, reap, and what happens at once.
//! * `limits` – what is granted.
//! * `constraints` – what the database refuses, and does by itself.
//! * `connection` – one that died while it was not used.
//! * `plans` – the statements stay on their indexes as the tables grow.
//! * `roles` – what a function may not do.
//! * `why` – what an operator is shown; `operator` – what one may do.
//! * `testing` – what tests of several crates share.
//! * `console` – what the console's pages show.
//! * `audit` – every decision leaves an audit row without personal data.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up should stop at once"
)]

mod arming;
mod audit;
mod connection;
mod console;
mod constraints;
mod installation;
mod ledger;
mod limits;
mod operator;
mod plans;
mod review;
mod roles;
mod sends;
mod testing;
mod tidy;
mod transactions;
mod why;
