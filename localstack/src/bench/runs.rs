//! The measurements: each function alone, all of them together, and the senders at a set rate.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, bail};
use shared::db;

use crate::sql::measures;
use shared::domain::ids::SendId;
use shared::domain::unsubscribe::UnsubscribeKeys;

use super::figures::{
    PipelineFigures, RateFigures, Served, StageFigures, StatementFigures, busy, count, served,
    shown, span,
};
use super::probe::{Probe, Used, watch};
use super::processes;
use super::stage::{Ground, Setting, Stage, unsubscribe_keys};
use crate::lambda::HttpRequest;

/// Longer than any measurement needs by far.
const LIMIT: Duration = Duration::from_secs(1800);
/// Rows of a page of a list, which is one statement.
const PAGE: f64 = 500.0;
/// Clicks on links of mails.
const CLICKS: usize = 500;
/// Statements shown of a profile.
const SHOWN: usize = 12;
/// Senders at a set rate, and how often each of their messages comes.
const SENDERS: usize = 50;
const COPIES: u32 = 3;
/// Work at a set rate lasts so many seconds at least, and is so many mails at least: at a low rate the
/// first and the last moments would count for too much.
const AT_RATE: f64 = 20.0;
const MAILS: u32 = 840;

/// Most memory that a process of each function held at work, in MB.
pub(super) type Peaks = BTreeMap<String, f64>;

/// The functions one after the other, each with its queue full.
pub(super) async fn stages(
    ground: &Ground,
    leads: u32,
    environments: usize,
    peaks: &mut Peaks,
) -> Result<Vec<StageFigures>> {
    let stage = Stage::open(
        ground,
        Setting {
            name: "stages",
            leads,
            environments,
            model_latency: Duration::ZERO,
            rate: None,
            copies: 1,
        },
    )
    .await?;
    let all = u64::from(leads);
    let mut figures = Vec::new();

    let before = Probe::take(&stage).await?;
    let enrich = stage.queue("enrich")?;
    let sent = || enrich.counts().sent;
    watch("collector", all, sent, stage.fire("collector")).await?;
    let used = before.used(&stage).await?;
    let served = alone(&stage, "collector")?;
    let leads = f64::from(leads);
    let pages = (leads / PAGE).ceil();
    figures.push(figure("collector", leads, pages, served, &used));

    for (queue, function) in [
        ("enrich", "enricher"),
        ("outreach", "sender"),
        ("feedback", "feedback"),
    ] {
        let reads = stage.queue(queue)?;
        let deleted = || reads.counts().deleted;
        let all = reads.counts().sent;
        let before = Probe::take(&stage).await?;
        stage.read(queue)?;
        watch(function, all, deleted, stage.simulator.quiet(LIMIT)).await?;
        let used = before.used(&stage).await?;
        let served = alone(&stage, function)?;
        let batches = served.invocations;
        figures.push(figure(function, served.messages, batches, served, &used));
    }
    arrived(&stage, leads)?;

    let before = Probe::take(&stage).await?;
    click(&stage).await?;
    let used = before.used(&stage).await?;
    let served = alone(&stage, "web")?;
    let clicks = served.invocations;
    figures.push(figure("web", clicks, clicks, served, &used));
    note_peaks(peaks);
    stage.close().await?;
    Ok(figures)
}

fn figure(
    function: &'static str,
    items: f64,
    batches: f64,
    served: Served,
    used: &Used,
) -> StageFigures {
    StageFigures {
        function,
        items,
        items_per_second: items / served.seconds,
        function_cpu_ms_per_item: used.cpu.of_functions() * 1e3 / items,
        postgres_cpu_ms_per_item: used.cpu.postgres * 1e3 / items,
        batches,
        statements_per_batch: used.calls() / batches,
        p50_ms: served.p50_ms,
        p99_ms: served.p99_ms,
        busy: busy(&used.cpu, used.took),
    }
}

/// What a function did; a measurement with failures measures nothing.
fn alone(stage: &Stage<'_>, function: &str) -> Result<Served> {
    let served = served(&stage.simulator.invocations(), function);
    if served.failed > 0 || served.invocations == 0.0 {
        let logs = stage.ground.folder.join(stage.setting.name).join("logs");
        bail!(
            "{} of {} runs of the {function} failed; see {}",
            served.failed,
            served.invocations,
            logs.display()
        );
    }
    Ok(served)
}

/// Every lead must have got its mail, and none a second one.
fn arrived(stage: &Stage<'_>, leads: f64) -> Result<()> {
    let stats = stage.stand_ins.ses().stats();
    let accepted = stats.accepted;
    if count(usize::try_from(accepted)?) != leads || !stats.accepted_twice.is_empty() {
        bail!("{accepted} mails for {leads} leads: nothing can be compared");
    }
    Ok(())
}

