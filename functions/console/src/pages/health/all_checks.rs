//! The checks of `outreach doctor` that the console can make: of the database, the queues, SES, links and clocks. The
//! settings of other functions are not read: secrets are among them.

use std::{sync::Arc, time::Duration};

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use chrono::TimeDelta;
use shared::{
    clients::{
        aws,
        checks::{Finding, Status, clock, fail, ok, page, ses, warn},
    },
    db::{self, DbError, PgConnection, installation, operator},
    domain::{
        email::EmailAddress,
        installation::{OriginCheck, check_origin},
    },
};
use tokio::{
    sync::{Mutex, OnceCell},
    time::{Instant, timeout},
};

use super::{QueueLine, checks::Check};
use crate::{
    Deps,
    access::Caller,
    answer,
    answer::Failure,
    filters,
    view::{Place, Shell, counted},
};

/// Below what the page may take, so that whoever waits reads what did not answer.
const LIMIT: Duration = Duration::from_secs(5);
/// SES takes about one question a second from all that ask: within this time it is not asked again.
const KEPT: Duration = Duration::from_mins(1);
const LINK: &str = "unsubscribe link";

/// Asks SES: made when somebody first looks, since a start must not wait for it.
#[derive(Debug, Default)]
pub(crate) struct SesChecks {
    client: OnceCell<ses::Client>,
    kept: Mutex<Option<(Instant, Vec<Finding>)>>,
}

#[derive(Template)]
#[template(path = "health_checks.html")]
struct ChecksPage {
    shell: Shell,
    heading: String,
    findings: Vec<Finding>,
}

/// Makes the checks, and shows what they found.
pub(crate) async fn show(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
) -> Result<Response, Failure> {
    let shell = async {
        let mut conn = deps.connect().await?;
        Shell::load(&mut conn, &deps, &caller, Place::Health).await
    };
    let (shell, findings) = tokio::try_join!(shell, all(&deps))?;
    let page = ChecksPage {
        shell,
        heading: heading(&findings),
        findings,
    };
    Ok(answer::page(StatusCode::OK, &page))
}

/// Makes the checks, at the same time.
pub(crate) async fn all(deps: &Deps) -> Result<Vec<Finding>, DbError> {
    let (database, queues, ses, link) = tokio::join!(
        of_database(deps),
        super::queues(deps),
        Box::pin(of_ses(deps)),
        Box::pin(of_link(deps))
    );
    let mut findings = database?;
    findings.extend(queues.iter().filter_map(of_queue));
    findings.extend(ses);
    findings.push(link);
    Ok(findings)
}

async fn of_database(deps: &Deps) -> Result<Vec<Finding>, DbError> {
    let mut conn = deps.connect().await?;
    let before = clock::now();
    let remote = operator::clock(&mut conn).await?;
    let whose = "the database's clock";
    let mut findings = vec![clock::check(
        whose,
        before,
        remote,
        clock::now(),
        TimeDelta::zero(),
    )];
    let checks = super::checks(&mut conn, deps).await?;
    // Of a database with other tables nothing else is asked.
    let is_usable = checks.len() > 1;
    findings.extend(checks.into_iter().map(of_check));
    if is_usable {
        findings.push(of_switch(&mut conn).await?);
        findings.push(of_origin(&mut conn, deps).await?);
    }
    Ok(findings)
}

fn of_check(check: Check) -> Finding {
    Finding {
        check: check.name,
        status: check.status,
        detail: check.sentence,
        advice: None,
    }
}

async fn of_switch(conn: &mut PgConnection) -> Result<Finding, DbError> {
    const CHECK: &str = "kill switch";
    Ok(match installation::stop(conn).await? {
        None => ok(CHECK, "is off: mails may leave"),
        Some(stop) => warn(
            CHECK,
            format!("{} stopped sending: {}", stop.by, stop.reason),
            "switch sending on under Health, once mails may leave again",
        ),
    })
}

async fn of_origin(conn: &mut PgConnection, deps: &Deps) -> Result<Finding, DbError> {
    const CHECK: &str = "origin";
    let address = db::address(&deps.config.database_url)?;
    let (confirmed, now) = installation::origin(conn, &address).await?;
    Ok(match check_origin(confirmed.as_deref(), &now) {
        OriginCheck::Same => ok(CHECK, "sending was confirmed for this database"),
        OriginCheck::First => ok(CHECK, "no mail was sent from this database yet"),
        OriginCheck::Moved => fail(
            CHECK,
            "the database was moved or restored, so no mail leaves",
            "follow the restore runbook, then “outreach confirm-restore”",
        ),
    })
}

/// Nothing of a queue that is as it should be.
fn of_queue(queue: &QueueLine<'_>) -> Option<Finding> {
    let name = queue.name;
    match queue.standing {
        None => Some(fail(
            "queue",
            format!("the queue {name} could not be asked"),
            "the log of the console says why",
        )),
        Some(standing) if standing.dead_letters > 0 => Some(fail(
            "dead letters",
            format!(
                "{} of {name}",
                counted(standing.dead_letters, "message", "messages")
            ),
            "mend the cause, then move them back under Health within 14 days",
        )),
        Some(_) => None,
    }
}

