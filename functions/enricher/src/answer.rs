//! Validates the model's answer: against the schema, against bounds and against the profile
//! (invariant 6).

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::domain::{
    content::{Draft, DraftFault},
    gate::{Assessment, Compliance, Method},
    score::{Confidence, Score},
};

use crate::{red_flags::red_flags, score::Scored};

/// The strict schema of an answer, within the subset that structured outputs support:
/// <https://platform.openai.com/docs/guides/structured-outputs>
pub(crate) const SCHEMA_TEXT: &str = include_str!("prompts/schema-1.json");

/// [`SCHEMA_TEXT`], read once.
pub(crate) static SCHEMA: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(SCHEMA_TEXT).unwrap_or_default());

/// A claim about the person with the words that back it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Evidence {
    claim: String,
    quote: String,
}

/// Why an answer is not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidAnswer {
    #[error("it is not to the schema")]
    Schema,
    #[error("{0} is empty or too long")]
    Bounds(&'static str),
    #[error("the draft cannot be sent: {0}")]
    Draft(DraftFault),
    #[error("it makes claims and quotes nothing")]
    NoEvidence,
    #[error("a quote is not in the profile")]
    InventedQuote,
    #[error("the message names a number that is neither in the profile nor in the offer")]
    InventedNumber,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    niche: String,
    score: Score,
    summary: String,
    subject: String,
    message: String,
    evidence: Vec<Evidence>,
    compliance: AnswerCompliance,
    confidence: Confidence,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerCompliance {
    verdict: Compliance,
    reasons: Vec<String>,
}

/// Checks an answer against the schema and the profile as it was `shown`. Who answered and what it cost
/// is the caller's to fill in.
///
/// The profile's own words can make the result stricter, never more lenient.
pub(crate) fn validate(
    answer: &str,
    shown: &[String],
    offer: &str,
) -> Result<Scored, InvalidAnswer> {
    let answer: Answer = serde_json::from_str(answer).map_err(|_| InvalidAnswer::Schema)?;
    bounded("niche", &answer.niche, 60)?;
    bounded("summary", &answer.summary, 600)?;
    let draft = Draft {
        subject: answer.subject.trim().to_owned(),
        message: answer.message.trim().replace("\r\n", "\n"),
    };
    if let Some(fault) = draft.fault() {
        return Err(InvalidAnswer::Draft(fault));
    }
    if answer.evidence.is_empty() || answer.evidence.len() > 20 {
        return Err(InvalidAnswer::NoEvidence);
    }
    let shown_text: Vec<String> = shown.iter().map(|text| folded(text)).collect();
    for Evidence { claim, quote } in &answer.evidence {
        bounded("a claim", claim, 300)?;
        let quote = folded(quote);
        // A letter or two are in every profile and back nothing.
        if quote.chars().count() < 3 || !shown_text.iter().any(|text| text.contains(&quote)) {
            return Err(InvalidAnswer::InventedQuote);
        }
    }
    let known: Vec<String> = shown
        .iter()
        .map(String::as_str)
        .chain([offer])
        .flat_map(numbers)
        .collect();
    let named = numbers(&draft.message)
        .into_iter()
        .chain(numbers(&draft.subject));
    if named.into_iter().any(|number| !known.contains(&number)) {
        return Err(InvalidAnswer::InventedNumber);
    }
    let mut reasons: Vec<String> = answer
        .compliance
        .reasons
        .iter()
        .take(10)
        // For a reviewer only, so cleaned rather than refused. PostgreSQL takes no NUL.
        .map(|reason| {
            reason
                .chars()
                .filter(|c| !c.is_control())
                .take(300)
                .collect()
        })
        .collect();
    let texts: Vec<&str> = shown.iter().map(String::as_str).collect();
    let flags = red_flags(&texts);
    reasons.extend(flags.iter().map(crate::red_flags::RedFlag::reason));
    let compliance = flags
        .iter()
        .map(|flag| flag.compliance)
        .fold(answer.compliance.verdict, Compliance::max);
    Ok(Scored {
        niche: answer.niche.trim().to_lowercase(),
        summary: answer.summary.trim().to_owned(),
        draft: Some(draft),
        assessment: Assessment {
            score: answer.score,
            confidence: answer.confidence,
            compliance,
            method: Method::Model,
            reviewed: false,
        },
        reasons,
        evidence: serde_json::to_value(answer.evidence).unwrap_or_default(),
        model: None,
        cost_micros: 0,
    })
}

fn bounded(field: &'static str, text: &str, limit: usize) -> Result<(), InvalidAnswer> {
    let length = text.trim().chars().count();
    if (1..=limit).contains(&length) && !text.chars().any(char::is_control) {
        Ok(())
    } else {
        Err(InvalidAnswer::Bounds(field))
    }
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
