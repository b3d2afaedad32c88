//! What the sender reads, and who writes.

use std::time::Duration;

use url::Url;

use super::{InvalidEnvironment, Reader, SWEEP_PATIENCE_SECONDS, Secret, seconds};
use crate::domain::{email::EmailAddress, unsubscribe::UnsubscribeKeys};

/// What the sender reads.
#[derive(Debug, Clone)]
pub struct Sender {
    /// PostgreSQL.
    pub database_url: Secret,
    /// Its own queue: the sweep publishes what is due.
    pub outreach_queue_url: String,
    /// How long an announced send may wait before the sweep announces it again.
    pub sweep_patience: Duration,
    /// The kill switch: no mail leaves unless this is `true`.
    pub sending_enabled: bool,
    /// Who writes, and what the law asks to be told.
    pub identity: Identity,
    /// Keys of the unsubscribe tokens.
    pub unsubscribe_keys: UnsubscribeKeys,
    /// SES configuration set: without it no event would come back.
    pub configuration_set: String,
}

/// Who writes.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The verified address mails come from.
    pub address: EmailAddress,
    /// The name beside it.
    pub name: String,
    /// Where replies go, if not to `address`.
    pub reply_to: Option<EmailAddress>,
    /// Valid physical postal address (CAN-SPAM, 15 U.S.C. § 7704(a)(5)).
    pub postal_address: String,
    /// Base of the unsubscribe links.
    pub public_base_url: Url,
    /// Mailbox that takes `mailto:` unsubscribes, if one is read.
    pub unsubscribe_mailbox: Option<EmailAddress>,
}

impl Sender {
    /// Reads through `lookup`.
    pub fn from_lookup(
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, InvalidEnvironment> {
        let mut r = Reader::new(lookup);
        let database_url = Secret(r.required("DATABASE_URL"));
        let outreach_queue_url = r.required("OUTREACH_QUEUE_URL");
        let sending_enabled = r.or_default("SENDING_ENABLED", "`true` or `false`", false);
        let sweep_patience = seconds(&mut r, "SWEEP_PATIENCE_SECONDS", SWEEP_PATIENCE_SECONDS);
        let identity = Identity::read(&mut r);
        let unsubscribe_keys = r.parsed("UNSUBSCRIBE_KEYS", UnsubscribeKeys::parse);
        let configuration_set = r.required("SES_CONFIGURATION_SET");
        let config = identity
            .zip(unsubscribe_keys)
            .map(|(identity, unsubscribe_keys)| Self {
                database_url,
                outreach_queue_url,
                sweep_patience,
                sending_enabled,
                identity,
                unsubscribe_keys,
                configuration_set,
            });
        r.finish(config)
    }
}

impl Identity {
    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let address = r.parsed("SENDER_ADDRESS", EmailAddress::parse);
        let name = r.required("SENDER_NAME");
        let reply_to = optional_address(r, "REPLY_TO_ADDRESS");
        let postal_address = r.required("POSTAL_ADDRESS");
        if r.optional("PUBLIC_BASE_URL").is_none() {
            r.problem("PUBLIC_BASE_URL", "is not set");
        }
        let public_base_url = r.base_url("PUBLIC_BASE_URL", None);
        let unsubscribe_mailbox = optional_address(r, "UNSUBSCRIBE_MAILBOX");
        Some(Self {
            address: address?,
            name,
            reply_to,
            postal_address,
            public_base_url: public_base_url?,
            unsubscribe_mailbox,
        })
    }
}

fn optional_address(r: &mut Reader<'_>, name: &str) -> Option<EmailAddress> {
    r.optional(name)?;
    r.parsed(name, EmailAddress::parse)
}
