//! The feedback function on a real PostgreSQL.
//!
//! * `kinds` – each of SES's events as it comes, and what follows from it.
//! * `wrappings` – envelopes, greetings, and what can never be read.
//! * `ledger` – events that come early, late, or for nobody.
//! * `mailboxes` – who is left alone, and for which reason.
//! * `breakers` – when a campaign is stopped.
//! * `order` – ten thousand events in five orders.
//! * `together` – many at once.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up should stop at once"
)]

mod breakers;
mod fixture;
mod kinds;
mod ledger;
mod mailboxes;
mod notices;
mod order;
mod together;
mod wrappings;
