//! What a day may cost is reserved before a call and settled after it.

use std::time::Duration;

use futures::future::join_all;
use proptest::{collection::vec, prelude::*, strategy::ValueTree, test_runner::TestRunner};
use serde_json::json;
use shared::{
    db::{
        PgConnection,
        model_calls::{self, Inquiry, OutageChange, Reservation, SettledCall, Terms},
    },
    domain::model_calls::{CallFault, CallState},
    testing,
};
use simulated::ModelFault;
use sqlx::PgPool;

use crate::stage::{AMPLE, Stage, come_again, deliver, within};

/// With these prices the longest answer costs 1000 millionths, and the question nothing.
const PRICES: [(&str, &str); 2] = [
    ("OPENAI_INPUT_USD_PER_MILLION", "0"),
    ("OPENAI_OUTPUT_USD_PER_MILLION", "2"),
];

fn with_budget(dollars: &str) -> [(&str, &str); 3] {
    [PRICES[0], PRICES[1], ("MODEL_DAILY_BUDGET_USD", dollars)]
}

const SPENT: &str = "select coalesce(sum(micros), 0)::bigint from model_spend";
const COSTS: &str = "select coalesce(sum(cost_micros), 0)::bigint from model_calls";

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn budget_for_three_defers_the_rest(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let leads = stage.crowd("dear", 8).await;
    let deps = stage.deps(&with_budget("0.003"));

    let response = deliver(&deps, &leads).await.unwrap();
    assert_eq!(
        come_again(&response),
        [0; 0],
        "not the queue, the sweep brings them back"
    );
    assert_eq!(stage.stand_ins.stats().model.paid_calls, 3);
    let done: Vec<_> = stage
        .enriched()
        .await
        .iter()
        .map(|row| row.lead_id)
        .collect();
    assert_eq!(done.len(), 3);
    let pending = stage.pending().await;
    assert_eq!(pending.len(), 5);
    assert!(pending.iter().all(|id| !done.contains(id)));
    assert_eq!(stage.number(SPENT).await, stage.number(COSTS).await);

    // The next day: yesterday's spend is yesterday's.
    stage
        .run(
            "update model_spend set day = day - 1;
              update leads set enrich_requested_at = now() - interval '1 day', enrich_next_at = now()
              where enrich_requested_at is not null",
        )
        .await;
    stage.enrich.published().await;
    let swept = enricher::handle(&deps, json!({}), within(AMPLE))
        .await
        .unwrap();
    assert_eq!(swept, json!({"published": 5}));
    let published = stage.enrich.published().await;
    assert_eq!(published, pending);
    deliver(&deps, &published).await.unwrap();
    assert_eq!(stage.stand_ins.stats().model.paid_calls, 6);
    assert_eq!(stage.pending().await.len(), 2);
    assert_eq!(stage.number(SPENT).await, stage.number(COSTS).await);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn zero_budget_asks_nothing_and_stores_nothing(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let leads = stage.crowd("broke", 3).await;
    let response = deliver(&stage.deps(&with_budget("0")), &leads)
        .await
        .unwrap();
    assert_eq!(come_again(&response), [0; 0]);
    assert_eq!(stage.stand_ins.stats().model.requests, 0);
    assert_eq!(stage.enriched().await, []);
    assert_eq!(stage.pending().await, leads);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn concurrent_workers_never_exceed_the_cap(pool: PgPool) {
    let stage = Stage::new(pool).await;
    // The database itself says so, at every moment: who exceeds it fails.
    stage
        .run("alter table model_spend add constraint cap check (micros <= 10000)")
        .await;
    stage.stand_ins.model(|model| {
        model
            .latency_ms(50, 100)
            .share(ModelFault::Malformed, 0.2)
            .share(ModelFault::CutOff, 0.2)
    });
    let leads = stage.crowd("race", 36).await;
    let workers: Vec<_> = (0..6).map(|_| stage.deps(&with_budget("0.01"))).collect();
    for _ in 0..2 {
        let pending = stage.pending().await;
        let batches = pending.chunks(pending.len().div_ceil(workers.len()).max(1));
        let work = workers.iter().zip(batches);
        let responses = join_all(work.map(|(deps, batch)| Box::pin(deliver(deps, batch)))).await;
        for response in responses {
            response.unwrap();
        }
    }
    let spent = stage.number(SPENT).await;
    assert_eq!(spent, stage.number(COSTS).await);
    assert!(spent > 0 && spent <= 10_000, "{spent}");
    let (done, pending) = (stage.enriched().await.len(), stage.pending().await.len());
    assert_eq!(
        done + pending,
        leads.len(),
        "each is either answered or pending"
    );
    assert!(done > 0 && pending > 0, "{done} done, {pending} pending");
}

/// Any order of reserving and settling, against the sum of what is open and what was paid.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn reservations_stay_within_cap_in_any_order(pool: PgPool) {
    let mut runner = TestRunner::default();
    let step = (0_u8..12, 1_i64..=100, any::<bool>());
    let strategy = (vec(step, 1..25), 0_i64..1_000);
    for case in 0..24_u8 {
        let tree = strategy.new_tree(&mut runner).unwrap();
        let (steps, budget) = tree.current();
        run_case(&pool, case, &steps, budget).await;
    }
}

async fn run_case(pool: &PgPool, case: u8, steps: &[(u8, i64, bool)], budget: i64) {
    sqlx::raw_sql("truncate model_calls, model_spend")
        .execute(pool)
        .await
        .unwrap();
    let mut conn = pool.acquire().await.unwrap();
    let mut open: Vec<(model_calls::RequestKey, i32, i64)> = Vec::new();
    let mut paid = 0;
    for (n, (width, micros, settle)) in steps.iter().enumerate() {
        if *settle && !open.is_empty() {
            let (key, attempt, reserved) = open.swap_remove(n % open.len());
            let cost = reserved.min(*micros);
            paid += cost;
            let call = SettledCall {
                key,
                attempt,
                state: CallState::Unusable,
                fault: Some(CallFault::NoJson),
                answer: None,
                input_tokens: 1,
                output_tokens: 1,
                cost_micros: cost,
            };
            // Twice: a settled call is not settled again.
            for _ in 0..2 {
                model_calls::settle(
                    &mut conn,
                    std::slice::from_ref(&call),
                    OutageChange::None,
                    terms(LEASE),
                )
                .await
                .unwrap();
            }
        } else {
            let keys: Vec<_> = (0..*width)
                .map(|w| {
                    let mut key = [case; 32];
                    key[0] = w;
                    key[1] = u8::try_from(n).unwrap();
                    key
                })
                .collect();
            let terms = Terms {
                model: "m",
                setup: [0; 32],
                call_micros: *micros,
                daily_budget_micros: budget,
                lease: Duration::from_secs(90),
            };
            let answers = reserved(&mut conn, &keys, terms).await;
            for (key, answer) in keys.iter().zip(answers) {
                if let Reservation::Ask { attempt, .. } = answer {
                    open.push((*key, attempt, *micros));
                }
            }
        }
        let reserved: i64 = open.iter().map(|(_, _, micros)| micros).sum();
        let spent: Option<i64> = sqlx::query_scalar("select micros from model_spend")
            .fetch_optional(&mut *conn)
            .await
            .unwrap();
        assert_eq!(spent.unwrap_or(0), reserved + paid, "{steps:?} of {budget}");
        assert!(reserved + paid <= budget, "{steps:?} of {budget}");
    }
}

const LEASE: Duration = Duration::from_secs(90);

async fn reserved(
    conn: &mut PgConnection,
    keys: &[model_calls::RequestKey],
    terms: Terms<'_>,
) -> Vec<Reservation> {
    let inquiries: Vec<Inquiry> = keys.iter().copied().map(Inquiry::from).collect();
    let reserved = model_calls::reserve(conn, &inquiries, terms).await.unwrap();
    reserved.each.into_iter().map(|(each, _)| each).collect()
}

fn ask(attempt: i32) -> Reservation {
    Reservation::Ask {
        attempt,
        after: None,
    }
}

fn terms(lease: Duration) -> Terms<'static> {
    Terms {
        model: "m",
        setup: [0; 32],
        call_micros: 10,
        daily_budget_micros: 100,
        lease,
    }
}

