//! SES: may the account send, may it write to anybody, and is the sender's identity verified and signed?

use std::{error::Error, fmt::Debug, time::Duration};

pub use aws_sdk_ses::Client;
use aws_sdk_ses::{
    error::{ProvideErrorMetadata, SdkError},
    types::{IdentityDkimAttributes, VerificationStatus},
};
use tokio::time::{Instant, timeout_at};

use super::{Finding, Status, fail, ok, warn};
use crate::{clients::aws::failure, domain::email::EmailAddress};

const QUOTA: &str = "SES quota";
const ACCOUNT: &str = "SES account";
const EVENTS: &str = "SES events";
const IDENTITY: &str = "SES identity";
const DKIM: &str = "DKIM";
/// What SES allows an account in its sandbox in 24 hours.
const SANDBOX: f64 = 200.0;

/// What mails are sent with; of what is not set nothing is asked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sending<'a> {
    pub sender: Option<&'a EmailAddress>,
    pub configuration_set: Option<&'a str>,
    /// Mails a second that are wanted.
    pub most_a_second: Option<f64>,
}

/// Asks SES, one question after the other: it takes about one a second. Where the first has no answer there are no
/// further ones. What is not answered within the time is said.
pub async fn check(client: &Client, sending: Sending<'_>, within: Duration) -> Vec<Finding> {
    let end = Instant::now() + within;
    let mut findings = Vec::new();
    findings.extend(until(end, QUOTA, quota(client, sending.most_a_second)).await);
    if findings.iter().any(|found| found.status == Status::Fail) {
        return findings;
    }
    findings.extend(until(end, ACCOUNT, account(client)).await);
    if let Some(name) = sending.configuration_set {
        findings.extend(until(end, EVENTS, configuration_set(client, name)).await);
    }
    let Some(sender) = sending.sender else {
        return findings;
    };
    let names = identities(sender);
    let identity = until(end, IDENTITY, identity(client, sender, &names)).await;
    let is_verified = identity
        .as_ref()
        .is_some_and(|found| found.status == Status::Ok);
    findings.extend(identity);
    if is_verified {
        findings.extend(until(end, DKIM, dkim(client, &names, sender.domain())).await);
    }
    findings
}

async fn until(
    end: Instant,
    check: &'static str,
    question: impl Future<Output = Option<Finding>>,
) -> Option<Finding> {
    let advice = "ask again in a minute; what runs in a VPC needs a way to SES: a NAT gateway, or an endpoint of the VPC";
    timeout_at(end, question)
        .await
        .unwrap_or_else(|_| Some(fail(check, "SES did not answer in time", advice)))
}

/// LocalStack knows only some of the API.
fn is_not_implemented<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    let text = error.message().unwrap_or_default();
    error.code() == Some("InternalFailure") && text.contains("not been implemented")
}

