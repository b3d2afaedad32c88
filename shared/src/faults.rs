//! Fault points: named places in the functions where a harness makes them fail, to see that nothing
//! is sent twice and nothing is lost wherever they do.
//!
//! Only with the feature `faults`, which no deployed binary has; without it a point is nothing.
//! `FAULTS` says what happens where, separated by commas: `enricher.asked=abort@2` ends the process
//! the second time it passes `enricher.asked`. The actions are those of [`ACTIONS`]; `delay:300`
//! waits so many milliseconds. With `FAULTS_ONCE`, a folder, each entry happens once, whatever the
//! number of processes, and leaves a file of its name there.

#[cfg(feature = "faults")]
mod act;
#[cfg(feature = "faults")]
mod plan;

use crate::db::DbError;

/// What can happen at a point: a failed statement, a wait, a panic, the end of the process as by
/// `kill -9`, and the loss of the connection to the database.
pub const ACTIONS: [&str; 5] = ["error", "delay", "panic", "abort", "drop-connection"];

/// Every point, in the order in which a lead passes them.
pub const POINTS: &[&str] = &[
];

/// Passes a point.
///
/// # Errors
/// Where `FAULTS` asks for an error there: it looks like a statement that failed.
#[inline]
pub async fn at(point: &'static str) -> Result<(), DbError> {
    #[cfg(feature = "faults")]
    act::pass(point).await?;
    #[cfg(not(feature = "faults"))]
    let _ = point;
    Ok(())
}