fn answered(key: [u8; 32], attempt: i32) -> SettledCall {
    SettledCall {
        key,
        attempt,
        state: CallState::Answered,
        fault: None,
        answer: Some("yes".to_owned()),
        input_tokens: 1,
        output_tokens: 1,
        cost_micros: 5,
    }
}

/// What the other worker took while this one waited is gone.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn waiting_reservation_counts_what_others_took(pool: PgPool) {
    let mut conn = shared::db::acquire(&pool).await.unwrap();
    let first = reserved(&mut conn, &[[0; 32]], terms(LEASE)).await;
    assert_eq!(first, [ask(1)]);

    let mut other = pool.begin().await.unwrap();
    sqlx::query("update model_spend set micros = micros + 60")
        .execute(&mut *other)
        .await
        .unwrap();
    let keys: Vec<_> = (1..=8).map(|n| [n; 32]).collect();
    let release = async {
        testing::until_waiting(&pool, Duration::ZERO).await;
        other.commit().await.unwrap();
    };
    let (each, ()) = tokio::join!(reserved(&mut conn, &keys, terms(LEASE)), release);
    let asked = each.iter().filter(|each| **each == ask(1)).count();
    assert_eq!(asked, 3, "of 100, 70 are taken and a call is 10: {each:?}");
    let spent: i64 = sqlx::query_scalar("select micros from model_spend")
        .fetch_one(&mut *conn)
        .await
        .unwrap();
    assert_eq!(spent, 100);
}

