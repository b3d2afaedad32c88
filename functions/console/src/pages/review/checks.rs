//! What the rules say of a text, while it is written: the same that decide when it is approved.

use shared::domain::content::Draft;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Check {
    pub(crate) class: &'static str,
    pub(crate) text: String,
}

/// A line for each rule.
pub(crate) fn checks(subject: &str, message: &str, quotes: usize) -> Vec<Check> {
    if subject.is_empty() && message.is_empty() {
        let text = "There is no text yet: the rules scored this lead, and they write none. Write one, or reject.";
        return vec![warn(text)];
    }
    let mut checks = match Draft::tidied(subject, message).fault() {
        Some(fault) => vec![bad(&sentence(&fault.to_string()))],
        None => vec![
            good("Subject and message have a permitted length."),
            good("No link of its own, no placeholder, no hidden characters."),
            good("The subject does not pretend to be an answer."),
        ],
    };
    checks.push(match quotes {
        0 => warn("Nothing in it is quoted from the profile. Check what it says of the person."),
        1 => good("One claim is quoted from the profile."),
        many => good(&format!("{many} claims are quoted from the profile.")),
    });
    checks
}

fn sentence(words: &str) -> String {
    let mut signs = words.chars();
    let first = signs.next().map(char::to_uppercase);
    first
        .into_iter()
        .flatten()
        .chain(signs)
        .chain(['.'])
        .collect()
}

fn good(text: &str) -> Check {
    check("check", text)
}

fn warn(text: &str) -> Check {
    check("check check-warn", text)
}

fn bad(text: &str) -> Check {
    check("check check-bad", text)
}

fn check(class: &'static str, text: &str) -> Check {
    Check {
        class,
        text: text.to_owned(),
    }
}
