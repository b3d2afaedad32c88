//! Mail addresses: parsed once at the edge, printed masked, and keyed by a hash of the mailbox that
//! they are a spelling of.

use std::{borrow::Cow, fmt};

use serde::Serialize;
use unicode_security::{MixedScript, skeleton};

use super::mac::mac;

pub mod cell;

/// A mail address that SES accepts: 7-bit, normalised, at most 254 octets (RFC 5321, 4.5.3.1).
///
/// Normalising trims, drops a `mailto:` prefix, lower-cases and puts the domain into Punycode.
/// The local part is lower-cased as well: no large provider tells case apart, and an opt-out must
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

/// Endings of files that stand on pages, and of no host.
const FILES: &[&str] = &[
    "png", "jpg", "jpeg", "gif", "webp", "svg", "css", "js", "html", "pdf",
];

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
        // `logo@2x.png` is a picture on a page.
        if FILES.contains(&top) || top.len() < 2 || top.chars().all(|c| c.is_ascii_digit()) {
            return Err(InvalidEmail::Domain);
        }
        let address = format!("{}@{domain}", local.to_ascii_lowercase());
        if address.len() > 254 {
            Err(InvalidEmail::TooLong)
        } else {
            Ok(Self(address))
        }
    }

    /// The normalised text. Only SES and the database may have it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part after the `@`, in Punycode.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// As pages show it to whoever may know that there is one: `m•••@example.org`.
    pub fn veiled(&self) -> String {
        let first = self.0.chars().next().unwrap_or('•');
        format!("{first}•••@{}", self.domain())
    }

    fn local_part(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }

    /// The mailbox that this address is one spelling of: only a key is made of it, mail goes to the
    /// address as given.
    ///
    /// A `+tag` is dropped at every domain. Google, Microsoft, Apple, Fastmail, Proton and most
    /// servers deliver it to the mailbox without the tag; where one does not, two people would share
    /// a key, and one of them would get no mail. The other mistake would write to a person who has
    /// opted out. Other separators are left alone: a `-` is part of many names.
    ///
    /// Google ignores dots in the local part, and `googlemail.com` is its older name for
    /// `gmail.com`; domains that Google hosts for others tell dots apart.
    fn mailbox(&self) -> (Cow<'_, str>, &str) {
        let (local, domain) = (self.local_part(), self.domain());
        let untagged = match local.split_once('+') {
            // An address that is nothing but a tag keeps it.
            Some(("", _)) | None => local,
            Some((name, _)) => name,
        };
        match domain {
            "gmail.com" | "googlemail.com" => (untagged.replace('.', "").into(), "gmail.com"),
            _ => (untagged.into(), domain),
        }
    }

    /// Whether it names a function that never asked for offers (RFC 2142 and its kin).
    pub fn is_role(&self) -> bool {
        let local = self.local_part();
        let name = local.split_once('+').map_or(local, |(name, _)| name);
        ROLES.binary_search(&name).is_ok()
    }

    /// Whether the domain may be read as another than it is: letters of several scripts in one word, letters that
    /// look like Latin ones, or one letter beside a well-known provider's name. A person looks before a mail
    /// leaves.
    pub fn is_look_alike(&self) -> bool {
        let (domain, _) = idna::domain_to_unicode(self.domain());
        let disguised = |label: &str| {
            !label.is_ascii()
                && (!label.is_single_script() || skeleton(label).all(|c| c.is_ascii()))
        };
        domain.split('.').any(disguised) || is_misspelt_provider(self.domain())
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

/// As much of an address as a page hints at, by what its reader may see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AddressHint {
    /// Of the part before the `@`.
    pub first: char,
    pub domain: String,
}

impl AddressHint {
    /// None where it is no address.
    pub fn of(address: &str) -> Option<Self> {
        let (local, domain) = address.rsplit_once('@')?;
        Some(Self {
            first: local.chars().next()?,
            domain: domain.to_owned(),
        })
    }
}

impl fmt::Debug for EmailAddress {
    /// Masked: a log line holds no personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "***@{}", self.domain())
    }
}

/// Whether a domain is one slip of a finger away from a large provider's.
fn is_misspelt_provider(domain: &str) -> bool {
    const PROVIDERS: &[&str] = &[
        "gmail.com",
        "googlemail.com",
        "hotmail.com",
        "outlook.com",
        "yahoo.com",
        "icloud.com",
    ];
    // Providers of their own.
    const OTHERS: &[&str] = &[
        "mail.com",
        "email.com",
        "ymail.com",
        "fmail.com",
        "gmail.co",
        "hotmail.co",
        "yahoo.co",
    ];
    let known = PROVIDERS.contains(&domain) || OTHERS.contains(&domain);
    !known
        && PROVIDERS
            .iter()
            .any(|provider| is_one_slip_from(domain, provider))
}

/// Whether one letter more, less, other or swapped with its neighbour makes one word of the other.
fn is_one_slip_from(word: &str, right: &str) -> bool {
    let (word, right): (Vec<char>, Vec<char>) = (word.chars().collect(), right.chars().collect());
    let same_start = word.iter().zip(&right).take_while(|(a, b)| a == b).count();
    let (word, right) = (
        word.get(same_start..).unwrap_or_default(),
        right.get(same_start..).unwrap_or_default(),
    );
    let same_end = word
        .iter()
        .rev()
        .zip(right.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    match (word.len() - same_end, right.len() - same_end) {
        (1 | 0, 1) | (1, 0) => true,
        (2, 2) => word.first() == right.get(1) && word.get(1) == right.first(),
        _ => false,
    }
}

/// Sorted, for a binary search.
const ROLES: &[&str] = &[
    "abuse",
    "accounting",
    "accounts",
    "admin",
    "administration",
    "administrator",
    "billing",
    "booking",
    "bookings",
    "business",
    "career",
    "careers",
    "compliance",
    "contact",
    "contacto",
    "contato",
    "contatto",
    "customercare",
    "customerservice",
    "datenschutz",
    "devnull",
    "dns",
    "donotreply",
    "enquiries",
    "enquiry",
    "finance",
    "ftp",
    "hello",
    "help",
    "hi",
    "hostmaster",
    "hr",
    "info",
    "inquiries",
    "inquiry",
    "invoice",
    "invoices",
    "jobs",
    "kontakt",
    "legal",
    "list",
    "mailer-daemon",
    "management",
    "marketing",
    "newsletter",
    "no-reply",
    "noc",
    "noreply",
    "office",
    "postmaster",
    "prensa",
    "press",
    "presse",
    "privacidad",
    "privacy",
    "recruiting",
    "recruitment",
    "root",
    "sales",
    "security",
    "soporte",
    "staff",
    "suporte",
    "support",
    "sysadmin",
    "team",
    "unsubscribe",
    "usenet",
    "vendas",
    "ventas",
    "verkauf",
    "vertrieb",
    "webadmin",
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

/// A recipient's key: HMAC-SHA-256 of the mailbox, the same for all of its aliases. It outlives the
/// address, so that an opt-out and an erasure hold for an address that is no longer stored (GDPR,
/// art. 17 and 21).
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
        let (local, domain) = address.mailbox();
        let parts: [&[u8]; 4] = [b"recipient\0", local.as_bytes(), b"@", domain.as_bytes()];
        EmailHash(mac(&self.0, &parts))
    }

    /// The key of the servers that this address's mails go to. A domain may be one person's.
    pub fn hash_domain(&self, address: &EmailAddress) -> [u8; 32] {
        mac(&self.0, &[b"domain\0", address.domain().as_bytes()])
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashKey(…)")
    }
}

#[cfg(test)]
mod tests;
