//! `cargo local bench --pages`: how long the console's pages take on a database with a million leads and three
//! million mails, as the deployed function answers them.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use comfy_table::{Cell, Color};
use serde::Serialize;
use serde_json::json;
use shared::db::console::figures::{self, Folded, Until};
use shared::db::{self, PgConnection};
use simulated::{Role, TokenRequest};
use sqlx::Row as _;

use super::filled;
use super::stage::{Ground, Setting, Stage};
use super::{BenchArgs, processes, start, starts};
use crate::lambda::HttpRequest;
use crate::output;
use crate::python::Python;
use crate::settings::Settings;

/// Requests of each page that are measured, after some that are not.
const REQUESTS: usize = 60;
const BEFORE: usize = 5;

/// What is asked for, and how long it may take, in milliseconds. `LEAD`, `SEND` and `CAMPAIGN` are ids of rows that are
/// there.
const PAGES: [(&str, &str, f64); 22] = [
    ("/", "", 50.0),
    ("/", "days=90&campaign=CAMPAIGN", 50.0),
    ("/review", "", 50.0),
    ("/leads", "", 50.0),
    ("/leads", "sort=score", 50.0),
    ("/leads", "campaign=CAMPAIGN&state=review&country=US", 50.0),
    ("/leads", "q=rowan", 100.0),
    ("/leads", "q=studio17.example", 100.0),
    ("/leads", "q=trail+run", 100.0),
    ("/leads", "q=nobodyhasthisname", 100.0),
    ("/leads/LEAD", "", 50.0),
    ("/campaigns", "", 50.0),
    ("/campaigns/CAMPAIGN", "", 50.0),
    ("/sends", "", 50.0),
    ("/sends", "show=unknown", 50.0),
    ("/sends", "show=refused&campaign=ended+2", 50.0),
    ("/sends", "show=delivered&campaign=ended+1", 50.0),
    ("/sends", "show=deferred", 50.0),
    ("/sends", "show=unplanned", 50.0),
    ("/sends/SEND", "", 50.0),
    ("/health", "", 50.0),
    ("/audit", "", 50.0),
];

/// What a team meets every day, in a campaign that works: mails that wait, for a person, for an answer of SES, for
/// their time, and some that were refused; and for six minutes now 14 mails a second that left, which is what SES
/// allows a small account, to the leads found last, each with what is recorded of it.
const AT_WORK: &str = "
    update campaigns set status = 'active' where name = 'ended 3';
    update sends s set state = d.state::send_state, reason = d.reason, sent_at = null, ses_message_id = null,
                       slot_at = null, slot_day = null, lease_until = null, created_at = now(), updated_at = now()
    from campaigns c,
         (values (1, 'review', 'low_confidence'), (2, 'unknown', 'no_answer'), (3, 'refused', 'suppressed'),
                 (4, 'queued', null)) d (n, state, reason)
    where c.name = 'ended 3' and s.campaign_id = c.id and s.lead_id % 1000 = d.n;
    update audit_log set at = now() - interval '1 hour' where table_name = 'sends' and actor <> 'bench';
    create temporary table leaving as
        select s.id, s.content_hash, now() - row_number() over (order by f.found_at desc, s.id) * interval '1 second' / 14 as at
        from sends s
        join campaigns c on c.id = s.campaign_id
        join sources o on o.campaign_id = c.id
        join lead_sources f on f.lead_id = s.lead_id and f.source_id = o.id
        where c.name = 'ended 3' and s.state = 'delivered'
        order by at desc limit 14 * 60 * 6;
    update sends s set sent_at = l.at from leaving l where s.id = l.id;
    insert into audit_log (at, actor, table_name, row_key, action, after)
    select l.at, 'bench', 'sends', l.id::text, d.action,
           jsonb_build_object('state', d.state, 'reason', null, 'fence', 1, 'not_before', l.at,
                              'content_hash', l.content_hash)
    from leaving l
    cross join (values (1, 'insert', 'queued'), (2, 'update', 'calling'), (3, 'update', 'sent'),
                       (4, 'update', 'delivered')) d (n, action, state)
    order by l.at, d.n;";

/// The rollups as the sweeps of a year would have left them: their number of rows counts here, not what they say.
const ROLL_UP: &str = "
    insert into figures_hours (hour, campaign_id, source_id, platform, stored, found, assessed, by_model, qualified,
                               planned, mailed, delivered, mails, mails_delivered)
    select date_trunc('hour', f.found_at), s.campaign_id, s.id, l.source, count(*), count(*), count(*), count(*), count(*),
           count(*), count(*), count(*), count(*), count(*)
    from lead_sources f join sources s on s.id = f.source_id join leads l on l.id = f.lead_id
    group by 1, 2, 3, 4
    on conflict do nothing;
    insert into figures_days (day, campaign_id, source_id, platform, kind, detail, amount)
    select h.hour::date, h.campaign_id, h.source_id, h.platform, d.kind, d.detail, sum(h.found)
    from figures_hours h
    cross join (select 'score' as kind, n::text as detail from generate_series(0, 9) n
                union all select 'confidence', n::text from generate_series(0, 9) n
                union all select 'wait', n::text from generate_series(1, 12) n) d
    group by 1, 2, 3, 4, 5, 6
    on conflict do nothing;
    update figures_state set folded_until = now() - interval '6 minutes';
    analyze figures_hours; analyze figures_days";

/// One page, measured.
#[derive(Debug, Serialize)]
struct Timing {
    page: String,
    p50_ms: f64,
    p95_ms: f64,
    limit_ms: f64,
}

/// The process that answered.
#[derive(Debug, Serialize)]
struct Process {
    /// From its start until it asks for work.
    start_p90_ms: f64,
    /// The most memory it held, after all pages.
    peak_mb: f64,
}

