//! One mailbox at a time, by its address.

use axum::http::StatusCode;
use shared::{db::PgPool, domain::person::Role, testing};

use crate::fixture::Console;

const ANA: (&str, &str) = ("address", "Ana+news@example.org");

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn mailbox_is_suppressed_and_only_a_bounce_is_lifted(pool: PgPool) {
    let console = Console::new(&pool);
    let admin = console.as_role(Role::Admin).await;
    let unknown = admin.post("/suppressions/look-up", &[ANA]).await;
    unknown.shows(StatusCode::OK, &["Nothing is known of this mailbox"]);

    let reason = ("reason", "told us at the fair");
    let added = admin.post("/suppressions/add", &[ANA, reason]).await;
    added.shows(
        StatusCode::OK,
        &[
            "gets no more mail",
            "Suppressed since",
            "told us at the fair",
        ],
    );
    assert!(
        !added.body.contains("/suppressions/lift"),
        "what a person said is offered to be lifted"
    );
    let lifted = admin
        .post("/suppressions/lift", &[ANA, ("reason", "please")])
        .await;
    lifted.shows(StatusCode::OK, &["not ours to take back"]);

    // The same mailbox without its tag, as servers know it.
    let bounced = "update recipients set suppression_reason = 'bounced', opt_out_way = null";
    sqlx::query(bounced).execute(&pool).await.unwrap();
    let lifted = admin
        .post(
            "/suppressions/lift",
            &[("address", "ana@example.org"), ("reason", "works again")],
        )
        .await;
    lifted.shows(StatusCode::OK, &["may be written to again"]);
    assert_eq!(
        console
            .count("select count(*) from recipients where suppressed_at is not null")
            .await,
        0
    );
    let noted = "select count(*) from audit_log where actor = 'person:subject-admin' and note = 'works again'";
    assert_eq!(console.count(noted).await, 1);
    let address =
        "select count(*) from audit_log where to_jsonb(audit_log)::text ilike '%example.org%'";
    assert_eq!(console.count(address).await, 0);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn what_cannot_be_done_is_said_and_kept(pool: PgPool) {
    let operator = Console::new(&pool).as_role(Role::Operator).await;
    for (path, fields, fault) in [
        (
            "/suppressions/look-up",
            vec![("address", "<script>")],
            "This is not one mail address",
        ),
        ("/suppressions/add", vec![ANA], "Say why"),
        ("/suppressions/add", vec![ANA, ("reason", " ")], "Say why"),
        (
            "/suppressions/add",
            vec![("address", "ana"), ("reason", "x")],
            "This is not one mail address",
        ),
    ] {
        let answer = operator.post(path, &fields).await;
        answer.shows(StatusCode::UNPROCESSABLE_ENTITY, &[fault]);
        assert!(!answer.body.contains("<script>"), "{}", answer.body);
    }
    let long = "x".repeat(301);
    let answer = operator
        .post("/suppressions/add", &[ANA, ("reason", &long)])
        .await;
    answer.shows(
        StatusCode::UNPROCESSABLE_ENTITY,
        &["at most 300 characters"],
    );
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn console_under_another_key_looks_nothing_up(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    testing::plan(&pool, campaign, &[testing::new_lead("ana")]).await;
    sqlx::query("update installation set key_fingerprint = decode(repeat('00', 32), 'hex')")
        .execute(&pool)
        .await
        .unwrap();
    let console = Console::new(&pool).as_role(Role::Admin).await;
    let answer = console.post("/suppressions/look-up", &[ANA]).await;
    answer.shows(
        StatusCode::UNPROCESSABLE_ENTITY,
        &["is not the key of this database"],
    );
}