fn refused<E, R>(check: &'static str, error: &SdkError<E, R>) -> Option<Finding>
where
    E: ProvideErrorMetadata + Error + 'static,
    R: Debug,
{
    if is_not_implemented(error) {
        return None;
    }
    let advice = "check the region, the credentials and their permissions for SES";
    Some(match error.code() {
        Some("Throttling" | "ThrottlingException") => {
            warn(check, "SES was asked too often", "ask again in a minute")
        }
        Some(code) => fail(check, format!("SES refuses: {code}"), advice),
        None => fail(check, failure(error), advice),
    })
}

async fn quota(client: &Client, wanted: Option<f64>) -> Option<Finding> {
    let quota = match client.get_send_quota().send().await {
        Ok(quota) => quota,
        Err(error) => return refused(QUOTA, &error),
    };
    let (rate, day) = (quota.max_send_rate, quota.max24_hour_send);
    let detail = format!("{rate} a second, {day} in 24 hours");
    // -1 stands for no limit.
    if (0.0..=SANDBOX).contains(&day) {
        return Some(warn(
            QUOTA,
            format!(
                "{detail}: the account is in the sandbox and may write to verified addresses only"
            ),
            "ask AWS for production access (SES console, account dashboard)",
        ));
    }
    if wanted.is_some_and(|wanted| wanted > rate) {
        let advice = "lower SesMaxPerSecond, or ask AWS for a higher rate";
        return Some(warn(
            QUOTA,
            format!("{detail}, and SES_MAX_PER_SECOND is higher"),
            advice,
        ));
    }
    Some(ok(QUOTA, detail))
}

async fn account(client: &Client) -> Option<Finding> {
    match client.get_account_sending_enabled().send().await {
        Err(error) => refused(ACCOUNT, &error),
        Ok(reply) if reply.enabled => Some(ok(ACCOUNT, "may send")),
        Ok(_) => Some(fail(
            ACCOUNT,
            "sending is paused for the whole account",
            "read AWS's mails about bounces and complaints; then: aws ses update-account-sending-enabled \
             --enabled",
        )),
    }
}

async fn configuration_set(client: &Client, name: &str) -> Option<Finding> {
    let request = client.describe_configuration_set();
    match request.configuration_set_name(name).send().await {
        Ok(_) => Some(ok(EVENTS, format!("the configuration set {name} exists"))),
        Err(error) if error.code() == Some("ConfigurationSetDoesNotExist") => Some(fail(
            EVENTS,
            format!("the configuration set {name} does not exist, so SES would refuse every mail"),
            "deploy again: the template makes it; or correct SES_CONFIGURATION_SET",
        )),
        Err(error) => refused(EVENTS, &error),
    }
}

/// The address, its domain, and the domains above it: SES takes a mail if any of them is verified.
fn identities(sender: &EmailAddress) -> Vec<String> {
    let mut names = vec![sender.as_str().to_owned()];
    let mut domain = sender.domain();
    while domain.contains('.') {
        names.push(domain.to_owned());
        domain = domain.split_once('.').map_or("", |(_, parent)| parent);
    }
    names
}

async fn identity(client: &Client, sender: &EmailAddress, names: &[String]) -> Option<Finding> {
    let request = client.get_identity_verification_attributes();
    let found = match request.set_identities(Some(names.to_vec())).send().await {
        Ok(reply) => reply.verification_attributes,
        Err(error) => return refused(IDENTITY, &error),
    };
    let is_verified = |name: &&String| {
        let found = found.get(*name);
        found.is_some_and(|found| found.verification_status == VerificationStatus::Success)
    };
    let verified = names.iter().find(is_verified);
    Some(match verified {
        // The log of a check may travel: the address itself stays out of it.
        Some(name) if name.contains('@') => ok(IDENTITY, "the sender's address is verified"),
        Some(domain) => ok(IDENTITY, format!("the domain {domain} is verified")),
        None => fail(
            IDENTITY,
            format!(
                "neither the sender's address nor its domain {} is verified in this region",
                sender.domain()
            ),
            "verify the domain with Easy DKIM in the SES console, in the stack's region",
        ),
    })
}

async fn dkim(client: &Client, names: &[String], domain: &str) -> Option<Finding> {
    let request = client.get_identity_dkim_attributes();
    let found = match request.set_identities(Some(names.to_vec())).send().await {
        Ok(reply) => reply.dkim_attributes,
        Err(error) => return refused(DKIM, &error),
    };
    let signs = |found: &IdentityDkimAttributes| {
        found.dkim_enabled && found.dkim_verification_status == VerificationStatus::Success
    };
    Some(if found.values().any(signs) {
        ok(DKIM, format!("mails from {domain} are signed"))
    } else {
        fail(
            DKIM,
            format!("mails from {domain} are not signed, and large mail providers refuse them"),
            "publish the three CNAME records that SES shows for the domain, and wait until SES has seen them",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_climb_from_address_to_domain() {
        let sender = EmailAddress::parse("mara@news.example.co.uk").unwrap();
        let expected = [
            "mara@news.example.co.uk",
            "news.example.co.uk",
            "example.co.uk",
            "co.uk",
        ];
        assert_eq!(identities(&sender), expected);
    }
}
