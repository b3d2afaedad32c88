use serde::Serialize;
use strum::{EnumIter, IntoEnumIterator, IntoStaticStr};

/// A field of a profile that a source may fill.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, IntoStaticStr, Serialize,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Field {
    Platform,
    Id,
    Username,
    Name,
    Email,
    ProfileUrl,
    Bio,
    Followers,
    Verified,
    Location,
    Website,
    Country,
    Language,
}

impl Field {
    /// As reports and a source's parameters name it.
    pub fn word(self) -> &'static str {
        self.into()
    }
}

/// A set of fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fields(u16);

impl Fields {
    fn bit(field: Field) -> u16 {
        1 << (field as u16)
    }

    pub fn insert(&mut self, field: Field) {
        self.0 |= Self::bit(field);
    }

    pub fn contains(self, field: Field) -> bool {
        self.0 & Self::bit(field) != 0
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn iter(self) -> impl Iterator<Item = Field> {
        let fields = (!self.is_empty()).then(Field::iter);
        fields
            .into_iter()
            .flatten()
            .filter(move |field| self.contains(*field))
    }
}
