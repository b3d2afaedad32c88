//! An operator's hand: why a mail left and why not, and what only a person may decide.
//!
//! It works on the pipeline's database here, or on a deployed one that is named on purpose. Whatever
//! it changes is on record in `audit_log` as `operator:NAME`.

mod arguments;
mod breaker;
mod connection;
mod list;
mod mailbox;
mod resolve;
mod show;

pub(crate) use arguments::{BreakerArgs, ResolveArgs, SendsArgs, SuppressArgs};
pub(crate) use breaker::breaker;
pub(crate) use list::sends;
pub(crate) use mailbox::suppress;
pub(crate) use resolve::resolve;
