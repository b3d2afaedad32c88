//! The words of a row of `why` as sentences.

use std::fmt::Write as _;

use crate::domain::{model_outage::EnrichmentWait, reason::Reason, send_state::SendState};

/// What a sentence about a lead in a campaign depends on.
pub(super) struct Explanation<'a> {
    pub(super) state: Option<SendState>,
    pub(super) reason: Option<&'a str>,
    /// Whether the gate let it pass when it was decided last.
    pub(super) passed: bool,
    pub(super) score: Option<i16>,
    pub(super) min_score: Option<i16>,
    pub(super) country: Option<&'a str>,
    pub(super) basis: Option<&'a str>,
    pub(super) also_blocked_by: &'a [String],
}

/// Words of the view for a lead that nothing was decided about yet.
const UNDECIDED: [(&str, &str); 2] = [
    (
        "enrichment_pending",
        "The lead is waiting for its enrichment.",
    ),
    (
        "not_enriched",
        "The lead was found for this campaign, and no enrichment was requested.",
    ),
];

fn sentence(word: &str) -> Option<&'static str> {
    let undecided = UNDECIDED.iter().find(|(known, _)| *known == word);
    Reason::from_word(word)
        .map(Reason::explain)
        .or(EnrichmentWait::from_word(word).map(EnrichmentWait::explain))
        .or(undecided.map(|(_, text)| *text))
}

impl Explanation<'_> {
    /// None if a reason is a word that this program does not know.
    pub(super) fn to_text(&self) -> Option<String> {
        let mut sentences = Vec::new();
        sentences.extend(self.state.map(|state| state.explain().to_owned()));
        if let Some(word) = self.reason {
            sentences.push(sentence(word)?.to_owned());
        }
        if self.passed && self.state.is_some_and(was_called) {
            sentences.push(self.gate());
        }
        if !self.also_blocked_by.is_empty() {
            let also: Option<Vec<_>> = self.also_blocked_by.iter().map(|w| sentence(w)).collect();
            sentences.push(format!("It is also blocked now: {}", also?.join(" ")));
        }
        Some(sentences.join(" "))
    }

    fn gate(&self) -> String {
        let mut text = "The gate let it pass".to_owned();
        let facts = [
            self.score.map(|score| {
                let min = self.min_score.unwrap_or_default();
                format!("score {score} of at least {min}")
            }),
            self.country.map(|country| format!("country {country}")),
            self.basis.map(|basis| format!("basis {basis}")),
        ];
        let facts: Vec<String> = facts.into_iter().flatten().collect();
        if !facts.is_empty() {
            // Writing to a string cannot fail.
            let _ = write!(text, ": {}", facts.join(", "));
        }
        text + "."
    }

    pub(super) fn decided_by(&self) -> Option<&'static str> {
        let word = self.reason?;
        Some(match Reason::from_word(word) {
            Some(reason) => reason.decided_by().as_str(),
            None => "collector",
        })
    }
}

/// Whether SES was called for a send in this state.
fn was_called(state: SendState) -> bool {
    state.has_left() || matches!(state, SendState::Calling | SendState::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explanation(reason: &str) -> Explanation<'_> {
        Explanation {
            state: Some(SendState::Sent),
            reason: Some(reason),
            passed: true,
            score: Some(80),
            min_score: Some(70),
            country: Some("US"),
            basis: None,
            also_blocked_by: &[],
        }
    }

    #[test]
    fn explanation_names_state_reason_gate_and_blocks() {
        let blocked = ["breaker_open".to_owned()];
        let text = Explanation {
            also_blocked_by: &blocked,
            ..explanation("resend")
        };
        assert_eq!(
            text.to_text().unwrap(),
            "SES accepted it. An operator sent it again after a call whose outcome was unknown. \
             The gate let it pass: score 80 of at least 70, country US. It is also blocked now: Too many \
             of the campaign's mails bounced or drew complaints. A person must close its breaker."
        );
        for (word, _) in UNDECIDED {
            assert_eq!(explanation(word).decided_by(), Some("collector"));
            assert!(explanation(word).to_text().is_some());
        }
        assert_eq!(explanation("no such word").to_text(), None);
    }
}
