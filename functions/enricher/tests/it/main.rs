//! The enricher on real parts: PostgreSQL, SQS of the local cloud, and a model over HTTP.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected should stop at once"
)]

mod activation;
mod answers;
mod bios;
mod budget;
mod crash;
mod edges;
mod faults;
mod once;
mod outage;
mod poison;
mod race;
mod replan;
mod server;
mod stage;
mod statements;
mod sweep;
mod together;
mod waiting;
mod world;
