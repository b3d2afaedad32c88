//! SES's words, ids, times and addresses: read one by one, and nothing else of them kept.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use shared::domain::{
    email::{EmailAddress, EmailHash, HashKey},
    ids::SendId,
};

use crate::notice::Mail;

/// Longer ids and words are none of SES's.
const ID_LIMIT: usize = 200;
const WORD_LIMIT: usize = 60;

/// The same event has the same key, however it came.
pub(crate) fn key(
    kind: &str,
    message_id: &str,
    told_apart: &str,
    mailbox: Option<EmailHash>,
) -> [u8; 32] {
    let mailbox = mailbox.map(|hash| hash.0);
    let parts = [
        kind.as_bytes(),
        message_id.as_bytes(),
        told_apart.as_bytes(),
        mailbox.as_ref().map_or(&[][..], |hash| hash),
    ];
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

/// The mailbox of an address, bare or as `Name <address>`.
pub(crate) fn hash(text: &str, key: &HashKey) -> Option<EmailHash> {
    let bare = text
        .rsplit_once('<')
        .and_then(|(_, rest)| rest.split_once('>'))
        .map_or(text, |(bare, _)| bare);
    Some(key.hash(&EmailAddress::parse(bare).ok()?))
}

pub(crate) fn time(text: Option<&str>) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(text?).ok()?;
    Some(time.with_timezone(&Utc))
}

pub(crate) fn tagged(mail: &Mail) -> Option<SendId> {
    let values = mail.tags.as_ref()?.send_id.as_deref()?;
    values.first()?.parse().ok().map(SendId)
}

/// SES's id of a mail, if it could be one.
pub(crate) fn identifier(text: &str) -> Option<&str> {
    let fits = (1..=ID_LIMIT).contains(&text.len()) && text.chars().all(|c| c.is_ascii_graphic());
    fits.then_some(text)
}

/// SES's word for a type, in snake case.
pub(crate) fn word(kind: &str) -> Option<String> {
    let mut word = String::new();
    for c in kind.chars().filter(char::is_ascii) {
        if c.is_ascii_uppercase() && !word.is_empty() && !word.ends_with('_') {
            word.push('_');
        }
        if c.is_ascii_alphanumeric() {
            word.push(c.to_ascii_lowercase());
        } else if !word.is_empty() && !word.ends_with('_') {
            word.push('_');
        }
    }
    word.truncate(WORD_LIMIT);
    (!word.is_empty()).then_some(word)
}

/// A word of SES's as it may be stored: nothing that could be an address.
pub(crate) fn plain(text: &str) -> String {
    let allowed = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
    text.chars().filter(allowed).take(WORD_LIMIT).collect()
}
