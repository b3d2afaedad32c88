//! What a person decides about a planned mail: approve, edit or reject it, or take that back.

mod verdict;

pub use verdict::{LEASE_MINUTES, RejectReason, Rejection, SKIPPED_HOURS, UNDO_SECONDS, Verdict};

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};

use super::{
    content::{Draft, DraftFault},
    send_state::SendState,
};

/// What a reviewer does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Review {
    /// It may leave, with exactly this text, once every other rule allows it.
    Approve,
    /// This text instead; the person is asked about it again.
    Edit(Draft),
    /// It never leaves.
    Reject,
    /// What was refused or approved waits for a person again.
    Reopen,
}

/// A mail as a reviewer finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reviewed {
    pub state: SendState,
    /// SES was called for it, or may have been.
    pub may_have_left: bool,
    /// None where the rules scored the lead, which write no text.
    pub draft: Option<Draft>,
    /// Whether the text is the one that was planned or approved.
    pub unchanged: bool,
}

/// What a person who decides has before them: a decision counts for this mail to this profile alone.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// Of the text.
    pub content_hash: &'a [u8],
    pub profile_changed_at: Option<DateTime<Utc>>,
    /// Offer and language of the frame around it.
    pub offer: &'a str,
    pub language: Option<&'a str>,
}

impl Seen<'_> {
    pub fn fingerprint(&self) -> [u8; 32] {
        let changed_at = self
            .profile_changed_at
            .map_or(0, |at| at.timestamp_micros());
        let mut hash = Sha256::new();
        for part in [
            self.content_hash,
            &changed_at.to_be_bytes(),
            self.offer.as_bytes(),
            self.language.unwrap_or_default().as_bytes(),
        ] {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part);
        }
        hash.finalize().into()
    }
}

/// Why a review is not carried out. Nothing is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReviewRefused {
    #[error("it was called or may have been, so its text and its state are history")]
    MayHaveLeft,
    #[error("a sender is working on it right now: try again in a minute")]
    Claimed,
    #[error("it does not wait for a person: it is {0}")]
    NotInReview(SendState),
    #[error("it is {0}, and only what was refused or is planned can be reopened")]
    NotReopenable(SendState),
    #[error("it has no text: give it one with --edit")]
    NoText,
    #[error("its text was changed by other means than --edit: look at it, and give it with --edit")]
    OtherText,
    #[error("{0}")]
    Fault(#[from] DraftFault),
}

/// What a review makes of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Due at once, and not reviewed again.
    Queue,
    /// Waits for a person, with this text if it is a new one.
    Wait {
        draft: Option<Draft>,
    },
    Refuse,
}

