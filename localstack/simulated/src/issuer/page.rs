//! The pages that a person sees.

use std::sync::LazyLock;

use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use data_encoding::BASE64;
use sha2::{Digest as _, Sha256};

use super::people::Role;

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:1rem/1.5 system-ui,sans-serif;max-width:28rem;margin:3rem auto;padding:0 1rem;\
color:#1b1c1f;background:#fff}\
ul{list-style:none;padding:0}\
li{margin:1rem 0;color:#4d5158}\
button{display:block;font:inherit;font-weight:600;text-align:left;width:100%;padding:.5rem 1rem;\
margin-bottom:.25rem;border:1px solid #85888e;border-radius:.375rem;color:#1b1c1f;background:none;\
cursor:pointer}\
button:hover{background:#f1f1ee}\
button:focus-visible{outline:2px solid #2f49b5;outline-offset:2px}\
@media(prefers-color-scheme:dark){body,button{color:#e9eaed}body{background:#131417}li{color:#b7bac2}\
button:hover{background:#222429}button:focus-visible{outline-color:#a3b3fb}}";

static STYLE_HASH: LazyLock<String> = LazyLock::new(|| BASE64.encode(&Sha256::digest(STYLE)));

/// Who are you? `query` is the request, which the answer repeats, and `back` the origin it leads to.
pub(super) fn people(query: &str, back: &str) -> Response {
    let button = |value: &str, label: &str, does: &str| {
        format!("<li><button name=\"person\" value=\"{value}\">{label}</button>{does}</li>\n")
    };
    let people: String = Role::ALL
        .into_iter()
        .map(|role| button(role.name(), &role.label(), does(role)))
        .collect();
    let cancel = button("", "Cancel", "Goes back without signing in");
    let body = format!(
        "<h1>Sign in</h1>\n<p>This is a stand-in for your identity provider. The people are made up, and \
         each has one role. Choose who you are:</p>\n\
         <form method=\"post\" action=\"?{query}\">\n<ul>\n{people}{cancel}</ul>\n</form>\n",
        query = escaped(query),
    );
    // A browser looks at where the answer to a form leads, too.
    page(StatusCode::OK, "Sign in", &body, &format!("'self' {back}"))
}

fn does(role: Role) -> &'static str {
    match role {
        Role::Viewer => "Looks, and changes nothing",
        Role::Reviewer => "Decides about drafts",
        Role::Operator => "Runs campaigns",
        Role::Admin => "May do everything",
    }
}

/// A sentence, where there is no address to send a person back to.
pub(super) fn notice(status: StatusCode, title: &str, text: &str) -> Response {
    let body = format!("<h1>{}</h1>\n<p>{}</p>\n", escaped(title), escaped(text));
    page(status, title, &body, "'none'")
}

fn page(status: StatusCode, title: &str, body: &str, forms: &str) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{} · stand-in</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n\
         </body>\n</html>\n",
        escaped(title)
    );
    let mut response = (status, html).into_response();
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; img-src data:; form-action {forms}; \
         frame-ancestors 'none'; base-uri 'none'",
        *STYLE_HASH
    );
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut safe, c| {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
        safe
    })
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn escaped_text_ends_no_attribute() {
        let text = escaped("a=\"><script>&'");
        assert_eq!(text, "a=&quot;&gt;&lt;script&gt;&amp;&#39;");
    }
}
