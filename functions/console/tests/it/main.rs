//! The console over its router, with a real PostgreSQL and an issuer that keeps to OpenID Connect.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up should stop at once"
)]

mod api;
mod campaigns;
mod entry;
mod fixture;
mod forgery;
mod frame;
mod health;
mod hostile;
mod leads;
mod overview;
mod review;
mod review_races;
mod roles;
mod sends;
mod sign_in;
mod sources;
mod suppressions;
