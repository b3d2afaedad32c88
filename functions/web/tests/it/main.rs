//! The web function on a real PostgreSQL.
//!
//! * `one_click` – what unsubscribes, and what it leaves behind.
//! * `reading` – what does not: scanners, previews, guessed links.
//! * `reasons` – which "no" stands when there are two.
//! * `away` – a database that does not answer.
//! * `mangled` – links as mail programs leave them, and how an opt-out came.
//! * `pages` – what the pages say, and the headers around them.
//! * `events` – the same through the events that Lambda delivers.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up should stop at once"
)]

mod away;
mod events;
mod fixture;
mod mangled;
mod one_click;
mod pages;
mod reading;
mod reasons;
