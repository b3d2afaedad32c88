//! SES, which takes a mail once and has no idempotency token (invariant 8).

use aws_config::{SdkConfig, retry::RetryConfig};
use aws_sdk_ses::{
    Client,
    error::{BuildError, ProvideErrorMetadata, SdkError},
    primitives::Blob,
    types::{MessageTag, RawMessage},
};

use crate::domain::{email::EmailAddress, ids::SendId, quota::AccountQuota};

/// Name of the tag that every event about a mail carries back: the send's id.
pub const SEND_TAG: &str = "send_id";

/// Sends mails through SES, one attempt each.
#[derive(Debug, Clone)]
pub struct Mailer {
    client: Client,
    configuration_set: String,
}

/// A mail, ready to go.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The send it belongs to.
    pub send: SendId,
    /// Envelope sender.
    pub from: EmailAddress,
    /// Envelope recipient: exactly one.
    pub to: EmailAddress,
    /// The MIME text.
    pub mime: Vec<u8>,
}

/// What SES said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handover {
    /// It took the mail.
    Accepted {
        /// Its id for the mail.
        message_id: String,
    },
    /// It took nothing and asks to slow down.
    Throttled,
    /// It took nothing: the quota of 24 hours is used up.
    QuotaUsedUp,
    /// It was not reached: no connection came about.
    Unreachable,
    /// It takes nothing from this account or set-up, with this code; a person must look.
    AccountRefused {
        /// SES's error code.
        code: String,
    },
    /// It will never take this mail, with this code.
    MailRefused {
        /// SES's error code.
        code: String,
    },
    /// It may have taken the mail or not: the answer was lost.
    NoAnswer,
}

/// Lest an account without any rate divide by it.
const MIN_RATE: f64 = 0.01;

/// SES did not say what it allows; what it said before goes on to count.
#[derive(Debug, thiserror::Error)]
#[error("could not read SES's send quota ({0})")]
pub struct AccountUnknown(String);

#[expect(
    clippy::cast_possible_truncation,
    reason = "bounded before; a count has no fraction"
)]
fn whole(count: f64) -> i32 {
    count.clamp(0.0, f64::from(i32::MAX)) as i32
}

impl Mailer {
    /// A mailer whose calls are made exactly once: the SDK would repeat a call whose answer was
    /// lost, and the person would get the mail twice.
    pub fn new(config: &SdkConfig, configuration_set: String) -> Self {
        let once = aws_sdk_ses::config::Builder::from(config)
            .retry_config(RetryConfig::disabled())
            .build();
        Self {
            client: Client::from_conf(once),
            configuration_set,
        }
    }

    /// What SES allows this account. At most one call a second, says SES.
    ///
    /// # Errors
    /// When SES does not say.
    pub async fn account_quota(&self) -> Result<AccountQuota, AccountUnknown> {
        let reply = self
            .client
            .get_send_quota()
            .send()
            .await
            .map_err(|error| AccountUnknown(error.code().unwrap_or("no answer").to_owned()))?;
        Ok(AccountQuota {
            per_second: reply.max_send_rate.max(MIN_RATE),
            // -1 stands for no limit.
            per_day: (reply.max24_hour_send >= 0.0).then(|| whole(reply.max24_hour_send)),
            sent_last_day: whole(reply.sent_last24_hours),
        })
    }

    /// Hands a mail over.
    pub async fn hand_over(&self, mail: Mail) -> Handover {
        let Ok((message, tag)) = parts(&mail) else {
            // Only an empty field fails here, before anything is sent.
            return Handover::MailRefused {
                code: "InvalidMail".to_owned(),
            };
        };
        let request = self
            .client
            .send_raw_email()
            .source(mail.from.as_str())
            .destinations(mail.to.as_str())
            .raw_message(message)
            .configuration_set_name(&self.configuration_set)
            .tags(tag);
        match request.send().await {
            // The SDK reads a missing id as an empty one: nothing to know the mail by.
            Ok(reply) if reply.message_id.is_empty() => Handover::NoAnswer,
            Ok(reply) => Handover::Accepted {
                message_id: reply.message_id,
            },
            Err(error) => {
                let code = error.code().unwrap_or_default().to_owned();
                let outcome = match &error {
                    SdkError::ServiceError(service) => classify(
                        service.raw().status().as_u16(),
                        &code,
                        error.message().unwrap_or_default(),
                    ),
                    SdkError::ConstructionFailure(_) => Handover::AccountRefused {
                        code: "ConstructionFailure".to_owned(),
                    },
                    other if never_connected(other) => Handover::Unreachable,
                    _ => Handover::NoAnswer,
                };
                if outcome == Handover::NoAnswer {
                    tracing::error!(send.id = %mail.send, code, "it is not known whether SES took a mail");
                } else {
                    tracing::warn!(send.id = %mail.send, code, outcome = ?outcome, "SES did not take a mail");
                }
                outcome
            }
        }
    }
}

