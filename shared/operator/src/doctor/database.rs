//! The database: reachable, of this version's schema, and the one that the stack's secrets belong to.

use std::time::Duration;

use anyhow::Result;
use chrono::TimeDelta;
use shared::clients::checks::{Finding, clock, fail, ok, warn};
use shared::db::{self, PgConnection, installation, operator, schema::SchemaState};
use shared::domain::installation::{KeyCheck, OriginCheck, check_key, check_origin};

use crate::cli::Options;
use crate::stack::Stack;
use crate::{connection, migrate};

/// How long SES's events have to resolve a call.
const EVENT_TIMEOUT: Duration = Duration::from_secs(900);
/// As long as dead letters are kept.
const RECENT: Duration = Duration::from_secs(14 * 24 * 60 * 60);

pub(super) async fn check(stack: &Stack, options: &Options) -> Vec<Finding> {
    let mut findings = Vec::new();
    let reached = connection::acquire(stack, options).await;
    let mut conn = match reached {
        Ok(conn) => conn,
        Err(error) => {
            let advice = connection::advice(&error, stack);
            return vec![fail("database", format!("{error:#}"), advice)];
        }
    };
    let place = connection::whereabouts(stack.database_url.expose());
    findings.push(ok("database", format!("{place} answers")));
    let state = match db::schema::state(&mut conn).await {
        Ok(state) => state,
        Err(error) => {
            findings.push(failed("schema", &error));
            return findings;
        }
    };
    let usable = state == SchemaState::Current;
    findings.push(schema(&state));
    findings.push(match database_clock(&mut conn).await {
        Ok(finding) => finding,
        Err(error) => failed("clock", &*error),
    });
    if usable {
        findings.push(key(stack, &mut conn).await);
        findings.push(origin(stack, &mut conn).await);
        findings.push(kill_switch(&mut conn).await);
        findings.extend(sources(stack, &mut conn).await);
        findings.extend(waiting(&mut conn).await);
    }
    findings
}

pub(super) fn failed(check: &'static str, error: &dyn std::error::Error) -> Finding {
    let chain = shared::telemetry::chain(error);
    fail(
        check,
        chain,
        "read the error; the role may lack a permission",
    )
}

fn schema(state: &SchemaState) -> Finding {
    match (state, migrate::refusal(state)) {
        (SchemaState::Current, _) => ok("schema", "is the one of this version"),
        (SchemaState::Behind { pending }, _) => fail(
            "schema",
            format!("{} not applied", migrate::migrations(*pending)),
            "outreach migrate",
        ),
        (_, refusal) => fail(
            "schema",
            "is not the one of this version",
            refusal.unwrap_or_default(),
        ),
    }
}

async fn database_clock(conn: &mut PgConnection) -> Result<Finding> {
    let before = clock::now();
    let remote = operator::clock(conn).await?;
    let after = clock::now();
    let whose = "the database's clock";
    Ok(clock::check(
        whose,
        before,
        remote,
        after,
        TimeDelta::zero(),
    ))
}

async fn key(stack: &Stack, conn: &mut PgConnection) -> Finding {
    const CHECK: &str = "hash key";
    let Ok(key) = connection::hash_key(stack) else {
        // Which variable is wrong is a matter of the settings.
        let advice = "set RECIPIENT_HASH_KEY to the stack's to have it checked";
        return warn(CHECK, "not checked: no usable key is set", advice);
    };
    let stored = match installation::stored_key(conn).await {
        Ok(stored) => stored,
        Err(error) => return failed(CHECK, &error),
    };
    match check_key(stored.as_deref(), &key.fingerprint()) {
        KeyCheck::Same => ok(CHECK, "is the one that this database was begun with"),
        KeyCheck::First => ok(CHECK, "no function has worked on this database yet"),
        KeyCheck::Different => fail(
            CHECK,
            "RECIPIENT_HASH_KEY is not the key that this database was begun with",
            "restore the old key: opt-outs are stored under it, and under another none would be found",
        ),
    }
}

async fn kill_switch(conn: &mut PgConnection) -> Finding {
    const CHECK: &str = "kill switch";
    match installation::stop(conn).await {
        Err(error) => failed(CHECK, &error),
        Ok(None) => ok(CHECK, "is off: mails may leave"),
        Ok(Some(stop)) => warn(
            CHECK,
            format!("{} stopped sending: {}", stop.by, stop.reason),
            "outreach sending --start, once mails may leave again",
        ),
    }
}

async fn origin(stack: &Stack, conn: &mut PgConnection) -> Finding {
    const CHECK: &str = "origin";
    let address = match db::address(&stack.functions_database()) {
        Ok(address) => address,
        Err(error) => return failed(CHECK, &error),
    };
    match installation::origin(conn, &address).await {
        Err(error) => failed(CHECK, &error),
        Ok((confirmed, now)) => match check_origin(confirmed.as_deref(), &now) {
            OriginCheck::Same => ok(CHECK, "sending was confirmed for this database"),
            OriginCheck::First => ok(CHECK, "no mail was sent from this database yet"),
            OriginCheck::Moved => fail(
                CHECK,
                "the database was moved or restored, so no mail leaves",
                "follow the restore runbook, then `outreach confirm-restore`",
            ),
        },
    }
}

/// Sources that cannot run for want of a setting.
async fn sources(stack: &Stack, conn: &mut PgConnection) -> Vec<Finding> {
    let kinds = match operator::enabled_source_kinds(conn).await {
        Ok(kinds) => kinds,
        Err(error) => return vec![failed("sources", &error)],
    };
    let needs = [("x", "X_BEARER_TOKEN"), ("simulated", "SIMULATED_API_BASE")];
    let missing = needs.iter().filter(|(kind, name)| {
        kinds.iter().any(|known| known == kind) && stack.setting(name).is_none()
    });
    missing
        .map(|(kind, name)| {
            let detail = format!("a source of kind {kind} is enabled, and {name} is not set");
            fail(
                "sources",
                detail,
                format!("set {name}, or disable the source"),
            )
        })
        .collect()
}

/// What an alarm rings for, and what to do about it.
async fn waiting(conn: &mut PgConnection) -> Vec<Finding> {
    const CHECK: &str = "waiting";
    let waiting = match db::waiting::count(conn, EVENT_TIMEOUT, RECENT).await {
        Ok(waiting) => waiting,
        Err(error) => return vec![failed(CHECK, &error)],
    };
    let kinds = [
        (
            waiting.unresolved_sends,
            "mails that may or may not have left",
            "outreach sends --unknown, then outreach resolve",
        ),
        (
            waiting.open_breakers,
            "campaigns stopped by bounces or complaints",
            "outreach breaker",
        ),
        (
            waiting.stopped_sources,
            "sources that cannot go on",
            "sources.last_report says why; mend it, or set enabled to false",
        ),
        (
            waiting.quarantined_messages,
            "messages of 14 days in quarantine",
            "the table quarantine says why and from which queue",
        ),
        (
            waiting.unmatched_opt_outs,
            "opt-outs of 14 days that suppressed no recipient: their sends are not in this database",
            "if it was restored, take the missing rows from the old one; else nothing can be done",
        ),
    ];
    let found: Vec<Finding> = kinds
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, what, advice)| warn(CHECK, format!("{what}: {count}"), advice))
        .collect();
    if found.is_empty() {
        return vec![ok(CHECK, "nothing waits for a person")];
    }
    found
}
