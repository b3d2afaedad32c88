//! Who works with the console, and what they may do.

use serde::Serialize;
use strum::{EnumString, IntoStaticStr, VariantArray};

use super::audit::{Actor, without_addresses};

/// What somebody of the team may do. Each role may do what the ones before it may.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    EnumString,
    IntoStaticStr,
    VariantArray,
    Serialize,
)]
#[strum(serialize_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees figures, leads and mails; no addresses, and changes nothing.
    Viewer,
    /// Decides about drafts, and stops sending.
    Reviewer,
    /// Sets up campaigns and sources, decides about mails, suppresses.
    Operator,
    /// Lifts suppressions, ends other people's sessions, exports what names people.
    Admin,
}

impl Role {
    /// The word in configuration, in the database and in the API.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// What a stranger wrote about themselves, as this role may read it: it may hold the address that only operators
    /// see.
    pub fn profile_text(self, text: String) -> String {
        match self {
            Self::Viewer | Self::Reviewer => without_addresses(&text),
            Self::Operator | Self::Admin => text,
        }
    }

    /// As a page says it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Viewer => "Viewer",
            Self::Reviewer => "Reviewer",
            Self::Operator => "Operator",
            Self::Admin => "Admin",
        }
    }
}

/// Somebody who signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The issuer's own id of them (OpenID Connect Core, 2): an address may change or become another's.
    pub subject: String,
    /// For display.
    pub name: String,
    pub role: Role,
}

impl Person {
    /// As the audit log names them.
    pub fn actor(&self) -> String {
        Actor::Person(&self.subject).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_rise_in_order() {
        let roles =
            ["viewer", "reviewer", "operator", "admin"].map(|word| word.parse::<Role>().unwrap());
        assert_eq!(roles.as_slice(), Role::VARIANTS);
        assert!(roles.is_sorted());
        assert!("Admin".parse::<Role>().is_err() && "".parse::<Role>().is_err());
    }
}
