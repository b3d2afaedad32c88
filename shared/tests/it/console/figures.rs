//! The figures against an independent count over the rows, after histories that the real functions made:
//! leads of several sources and campaigns, assessments and new ones, mails with all that can become of
//! them, events, reviews. The figures are added up at moments in between.

mod count;
mod history;

use chrono::{Days, NaiveDate, TimeDelta, Utc};
use count::count;
use history::History;
use shared::{
    config,
    db::{
        self, PgPool,
        console::figures::{self, Folded, Until},
    },
    domain::{
        figures::{Changes, Counters, Scope, overview::Figures},
        ids::{CampaignId, SourceId},
        lead::Platform,
    },
    testing,
};

use super::random::Random;
use crate::ledger::execute;

const DAY: TimeDelta = TimeDelta::days(1);

async fn figures_of(pool: &PgPool, scope: &Scope) -> Figures {
    let url = testing::database_url_of(pool, "console");
    let pool = db::connect_lazily(&url, "console").unwrap();
    let mut conn = db::acquire(&pool).await.unwrap();
    figures::figures(&mut conn, scope).await.unwrap()
}

fn some_scope(random: &mut Random, history: &History) -> Scope {
    let last = history.now.date_naive();
    let day = |n: usize| {
        last.checked_sub_days(Days::new(n.try_into().unwrap()))
            .unwrap()
    };
    let back = random.below(20);
    Scope {
        from: day(back + random.below(20)),
        to: day(back),
        campaign: random.maybe(&history.campaigns).map(CampaignId),
        source: random.maybe(&history.sources).map(SourceId),
        platform: random.maybe(&[Platform::X, Platform::Instagram]),
    }
}

/// The figures of a scope are what its rows count to.
fn check(figures: &Figures, counted: &Changes) {
    let scope = figures.scope;
    let mut expected = Counters::default();
    for ((hour, group), counters) in &counted.hours {
        if scope.covers(hour.date_naive(), group) {
            expected += *counters;
        }
    }
    assert_eq!(figures.total(), expected, "{scope:?}");
    let mut spreads = std::collections::BTreeMap::new();
    for ((day, group, kind, detail), amount) in &counted.days {
        if scope.covers(*day, group) {
            *spreads.entry((*kind, detail.clone())).or_insert(0) += *amount;
        }
    }
    spreads.retain(|_, amount| *amount != 0);
    assert_eq!(figures.spreads, spreads, "{scope:?}");
    for day in scope.days() {
        let of_day = |stored: i64, (hour, group): &(chrono::DateTime<Utc>, _), c: &Counters| {
            let counts = hour.date_naive() == day && scope.covers(day, group);
            stored + if counts { c.stored } else { 0 }
        };
        let stored = counted
            .hours
            .iter()
            .fold(0, |sum, (key, c)| of_day(sum, key, c));
        let volume = figures.volume();
        let shown = volume.iter().find(|volume| volume.day == day).unwrap();
        assert_eq!(shown.stored, stored);
    }
    let funnel = figures.funnel().steps();
    assert!(funnel.is_sorted_by(|step, next| step >= next), "{funnel:?}");
    for week in figures.weeks().values() {
        assert!(
            week.steps().is_sorted_by(|step, next| step >= next),
            "{week:?}"
        );
    }
}

/// Days of the history without a difference between the figures and the rows.
async fn recounted(pool: &PgPool, history: &History) {
    let mut conn = db::acquire(pool).await.unwrap();
    let days = history.begun.date_naive().iter_days();
    for day in days.take_while(|day| *day <= history.now.date_naive()) {
        let differences = figures::recount(&mut conn, day).await.unwrap();
        assert_eq!(differences, [], "{day}");
    }
}

async fn fold_all(conn: &mut db::PgConnection, history: &History) {
    let until = Until {
        settled: history.now,
        counted: history.now,
    };
    let all = Folded::Until(history.now);
    while figures::fold(conn, until, DAY).await.unwrap() != all {}
}

/// Goes through a history, and gives the figures of all of it.
async fn told(pool: PgPool, seed: u64, steps: usize) -> Counters {
    let mut random = Random(seed);
    let mut history = History::begin(&pool).await;
    let sender = testing::database_url_of(&pool, "sender");
    let sender = db::connect_lazily(&sender, "sender").unwrap();
    for step in 0..steps {
        history.go_on(&mut random).await;
        if random.one_in(6) {
            // Up to now, or to some time ago.
            let ago = TimeDelta::minutes(i64::try_from(random.below(3_000)).unwrap());
            let until = Until {
                settled: random.pick(&[history.now, history.now - ago]),
                counted: history.now,
            };
            let mut conn = db::acquire(&sender).await.unwrap();
            for _ in 0..random.below(40) {
                let at_once = TimeDelta::minutes(i64::try_from(random.below(720)).unwrap());
                figures::fold(&mut conn, until, at_once).await.unwrap();
            }
        }
        if step % 10 == 9 {
            let counted = count(&pool).await;
            for _ in 0..3 {
                let scope = some_scope(&mut random, &history);
                check(&figures_of(&pool, &scope).await, &counted);
            }
        }
    }
    recounted(&pool, &history).await;
    let all = Scope {
        from: history.begun.date_naive(),
        to: history.now.date_naive(),
        campaign: None,
        source: None,
        platform: None,
    };
    let counted = count(&pool).await;
    let figures = figures_of(&pool, &all).await;
    check(&figures, &counted);
    figures.total()
}

