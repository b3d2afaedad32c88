//! Killed anywhere, the next delivery ends what was begun, at the price of one call at most.

use std::{future::Future, task::Poll, time::Duration};

use enricher::handle;
use shared::testing;
use sqlx::PgPool;

use crate::stage::{AMPLE, Stage, come_again, deliver, paid, within};

const LEASE_RUNS_OUT: &str = "update model_calls set lease_until = now() - interval '1 second'
                              where state = 'calling'";

const TWO_CALLS: &str = "select 2 * max(reserved_micros) from model_calls";
const UNUSED_BUDGET: &str = "select (select sum(micros) from model_spend)::bigint
                                 - (select sum(cost_micros) from model_calls)::bigint";

/// Polls the future so often and drops it, as a killed function would. `Some` if it had ended.
async fn killed_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = Box::pin(future);
    let mut left = polls;
    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        let polled = future.as_mut().poll(context).map(Some);
        if polled.is_pending() && left == 0 {
            return Poll::Ready(None);
        }
        polled
    })
    .await
}

/// Waits until PostgreSQL has noticed that the client is gone: what was on its way may still take effect.
async fn gone(stage: &Stage) {
    let mut look = tokio::time::interval(Duration::from_millis(5));
    let left = "select count(*) from pg_stat_activity
                where datname = current_database() and application_name = 'enricher'";
    while stage.number(left).await > 0 {
        look.tick().await;
    }
}

/// At each of its pauses once, until it is no longer killed: the step before each is then the only
/// thing that can have happened. A busy machine may have two answers ready at once, and one pause less:
/// all begin again where none was in the middle of a call.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn kill_anywhere_pays_at_most_twice(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let mut extra = 0;
    let mut unused = 0;
    let (mut ended, mut begun_again) = (false, 0);
    let (mut polls, mut kills) = (0, 0);
    while !ended {
        polls += 1;
        kills += 1;
        assert!(polls < 500, "it must end");
        let model = format!("killed-{kills}");
        let variables = [("OPENAI_MODEL", model.as_str())];
        let leads = stage.crowd(&format!("killed{kills}_"), 2).await;
        let event = testing::rows_event(&leads);
        let deps = stage.deps(&variables);
        let outcome = killed_after(polls, Box::pin(handle(&deps, event, within(AMPLE)))).await;
        ended = outcome.is_some();
        drop(deps);
        gone(&stage).await;

        // The lease of the one who was killed runs out; another takes over.
        stage.run(LEASE_RUNS_OUT).await;
        let response = deliver(&stage.deps(&variables), &leads).await.unwrap();
        assert_eq!(come_again(&response), [0; 0], "after {polls}");

        let rows = stage.enriched_of(&leads).await;
        assert_eq!(rows.len(), 2, "after {polls}");
        for row in &rows {
            assert_eq!(
                (row.method.as_str(), row.version),
                ("model", 1),
                "after {polls}: {row:?}"
            );
            assert_eq!(row.state.as_deref(), Some("queued"), "after {polls}");
        }
        let calls = stage.calls(&model).await;
        assert_eq!(calls["answered"], 2, "after {polls}");
        assert!(
            paid(&calls) <= 4 && !calls.contains_key("calling"),
            "after {polls}: {calls:?}"
        );
        extra += paid(&calls) - 2;
        // Killed beside a statement for the budget, it leaves what it took for its two calls, at most.
        let two_calls = stage.number(TWO_CALLS).await;
        let more = stage.number(UNUSED_BUDGET).await - unused;
        assert!(
            (0..=two_calls).contains(&more),
            "after {polls}: {more} of the budget for no call"
        );
        unused += more;
        if ended && extra == 0 && begun_again < 5 {
            (ended, begun_again, polls) = (false, begun_again + 1, 0);
        }
    }
    assert!(
        extra > 0,
        "it was never killed in the middle of a call ({polls} pauses)"
    );
    assert!(polls > 10, "it was killed at {polls} pauses only");
    assert_eq!(stage.pending().await, [0; 0]);
    let stats = stage.stand_ins.stats().model;
    let on_record = stage
        .number("select count(*) from model_calls where state <> 'failed'")
        .await;
    let paid_there = i64::try_from(stats.paid_calls).unwrap();
    assert!(
        paid_there <= on_record,
        "{paid_there} paid, {on_record} on record"
    );
    let most = "select max(n) from (select count(*) n from model_calls group by request_key) c";
    assert_eq!(stage.number(most).await, 2, "one crash, one call more");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn no_second_call_before_lease_ends(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let leads = stage.leads(&["held"]).await;
    killed_while_asking(&stage, &leads).await;

    let response = deliver(&stage.deps(&[]), &leads).await.unwrap();
    assert_eq!(come_again(&response), [0]);
    assert_eq!(stage.stand_ins.stats().model.requests, 1);
    assert_eq!(stage.pending().await, leads);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn three_crashes_end_with_the_rules(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let leads = stage.leads(&["unlucky"]).await;
    for _ in 0..3 {
        killed_while_asking(&stage, &leads).await;
        stage.run(LEASE_RUNS_OUT).await;
    }
    deliver(&stage.deps(&[]), &leads).await.unwrap();
    let rows = stage.enriched().await;
    assert_eq!(rows[0].method, "rules");
    assert_eq!(rows[0].outcome, "review");
    assert_eq!(stage.stand_ins.stats().model.requests, 3);
    assert_eq!(stage.calls("gpt-4.1-mini").await["lost"], 3);
    let booked = stage.number("select cost_micros from enriched_leads").await;
    let spent = stage.number("select micros from model_spend").await;
    assert!(booked > 0 && booked == spent, "{booked} of {spent}");
}

/// The function is killed while the model works on its question.
async fn killed_while_asking(stage: &Stage, leads: &[i64]) {
    stage.stand_ins.model(|model| model.latency_ms(60_000, 0));
    let before = stage.stand_ins.stats().model.requests;
    let deps = stage.deps(&[("OPENAI_TIMEOUT_SECONDS", "60")]);
    let until_asked = async {
        let mut look = tokio::time::interval(Duration::from_millis(5));
        while stage.stand_ins.stats().model.requests == before {
            look.tick().await;
        }
    };
    tokio::select! {
        ended = deliver(&deps, leads) => unreachable!("{ended:?}"),
        () = until_asked => {}
    }
    drop(deps);
    gone(stage).await;
    stage.stand_ins.model(simulated::ModelBehaviour::clear);
}
