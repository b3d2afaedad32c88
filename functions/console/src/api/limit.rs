//! How many requests a person may send: nobody's program may keep the database from the team.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use shared::db::console::requests;

use super::answer::Refused;
use crate::{Deps, access::Caller};

/// Counts a request, or refuses it.
pub(crate) async fn limited(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    request: Request,
    next: Next,
) -> Response {
    match within(&deps, &caller).await {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    }
}

async fn within(deps: &Deps, caller: &Caller) -> Result<(), Refused> {
    let mut conn = deps.connect().await?;
    let minute = requests::count(&mut conn, &caller.person.subject).await?;
    if minute.requests > deps.config.requests_a_minute {
        return Err(Refused::TooMany(minute.seconds_left));
    }
    Ok(())
}
