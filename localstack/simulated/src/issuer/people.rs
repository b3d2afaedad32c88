//! Who can sign in: four made-up people, one of each role.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A role of the console, as the claim `roles` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Looks.
    Viewer,
    /// Decides about drafts.
    Reviewer,
    /// Runs campaigns.
    Operator,
    /// May do everything.
    Admin,
}

impl Role {
    /// All, the weakest first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Reviewer, Self::Operator, Self::Admin];

    /// The claim's value.
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Reviewer => "reviewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// The person of this role, as the button on the sign-in page names them.
    pub fn label(self) -> String {
        format!("{}, {self}", self.person().name)
    }

    pub(super) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    pub(super) fn person(self) -> Person {
        let (subject, name) = match self {
            Self::Viewer => ("emil", "Emil Lund"),
            Self::Reviewer => ("noor", "Noor Vandersteen"),
            Self::Operator => ("mara", "Mara Keller"),
            Self::Admin => ("tomas", "Tomás Ferreira"),
        };
        Person { subject, name }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What the issuer knows of a person besides the role.
#[derive(Clone, Copy, Debug)]
pub(super) struct Person {
    pub(super) subject: &'static str,
    pub(super) name: &'static str,
}

impl Person {
    pub(super) fn email(self) -> String {
        format!("{}@partners.example", self.subject)
    }
}
