//! A batch costs the same number of statements, however large it is.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use sqlx::PgPool;
use tracing_subscriber::{Layer, layer::SubscriberExt};

use crate::stage::{Stage, come_again, deliver};

/// Counts what sqlx says it ran.
struct Counter(Arc<AtomicUsize>);

impl<S: tracing::Subscriber> Layer<S> for Counter {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        if event.metadata().target() == "sqlx::query" {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn one_ten_and_a_hundred_leads_take_as_many_statements(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let mut counts = Vec::new();
    for size in [1, 10, 100] {
        let leads = stage.crowd(&format!("batch{size}_"), size).await;
        let deps = stage.deps(&[("OPENAI_TIMEOUT_SECONDS", "20")]);
        let first = counted(&stage, &deps, &leads).await;
        let again = counted(&stage, &deps, &leads).await;
        let done = stage.enriched_of(&leads).await;
        assert!(done.len() == size && done.iter().all(|row| row.method == "model"));
        counts.push((first, again));
    }
    assert_eq!(counts, [counts[0]; 3], "first and second delivery, by size");
    let (first, again) = counts[0];
    // Read, reserve, settle, begin, record; sqlx does not log the commit.
    assert_eq!(first, 5);
    // Read, and clear what was asked for meanwhile.
    assert!((1..=2).contains(&again), "{again}");
}

async fn counted(stage: &Stage, deps: &enricher::Deps, leads: &[i64]) -> usize {
    let count = Arc::new(AtomicUsize::new(0));
    let subscriber = || tracing_subscriber::registry().with(Counter(Arc::clone(&count)));
    // The test's runtime has one thread, and this is it. Another thread that logs its first
    // statement at this very moment can switch the event off: then once more.
    let guard = loop {
        let guard = tracing::subscriber::set_default(subscriber());
        stage.number("select 1::bigint").await;
        if count.swap(0, Ordering::Relaxed) > 0 {
            break guard;
        }
    };
    let response = deliver(deps, leads).await.unwrap();
    drop(guard);
    assert_eq!(come_again(&response), [0; 0]);
    count.load(Ordering::Relaxed)
}
