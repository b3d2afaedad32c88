//! Table `sends`, the send ledger: claim, arm and settle are one statement each per batch
//! (invariants 7 and 8); the reaper and the sweep keep anything from lying forgotten.

mod account;
mod arm;
mod claim;
mod settle;
mod sweep;

pub use account::remember_quota;
pub use arm::{Verdicts, arm};
pub use claim::{Claim, claim};
pub use settle::{Outcome, Throttling, settle};
pub use sweep::{Reaped, Waiting, reap, take_due, waiting_for_a_person};
