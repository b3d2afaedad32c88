//! What waits for a person: nothing else moves it on.

use std::time::Duration;

use shared::db::{PgConnection, operator, sends};

use super::{Finding, database::failed, warn};

/// An event of SES may still come for a call that was just made.
const EVENT_TIMEOUT: Duration = Duration::from_mins(15);

pub(super) async fn check(conn: &mut PgConnection) -> Vec<Finding> {
    let mut findings = Vec::new();
    match sends::waiting_for_a_person(conn, EVENT_TIMEOUT).await {
        Err(error) => findings.push(failed("unresolved sends", &error)),
        Ok(waiting) if waiting.unresolved > 0 => findings.push(warn(
            "unresolved sends",
            format!(
                "it is not known whether {} left",
                match waiting.unresolved {
                    1 => "1 mail".to_owned(),
                    many => format!("{many} mails"),
                }
            ),
            "`outreach sends --unknown` lists them, `outreach resolve` decides",
        )),
        Ok(_) => {}
    }
    match operator::breakers(conn, None).await {
        Err(error) => findings.push(failed("breaker", &error)),
        Ok(breakers) => {
            let open = breakers.iter().filter(|found| found.opened_at.is_some());
            findings.extend(open.map(|found| {
                let campaign = &found.campaign;
                warn(
                    "breaker",
                    format!("bounces or complaints stopped the campaign {campaign}"),
                    format!("`outreach breaker {campaign}` shows why; mend the cause before you close it"),
                )
            }));
        }
    }
    findings
}
