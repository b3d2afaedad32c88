//! The pages behind the links of every mail.

use chrono::{DateTime, TimeDelta};
use url::Url;

use super::{Finding, clock, fail, ok};
use crate::{
    clients::http::{Http, Reply},
    telemetry,
};

const CHECK: &str = "unsubscribe link";
const ADVICE: &str = "open the address in a browser; look at the logs of the web function, and at what stands \
                      in front of it";

/// Asks for the privacy notice below this base, which every mail leads to.
pub async fn check(base: &str) -> Vec<Finding> {
    let page = format!("{}/privacy", base.trim_end_matches('/'));
    let before = clock::now();
    match get(&page).await {
        Err(error) => vec![fail(CHECK, format!("the page {page}: {error}"), ADVICE)],
        Ok(reply) if !reply.status.is_success() => {
            let detail = format!("the page {page} answers {}", reply.status);
            vec![fail(CHECK, detail, ADVICE)]
        }
        Ok(reply) => {
            let mut findings = vec![ok(CHECK, format!("the page {page} answers"))];
            let date = reply.header("date");
            let date = date.and_then(|text| DateTime::parse_from_rfc2822(text).ok());
            findings.extend(date.map(|remote| {
                let whose = "the web server's clock";
                let second = TimeDelta::seconds(1);
                clock::check(whose, before, remote.to_utc(), clock::now(), second)
            }));
            findings
        }
    }
}

async fn get(page: &str) -> Result<Reply, String> {
    let host = Url::parse(page).ok();
    let host = host.as_ref().and_then(Url::host_str).unwrap_or_default();
    // Names below `localhost` mean this machine, whatever its resolver thinks of them.
    let http = if host.ends_with(".localhost") {
        Http::on_this_machine(host)
    } else {
        Http::new()
    };
    let http = http.map_err(|error| telemetry::chain(&error))?;
    http.get(page, &(), None)
        .await
        .map_err(|error| telemetry::chain(&error))
}
