//! Settle batches of every outcome at once with the events of the same sends and with an operator who
//! closes the breakers of their campaigns: what review found to deadlock once.

use std::cell::Cell;

use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};
use shared::{
    db::{
        PgPool, operator,
        sends::{self, Outcome},
    },
    domain::{quota::Throttling, reason::Reason, send_state::SendState},
    testing,
};

use crate::{
    fixture::{Fixture, wired},
    notifications::{at, complaint, delivery, hard, mail, send},
};

const ROUNDS: usize = 10;
/// Of each campaign in a round.
const MAILS: usize = 48;
/// How often a batch is armed that was held up.
const TRIES: usize = 3;
const THROTTLED: Throttling = Throttling {
    rate: true,
    quota: false,
};

/// How the call of the `n`th send ends, and what its state is once its events are in.
fn script(n: usize) -> (SendState, Option<Reason>, SendState) {
    use SendState::{Bounced, Complained, Delivered, Queued, Rejected, Sent, Unknown};
    match n % 9 {
        0 => (Sent, None, Delivered),
        1 => (Sent, None, Bounced),
        2 => (Sent, None, Complained),
        3 => (Sent, None, Sent),
        4 => (Queued, Some(Reason::Throttled), Queued),
        5 => (Queued, Some(Reason::LateForSlot), Queued),
        6 => (Queued, Some(Reason::MailerRefuses), Queued),
        7 => (Rejected, Some(Reason::MailRejected), Rejected),
        _ => (Unknown, Some(Reason::NoAnswer), Delivered),
    }
}

fn events(ids: &[i64]) -> Vec<String> {
    let mut events = Vec::new();
    for (n, id) in ids.iter().enumerate() {
        let mail = mail(*id, n);
        let last = match script(n).2 {
            SendState::Delivered => delivery(&mail, &at(2)),
            SendState::Bounced => hard(&mail),
            SendState::Complained => complaint(&mail, "abuse"),
            _ => continue,
        };
        events.extend([send(&mail).to_string(), last.to_string()]);
    }
    events
}

async fn armed(pool: &PgPool, ids: &[i64]) -> Vec<Vec<Outcome>> {
    let mut conn = pool.acquire().await.unwrap();
    let mut batches = Vec::new();
    for batch in ids.chunks(10) {
        let mut armed = Vec::new();
        // On a busy machine a slot may be over before its mail is armed; it is due again at once.
        for _ in 0..TRIES {
            armed.extend(testing::arm(&mut conn, batch).await.unwrap());
        }
        assert_eq!(armed.len(), batch.len());
        let outcomes = armed.iter().map(|armed| {
            let n = ids.iter().position(|id| *id == armed.send.0).unwrap();
            let (state, reason, _) = script(n);
            let outcome = testing::outcome(armed, state, reason);
            let message_id = outcome.message_id.as_ref();
            let message_id = message_id.map(|_| format!("message-{}", armed.send));
            Outcome {
                message_id,
                ..outcome
            }
        });
        batches.push(outcomes.collect());
    }
    batches
}

/// A round's sends are settled, reported on and forgiven, all at once. Gives how many breakers were
/// closed.
async fn race(f: &Fixture, ids: &[i64], round: usize) -> usize {
    let pool = &f.pool;
    f.execute("update rate_limits set throttle_factor = 1, next_at = now(), max_per_day = null")
        .await;
    let batches = armed(pool, ids).await;
    f.execute("insert into breakers (campaign_id) select id from campaigns on conflict do nothing")
        .await;
    f.execute("update breakers set opened_at = now(), reason = 'bounce_rate', figures = '{}'")
        .await;
    let settle = async |turn: usize| {
        let mut conn = pool.acquire().await.unwrap();
        for outcomes in batches.iter().skip(turn).step_by(3) {
            let settled = sends::settle(&mut conn, outcomes, THROTTLED).await;
            settled.unwrap();
        }
        report_figures(&mut conn).await;
    };
    let feed = async |seed: usize, size: usize| {
        let deps = wired(pool);
        let mut events = events(ids);
        events.shuffle(&mut StdRng::seed_from_u64((10 * round + seed) as u64));
        for batch in events.chunks(size) {
            let event = testing::sqs_event(batch);
            feedback::handle(&deps, event).await.unwrap();
        }
    };
    let (is_over, mut closed) = (Cell::new(false), 0);
    let work = async {
        futures::join!(settle(0), settle(1), settle(2), feed(1, 20), feed(2, 7));
        is_over.set(true);
    };
    let operator = async {
        let mut conn = pool.acquire().await.unwrap();
        while !is_over.get() {
            for campaign in ["b", "c"] {
                let close = operator::close_breaker(&mut conn, campaign, "me", None).await;
                closed += usize::from(close.unwrap());
            }
        }
        report_figures(&mut conn).await;
    };
    futures::join!(work, operator);
    f.execute("update breakers set opened_at = null").await;
    closed
}