/// What follows from a review.
///
/// # Errors
/// When the mail is not in a state for it, or its text may not be sent.
pub fn review(mail: &Reviewed, review: &Review) -> Result<Change, ReviewRefused> {
    use SendState::{Claimed, Queued, Refused, Review as Waiting};
    // One that SES was called for may wait for a person again: it leaves with its text, or not.
    let keeps_text = matches!(review, Review::Approve | Review::Reject);
    if mail.may_have_left && !(keeps_text && mail.state == Waiting) {
        return Err(ReviewRefused::MayHaveLeft);
    }
    match (review, mail.state) {
        (_, Claimed) => Err(ReviewRefused::Claimed),
        (Review::Approve, Waiting) => {
            let draft = mail.draft.as_ref().ok_or(ReviewRefused::NoText)?;
            if !mail.unchanged {
                return Err(ReviewRefused::OtherText);
            }
            draft
                .fault()
                .map_or(Ok(Change::Queue), |fault| Err(fault.into()))
        }
        (Review::Edit(draft), Waiting | Queued | Refused) => match draft.fault() {
            Some(fault) => Err(fault.into()),
            None => Ok(Change::Wait {
                draft: Some(draft.clone()),
            }),
        },
        (Review::Reject, Waiting | Queued) => Ok(Change::Refuse),
        (Review::Reopen, Refused | Queued) => Ok(Change::Wait { draft: None }),
        (Review::Reopen, state) => Err(ReviewRefused::NotReopenable(state)),
        (_, state) => Err(ReviewRefused::NotInReview(state)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(message: &str) -> Draft {
        Draft {
            subject: "Running".to_owned(),
            message: message.to_owned(),
        }
    }

    fn mail(state: SendState) -> Reviewed {
        Reviewed {
            state,
            may_have_left: false,
            draft: Some(draft("Shall we talk?")),
            unchanged: true,
        }
    }

    fn wait(draft: Option<Draft>) -> Result<Change, ReviewRefused> {
        Ok(Change::Wait { draft })
    }

    #[test]
    fn review_by_state_and_decision() {
        use SendState::{Claimed, Delivered, Queued, Refused, Review as Waiting};
        let edit = Review::Edit(draft("Would you like to talk?"));
        let edited = || wait(Some(draft("Would you like to talk?")));
        for (state, decision, expected) in [
            (Waiting, Review::Approve, Ok(Change::Queue)),
            (
                Queued,
                Review::Approve,
                Err(ReviewRefused::NotInReview(Queued)),
            ),
            (
                Refused,
                Review::Approve,
                Err(ReviewRefused::NotInReview(Refused)),
            ),
            (Waiting, edit.clone(), edited()),
            (Queued, edit.clone(), edited()),
            (Refused, edit.clone(), edited()),
            (Claimed, edit.clone(), Err(ReviewRefused::Claimed)),
            (Delivered, edit, Err(ReviewRefused::NotInReview(Delivered))),
            (Waiting, Review::Reject, Ok(Change::Refuse)),
            (Queued, Review::Reject, Ok(Change::Refuse)),
            (Claimed, Review::Reject, Err(ReviewRefused::Claimed)),
            (
                Refused,
                Review::Reject,
                Err(ReviewRefused::NotInReview(Refused)),
            ),
            (Refused, Review::Reopen, wait(None)),
            (
                Waiting,
                Review::Reopen,
                Err(ReviewRefused::NotReopenable(Waiting)),
            ),
            (Queued, Review::Reopen, wait(None)),
        ] {
            assert_eq!(
                review(&mail(state), &decision),
                expected,
                "{state} {decision:?}"
            );
        }
    }

    #[test]
    fn what_may_have_left_is_history() {
        let mail = Reviewed {
            may_have_left: true,
            ..mail(SendState::Refused)
        };
        for decision in [Review::Reopen, Review::Edit(draft("Hello"))] {
            assert_eq!(review(&mail, &decision), Err(ReviewRefused::MayHaveLeft));
        }
    }

    /// SES was called without success, and then the profile changed.
    #[test]
    fn what_was_called_leaves_unchanged_or_not() {
        let mail = Reviewed {
            may_have_left: true,
            ..mail(SendState::Review)
        };
        for (decision, expected) in [
            (Review::Approve, Ok(Change::Queue)),
            (Review::Reject, Ok(Change::Refuse)),
            (
                Review::Edit(draft("Hello")),
                Err(ReviewRefused::MayHaveLeft),
            ),
        ] {
            assert_eq!(review(&mail, &decision), expected, "{decision:?}");
        }
    }

    #[test]
    fn only_a_sound_known_text_is_approved() {
        let waiting = mail(SendState::Review);
        let without = Reviewed {
            draft: None,
            ..waiting.clone()
        };
        assert_eq!(
            review(&without, &Review::Approve),
            Err(ReviewRefused::NoText)
        );
        let other = Reviewed {
            unchanged: false,
            ..waiting.clone()
        };
        assert_eq!(
            review(&other, &Review::Approve),
            Err(ReviewRefused::OtherText)
        );
        let faulty = draft("Hello [Name]");
        let unfit = Err(ReviewRefused::Fault(DraftFault::Placeholder));
        assert_eq!(review(&waiting, &Review::Edit(faulty.clone())), unfit);
        let faulty = Reviewed {
            draft: Some(faulty),
            ..waiting
        };
        assert_eq!(review(&faulty, &Review::Approve), unfit);
    }
}
