//! What two functions share, and every boundary they reach out through.
//!
//! * [`domain`] – the rules: pure, no I/O, no clock, no environment.
//! * [`messages`] – what a queue carries: a version and an id, never personal data.
//! * [`queue`] – a batch of SQS messages, and publishing.
//! * [`db`] – all the SQL, one file per table.
//! * [`clients`] – the model, SES, S3 and plain HTTP.
//! * [`deadline`] – how long an invocation has.
//! * [`lists`] – lists of people in files, for all that import one.
//! * [`trial`] – a source as it would be stored, before it is read.
//! * [`config`] and [`telemetry`] – the environment, read once, and the log.

pub mod clients;
pub mod config;
pub mod db;
pub mod deadline;
pub mod domain;
pub mod lists;
pub mod messages;
pub mod queue;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
pub mod trial;
