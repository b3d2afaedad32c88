//! The API: what it creates once, what it edits, how it pages, and what it refuses.

mod review;

use axum::http::{HeaderName, Method, StatusCode, header};
use serde_json::{Value, json};
use shared::{db::PgPool, domain::person::Role, testing};

use crate::{
    fixture::{Answer, Console},
    review::waiting,
};

const CAMPAIGNS: &str = "/api/v1/campaigns";
const KEY: HeaderName = HeaderName::from_static("idempotency-key");

fn campaign() -> Value {
    json!({"name": "Spring", "offer": "12 % of every sale", "audience": "People who run", "min_score": 60})
}

/// Sees a problem that names this, and says where it is.
#[track_caller]
fn problem(answer: &Answer, status: StatusCode, pointer: Option<&str>) -> Value {
    assert_eq!(answer.status, status, "{answer:?}");
    let kind = answer.headers.get(header::CONTENT_TYPE).unwrap();
    assert_eq!(kind, "application/problem+json");
    let problem = answer.json();
    assert_eq!(problem["status"], status.as_u16(), "{problem}");
    assert!(!problem["detail"].as_str().unwrap().is_empty(), "{problem}");
    if let Some(pointer) = pointer {
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    problem
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn keyed_creation_happens_once(pool: PgPool) {
    let operator = Console::new(&pool).as_role(Role::Operator).await;
    let key = [(KEY, "one")];
    let send = async |body: &Value| {
        operator
            .send_json(Method::POST, CAMPAIGNS, &key, body)
            .await
    };
    let spring = campaign();
    let (first, other) = futures::join!(send(&spring), send(&spring));
    assert_eq!(
        (first.status, other.status),
        (StatusCode::CREATED, StatusCode::CREATED)
    );
    assert_eq!(first.json(), other.json());
    let replays =
        [&first, &other].map(|answer| answer.headers.contains_key("idempotency-replayed"));
    assert_eq!(
        replays.iter().filter(|replay| **replay).count(),
        1,
        "{replays:?}"
    );
    let again = send(&campaign()).await;
    assert_eq!(again.json(), first.json());
    assert_eq!(
        again.headers.get(header::ETAG),
        first.headers.get(header::ETAG)
    );
    assert_eq!(again.location(), first.location());
    assert_eq!(operator.count("select count(*) from campaigns").await, 1);

    let mut changed = campaign();
    changed["name"] = json!("Autumn");
    problem(
        &send(&changed).await,
        StatusCode::UNPROCESSABLE_ENTITY,
        None,
    );
    assert_eq!(operator.count("select count(*) from campaigns").await, 1);
    // What was refused had no effect, and keeps no key.
    let path = "/api/v1/campaigns/4711/sources";
    let list = json!({"name": "spring", "kind": "list", "file": "s3://lists/spring.csv"});
    let refused = operator
        .send_json(Method::POST, path, &[(KEY, "two")], &list)
        .await;
    problem(&refused, StatusCode::NOT_FOUND, None);
    assert_eq!(operator.count("select count(*) from api_answers").await, 1);
    for wrong in ["", "a b", &"x".repeat(256)] {
        let answer = operator
            .send_json(Method::POST, CAMPAIGNS, &[(KEY, wrong)], &changed)
            .await;
        problem(&answer, StatusCode::BAD_REQUEST, None);
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn edit_is_of_the_present_version(pool: PgPool) {
    let operator = Console::new(&pool).as_role(Role::Operator).await;
    let created = operator
        .send_json(Method::POST, CAMPAIGNS, &[], &campaign())
        .await;
    let path = created.location().to_owned();
    let tag = created.headers.get(header::ETAG).unwrap().to_str().unwrap();
    let edit = async |tag: Option<&str>, body: Value| {
        let headers: Vec<_> = tag.map(|tag| (header::IF_MATCH, tag)).into_iter().collect();
        operator
            .send_json(Method::PATCH, &path, &headers, &body)
            .await
    };
    let answer = edit(None, json!({"daily_cap": 20})).await;
    problem(&answer, StatusCode::PRECONDITION_REQUIRED, None);
    let answer = edit(
        Some(tag),
        json!({"daily_cap": 20, "countries": {"DE": "allow", "FR": "never"}}),
    )
    .await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let stale = edit(Some(tag), json!({"name": "Mine"})).await;
    problem(&stale, StatusCode::PRECONDITION_FAILED, None);
    let present = answer.headers.get(header::ETAG).unwrap();
    assert_eq!(stale.headers.get(header::ETAG), Some(present));
    assert_ne!(present.to_str().unwrap(), tag);
    // What is not given stays; null takes a country's own rule back.
    let body = json!({"countries": {"FR": null}, "any_hour": true, "language": "de"});
    let answer = edit(Some(present.to_str().unwrap()), body).await.json();
    assert_eq!(
        (
            &answer["name"],
            &answer["daily_cap"],
            &answer["min_score"],
            &answer["countries"],
            &answer["any_hour"],
            &answer["language"]
        ),
        (
            &json!("Spring"),
            &json!(20),
            &json!(60),
            &json!({"DE": "allow"}),
            &json!(true),
            &json!("de")
        )
    );
    let read = operator.get(&path).await;
    assert_eq!(read.json(), answer);
    // A code in another spelling means the same country, and hours that are named are kept.
    let body = json!({"countries": {"de": null}, "hours_from": "09:00", "hours_to": "17:00",
        "language": "profile"});
    let tag = read.headers.get(header::ETAG).unwrap().to_str().unwrap();
    let weak = format!("W/{tag}");
    let answer = edit(Some(&weak), body).await.json();
    assert_eq!(
        (
            &answer["countries"],
            &answer["any_hour"],
            &answer["hours_from"],
            &answer["language"]
        ),
        (
            &json!({}),
            &json!(false),
            &json!("09:00"),
            &json!("profile")
        )
    );
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn wrong_field_is_named_and_nothing_stored(pool: PgPool) {
    let operator = Console::new(&pool).as_role(Role::Operator).await;
    for (field, value) in [
        ("name", json!("")),
        ("name", json!("two\nlines")),
        ("name", json!(null)),
        ("name", json!(7)),
        ("min_score", json!(101)),
        ("min_score", json!(70.5)),
        ("min_confidence", json!(2)),
        ("daily_cap", json!(-1)),
        ("language", json!("German")),
        ("language", json!(null)),
        ("hours_from", json!("8:30")),
        ("hours_to", json!("07:00")),
        ("countries", json!({"XX": "allow"})),
        ("countries", json!({"DE": "perhaps"})),
        ("countries", json!({"Germany": null})),
        ("surprise", json!(1)),
    ] {
        let mut body = campaign();
        body[field] = value.clone();
        let answer = operator
            .send_json(Method::POST, CAMPAIGNS, &[], &body)
            .await;
        let pointer = format!("/{field}");
        let problem = problem(&answer, StatusCode::UNPROCESSABLE_ENTITY, Some(&pointer));
        assert!(
            !problem["errors"][0]["detail"].as_str().unwrap().is_empty(),
            "{field} {value}"
        );
    }
    assert_eq!(operator.count("select count(*) from campaigns").await, 0);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn pages_hold_every_row_once(pool: PgPool) {
    waiting(&pool, 7).await;
    let viewer = Console::new(&pool).as_role(Role::Viewer).await;
    for (list, id) in [("leads", "id"), ("leads?sort=score", "id"), ("sends", "id")] {
        let sign = if list.contains('?') { '&' } else { '?' };
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        for _ in 0..10 {
            let page = viewer
                .get(&format!("/api/v1/{list}{sign}limit=2{cursor}"))
                .await;
            let page = page.json();
            let rows = page["items"].as_array().unwrap();
            assert!(rows.len() <= 2, "{page}");
            seen.extend(rows.iter().map(|row| row[id].as_i64().unwrap()));
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        let count = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!((count, seen.len()), (7, 7), "{list}");
        assert!(!cursor.is_empty(), "{list}");
        // A place in one list is none in another.
        let other = viewer
            .get(&format!("/api/v1/leads?q=somebody{cursor}"))
            .await;
        problem(&other, StatusCode::BAD_REQUEST, None);
    }
    for wrong in [
        "limit=0",
        "limit=201",
        "limit=x",
        "cursor=x",
        "surprise=1",
        "state=burnt",
        "q=a&q=b",
    ] {
        let answer = viewer.get(&format!("/api/v1/leads?{wrong}")).await;
        problem(&answer, StatusCode::BAD_REQUEST, None);
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn every_refusal_is_a_problem(pool: PgPool) {
    let console = Console::new(&pool);
    let signed_out = console.get("/api/v1/me").await;
    problem(&signed_out, StatusCode::UNAUTHORIZED, None);
    assert!(signed_out.headers.contains_key(header::WWW_AUTHENTICATE));
    let operator = console.as_role(Role::Operator).await;
    problem(
        &operator.get("/api/v1/nothing").await,
        StatusCode::NOT_FOUND,
        None,
    );
    problem(
        &operator.get("/api/v1/leads/x").await,
        StatusCode::NOT_FOUND,
        None,
    );
    problem(
        &operator.get("/api/v1/leads/4711").await,
        StatusCode::NOT_FOUND,
        None,
    );
    let wrong_method = operator
        .send_json(Method::DELETE, CAMPAIGNS, &[], &json!({}))
        .await;
    problem(&wrong_method, StatusCode::METHOD_NOT_ALLOWED, None);
    assert!(wrong_method.headers.contains_key(header::ALLOW));
    let form = operator.post(CAMPAIGNS, &[("name", "Spring")]).await;
    problem(&form, StatusCode::UNSUPPORTED_MEDIA_TYPE, None);
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (HeaderName::from_static("sec-fetch-site"), "same-origin"),
    ];
    let broken = operator.ask(Method::POST, CAMPAIGNS, &headers, "{").await;
    problem(&broken, StatusCode::BAD_REQUEST, None);
    let long = json!({"name": "x".repeat(300 * 1024)}).to_string();
    let large = operator.ask(Method::POST, CAMPAIGNS, &headers, long).await;
    problem(&large, StatusCode::PAYLOAD_TOO_LARGE, None);
    // A page of somebody else's that posts along with our cookie.
    let foreign = [
        (header::CONTENT_TYPE, "application/json"),
        (HeaderName::from_static("sec-fetch-site"), "cross-site"),
    ];
    let forged = operator
        .ask(Method::POST, CAMPAIGNS, &foreign, campaign().to_string())
        .await;
    problem(&forged, StatusCode::FORBIDDEN, None);
    let viewer = console.as_role(Role::Viewer).await;
    let small = viewer
        .send_json(Method::POST, CAMPAIGNS, &[], &campaign())
        .await;
    problem(&small, StatusCode::FORBIDDEN, None);
    assert_eq!(console.count("select count(*) from campaigns").await, 0);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn too_many_requests_are_refused(pool: PgPool) {
    let console = Console::with(&pool, &[("API_REQUESTS_PER_MINUTE", "3")]);
    let viewer = console.as_role(Role::Viewer).await;
    let mut refused = None;
    // A minute may end in between, once.
    for _ in 0..8 {
        let answer = viewer.get("/api/v1/me").await;
        if answer.status != StatusCode::OK {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.unwrap();
    problem(&refused, StatusCode::TOO_MANY_REQUESTS, None);
    let wait: u32 = refused.headers[header::RETRY_AFTER]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    // Others are not kept by it, and pages are not counted.
    let other = console.as_role(Role::Reviewer).await;
    assert_eq!(other.get("/api/v1/me").await.status, StatusCode::OK);
    assert_eq!(viewer.get("/health").await.status, StatusCode::OK);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn personal_data_is_for_its_role(pool: PgPool) {
    waiting(&pool, 1).await;
    let console = Console::new(&pool);
    sqlx::query("update leads set bio = 'I run. Write to me@example.org'")
        .execute(&pool)
        .await
        .unwrap();
    let lead = console.count("select min(id) from leads").await;
    let path = format!("/api/v1/leads/{lead}");
    for (role, domain, bio) in [
        (Role::Viewer, json!(null), false),
        (Role::Reviewer, json!("example.org"), false),
        (Role::Operator, json!("example.org"), true),
    ] {
        let lead = console.as_role(role).await.get(&path).await.json();
        assert_eq!(lead["address_domain"], domain, "{role:?}");
        assert_eq!(
            lead["bio"].as_str().unwrap().contains("me@example.org"),
            bio,
            "{role:?}"
        );
        assert!(!lead["story"].as_array().unwrap().is_empty());
    }
    let operator = console.as_role(Role::Operator).await;
    let address = operator
        .send_json(Method::POST, &format!("{path}/address"), &[], &json!({}))
        .await;
    assert!(
        address.json()["address"]
            .as_str()
            .unwrap()
            .ends_with("@example.org")
    );
    let looked = "select count(*) from audit_log where action = 'show_address'";
    assert_eq!(console.count(looked).await, 1);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn two_editors_of_a_source_conflict(pool: PgPool) {
    let shared::domain::ids::CampaignId(campaign) = testing::campaign(&pool, "Spring").await;
    let operator = Console::new(&pool).as_role(Role::Operator).await;
    let path = format!("{CAMPAIGNS}/{campaign}/sources");
    let list = json!({"name": "spring", "kind": "list", "file": "s3://lists/spring.csv"});
    let created = operator.send_json(Method::POST, &path, &[], &list).await;
    let source = created.location().to_owned();
    let page = source.strip_prefix("/api/v1").unwrap();
    let form = operator.get(page).await;
    let tag = created.headers[header::ETAG].to_str().unwrap();
    let search = json!({"query": "trail running"});
    let version = [(header::IF_MATCH, tag)];
    let other_kind = operator
        .send_json(Method::PATCH, &source, &version, &search)
        .await;
    problem(
        &other_kind,
        StatusCode::UNPROCESSABLE_ENTITY,
        Some("/query"),
    );
    let edit = json!({"file": "s3://lists/autumn.csv"});
    let edited = operator
        .send_json(Method::PATCH, &source, &[(header::IF_MATCH, tag)], &edit)
        .await;
    assert_eq!(edited.json()["params"]["file"], "s3://lists/autumn.csv");
    let stale = operator
        .send_json(Method::PATCH, &source, &[(header::IF_MATCH, tag)], &edit)
        .await;
    problem(&stale, StatusCode::PRECONDITION_FAILED, None);
    // The page that was open all the while.
    let (version, name) = (form.hidden("version"), form.hidden("name"));
    let mine = [
        ("version", &*version),
        ("name", &*name),
        ("kind", "list"),
        ("file", "s3://lists/mine.csv"),
    ];
    let kept = operator.post(page, &mine).await;
    kept.shows(
        StatusCode::UNPROCESSABLE_ENTITY,
        &["Somebody changed this source", "s3://lists/mine.csv"],
    );
    let version = kept.hidden("version");
    let mine = [
        ("version", &*version),
        ("name", &*name),
        ("kind", "list"),
        ("file", "s3://lists/mine.csv"),
    ];
    operator.post(page, &mine).await.leads_to(page);
    assert_eq!(
        operator.get(&source).await.json()["params"]["file"],
        "s3://lists/mine.csv"
    );
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn reference_is_made_from_the_document(pool: PgPool) {
    let viewer = Console::new(&pool).as_role(Role::Viewer).await;
    let document = viewer.get("/api/v1/openapi.json").await.json();
    assert_eq!(document["openapi"], "3.1.0");
    viewer.get("/reference").await.shows(
        StatusCode::OK,
        &[
            "/api/v1/review/{id}/decision",
            "Idempotency-Key",
            "min_confidence",
            "operator",
        ],
    );
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn text_without_a_place_is_refused(pool: PgPool) {
    let operator = Console::new(&pool).as_role(Role::Operator).await;
    let body = json!({"campaign": "a\0b", "reason": "why not"});
    let path = "/api/v1/breakers/close";
    let answer = operator.send_json(Method::POST, path, &[], &body).await;
    problem(&answer, StatusCode::BAD_REQUEST, None);
    let form = [("campaign", "a\0b"), ("reason", "why not")];
    let answer = operator.post("/breakers/close", &form).await;
    answer.shows(StatusCode::BAD_REQUEST, &["no text (U+0000)"]);
    for path in [
        "/audit?until=%2B262142-12-31",
        "/audit?from=-262143-01-01",
        "/audit?from=-9999-01-01",
        "/api/v1/audit?until=%2B262142-12-31",
        "/leads?q=%00",
        "/sends?campaign=%00",
        "/audit?row=%00",
        "/api/v1/sends?campaign=%00",
    ] {
        let answer = operator.get(path).await;
        assert!(!answer.status.is_server_error(), "{path}: {answer:?}");
    }
}
