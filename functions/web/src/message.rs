//! The short texts, the same in plain text and on a page.

use shared::config;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Message {
    /// The opt-out is stored.
    Unsubscribed,
    /// The link is not one of ours, or its send is gone. The answer does not say which.
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
            Self::NothingHere => "Page not found",
        }
    }

    pub(crate) fn text(self, config: &config::Web) -> String {
        let name = config.name.as_str();
        let otherwise = otherwise(config);
        match self {
            Self::Unsubscribed => format!(
                "{name} will not write to you again. A mail that is already on its way may still \
                 arrive. There is nothing else you need to do."
            ),
            Self::BadLink => format!(
                "The link may be incomplete: some mail programs break long links. Nothing was \
                 changed. Please open the full link from the mail. {otherwise}"
            ),
            Self::TryAgain => format!(
                "A problem on our side kept us from saving your request. Please try again in a \
                 minute. {otherwise}"
            ),
            Self::NothingHere => format!(
                "This address does not exist. To unsubscribe, please open the link in the mail \
                 that you received. {otherwise}"
            ),
        }
    }
}

/// The way that works when a page does not: which words to send where.
fn otherwise(config: &config::Web) -> String {
    let contact = config.contact.as_str();
    format!(
        "Or reply to the mail, or write to {contact} from the address that received it, with the \
         word \u{201c}unsubscribe\u{201d}. A person will take care of it."
    )
}
