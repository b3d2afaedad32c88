//! Where a request came from.

use axum::http::{Extensions, Request, header, request::Parts};
use lambda_http::request::RequestContext;

use crate::Deps;

/// Scheme and host of our pages as a browser shows them: configured, or those of the function's own URL, which
/// Lambda says and no header can change.
pub(crate) fn public_origin(deps: &Deps, request: &impl HasExtensions) -> String {
    if let Some(origin) = &deps.config.origin {
        return origin.origin().ascii_serialization();
    }
    let context = request.of_lambda().get::<RequestContext>();
    let domain = match context {
        Some(RequestContext::ApiGatewayV2(context)) => context.domain_name.as_deref(),
        _ => None,
    };
    format!("https://{}", domain.unwrap_or("console.invalid"))
}

/// A request, whole or without its body.
pub(crate) trait HasExtensions {
    /// What Lambda said of the request beside the request itself.
    fn of_lambda(&self) -> &Extensions;
}

impl<B> HasExtensions for Request<B> {
    fn of_lambda(&self) -> &Extensions {
        self.extensions()
    }
}

impl HasExtensions for Parts {
    fn of_lambda(&self) -> &Extensions {
        &self.extensions
    }
}

/// Whether one of our own pages asked for a change. Browsers say so since 2020 (Firefox) and 2023 (Safari); where
/// one does not, the origin must be ours. A request that says neither is refused: it may be any page's.
pub(super) fn is_own<B>(request: &Request<B>, own: &str) -> bool {
    let text = |name| {
        request
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap_or_default())
    };
    match (text("sec-fetch-site"), text(header::ORIGIN.as_str())) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => origin == own,
        (None, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn change_comes_from_own_pages_only() {
        let own = "https://team.example.com";
        for (headers, expected) in [
            (vec![("sec-fetch-site", "same-origin")], true),
            (
                vec![("sec-fetch-site", "same-origin"), ("origin", own)],
                true,
            ),
            (
                vec![("sec-fetch-site", "same-site"), ("origin", own)],
                false,
            ),
            (vec![("sec-fetch-site", "cross-site")], false),
            // A person's own click on a bookmark changes nothing.
            (vec![("sec-fetch-site", "none")], false),
            (vec![("origin", own)], true),
            (
                vec![("origin", "https://team.example.com.evil.example")],
                false,
            ),
            (vec![("origin", "null")], false),
            (vec![], false),
        ] {
            let mut request = Request::builder();
            for (name, value) in &headers {
                request = request.header(*name, *value);
            }
            let request = request.body(()).unwrap();
            assert_eq!(is_own(&request, own), expected, "{headers:?}");
        }
    }
}