/// PostgreSQL keeps a connection's figures for a while, unless it is asked not to.
async fn report_figures(conn: &mut sqlx::PgConnection) {
    let ask = sqlx::query("select pg_stat_force_next_flush()");
    ask.execute(conn).await.unwrap();
}

/// Once the functions' connections have ended, and so have reported.
async fn deadlocks(f: &Fixture) -> i64 {
    let connected = "select count(*) from pg_stat_activity
                     where datname = current_database() and application_name = 'feedback'";
    while f.number(connected).await > 0 {}
    f.number("select deadlocks from pg_stat_database where datname = current_database()")
        .await
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn mixed_outcomes_events_and_closed_breakers_do_not_deadlock(pool: PgPool) {
    let f = Fixture::new(&pool).await;
    let other = testing::campaign(&pool, "b").await;
    let leads = |prefix: &str| -> Vec<_> {
        let names = (0..ROUNDS * MAILS).map(|n| format!("{prefix}{n}"));
        names.map(|name| testing::new_lead(&name)).collect()
    };
    let first = testing::plan(&pool, f.campaign, &leads("c")).await;
    let second = testing::plan(&pool, other, &leads("b")).await;
    // Every batch holds sends of both campaigns.
    let ids: Vec<i64> = first
        .into_iter()
        .zip(second)
        .flat_map(<[_; 2]>::from)
        .collect();
    let (mut closed, mut expected) = (0, Vec::new());
    for (round, ids) in ids.chunks(2 * MAILS).enumerate() {
        closed += Box::pin(race(&f, ids, round)).await;
        let states = ids.iter().enumerate().map(|(n, id)| (*id, script(n).2));
        expected.extend(states.map(|(id, state)| (id, state.to_string())));
    }
    assert!(closed >= 2 * ROUNDS, "{closed} breakers were closed");
    assert_eq!(deadlocks(&f).await, 0);

    expected.sort();
    let states = sqlx::query_as("select id, state::text from sends order by id");
    let states: Vec<(i64, String)> = states.fetch_all(&pool).await.unwrap();
    assert_eq!(states, expected);
    for (figures, differing) in FIGURES {
        assert_eq!(f.number(differing).await, 0, "{figures}");
    }
}

/// What must agree with the sends, and a count of where it does not.
const FIGURES: [(&str, &str); 5] = [
    (
        "the days of campaigns",
        "select count(*)
         from (select campaign_id, sum(sent) as sent, sum(bounced) as bounced, sum(complained) as complained
               from campaign_days group by campaign_id) d
         full join (select campaign_id, count(sent_at) as sent,
                           count(*) filter (where bounce = 'hard') as bounced,
                           count(*) filter (where state = 'complained') as complained
                    from sends group by campaign_id) s using (campaign_id)
         where (d.sent, d.bounced, d.complained) is distinct from (s.sent, s.bounced, s.complained)",
    ),
    (
        "what was forgiven",
        "select count(*) from campaign_days
         where forgiven_sent > sent or forgiven_bounced > bounced or forgiven_complained > complained",
    ),
    (
        "the days of mailboxes",
        "select count(*) from sends where (slot_day is null) <> (state in ('queued', 'rejected'))",
    ),
    (
        "the counters of campaigns",
        "select count(*) from campaign_counters k
         where taken <> (select count(slot_at) from sends s where s.campaign_id = k.campaign_id)",
    ),
    (
        "the counters of the account",
        "select count(*) from rate_limits
         where day_taken <> (select count(slot_at) from sends)
            or (select sum(mails) from unnest(hours) as h (mails)) <> (select count(slot_at) from sends)",
    ),
];
