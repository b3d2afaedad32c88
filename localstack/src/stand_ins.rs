//! The stand-ins as a process: this same program, answering as OpenAI, X and the issuer.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use serde_json::Value;
use simulated::{Client, Settings};

use crate::environment::Environment;
use crate::paths::Paths;
use crate::up::Population;
use crate::{aws, process, wait};

/// The name of its record and log.
pub(crate) const NAME: &str = "stand-ins";

const START_LIMIT: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(50);

/// Starts the stand-in; one with other people or of an older build is replaced. Without a
/// `population` any people will do.
pub(crate) async fn start(
    paths: &Paths,
    environment: &Environment,
    population: Option<Population>,
) -> Result<bool> {
    let program = std::env::current_exe().context("could not find our own program")?;
    let program = built_anew(&program);
    let built = std::fs::metadata(&program)
        .with_context(|| format!("could not find our own program {}", program.display()))?
        .modified()?
        .duration_since(UNIX_EPOCH)?
        .as_nanos();
    let running = process::find(paths, NAME);
    let any_will_do = |known: &str| population.is_none() && known.starts_with(&format!("{built} "));
    let Population { seed, leads } = population.unwrap_or_default();
    let console = paths.console_origin();
    let fingerprint = format!("{built} seed {seed} leads {leads}");
    match running {
        Some(record) if record.fingerprint == fingerprint => return Ok(false),
        Some(record) if any_will_do(&record.fingerprint) => return Ok(false),
        Some(_) => process::stop(paths, NAME).await?,
        None => false,
    };
    process::check_free(paths.stand_in_port, "LOCAL_STAND_IN_PORT").await?;
    let mut command = environment.daemon(program);
    command
        .args(["stand-ins", "--port", &paths.stand_in_port.to_string()])
        .args(["--seed", &seed.to_string(), "--leads", &leads.to_string()])
        .args(["--console", &console]);
    process::start(paths, NAME, command, &fingerprint)?;
    wait::until("the stand-ins to answer", START_LIMIT, POLL, async || {
        if process::find(paths, NAME).is_none() {
            return Err(process::died(paths, NAME));
        }
        Ok(stats(paths).await.is_ok().then_some(()))
    })
    .await?;
    Ok(true)
}

/// Linux marks the path of a program whose file was replaced meanwhile: another run in this folder has
/// built it again.
fn built_anew(program: &Path) -> PathBuf {
    let text = program.to_str();
    let replaced = text.and_then(|text| text.strip_suffix(" (deleted)"));
    replaced.map_or_else(|| program.to_owned(), PathBuf::from)
}

/// Answers on `port`, with sign-ins that return to the `console`, until the process is ended.
pub(crate) async fn serve(port: u16, population: Population, console: String) -> Result<()> {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let settings = Settings {
        seed: population.seed,
        leads: usize::try_from(population.leads)?,
        client: Client {
            origin: console,
            ..Client::default()
        },
        ..Settings::default()
    };
    Ok(simulated::serve(settings, listener).await?)
}

/// What the stand-in counted since it was started.
pub(crate) async fn stats(paths: &Paths) -> Result<Value> {
    let url = format!("{}/_control/stats", paths.stand_ins_url());
    let request = aws::http()?.get(url).timeout(Duration::from_secs(5));
    Ok(request.send().await?.error_for_status()?.json().await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_anew_finds_replaced_program() {
        for path in ["/target/debug/local", "/target/debug/local (deleted)"] {
            let found = built_anew(Path::new(path));
            assert_eq!(found, PathBuf::from("/target/debug/local"));
        }
    }
}
