//! What makes an event the same event, however it came: its key and its mailbox.

use sha2::{Digest, Sha256};
use shared::domain::email::{EmailAddress, EmailHash, HashKey};

/// `distinction` is what differs between two events of one kind, mail and mailbox.
pub(crate) fn event_key(
    kind: &str,
    message_id: &str,
    distinction: &str,
    mailbox: Option<EmailHash>,
) -> [u8; 32] {
    let mailbox = mailbox.map(|hash| hash.0);
    let parts = [
        kind.as_bytes(),
        message_id.as_bytes(),
        distinction.as_bytes(),
        mailbox.as_ref().map_or(&[][..], |hash| hash),
    ];
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

/// A short name of a text.
pub(crate) fn digest(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The mailbox of an address, bare, as `Name <address>` or as `rfc822;address`.
pub(crate) fn mailbox_hash(text: &str, key: &HashKey) -> Option<EmailHash> {
    Some(key.hash(&address(text)?))
}

/// Whether an address can be read of it.
pub(crate) fn is_address(text: &str) -> bool {
    address(text).is_some()
}

fn address(text: &str) -> Option<EmailAddress> {
    let bare = text
        .rsplit_once('<')
        .and_then(|(_, rest)| rest.split_once('>'))
        .map_or(text, |(bare, _)| bare);
    let typed = bare
        .split_once(';')
        .filter(|(kind, _)| kind.trim().eq_ignore_ascii_case("rfc822"));
    let bare = typed.map_or(bare, |(_, address)| address);
    let bare = bare.trim_matches(|c: char| c.is_whitespace() || "\"'".contains(c));
    EmailAddress::parse(bare).ok()
}
