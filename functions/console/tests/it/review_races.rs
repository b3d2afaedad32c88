//! Several reviewers at once, and what comes between an approval and the mail.

use std::time::Duration;

use axum::http::StatusCode;
use futures::future::join_all;
use shared::{db::PgPool, domain::person::Role, testing};

use crate::{
    fixture::Console,
    review::{Shown, waiting},
};

const DRAFTS: usize = 500;

/// Works until nothing is free; answers how many drafts were decided.
async fn work(console: Console) -> usize {
    let mut decided = 0;
    while let Some(draft) = Shown::of(&console.get("/review").await) {
        let decision = ["approve", "reject"][decided % 2];
        let answer = draft
            .decide(&console, &[("decision", decision), ("why", "tone")])
            .await;
        answer.leads_to("/review?reason=&done=");
        decided += 1;
    }
    decided
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn two_reviewers_decide_each_draft_once(pool: PgPool) {
    waiting(&pool, DRAFTS).await;
    // Each sits before an environment of its own.
    let reviewers = [Role::Reviewer, Role::Operator, Role::Admin];
    let consoles = reviewers.map(async |role| Console::new(&pool).as_role(role).await);
    let consoles = join_all(consoles).await;
    let decided = join_all(consoles.into_iter().map(work)).await;
    assert_eq!(decided.iter().sum::<usize>(), DRAFTS, "{decided:?}");
    let console = Console::new(&pool);
    for (statement, expected) in [
        ("select count(*) from reviews", DRAFTS),
        ("select count(distinct send_id) from reviews", DRAFTS),
        ("select count(*) from sends where state = 'review'", 0),
        ("select count(*) from review_leases", 0),
    ] {
        let found = console.count(statement).await;
        assert_eq!(usize::try_from(found), Ok(expected), "{statement}");
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn two_tabs_decide_a_draft_once(pool: PgPool) {
    waiting(&pool, 20).await;
    let console = Console::new(&pool).as_role(Role::Reviewer).await;
    let other = Console::new(&pool).as_role(Role::Reviewer).await;
    while let Some(draft) = Shown::of(&console.get("/review").await) {
        let (approve, reject) = (
            [("decision", "approve")],
            [("decision", "reject"), ("why", "tone")],
        );
        let (a, b) = futures::join!(
            draft.decide(&console, &approve),
            draft.decide(&other, &reject)
        );
        let done = [a, b]
            .iter()
            .filter(|answer| answer.location().contains("done="))
            .count();
        assert_eq!(done, 1);
    }
    assert_eq!(console.count("select count(*) from reviews").await, 20);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn opt_out_after_an_approval_stops_the_mail(pool: PgPool) {
    let ids = waiting(&pool, 1).await;
    let console = Console::new(&pool).as_role(Role::Reviewer).await;
    let draft = Shown::of(&console.get("/review").await).unwrap();
    draft
        .decide(&console, &[("decision", "approve")])
        .await
        .leads_to("/review");
    let suppress =
        "update recipients set suppressed_at = now(), suppression_reason = 'unsubscribed'";
    sqlx::query(suppress).execute(&pool).await.unwrap();
    sqlx::query("update sends set not_before = now()")
        .execute(&pool)
        .await
        .unwrap();
    let mut conn = pool.acquire().await.unwrap();
    assert!(testing::arm(&mut conn, &ids).await.unwrap().is_empty());
}

/// What the collector does when a bio has changed.
const ANOTHER_BIO: &str =
    "update leads set bio = 'I gave up running.', profile_changed_at = clock_timestamp()";

/// An approval is for the profile that was read: here it changes while the reviewer looks, and once more while the
/// approval is on its way.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn profile_changed_while_read_is_shown_again(pool: PgPool) {
    waiting(&pool, 1).await;
    let console = Console::new(&pool).as_role(Role::Reviewer).await;
    let draft = Shown::of(&console.get("/review").await).unwrap();
    sqlx::query(ANOTHER_BIO).execute(&pool).await.unwrap();
    let approve = [("decision", "approve")];
    let words = [
        "The text or the profile was changed after you opened it",
        "I gave up running.",
    ];
    let answer = draft.decide(&console, &approve).await;
    answer.shows(StatusCode::UNPROCESSABLE_ENTITY, &words);

    let draft = Shown::of(&answer).unwrap();
    let mut collecting = pool.begin().await.unwrap();
    sqlx::query(ANOTHER_BIO)
        .execute(&mut *collecting)
        .await
        .unwrap();
    let stored = async {
        testing::until_waiting(&pool, Duration::ZERO).await;
        collecting.commit().await.unwrap();
    };
    let (answer, ()) = futures::join!(draft.decide(&console, &approve), stored);
    answer.shows(StatusCode::UNPROCESSABLE_ENTITY, &words[..1]);
    assert_eq!(console.count("select count(*) from reviews").await, 0);

    let draft = Shown::of(&answer).unwrap();
    draft.decide(&console, &approve).await.leads_to("/review");
}

/// A text without an offer of its own stands in the frame of today's offer: that is what is approved, and what stays.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn frame_changed_while_read_is_shown_again(pool: PgPool) {
    waiting(&pool, 1).await;
    let console = Console::new(&pool).as_role(Role::Reviewer).await;
    let approve = [("decision", "approve")];
    for change in [
        "update campaigns set language = 'de'",
        "update campaigns set offer = 'a tent for every friend'",
    ] {
        let draft = Shown::of(&console.get("/review").await).unwrap();
        sqlx::query(change).execute(&pool).await.unwrap();
        let answer = draft.decide(&console, &approve).await;
        answer.shows(
            StatusCode::UNPROCESSABLE_ENTITY,
            &["was changed after you opened it"],
        );
    }
    let draft = Shown::of(&console.get("/review").await).unwrap();
    draft.decide(&console, &approve).await.leads_to("/review");
    let kept = "select count(*) from enriched_leads
                where language = 'de' and offer = 'a tent for every friend'";
    assert_eq!(console.count(kept).await, 1);
}
