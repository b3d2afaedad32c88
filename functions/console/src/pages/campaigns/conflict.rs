//! Two people changed one campaign: both versions, field by field, and a choice of each.

use askama::Template;
use axum::{http::StatusCode, response::Response};
use shared::{
    db::{console::campaigns::Changed, operator::Campaign},
    domain::{basis::BasisRule, country::Country, letter::Language, place},
};

use super::{entries, entries::Wanted};
use crate::{
    answer,
    fields::Entries,
    filters,
    view::{Shell, number},
};

/// What both versions say of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Difference {
    field: String,
    label: String,
    theirs: Marked,
    mine: Marked,
}

/// A text with the part of it marked that the other one says differently.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Marked {
    before: String,
    changed: String,
    after: String,
}

#[derive(Template)]
#[template(path = "campaign_conflict.html")]
struct ConflictPage {
    shell: Shell,
    id: i64,
    name: String,
    revision: i64,
    next: String,
    changed: Option<Changed>,
    differences: Vec<Difference>,
    /// Everything that the person entered, so that nothing is lost.
    mine: Vec<(String, String)>,
}

/// The page that shows both.
pub(super) fn page(
    shell: Shell,
    theirs: &Campaign,
    changed: Option<Changed>,
    mine: &Wanted,
) -> Response {
    let version = |name: &str, settings| entries::of(name, settings);
    let their_entries = version(&theirs.name, &theirs.settings);
    let mut my_entries = version(&mine.name, &mine.settings);
    let differences = differences(&their_entries, &my_entries);
    my_entries.set("note", mine.note.as_deref().unwrap_or_default());
    let page = ConflictPage {
        shell,
        id: theirs.id.0,
        name: theirs.name.clone(),
        revision: theirs.revision,
        next: number(theirs.revision + 1),
        changed,
        differences,
        mine: my_entries
            .beginning("")
            .map(|(field, entry)| (field.to_owned(), entry.to_owned()))
            .collect(),
    };
    answer::page(StatusCode::CONFLICT, &page)
}

/// The form that a choice makes: what the campaign says where a field of theirs is chosen, and else what the person
/// entered.
pub(super) fn chosen(theirs: &Campaign, choice: &Entries) -> Entries {
    let current = entries::of(&theirs.name, &theirs.settings);
    let mut form: Entries = choice
        .beginning("mine_")
        .map(|(field, entry)| (field.to_owned(), entry.to_owned()))
        .collect();
    for (field, side) in choice.beginning("choice_") {
        if side == "theirs" {
            form.set(field, current.get(field));
        }
    }
    form.set("revision", choice.get("revision"));
    form
}

fn differences(theirs: &Entries, mine: &Entries) -> Vec<Difference> {
    let mut fields: Vec<&str> = theirs
        .beginning("")
        .chain(mine.beginning(""))
        .map(|(field, _)| field)
        .collect();
    fields.sort_by_key(|field| (place_in_form(field), *field));
    fields.dedup();
    let fields = fields
        .into_iter()
        .filter(|field| theirs.get(field) != mine.get(field));
    fields
        .map(|field| {
            let (said, meant) = (shown(field, theirs), shown(field, mine));
            Difference {
                field: field.to_owned(),
                label: label(field),
                theirs: marked(&said, &meant),
                mine: marked(&meant, &said),
            }
        })
        .collect()
}

const FIELDS: [(&str, &str); 12] = [
    ("name", "Name"),
    ("offer", "Offer"),
    ("audience", "Audience"),
    ("language", "Language"),
    ("min_score", "Lowest score"),
    ("min_confidence", "Lowest confidence"),
    ("review_all", "Review every mail"),
    ("rules_decide", "Rules decide without the model"),
    ("daily_cap", "Mails a day"),
    ("any_hour", "At any hour"),
    ("hours_from", "Hours: from"),
    ("hours_to", "Hours: to"),
];

fn place_in_form(field: &str) -> usize {
    let place = FIELDS.iter().position(|(known, _)| *known == field);
    place.unwrap_or(FIELDS.len())
}

fn label(field: &str) -> String {
    let known = FIELDS.iter().find(|(known, _)| *known == field);
    match (known, field.strip_prefix("rule_")) {
        (Some((_, label)), _) => (*label).to_owned(),
        (None, Some(code)) => {
            let name = code
                .parse::<Country>()
                .map(|country| place::english_name(&country).to_owned());
            format!("Rule for {}", name.unwrap_or_else(|_| code.to_owned()))
        }
        (None, None) => field.to_owned(),
    }
}

fn shown(field: &str, entries: &Entries) -> String {
    let entry = entries.get(field);
    match field {
        "review_all" | "rules_decide" | "any_hour" => {
            if entries.is_on(field) { "Yes" } else { "No" }.to_owned()
        }
        "language" => match entry.parse::<Language>() {
            Ok(language) => language.title().to_owned(),
            Err(_) => "That of each profile".to_owned(),
        },
        _ if field.starts_with("rule_") => match entry.parse::<BasisRule>() {
            Ok(rule) => rule.title().to_owned(),
            Err(_) => "The table’s rule".to_owned(),
        },
        _ if entry.is_empty() => "Nothing".to_owned(),
        _ => entry.to_owned(),
    }
}

/// Marks what stands between the words with which both texts begin and end.
fn marked(text: &str, other: &str) -> Marked {
    let (words, others): (Vec<&str>, Vec<&str>) = (
        text.split_inclusive(' ').collect(),
        other.split_inclusive(' ').collect(),
    );
    let same = |(one, other): &(&&str, &&str)| one == other;
    let begin = words.iter().zip(&others).take_while(same).count();
    let rest = words.len().min(others.len()) - begin;
    let ends = words.iter().rev().zip(others.iter().rev());
    let end = words.len() - ends.take(rest).take_while(same).count();
    let part = |from: usize, to: usize| words.get(from..to).unwrap_or_default().concat();
    Marked {
        before: part(0, begin),
        changed: part(begin, end),
        after: part(end, words.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_that_differ_are_marked() {
        for (text, other, expected) in [
            (
                "12 % of every sale",
                "15 % of every sale",
                ("", "12 ", "% of every sale"),
            ),
            (
                "of every sale",
                "of every sale of packs",
                ("of every ", "sale", ""),
            ),
            ("40", "60", ("", "40", "")),
            ("a a", "a a a", ("a ", "", "a")),
        ] {
            let Marked {
                before,
                changed,
                after,
            } = marked(text, other);
            assert_eq!(
                (before.as_str(), changed.as_str(), after.as_str()),
                expected
            );
            assert_eq!(format!("{before}{changed}{after}"), text);
        }
    }

    #[test]
    fn fields_stand_in_the_order_of_the_form() {
        let entries = |fields: &[(&str, &str)]| -> Entries {
            fields
                .iter()
                .map(|(field, entry)| ((*field).to_owned(), (*entry).to_owned()))
                .collect()
        };
        let theirs = entries(&[
            ("rule_DE", "allow"),
            ("daily_cap", "40"),
            ("name", "Spring"),
        ]);
        let mine = entries(&[
            ("review_all", "yes"),
            ("daily_cap", "60"),
            ("name", "Spring"),
        ]);
        let found: Vec<String> = differences(&theirs, &mine)
            .into_iter()
            .map(|difference| {
                format!(
                    "{}: {} / {}",
                    difference.label, difference.theirs.changed, difference.mine.changed
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                "Review every mail: No / Yes",
                "Mails a day: 40 / 60",
                "Rule for Germany: Allow / The table’s rule"
            ]
        );
    }
}
