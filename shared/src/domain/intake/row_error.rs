use strum::IntoStaticStr;

use super::Field;

/// What is wrong with a row. Its text is kept and logged, so it never quotes a value of the row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum RowError {
    #[error("the row has {cells} cells, the header {columns}")]
    TooManyCells { cells: usize, columns: usize },
    #[error(
        "a quote that opens in line {opened} takes in whole rows; write each quote within a cell twice"
    )]
    LooseQuote { opened: u64 },
    #[error("its quotes do not show where a cell ends; write each quote within a cell twice")]
    StrayQuote,
    #[error("the row is longer than 16 MiB")]
    TooLong,
    #[error("{column} is not in the list's encoding; export the list as UTF-8")]
    NotReadable { column: String },
    #[error("the row has another shape: {0}")]
    Shape(&'static str),
    #[error("it is in another table, under a header of which no column is known")]
    OtherTable,
    /// Why a line of JSON is no record.
    #[error("{0}")]
    NoRecord(&'static str),
    #[error("{column} says that this person wants no mail")]
    OptedOut { column: String },
    #[error("it names no username, profile url or email")]
    Unidentified,
    #[error("platform is none that we know")]
    Platform,
    #[error("username: it is too long, or has characters that no username of its platform has")]
    Username,
    #[error("username and profile url name two profiles")]
    TwoProfiles,
    #[error("it names the profile of line {line} and says that it is another person")]
    OtherPerson { line: u64 },
    #[error("the profile is protected")]
    Protected,
    #[error("X shows a post and not its author")]
    AuthorMissing,
    /// In X's own words, which hold no personal data.
    #[error("X withheld it: {title} ({kind})")]
    Withheld { title: String, kind: String },
}

impl RowError {
    /// The word under which rows of this kind are counted.
    pub fn kind(&self) -> &'static str {
        self.into()
    }

    /// The field that the row is refused for, if one alone is.
    pub fn field(&self) -> Option<Field> {
        match self {
            Self::Platform => Some(Field::Platform),
            Self::Username | Self::OtherPerson { .. } => Some(Field::Username),
            Self::TwoProfiles => Some(Field::ProfileUrl),
            Self::TooManyCells { .. }
            | Self::LooseQuote { .. }
            | Self::StrayQuote
            | Self::TooLong
            | Self::NotReadable { .. }
            | Self::Shape(_)
            | Self::OtherTable
            | Self::NoRecord(_)
            | Self::OptedOut { .. }
            | Self::Unidentified
            | Self::Protected
            | Self::AuthorMissing
            | Self::Withheld { .. } => None,
        }
    }
}
