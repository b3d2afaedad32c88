//! The stand-in internet from outside, over HTTP.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must stop, and says where"
)]

mod client;
mod control;
mod faults;
mod leads;
mod limits;
mod model;
mod requests;
mod x;
