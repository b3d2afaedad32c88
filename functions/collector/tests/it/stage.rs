use std::time::Duration;

use collector::{CollectError, Deps, Done, Ended, RunReport};
use serde_json::{Value, json};
use shared::config::Collector;
use shared::db::PgPool;
use shared::deadline::Deadline;
use shared::domain::ids::{CampaignId, SourceId};
use shared::testing::{self, TestQueue};

use crate::replay::Replay;

/// A collector with a database, a queue and stand-ins of its own.
pub(crate) struct Stage {
    pub(crate) pool: PgPool,
    pub(crate) queue: TestQueue,
    pub(crate) stand_ins: Replay,
    pub(crate) campaign: CampaignId,
    pub(crate) deps: Deps,
}

impl Stage {
    pub(crate) async fn new(pool: PgPool) -> Self {
        let stand_ins = Replay::start().await;
        let queue = TestQueue::create(&testing::sdk(None), &pool, "collect").await;
        let deps = wire(&pool, &queue.url, &stand_ins.base, &stand_ins.base);
        let campaign = testing::campaign(&pool, "demo").await;
        Self {
            pool,
            queue,
            stand_ins,
            campaign,
            deps,
        }
    }

    /// A stage with the plain list `list`, which the scripted server gives.
    pub(crate) async fn with_list(pool: PgPool) -> (Self, SourceId) {
        let stage = Self::new(pool).await;
        let source = stage.source("list", "simulated", json!({})).await;
        (stage, source)
    }

    /// Another collector on the same stage, as another environment of the function is one.
    pub(crate) fn another(&self) -> Deps {
        let base = &self.stand_ins.base;
        wire(&self.pool, &self.queue.url, base, base)
    }

    pub(crate) async fn source(&self, name: &str, kind: &str, params: Value) -> SourceId {
        testing::source(&self.pool, self.campaign, name, kind, params).await
    }

    /// Runs everything that is due.
    pub(crate) async fn run(&self) -> Vec<RunReport> {
        run(&self.deps).await.unwrap()
    }

    /// Runs everything that is due, which is one source.
    pub(crate) async fn run_one(&self) -> RunReport {
        let mut reports = self.run().await;
        assert_eq!(reports.len(), 1, "{reports:?}");
        reports.remove(0)
    }

    /// Every lead without its row number and times, by platform and username.
    pub(crate) async fn leads(&self) -> Vec<Value> {
        let sql = "select to_jsonb(l) - '{id,created_at,updated_at,enrich_requested_at,profile_changed_at}'::text[]
                   from leads l order by source, username";
        sqlx::query_scalar(sql).fetch_all(&self.pool).await.unwrap()
    }

    /// Every lead with everything that is stored of it, and where it was found.
    pub(crate) async fn everything(&self) -> Vec<Value> {
        let sql = "select to_jsonb(l) || jsonb_build_object('found', (
                       select jsonb_agg(to_jsonb(ls) order by ls.source_id)
                       from lead_sources ls where ls.lead_id = l.id))
                   from leads l order by source, username";
        sqlx::query_scalar(sql).fetch_all(&self.pool).await.unwrap()
    }

    /// The row of the lead with this username.
    pub(crate) async fn lead(&self, username: &str) -> Value {
        let sql = "select to_jsonb(l) from leads l where username = $1";
        let query = sqlx::query_scalar(sql).bind(username);
        query.fetch_one(&self.pool).await.unwrap()
    }

    pub(crate) async fn lead_ids(&self) -> Vec<i64> {
        let sql = "select id from leads order by id";
        sqlx::query_scalar(sql).fetch_all(&self.pool).await.unwrap()
    }

    pub(crate) async fn cursor(&self, source: SourceId) -> Value {
        let sql = "select cursor from sources where id = $1";
        let query = sqlx::query_scalar(sql).bind(source.0);
        query.fetch_one(&self.pool).await.unwrap()
    }

    /// Ends the lease of every source, as time would.
    pub(crate) async fn let_leases_end(&self) {
        let sql = "update sources set lease_until = now() - interval '1 second'
                   where lease_until is not null";
        sqlx::query(sql).execute(&self.pool).await.unwrap();
    }
}

/// A collector wired to these servers; any token does.
pub(crate) fn wire(pool: &PgPool, queue_url: &str, x: &str, list: &str) -> Deps {
    let lookup = testing::lookup(&[
        (
            "DATABASE_URL",
            testing::database_url_of(pool, "collector").expose(),
        ),
        ("RECIPIENT_HASH_KEY", &testing::hash_key_text()),
        ("ENRICH_QUEUE_URL", queue_url),
        ("X_API_BASE", x),
        ("X_BEARER_TOKEN", "app-token"),
        ("SIMULATED_API_BASE", list),
    ]);
    Deps::new(
        Collector::from_lookup(&lookup).unwrap(),
        &testing::sdk(None),
    )
    .unwrap()
}

/// One invocation that runs sources.
pub(crate) async fn handle(
    deps: &Deps,
    event: Value,
    deadline: Deadline,
) -> Result<Vec<RunReport>, CollectError> {
    match collector::handle(deps, event, deadline).await? {
        Done::Ran(reports) => Ok(reports),
        Done::Tried(tried) => panic!("it tries: {tried:?}"),
    }
}

/// One invocation with the full time.
pub(crate) async fn run(deps: &Deps) -> Result<Vec<RunReport>, CollectError> {
    handle(deps, json!({}), Deadline::within(Duration::from_secs(300))).await
}

/// A row of the plain list: a runner from Texas with everything that a good lead has.
pub(crate) fn person(username: &str) -> Value {
    json!({
        "platform": "x",
        "id": format!("id-{username}"),
        "username": username,
        "name": "Ana Fit",
        "bio": "Trail runner and coach.",
        "email": format!("{username}@example.org"),
        "location": "Austin, TX",
        "followers": 15_200,
        "verified": true,
    })
}

/// The same row with some fields changed; null removes one.
pub(crate) fn but(mut row: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            row.as_object_mut().unwrap().remove(name);
        } else {
            row[name] = value.clone();
        }
    }
    row
}

/// (new, updated, unchanged, duplicates, erased, conflicts, bad).
pub(crate) fn counts(report: &RunReport) -> [usize; 7] {
    [
        report.new,
        report.updated,
        report.unchanged,
        report.duplicates,
        report.erased,
        report.conflicts,
        report.bad,
    ]
}

/// What a person must mend before the source can go on.
#[track_caller]
pub(crate) fn attention(report: &RunReport) -> &str {
    match &report.ended {
        Ended::NeedsAttention { why, .. } => why,
        other => panic!("{other:?}"),
    }
}
