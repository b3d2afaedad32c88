//! What a request to the API carries, with a problem that names the place where it cannot be read.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, header, request::Parts},
};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _},
};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use super::answer::Refused;

/// Longest Idempotency-Key, in characters.
const KEY_MAX: usize = 255;

/// A body of JSON. Fields that are not known are refused: a slip of the pen must not be taken for nothing said.
#[derive(Debug)]
pub(crate) struct Json<T> {
    pub(crate) body: T,
    /// What a repetition must say too: method, path and body.
    pub(crate) fingerprint: [u8; 32],
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refused> {
        let content_type = request.headers().get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok());
        let mime = content_type.unwrap_or_default().split(';').next();
        let mime = mime.unwrap_or_default().trim().to_ascii_lowercase();
        if !["application/json", "application/merge-patch+json"].contains(&&*mime) {
            return Err(Refused::NotJson);
        }
        let mut hash = Sha256::new();
        hash.update(request.method().as_str());
        hash.update(request.uri().path());
        hash.update([0]);
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|_| Refused::TooLarge)?;
        hash.update(&bytes);
        Ok(Self {
            body: read(&bytes)?,
            fingerprint: hash.finalize().into(),
        })
    }
}

/// Reads a body, or says at which place of it what is wrong.
fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refused> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let body = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let place = pointer(error.path());
        let inner = error.into_inner();
        if inner.is_data() {
            Refused::field(&place, &without_place(&inner))
        } else {
            Refused::Malformed(without_place(&inner))
        }
    })?;
    json.end()
        .map_err(|_| Refused::Malformed("something follows the end of the body".to_owned()))?;
    Ok(body)
}

/// A place in a body (RFC 6901).
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let step = |segment: &Segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } | Segment::Enum { variant: key } => {
            format!("/{}", key.replace('~', "~0").replace('/', "~1"))
        }
        Segment::Unknown => "/".to_owned(),
    };
    path.iter().map(step).collect()
}

/// The parser's words without its line and column.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ")
        .map_or(text.clone(), |(words, _)| words.to_owned())
}

/// The query. A parameter that is not known, comes twice or has another type is told.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        let query = parts.uri.query().unwrap_or_default();
        let read = serde_urlencoded::from_str(query);
        read.map(Self)
            .map_err(|error| Refused::Query(error.to_string()))
    }
}

/// A parameter whose value is none of its own.
pub(super) fn unknown(parameter: &str) -> Refused {
    Refused::Query(format!(
        "{parameter} holds a value that is none of its own; the document says which there are"
    ))
}

/// The version that a change is made to.
#[derive(Debug)]
pub(crate) struct IfMatch(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        match text(&parts.headers, header::IF_MATCH.as_str()) {
            // A cache on the way may have made the tag a weak one.
            Some(tag) => Ok(Self(tag.trim_start_matches("W/").to_owned())),
            None => Err(Refused::NoVersion),
        }
    }
}

/// The key by which a request is known when it is repeated.
#[derive(Debug)]
pub(crate) struct IdempotencyKey(pub(crate) Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        let Some(value) = parts.headers.get("idempotency-key") else {
            return Ok(Self(None));
        };
        let key = value.to_str().unwrap_or_default().trim();
        let is_key =
            (1..=KEY_MAX).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
        if is_key {
            Ok(Self(Some(key.to_owned())))
        } else {
            Err(Refused::Key)
        }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get(name)
        .map(|value| value.to_str().unwrap_or_default())
}

/// A field that is given: `null` is no value, and no way of not giving one.
pub(super) fn given<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// A whole number, also as `40.0`: JSON knows one kind of number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(value_type = i64)]
pub(crate) struct Whole(pub(crate) i64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(deserializer)?;
        if let Some(whole) = number.as_i64() {
            return Ok(Self(whole));
        }
        let digits = number
            .as_f64()
            .filter(|float| float.fract() == 0.0 && float.abs() < 1e15)
            .and_then(|float| format!("{float:.0}").parse().ok());
        digits
            .map(Self)
            .ok_or_else(|| D::Error::custom("this is not a whole number"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        count: Whole,
        #[serde(default, deserialize_with = "given")]
        name: Option<String>,
    }

    #[test]
    fn body_is_read_or_its_fault_placed() {
        for (text, expected) in [
            (r#"{"count": 3}"#, (3, None)),
            (r#"{"count": 40.0, "name": "Ana"}"#, (40, Some("Ana"))),
        ] {
            let body: Body = read(text.as_bytes()).unwrap();
            assert_eq!((body.count.0, body.name.as_deref()), expected, "{text}");
        }
        for (text, place) in [
            (r#"{"count": 3.5}"#, "/count"),
            (r#"{"count": "3"}"#, "/count"),
            (r#"{"count": 1e300}"#, "/count"),
            (r#"{"count": 3, "name": null}"#, "/name"),
            (r#"{"count": 3, "nmae": "Ana"}"#, "/nmae"),
            (r"{}", ""),
        ] {
            let error = read::<Body>(text.as_bytes()).unwrap_err();
            let Refused::Fields(errors) = error else {
                panic!("{text}: {error:?}");
            };
            assert_eq!(errors[0].pointer, place, "{text}");
        }
        for text in ["", "{", r#"{"count": 3} x"#] {
            let error = read::<Body>(text.as_bytes()).unwrap_err();
            assert!(matches!(error, Refused::Malformed(_)), "{text}: {error:?}");
        }
    }
}
