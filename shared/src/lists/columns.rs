//! What the columns of a list mean, and the profile that a row of them is.

use std::{
    collections::{BTreeMap, HashMap},
    sync::LazyLock,
};

use strum::IntoEnumIterator;

use super::{
    ListError,
    cells::Cells,
    exports::{self, Export},
    names::NAMES,
    opt_out,
    values::{followers, yes_or_no},
};
use crate::domain::{
    email::EmailAddress,
    identity,
    intake::{Field, RawProfile, RowError},
    lead::Platform,
    text::{decode_references, folded},
};

/// Characters of a cell that are read; the longest field keeps 4,000.
const CELL: usize = 16_000;
/// Shortest number in a column "id" that is taken for a platform's: shorter ones count rows.
const LONG_ID: usize = 7;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Meaning {
    Is(Field),
    /// The same, of a profile on this platform.
    On(Field, Platform),
    PerhapsId,
    FirstName,
    LastName,
    /// Whether, or since when, the person wants no mail.
    OptOut,
    /// How the person stands in another tool, which may be that they want no mail.
    Status,
}

impl Meaning {
    /// None where it is about the row itself.
    pub(super) fn field(self) -> Option<Field> {
        match self {
            Self::Is(field) | Self::On(field, _) => Some(field),
            Self::PerhapsId => Some(Field::Id),
            Self::FirstName | Self::LastName => Some(Field::Name),
            Self::OptOut | Self::Status => None,
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::FirstName => "first_name",
            Self::LastName => "last_name",
            Self::Is(_) | Self::On(..) | Self::PerhapsId | Self::OptOut | Self::Status => {
                self.field().map_or("opt_out", Field::word)
            }
        }
    }

    pub(super) fn identifies(self) -> bool {
        matches!(
            self.field(),
            Some(Field::Username | Field::Email | Field::ProfileUrl | Field::Id)
        )
    }
}

/// What a source's parameters say about columns: a name of the list's header, folded → what it holds, or `None` where it is
/// to be left alone.
pub(super) type Mapping = BTreeMap<String, Option<Meaning>>;

/// Reads the parameter `columns`.
pub(super) fn mapping(columns: &BTreeMap<String, String>) -> Result<Mapping, ListError> {
    let meaning = |word: &str| match folded(word).as_str() {
        "ignore" => Some(None),
        "firstname" => Some(Some(Meaning::FirstName)),
        "lastname" => Some(Some(Meaning::LastName)),
        "optout" => Some(Some(Meaning::OptOut)),
        word => Field::iter()
            .find(|field| folded(field.word()) == word)
            .map(|field| Some(Meaning::Is(field))),
    };
    let read = columns.iter().map(|(name, word)| {
        let meaning = meaning(word).ok_or_else(|| ListError::UnknownField(name.clone()))?;
        Ok((folded(name), meaning))
    });
    read.collect()
}

/// How columns begin that say of one of a sender's lists whether the person has left it.
const OPT_OUTS_OF_LISTS: [&str; 2] = ["optedoutofemail", "hsemailoptout"];

/// What a column of this name means, and how far down the list of its field's names that name stands.
pub(super) fn meaning(name: &str, mapping: &Mapping) -> Option<(Meaning, usize)> {
    let name = folded(name);
    if let Some(given) = mapping.get(&name) {
        return given.map(|meaning| (meaning, 0));
    }
    // One column for each of a sender's lists.
    let of_one_list = OPT_OUTS_OF_LISTS
        .iter()
        .any(|start| name.starts_with(start));
    let known = BY_NAME.get(name.as_str()).copied();
    known.or(of_one_list.then_some((Meaning::OptOut, usize::MAX)))
}

/// Each name with its meaning and its rank, which begins at 1.
static BY_NAME: LazyLock<HashMap<&str, (Meaning, usize)>> = LazyLock::new(|| {
    let ranked = NAMES.iter().flat_map(|(meaning, names)| {
        let ranks = names.iter().zip(1..);
        ranks.map(|(name, rank)| (*name, (*meaning, rank)))
    });
    ranked.collect()
});

/// A list's columns, in order.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    /// As the header spells them.
    pub(super) names: Vec<String>,
    /// By field, the better name first.
    used: Vec<(Meaning, usize)>,
    /// Whose export it is, where that says what columns mean.
    pub(super) export: Option<&'static Export>,
}

