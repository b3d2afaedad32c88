//! The stand-ins from outside, over HTTP.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must stop, and says where"
)]

mod aws;
mod client;
mod control;
mod faults;
mod issuer;
mod leads;
mod limits;
mod model;
mod requests;
mod ses;
mod sqs;
mod x;
