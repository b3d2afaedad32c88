//! `cargo local`: the whole system on this machine, without Docker.
//!
//! `up` starts it, `demo` shows that it works. Everything lies in one folder (`paths`),
//! every child runs in one `environment`, and whatever is left running is a `process` with a
//! record of its identity.

mod aws;
mod bench;
pub mod browser;
pub mod cases;
mod chaos;
mod child;
mod cli;
mod command;
mod database;
mod demo;
mod deploy;
mod endpoints;
mod environment;
mod functions;
mod invoke;
pub mod lambda;
mod leads;
mod lint;
mod lists;
mod localstack;
mod logs;
mod mail;
mod migrate;
mod outreach;
mod paths;
mod postgres;
mod postgres_log;
mod process;
mod python;
mod queues;
mod recipient;
mod session;
mod settings;
mod shell;
mod sql;
mod sqlx;
mod stand_ins;
mod status;
mod template;
mod test;
mod token;
mod up;
mod wait;

use std::process::ExitCode;

use clap::Parser as _;
use operator::output;

/// Does what the command line asks for.
pub async fn run() -> ExitCode {
    command::run(cli::Cli::parse().command).await
}
