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

/// The mailbox of an address, bare or as `Name <address>`.
pub(crate) fn mailbox_hash(text: &str, key: &HashKey) -> Option<EmailHash> {
    let bare = text
        .rsplit_once('<')
        .and_then(|(_, rest)| rest.split_once('>'))
        .map_or(text, |(bare, _)| bare);
    Some(key.hash(&EmailAddress::parse(bare).ok()?))
}
