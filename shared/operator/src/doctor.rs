//! `outreach doctor`: is everything in place for mails to leave and for opt-outs to arrive?

mod clock;
mod database;
mod queues;
mod ses;
mod settings;
mod web;

use std::process::ExitCode;

use anyhow::Result;
use comfy_table::{Cell, Color, ContentArrangement, Table};
use serde::Serialize;

use crate::cli::Options;
use crate::output;
use crate::stack::Stack;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Ok,
    /// It works, but not as it should in production.
    Warn,
    Fail,
}

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Finding {
    check: &'static str,
    status: Status,
    detail: String,
    /// What to do about it.
    advice: Option<String>,
}

fn ok(check: &'static str, detail: impl Into<String>) -> Finding {
    Finding {
        check,
        status: Status::Ok,
        detail: detail.into(),
        advice: None,
    }
}

fn warn(check: &'static str, detail: impl Into<String>, advice: impl Into<String>) -> Finding {
    Finding {
        check,
        status: Status::Warn,
        detail: detail.into(),
        advice: Some(advice.into()),
    }
}

fn fail(check: &'static str, detail: impl Into<String>, advice: impl Into<String>) -> Finding {
    Finding {
        status: Status::Fail,
        ..warn(check, detail, advice)
    }
}

/// Checks everything, and says what to do. Fails when something is broken; a warning is no failure.
pub(crate) async fn doctor(stack: &Stack, options: &Options) -> Result<ExitCode> {
    let mut findings = Box::pin(database::check(stack, options)).await;
    findings.extend(settings::check(stack));
    findings.extend(Box::pin(ses::check(stack)).await);
    findings.extend(Box::pin(queues::check(stack)).await);
    findings.extend(Box::pin(web::check(stack)).await);
    let broken = findings.iter().any(|found| found.status == Status::Fail);
    if options.json {
        output::json(&findings)?;
    } else {
        output::line(table(&findings));
        summarise(&findings);
    }
    Ok(if broken {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn table(findings: &[Finding]) -> Table {
    let mut table = output::table(["", "check", "found", "what to do"]);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    for finding in findings {
        let status = match finding.status {
            Status::Ok => Cell::new("ok").fg(Color::Green),
            Status::Warn => Cell::new("warn").fg(Color::Yellow),
            Status::Fail => Cell::new("fail").fg(Color::Red),
        };
        let advice = finding.advice.as_deref().unwrap_or_default();
        let [check, detail, advice] = [finding.check, &finding.detail, advice].map(Cell::new);
        table.add_row([status, check, detail, advice]);
    }
    table
}

fn summarise(findings: &[Finding]) {
    let count = |status| {
        findings
            .iter()
            .filter(|found| found.status == status)
            .count()
    };
    match (count(Status::Fail), count(Status::Warn)) {
        (0, 0) => output::step("Healthy", "everything is in place"),
        (0, warnings) => output::fresh("Works", format_args!("with {warnings} to look at")),
        (1, _) => output::warning("1 check failed"),
        (failures, _) => output::warning(format_args!("{failures} checks failed")),
    }
}
