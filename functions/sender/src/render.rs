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
        content::Draft, email::EmailAddress, ids::SendId, lead::Platform,
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
    pub name: Option<&'a str>,
    /// ISO 639-1.
    pub language: Option<&'a str>,
    /// Where the profile was found.
    pub platform: Platform,
    pub username: &'a str,
    /// What the campaign offers, in a few words.
    pub offer: &'a str,
}

/// The mail could not be written. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    #[error("could not fill in the mail's template")]
    Template(#[from] askama::Error),
    #[error("could not write the mail's MIME text")]
    Mime(#[from] std::io::Error),
}

#[derive(Template)]
#[template(path = "mail.txt")]
struct PlainText<'a> {
    greeting: &'a str,
    message: &'a str,
    sender_name: &'a str,
    offer: &'a str,
    source: &'a str,
    unsubscribe_url: &'a str,
    privacy_url: &'a str,
    postal_address: &'a str,
}

#[derive(Template)]
#[template(path = "mail.html")]
struct Html<'a> {
    language: &'a str,
    subject: &'a str,
    greeting: &'a str,
    paragraphs: Vec<&'a str>,
    sender_name: &'a str,
    offer: &'a str,
    source: &'a str,
    unsubscribe_url: &'a str,
    privacy_url: &'a str,
    postal_address: &'a str,
}

/// Writes the mail of a send.
///
/// SES overwrites `Date` and `Message-ID`; ours carries send and fence for whoever keeps them.
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
    // A message that greets by itself needs no second greeting.
    let greeting = if greets(&draft.message) {
        String::new()
    } else {
        greeting(letter.name)
    };
    let source = source(letter);
    let offer = letter.offer.trim_end_matches('.');
    let (sender_name, postal_address) = (identity.name.as_str(), identity.postal_address.as_str());

    let text = PlainText {
        greeting: &greeting,
        message: &draft.message,
        sender_name,
        offer,
        source: &source,
        unsubscribe_url: &unsubscribe_url,
        privacy_url: &privacy_url,
        postal_address,
    }
    .render()?;
    let html = Html {
        language: letter.language.unwrap_or("en"),
        subject: &draft.subject,
        greeting: &greeting,
        paragraphs: paragraphs(&draft.message),
        sender_name,
        offer,
        source: &source,
        unsubscribe_url: &unsubscribe_url,
        privacy_url: &privacy_url,
        postal_address,
    }
    .render()?;

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
        .from((sender_name, identity.address.as_str()))
        .to(Address::new_address(None::<&str>, letter.to.as_str()))
        .subject(draft.subject.as_str())
        .date(Date::new(now.timestamp()))
        .message_id(format!(
            "{}.{}@{}",
            letter.send,
            letter.fence,
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

/// Where the data is from, which the person has a right to know (GDPR, art. 14(2)(f)).
fn source(letter: &Letter<'_>) -> String {
    match letter.platform {
        Platform::Csv => {
            "You get it because your address is on a list that we were given.".to_owned()
        }
        Platform::X | Platform::Instagram | Platform::Facebook | Platform::LinkedIn => format!(
            "You get it because of your public {} profile ({}), which we found ourselves.",
            letter.platform.title(),
            letter.username,
        ),
    }
}

/// By name where the name reads like one; a slogan or an emoji in its place is passed over.
fn greeting(name: Option<&str>) -> String {
    let plain = |name: &&str| {
        (1..=40).contains(&name.chars().count())
            && name
                .chars()
                .all(|c| c.is_alphabetic() || " .'-’".contains(c))
            && name.chars().any(char::is_alphabetic)
    };
    name.map(str::trim)
        .filter(plain)
        .map_or_else(|| "Hello,".to_owned(), |n| format!("Hello {n},"))
}

/// Whether the message begins with a greeting of its own.
fn greets(message: &str) -> bool {
    const GREETINGS: &[&str] = &[
        "hi", "hello", "hey", "dear", "hallo", "liebe", "lieber", "bonjour", "salut", "hola",
        "buenos", "olá", "oi", "ciao", "salve", "hej", "hoi",
    ];
    let first = message
        .split(|c: char| !c.is_alphabetic())
        .next()
        .unwrap_or_default();
    GREETINGS.contains(&first.to_lowercase().as_str()) || message.starts_with("こんにちは")
}

fn paragraphs(message: &str) -> Vec<&str> {
    message
        .split("\n\n")
        .map(str::trim)
        .filter(|p| !p.is_empty())
        .collect()
}

#[cfg(test)]
mod tests;
