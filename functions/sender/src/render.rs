//! From a send to the mail that goes out: the approved text within the frame that the law asks
//! for, with the headers that mailbox providers ask for.

use askama::Template;
use chrono::{DateTime, Utc};
use mail_builder::{
    MessageBuilder,
    headers::{address::Address, date::Date, text::Text, url::URL},
};
use shared::{
    config::Identity,
    domain::{
        content::Draft,
        email::EmailAddress,
        ids::SendId,
        letter::{self, Addressee, Frame},
        unsubscribe::UnsubscribeKeys,
    },
};

/// What a mail is written from.
#[derive(Debug, Clone, Copy)]
pub struct Letter<'a> {
    pub send: SendId,
    /// With `send`, the mail's Message-ID.
    pub fence: i64,
    pub to: &'a EmailAddress,
    pub draft: &'a Draft,
    pub addressee: Addressee<'a>,
}

/// The mail could not be written. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    #[error("could not fill in the mail's template")]
    Template(#[from] askama::Error),
    #[error("could not write the mail's MIME text")]
    Mime(#[from] std::io::Error),
}

/// What the mail says, in text and in HTML.
#[derive(Clone, Copy)]
struct Content<'a> {
    frame: &'static Frame,
    /// The message's language where the frame is in another.
    other_language: Option<&'a str>,
    subject: &'a str,
    /// Empty where the message greets by itself.
    greeting: &'a str,
    message: &'a str,
    sender_name: &'a str,
    commercial: &'a str,
    source: &'a str,
    unsubscribe_url: &'a str,
    privacy_url: &'a str,
    postal_address: &'a str,
}

#[derive(Template)]
#[template(path = "mail.txt")]
struct PlainText<'a>(Content<'a>);

#[derive(Template)]
#[template(path = "mail.html")]
struct Html<'a>(Content<'a>);

/// Writes the mail of a send.
///
/// SES overwrites `Date` and `Message-ID`; ours holds send and fence for servers that keep it, and is
/// long enough not to look forged (SpamAssassin's `MSGID_SHORT`).
///
/// # Errors
/// When a template or the MIME text fails.
pub fn render(
    letter: &Letter<'_>,
    identity: &Identity,
    keys: &UnsubscribeKeys,
    now: DateTime<Utc>,
) -> Result<Vec<u8>, RenderError> {
    let draft = letter.draft;
    let token = keys.sign(letter.send);
    let base = identity.public_base_url.as_str().trim_end_matches('/');
    let unsubscribe_url = format!("{base}/u/{token}");
    let privacy_url = format!("{base}/privacy");
    let addressee = &letter.addressee;
    let language = addressee.language;
    let frame = Frame::of(language);
    let sentences = letter::sentences(frame, addressee, &draft.message, &identity.name);
    let content = Content {
        frame,
        other_language: language.filter(|_| !frame.is_for(language)),
        subject: &draft.subject,
        greeting: &sentences.greeting,
        message: &draft.message,
        sender_name: &identity.name,
        commercial: &sentences.commercial,
        source: &sentences.source,
        unsubscribe_url: &unsubscribe_url,
        privacy_url: &privacy_url,
        postal_address: &identity.postal_address,
    };
    let text = PlainText(content).render()?;
    let html = Html(content).render()?;

    // RFC 2369, 3.2: several addresses, the preferred one first; RFC 8058, 3.1: one is https.
    let mut unsubscribe = vec![unsubscribe_url];
    unsubscribe.extend(identity.unsubscribe_mailbox.as_ref().map(|mailbox| {
        let (local, domain) = mailbox
            .as_str()
            .rsplit_once('@')
            .unwrap_or((mailbox.as_str(), ""));
        let token = keys.sign_for_mailbox(letter.send);
        format!("mailto:{local}+{token}@{domain}?subject=unsubscribe")
    }));
    let mut message = MessageBuilder::new()
        .from((identity.name.as_str(), identity.address.as_str()))
        .to(Address::new_address(None::<&str>, letter.to.as_str()))
        .subject(draft.subject.as_str())
        .date(Date::new(now.timestamp()))
        .message_id(format!(
            "{}.{}.{}@{}",
            letter.send,
            letter.fence,
            now.timestamp(),
            identity.address.domain()
        ))
        .header("List-Unsubscribe", URL::new_list(unsubscribe.into_iter()))
        .header(
            "List-Unsubscribe-Post",
            Text::new("List-Unsubscribe=One-Click"),
        )
        .header("X-Auto-Response-Suppress", Text::new("OOF, AutoReply"))
        .text_body(text)
        .html_body(html);
    if let Some(reply_to) = &identity.reply_to {
        message = message.reply_to(reply_to.as_str());
    }
    Ok(message.write_to_vec()?)
}

impl<'a> Content<'a> {
    fn paragraphs(&self) -> impl Iterator<Item = &'a str> {
        letter::paragraphs(self.message)
    }
}

#[cfg(test)]
mod tests;
