//! `cargo local bench --filled`: the same pipeline on an empty database and on one with the rows of
//! years of work. The filled one is made once and kept; each measurement gets a copy.

use std::fs::File;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::json;
use sha2::{Digest, Sha256};
use shared::db::{self, MIGRATOR, PgConnection, PgPool};
use sqlx::{AssertSqlSafe, Row};

use super::runs::{self, Peaks};
use super::stage::{Ground, Setting};
use super::{BenchArgs, figures::PipelineFigures, start};
use crate::chaos::cluster::Cluster;
use crate::python::Python;
use crate::settings::Settings;
use crate::{migrate, output};

const LEADS: u32 = 1_000_000;
/// Empty and filled take turns, so that neither has the quieter machine.
const ROUNDS: usize = 2;
/// The share of the empty database's throughput that the filled one must reach.
const GOAL: f64 = 0.9;

/// One connection runs them all: the list of indexes is a temporary table.
const SCRIPT: &str = concat!(
    include_str!("filled/1_indexes.sql"),
    include_str!("filled/2_leads.sql"),
    include_str!("filled/3_sends.sql"),
    include_str!("filled/4_indexes.sql"),
);

/// Measures both, and prints their ratio.
pub(super) async fn run(
    mut settings: Settings,
    python: Python,
    args: &BenchArgs,
) -> Result<ExitCode> {
    let binaries = crate::chaos::build(&settings, args.profile).await?;
    settings.paths.root = settings.paths.root.join("filled");
    settings.paths.make_home()?;
    let mut ground = Ground {
        cluster: start(&settings, python).await?,
        binaries,
        folder: settings.paths.root.join("runs"),
        settings,
        template: None,
    };
    let filled = fill(&ground.cluster).await?;

    let (mut empty_runs, mut filled_runs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        for template in [None, Some(filled.clone())] {
            let runs = if template.is_none() {
                &mut empty_runs
            } else {
                &mut filled_runs
            };
            ground.template = template;
            let setting = Setting {
                name: "pipeline",
                leads: args.leads,
                environments: usize::from(args.environments),
                model_latency: Duration::ZERO,
                rate: None,
                copies: 1,
            };
            runs.push(runs::pipeline(&ground, setting, &mut Peaks::new()).await?);
        }
    }
    let (empty, filled) = (best(&empty_runs)?, best(&filled_runs)?);
    let ratio = filled.leads_per_second / empty.leads_per_second;
    output::step(
        "Growth",
        format!(
            "{:.0} leads/s on {LEADS} leads and {} sends, {:.0} on an empty database: {ratio:.2} (goal {GOAL})",
            filled.leads_per_second,
            3 * LEADS,
            empty.leads_per_second,
        ),
    );
    output::step(
        "PostgreSQL",
        format!(
            "{:.2} ms a lead on the filled database, {:.2} on the empty one",
            filled.postgres_cpu_ms_per_lead, empty.postgres_cpu_ms_per_lead
        ),
    );
    if let Some(path) = &args.json {
        let file =
            File::create(path).with_context(|| format!("could not write {}", path.display()))?;
        let report =
            json!({"ratio": ratio, "goal": GOAL, "empty": empty_runs, "filled": filled_runs});
        serde_json::to_writer_pretty(file, &report)?;
    }
    Ok(if ratio >= GOAL {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The faster of the runs: what slows one down is something else on this machine.
fn best(runs: &[PipelineFigures]) -> Result<&PipelineFigures> {
    runs.iter()
        .max_by(|a, b| a.leads_per_second.total_cmp(&b.leads_per_second))
        .context("nothing was measured")
}

/// The name of the filled database of this schema; made where it is missing.
pub(super) async fn fill(cluster: &Cluster) -> Result<String> {
    let script = SCRIPT.replace("LEADS", &LEADS.to_string());
    let name = name(&script);
    let admin = migrate::pool(&cluster.url("postgres"))?;
    let mut conn = db::acquire(&admin).await?;
    let mut there = false;
    for old in databases(&mut conn).await? {
        if old == name {
            there = true;
        } else {
            cluster.remove(&old).await?;
        }
    }
    if there {
        return Ok(name);
    }
    output::step(
        "Filling",
        "a database with a million leads, once; it takes some minutes",
    );
    let begun = Instant::now();
    let half = format!("{name}_half");
    let pool = cluster.create(&half).await?;
    execute(&mut *db::acquire(&pool).await?, script).await?;
    // Not within the script, which is one transaction.
    execute(
        &mut *db::acquire(&pool).await?,
        "vacuum (freeze, analyze)".to_owned(),
    )
    .await?;
    pool.close().await;
    execute(
        &mut conn,
        format!(r#"alter database "{half}" rename to "{name}""#),
    )
    .await?;
    let seconds = begun.elapsed().as_secs();
    output::step("Filled", format!("in {seconds} s; it is kept as {name}"));
    Ok(name)
}

/// Another schema or another filling has another name.
fn name(script: &str) -> String {
    let mut digest = Sha256::new();
    for migration in MIGRATOR.iter() {
        digest.update(&migration.checksum);
    }
    digest.update(script);
    let digest = data_encoding::HEXLOWER.encode(&digest.finalize());
    format!("filled_{}", digest.get(..16).unwrap_or_default())
}

async fn databases(conn: &mut PgConnection) -> Result<Vec<String>> {
    let names = r"select datname::text from pg_database where datname like 'filled\_%'";
    let rows = sqlx::raw_sql(names).fetch_all(conn).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

async fn execute(conn: &mut PgConnection, script: String) -> Result<()> {
    sqlx::raw_sql(AssertSqlSafe(script)).execute(conn).await?;
    Ok(())
}

/// A database of this name that is a copy of the filled one.
pub(super) async fn copy(cluster: &Cluster, template: &str, name: &str) -> Result<PgPool> {
    if !template.starts_with("filled_") {
        bail!("{template} is not a filled database");
    }
    let admin = migrate::pool(&cluster.url("postgres"))?;
    let mut conn = db::acquire(&admin).await?;
    // Its log would otherwise hold every page of it.
    let create = format!(r#"create database "{name}" template "{template}" strategy file_copy"#);
    execute(&mut conn, create).await?;
    migrate::pool(&cluster.url(name))
}
