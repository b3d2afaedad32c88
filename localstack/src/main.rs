//! `cargo local`: the whole cloud on this machine, without Docker.

mod aws;
mod child;
mod cli;
mod cloud;
mod command;
mod database;
mod deploy;
mod environment;
mod folder;
mod functions;
mod internet;
mod invoke;
mod logs;
mod mail;
mod migrate;
mod output;
mod outside;
mod postgres;
mod process;
mod python;
mod queues;
mod session;
mod settings;
mod shell;
mod status;
mod template;
mod test;
mod up;
mod wait;

use std::process::ExitCode;

use clap::Parser as _;

#[tokio::main]
async fn main() -> ExitCode {
    command::run(cli::Cli::parse().command).await
}