/// A history in which everything happened that is counted.
fn is_whole(total: &Counters) {
    for (name, amount) in total.named() {
        // Nothing writes down replies yet.
        assert!(amount > 0 || name.ends_with("replied"), "no {name}");
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn figures_equal_count_of_rows(pool: PgPool) {
    is_whole(&told(pool, 1, 90).await);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn figures_equal_count_after_other_history(pool: PgPool) {
    is_whole(&told(pool, 7, 90).await);
}

/// `FIGURES_SEED=42 cargo local test -- figures_of_seed` goes through another history.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn figures_of_seed_equal_count(pool: PgPool) {
    let seed = config::variable("FIGURES_SEED").map_or(3, |seed| seed.parse().unwrap());
    told(pool, seed, 90).await;
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn figures_equal_count_without_any_fold(pool: PgPool) {
    let mut random = Random(11);
    let mut history = History::begin(&pool).await;
    for _ in 0..30 {
        history.go_on(&mut random).await;
    }
    let counted = count(&pool).await;
    let scope = some_scope(&mut random, &history);
    check(&figures_of(&pool, &scope).await, &counted);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn fold_twice_at_once_counts_once(pool: PgPool) {
    let mut random = Random(5);
    let mut history = History::begin(&pool).await;
    for _ in 0..10 {
        history.go_on(&mut random).await;
    }
    let mut holds = pool.begin().await.unwrap();
    sqlx::query("select from figures_state for no key update")
        .execute(&mut *holds)
        .await
        .unwrap();
    let mut conn = db::acquire(&pool).await.unwrap();
    let until = Until {
        settled: history.now,
        counted: history.now,
    };
    let busy = figures::fold(&mut conn, until, DAY).await.unwrap();
    assert_eq!(busy, Folded::Busy);
    holds.rollback().await.unwrap();
    fold_all(&mut conn, &history).await;
    let again = figures::fold(&mut conn, until, DAY).await.unwrap();
    assert_eq!(again, Folded::Until(history.now));
    recounted(&pool, &history).await;
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn recount_names_what_differs(pool: PgPool) {
    let mut random = Random(5);
    let mut history = History::begin(&pool).await;
    for _ in 0..10 {
        history.go_on(&mut random).await;
    }
    let mut conn = db::acquire(&pool).await.unwrap();
    fold_all(&mut conn, &history).await;
    execute(&pool, "update figures_hours set found = found + 3 where ctid = (select min(ctid) from figures_hours)").await;
    let mut differences = Vec::new();
    let days: Vec<NaiveDate> = history.begun.date_naive().iter_days().take(40).collect();
    for day in days {
        differences.extend(figures::recount(&mut conn, day).await.unwrap());
    }
    let found: Vec<_> = differences
        .iter()
        .map(|d| (d.what.as_str(), d.kept - d.counted))
        .collect();
    assert_eq!(found, [("found", 3)]);
}

/// What a long transaction adds to a time that a sweep has counted is shown with the next sweep, and counts once.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn late_fact_is_counted_by_next_sweep(pool: PgPool) {
    let campaign = testing::campaign(&pool, "spring").await;
    let (early, late) = (testing::new_lead("early"), testing::new_lead("late"));
    testing::leads(&pool, campaign, &[early]).await;
    let now: chrono::DateTime<Utc> = sqlx::query_scalar("select now()")
        .fetch_one(&pool)
        .await
        .unwrap();
    execute(
        &pool,
        "update figures_state set folded_until = now() - interval '1 hour'",
    )
    .await;
    let until = |seconds| Until {
        settled: now - TimeDelta::minutes(30) + TimeDelta::seconds(seconds),
        counted: now + TimeDelta::seconds(seconds),
    };
    let mut conn = db::acquire(&pool).await.unwrap();
    let scope = Scope {
        from: now.date_naive(),
        to: now.date_naive(),
        campaign: None,
        source: None,
        platform: None,
    };
    figures::fold(&mut conn, until(0), DAY).await.unwrap();
    testing::leads(&pool, campaign, &[late]).await;
    execute(
        &pool,
        "update lead_sources set found_at = (select min(found_at) from lead_sources)",
    )
    .await;
    let found = async |pool: &PgPool| figures_of(pool, &scope).await.total().found;
    assert_eq!(found(&pool).await, 1);
    for seconds in [1, 2] {
        figures::fold(&mut conn, until(seconds), DAY).await.unwrap();
        assert_eq!(found(&pool).await, 2);
    }
    assert_eq!(count(&pool).await.hours.len(), 1);
    let added: i64 = sqlx::query_scalar("select count(*) from figures_hours")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(added, 0);
}