impl Process {
    const LONGEST_START_MS: f64 = 30.0;
    const MOST_MB: f64 = 40.0;

    fn is_small(&self) -> bool {
        self.start_p90_ms <= Self::LONGEST_START_MS && self.peak_mb <= Self::MOST_MB
    }

    fn show(&self) {
        let text = format!(
            "starts in {:.1} ms (p90, limit {:.0}), held {:.1} MB at the most (limit {:.0})",
            self.start_p90_ms,
            Self::LONGEST_START_MS,
            self.peak_mb,
            Self::MOST_MB,
        );
        output::step("The console", text);
    }
}

/// Measures every page, and fails where one is slower than it may be.
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
    ground.template = Some(filled::fill(&ground.cluster).await?);
    let setting = Setting {
        name: "pages",
        leads: 1,
        environments: 1,
        model_latency: Duration::ZERO,
        rate: None,
        copies: 1,
    };
    let stage = Stage::open(&ground, setting).await?;
    let mut conn = db::acquire(&stage.pool).await?;
    output::step("Preparing", "a campaign at work, and the rollups of a year");
    sqlx::raw_sql(AT_WORK).execute(&mut *conn).await?;
    let vacuum = sqlx::raw_sql("vacuum (analyze) sends, audit_log");
    vacuum.execute(&mut *conn).await?;
    sqlx::raw_sql(ROLL_UP).execute(&mut *conn).await?;
    sweep_a_minute_ago(&mut conn).await?;
    let ids = ids(&mut conn).await?;
    drop(conn);
    let mut timings = Vec::new();
    for (path, query, limit_ms) in PAGES {
        let named = |text: &str| {
            let pairs = ids.iter();
            pairs.fold(text.to_owned(), |text, (word, id)| {
                text.replace(word, &id.to_string())
            })
        };
        timings.push(measure(&stage, &named(path), &named(query), limit_ms).await?);
    }
    let peak_mb = processes::peaks().get("console").copied();
    stage.close().await?;
    let binary = ground.binaries.get("console");
    let starts = starts::measure("console", binary.context("there is no console")?).await?;
    let process = Process {
        start_p90_ms: starts.p90_ms,
        peak_mb: peak_mb.context("the console's memory cannot be read here")?,
    };
    show(&timings);
    process.show();
    if let Some(path) = &args.json {
        let report = json!({ "pages": timings, "process": process });
        std::fs::write(path, serde_json::to_vec_pretty(&report)?)?;
    }
    let is_quick = |timing: &Timing| timing.p95_ms <= timing.limit_ms;
    Ok(match timings.iter().all(is_quick) && process.is_small() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Has the figures counted as by a sweep whose successor is about to come: never do pages count more.
async fn sweep_a_minute_ago(conn: &mut PgConnection) -> Result<()> {
    let row = sqlx::query("select now() - interval '1 minute'");
    let then = Until::at(row.fetch_one(&mut *conn).await?.try_get(0)?);
    loop {
        match figures::fold(conn, then, figures::AT_ONCE).await? {
            Folded::Until(folded) if folded < then.settled => {}
            Folded::Until(_) => return Ok(()),
            Folded::Busy => bail!("another sweep is adding figures up"),
        }
    }
}

async fn ids(conn: &mut PgConnection) -> Result<[(&'static str, i64); 3]> {
    let row = sqlx::query(
        "select (select id from leads order by id offset 5000 limit 1),
                (select id from sends order by id offset 5000 limit 1),
                (select id from campaigns where name = 'ended 3')",
    );
    let row = row.fetch_one(conn).await?;
    Ok([
        ("LEAD", row.try_get(0)?),
        ("SEND", row.try_get(1)?),
        ("CAMPAIGN", row.try_get(2)?),
    ])
}

async fn measure(stage: &Stage<'_>, path: &str, query: &str, limit_ms: f64) -> Result<Timing> {
    let issuer = stage.stand_ins.issuer();
    let token = issuer.access_token(&TokenRequest::of(Role::Admin));
    let token = token.context("the stand-in issuer gives no token")?;
    let console = stage.function("console")?;
    let mut times = Vec::new();
    for request in 0..BEFORE + REQUESTS {
        let mut asked = HttpRequest::new("GET", path);
        query.clone_into(&mut asked.query);
        let asked = asked.header("authorization", format!("Bearer {token}"));
        let begun = Instant::now();
        let answer = console.request(asked).await;
        let took = begun.elapsed().as_secs_f64() * 1_000.0;
        ensure!(
            answer.status == 200,
            "{path}?{query} answers {}: {}",
            answer.status,
            answer.text()
        );
        if request >= BEFORE {
            times.push(took);
        }
    }
    times.sort_by(f64::total_cmp);
    let at = |share: usize| {
        times
            .get(times.len() * share / 100)
            .copied()
            .unwrap_or_default()
    };
    Ok(Timing {
        page: match query {
            "" => path.to_owned(),
            query => format!("{path}?{query}"),
        },
        p50_ms: at(50),
        p95_ms: at(95),
        limit_ms,
    })
}

fn show(timings: &[Timing]) {
    output::heading("Pages on 1,000,000 leads and 3,000,000 mails");
    let mut table = output::table(["page", "p50 ms", "p95 ms", "limit"]);
    for timing in timings {
        let is_quick = timing.p95_ms <= timing.limit_ms;
        let colour = if is_quick { Color::Green } else { Color::Red };
        table.add_row([
            Cell::new(&timing.page),
            output::number(format_args!("{:.1}", timing.p50_ms)),
            output::number(format_args!("{:.1}", timing.p95_ms)).fg(colour),
            output::number(format_args!("{:.0}", timing.limit_ms)),
        ]);
    }
    output::line(table);
}
