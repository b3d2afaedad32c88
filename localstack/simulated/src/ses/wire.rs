//! SES's words on the wire: the query protocol, forms in and XML out.

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64;
use url::form_urlencoded;

use super::fault::SesFault;

/// The fields of a form, by name.
pub(super) struct Form<'a>(BTreeMap<Cow<'a, str>, Cow<'a, str>>);

impl<'a> Form<'a> {
    pub(super) fn parse(body: &'a [u8]) -> Self {
        Self(form_urlencoded::parse(body).collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(AsRef::as_ref)
    }

    /// The values of `name.member.1`, `name.member.2` and so on.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        (1..)
            .map_while(|n| self.get(&format!("{name}.member.{n}")))
            .collect()
    }

    /// The tags of the mail.
    pub(super) fn tags(&self) -> BTreeMap<String, String> {
        (1..)
            .map_while(|n| {
                let name = self.get(&format!("Tags.member.{n}.Name"))?;
                let value = self.get(&format!("Tags.member.{n}.Value"))?;
                Some((name.to_owned(), value.to_owned()))
            })
            .collect()
    }

    /// The MIME text.
    pub(super) fn mime(&self) -> Option<Vec<u8>> {
        BASE64.decode(self.get("RawMessage.Data")?.as_bytes()).ok()
    }
}

/// An error in SES's words.
pub(super) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: &'static str,
}

impl Refusal {
    pub(super) const fn new(code: &'static str, message: &'static str) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code,
            message,
        }
    }

    pub(super) const RATE: Self = Self::new("Throttling", "Maximum sending rate exceeded.");
    pub(super) const DAY: Self = Self::new("Throttling", "Daily message quota exceeded.");
    pub(super) const ACTION: Self = Self::new("InvalidAction", "The stand-in has no such action.");

    /// What the caller hears of a fault that answers.
    pub(super) fn played(fault: SesFault) -> Option<Self> {
        let refusal = match fault {
            SesFault::Throttled => Self::RATE,
            SesFault::OverQuota => Self::DAY,
            SesFault::AccountPaused => Self::new(
                "AccountSendingPausedException",
                "Email sending is disabled for your account.",
            ),
            SesFault::ConfigurationSetPaused => Self::new(
                "ConfigurationSetSendingPausedException",
                "Email sending is disabled for the configuration set.",
            ),
            SesFault::MessageRejected => Self::new("MessageRejected", "Address blacklisted."),
            SesFault::NotVerified => Self::new(
                "MessageRejected",
                "Email address is not verified. The following identities failed the check in \
                 region US-EAST-1: simulated@example.com",
            ),
            SesFault::ServerError | SesFault::AcceptServerError => Self {
                status: StatusCode::INTERNAL_SERVER_ERROR,
                code: "InternalFailure",
                message: "The request processing has failed because of an unknown error.",
            },
            SesFault::Unavailable | SesFault::AcceptUnavailable => Self {
                status: StatusCode::SERVICE_UNAVAILABLE,
                code: "ServiceUnavailable",
                message: "The request has failed due to a temporary failure of the server.",
            },
            SesFault::AcceptHang
            | SesFault::AcceptReset
            | SesFault::AcceptCutOff
            | SesFault::AcceptGarbage
            | SesFault::AcceptSlow
            | SesFault::Hang
            | SesFault::Reset => return None,
        };
        Some(refusal)
    }

    pub(super) fn into_response(self) -> Response {
        let kind = if self.status.is_server_error() {
            "Receiver"
        } else {
            "Sender"
        };
        let body = format!(
            "<ErrorResponse xmlns=\"http://ses.amazonaws.com/doc/2010-12-01/\"><Error>\
             <Type>{kind}</Type><Code>{}</Code><Message>{}</Message></Error>\
             <RequestId>simulated</RequestId></ErrorResponse>",
            self.code, self.message
        );
        xml(self.status, body)
    }
}

/// A good answer: `result` is the XML inside of `<ActionResult>`.
pub(super) fn result(action: &str, result: &str) -> String {
    format!(
        "<{action}Response xmlns=\"http://ses.amazonaws.com/doc/2010-12-01/\">\
         <{action}Result>{result}</{action}Result>\
         <ResponseMetadata><RequestId>simulated</RequestId></ResponseMetadata></{action}Response>"
    )
}

pub(super) fn ok(body: String) -> Response {
    xml(StatusCode::OK, body)
}

fn xml(status: StatusCode, body: String) -> Response {
    (status, [(CONTENT_TYPE, "text/xml")], body).into_response()
}
