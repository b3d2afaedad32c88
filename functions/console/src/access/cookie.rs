//! Cookies: read, written and forgotten.

use axum::http::{HeaderMap, HeaderValue, header};
use sha2::{Digest as _, Sha256};
use shared::db::console::sessions::{IdHash, LIFE_HOURS};

/// Bound to this host, and only over TLS or on this machine (RFC 6265bis, 4.1.3.2).
pub(super) const SESSION: &str = "__Host-session";
/// One per attempt to sign in, so that two tabs do not disturb each other: the state's first signs follow.
pub(super) const LOGIN_PREFIX: &str = "__Host-login-";

/// A cookie's value.
pub(super) fn read(headers: &HeaderMap, name: &str) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).iter();
    cookies
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(known, value)| (known == name).then(|| value.to_owned()))
}

/// A session's cookie. Not `Strict`: the way back from the issuer begins at another site, and the person would
/// look signed out. No GET changes anything.
pub(super) fn session(value: &str) -> Option<HeaderValue> {
    written(SESSION, value, i64::from(LIFE_HOURS) * 60 * 60)
}

/// A cookie that lives for so many seconds.
pub(super) fn written(name: &str, value: &str, seconds: i64) -> Option<HeaderValue> {
    let cookie =
        format!("{name}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax");
    HeaderValue::from_str(&cookie).ok()
}

/// Has the browser forget a cookie.
pub(super) fn forgotten(name: &str) -> Option<HeaderValue> {
    written(name, "", 0)
}

/// A session's key in the database: whoever reads that cannot sign in with it.
pub(super) fn hashed(id: &[u8]) -> IdHash {
    Sha256::digest(id).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(
            header::COOKIE,
            HeaderValue::from_static("a=1; __Host-session=k.v.t"),
        );
        headers.append(
            header::COOKIE,
            HeaderValue::from_static("x__Host-session=2;b"),
        );
        assert_eq!(read(&headers, SESSION).as_deref(), Some("k.v.t"));
        assert_eq!(read(&headers, "b"), None);
        assert_eq!(read(&HeaderMap::new(), SESSION), None);
    }
}
