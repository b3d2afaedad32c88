//! What a search looks for: checked where it is written, and again where it is run.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// What tells two definitions of a source apart: whoever edits one says which they saw.
pub fn version(kind: &str, params: &Value) -> String {
    let mut hash = Sha256::new();
    hash.update(kind);
    hash.update([0]);
    // The keys of an object are in order.
    hash.update(params.to_string());
    HEXLOWER.encode(hash.finalize().get(..8).unwrap_or_default())
}

/// Longest query of a self-serve account of X, in characters.
const QUERY_MAX: usize = 512;
/// Posts that a page of X's recent search may have.
const POSTS: std::ops::RangeInclusive<u32> = 10..=100;

/// A search for recent posts on X.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// In X's query language.
    pub query: String,
    /// Posts a page, 10 to 100; each is paid for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_results: Option<u32>,
    /// Pages a run at most; the next run goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_pages: Option<u32>,
}

/// Why a search would be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSearch {
    #[error("`query` takes 1 to {QUERY_MAX} characters and has {0}")]
    Query(usize),
    #[error("`max_results` is from 10 to 100, the posts of a page")]
    Posts,
    #[error("`max_pages` is at least 1")]
    Pages,
}

impl Search {
    /// Whether X would take it.
    ///
    /// # Errors
    /// Names the field that it would refuse.
    pub fn check(&self) -> Result<(), InvalidSearch> {
        let length = self.query.trim().chars().count();
        if !(1..=QUERY_MAX).contains(&length) {
            return Err(InvalidSearch::Query(length));
        }
        if !self.max_results.is_none_or(|posts| POSTS.contains(&posts)) {
            return Err(InvalidSearch::Posts);
        }
        if self.max_pages == Some(0) {
            return Err(InvalidSearch::Pages);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn search_that_x_refuses_is_named() {
        let search = |query: &str, max_results, max_pages| Search {
            query: query.to_owned(),
            max_results,
            max_pages,
        };
        let cases = [
            (search("trail running", None, None), Ok(())),
            (search("trail running", Some(10), Some(1)), Ok(())),
            (search(&"x".repeat(512), Some(100), None), Ok(())),
            (search(" ", None, None), Err(InvalidSearch::Query(0))),
            (
                search(&"x".repeat(513), None, None),
                Err(InvalidSearch::Query(513)),
            ),
            (search("a", Some(9), None), Err(InvalidSearch::Posts)),
            (search("a", Some(101), None), Err(InvalidSearch::Posts)),
            (search("a", None, Some(0)), Err(InvalidSearch::Pages)),
        ];
        for (search, expected) in cases {
            assert_eq!(search.check(), expected, "{search:?}");
        }
    }
}
