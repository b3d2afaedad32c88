//! What a person changes takes effect on leads that had no mail, and asks no model again.

use enricher::handle;
use serde_json::json;
use shared::{db::enrichment, testing};
use sqlx::PgPool;

use crate::stage::{AMPLE, Stage, come_again, deliver, within};

/// A lead that scores below the campaign's minimum.
async fn refused_lead(stage: &Stage) -> Vec<i64> {
    stage.run("update campaigns set min_score = 100").await;
    let leads = stage.leads(&["modest"]).await;
    answer(stage, &leads).await;
    assert_eq!(
        newest(stage).await,
        (1, "refused".to_owned(), Some("low_score".to_owned()))
    );
    leads
}

async fn answer(stage: &Stage, leads: &[i64]) {
    let response = deliver(&stage.deps(&[]), leads).await.unwrap();
    assert_eq!(come_again(&response), [0; 0]);
}

/// What the sweep publishes, enriched.
async fn sweep(stage: &Stage) -> Vec<i64> {
    handle(&stage.deps(&[]), json!({}), within(AMPLE))
        .await
        .unwrap();
    let published = stage.enrich.published().await;
    if !published.is_empty() {
        answer(stage, &published).await;
    }
    published
}

/// Version, outcome and reason of the newest enrichment.
async fn newest(stage: &Stage) -> (i32, String, Option<String>) {
    let row = stage.enriched().await.pop().unwrap();
    (row.version, row.outcome, row.reason)
}

async fn mail(stage: &Stage) -> Option<(String, Option<String>)> {
    sqlx::query_as("select state::text, reason from sends")
        .fetch_optional(&stage.pool)
        .await
        .unwrap()
}