async fn of_ses(deps: &Deps) -> Vec<Finding> {
    let mailing = &deps.config.mailing;
    let mut findings = Vec::new();
    let sender = mailing.sender.as_deref().map(EmailAddress::parse);
    match &sender {
        None => findings.push(not_set("SES identity", "SENDER_ADDRESS")),
        Some(Err(_)) => findings.push(unreadable("SENDER_ADDRESS", "an address")),
        Some(Ok(_)) => {}
    }
    if mailing.configuration_set.is_none() {
        findings.push(not_set("SES events", "SES_CONFIGURATION_SET"));
    }
    let most_a_second = mailing.most_a_second.as_deref().map(str::parse);
    if let Some(Err(_)) = most_a_second {
        findings.push(unreadable("SES_MAX_PER_SECOND", "a number"));
    }
    let mut kept = deps.ses.kept.lock().await;
    if let Some((at, answers)) = kept.as_ref()
        && at.elapsed() < KEPT
    {
        return [answers.clone(), findings].concat();
    }
    let client = async || ses::Client::new(&aws::load().await);
    let client = deps.ses.client.get_or_init(client).await;
    let sending = ses::Sending {
        sender: sender.as_ref().and_then(|sender| sender.as_ref().ok()),
        configuration_set: mailing.configuration_set.as_deref(),
        most_a_second: most_a_second.and_then(Result::ok),
    };
    let answers = ses::check(client, sending, LIMIT).await;
    *kept = Some((Instant::now(), answers.clone()));
    [answers, findings].concat()
}

async fn of_link(deps: &Deps) -> Finding {
    let Some(base) = &deps.config.mailing.public_base_url else {
        return not_set(LINK, "PUBLIC_BASE_URL");
    };
    match timeout(LIMIT, page::check(base)).await {
        // The clock that comes with it is of the same machines as the console's own.
        Ok(found) => found.into_iter().next(),
        Err(_) => None,
    }
    .unwrap_or_else(|| {
        fail(
            LINK,
            format!("did not answer in {} seconds", LIMIT.as_secs()),
            "open the privacy notice in a browser; the log of the web function says more",
        )
    })
}

fn not_set(check: &'static str, variable: &str) -> Finding {
    let found = format!("is not checked: {variable} is not set for the console");
    warn(check, found, "deploy again: the template sets it")
}

fn unreadable(variable: &str, expected: &str) -> Finding {
    let found = format!("{variable} is not {expected}");
    fail("settings", found, "mend the template parameter, and deploy")
}

fn heading(findings: &[Finding]) -> String {
    let of = |status| {
        let found = findings.iter().filter(|found| found.status == status);
        i64::try_from(found.count()).unwrap_or(i64::MAX)
    };
    let failed = |count| format!("{} failed", counted(count, "check", "checks"));
    let looks = |count| match count {
        1 => "1 needs a look".to_owned(),
        many => format!("{many} need a look"),
    };
    match (of(Status::Fail), of(Status::Warn)) {
        (0, 0) => "Nothing wrong was found".to_owned(),
        (0, warned) => format!("Nothing failed, {}", looks(warned)),
        (broken, 0) => failed(broken),
        (broken, warned) => format!("{}, {}", failed(broken), looks(warned)),
    }
}

#[cfg(test)]
mod tests {
    use shared::queue::inspect::Standing;

    use super::*;

    #[test]
    fn heading_counts_what_failed() {
        let good = ok("clock", "agrees");
        let odd = warn("SES quota", "sandbox", "ask");
        let bad = fail("DKIM", "not signed", "publish");
        for (findings, expected) in [
            (vec![good.clone()], "Nothing wrong was found"),
            (
                vec![good.clone(), odd.clone()],
                "Nothing failed, 1 needs a look",
            ),
            (vec![good, bad.clone()], "1 check failed"),
            (
                vec![bad.clone(), bad, odd.clone(), odd],
                "2 checks failed, 2 need a look",
            ),
        ] {
            assert_eq!(heading(&findings), expected);
        }
    }

    #[test]
    fn queue_is_named_for_dead_letters_or_silence() {
        let of = |standing| {
            of_queue(&QueueLine {
                name: "enrich",
                standing,
            })
        };
        let standing = |dead_letters| {
            Some(Standing {
                waiting: 7,
                taken: 0,
                delayed: 0,
                dead_letters,
            })
        };
        assert_eq!(of(standing(0)), None);
        let found = of(standing(3)).unwrap();
        assert_eq!(found.status, Status::Fail);
        assert_eq!(found.detail, "3 messages of enrich");
        assert_eq!(of(None).unwrap().check, "queue");
    }
}
