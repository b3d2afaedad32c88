//! Lists, a page at a time: each answer names where the next begins, for the same question.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned, de::Error as _};
use sha2::{Digest as _, Sha256};
use utoipa::{PartialSchema, ToSchema, openapi::schema};

use super::answer::Refused;

/// Rows of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit(u8);

impl Limit {
    const LEAST: u8 = 1;
    const MOST: u8 = 200;

    pub(super) fn rows(self) -> usize {
        self.0.into()
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(50)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let rows = text.parse().ok();
        let rows = rows.filter(|rows| (Self::LEAST..=Self::MOST).contains(rows));
        rows.map(Self)
            .ok_or_else(|| D::Error::custom("limit is a number from 1 to 200"))
    }
}

impl PartialSchema for Limit {
    fn schema() -> utoipa::openapi::RefOr<schema::Schema> {
        schema::ObjectBuilder::new()
            .schema_type(schema::Type::Integer)
            .minimum(Some(Self::LEAST))
            .maximum(Some(Self::MOST))
            .default(Some(50.into()))
            .description(Some("Rows of a page"))
            .into()
    }
}

impl ToSchema for Limit {}

/// Part of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Listed<T> {
    pub(crate) items: Vec<T>,
    /// What to send as `cursor` for the rows after these; null at the end.
    pub(crate) next: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Cursor<P> {
    place: P,
    /// Of the question: a place in one list is none in another.
    of: String,
}

fn hash(question: &impl Serialize) -> String {
    let text = serde_json::to_vec(question).unwrap_or_default();
    BASE64URL_NOPAD.encode(Sha256::digest(text).get(..8).unwrap_or_default())
}

/// Names a place in the list that answers a question.
pub(super) fn cursor<P: Serialize>(place: P, question: &impl Serialize) -> String {
    let cursor = Cursor {
        place,
        of: hash(question),
    };
    BASE64URL_NOPAD.encode(&serde_json::to_vec(&cursor).unwrap_or_default())
}

/// The place that a cursor names.
pub(super) fn place<P: DeserializeOwned>(
    cursor: Option<&str>,
    question: &impl Serialize,
) -> Result<Option<P>, Refused> {
    let Some(text) = cursor else {
        return Ok(None);
    };
    let read = || {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let cursor: Cursor<P> = serde_json::from_slice(&bytes).ok()?;
        (cursor.of == hash(question)).then_some(cursor.place)
    };
    let place = read().ok_or_else(|| {
        Refused::Query("cursor is not of this list; begin again without one".to_owned())
    })?;
    Ok(Some(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursor_counts_for_its_question_only() {
        let text = cursor(7_i64, &"newest");
        assert_eq!(place(Some(&text), &"newest").unwrap(), Some(7_i64));
        assert_eq!(place::<i64>(None, &"newest").unwrap(), None);
        for (text, question) in [(&*text, "best"), ("x", "newest"), ("", "newest")] {
            assert!(place::<i64>(Some(text), &question).is_err(), "{text}");
        }
    }
}
