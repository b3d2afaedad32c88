//! SES's wire format: the query protocol, forms in and XML out.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64;
use url::form_urlencoded;

use super::fault::SesFault;

/// The fields of a form, by name. A mail is most of a request: its text is decoded only where
/// it is needed, so that the stand-in does not distort a benchmark.
pub(super) struct Form<'a>(HashMap<&'a str, &'a str>);

impl<'a> Form<'a> {
    /// The names that SES knows need no decoding.
    pub(super) fn parse(body: &'a [u8]) -> Self {
        let text = std::str::from_utf8(body).unwrap_or_default();
        Self(
            text.split('&')
                .filter_map(|field| field.split_once('='))
                .collect(),
        )
    }

    pub(super) fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        self.0.get(name).copied().map(decoded)
    }

    /// The values of `name.member.1`, `name.member.2` and so on.
    pub(super) fn list(&self, name: &str) -> Vec<Cow<'a, str>> {
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
                Some((name.into_owned(), value.into_owned()))
            })
            .collect()
    }

    /// How many bytes the MIME text has; none where there is no text, or no whole one.
    pub(super) fn mime_bytes(&self) -> Option<usize> {
        let text = self.0.get("RawMessage.Data")?;
        let encoded = text.len().checked_sub(2 * text.matches('%').count())?;
        let padding = text.matches("%3D").count() + text.matches('=').count();
        (encoded > 0 && encoded.is_multiple_of(4))
            .then(|| (encoded / 4 * 3).checked_sub(padding))
            .flatten()
    }

    /// The MIME text.
    pub(super) fn mime(&self) -> Option<Vec<u8>> {
        BASE64.decode(self.get("RawMessage.Data")?.as_bytes()).ok()
    }
}

/// A value without its escapes.
fn decoded(value: &str) -> Cow<'_, str> {
    if !value.contains(['%', '+']) {
        return Cow::Borrowed(value);
    }
    let field = format!("={value}");
    let mut pairs = form_urlencoded::parse(field.as_bytes());
    let value = pairs.next().map(|(_, value)| value.into_owned());
    Cow::Owned(value.unwrap_or_default())
}

/// An error in SES's format.
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

    /// The error answer of a fault, if it has one.
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
