//! Mail addresses: parsed once at the edge, printed masked, keyed by a hash.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A mail address that SES accepts: 7-bit, normalised, at most 254 octets (RFC 5321, 4.5.3.1).
///
/// Normalising trims, drops a `mailto:` prefix, lower-cases and puts the domain into Punycode.
/// The local part is lower-cased as well: no large provider tells case apart, and a "no" must
/// hold however the address is written.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailAddress(String);

/// What is wrong with a text that should be a mail address. Never carries the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEmail {
    /// No `@`, or nothing on one side of it.
    #[error("it needs a name, an @ and a domain")]
    Shape,
    /// A character that SES refuses in a local part.
    #[error("the part before the @ has a character that mail servers refuse")]
    LocalPart,
    /// Not a public host name.
    #[error("the part after the @ is not a public domain name")]
    Domain,
    /// Over 254 octets, or over 64 before the `@`.
    #[error("it is longer than mail servers accept")]
    TooLong,
}

impl EmailAddress {
    /// Parses and normalises.
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        let text = text.trim();
        let text = match text.get(..7) {
            Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => text.get(7..).unwrap_or(""),
            _ => text,
        };
        let (local, domain) = text.rsplit_once('@').ok_or(InvalidEmail::Shape)?;
        if local.is_empty() || domain.is_empty() {
            return Err(InvalidEmail::Shape);
        }
        if local.len() > 64 {
            return Err(InvalidEmail::TooLong);
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
        if !local.chars().all(allowed)
            || local.starts_with('.')
            || local.ends_with('.')
            || local.contains("..")
        {
            return Err(InvalidEmail::LocalPart);
        }
        let domain = idna::domain_to_ascii_strict(domain.trim_end_matches('.'))
            .map_err(|_| InvalidEmail::Domain)?;
        let top = domain
            .rsplit_once('.')
            .map(|(_, top)| top)
            .ok_or(InvalidEmail::Domain)?;
        if top.len() < 2 || top.chars().all(|c| c.is_ascii_digit()) {
            return Err(InvalidEmail::Domain);
        }
        let address = format!("{}@{domain}", local.to_ascii_lowercase());
        if address.len() > 254 {
            Err(InvalidEmail::TooLong)
        } else {
            Ok(Self(address))
        }
    }

    /// The normalised text. Give it to SES and to the database, to nobody else.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part after the `@`, in Punycode.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    fn local_part(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }

    /// Whether it names a function that never asked for offers (RFC 2142 and its kin).
    pub fn is_role(&self) -> bool {
        let local = self.local_part();
        let name = local.split_once('+').map_or(local, |(name, _)| name);
        ROLES.binary_search(&name).is_ok()
    }

    /// Whether the domain hands out throw-away mailboxes, which bounce soon and hurt the sender.
    pub fn is_disposable(&self) -> bool {
        let domain = self.domain();
        DISPOSABLE.iter().any(|known| {
            domain
                .strip_suffix(known)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    }
}

impl fmt::Debug for EmailAddress {
    /// Masked: a log line must name nobody.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "***@{}", self.domain())
    }
}

/// Sorted, for a binary search.
const ROLES: &[&str] = &[
    "abuse",
    "admin",
    "administrator",
    "billing",
    "compliance",
    "devnull",
    "dns",
    "donotreply",
    "ftp",
    "help",
    "hostmaster",
    "info",
    "legal",
    "list",
    "mailer-daemon",
    "no-reply",
    "noc",
    "noreply",
    "office",
    "postmaster",
    "press",
    "privacy",
    "root",
    "sales",
    "security",
    "support",
    "sysadmin",
    "unsubscribe",
    "usenet",
    "webmaster",
    "www",
];

const DISPOSABLE: &[&str] = &[
    "10minutemail.com",
    "discard.email",
    "dispostable.com",
    "fakeinbox.com",
    "getnada.com",
    "guerrillamail.com",
    "mailinator.com",
    "maildrop.cc",
    "mailnesia.com",
    "mintemail.com",
    "mohmal.com",
    "sharklasers.com",
    "temp-mail.org",
    "tempmail.com",
    "throwawaymail.com",
    "trashmail.com",
    "yopmail.com",
];

/// A recipient's key: HMAC-SHA-256 of the normalised address. It outlives the address, so that a
/// "no" and an erasure hold for an address that is no longer stored (GDPR, art. 17 and 21).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailHash(pub [u8; 32]);

impl fmt::Debug for EmailHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EmailHash({:02x}{:02x}…)", self.0[0], self.0[1])
    }
}

/// The secret under which addresses are hashed. Losing it loses every suppression: back it up.
#[derive(Clone)]
pub struct HashKey(Vec<u8>);

impl HashKey {
    /// A key of at least 32 bytes, or `None`.
    pub fn new(key: Vec<u8>) -> Option<Self> {
        (key.len() >= 32).then_some(Self(key))
    }

    /// Tells keys apart without revealing one: the database keeps it.
    pub fn fingerprint(&self) -> [u8; 32] {
        mac(&self.0, &[b"fingerprint\0"])
    }

    /// The key of this address's recipient.
    pub fn hash(&self, address: &EmailAddress) -> EmailHash {
        EmailHash(mac(&self.0, &[b"recipient\0", address.as_str().as_bytes()]))
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashKey(…)")
    }
}

/// HMAC-SHA-256 over the parts, one after the other.
pub(crate) fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC takes a key of any length, so the error cannot happen; an all-zero tag would verify
    // nothing that was ever signed.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return [0; 32];
    };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests;
