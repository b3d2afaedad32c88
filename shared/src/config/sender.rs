//! What the sender reads, and who writes.

use std::time::Duration;

use url::Url;

use super::{InvalidEnvironment, REPUBLISH_AFTER_SECONDS, Reader, Secret, hash_key, seconds};
use crate::domain::{
    email::{EmailAddress, HashKey},
    gate::FrequencyCaps,
    quota::{Limits, Ramp},
    unsubscribe::{MAILBOX_TOKEN_LENGTH, UnsubscribeKeys},
};

/// What the sender reads.
#[derive(Debug, Clone)]
pub struct Sender {
    /// PostgreSQL.
    pub database_url: Secret,
    /// Its own queue: the sweep publishes what is due.
    pub outreach_queue_url: String,
    /// How long a published send may wait before the sweep publishes it again.
    pub republish_after: Duration,
    /// Whether this deployment may send at all. The kill switch is a row of the database.
    pub sending_enabled: bool,
    /// Who writes, and what the law requires a mail to state.
    pub identity: Identity,
    /// Recipients' domains are counted by keyed hash.
    pub hash_key: HashKey,
    /// Keys of the unsubscribe tokens.
    pub unsubscribe_keys: UnsubscribeKeys,
    /// SES configuration set: without it no event would come back.
    pub configuration_set: String,
    /// How fast and how much, over what SES says.
    pub limits: Limits,
    /// How often one mailbox may be written to.
    pub frequency: FrequencyCaps,
    /// CloudWatch's namespace for what waits for a person; without it no metric is reported.
    pub metric_namespace: Option<String>,
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
        let republish_after = seconds(&mut r, "REPUBLISH_AFTER_SECONDS", REPUBLISH_AFTER_SECONDS);
        let identity = Identity::read(&mut r);
        let hash_key = hash_key(&mut r);
        let unsubscribe_keys = r.parsed("UNSUBSCRIBE_KEYS", UnsubscribeKeys::parse);
        let configuration_set = r.required("SES_CONFIGURATION_SET");
        let limits = limits(&mut r);
        let frequency = frequency(&mut r);
        let metric_namespace = r.optional("METRIC_NAMESPACE");
        let config = identity.zip(unsubscribe_keys).zip(hash_key).map(
            |((identity, unsubscribe_keys), hash_key)| Self {
                database_url,
                outreach_queue_url,
                republish_after,
                sending_enabled,
                identity,
                hash_key,
                unsubscribe_keys,
                configuration_set,
                limits,
                frequency,
                metric_namespace,
            },
        );
        r.finish(config)
    }
}

fn limits(r: &mut Reader<'_>) -> Limits {
    let per_second = r.optional("SES_MAX_PER_SECOND").and_then(|_| {
        r.parsed("SES_MAX_PER_SECOND", |text| match text.parse::<f64>() {
            Ok(rate) if rate > 0.0 && rate.is_finite() => Ok(rate),
            _ => Err("it takes a number above 0"),
        })
    });
    let per_day = r
        .optional("SES_MAX_PER_DAY")
        .and_then(|_| r.parsed("SES_MAX_PER_DAY", str::parse));
    Limits {
        per_second,
        per_day,
        ramp: ramp(r),
        domain_spacing: seconds(r, "DOMAIN_SPACING_SECONDS", 5),
    }
}

/// The sender keeps to it, and the console shows how far it is used.
pub(super) fn ramp(r: &mut Reader<'_>) -> Ramp {
    let growth = r.or_default("RAMP_GROWTH", "a number", 1.1);
    if !(1.0..=5.0).contains(&growth) {
        r.problem("RAMP_GROWTH", "is not between 1 and 5");
    }
    Ramp {
        start: r.or_default("RAMP_START", "a whole number", 50),
        growth,
        cap: r.or_default("RAMP_CAP", "a whole number", 100_000),
    }
}

fn frequency(r: &mut Reader<'_>) -> FrequencyCaps {
    let default = FrequencyCaps::DEFAULT;
    let days = "a whole number";
    FrequencyCaps {
        gap_days: r.or_default("RECIPIENT_GAP_DAYS", days, default.gap_days),
        max_90_days: r.or_default("RECIPIENT_MAX_90_DAYS", days, default.max_90_days),
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
        let local = |mailbox: &EmailAddress| mailbox.as_str().len() - mailbox.domain().len() - 1;
        // RFC 5321, 4.5.3.1.1: name, `+` and token are one local part.
        if unsubscribe_mailbox
            .as_ref()
            .is_some_and(|m| local(m) + 1 + MAILBOX_TOKEN_LENGTH > 64)
        {
            r.problem(
                "UNSUBSCRIBE_MAILBOX",
                "leaves no room for a token: at most 23 characters before the @",
            );
        }
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

pub(super) fn optional_address(r: &mut Reader<'_>, name: &str) -> Option<EmailAddress> {
    r.optional(name)?;
    r.parsed(name, EmailAddress::parse)
}
