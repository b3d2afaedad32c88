//! From nothing to mails, and the proof that every number agrees.

mod bars;
mod drain;
mod facts;
mod funnel;
mod reconcile;
pub(crate) mod seed;
mod show;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use aws_config::SdkConfig;
use serde_json::json;
use shared::db::{self, PgPool};

use crate::cli::DemoArgs;
use crate::postgres_log::LogMark;
use crate::queues::Queues;
use crate::session::Session;
use crate::settings::{STACK, Settings};
use crate::sql::report;
use crate::template::Template;
use crate::up::{self, Population};
use crate::{invoke, localstack, output, process, status};
use facts::Facts;
use funnel::Funnel;
use reconcile::{Disagreement, reconcile};

/// Runs the pipeline on made-up leads until it is drained, and compares what PostgreSQL, the queues, SES and the stand-ins hold. Fails when
/// they disagree.
pub(crate) async fn run(session: &Session, args: &DemoArgs) -> Result<ExitCode> {
    let settings = &session.settings;
    let population = Population {
        seed: args.seed,
        leads: args.leads,
    };
    let log = LogMark::now(&settings.paths);
    let up = up::up(session, &args.up, Some(population)).await?;
    session.keep()?;
    let template = Template::load(&settings.paths.workspace.join("template.yaml"))?;
    let queues = Queues::find(&up.aws, &template).await?;

    let begun = Instant::now();
    seed::all(&up.pool).await?;
    let before = collected(&up.pool).await?;
    if before > 0 {
        output::fresh(
            "Continuing",
            format_args!(
                "with the {before} people of earlier demos: the numbers are of all together. \
                 `cargo local down --wipe` begins anew"
            ),
        );
    }
    let pipeline = drain::Pipeline {
        aws: &up.aws,
        pool: &up.pool,
        queues: &queues,
    };
    let collect = collect(settings, &up.aws);
    let drained = Box::pin(pipeline.run(collect, u64::from(args.leads))).await;
    if drained.is_err() && process::find(&settings.paths, localstack::NAME).is_none() {
        return Err(process::died(&settings.paths, localstack::NAME));
    }
    drained?;
    log.refuse_deadlocks()?;
    let seconds = begun.elapsed().as_secs_f64();

    let facts = Facts::gather(settings, &up, &queues).await?;
    let funnel = Funnel::of(&facts.lines);
    let disagreements = reconcile(&facts);
    show::everything(&facts, &funnel, &disagreements);
    if let Some(path) = &args.json {
        let times = up.seconds;
        let report = json!({
            "collected": funnel.collected,
            "enriched": funnel.enriched,
            "qualified": funnel.qualified,
            "sent": funnel.sent,
            "delivered": funnel.delivered,
            "refused": funnel.refused,
            "review": funnel.review,
            "deferred": funnel.deferred,
            "unresolved": funnel.unresolved,
            "dlq": facts.dead_letters(),
            "ses_messages": facts.mails.len(),
            "model_calls": facts.paid_calls().1,
            "disagreements": disagreements.iter().map(Disagreement::to_string).collect::<Vec<_>>(),
            "seconds": {
                "prepare": rounded(times.prepare),
                "build": rounded(times.build),
                "up": rounded(times.up),
                "pipeline": rounded(seconds),
            },
        });
        std::fs::write(path, format!("{report:#}\n"))
            .with_context(|| format!("could not write {}", path.display()))?;
    }
    let times = format!(
        "prepare {:.1} s, build {:.1} s, up {:.1} s, pipeline {seconds:.1} s",
        up.seconds.prepare, up.seconds.build, up.seconds.up
    );
    if disagreements.is_empty() {
        output::step("Reconciled", times);
        status::point_to_console(settings);
        Ok(ExitCode::SUCCESS)
    } else {
        output::warning(format_args!(
            "{} numbers do not agree; {times}",
            disagreements.len()
        ));
        Ok(ExitCode::FAILURE)
    }
}

/// How many people the sources of the demo have given so far.
async fn collected(pool: &PgPool) -> Result<i64> {
    let mut conn = db::acquire(pool).await?;
    let progress = report::progress(&mut conn, seed::CAMPAIGN).await?;
    Ok(progress.collected)
}

/// The collector, invoked as its schedule invokes it.
async fn collect(settings: &Settings, aws: &SdkConfig) -> Result<()> {
    let path = settings
        .paths
        .workspace
        .join("functions/collector/events/schedule.json");
    let event = std::fs::read_to_string(&path)
        .with_context(|| format!("could not read {}", path.display()))?;
    let answer = invoke::call(aws, &format!("{STACK}-collector"), event).await?;
    if answer.error.is_some() {
        bail!(
            "the collector failed: {}\n{}",
            answer.payload,
            answer.log.trim_end()
        );
    }
    Ok(())
}

fn rounded(seconds: f64) -> f64 {
    (seconds * 10.0).round() / 10.0
}
