//! Function URLs: payload format 2.0, without a server in front.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::record::Outcome;

/// A request to a function URL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpRequest {
    /// `GET`, `POST`, …
    pub method: String,
    /// The path, as it stands in the request.
    pub path: String,
    /// The query, without its question mark.
    pub query: String,
    /// Headers; names in lower case.
    pub headers: BTreeMap<String, String>,
    /// Cookies, as `name=value`.
    pub cookies: Vec<String>,
    /// The body.
    pub body: String,
}

impl HttpRequest {
    /// A request without query and body.
    pub fn new(method: impl Into<String>, path: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            path: path.into(),
            ..Self::default()
        }
    }

    /// With the body of a form.
    #[must_use]
    pub fn form(mut self, body: impl Into<String>) -> Self {
        self.body = body.into();
        self.header("content-type", "application/x-www-form-urlencoded")
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.insert(name.to_lowercase(), value.into());
        self
    }

    /// With a cookie.
    #[must_use]
    pub fn cookie(mut self, name: &str, value: &str) -> Self {
        self.cookies.push(format!("{name}={value}"));
        self
    }

    pub(super) fn event(&self) -> Value {
        let host = "simulated.lambda-url.us-east-1.on.aws";
        let mut headers = self.headers.clone();
        for (name, value) in [
            ("host", host),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-for", "198.51.100.9"),
        ] {
            headers
                .entry(name.to_owned())
                .or_insert_with(|| value.to_owned());
        }
        let agent = headers.get("user-agent").cloned().unwrap_or_default();
        // A browser's cookies come as a list of their own; without any there is no list.
        let cookies = (!self.cookies.is_empty()).then_some(&self.cookies);
        let mut event = json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": self.path,
            "rawQueryString": self.query,
            "headers": headers,
            "requestContext": {
                "accountId": "anonymous",
                "apiId": "simulated",
                "authentication": null,
                "authorizer": null,
                "domainName": host,
                "domainPrefix": "simulated",
                "http": {
                    "method": self.method, "path": self.path, "protocol": "HTTP/1.1",
                    "sourceIp": "198.51.100.9", "userAgent": agent,
                },
                "requestId": "e1506fd5-9e7b-434f-bd42-4f8fa224b599",
                "routeKey": "$default",
                "stage": "$default",
                "time": "05/Jan/2026:10:00:00 +0000",
                "timeEpoch": 1_767_607_200_000_u64,
            },
            "body": (!self.body.is_empty()).then(|| {
                data_encoding::BASE64.encode(self.body.as_bytes())
            }),
            "isBase64Encoded": !self.body.is_empty(),
            "pathParameters": null,
            "stageVariables": null,
        });
        if let (Some(fields), Some(cookies)) = (event.as_object_mut(), cookies) {
            fields.insert("cookies".to_owned(), json!(cookies));
        }
        event
    }
}

/// What a function URL answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpReply {
    /// The status.
    pub status: u16,
    /// Headers; names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The cookies that are set, each as a `Set-Cookie` header holds it.
    pub cookies: Vec<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl HttpReply {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The value of a cookie that is set.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.iter().find_map(|cookie| {
            let pair = cookie.split(';').next()?;
            let (known, value) = pair.split_once('=')?;
            (known == name).then_some(value)
        })
    }

    pub(super) fn from_outcome(outcome: &Outcome) -> Self {
        let Some(answer) = outcome.answer() else {
            return Self {
                status: 502,
                body: b"Internal Server Error".to_vec(),
                ..Self::default()
            };
        };
        let Some(status) = answer.get("statusCode").and_then(Value::as_u64) else {
            return Self {
                status: 200,
                body: answer.to_string().into_bytes(),
                ..Self::default()
            };
        };
        let text = answer
            .get("body")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let encoded = answer.get("isBase64Encoded").and_then(Value::as_bool);
        let body = if encoded == Some(true) {
            data_encoding::BASE64
                .decode(text.as_bytes())
                .unwrap_or_default()
        } else {
            text.as_bytes().to_vec()
        };
        let headers = answer.get("headers").and_then(Value::as_object);
        let headers = headers
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| Some((name.to_lowercase(), value.as_str()?.to_owned())))
            .collect();
        let cookies = answer.get("cookies").and_then(Value::as_array);
        let cookies = cookies
            .into_iter()
            .flatten()
            .filter_map(|cookie| cookie.as_str().map(str::to_owned))
            .collect();
        Self {
            status: u16::try_from(status).unwrap_or(502),
            headers,
            cookies,
            body,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_in_payload_format_two() {
        let event = HttpRequest::new("POST", "/u/token")
            .form("List-Unsubscribe=One-Click")
            .event();
        assert_eq!(event["requestContext"]["http"]["method"], "POST");
        assert_eq!(event["rawPath"], "/u/token");
        assert_eq!(event["body"], "TGlzdC1VbnN1YnNjcmliZT1PbmUtQ2xpY2s=");
        assert_eq!(event["isBase64Encoded"], true);
        assert_eq!(HttpRequest::new("GET", "/").event()["body"], Value::Null);
    }

    #[test]
    fn cookies_are_passed_both_ways() {
        let request = HttpRequest::new("GET", "/").cookie("a", "1");
        let event = request.cookie("b", "2").event();
        assert_eq!(event["cookies"], json!(["a=1", "b=2"]));
        assert_eq!(HttpRequest::new("GET", "/").event().get("cookies"), None);
        let reply = HttpReply::from_outcome(&Outcome::Answered(json!({
            "statusCode": 303, "cookies": ["s=v1.x=; Path=/; Secure", "l=; Max-Age=0"],
        })));
        assert_eq!(reply.cookies.len(), 2);
        assert_eq!(reply.cookie("s"), Some("v1.x="));
        assert_eq!(reply.cookie("l"), Some(""));
        assert_eq!(reply.cookie("x"), None);
    }

    #[test]
    fn reply_is_read_in_each_form() {
        let reply = |answer: Value| HttpReply::from_outcome(&Outcome::Answered(answer));
        let page = reply(json!({
            "statusCode": 404, "headers": { "Content-Type": "text/html" }, "body": "gone",
        }));
        assert_eq!((page.status, page.text().as_str()), (404, "gone"));
        assert_eq!(page.headers["content-type"], "text/html");
        let encoded = reply(json!({
            "statusCode": 200, "body": "aGk=", "isBase64Encoded": true,
        }));
        assert_eq!(encoded.text(), "hi");
        assert_eq!(reply(json!({ "a": 1 })).text(), r#"{"a":1}"#);
        assert_eq!(HttpReply::from_outcome(&Outcome::TimedOut).status, 502);
    }
}
