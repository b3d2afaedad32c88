//! `outreach doctor`: is everything in place for mails to leave and for opt-outs to arrive?

mod database;
mod queues;
mod settings;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use comfy_table::{Cell, Color, ContentArrangement, Table};
use shared::clients::checks::{Finding, Status, page, ses};
use shared::domain::email::EmailAddress;

use crate::cli::Options;
use crate::output;
use crate::stack::Stack;

/// How long SES may take for all questions.
const LIMIT: Duration = Duration::from_secs(60);

/// Checks everything, and says what to do. Fails when something is broken; a warning is no failure.
pub(crate) async fn doctor(stack: &Stack, options: &Options) -> Result<ExitCode> {
    let mut findings = Box::pin(database::check(stack, options)).await;
    findings.extend(settings::check(stack));
    findings.extend(Box::pin(of_ses(stack)).await);
    findings.extend(Box::pin(queues::check(stack)).await);
    // A missing address is a matter of the settings.
    if let Some(base) = stack.setting("PUBLIC_BASE_URL") {
        findings.extend(Box::pin(page::check(&base)).await);
    }
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

async fn of_ses(stack: &Stack) -> Vec<Finding> {
    let sender = stack.setting("SENDER_ADDRESS");
    let sender = sender.and_then(|text| EmailAddress::parse(&text).ok());
    let configuration_set = stack.setting("SES_CONFIGURATION_SET");
    let most_a_second = stack.setting("SES_MAX_PER_SECOND");
    let sending = ses::Sending {
        sender: sender.as_ref(),
        configuration_set: configuration_set.as_deref(),
        most_a_second: most_a_second.and_then(|text| text.parse().ok()),
    };
    ses::check(&ses::Client::new(&stack.aws), sending, LIMIT).await
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