/// People unsubscribe with one click, one after the other.
async fn click(stage: &Stage<'_>) -> Result<()> {
    let keys = UnsubscribeKeys::parse(&unsubscribe_keys())?;
    let web = stage.function("web")?;
    let mails = stage.stand_ins.ses().handovers();
    let sends = mails.iter().filter_map(|mail| mail.send_id.as_deref());
    for send in sends.take(CLICKS) {
        let path = format!("/u/{}", keys.sign(SendId(send.parse()?)));
        let request = HttpRequest::new("POST", path).form("List-Unsubscribe=One-Click");
        let reply = web.request(request).await;
        if reply.status != 200 {
            bail!("a click was answered with {}", reply.status);
        }
    }
    Ok(())
}

/// All functions at once, from the list to the last event; and the most memory that each needed.
pub(super) async fn pipeline(
    ground: &Ground,
    setting: Setting,
    peaks: &mut Peaks,
) -> Result<PipelineFigures> {
    let latency = setting.model_latency;
    let all = setting.leads;
    let stage = Stage::open(ground, setting).await?;
    for queue in ["enrich", "outreach", "feedback"] {
        stage.read(queue)?;
    }
    let before = Probe::take(&stage).await?;
    let outreach = stage.queue("outreach")?;
    let work = async {
        stage.fire("collector").await?;
        stage.simulator.quiet(LIMIT).await
    };
    let what = format!("the whole pipeline, model {} ms", latency.as_millis());
    let sent = || outreach.counts().deleted;
    watch(&what, u64::from(all), sent, work).await?;
    let used = before.used(&stage).await?;
    let leads = f64::from(all);
    for function in ["collector", "sender", "feedback"] {
        alone(&stage, function)?;
    }
    let enricher = alone(&stage, "enricher")?;
    arrived(&stage, leads)?;
    note_peaks(peaks);
    stage.end_functions().await?;
    let mut conn = db::acquire(&stage.pool).await?;
    let writes = measures::writes(&mut conn).await?;
    drop(conn);
    // The last batch of events waits for more of them, which is no work.
    let seconds = span(&stage.simulator.invocations());
    stage.close().await?;

    let per_lead = |rows: i64| f64::from(u32::try_from(rows).unwrap_or(u32::MAX)) / leads;
    let all: f64 = used.statements.iter().map(|s| s.seconds).sum();
    let cpu = used.cpu.functions.iter();
    Ok(PipelineFigures {
        model_latency_ms: latency.as_secs_f64() * 1e3,
        leads,
        leads_per_second: leads / seconds,
        enriched_per_second: leads / enricher.seconds,
        busy: busy(&used.cpu, used.took),
        cpu_ms_per_lead: cpu
            .map(|(name, used)| (name.clone(), used * 1e3 / leads))
            .collect(),
        postgres_cpu_ms_per_lead: used.cpu.postgres * 1e3 / leads,
        row_writes_per_lead: writes.iter().map(|writes| per_lead(writes.rows)).sum(),
        row_writes_by_table: writes
            .into_iter()
            .map(|writes| (writes.table, per_lead(writes.rows)))
            .collect(),
        statements_per_lead: used.calls() / leads,
        statements: used
            .statements
            .iter()
            .take(SHOWN)
            .map(|statement| {
                let calls = f64::from(u32::try_from(statement.calls).unwrap_or(u32::MAX));
                StatementFigures {
                    text: shown(&statement.text),
                    calls,
                    mean_ms: statement.seconds * 1e3 / calls,
                    share: statement.seconds / all,
                }
            })
            .collect(),
    })
}

fn note_peaks(peaks: &mut Peaks) {
    for (function, peak) in processes::peaks() {
        let most = peaks.entry(function).or_default();
        *most = most.max(peak);
    }
}

/// Many senders, every message several times, and an SES that takes so many mails a second.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate is positive and small"
)]
pub(super) async fn rate(ground: &Ground, rate: f64) -> Result<RateFigures> {
    let leads = ((rate * AT_RATE) as u32).max(MAILS);
    let stage = Stage::open(
        ground,
        Setting {
            name: "rate",
            leads,
            environments: SENDERS,
            model_latency: Duration::ZERO,
            rate: Some(rate),
            copies: COPIES,
        },
    )
    .await?;
    stage.fire("collector").await?;
    stage.read("enrich")?;
    stage.simulator.quiet(LIMIT).await?;
    // It asks SES what it allows.
    stage.fire("sender").await?;
    let outreach = stage.queue("outreach")?;
    let what = format!("{SENDERS} senders at {rate} mails a second");
    let done = || outreach.counts().deleted / u64::from(COPIES);
    stage.read("outreach")?;
    watch(&what, u64::from(leads), done, stage.simulator.quiet(LIMIT)).await?;
    // What SES refused, or came too late for its slot, waits for the clock. That is no work there.
    let stats = stage.stand_ins.ses().stats();
    let mails = count(usize::try_from(stats.accepted)?);
    let span = Duration::from_millis(stats.span_ms).as_secs_f64();
    let figures = RateFigures {
        rate,
        senders: SENDERS,
        copies: COPIES,
        mails,
        waiting: f64::from(leads) - mails,
        utilisation: (mails - 1.0) / (span * rate),
        throttled: stats.throttled_rate,
        sent_twice: stats.accepted_twice.len(),
        busiest_second: stats.busiest_second,
    };
    stage.close().await?;
    Ok(figures)
}
