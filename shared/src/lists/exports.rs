//! Exports whose columns mean something else than their names say elsewhere.

use std::collections::HashSet;

use super::columns::Meaning;
use crate::domain::{intake::Field, lead::Platform::Facebook, text::folded};

/// An export of a well-known service.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Export {
    /// Whose it is.
    pub(super) name: &'static str,
    /// Columns that no other list has together, folded.
    known_by: &'static [&'static str],
    /// What a column holds in it; `None` where it is left alone.
    columns: &'static [(&'static str, Option<Meaning>)],
}

static EXPORTS: [Export; 7] = [
    Export {
        name: "Apollo",
        known_by: &["personlinkedinurl", "companylinkedinurl"],
        // Of the company: two who work there are not one person.
        columns: &[
            ("facebookurl", None),
            ("twitterurl", None),
            ("website", None),
            ("stage", Some(Meaning::Status)),
        ],
    },
    Export {
        name: "Mailchimp",
        known_by: &["emailaddress", "leid", "euid"],
        columns: &[("cc", Some(Meaning::Is(Field::Country)))],
    },
    Export {
        name: "PhantomBuster, posts of Instagram",
        known_by: &["ownerid", "posturl"],
        // Of the post.
        columns: &[
            ("ownerid", Some(Meaning::Is(Field::Id))),
            ("description", None),
            ("location", None),
        ],
    },
    Export {
        name: "PhantomBuster, groups of Facebook",
        known_by: &["uid", "groupurl"],
        columns: &[("uid", Some(Meaning::Is(Field::Id)))],
    },
    Export {
        name: "PhantomBuster, followers on X",
        known_by: &["screenname", "certified"],
        columns: &[("certified", Some(Meaning::Is(Field::Verified)))],
    },
    Export {
        name: "PhantomBuster, search on LinkedIn",
        known_by: &["currentjob", "pastjob"],
        columns: &[("job", Some(Meaning::Is(Field::Bio)))],
    },
    Export {
        name: "Apify, pages of Facebook",
        // Forms of Facebook's advertisements name the advertiser's page too.
        known_by: &["pageid", "pagename", "facebookurl", "likes"],
        columns: &[
            ("pageid", Some(Meaning::Is(Field::Id))),
            ("pagename", Some(Meaning::On(Field::Username, Facebook))),
            ("title", Some(Meaning::Is(Field::Name))),
        ],
    },
];

/// The export that has these columns.
pub(super) fn of(names: &[&str]) -> Option<&'static Export> {
    let names: HashSet<String> = names.iter().map(|name| folded(name)).collect();
    let has = |wanted: &&str| names.contains(*wanted);
    EXPORTS
        .iter()
        .find(|export| export.known_by.iter().all(has))
}

impl Export {
    /// What this export says of a column, if it says anything.
    pub(super) fn meaning(&self, name: &str) -> Option<Option<Meaning>> {
        let found = self.columns.iter().find(|(known, _)| *known == name);
        found.map(|(_, meaning)| *meaning)
    }
}
