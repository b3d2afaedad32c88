//! What a page of a source changes about the leads that are stored already.
//!
//! The platform's id decides who a row is about; a username only where one side never had an id (a
//! list without ids is stored under `@` and the username). What a source does not say changes
//! nothing, and nothing here knows a basis, a suppression or how to undo an erasure (invariant 1).

use std::collections::{HashMap, HashSet};

use serde::{Serialize, Serializer};

use super::{
    email::EmailHash,
    ids::LeadId,
    lead::{NewLead, Origin},
    text::folded,
};

/// The columns of `leads` that a source speaks of.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Profile {
    pub source: String,
    pub external_id: String,
    pub username: String,
    pub name: Option<String>,
    pub email: Option<String>,
    #[serde(serialize_with = "as_bytea")]
    pub email_hash: Option<EmailHash>,
    pub profile_url: Option<String>,
    pub follower_count: Option<i64>,
    pub bio: Option<String>,
    pub verified: Option<bool>,
    pub location: Option<String>,
    pub website: Option<String>,
    pub country: Option<String>,
    pub language: Option<String>,
    pub raw: Option<serde_json::Value>,
}

/// As PostgreSQL reads a `bytea` in JSON.
fn as_bytea<S: Serializer>(hash: &Option<EmailHash>, serializer: S) -> Result<S::Ok, S::Error> {
    let text = hash.map(|hash| format!("\\x{}", data_encoding::HEXLOWER.encode(&hash.0)));
    text.serialize(serializer)
}

impl From<&NewLead> for Profile {
    fn from(lead: &NewLead) -> Self {
        let lead = lead.clone();
        let (email, email_hash) = lead
            .email
            .map(|(address, hash)| (address.as_str().to_owned(), hash))
            .unzip();
        Self {
            source: lead.platform.as_str().to_owned(),
            external_id: lead.external_id,
            username: lead.username,
            name: lead.name,
            email,
            email_hash,
            profile_url: lead.profile_url,
            follower_count: lead.follower_count,
            bio: lead.bio,
            verified: lead.verified,
            location: lead.location,
            website: lead.website,
            country: lead.country.map(|country| country.as_str().to_owned()),
            language: lead.language,
            raw: lead.raw,
        }
    }
}

impl Profile {
    fn has_id(&self) -> bool {
        !self.external_id.starts_with('@')
    }

    fn id_key(&self) -> (&str, &str) {
        (&self.source, &self.external_id)
    }

    fn name_key(&self) -> (&str, &str) {
        (&self.source, &self.username)
    }

    /// Takes over what a row says; `rename` where its username may be taken over too.
    fn absorb(&mut self, row: &Self, rename: bool) {
        if !self.has_id() {
            self.external_id.clone_from(&row.external_id);
        }
        if rename {
            self.username.clone_from(&row.username);
        }
        newer(&mut self.name, &row.name);
        newer(&mut self.email, &row.email);
        newer(&mut self.email_hash, &row.email_hash);
        newer(&mut self.profile_url, &row.profile_url);
        newer(&mut self.follower_count, &row.follower_count);
        newer(&mut self.bio, &row.bio);
        newer(&mut self.verified, &row.verified);
        newer(&mut self.location, &row.location);
        newer(&mut self.website, &row.website);
        newer(&mut self.country, &row.country);
        newer(&mut self.raw, &row.raw);
        // The first one stays: who posts in two languages would otherwise change with each post.
        if self.language.is_none() {
            self.language.clone_from(&row.language);
        }
    }

    /// Whether the model would read something else.
    fn reads_differently(&self, other: &Self) -> bool {
        let read = |p: &Self| {
            let Self {
                name,
                email,
                bio,
                location,
                website,
                country,
                ..
            } = p.clone();
            (name, email, bio, location, website, country)
        };
        read(self) != read(other)
    }

    /// `raw` alone is no difference: it changes with every post.
    fn differs(&self, other: &Self) -> bool {
        let without_raw = |p: &Self| Self {
            raw: None,
            ..p.clone()
        };
        without_raw(self) != without_raw(other)
    }
}

/// Whether two profiles of one identity say that they are two people.
///
/// A handle on a platform is one person's, so both name and mailbox must differ. Weaker identities take less: an
/// id under another handle may be a row number, a handle without a platform may be any, and of a mailbox alone
/// only the name says whose it is.
pub fn are_two_people(one: &Profile, other: &Profile) -> bool {
    let names = agreement(one.name.as_deref(), other.name.as_deref(), share_a_word);
    let mailboxes = agreement(one.email_hash, other.email_hash, |a, b| a == b);
    let by_mailbox = one.username.starts_with("mail-") && one.source == "csv";
    if by_mailbox && one.username == other.username {
        return names == Some(false);
    }
    if one.username != other.username && one.has_id() && other.has_id() {
        return names != Some(true) && mailboxes != Some(true);
    }
    if one.source == "csv" {
        return mailboxes != Some(true)
            && names != Some(true)
            && (names, mailboxes) != (None, None);
    }
    names == Some(false) && mailboxes == Some(false)
}

/// Whether two values agree; `None` where one is not known.
fn agreement<T>(one: Option<T>, other: Option<T>, agree: impl Fn(T, T) -> bool) -> Option<bool> {
    one.zip(other).map(|(one, other)| agree(one, other))
}

