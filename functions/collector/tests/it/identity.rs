use collector::Ended;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use shared::db::PgPool;

use crate::replay::Answer;
use crate::stage::{Stage, but, counts, person};

/// What three sources say of the same people: one knows the id and the name, one the id and the
/// bio, one only the username and the address.
fn told_in_three_ways(people: usize) -> Vec<Vec<Value>> {
    let name = |n: usize| format!("user{n}");
    let ids = |n| json!({"platform": "x", "id": format!("{n}"), "username": name(n), "name": format!("Name {n}")});
    let bios = |n| json!({"platform": "x", "id": format!("{n}"), "username": format!("@{}", name(n).to_uppercase()), "bio": format!("Runner number {n}"), "followers": n});
    let mails = |n| json!({"platform": "twitter", "username": name(n), "email": format!("{}@Example.org", name(n)), "verified": true});
    let pages = |row: &dyn Fn(usize) -> Value| -> Vec<Vec<Value>> {
        let rows: Vec<Value> = (0..people).map(row).collect();
        rows.chunks(7).map(<[Value]>::to_vec).collect()
    };
    [pages(&ids), pages(&bios), pages(&mails)].concat()
}

fn pick<S: Strategy>(runner: &mut TestRunner, strategy: S) -> S::Value {
    strategy.new_tree(runner).unwrap().current()
}