impl Columns {
    /// The columns of these names; the names also say whose export it is.
    pub(super) fn new<'a>(header: impl IntoIterator<Item = &'a str>, mapping: &Mapping) -> Self {
        let names: Vec<&str> = header.into_iter().collect();
        let export = exports::of(&names);
        Self::of_export(names, mapping, export)
    }

    /// The columns of these names, in an export that is known already.
    pub(super) fn of_export<'a>(
        header: impl IntoIterator<Item = &'a str>,
        mapping: &Mapping,
        export: Option<&'static Export>,
    ) -> Self {
        let names: Vec<String> = header
            .into_iter()
            .map(|name| name.trim().chars().take(100).collect())
            .collect();
        let mut used: Vec<(Meaning, usize, usize)> = Vec::new();
        let folded_names: Vec<String> = names.iter().map(|name| folded(name)).collect();
        for (n, name) in folded_names.iter().enumerate() {
            let known = export.and_then(|export| export.meaning(name));
            let found = match known.filter(|_| !mapping.contains_key(name)) {
                Some(given) => given.map(|meaning| (meaning, 0)),
                None => meaning(name, mapping),
            };
            used.extend(found.map(|(meaning, rank)| (meaning, rank, n)));
        }
        used.sort_by_key(|(meaning, rank, n)| (meaning.field(), *rank, *n));
        let used = used
            .into_iter()
            .map(|(meaning, _, n)| (meaning, n))
            .collect();
        Self {
            names,
            used,
            export,
        }
    }

    /// How many columns the header names; empty ones at its end are none.
    pub(super) fn len(&self) -> usize {
        self.names
            .iter()
            .rposition(|name| !name.is_empty())
            .map_or(0, |last| last + 1)
    }

    /// Columns and what they are used for.
    pub(super) fn used(&self) -> impl Iterator<Item = (&str, Meaning)> {
        self.used
            .iter()
            .filter_map(|(meaning, n)| Some((self.names.get(*n)?.as_str(), *meaning)))
    }

    pub(super) fn ignored(&self) -> impl Iterator<Item = &str> {
        let unused = |n: &usize| !self.used.iter().any(|(_, used)| used == n);
        (0..self.names.len())
            .filter(unused)
            .filter_map(|n| self.names.get(n))
            .map(String::as_str)
            .filter(|name| !name.is_empty())
    }

    /// Whether a row repeats the header.
    pub(super) fn is_header(&self, cells: &Cells) -> bool {
        let columns = self.len();
        // Most rows differ in their first cell already.
        let same = |(name, cell): (&String, &str)| name.eq_ignore_ascii_case(cell.trim());
        columns > 0
            && self.names.iter().zip(cells.iter()).take(columns).all(same)
            && cells.filled() == columns
    }

    /// The profile of a row. `platform` is that of a list whose rows name none.
    pub(super) fn profile(
        &self,
        cells: &Cells,
        platform: Option<Platform>,
    ) -> Result<RawProfile, RowError> {
        let (filled, columns) = (cells.filled(), self.len());
        if filled > columns {
            return Err(RowError::TooManyCells {
                cells: filled,
                columns,
            });
        }
        let mut row = Reading {
            profile: RawProfile::default(),
            first: None,
            last: None,
        };
        for (meaning, n) in &self.used {
            let cell = cells.get(*n).map(str::trim).filter(|cell| !cell.is_empty());
            let Some(cell) = cell else { continue };
            if cell.contains('\u{FFFD}') {
                let column = || self.names.get(*n).cloned().unwrap_or_default();
                match meaning.field() {
                    Some(field) if !meaning.identifies() || field == Field::Email => {
                        row.profile.unknown.insert(field);
                    }
                    Some(_) | None => return Err(RowError::NotReadable { column: column() }),
                }
                continue;
            }
            row.take(*meaning, cell);
        }
        let mut profile = row.profile;
        profile.name = whole_name(
            profile.name.as_deref(),
            row.first.as_deref(),
            row.last.as_deref(),
        );
        profile.platform = profile.platform.or(platform);
        Ok(profile)
    }

    /// The column that says that the person of a row wants no mail.
    pub(super) fn opt_out(&self, cells: &Cells) -> Option<&str> {
        let says = |(meaning, n): &&(Meaning, usize)| {
            let cell = cells.get(*n).map(str::trim).unwrap_or_default();
            match meaning {
                Meaning::OptOut => opt_out::is_yes(cell),
                Meaning::Status => opt_out::is_status(cell),
                _ => false,
            }
        };
        let (_, n) = self.used.iter().find(says)?;
        self.names.get(*n).map(String::as_str)
    }

    /// Whether a line within a quoted cell looks like a row of its own: it has an address where rows have theirs, or as many
    /// cells as the header and a username where it belongs.
    pub(super) fn look_like_row(&self, line: &str, delimiter: u8) -> bool {
        let mut cells = Cells::default();
        let end = cells.read(line, delimiter);
        let at = |n: usize| cells.get(n).map(str::trim).filter(|cell| !cell.is_empty());
        let of = |wanted: Field| {
            let columns = self
                .used
                .iter()
                .filter(move |(meaning, _)| meaning.field() == Some(wanted));
            columns.filter_map(|(_, n)| at(*n)).collect::<Vec<_>>()
        };
        let (emails, urls, names) = (of(Field::Email), of(Field::ProfileUrl), of(Field::Username));
        let address = emails.iter().any(|cell| EmailAddress::parse(cell).is_ok());
        let profile = urls.iter().any(|cell| identity::of_address(cell).is_some());
        if address || profile {
            return true;
        }
        let odd = emails.iter().any(|cell| !cell.contains('@'))
            || of(Field::Followers)
                .iter()
                .any(|cell| followers(cell).is_none());
        // In a sentence a blank follows each comma.
        let is_sentence = cells.len() > 1
            && (1..cells.len()).all(|n| cells.get(n).is_none_or(|cell| cell.starts_with(' ')));
        let username = names
            .iter()
            .any(|cell| identity::handle(Platform::Csv, cell).is_some());
        end == super::cells::End::Closed
            && !cells.inner
            && !cells.stray
            && cells.len() == self.names.len()
            && username
            && !odd
            && !is_sentence
    }
}

