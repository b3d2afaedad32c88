//! Validates the model's answer: against the schema, against bounds and against the profile
//! (invariant 6).

mod form;

use std::sync::LazyLock;

pub(crate) use form::Unreadable;
use serde::Serialize;
use serde_json::Value;
use shared::domain::{
    content::{Draft, DraftFault},
    gate::{Approval, Assessment, Method},
    model_calls::CallFault,
};

use crate::{
    red_flags::{RedFlag, compliance},
    score::Scored,
};

/// The strict schema of an answer, within the subset that structured outputs support:
/// <https://platform.openai.com/docs/guides/structured-outputs>
pub(crate) const SCHEMA_TEXT: &str = include_str!("prompts/schema-1.json");

/// [`SCHEMA_TEXT`], read once.
pub(crate) static SCHEMA: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(SCHEMA_TEXT).unwrap_or_default());

/// Longest claim or reason that is kept, in characters.
const NOTE: usize = 300;
/// Most claims and most reasons.
const NOTES: usize = 20;

/// A claim about the person with the words that back it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Evidence {
    claim: String,
    quote: String,
}

/// What an answer holds.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Whole(Scored),
    /// The assessment holds; its text cannot be sent.
    WithoutText(Scored, InvalidText),
}

/// Why the text of an answer cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidText {
    #[error("{0}")]
    Draft(DraftFault),
    #[error("it makes claims and quotes nothing")]
    NoEvidence,
    #[error("a quote is not in the profile")]
    InventedQuote,
    #[error("it names a number that is neither in the profile nor in the offer")]
    InventedNumber,
}

impl From<InvalidText> for CallFault {
    fn from(fault: InvalidText) -> Self {
        match fault {
            InvalidText::Draft(_) => Self::Draft,
            InvalidText::NoEvidence | InvalidText::InventedQuote | InvalidText::InventedNumber => {
                Self::Evidence
            }
        }
    }
}

/// What an answer is held against.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known<'a> {
    /// The profile as the model was shown it.
    pub(crate) shown: &'a [String],
    pub(crate) offer: &'a str,
    /// What the profile's own words say against writing to it.
    pub(crate) flags: &'a [RedFlag],
}

/// Reads an answer and checks it against the schema and the profile. Who answered and what it cost is the
/// caller's to fill in.
///
/// The profile's own words can make the result stricter, never more lenient.
pub(crate) fn read(answer: &str, known: Known<'_>) -> Result<Answer, Unreadable> {
    let fields = form::find(answer)?;
    let field = |name: &str| fields.get(name);
    let score = form::score(field("score")).ok_or(Unreadable::Field("score"))?;
    let (verdict, mut reasons) = form::compliance(field("compliance"));
    reasons.truncate(NOTES);
    let mut reasons: Vec<String> = reasons.iter().map(|reason| clean(reason, NOTE)).collect();
    reasons.extend(known.flags.iter().map(RedFlag::reason));
    let message = form::text(field("message")).replace("\\n", "\n");
    let draft = Draft::tidied(&form::text(field("subject")), &message);
    let evidence: Vec<Evidence> = form::evidence(field("evidence"))
        .into_iter()
        .take(NOTES + 1)
        .map(|(claim, quote)| Evidence {
            claim: clean(&claim, NOTE),
            quote: clean(&quote, NOTE * 2),
        })
        .collect();
    let niche = clean(&form::text(field("niche")), 60).to_lowercase();
    let fault = fault(&draft, &evidence, known);
    let scored = Scored {
        niche: match niche.is_empty() {
            true => "unknown".to_owned(),
            false => niche,
        },
        summary: clean(&form::text(field("summary")), 600),
        draft: fault.is_none().then_some(draft),
        assessment: Assessment {
            score,
            confidence: form::confidence(field("confidence")),
            compliance: verdict.max(compliance(known.flags)),
            method: Method::Model,
            approval: Approval::Missing,
        },
        reasons,
        evidence: serde_json::to_value(evidence).unwrap_or_default(),
        model: None,
        cost_micros: 0,
    };
    Ok(match fault {
        None => Answer::Whole(scored),
        Some(fault) => Answer::WithoutText(scored, fault),
    })
}

/// Why the text cannot be sent, if so.
fn fault(draft: &Draft, evidence: &[Evidence], known: Known<'_>) -> Option<InvalidText> {
    if let Some(fault) = draft.fault() {
        return Some(InvalidText::Draft(fault));
    }
    if evidence.is_empty() || evidence.len() > NOTES {
        return Some(InvalidText::NoEvidence);
    }
    let shown: Vec<String> = known.shown.iter().map(|text| folded(text)).collect();
    let is_quoted = |quote: &str| {
        let quote = folded(quote);
        // A letter or two are in every profile and back nothing.
        quote.chars().count() >= 3 && shown.iter().any(|text| text.contains(&quote))
    };
    if !evidence.iter().all(|item| is_quoted(&item.quote)) {
        return Some(InvalidText::InventedQuote);
    }
    let given: Vec<String> = known
        .shown
        .iter()
        .map(String::as_str)
        .chain([known.offer])
        .flat_map(numbers)
        .collect();
    let named = numbers(&draft.message)
        .into_iter()
        .chain(numbers(&draft.subject));
    named
        .into_iter()
        .any(|number| !given.contains(&number))
        .then_some(InvalidText::InventedNumber)
}

/// For a reviewer only, so cleaned rather than refused. PostgreSQL takes no NUL.
fn clean(text: &str, limit: usize) -> String {
    let words: Vec<&str> = text
        .split(|c: char| c.is_control() || c.is_whitespace())
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ").chars().take(limit).collect()
}

/// Runs of white space as one space, quotation marks as plain ones: what copying changes.
fn folded(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words
        .join(" ")
        .replace(['“', '”', '„', '«', '»'], "\"")
        .replace(['‘', '’'], "'")
}

/// Numbers of two digits and more, without their separators; "15,200" and "15200" are the same.
fn numbers(text: &str) -> Vec<String> {
    text.split(|c: char| !(c.is_ascii_digit() || matches!(c, ',' | '.' | '\'')))
        .map(|part| {
            part.chars()
                .filter(char::is_ascii_digit)
                .collect::<String>()
        })
        .filter(|digits| digits.len() >= 2)
        .collect()
}

#[cfg(test)]
mod tests;
