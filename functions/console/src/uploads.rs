//! Lists that the team's browsers put into the import bucket: the console signs, and no byte passes through it.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json as Body,
    extract::State,
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};
use shared::{
    clients::storage::{NotSigned, Uploads},
    lists::LARGEST,
    telemetry,
};
use tokio::sync::OnceCell;
use url::Url;
use utoipa::ToSchema;

use crate::{
    Deps,
    answer::{ConnectsTo, Failure},
    api::{
        answer::{Problem, Refused},
        request::{Json, Whole},
    },
};

/// Characters of a file's name that are kept.
const NAME_KEPT: usize = 60;
const KIND: &str = "text/csv";
/// Where they lie in the bucket; the console may put objects nowhere else.
const FOLDER: &str = "uploads/";

/// Signs uploads: made when somebody first wants one, since a start must not wait for it.
#[derive(Debug, Default)]
pub(crate) struct Signer(OnceCell<Uploads>);

impl Signer {
    async fn get(&self, bucket: &str) -> &Uploads {
        self.0
            .get_or_init(async || Uploads::load(bucket).await)
            .await
    }
}

/// A list to upload.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUpload {
    /// The file's own name.
    name: String,
    /// Bytes.
    #[schema(value_type = i64, minimum = 1, maximum = 1_887_436_800)]
    size: Whole,
}

/// An upload that is allowed, for five minutes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AllowedUpload {
    /// Where the list will lie: the `file` of a source.
    file: String,
    /// Where to `PUT` its bytes.
    url: String,
    /// What to send along.
    headers: BTreeMap<String, String>,
}

/// Allows one upload of a list to the import bucket.
#[utoipa::path(post, path = "/api/v1/uploads", tag = "Sources", request_body = NewUpload,
    responses((status = 200, body = AllowedUpload),
        (status = 409, description = "The stack has no import bucket", body = Problem)))]
pub(crate) async fn allow_upload(
    State(deps): State<Arc<Deps>>,
    Json { body, .. }: Json<NewUpload>,
) -> Result<Response, Refused> {
    let Some(bucket) = &deps.config.import_bucket else {
        let why = "This stack has no import bucket. Deploy it with ImportBucket set.";
        return Err(Refused::Conflict(why.to_owned()));
    };
    let length = body.size.0;
    let is_readable = u64::try_from(length).is_ok_and(|length| (1..=LARGEST).contains(&length));
    if !is_readable {
        return Err(Refused::field("/size", "A list has 1 byte to 1.8 GB."));
    }
    let uploads = deps.uploads.get(bucket).await;
    let key = key(&body.name, rand::random());
    let allowed = uploads.allow(&key, length, KIND).await;
    let allowed = allowed.map_err(|error| not_signed(&error))?;
    Ok(Body(AllowedUpload {
        file: allowed.file,
        url: allowed.url,
        headers: allowed.headers.into_iter().collect(),
    })
    .into_response())
}

fn not_signed(error: &NotSigned) -> Failure {
    tracing::error!(
        error = telemetry::chain(error),
        "an upload could not be signed"
    );
    Failure::Storage
}

/// A name of ours: nobody chooses what is written over.
fn key(name: &str, random: u64) -> String {
    let safe = |c: char| match c {
        c if c.is_ascii_alphanumeric() || c == '.' => c,
        _ => '-',
    };
    let kept: String = name.chars().rev().take(NAME_KEPT).map(safe).collect();
    let kept: String = kept.chars().rev().collect();
    format!("{FOLDER}{random:016x}-{kept}")
}

/// What a page that uploads may connect to; none where it cannot.
pub(crate) async fn place(deps: &Deps) -> Option<ConnectsTo> {
    let bucket = deps.config.import_bucket.as_deref()?;
    let allowed = deps.uploads.get(bucket).await.allow(FOLDER, 1, KIND).await;
    let allowed = allowed.map_err(|error| not_signed(&error)).ok()?;
    let mut url = Url::parse(&allowed.url).ok()?;
    // The host may be that of every bucket: the path makes it ours.
    url.set_query(None);
    Some(ConnectsTo(url.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_keeps_what_is_harmless() {
        for (name, expected) in [
            ("spring.csv", "uploads/0000000000000007-spring.csv"),
            (
                "../../a b?c.csv",
                "uploads/0000000000000007-..-..-a-b-c.csv",
            ),
            ("", "uploads/0000000000000007-"),
            ("список.csv", "uploads/0000000000000007-------.csv"),
        ] {
            assert_eq!(key(name, 7), expected);
        }
        assert!(key(&"x".repeat(500), 7).len() < 100);
    }
}
