//! SES: may the account send, may it write to anybody, and is the sender's identity verified and signed?

use std::fmt::Debug;

use aws_sdk_ses::Client;
use aws_sdk_ses::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ses::types::{IdentityDkimAttributes, VerificationStatus};
use shared::domain::email::EmailAddress;

use super::{Finding, fail, ok, warn};
use crate::stack::{Stack, failure};

/// What SES allows an account in its sandbox in 24 hours.
const SANDBOX: f64 = 200.0;

pub(super) async fn check(stack: &Stack) -> Vec<Finding> {
    let client = Client::new(&stack.aws);
    let mut findings = vec![quota(stack, &client).await];
    if findings
        .iter()
        .any(|found| found.status == super::Status::Fail)
    {
        return findings;
    }
    findings.extend(account(&client).await);
    if let Some(name) = stack.setting("SES_CONFIGURATION_SET") {
        findings.extend(configuration_set(&client, &name).await);
    }
    let sender = stack.setting("SENDER_ADDRESS");
    if let Some(sender) = sender.and_then(|text| EmailAddress::parse(&text).ok()) {
        findings.extend(identity(&client, &sender).await);
    }
    findings
}

/// LocalStack knows only some of the API.
fn is_not_implemented<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    let text = error.message().unwrap_or_default();
    error.code() == Some("InternalFailure") && text.contains("not been implemented")
}

fn refused<E, R>(check: &'static str, error: &SdkError<E, R>) -> Option<Finding>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: Debug,
{
    if is_not_implemented(error) {
        return None;
    }
    let code = match error.code() {
        Some(code) => format!("SES refuses: {code}"),
        None => failure(error),
    };
    let advice = "check AWS_REGION, the credentials and their permissions for SES";
    Some(fail(check, code, advice))
}

async fn quota(stack: &Stack, client: &Client) -> Finding {
    const CHECK: &str = "SES quota";
    let quota = match client.get_send_quota().send().await {
        Ok(quota) => quota,
        Err(error) => {
            return refused(CHECK, &error).unwrap_or_else(|| ok(CHECK, "is not checked here"));
        }
    };
    let (rate, day) = (quota.max_send_rate, quota.max24_hour_send);
    let detail = format!("{rate} a second, {day} in 24 hours");
    // -1 stands for no limit.
    if (0.0..=SANDBOX).contains(&day) {
        return warn(
            CHECK,
            format!(
                "{detail}: the account is in the sandbox and may write to verified addresses only"
            ),
            "ask AWS for production access (SES console, account dashboard)",
        );
    }
    let wanted = stack.setting("SES_MAX_PER_SECOND");
    let wanted = wanted.and_then(|text| text.parse::<f64>().ok());
    if wanted.is_some_and(|wanted| wanted > rate) {
        let advice = "lower SesMaxPerSecond, or ask AWS for a higher rate";
        return warn(
            CHECK,
            format!("{detail}, and SES_MAX_PER_SECOND is higher"),
            advice,
        );
    }
    ok(CHECK, detail)
}

async fn account(client: &Client) -> Option<Finding> {
    const CHECK: &str = "SES account";
    match client.get_account_sending_enabled().send().await {
        Err(error) => refused(CHECK, &error),
        Ok(reply) if reply.enabled => Some(ok(CHECK, "may send")),
        Ok(_) => Some(fail(
            CHECK,
            "sending is paused for the whole account",
            "read AWS's mails about bounces and complaints; then: aws ses update-account-sending-enabled \
             --enabled",
        )),
    }
}

async fn configuration_set(client: &Client, name: &str) -> Option<Finding> {
    const CHECK: &str = "SES events";
    let request = client.describe_configuration_set();
    match request.configuration_set_name(name).send().await {
        Ok(_) => Some(ok(CHECK, format!("the configuration set {name} exists"))),
        Err(error) if error.code() == Some("ConfigurationSetDoesNotExist") => Some(fail(
            CHECK,
            format!("the configuration set {name} does not exist, so SES would refuse every mail"),
            "deploy again: the template makes it; or correct SES_CONFIGURATION_SET",
        )),
        Err(error) => refused(CHECK, &error),
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

async fn identity(client: &Client, sender: &EmailAddress) -> Vec<Finding> {
    const CHECK: &str = "SES identity";
    let names = identities(sender);
    let request = client.get_identity_verification_attributes();
    let found = match request.set_identities(Some(names.clone())).send().await {
        Ok(reply) => reply.verification_attributes,
        Err(error) => return refused(CHECK, &error).into_iter().collect(),
    };
    let is_verified = |name: &&String| {
        let found = found.get(*name);
        found.is_some_and(|found| found.verification_status == VerificationStatus::Success)
    };
    let domain = sender.domain();
    let Some(verified) = names.iter().find(is_verified) else {
        return vec![fail(
            CHECK,
            format!(
                "neither the sender's address nor its domain {domain} is verified in this region"
            ),
            "verify the domain with Easy DKIM in the SES console, in the stack's region",
        )];
    };
    // The log of a check may travel: the address itself stays out of it.
    let verified = if verified.contains('@') {
        "the sender's address"
    } else {
        verified
    };
    let mut findings = vec![ok(CHECK, format!("{verified} is verified"))];
    findings.extend(dkim(client, &names, domain).await);
    findings
}

async fn dkim(client: &Client, names: &[String], domain: &str) -> Option<Finding> {
    const CHECK: &str = "DKIM";
    let request = client.get_identity_dkim_attributes();
    let found = match request.set_identities(Some(names.to_vec())).send().await {
        Ok(reply) => reply.dkim_attributes,
        Err(error) => return refused(CHECK, &error),
    };
    let signs = |found: &IdentityDkimAttributes| {
        found.dkim_enabled && found.dkim_verification_status == VerificationStatus::Success
    };
    Some(if found.values().any(signs) {
        ok(CHECK, format!("mails from {domain} are signed"))
    } else {
        fail(
            CHECK,
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
