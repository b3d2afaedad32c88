use shared::domain::email::InvalidEmail;
use strum::IntoStaticStr;

/// What is wrong with a row. Its text is kept and logged, so it never quotes a value of the row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum RowError {
    #[error("the row has {cells} cells, the header {columns}")]
    TooManyCells { cells: usize, columns: usize },
    #[error("{column} is not UTF-8; export the list as UTF-8")]
    NotUtf8 { column: String },
    #[error("the row has another shape: {0}")]
    Shape(&'static str),
    #[error("it names no username, profile url or email")]
    Unidentified,
    #[error("platform is none that we know")]
    Platform,
    #[error("id: it is longer than 200 characters or has odd ones")]
    Id,
    #[error("username: it is too long, or has characters that no username of its platform has")]
    Username,
    #[error("email: {0}")]
    Email(InvalidEmail),
    #[error("followers is not a number")]
    Followers,
    #[error("followers: it is negative")]
    NegativeFollowers,
    #[error("verified is neither yes nor no")]
    Verified,
    #[error("the profile is protected")]
    Protected,
    /// In X's own words, which hold no personal data.
    #[error("X withheld it: {title} ({kind})")]
    Withheld { title: String, kind: String },
}

impl RowError {
    /// The word under which rows of this kind are counted.
    pub fn kind(&self) -> &'static str {
        self.into()
    }
}
