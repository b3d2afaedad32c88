//! From what the model says to what the house believes: checked against the schema, against bounds
//! and against the profile (invariant 6).

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::domain::{
    content::{Draft, DraftFault},
    gate::Compliance,
    score::{Confidence, Score},
};

use crate::objections::objections;

/// The strict schema of an answer, within the subset that structured outputs support:
/// <https://platform.openai.com/docs/guides/structured-outputs>
pub(crate) const SCHEMA_TEXT: &str = include_str!("prompts/schema-1.json");

/// [`SCHEMA_TEXT`], read once.
pub(crate) static SCHEMA: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(SCHEMA_TEXT).unwrap_or_default());

/// A believed answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) niche: String,
    pub(crate) score: Score,
    pub(crate) summary: String,
    pub(crate) draft: Draft,
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) compliance: Compliance,
    pub(crate) reasons: Vec<String>,
    pub(crate) confidence: Confidence,
}

/// A claim about the person with the words that back it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Evidence {
    pub(crate) claim: String,
    pub(crate) quote: String,
}

/// Why an answer is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Disbelief {
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

/// Checks an answer against the schema and the profile as it was `shown`.
///
/// What the profile itself gives away can make the verdict stricter, never milder.
pub(crate) fn believe(answer: &str, shown: &[String], offer: &str) -> Result<Verdict, Disbelief> {
    let answer: Answer = serde_json::from_str(answer).map_err(|_| Disbelief::Schema)?;
    bounded("niche", &answer.niche, 60)?;
    bounded("summary", &answer.summary, 600)?;
    let draft = Draft {
        subject: answer.subject.trim().to_owned(),
        message: answer.message.trim().replace("\r\n", "\n"),
    };
    if let Some(fault) = draft.fault() {
        return Err(Disbelief::Draft(fault));
    }
    if answer.evidence.is_empty() || answer.evidence.len() > 20 {
        return Err(Disbelief::NoEvidence);
    }
    let shown_text: Vec<String> = shown.iter().map(|text| folded(text)).collect();
    for Evidence { claim, quote } in &answer.evidence {
        bounded("a claim", claim, 300)?;
        let quote = folded(quote);
        // A letter or two are in every profile and back nothing.
        if quote.chars().count() < 3 || !shown_text.iter().any(|text| text.contains(&quote)) {
            return Err(Disbelief::InventedQuote);
        }
    }
    let known: Vec<String> = shown
        .iter()
        .map(String::as_str)
        .chain([offer])
        .flat_map(numbers)
        .collect();
    let said = numbers(&draft.message)
        .into_iter()
        .chain(numbers(&draft.subject));
    if said.into_iter().any(|number| !known.contains(&number)) {
        return Err(Disbelief::InventedNumber);
    }
    let mut reasons: Vec<String> = answer
        .compliance
        .reasons
        .iter()
        .take(10)
        // Said to a person only, so cleaned rather than disbelieved. PostgreSQL takes no NUL.
        .map(|reason| {
            reason
                .chars()
                .filter(|c| !c.is_control())
                .take(300)
                .collect()
        })
        .collect();
    let own = objections(shown);
    reasons.extend(own.iter().map(|o| o.reason.to_owned()));
    let strictest = own
        .iter()
        .map(|o| o.compliance)
        .chain([answer.compliance.verdict])
        .max();
    Ok(Verdict {
        niche: answer.niche.trim().to_lowercase(),
        score: answer.score,
        summary: answer.summary.trim().to_owned(),
        draft,
        evidence: answer.evidence,
        compliance: strictest.unwrap_or(Compliance::Review),
        reasons,
        confidence: answer.confidence,
    })
}

fn bounded(field: &'static str, text: &str, limit: usize) -> Result<(), Disbelief> {
    let length = text.trim().chars().count();
    if (1..=limit).contains(&length) && !text.chars().any(char::is_control) {
        Ok(())
    } else {
        Err(Disbelief::Bounds(field))
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