fn asked(stage: &Stage) -> u64 {
    stage.stand_ins.stats().model.requests
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn lowered_minimum_plans_without_the_model(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let leads = refused_lead(&stage).await;
    assert_eq!(sweep(&stage).await, [0; 0], "nothing has changed");

    stage.run("update campaigns set min_score = 10").await;
    assert_eq!(sweep(&stage).await, leads);
    assert_eq!(newest(&stage).await, (2, "planned".to_owned(), None));
    assert_eq!(mail(&stage).await, Some(("queued".to_owned(), None)));
    assert_eq!(asked(&stage), 1, "the assessment was there");
    assert_eq!(stage.enriched().await[1].cost, 0);
    assert_eq!(sweep(&stage).await, [0; 0], "once");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn waiting_mail_follows_the_rules_of_now(pool: PgPool) {
    let stage = Stage::new(pool).await;
    stage
        .run("update campaigns set review_all = true, min_score = 10")
        .await;
    let leads = stage.leads(&["modest"]).await;
    answer(&stage, &leads).await;
    let state =
        |state: &str, reason: Option<&str>| Some((state.to_owned(), reason.map(str::to_owned)));
    assert_eq!(mail(&stage).await, state("review", Some("review_all")));
    sweep(&stage).await;
    stage.run("update campaigns set min_score = 100").await;
    assert_eq!(sweep(&stage).await, leads);
    assert_eq!(mail(&stage).await, state("refused", Some("low_score")));
    stage
        .run("update campaigns set min_score = 10, review_all = false")
        .await;
    assert_eq!(sweep(&stage).await, leads);
    assert_eq!(mail(&stage).await, state("queued", None));
    stage.run("update campaigns set min_score = 100").await;
    assert_eq!(
        sweep(&stage).await,
        [0; 0],
        "the gate is asked before it leaves"
    );
    assert_eq!(asked(&stage), 1);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn what_a_person_decided_is_not_planned_anew(pool: PgPool) {
    let stage = Stage::new(pool).await;
    stage
        .run("update campaigns set review_all = true, min_score = 10")
        .await;
    let leads = stage.leads(&["modest"]).await;
    answer(&stage, &leads).await;
    sweep(&stage).await;
    for (state, reason) in [
        ("review", "edited"),
        ("review", "reopened"),
        ("refused", "reviewer_rejected"),
    ] {
        sqlx::query("update sends set state = $1::send_state, reason = $2")
            .bind(state)
            .bind(reason)
            .execute(&stage.pool)
            .await
            .unwrap();
        stage
            .run("update campaigns set min_score = min_score + 1, review_all = false")
            .await;
        sweep(&stage).await;
        assert_eq!(
            mail(&stage).await,
            Some((state.to_owned(), Some(reason.to_owned())))
        );
    }
}

/// A text and the offer it was written from stay together.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn changed_offer_asks_only_when_told(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let leads = refused_lead(&stage).await;
    stage
        .run("update campaigns set offer = 'a tent for every friend', min_score = 10")
        .await;
    assert_eq!(sweep(&stage).await, leads);
    let offers = "select count(distinct offer) from enriched_leads";
    assert_eq!((asked(&stage), stage.number(offers).await), (1, 1));
    assert_eq!(mail(&stage).await, Some(("queued".to_owned(), None)));

    stage
        .run("update sends set state = 'review', reason = 'review_all'")
        .await;
    let mut conn = stage.pool.acquire().await.unwrap();
    let again = enrichment::count_again(&mut conn, "demo", true)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (again.waiting, again.scored_by_rules, again.assessed),
        (0, 0, 1)
    );
    assert_eq!(
        enrichment::ask_again(&mut conn, "demo", false)
            .await
            .unwrap(),
        0
    );
    assert_eq!(
        enrichment::ask_again(&mut conn, "demo", true)
            .await
            .unwrap(),
        1
    );
    answer(&stage, &leads).await;
    let now = "select count(*) from sends s join enriched_leads e on e.id = s.enriched_lead_id
               where e.offer = 'a tent for every friend'";
    assert_eq!((asked(&stage), stage.number(now).await), (2, 1));
}

/// What a text is written in stays with it; another language is asked for when a person says so.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn chosen_language_is_that_of_new_texts(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let leads = refused_lead(&stage).await;
    stage
        .run("update campaigns set language = 'de', min_score = 10")
        .await;
    assert_eq!(sweep(&stage).await, leads);
    let (was, languages) = (
        "select count(*) from enriched_leads where language is null and message ~ '^(Hi|Hello)'",
        "select count(*) from enriched_leads where language is not null",
    );
    assert_eq!(
        (stage.number(was).await, stage.number(languages).await),
        (2, 0),
        "planned anew with the text that was there"
    );
    stage
        .run("update sends set state = 'review', reason = 'review_all'")
        .await;
    let mut conn = stage.pool.acquire().await.unwrap();
    enrichment::ask_again(&mut conn, "demo", true)
        .await
        .unwrap();
    answer(&stage, &leads).await;
    let now = "select count(*) from sends s join enriched_leads e on e.id = s.enriched_lead_id
               where e.language = 'de' and e.message ~ '^(Hallo|Guten Tag)'";
    assert_eq!((asked(&stage), stage.number(now).await), (2, 1));
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn recorded_consent_plans_who_lacked_it(pool: PgPool) {
    let stage = Stage::new(pool).await;
    stage
        .run(r#"update campaigns set basis_rules = '{"US": "consent"}', min_score = 10"#)
        .await;
    let leads = stage.leads(&["asked"]).await;
    answer(&stage, &leads).await;
    assert_eq!(newest(&stage).await.2.as_deref(), Some("consent_needed"));
    sweep(&stage).await;

    let mailbox = testing::new_lead("asked").email.unwrap().1;
    let mut conn = stage.pool.acquire().await.unwrap();
    let recorded =
        shared::db::operator::record_consent(&mut conn, mailbox, "said so at the fair", None).await;
    assert_eq!(recorded.unwrap().leads, 1);
    answer(&stage, &leads).await;
    assert_eq!(mail(&stage).await, Some(("queued".to_owned(), None)));
    assert_eq!(asked(&stage), 1);
}

/// A lead that is being planned while the rules change is found by the sweep after that.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn pending_lead_is_planned_under_new_rules(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let leads = refused_lead(&stage).await;
    let late = stage.leads(&["late"]).await;
    stage.run("update campaigns set min_score = 10").await;
    assert_eq!(sweep(&stage).await, leads);
    // As if it had been planned by an invocation that began before the change.
    stage.run("update campaigns set min_score = 100").await;
    answer(&stage, &late).await;
    stage.run("update campaigns set min_score = 10").await;
    assert_eq!(sweep(&stage).await, late);
}
