//! The path of a request as it was meant: mail programs take signs into a link, double its slashes,
//! encode it once more or change its case.

use axum::http::{Request, Uri};
use percent_encoding::percent_decode_str;

/// More signs than the longest token has.
const LONGEST: usize = 200;

/// Gives the request the path that was meant. The query says nothing here: it is what trackers add.
pub(crate) fn mended<B>(mut request: Request<B>) -> Request<B> {
    if let Some(uri) = meant(request.uri().path()).and_then(|path| path.parse::<Uri>().ok()) {
        *request.uri_mut() = uri;
    }
    request
}

/// The path of a page of ours, if it is one.
fn meant(path: &str) -> Option<String> {
    let path = decoded(&decoded(path));
    let mut parts = path
        .split(['/', '\\'])
        .map(|part| part.trim_matches(|c: char| !c.is_ascii_alphanumeric()))
        .filter(|part| !part.is_empty());
    let first =
        parts.find(|part| ["u", "privacy"].contains(&part.to_ascii_lowercase().as_str()))?;
    let rest: String = parts
        .flat_map(str::chars)
        .filter(char::is_ascii_alphanumeric)
        .take(LONGEST)
        .collect();
    match (first.len(), rest.is_empty()) {
        (1, true) => None,
        (1, false) => Some(format!("/u/{rest}")),
        (_, true) => Some("/privacy".to_owned()),
        (_, false) => None,
    }
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mangled_path_leads_to_its_page() {
        for path in [
            "/u/abc",
            "//u//abc",
            "/U/abc",
            "/u/abc/",
            "/u/abc.",
            "/u/abc%3E",
            "/u/abc%253E",
            "/u/abc%0D%0A",
            "/u/%3Cabc",
            "/u/a%20bc",
            "/u/abc%22",
            "/u/abc'",
            "/x/u/abc",
            "/u/abc%E2%80%9D",
            "/u/ab%C2%ADc",
            "/u/a/bc",
            "/u%2Fabc",
            "/u/abc%ff",
        ] {
            assert_eq!(meant(path).as_deref(), Some("/u/abc"), "{path}");
        }
        for path in [
            "/privacy",
            "/privacy/",
            "/Privacy.",
            "//privacy",
            "/privacy)",
        ] {
            assert_eq!(meant(path).as_deref(), Some("/privacy"), "{path}");
        }
        for path in [
            "/",
            "",
            "/u",
            "/u/",
            "/u/.",
            "/favicon.ico",
            "/admin",
            "/privacy/x",
            "/users/abc",
            "/%",
        ] {
            assert_eq!(meant(path), None, "{path}");
        }
        assert!(meant(&format!("/u/{}", "A".repeat(8_000))).is_some_and(|path| path.len() < 300));
    }
}
