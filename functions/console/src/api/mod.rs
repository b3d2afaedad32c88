//! The API: everything that the pages do, for programs. `document` says what there is; `crate::routes` says who may
//! do it. It calls the same functions as the pages, and reads fields by the same rules.

pub(crate) mod answer;
pub(crate) mod campaigns;
pub(crate) mod document;
pub(crate) mod health;
pub(crate) mod leads;
mod limit;
mod list;
pub(crate) mod request;
pub(crate) mod review;
pub(crate) mod sends;
pub(crate) mod sources;
pub(crate) mod suppressions;
pub(crate) mod system;

use std::sync::Arc;

use axum::response::{IntoResponse as _, Response};
pub(crate) use limit::limited;
use shared::db::{
    DbError, PgConnection,
    console::requests::{self, Keyed, Once},
};
use utoipa::IntoParams;

use self::{
    answer::{Refused, Stored},
    request::IdempotencyKey,
};
use crate::{
    Deps,
    access::Caller,
    change,
    fields::{Entries, NOTE, Problems},
};

/// How a request that creates something is known when it is repeated.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it describes a header, and is never made")]
pub(crate) struct KeyHeader {
    /// A word of your own for this request. The same request with the same key is carried out once within 24
    /// hours, and answered alike.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 255)]
    idempotency_key: Option<String>,
}

/// The version that an edit is made to.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it describes a header, and is never made")]
pub(crate) struct VersionHeader {
    /// The ETag that the version came with.
    #[param(rename = "If-Match")]
    if_match: String,
}

/// What a person says about a change, by the rule of the pages' forms.
fn note(text: Option<String>) -> Result<Option<String>, Refused> {
    let mut entries = Entries::default();
    entries.set(NOTE.field, text.unwrap_or_default());
    let mut problems = Problems::default();
    let note = NOTE.read(&entries, &mut problems);
    if problems.is_empty() {
        Ok(Some(note).filter(|note| !note.is_empty()))
    } else {
        Err(problems.into())
    }
}

/// Carries out what creates something: once, where the request has a key.
async fn once(
    deps: &Arc<Deps>,
    caller: &Caller,
    (IdempotencyKey(key), fingerprint): (IdempotencyKey, [u8; 32]),
    work: impl AsyncFn(&mut PgConnection) -> Result<Result<Stored, Refused>, DbError> + Send + 'static,
) -> Result<Response, Refused> {
    let subject = caller.person.subject.clone();
    let answered = change(deps, async move |conn| {
        let Some(key) = key else {
            return Ok(work(conn).await?.map(|stored| Ok((stored, false))));
        };
        let request = Keyed {
            subject: &subject,
            key: &key,
            fingerprint: &fingerprint,
        };
        let once = requests::once(conn, request, async |tx| {
            let stored = work(tx).await?;
            Ok(stored.map(|stored| serde_json::to_value(stored).unwrap_or_default()))
        });
        Ok(once.await?.map(|once| {
            match once {
                Once::Now(value) => Ok((value, false)),
                Once::Before(value) => Ok((value, true)),
                Once::OtherRequest => Err(Refused::KeyOfAnother),
            }
            .and_then(|(value, repeated)| {
                let stored: Option<Stored> = serde_json::from_value(value).ok();
                // Only what another release stored can be unreadable.
                stored
                    .map(|stored| (stored, repeated))
                    .ok_or(Refused::KeyOfAnother)
            })
        }))
    })
    .await?;
    let (stored, repeated) = answered??;
    let mut response = stored.into_response();
    if repeated {
        let yes = axum::http::HeaderValue::from_static("true");
        response.headers_mut().insert("idempotency-replayed", yes);
    }
    Ok(response)
}
