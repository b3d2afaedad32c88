//! What runs, at which address, and how much it holds.

use crate::sql::report::{self, TableRows};
use anyhow::Result;
use comfy_table::{Cell, Color};
use serde::Serialize;
use shared::db;
use shared::db::installation::{self, Stop};

use crate::database::Database;
use crate::queues::{Depth, Queues};
use crate::settings::{STACK, Settings};
use crate::template::Template;
use crate::{aws, browser, localstack, mail, migrate, output, postgres, process, stand_ins};

/// Everything that `status` shows, in the shape of `--json`.
#[derive(Debug, Serialize)]
struct Status {
    processes: Vec<Process>,
    queues: Vec<Depth>,
    tables: Vec<TableRows>,
    mails: usize,
    /// Where the pages that mails link to answer.
    web: Option<String>,
    /// Where the team's console answers.
    console: Option<String>,
    /// Who stopped sending, when and why; none while mails may leave.
    stopped: Option<Stop>,
}

#[derive(Debug, Serialize)]
struct Process {
    name: &'static str,
    pid: Option<u32>,
    runs: bool,
    at: String,
    log: Option<String>,
}

/// Shows it for a person, or as one JSON object.
pub(crate) async fn show(settings: &Settings, json: bool) -> Result<()> {
    let status = Status {
        processes: processes(settings),
        queues: queue_depths(settings).await?,
        tables: tables(settings).await,
        mails: mail::ledger::read(&settings.paths)?.len(),
        console: console(settings).await,
        web: web(settings).await,
        stopped: stopped(settings).await,
    };
    if json {
        output::line(serde_json::to_string_pretty(&status)?);
        return Ok(());
    }
    print_processes(&status.processes);
    if !status.queues.is_empty() {
        print_queues(&status.queues);
    }
    if !status.tables.is_empty() {
        output::heading("PostgreSQL");
        let mut table = output::table::<&str>([]);
        for counted in &status.tables {
            table.add_row([Cell::new(&counted.table), output::number(counted.rows)]);
        }
        output::line(table);
    }
    output::heading("SES");
    output::line(format_args!(" {} mails", status.mails));
    if let Some(web) = &status.web {
        output::heading("Pages");
        output::line(format_args!(" {web}"));
    }
    if status.console.is_some() {
        output::heading("Console");
        output::line(format_args!(" {}", console_link(settings)));
    }
    if let Some(stop) = &status.stopped {
        output::line("");
        output::warning(operator::sending::sentence(stop));
    }
    if !status.processes.iter().all(|process| process.runs) {
        output::line("");
        output::fresh("Hint", "`cargo local up` starts what does not run");
    }
    Ok(())
}

/// Where the team works, and how to get in.
pub(crate) fn point_to_console(settings: &Settings) {
    output::step("Console", console_link(settings));
}

fn console_link(settings: &Settings) -> String {
    let origin = settings.paths.console_origin();
    format!("{origin}, sign in as any of four made-up people")
}

/// The next commands to try, once the local cloud is up.
pub(crate) fn hints() {
    output::line(
        "\n  cargo local status            what runs, queue depths, row counts\n  \
         cargo local demo              made-up leads through the whole pipeline\n  \
         cargo local invoke collector  one run of the sources\n  \
         cargo local logs sender -f    what the sender says\n  \
         cargo local mail              what SES was given\n  \
         cargo local psql              the database\n  \
         cargo local down              stop everything",
    );
}

fn processes(settings: &Settings) -> Vec<Process> {
    let paths = &settings.paths;
    let log = |name: &str| Some(paths.shown(&paths.log(name)).to_string());
    let database = match &settings.database {
        Database::Embedded => {
            let pid = postgres::find(paths).map(|record| record.pid);
            let at = paths.shown(&paths.postgres()).to_string();
            let log = Some(paths.shown(&paths.postgres().join("log")).to_string());
            Process {
                name: "PostgreSQL",
                pid,
                runs: pid.is_some(),
                at,
                log,
            }
        }
        Database::Given(_) => {
            let at = "given by LOCAL_DATABASE_URL".to_owned();
            Process {
                name: "PostgreSQL",
                pid: None,
                runs: true,
                at,
                log: None,
            }
        }
    };
    let daemon = |name, record: &str, at| {
        let pid = process::find(paths, record).map(|record| record.pid);
        Process {
            name,
            pid,
            runs: pid.is_some(),
            at,
            log: log(record),
        }
    };
    vec![
        database,
        daemon("LocalStack", localstack::NAME, paths.localstack_url()),
        daemon("stand-ins", stand_ins::NAME, paths.stand_ins_url()),
    ]
}

/// Nothing while LocalStack is down or the stack is not there yet.
async fn queue_depths(settings: &Settings) -> Result<Vec<Depth>> {
    if !localstack::is_ready(&settings.paths).await {
        return Ok(Vec::new());
    }
    let template = Template::load(&settings.paths.workspace.join("template.yaml"))?;
    match Queues::find(&aws::config(&settings.paths), &template).await {
        Ok(queues) => queues.depths().await,
        Err(_) => {
            output::warning(format_args!("the stack {STACK} is not deployed"));
            Ok(Vec::new())
        }
    }
}

/// Nothing while LocalStack is down or the stack is not there yet.
async fn web(settings: &Settings) -> Option<String> {
    if !localstack::is_ready(&settings.paths).await {
        return None;
    }
    let web = browser::address(&aws::config(&settings.paths)).await;
    web.ok().map(String::from)
}

/// Nothing while LocalStack is down.
async fn console(settings: &Settings) -> Option<String> {
    let runs = localstack::is_ready(&settings.paths).await;
    runs.then(|| settings.paths.console_origin())
}

/// Nothing while the database is down or empty.
async fn tables(settings: &Settings) -> Vec<TableRows> {
    let counted = async {
        let pool = migrate::marked(&settings.database_url()).await?;
        anyhow::Ok(report::table_rows(&mut *db::acquire(&pool).await?).await?)
    };
    counted.await.unwrap_or_default()
}

/// Nothing while the database is down or empty.
async fn stopped(settings: &Settings) -> Option<Stop> {
    let read = async {
        let pool = migrate::marked(&settings.database_url()).await?;
        anyhow::Ok(installation::stop(&mut *db::acquire(&pool).await?).await?)
    };
    read.await.unwrap_or_default()
}

fn print_processes(processes: &[Process]) {
    let mut table = output::table::<&str>([]);
    for process in processes {
        let state = match (process.runs, process.pid) {
            (true, Some(pid)) => Cell::new(format!("runs (pid {pid})")).fg(Color::Green),
            (true, None) => Cell::new("outside").fg(Color::Cyan),
            (false, _) => Cell::new("down").fg(Color::Red),
        };
        let log = process.log.as_deref().unwrap_or_default();
        table.add_row([
            Cell::new(process.name),
            state,
            Cell::new(&process.at),
            Cell::new(log),
        ]);
    }
    output::line(table);
}

fn print_queues(queues: &[Depth]) {
    output::heading("Queues");
    let mut table = output::table(["", "waiting", "in flight"]);
    for queue in queues {
        let name = Cell::new(&queue.name);
        let alarming = queue.is_dead_letters && queue.total() > 0;
        let name = if alarming { name.fg(Color::Red) } else { name };
        table.add_row([
            name,
            output::number(queue.waiting),
            output::number(queue.in_flight),
        ]);
    }
    output::line(table);
}