/// Neither holds the calls while it waits for the day's budget, so that they cannot wait in a circle.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn reserve_during_settle_finds_the_answer(pool: PgPool) {
    let mut conn = shared::db::acquire(&pool).await.unwrap();
    let keys = [[7; 32]];
    let lease = Duration::from_secs(90);
    let first = reserved(&mut conn, &keys, terms(lease)).await;
    assert_eq!(first, [ask(1)]);

    // The settling worker has stored the answer and wants the day.
    let mut day = pool.begin().await.unwrap();
    sqlx::query("select 1 from model_spend for no key update")
        .execute(&mut *day)
        .await
        .unwrap();
    let settling = async {
        let mut conn = shared::db::acquire(&pool).await.unwrap();
        let calls = [answered([7; 32], 1)];
        model_calls::settle(&mut conn, &calls, OutageChange::None, terms(LEASE)).await
    };
    let reserving = async {
        testing::until_waiting(&pool, Duration::ZERO).await;
        let release = async { day.rollback().await.unwrap() };
        let second = reserved(&mut conn, &keys, terms(lease));
        tokio::join!(second, release).0
    };
    let (settled, second) = tokio::join!(settling, reserving);
    settled.unwrap();
    let answer = "yes".to_owned();
    assert_eq!(second, [Reservation::Answered { answer }]);
    let spent: i64 = sqlx::query_scalar("select micros from model_spend")
        .fetch_one(&mut *conn)
        .await
        .unwrap();
    assert_eq!(spent, 5);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn reserve_after_lost_leases_gives_the_question_up(pool: PgPool) {
    let mut conn = shared::db::acquire(&pool).await.unwrap();
    let keys = [[7; 32]];
    let exhausted = Reservation::Exhausted {
        fault: Some(CallFault::Crashed),
        answer: None,
    };
    // The last lease ends after it was looked at.
    let last = Reservation::Exhausted {
        fault: None,
        answer: None,
    };
    for expected in [ask(1), ask(2), ask(3), last, exhausted] {
        let reserved = reserved(&mut conn, &keys, terms(Duration::ZERO)).await;
        assert_eq!(reserved, [expected]);
    }
    let lost: i64 = sqlx::query_scalar("select count(*) from model_calls where state = 'lost'")
        .fetch_one(&mut *conn)
        .await
        .unwrap();
    assert_eq!(lost, 3);
}

/// Its number is past a smallint's, and it does not stop the others of its batch.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn reserve_after_very_many_failures_counts_on(pool: PgPool) {
    let mut conn = shared::db::acquire(&pool).await.unwrap();
    sqlx::query(
        "insert into model_calls (request_key, attempt, state, lease_until, model, reserved_micros, created_at)
         values ($1, 32767, 'failed', now(), 'm', 10, now() - interval '2 days')",
    )
    .bind([7_u8; 32].as_slice())
    .execute(&mut *conn)
    .await
    .unwrap();
    let reserved = reserved(&mut conn, &[[7; 32], [8; 32]], terms(Duration::ZERO)).await;
    assert_eq!(reserved, [ask(32_768), ask(1)]);
}

/// Two who ask at midnight may each lock a day of their own.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn call_under_way_elsewhere_is_waited_for(pool: PgPool) {
    let keys = [[7; 32]];
    let terms = Terms {
        model: "m",
        setup: [0; 32],
        call_micros: 10,
        daily_budget_micros: 100,
        lease: Duration::from_secs(90),
    };
    // Asks who has locked yesterday's row.
    let mut first = pool.begin().await.unwrap();
    sqlx::query(
        "insert into model_calls (request_key, attempt, lease_until, model, reserved_micros)
         values ($1, 1, now() + interval '90 s', 'm', 10)",
    )
    .bind(keys[0].as_slice())
    .execute(&mut *first)
    .await
    .unwrap();
    let second = async {
        let mut conn = shared::db::acquire(&pool).await.unwrap();
        reserved(&mut conn, &keys, terms).await
    };
    let commit = async {
        testing::until_waiting(&pool, Duration::ZERO).await;
        first.commit().await.unwrap();
    };
    let (second, ()) = tokio::join!(second, commit);
    assert_eq!(second, [Reservation::Busy]);
}