fn share_a_word(one: &str, other: &str) -> bool {
    let words = |text: &str| -> HashSet<String> {
        let words = text.split(|c: char| !c.is_alphanumeric() && !"'’-".contains(c));
        words.map(folded).filter(|word| !word.is_empty()).collect()
    };
    let (one, other) = (words(one), words(other));
    // A name of signs alone says nothing.
    one.is_empty() || other.is_empty() || !one.is_disjoint(&other)
}

fn newer<T: Clone>(stored: &mut Option<T>, said: &Option<T>) {
    if said.is_some() {
        stored.clone_from(said);
    }
}

/// A stored lead, locked.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownLead {
    pub id: LeadId,
    /// Whether this page has just inserted it.
    pub new: bool,
    pub erased: bool,
    /// Whether the page's source has found it before.
    pub linked: bool,
    pub profile: Profile,
}

/// What became of one row of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stored {
    New,
    Updated,
    Unchanged,
    /// The person was erased: dropped before storage (invariant 16).
    Erased,
    /// Another profile holds its username, or a list says that the profile is another person's; nothing was
    /// changed.
    Conflict,
    /// Neither stored nor known: the profile that held its username gave it up at this moment.
    Missing,
}

/// A lead's new columns.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Update {
    pub id: LeadId,
    /// Whether an enrichment is due: what it reads has changed, or another source has found the lead.
    pub pending: bool,
    /// Whether what an enrichment and a reviewer read has changed.
    pub reads_differently: bool,
    #[serde(flatten)]
    pub profile: Profile,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Merge {
    /// One entry per row of the page.
    pub rows: Vec<Stored>,
    pub updates: Vec<Update>,
    /// Leads that the page's source has found for the first time.
    pub links: Vec<LeadId>,
}

/// Merges a page into the leads that its rows may be about. `erased` holds the mailboxes of erased
/// people. Updates and links come in the order of `existing`.
pub fn merge(
    existing: &[KnownLead],
    page: &[Profile],
    erased: &HashSet<EmailHash>,
    origin: Origin,
) -> Merge {
    let known = Known::new(existing);
    let mut renamed = HashSet::new();
    let mut merged: HashMap<usize, Profile> = HashMap::new();
    let matches: Vec<Match> = page
        .iter()
        .map(|row| {
            if row.email_hash.is_some_and(|hash| erased.contains(&hash)) {
                return Match::Erased;
            }
            let found = known.find(row, origin);
            if let Match::Lead { index, by_id } = found
                && let Some(lead) = existing.get(index)
            {
                let rename = by_id && known.name_is_free(row) && renamed.insert(row.name_key());
                let profile = merged.entry(index);
                profile
                    .or_insert_with(|| lead.profile.clone())
                    .absorb(row, rename);
            }
            found
        })
        .collect();

    let mut merge = Merge::default();
    let mut stored = HashMap::new();
    for (index, lead) in existing.iter().enumerate() {
        let Some(profile) = merged.remove(&index) else {
            continue;
        };
        if !lead.linked {
            merge.links.push(lead.id);
        }
        let differs = profile.differs(&lead.profile);
        let reads_differently = profile.reads_differently(&lead.profile);
        stored.insert(
            index,
            match (lead.new, differs || !lead.linked) {
                (true, _) => Stored::New,
                (false, true) => Stored::Updated,
                (false, false) => Stored::Unchanged,
            },
        );
        if differs || (!lead.linked && !lead.new) {
            merge.updates.push(Update {
                id: lead.id,
                pending: !lead.linked || reads_differently,
                reads_differently,
                profile,
            });
        }
    }
    merge.rows = matches
        .into_iter()
        .map(|found| match found {
            Match::Lead { index, .. } => stored.get(&index).copied().unwrap_or(Stored::Missing),
            Match::Erased => Stored::Erased,
            Match::Conflict => Stored::Conflict,
            Match::Missing => Stored::Missing,
        })
        .collect();
    merge
}

#[derive(Debug, Clone, Copy)]
enum Match {
    Lead { index: usize, by_id: bool },
    Erased,
    Conflict,
    Missing,
}

/// The stored leads by both of their keys.
struct Known<'a> {
    leads: &'a [KnownLead],
    by_id: HashMap<(&'a str, &'a str), usize>,
    by_name: HashMap<(&'a str, &'a str), usize>,
}

impl<'a> Known<'a> {
    fn new(leads: &'a [KnownLead]) -> Self {
        let indexed = || leads.iter().enumerate();
        Self {
            leads,
            by_id: indexed().map(|(n, l)| (l.profile.id_key(), n)).collect(),
            by_name: indexed().map(|(n, l)| (l.profile.name_key(), n)).collect(),
        }
    }

    fn find(&self, row: &Profile, origin: Origin) -> Match {
        let by_id = self.by_id.get(&row.id_key());
        let by_name = self.by_name.get(&row.name_key());
        let Some((&index, lead)) = by_id
            .or(by_name)
            .and_then(|n| Some((n, self.leads.get(*n)?)))
        else {
            return Match::Missing;
        };
        // Two ids are two people, even where one of them was erased.
        if by_id.is_none() && lead.profile.has_id() && row.has_id() {
            return Match::Conflict;
        }
        if lead.erased {
            return Match::Erased;
        }
        if origin == Origin::List && !lead.new && are_two_people(&lead.profile, row) {
            return Match::Conflict;
        }
        Match::Lead {
            index,
            by_id: by_id.is_some(),
        }
    }

    fn name_is_free(&self, row: &Profile) -> bool {
        !self.by_name.contains_key(&row.name_key())
    }
}

#[cfg(test)]
mod tests;
