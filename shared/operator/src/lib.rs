//! `outreach`: what an operator does from a terminal to any stack, deployed or local.
//!
//! Every change is recorded in `audit_log` as `operator:NAME`, with the operator's note.

mod ask_again;
mod breaker;
mod campaign;
mod cli;
mod confirm_restore;
mod connection;
mod consent;
mod doctor;
mod import;
mod migrate;
pub mod output;
mod resolve;
mod review;
pub mod sending;
mod sends;
mod show;
mod smoke;
mod source;
mod stack;
mod suppress;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser as _;
pub use cli::{Command, Request};
use shared::config::Secret;
pub use stack::{Stack, Variables, all_of};

/// Does what the command line of `outreach` asks for.
pub async fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let result = async {
        let url = cli.database_url.map(Secret::new);
        let stack = match cli.stack {
            Some(name) => Stack::deployed(&name, url).await?,
            None => Stack::from_environment(url).await?,
        };
        run(&stack, &cli.request).await
    };
    result.await.unwrap_or_else(|error| {
        output::failure(&error);
        ExitCode::FAILURE
    })
}

/// Runs one command on a stack.
pub async fn run(stack: &Stack, request: &Request) -> Result<ExitCode> {
    let options = &request.options;
    match &request.command {
        Command::Migrate => migrate::migrate(stack, options).await?,
        Command::Import(args) => return import::import(stack, options, args).await,
        Command::Sends(args) => sends::sends(stack, options, args).await?,
        Command::Resolve(args) => resolve::resolve(stack, options, args).await?,
        Command::Campaign(args) => campaign::campaign(stack, options, args).await?,
        Command::Source(args) => source::source(stack, options, args).await?,
        Command::Breaker(args) => breaker::breaker(stack, options, args).await?,
        Command::Review(args) => review::review(stack, options, args).await?,
        Command::Sending(args) => sending::sending(stack, options, args).await?,
        Command::Suppress(args) => suppress::suppress(stack, options, args).await?,
        Command::Consent(args) => consent::consent(stack, options, args).await?,
        Command::AskAgain(args) => ask_again::ask_again(stack, options, args).await?,
        Command::ConfirmRestore(args) => confirm_restore::confirm(stack, options, args).await?,
        Command::Doctor => return doctor::doctor(stack, options).await,
        Command::Smoke(args) => smoke::smoke(stack, options, args).await?,
    }
    Ok(ExitCode::SUCCESS)
}
