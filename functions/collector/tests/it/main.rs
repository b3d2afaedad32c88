//! The collector on real parts: PostgreSQL, SQS and S3 of the local cloud, and HTTP servers.
//!
//! * `identity` – a lead exists once, whatever is repeated or reordered (invariant 1).
//! * `erasure` – who was erased is dropped before storage; decisions about people stay (1, 16).
//! * `pages` – a page and its cursor together or not at all; one run at a time (2).
//! * `races` – pages that meet other writers, and failures that concern one source only.
//! * `publishing` – stored means eventually published, without personal data (3, 4).
//! * `x` – X's answers as recorded, and its stand-in end to end.
//! * `lists` – files and objects as people export them.
//! * `trial` – a source tried, with nothing stored.
//! * `standin` – the stand-in's list from end to end.
//! * `limits` – statements a page, and the deadline.
//!
//! `stage` wires a collector to a test's own database, queue and server, `replay` is that server,
//! and `log` is what a run wrote.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up should stop at once"
)]

mod erasure;
mod identity;
mod limits;
mod lists;
mod log;
mod pages;
mod publishing;
mod races;
mod replay;
mod stage;
mod standin;
mod trial;
mod x;
