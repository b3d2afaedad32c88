//! The pages, each with the forms that it shows.

pub(crate) mod audit;
pub(crate) mod campaigns;
pub(crate) mod health;
pub(crate) mod leads;
pub(crate) mod overview;
pub(crate) mod review;
pub(crate) mod sends;
pub(crate) mod sources;
pub(crate) mod suppressions;

use crate::answer::Failure;

/// What no route names.
pub(crate) async fn nothing_here() -> Failure {
    Failure::NotFound
}
