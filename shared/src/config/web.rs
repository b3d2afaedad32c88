//! What the web function reads: whose pages these are, and how a link is known to be ours.

use std::time::Duration;

use super::{InvalidEnvironment, Reader, Secret, sender::optional_address};
use crate::domain::{email::EmailAddress, unsubscribe::UnsubscribeKeys};

/// How long the database may take, connecting included, before the answer is "try again". Below the
/// function's timeout, so that the one that waits gets a page of ours and not an error of Lambda's.
pub const WEB_TIMEOUT: Duration = Duration::from_secs(8);

/// What the web function reads.
#[derive(Debug, Clone)]
pub struct Web {
    /// PostgreSQL.
    pub database_url: Secret,
    /// Keys of the unsubscribe tokens.
    pub unsubscribe_keys: UnsubscribeKeys,
    /// Who writes.
    pub name: String,
    /// Postal address of who writes.
    pub postal_address: String,
    /// Who answers for personal data, and whom to write to when a link does not work.
    pub contact: EmailAddress,
}

impl Web {
    /// Reads through `lookup`.
    pub fn from_lookup(
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, InvalidEnvironment> {
        let mut r = Reader::new(lookup);
        let database_url = Secret(r.required("DATABASE_URL"));
        let unsubscribe_keys = r.parsed("UNSUBSCRIBE_KEYS", UnsubscribeKeys::parse);
        let name = r.required("SENDER_NAME");
        let postal_address = r.required("POSTAL_ADDRESS");
        let privacy = optional_address(&mut r, "PRIVACY_CONTACT");
        let reply_to = optional_address(&mut r, "REPLY_TO_ADDRESS");
        let sender = r.parsed("SENDER_ADDRESS", EmailAddress::parse);
        let contact = privacy.or(reply_to).or(sender);
        let config = unsubscribe_keys
            .zip(contact)
            .map(|(unsubscribe_keys, contact)| Self {
                database_url,
                unsubscribe_keys,
                name,
                postal_address,
                contact,
            });
        r.finish(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(changes: &[(&str, &str)]) -> Result<Web, InvalidEnvironment> {
        let keys = format!("k1:{}", "0f".repeat(32));
        let table = [
            ("DATABASE_URL", "postgres://secret@db/outreach"),
            ("UNSUBSCRIBE_KEYS", &keys),
            ("SENDER_NAME", "Ana at Example"),
            ("POSTAL_ADDRESS", "Example Ltd, 1 High Street, Lisbon"),
            ("SENDER_ADDRESS", "partners@mail.example.com"),
        ];
        Web::from_lookup(&|name| {
            let mut given = changes.iter().chain(&table);
            let found = given.find(|(known, _)| *known == name)?;
            Some(found.1.to_owned())
        })
    }

    #[test]
    fn privacy_contact_falls_back_to_other_addresses() {
        let check = |changes: &[(&str, &str)], contact: &str| {
            assert_eq!(read(changes).unwrap().contact.as_str(), contact);
        };
        check(&[], "partners@mail.example.com");
        let reply_to = ("REPLY_TO_ADDRESS", "ana@example.com");
        check(&[reply_to], "ana@example.com");
        let privacy = ("PRIVACY_CONTACT", "privacy@example.com");
        check(&[reply_to, privacy], "privacy@example.com");
    }

    #[test]
    fn one_error_lists_all_faults_without_values() {
        let error = read(&[
            ("UNSUBSCRIBE_KEYS", "k1:c0ffee"),
            ("POSTAL_ADDRESS", ""),
            ("PRIVACY_CONTACT", "not-an-address"),
        ])
        .unwrap_err()
        .to_string();
        for name in ["UNSUBSCRIBE_KEYS", "POSTAL_ADDRESS", "PRIVACY_CONTACT"] {
            assert!(error.contains(name), "{name} in {error}");
        }
        assert!(!error.contains("c0ffee") && !error.contains("not-an-address"));
        let config = format!("{:?}", read(&[]).unwrap());
        assert!(
            !config.contains("secret") && !config.contains("0f0f"),
            "{config}"
        );
    }
}