/// A row that is being read.
struct Reading {
    profile: RawProfile,
    first: Option<String>,
    last: Option<String>,
}

impl Reading {
    /// Takes a cell; a field that has a value keeps it.
    fn take(&mut self, meaning: Meaning, cell: &str) {
        let profile = &mut self.profile;
        match meaning {
            Meaning::FirstName => keep(&mut self.first, cell),
            Meaning::LastName => keep(&mut self.last, cell),
            Meaning::OptOut | Meaning::Status => {}
            Meaning::PerhapsId if cell.len() < LONG_ID => {}
            Meaning::On(field, platform) => {
                let fresh = profile.username.is_none();
                if fresh {
                    self.take(Meaning::Is(field), cell);
                    self.profile.platform = self.profile.platform.or(Some(platform));
                }
            }
            Meaning::PerhapsId | Meaning::Is(Field::Id) => keep(&mut profile.external_id, cell),
            Meaning::Is(Field::Platform) => match Platform::from_word(cell) {
                Some(platform) => profile.platform = profile.platform.or(Some(platform)),
                // One that we do not know is not the list's.
                None => {
                    profile.platform = Some(Platform::Csv);
                    profile.unknown.insert(Field::Platform);
                }
            },
            Meaning::Is(Field::Username) => keep(&mut profile.username, cell),
            Meaning::Is(Field::Name) => keep(&mut profile.name, cell),
            Meaning::Is(Field::Email) => match &mut profile.email {
                // The first that can be used is taken later.
                Some(email) if email.len() < CELL => {
                    email.push_str("; ");
                    email.push_str(bounded(cell));
                }
                Some(_) => {}
                None => profile.email = Some(bounded(cell).to_owned()),
            },
            Meaning::Is(Field::ProfileUrl) => {
                let better = profile.profile_url.as_deref().is_none_or(|url| {
                    identity::of_address(url).is_none() && identity::of_address(cell).is_some()
                });
                if better {
                    profile.profile_url = Some(bounded(cell).to_owned());
                }
            }
            Meaning::Is(Field::Bio) => keep(&mut profile.bio, cell),
            Meaning::Is(Field::Followers) => {
                profile.follower_count = read(
                    profile.follower_count,
                    followers(cell),
                    Field::Followers,
                    &mut profile.unknown,
                );
            }
            Meaning::Is(Field::Verified) => {
                profile.verified = read(
                    profile.verified,
                    yes_or_no(cell),
                    Field::Verified,
                    &mut profile.unknown,
                );
            }
            Meaning::Is(Field::Location) => keep(&mut profile.location, cell),
            Meaning::Is(Field::Website) => keep(&mut profile.website, cell),
            Meaning::Is(Field::Country) => keep(&mut profile.country, cell),
            Meaning::Is(Field::Language) => keep(&mut profile.language, cell),
        }
    }
}

/// The first column of a field that can be read counts.
fn read<T>(
    kept: Option<T>,
    value: Option<T>,
    field: Field,
    unknown: &mut crate::domain::intake::Fields,
) -> Option<T> {
    if kept.is_none() && value.is_none() {
        unknown.insert(field);
    }
    kept.or(value)
}

fn keep(kept: &mut Option<String>, cell: &str) {
    let says_something = kept
        .as_deref()
        .is_none_or(crate::domain::text::is_placeholder);
    if says_something {
        *kept = Some(decode_references(bounded(cell)).into_owned());
    }
}

/// No more than any field keeps: a page of longer cells must fit into the function.
fn bounded(cell: &str) -> &str {
    if cell.len() <= CELL {
        return cell;
    }
    let end = (0..=CELL).rev().find(|end| cell.is_char_boundary(*end));
    end.and_then(|end| cell.get(..end)).unwrap_or_default()
}

/// A name from its parts. In some languages the column that is called "name" holds one of them.
fn whole_name(name: Option<&str>, first: Option<&str>, last: Option<&str>) -> Option<String> {
    let says = |name: Option<&str>| {
        let said = name.filter(|name| !crate::domain::text::is_placeholder(name));
        said.map(str::to_owned)
    };
    let (name, first, last) = (says(name), says(first), says(last));
    let holds = |name: &str, part: &str| name.to_lowercase().contains(&part.to_lowercase());
    match (name, first, last) {
        (Some(name), Some(first), None) if !holds(&name, &first) => Some(format!("{first} {name}")),
        (Some(name), None, Some(last)) if !holds(&name, &last) => Some(format!("{name} {last}")),
        (Some(name), ..) => Some(name),
        (None, Some(first), Some(last)) => Some(format!("{first} {last}")),
        (None, first, last) => first.or(last),
    }
}
