//! The files that pages load: in the binary, under a name that changes with them.

use std::sync::LazyLock;

use axum::{
    extract::Path,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use crate::answer::Failure;

const STYLE: &str = include_str!("../static/style.css");
const SCRIPT: &str = include_str!("../static/console.js");
const ICON: &str = include_str!("../static/icon.svg");

/// Of all files together: they change with the same release.
static HASH: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for file in [STYLE, SCRIPT, ICON] {
        hash.update(file);
    }
    HEXLOWER.encode(&hash.finalize())[..16].to_owned()
});

/// Where pages find a file.
pub(crate) fn address(name: &str) -> String {
    format!("/static/{}/{name}", *HASH)
}

/// A file. A page from before a deployment asks for an older name, and gets the present file.
pub(crate) async fn show(Path((hash, name)): Path<(String, String)>) -> Result<Response, Failure> {
    let (content, kind) = match name.as_str() {
        "style.css" => (STYLE, "text/css; charset=utf-8"),
        "console.js" => (SCRIPT, "text/javascript; charset=utf-8"),
        "icon.svg" => (ICON, "image/svg+xml"),
        _ => return Err(Failure::NotFound),
    };
    let cache = if hash == *HASH {
        "public, max-age=31536000, immutable"
    } else {
        "no-store"
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static(cache)),
    ];
    Ok((headers, content).into_response())
}
