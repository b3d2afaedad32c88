//! From Lambda's event to a request, for events that `lambda_http` would not survive.

use axum::Router;
use lambda_http::{Adapter, Error, request::LambdaRequest};
use lambda_runtime::{LambdaEvent, service_fn};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::Value;
use tower::{Service, ServiceExt as _};

/// What may not stand in a query as it is (RFC 3986, 3.4). A percent sign may: what is encoded stays so.
const RAW: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'`')
    .add(b'\\')
    .add(b'^')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The router as the handler of Lambda's events.
pub fn handler(
    router: Router,
) -> impl Service<LambdaEvent<Value>, Response = Value, Error = Error> {
    service_fn(move |event: LambdaEvent<Value>| {
        let adapter = Adapter::from(router.clone());
        async move {
            let (mut payload, context) = event.into_parts();
            mend_query(&mut payload);
            let request: LambdaRequest = serde_json::from_value(payload)?;
            let response = adapter.oneshot(LambdaEvent::new(request, context)).await?;
            Ok(serde_json::to_value(response)?)
        }
    })
}

/// A proxy before the function may hand on a query that was decoded (Google's answer to a sign-in has a
/// `scope` with spaces); a request cannot be made of it, and the function would panic.
fn mend_query(event: &mut Value) {
    if let Some(Value::String(query)) = event.get_mut("rawQueryString") {
        *query = utf8_percent_encode(query, RAW).to_string();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn query_with_raw_signs_is_encoded_once() {
        for (given, expected) in [
            ("a=1&b=x%20y", "a=1&b=x%20y"),
            ("scope=openid profile", "scope=openid%20profile"),
            ("q=\"<b>\"", "q=%22%3Cb%3E%22"),
            ("q=ü", "q=%C3%BC"),
        ] {
            let mut event = json!({ "rawQueryString": given });
            mend_query(&mut event);
            assert_eq!(event["rawQueryString"], expected);
        }
    }
}