fn parts(mail: &Mail) -> Result<(RawMessage, MessageTag), BuildError> {
    let message = RawMessage::builder()
        .data(Blob::new(mail.mime.as_slice()))
        .build()?;
    let tag = MessageTag::builder()
        .name(SEND_TAG)
        .value(mail.send.to_string())
        .build()?;
    Ok((message, tag))
}

/// What an error answer means. SES answers nearly everything with 400, so the code decides.
///
/// Codes: <https://docs.aws.amazon.com/ses/latest/APIReference/CommonErrors.html>
fn classify(status: u16, code: &str, message: &str) -> Handover {
    let owned = || code.to_owned();
    match code.strip_suffix("Exception").unwrap_or(code) {
        // The one code for too fast and for too much.
        "Throttling" if message.contains("Daily message quota") => Handover::QuotaUsedUp,
        "Throttling" | "TooManyRequests" | "RequestLimitExceeded" | "SlowDown" => {
            Handover::Throttled
        }
        // The one code for a sender that may not send and for a mail that may not be sent.
        "MessageRejected" if message.contains("not verified") || message.contains("authority") => {
            Handover::AccountRefused { code: owned() }
        }
        "MessageRejected" | "InvalidParameterValue" => Handover::MailRefused { code: owned() },
        "AccountSendingPaused"
        | "ConfigurationSetSendingPaused"
        | "ConfigurationSetDoesNotExist"
        | "MailFromDomainNotVerified"
        | "LimitExceeded"
        | "AccessDenied"
        | "InvalidClientTokenId"
        | "SignatureDoesNotMatch"
        | "ExpiredToken"
        | "OptInRequired"
        | "UnrecognizedClient" => Handover::AccountRefused { code: owned() },
        // 500 and 503 may come after the mail was taken.
        _ if status >= 500 => Handover::NoAnswer,
        // An answer that refuses with a code we do not know: nothing was taken, and a person must look.
        _ if (400..500).contains(&status) && !code.is_empty() => {
            Handover::AccountRefused { code: owned() }
        }
        _ => Handover::NoAnswer,
    }
}

/// Whether no connection came about, so that SES cannot have seen the mail: the name was not found,
/// no server listened, TLS failed, or it took too long to connect.
fn never_connected<R: std::fmt::Debug + Send + Sync + 'static>(
    error: &SdkError<aws_sdk_ses::operation::send_raw_email::SendRawEmailError, R>,
) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let client = cause.downcast_ref::<hyper_util::client::legacy::Error>();
        if client.is_some_and(hyper_util::client::legacy::Error::is_connect) {
            return true;
        }
        source = cause.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: u16, code: &str, message: &str, expected: &Handover) {
        assert_eq!(&classify(status, code, message), expected, "{code}");
    }

    #[test]
    fn an_error_answer_is_read_by_its_code() {
        let account = |code: &str| Handover::AccountRefused {
            code: code.to_owned(),
        };
        let mail = |code: &str| Handover::MailRefused {
            code: code.to_owned(),
        };
        check(
            400,
            "Throttling",
            "Maximum sending rate exceeded.",
            &Handover::Throttled,
        );
        check(400, "ThrottlingException", "", &Handover::Throttled);
        check(
            400,
            "Throttling",
            "Daily message quota exceeded.",
            &Handover::QuotaUsedUp,
        );
        let unverified = "Email address is not verified. The following identities failed";
        check(
            400,
            "MessageRejected",
            unverified,
            &account("MessageRejected"),
        );
        check(
            400,
            "MessageRejected",
            "Address blacklisted.",
            &mail("MessageRejected"),
        );
        check(
            400,
            "InvalidParameterValue",
            "Missing final '@domain'",
            &mail("InvalidParameterValue"),
        );
        for code in [
            "AccountSendingPausedException",
            "ConfigurationSetSendingPausedException",
            "ConfigurationSetDoesNotExist",
            "MailFromDomainNotVerifiedException",
            "SignatureDoesNotMatch",
            "SomethingNew",
        ] {
            check(400, code, "", &account(code));
        }
    }

    #[test]
    fn an_answer_that_proves_nothing_is_no_answer() {
        check(500, "InternalFailure", "", &Handover::NoAnswer);
        check(503, "ServiceUnavailable", "", &Handover::NoAnswer);
        check(400, "", "", &Handover::NoAnswer);
        check(502, "", "<html>", &Handover::NoAnswer);
    }
}
