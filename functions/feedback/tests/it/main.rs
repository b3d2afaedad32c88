//! The feedback function on a real PostgreSQL.
//!
//! * `kinds` – each of SES's events as it comes, and what follows from it.
//! * `envelopes` – envelopes, and how much a batch costs.
//! * `unreadable` – what can never be read, and where it is kept.
//! * `ledger` – events that come early, late, or for a mail that is not on record.
//! * `mailboxes` – who is suppressed, and for which reason.
//! * `breakers` – when a campaign is stopped.
//! * `order` – ten thousand events in five orders.
//! * `settling` – events that come while the same sends are settled, and breakers closed.
//! * `together` – many at once.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up should stop at once"
)]

mod breakers;
mod envelopes;
mod fixture;
mod kinds;
mod ledger;
mod mailboxes;
mod notifications;
mod order;
mod settling;
mod together;
mod unreadable;
