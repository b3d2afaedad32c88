//! The messages that a link may lead to: the same for a page and for plain text.

use shared::config;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Message {
    /// The opt-out is stored.
    Unsubscribed,
    /// The link is not one of ours, or leads to nothing any more. Which of them is not shown.
    BadLink,
    /// The opt-out could not be stored.
    TryAgain,
    NothingHere,
}

impl Message {
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Unsubscribed => "You are unsubscribed",
            Self::BadLink => "This link does not work",
            Self::TryAgain => "You are not unsubscribed yet",
            Self::NothingHere => "There is nothing here",
        }
    }

    pub(crate) fn text(self, config: &config::Web) -> String {
        let name = config.name.as_str();
        match self {
            Self::Unsubscribed => format!(
                "{name} will not write to you again. One that is on its way at this moment may \
                 still arrive. There is nothing else to do."
            ),
            Self::BadLink => "It may be cut off: some mail programs break long links. Nothing was \
                              changed. Open the whole link of the mail, or answer the mail with \
                              the word \u{201c}unsubscribe\u{201d}; we then do it by hand."
                .to_owned(),
            Self::TryAgain => "Something of ours is out of order, and your wish could not be \
                               stored. Please try again in a minute, or answer the mail with the \
                               word \u{201c}unsubscribe\u{201d}; we then do it by hand."
                .to_owned(),
            Self::NothingHere => {
                "The address leads nowhere. To unsubscribe, open the link in the mail you got."
                    .to_owned()
            }
        }
    }
}
