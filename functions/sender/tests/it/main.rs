//! The sender on real parts: PostgreSQL, the local cloud's SQS and SES, and an SES that fails.
//!
//! * `sending` – what goes out, once, and what does not.
//! * `faults` – every way in which SES can fail.
//! * `sweep` – what was left behind.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up should stop at once"
)]

mod faults;
mod fixture;
mod pace;
mod sending;
mod ses;
mod sweep;
