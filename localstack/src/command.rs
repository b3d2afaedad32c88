//! From a command to the module that does it, and what an interrupt does.

use std::process::ExitCode;

use anyhow::Result;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::Command;
use crate::recipient::{self, Report};
use crate::session::Session;
use crate::settings::Settings;
use crate::{
    bench, browser, cases, chaos, demo, invoke, leads, lint, logs, mail, output, outreach, shell,
    sqlx, stand_ins, status, test, token, up,
};

/// As shells count an end by SIGINT.
const INTERRUPTED: u8 = 130;

/// Runs one command to its end, or to Ctrl-C: then what this run started is stopped again.
pub(crate) async fn run(command: Command) -> ExitCode {
    // The stand-in is a process of the cloud itself: it reads no settings and stops on a signal.
    if let Command::StandIns {
        port,
        seed,
        leads,
        console,
    } = command
    {
        let served = stand_ins::serve(port, up::Population { seed, leads }, console).await;
        return served.map_or_else(|error| failed(&error), |()| ExitCode::SUCCESS);
    }
    let session = match Settings::from_shell() {
        Ok(settings) => Session::new(settings),
        Err(error) => return failed(&error),
    };
    let result = tokio::select! {
        result = Box::pin(dispatch(&session, command)) => result,
        interrupted = interrupt() => {
            output::warning("interrupted: stopping what this run started");
            let stopped = interrupted.and(session.stop_started().await);
            return stopped.map_or_else(|error| failed(&error), |()| ExitCode::from(INTERRUPTED));
        }
    };
    result.unwrap_or_else(|error| failed(&error))
}

fn failed(error: &anyhow::Error) -> ExitCode {
    output::failure(error);
    ExitCode::FAILURE
}

async fn dispatch(session: &Session, command: Command) -> Result<ExitCode> {
    match command {
        Command::Up(args) => {
            up::up(session, &args, None).await?;
            session.keep()?;
            status::hints();
            status::point_to_console(&session.settings);
        }
        Command::Down { wipe } => down(session, wipe).await?,
        Command::Status { json } => status::show(&session.settings, json).await?,
        Command::Logs { name, follow } => logs::show(&session.settings, &name, follow).await?,
        Command::Invoke(args) => return invoke::run(&session.settings, &args).await,
        Command::Mail { open } => mail::show(&session.settings, open)?,
        Command::Bounce { mail, soft } => {
            let report = match soft {
                true => Report::SoftBounce,
                false => Report::HardBounce,
            };
            recipient::run(&session.settings, mail, report).await?;
        }
        Command::Complain { mail } => {
            recipient::run(&session.settings, mail, Report::Complaint).await?;
        }
        Command::Outreach(request) => return outreach::run(&session.settings, &request).await,
        Command::Psql { arguments } => return Err(shell::psql(session, &arguments).await?),
        Command::Demo(args) => return Box::pin(demo::run(session, &args)).await,
        Command::Chaos(args) => return Box::pin(chaos::run(session, &args)).await,
        Command::Cases(args) => return Box::pin(cases::run(session, &args)).await,
        Command::Bench(args) => return Box::pin(bench::run(session, &args)).await,
        Command::Leads { count } => leads::insert(&session.settings, count).await?,
        Command::Test { arguments } => return test::run(session, &arguments).await,
        Command::Sqlx { check } => sqlx::run(session, check).await?,
        Command::Lint => lint::run(session).await?,
        Command::Browser => browser::run(session).await?,
        Command::Token { role } => token::print(&session.settings, &role).await?,
        Command::Env => shell::print(&session.settings).await?,
        Command::StandIns { .. } => {}
    }
    Ok(ExitCode::SUCCESS)
}

async fn down(session: &Session, wipe: bool) -> Result<()> {
    let _alone = session.alone().await?;
    if !session.stop_everything().await? {
        output::fresh("Nothing", "runs");
    }
    if wipe {
        session.settings.paths.wipe()?;
        output::step(
            "Wiped",
            "database, mails and logs; the installed tools stay",
        );
    }
    Ok(())
}

/// The first SIGINT, SIGTERM or SIGHUP.
async fn interrupt() -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hang_up.recv() => {}
    }
    Ok(())
}
