//! What X answers, as recorded, and what becomes of it.

mod failures;
mod polling;
mod standin;

use serde_json::{Value, json};
use shared::db::PgPool;
use shared::domain::ids::SourceId;

use crate::replay::Answer;
use crate::stage::{Stage, counts};

/// A recorded answer.
macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/it/fixtures/",
            $name
        ))
    };
}
pub(crate) use fixture;

const QUERY: &str = "affiliate -is:retweet";

/// Newest post of the first recorded page.
const NEWEST: &str = "1900000000000000009";
/// Its token for the next page.
const NEXT: &str = "b26v89c19zqg8o3f";

fn first_page() -> Answer {
    Answer::new(200, fixture!("search_first_page.json"))
}

fn last_page() -> Answer {
    Answer::new(200, fixture!("search_last_page.json"))
}

async fn stage(pool: PgPool, more: Value) -> (Stage, SourceId) {
    let stage = Stage::new(pool).await;
    let mut params = json!({"query": QUERY});
    params
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let source = stage.source("search", "x", params).await;
    (stage, source)
}

/// Where the source of this query goes on.
async fn cursor(stage: &Stage, source: SourceId) -> Value {
    let mut cursor = stage.cursor(source).await;
    let query = cursor.as_object_mut().unwrap().remove("query");
    assert!(query.is_none_or(|query| query == QUERY));
    cursor
}