/// The pages in another order, some of them again, with their rows in another order and some of
/// those again.
fn redelivered(pages: &[Vec<Value>], runner: &mut TestRunner) -> Vec<Vec<Value>> {
    let some = prop::collection::vec(0..pages.len(), 1..pages.len());
    let again: Vec<usize> = pick(runner, some);
    let all: Vec<usize> = (0..pages.len()).chain(again).collect();
    let order = pick(runner, Just(all).prop_shuffle());
    let shuffled = order.into_iter().map(|n| {
        let twice = pick(runner, 0..pages[n].len());
        let mut rows = pages[n].clone();
        rows.push(pages[n][twice].clone());
        pick(runner, Just(rows).prop_shuffle())
    });
    shuffled.collect()
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn repeats_and_reordering_give_the_same_leads(pool: PgPool) {
    const PEOPLE: usize = 30;
    let (stage, source) = Stage::with_list(pool).await;
    let pages = told_in_three_ways(PEOPLE);
    let mut runner = TestRunner::deterministic();
    let mut expected: Option<Vec<Value>> = None;
    for case in 0..12 {
        let pages = match case {
            0 => pages.clone(),
            _ => redelivered(&pages, &mut runner),
        };
        sqlx::query("truncate leads cascade")
            .execute(&stage.pool)
            .await
            .unwrap();
        let last = pages.len() - 1;
        stage
            .stand_ins
            .then(pages.iter().enumerate().map(|(n, rows)| {
                let next = format!("after-{n}");
                Answer::page(rows, (n < last).then_some(next.as_str()))
            }));
        let report = stage.run_one().await;
        assert_eq!(report.ended, Ended::Done);
        assert_eq!(
            (report.pages, report.new),
            (pages.len(), PEOPLE),
            "case {case}"
        );
        let mut leads = stage.leads().await;
        for lead in &mut leads {
            // The words of whichever source spoke last.
            lead.as_object_mut().unwrap().remove("raw");
        }
        let expected = expected.get_or_insert_with(|| leads.clone());
        assert_eq!(&leads, expected, "case {case}");
        let found = "select count(*) from lead_sources where source_id = $1";
        let found = sqlx::query_scalar::<_, i64>(found).bind(source.0);
        assert_eq!(found.fetch_one(&stage.pool).await.unwrap(), 30);
    }
    let first = &expected.unwrap()[0];
    assert_eq!(
        first["external_id"], "0",
        "the id displaces the stand-in for one"
    );
    assert_eq!(first["name"], "Name 0");
    assert_eq!(first["bio"], "Runner number 0");
    assert_eq!(first["email"], "user0@example.org");
    assert_eq!(first["verified"], true);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn same_event_twice_changes_and_publishes_nothing(pool: PgPool) {
    let (stage, _) = Stage::with_list(pool).await;
    let rows = [person("ana"), person("bo"), person("cy")];
    stage.stand_ins.then([Answer::page(&rows, None)]);
    assert_eq!(counts(&stage.run_one().await), [3, 0, 0, 0, 0, 0, 0]);
    let stored = stage.everything().await;
    assert_eq!(stage.queue.published().await, stage.lead_ids().await);

    stage.stand_ins.then([Answer::page(&rows, None)]);
    assert_eq!(counts(&stage.run_one().await), [0, 0, 3, 0, 0, 0, 0]);
    assert_eq!(stage.everything().await, stored, "not even a time");
    assert_eq!(stage.queue.published().await, Vec::<i64>::new());
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn update_publishes_only_leads_with_changed_text(pool: PgPool) {
    let (stage, _) = Stage::with_list(pool).await;
    let names = ["ana", "bo", "cy", "di"];
    let rows: Vec<Value> = names.iter().map(|name| person(name)).collect();
    stage.stand_ins.then([Answer::page(&rows, None)]);
    stage.run_one().await;
    stage.queue.published().await;
    // As if the enricher had answered since.
    sqlx::query("update leads set enrich_requested_at = null")
        .execute(&stage.pool)
        .await
        .unwrap();
    let before = stage.everything().await;

    let rows = [
        but(person("ana"), &json!({"bio": "Now a cyclist."})),
        but(person("bo"), &json!({"followers": 20_000})),
        but(
            person("cy"),
            &json!({"bio": null, "email": null, "followers": null, "location": " "}),
        ),
        person("di"),
    ];
    stage.stand_ins.then([Answer::page(&rows, None)]);
    assert_eq!(counts(&stage.run_one().await), [0, 2, 2, 0, 0, 0, 0]);
    let after = stage.everything().await;
    let changed = |n: usize, column: &str| before[n][column] != after[n][column];
    assert_eq!(after[0]["bio"], "Now a cyclist.");
    assert!(changed(0, "updated_at") && changed(0, "enrich_requested_at"));
    assert!(changed(0, "profile_changed_at") && !changed(1, "profile_changed_at"));
    assert_eq!(after[1]["follower_count"], 20_000);
    assert!(changed(1, "updated_at") && !changed(1, "enrich_requested_at"));
    assert_eq!(
        before[2..],
        after[2..],
        "what is not said takes nothing away"
    );
    let ana = after[0]["id"].as_i64().unwrap();
    assert_eq!(stage.queue.published().await, [ana]);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn renamed_profile_is_updated_unless_name_taken(pool: PgPool) {
    let (stage, _) = Stage::with_list(pool).await;
    stage
        .stand_ins
        .then([Answer::page(&[person("ana"), person("bo")], None)]);
    stage.run_one().await;

    let renamed = but(person("ana"), &json!({"username": "ana_fit"}));
    // Its name is free by then, but a profile with another id takes it only next time.
    let heir = but(person("ana"), &json!({"id": "id-heir"}));
    let usurper = but(person("usurper"), &json!({"username": "bo"}));
    let page = [renamed, heir, usurper];
    stage.stand_ins.then([Answer::page(&page, None)]);
    assert_eq!(counts(&stage.run_one().await), [0, 1, 0, 0, 0, 2, 0]);
    assert_eq!(stage.lead("ana_fit").await["external_id"], "id-ana");
    assert_eq!(stage.lead("bo").await["external_id"], "id-bo");

    stage.stand_ins.then([Answer::page(&page, None)]);
    assert_eq!(counts(&stage.run_one().await), [1, 0, 1, 0, 0, 1, 0]);
    assert_eq!(stage.lead("ana").await["external_id"], "id-heir");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn lead_twice_on_page_is_published_once(pool: PgPool) {
    let (stage, _) = Stage::with_list(pool).await;
    stage.stand_ins.then([Answer::page(&[person("ana")], None)]);
    stage.run_one().await;
    let ana = stage.queue.published().await;

    // Known by its id under a new name, and by its old name in a row without an id.
    let by_id = but(
        person("ana"),
        &json!({"username": "ana_fit", "bio": "Cyclist."}),
    );
    let by_name = but(person("ana"), &json!({"id": null, "bio": "Swimmer."}));
    stage
        .stand_ins
        .then([Answer::page(&[by_id, by_name], None)]);
    stage.run_one().await;
    assert_eq!(stage.leads().await.len(), 1);
    assert_eq!(stage.queue.published().await, ana);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn known_lead_of_second_campaign_is_enriched_again(pool: PgPool) {
    let (stage, _) = Stage::with_list(pool).await;
    stage.stand_ins.then([Answer::page(&[person("ana")], None)]);
    stage.run_one().await;
    let ana = stage.queue.published().await;

    let other = shared::testing::campaign(&stage.pool, "other").await;
    shared::testing::source(&stage.pool, other, "list", "simulated", json!({})).await;
    let answers = || {
        [
            Answer::page(&[person("ana")], None),
            Answer::page(&[person("ana")], None),
        ]
    };
    stage.stand_ins.then(answers());
    stage.run().await;
    assert_eq!(stage.lead_ids().await, ana);
    assert_eq!(
        stage.everything().await[0]["found"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(stage.queue.published().await, ana);

    stage.stand_ins.then(answers());
    stage.run().await;
    assert_eq!(stage.queue.published().await, Vec::<i64>::new());
}
