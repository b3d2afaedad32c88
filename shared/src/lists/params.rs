//! Which list to read and how, and why one cannot be read.

use std::{collections::BTreeMap, io};

use serde::{Deserialize, Serialize};

use super::{columns, encoding};
use crate::domain::lead::Platform;

/// Which list to read, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// A path, or `s3://bucket/key`.
    pub file: String,
    /// Platform of rows that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// Name of a column → what it holds, for headers that are not known by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, String>,
    /// Where it is not found by itself, such as `windows-1251`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
}

impl Params {
    /// Whether a list can be read with these at all.
    ///
    /// # Errors
    /// Names the parameter that holds an unknown word.
    pub fn check(&self) -> Result<(), ListError> {
        self.platform()?;
        columns::mapping(&self.columns)?;
        encoding::named(self.encoding.as_deref())?;
        Ok(())
    }

    pub(super) fn platform(&self) -> Result<Option<Platform>, ListError> {
        self.platform
            .as_deref()
            .map(|word| Platform::from_word(word).ok_or(ListError::UnknownPlatform))
            .transpose()
    }
}

/// The list cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    #[error("`platform` is one of x, instagram, facebook, linkedin, csv")]
    UnknownPlatform,
    #[error(
        "`columns` takes names of the list's columns, each with one of platform, id, username, name, first_name, last_name, \
         email, profile_url, bio, followers, verified, location, website, country, language, opt_out, ignore; {0} has another word"
    )]
    UnknownField(String),
    #[error("`columns` names {name}, and the list has no such column; it has: {known}")]
    NoSuchColumn { name: String, known: String },
    #[error(
        "nothing names a column that tells who a row is about; name one username, email or profile url, or map one with `columns`"
    )]
    NoHeader,
    #[error(
        "its encoding is not recognised; export it as UTF-8, or name its encoding with `encoding`, such as windows-1251"
    )]
    UnknownEncoding,
    #[error("it is {0}, not a list; save it as CSV, or as JSON")]
    OtherFormat(&'static str),
    #[error("{0}")]
    Unreadable(String),
}

impl ListError {
    #[expect(clippy::needless_pass_by_value, reason = "fits map_err")]
    pub(super) fn io(error: io::Error) -> Self {
        Self::Unreadable(error.to_string())
    }

    /// Whether what the source's parameters say is wrong, and not the list.
    pub fn is_of_params(&self) -> bool {
        match self {
            Self::UnknownPlatform | Self::UnknownField(_) | Self::NoSuchColumn { .. } => true,
            Self::NoHeader | Self::UnknownEncoding | Self::OtherFormat(_) | Self::Unreadable(_) => {
                false
            }
        }
    }
}
