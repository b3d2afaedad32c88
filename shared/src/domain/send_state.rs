//! The life of a send, in order of rank.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Where a send stands. Declared by rank, like the database's enum of the same name: feedback only
/// moves a state up (invariant 12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SendState {
    /// Waits for a person.
    Review,
    /// Due from `not_before` on.
    Queued,
    /// Held by one sender until its lease ends; SES was not called.
    Claimed,
    /// SES is being called: committed before the call.
    Calling,
    /// The call's outcome is not known; never sent again by itself.
    Unknown,
    /// SES took it.
    Sent,
    /// The recipient's server took it.
    Delivered,
    /// Opened, if tracking is on and not a machine.
    Opened,
    /// A link was followed.
    Clicked,
    /// A person answered.
    Replied,
    /// The gate refused it; SES was not called.
    Refused,
    /// SES refused it for good.
    Rejected,
    /// The recipient's server refused it.
    Bounced,
    /// The recipient complained.
    Complained,
}

impl SendState {
    /// By rank.
    pub const ALL: [Self; 14] = [
        Self::Review,
        Self::Queued,
        Self::Claimed,
        Self::Calling,
        Self::Unknown,
        Self::Sent,
        Self::Delivered,
        Self::Opened,
        Self::Clicked,
        Self::Replied,
        Self::Refused,
        Self::Rejected,
        Self::Bounced,
        Self::Complained,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Review => "review",
            Self::Queued => "queued",
            Self::Claimed => "claimed",
            Self::Calling => "calling",
            Self::Unknown => "unknown",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Opened => "opened",
            Self::Clicked => "clicked",
            Self::Replied => "replied",
            Self::Refused => "refused",
            Self::Rejected => "rejected",
            Self::Bounced => "bounced",
            Self::Complained => "complained",
        }
    }

    /// What it means, in a sentence.
    pub fn explain(self) -> &'static str {
        match self {
            Self::Review => "It waits for a person to decide.",
            Self::Queued => "It is planned and leaves as soon as every rule allows it.",
            Self::Claimed => "A sender is working on it right now.",
            Self::Calling => "SES is being called right now.",
            Self::Unknown => {
                "It is not known whether it left, so it is not sent again automatically."
            }
            Self::Sent => "SES accepted it.",
            Self::Delivered => "The recipient's mail server accepted it.",
            Self::Opened => "It was opened.",
            Self::Clicked => "A link in it was clicked.",
            Self::Replied => "The recipient replied.",
            Self::Refused => "It will not be sent.",
            Self::Rejected => "It was never sent.",
            Self::Bounced => "It left, but the recipient's mail server refused it.",
            Self::Complained => "It left, and the recipient reported it as spam.",
        }
    }

    /// Whether the mail is known to have left.
    pub fn has_left(self) -> bool {
        match self {
            Self::Review | Self::Queued | Self::Claimed | Self::Calling | Self::Unknown => false,
            Self::Refused | Self::Rejected => false,
            Self::Sent | Self::Delivered | Self::Opened | Self::Clicked | Self::Replied => true,
            Self::Bounced | Self::Complained => true,
        }
    }
}

impl fmt::Display for SendState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SendState {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or(UnknownState)
    }
}

/// A word that is no state: the schema is ahead of this binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a send has a state that this version does not know")]
pub struct UnknownState;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_words_read_back_in_rank_order() {
        assert!(SendState::ALL.is_sorted());
        for state in SendState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        assert_eq!("sending".parse::<SendState>(), Err(UnknownState));
        assert_eq!(SendState::Bounced.to_string(), "bounced");
    }

    #[test]
    fn has_left_holds_from_sent_on() {
        let left: Vec<SendState> = SendState::ALL
            .into_iter()
            .filter(|s| s.has_left())
            .collect();
        use SendState::{Bounced, Clicked, Complained, Delivered, Opened, Replied, Sent};
        assert_eq!(
            left,
            [
                Sent, Delivered, Opened, Clicked, Replied, Bounced, Complained
            ]
        );
    }
}
