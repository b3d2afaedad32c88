//! The stand-in internet as a process: this same program, asked to answer as OpenAI and X.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use serde_json::Value;
use simulated::Settings as Knobs;

use crate::environment::Environment;
use crate::folder::Folder;
use crate::up::World;
use crate::{aws, process, wait};

/// The name of its record and log.
pub(crate) const NAME: &str = "internet";

const START_LIMIT: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(50);

/// Starts the stand-in; one that runs on another world or an older build is replaced. Without a
/// `world` any world will do.
pub(crate) async fn start(
    folder: &Folder,
    environment: &Environment,
    world: Option<World>,
) -> Result<bool> {
    let program = std::env::current_exe().context("could not find our own program")?;
    let program = built_anew(&program);
    let built = std::fs::metadata(&program)
        .with_context(|| format!("could not find our own program {}", program.display()))?
        .modified()?
        .duration_since(UNIX_EPOCH)?
        .as_nanos();
    let running = process::find(folder, NAME);
    let any_will_do = |known: &str| world.is_none() && known.starts_with(&format!("{built} "));
    let World { seed, leads } = world.unwrap_or_default();
    let fingerprint = format!("{built} seed {seed} leads {leads}");
    match running {
        Some(record) if record.fingerprint == fingerprint => return Ok(false),
        Some(record) if any_will_do(&record.fingerprint) => return Ok(false),
        Some(_) => process::stop(folder, NAME).await?,
        None => false,
    };
    process::check_free(folder.internet_port, "LOCAL_INTERNET_PORT").await?;
    let mut command = environment.daemon(program);
    command
        .args(["internet", "--port", &folder.internet_port.to_string()])
        .args(["--seed", &seed.to_string(), "--leads", &leads.to_string()]);
    process::start(folder, NAME, command, &fingerprint)?;
    wait::until(
        "the stand-in internet to answer",
        START_LIMIT,
        POLL,
        async || {
            if process::find(folder, NAME).is_none() {
                return Err(process::died(folder, NAME));
            }
            Ok(stats(folder).await.is_ok().then_some(()))
        },
    )
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

/// Answers on `port` until the process is ended.
pub(crate) async fn serve(port: u16, world: World) -> Result<()> {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let knobs = Knobs {
        seed: world.seed,
        leads: usize::try_from(world.leads)?,
        ..Knobs::default()
    };
    Ok(simulated::serve(knobs, listener).await?)
}

/// What the stand-in counted since it was started.
pub(crate) async fn stats(folder: &Folder) -> Result<Value> {
    let url = format!("{}/_control/stats", folder.internet_url());
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
