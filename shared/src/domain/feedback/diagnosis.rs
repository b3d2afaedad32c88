//! What the recipient's server said about a mail that it did not take: by its code, and where it gave
//! none, by its words. SES passes on `status` (RFC 3464, 2.3.4) and `diagnosticCode` (2.3.6); either may
//! be missing.

use super::BounceReport;

/// What is behind a bounce that SES itself does not call permanent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Diagnosis {
    /// No mail ever arrives there: the domain does not exist or takes no mail, or there is no such
    /// mailbox.
    NoSuchMailbox,
    /// About this mail or its sender: too large, not authenticated.
    Mail,
    /// Not taken, now or for reasons of theirs.
    Failed,
    /// Nothing says that it was not taken.
    NoFailure,
}

/// No such domain, or one without a mail server. A server that is looked up in vain for as long as SES
/// tries is not there.
const DEAD_DOMAIN: &[&str] = &[
    "unable to lookup dns",
    "domain not found",
    "no such domain",
    "host not found",
    "host unknown",
    "domain name not found",
    "nxdomain",
    "domain does not exist",
    "domain is not valid",
    "null mx",
    "nullmx",
    "no mx record",
    "no valid mx",
    "bad destination host",
];
const NO_MAILBOX: &[&str] = &[
    "user unknown",
    "unknown user",
    "no such user",
    "no such recipient",
    "no such mailbox",
    "mailbox not found",
    "user not found",
    "recipient not found",
    "recipient unknown",
    "no mailbox here",
    "account is disabled",
    "account does not exist",
    "user does not exist",
    "user doesn't exist",
    "address does not exist",
];
const NOT_AUTHENTICATED: &[&str] = &[
    "dmarc",
    "dkim",
    "spf ",
    "unauthenticated",
    "not authenticated",
];

pub(super) fn diagnose(report: &BounceReport<'_>) -> Diagnosis {
    let words = report.diagnostic.unwrap_or_default().to_lowercase();
    let status = report.status.and_then(enhanced_code);
    let spoken = enhanced_code(&words);
    // `5.0.0` says nothing that the words could not say better.
    let code = match (status, spoken) {
        (Some([_, 0, 0]), Some(spoken)) => Some(spoken),
        (status, spoken) => status.or(spoken),
    };
    let class = code
        .map(|[class, ..]| class)
        .or_else(|| reply_class(&words));
    let says = |list: &[&str]| list.iter().any(|phrase| words.contains(phrase));
    if says(DEAD_DOMAIN) || matches!(code, Some([5, 1, 2 | 10] | [5, 4, 4 | 310])) {
        return Diagnosis::NoSuchMailbox;
    }
    let permanent = class != Some(4) && class != Some(2);
    if permanent && (says(NO_MAILBOX) || matches!(code, Some([5, 1, 1 | 3 | 6] | [5, 2, 1]))) {
        return Diagnosis::NoSuchMailbox;
    }
    let of_mail = matches!(
        code,
        Some([_, 2 | 3, 3 | 4] | [_, 6, _] | [5, 7, 20..=30 | 509 | 515])
    );
    if of_mail || class == Some(5) && says(NOT_AUTHENTICATED) {
        return Diagnosis::Mail;
    }
    let action = report.action.map(str::to_lowercase);
    let failed = match action.as_deref() {
        Some("failed") => class != Some(2),
        Some("delayed" | "delivered" | "relayed" | "expanded") => false,
        _ => matches!(class, Some(4 | 5)),
    };
    if failed {
        Diagnosis::Failed
    } else {
        Diagnosis::NoFailure
    }
}

/// The first code of RFC 3463 in a text: `5.7.26`, and no part of an address such as `192.0.2.9`.
fn enhanced_code(text: &str) -> Option<[u16; 3]> {
    text.split(|c: char| !c.is_ascii_digit() && c != '.')
        .find_map(|word| {
            let mut parts = word.trim_end_matches('.').split('.').map(str::parse);
            let (Some(Ok(class)), Some(Ok(subject)), Some(Ok(detail)), None) =
                (parts.next(), parts.next(), parts.next(), parts.next())
            else {
                return None;
            };
            matches!(class, 2 | 4 | 5).then_some([class, subject, detail])
        })
}

/// The class of a plain reply code: `smtp; 421 try again later`.
fn reply_class(text: &str) -> Option<u16> {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .find_map(|word| {
            let code: u16 = word.parse().ok()?;
            (word.len() == 3 && matches!(code / 100, 2 | 4 | 5)).then_some(code / 100)
        })
}
