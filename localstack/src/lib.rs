//! `cargo local`: the whole cloud on this machine, without Docker.
//!
//! `up` tells how it starts, `demo` how it is shown to work. Everything lies in one `folder`,
//! every child runs in one `environment`, and whatever is left running is a `process` with a
//! record of who it is.

mod aws;
mod bench;
mod browser;
mod chaos;
mod child;
mod cli;
mod cloud;
mod command;
mod database;
mod demo;
mod deploy;
mod environment;
mod folder;
mod functions;
mod internet;
mod invoke;
pub mod lambda;
mod leads;
mod lint;
mod lists;
mod logs;
mod mail;
mod migrate;
mod outreach;
mod outside;
mod postgres;
mod postgres_log;
mod process;
mod python;
mod queues;
mod session;
mod settings;
mod shell;
mod sql;
mod sqlx;
mod status;
mod template;
mod test;
mod up;
mod wait;

use std::process::ExitCode;

use clap::Parser as _;
use operator::output;

/// Does what the command line asks for.
pub async fn run() -> ExitCode {
    command::run(cli::Cli::parse().command).await
}