async fn resume_from(stage: &Stage, mut cursor: Value) {
    cursor["query"] = json!(QUERY);
    let sql = "update sources set cursor = $1";
    let query = sqlx::query(sql).bind(cursor);
    query.execute(&stage.pool).await.unwrap();
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn posts_are_joined_to_authors_or_reported(pool: PgPool) {
    let (stage, _) = stage(pool, json!({})).await;
    stage.stand_ins.then([first_page(), last_page()]);
    let report = stage.run_one().await;
    // Bo posted on both pages; Ana twice on one, which is one row.
    assert_eq!((report.pages, counts(&report)), (2, [3, 0, 1, 0, 0, 0, 2]));
    let reasons: Vec<_> = report
        .bad_rows
        .iter()
        .map(|row| row.error.to_string())
        .collect();
    let expected = [
        "the profile is protected",
        "X withheld it: Forbidden (resource-not-found)",
    ];
    assert_eq!(reasons, expected);

    let ana = stage.lead("anafit_x").await;
    let bio = "Coach. My plans: https://anafit.example/plans and shop https://shop.example/ana\nana@example.org";
    assert_eq!(ana["bio"], bio);
    assert_eq!(ana["website"], "https://anafit.example/");
    assert_eq!(ana["email"], "ana@example.org");
    assert_eq!(ana["external_id"], "77001");
    assert_eq!(ana["profile_url"], "https://x.com/anafit_x");
    assert_eq!(
        (&ana["location"], &ana["country"]),
        (&json!("Lisbon, Portugal"), &json!("PT"))
    );
    assert_eq!(
        (&ana["follower_count"], &ana["verified"]),
        (&json!(15_200), &json!(false))
    );
    assert_eq!(ana["language"], "en");
    assert_eq!(
        ana["raw"]["post"]["id"], NEWEST,
        "the newest of the author's posts"
    );

    let bo = stage.lead("boruns").await;
    assert_eq!(
        bo["verified"], true,
        "a type other than none vouches for a name"
    );
    assert_eq!(
        bo["website"],
        Value::Null,
        "a bare t.co link says nothing of its owner"
    );
    assert_eq!(
        stage.lead("cy_walks").await["language"],
        Value::Null,
        "`und` is no language"
    );
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn both_vocabularies_say_the_same_of_a_person(pool: PgPool) {
    let (stage, _) = stage(pool, json!({})).await;
    stage
        .stand_ins
        .then([Answer::new(200, fixture!("search_post_spelling.json"))]);
    let report = stage.run_one().await;
    assert_eq!(counts(&report), [1, 0, 0, 0, 0, 0, 0]);
    let newer = stage.lead("anafit_x").await;
    stage.stand_ins.then([first_page(), last_page()]);
    assert_eq!(stage.run_one().await.updated, 0);
    assert_eq!(stage.lead("anafit_x").await, newer);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn the_request_is_the_documented_one(pool: PgPool) {
    let (stage, _) = stage(pool, json!({"max_results": 25})).await;
    stage.stand_ins.then([last_page()]);
    stage.run_one().await;
    let asked = stage.stand_ins.asked().remove(0);
    assert_eq!(asked.path, "/2/tweets/search/recent");
    assert_eq!(asked.token.as_deref(), Some("app-token"));
    assert_eq!(asked.query["query"], QUERY);
    assert_eq!(asked.query["max_results"], "25");
    assert_eq!(asked.query["expansions"], "author_id");
    for field in ["author_id", "lang"] {
        assert!(
            asked.query["tweet.fields"].split(',').any(|f| f == field),
            "{field}"
        );
    }
    for field in [
        "description",
        "entities",
        "location",
        "protected",
        "public_metrics",
        "url",
        "verified_type",
    ] {
        assert!(
            asked.query["user.fields"].split(',').any(|f| f == field),
            "{field}"
        );
    }
    let paging = ["since_id", "next_token", "pagination_token"];
    assert!(paging.iter().all(|name| !asked.query.contains_key(*name)));
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn no_data_is_a_page_without_rows(pool: PgPool) {
    let (stage, source) = stage(pool, json!({})).await;
    let nothing = || Answer::new(200, fixture!("search_nothing.json"));
    stage.stand_ins.then([nothing()]);
    let report = stage.run_one().await;
    assert_eq!((report.pages, counts(&report)), (1, [0; 7]));
    assert_eq!(report.ended, collector::Ended::Done);
    assert_eq!(cursor(&stage, source).await, json!({}));

    resume_from(&stage, json!({"since_id": NEWEST})).await;
    stage.stand_ins.then([nothing()]);
    stage.run_one().await;
    assert_eq!(
        cursor(&stage, source).await,
        json!({"since_id": NEWEST}),
        "kept for the next poll"
    );
}

/// An answer of these parts.
fn answer(body: &Value) -> Answer {
    Answer::new(200, body.to_string())
}

fn post(id: &str, author: &Value) -> Value {
    json!({"id": id, "text": "running &amp; more", "author_id": author, "lang": null})
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn missing_author_is_counted_and_named(pool: PgPool) {
    let (stage, source) = stage(pool, json!({})).await;
    let body = json!({
        "data": [post("9", &json!("1")), post("8", &json!("2")), post("7", &json!("2")), post("6", &Value::Null)],
        "includes": {"users": [{
            "id": "1", "username": "ana", "name": "Ana &amp; Bo", "description": "R&amp;D https://t.co/a https://t.co/ab",
            "protected": null, "public_metrics": null, "location": null, "verified_type": null,
            "entities": {"url": null, "description": {"urls": [
                {"url": "https://t.co/a", "expanded_url": "https://a.example"},
                {"url": "https://t.co/ab", "expanded_url": "https://ab.example"}, {"url": null}]}},
        }]},
        "errors": null,
        "meta": {"newest_id": "9", "next_token": null, "result_count": 4},
    });
    stage.stand_ins.then([answer(&body)]);
    let report = stage.run_one().await;
    assert_eq!(
        (report.new, report.bad, report.bad_kinds["author_missing"]),
        (1, 2, 2)
    );
    assert_eq!(cursor(&stage, source).await, json!({"since_id": "9"}));
    let ana = stage.lead("ana").await;
    assert_eq!(
        (&ana["name"], &ana["bio"]),
        (
            &json!("Ana & Bo"),
            &json!("R&D https://a.example https://ab.example")
        )
    );
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn page_without_any_author_is_asked_again(pool: PgPool) {
    let (stage, source) = stage(pool, json!({})).await;
    for includes in [
        Value::Null,
        json!({}),
        json!({"users": null}),
        json!({"users": []}),
    ] {
        let body = json!({"data": [post("9", &json!("1"))], "includes": includes, "meta": {"newest_id": "9"}});
        stage.stand_ins.then([answer(&body)]);
        let report = stage.run_one().await;
        assert!(
            matches!(&report.ended, collector::Ended::Unavailable { why } if why.contains("authors")),
            "{report:?}"
        );
        assert_eq!(
            cursor(&stage, source).await,
            json!({}),
            "no person is passed over"
        );
    }
    // Withheld by X itself, and said so: there is nothing to wait for.
    let body = json!({"data": [post("9", &json!("1"))], "meta": {"newest_id": "9"}, "errors": [
        {"title": "Forbidden", "type": "https://api.x.com/2/problems/not-authorized-for-resource", "resource_id": "1"}]});
    stage.stand_ins.then([answer(&body)]);
    let report = stage.run_one().await;
    assert_eq!((report.bad, report.bad_kinds["withheld"]), (1, 1));
    assert_eq!(cursor(&stage, source).await, json!({"since_id": "9"}));
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn empty_page_with_token_is_followed(pool: PgPool) {
    let (stage, source) = stage(pool, json!({})).await;
    let empty = json!({"data": null, "meta": {"next_token": "more", "result_count": 0}});
    let user = json!({"users": [{"id": 7, "username": "ana", "verified": null}]});
    let full =
        json!({"data": [post("12", &json!(7))], "includes": user, "meta": {"newest_id": 12}});
    stage.stand_ins.then([answer(&empty), answer(&full)]);
    let report = stage.run_one().await;
    assert_eq!((report.pages, report.new), (2, 1));
    assert_eq!(cursor(&stage, source).await, json!({"since_id": "12"}));

    let same = json!({"meta": {"next_token": "more", "result_count": 0}});
    stage.stand_ins.then([answer(&same), answer(&same)]);
    let report = stage.run_one().await;
    assert!(
        matches!(report.ended, collector::Ended::Unavailable { .. }),
        "a page that leads to itself ends the run"
    );
}
