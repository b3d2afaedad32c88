//! The same question is never paid for twice.

use enricher::handle;
use shared::testing;
use sqlx::PgPool;

use crate::{
    server::{Server, good_answer},
    stage::{AMPLE, Stage, come_again, deliver, paid, within},
};

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn an_event_that_comes_twice_is_paid_once(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let leads = stage.crowd("twice", 5).await;
    let deps = stage.deps(&[]);
    for _ in 0..2 {
        assert_eq!(come_again(&deliver(&deps, &leads).await.unwrap()), [0; 0]);
    }
    let rows = stage.enriched().await;
    assert_eq!(rows.len(), 5);
    assert!(
        rows.iter()
            .all(|row| row.state.as_deref() == Some("queued") && row.version == 1)
    );
    assert_eq!(stage.stand_ins.stats().model.requests, 5);
    assert_eq!(stage.outreach.published().await.len(), 5, "published once");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn duplicate_message_in_batch_is_enriched_once(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let lead = stage.leads(&["echo"]).await[0];
    let response = deliver(&stage.deps(&[]), &[lead, lead, lead])
        .await
        .unwrap();
    assert_eq!(come_again(&response), [0; 0]);
    assert_eq!(stage.stand_ins.stats().model.requests, 1);
    assert_eq!(stage.enriched().await.len(), 1);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn two_workers_on_one_event_pay_once(pool: PgPool) {
    let stage = Stage::new(pool).await;
    stage.stand_ins.model(|model| model.latency_ms(150, 50));
    let leads = stage.crowd("shared", 6).await;
    let (one, other) = (stage.deps(&[]), stage.deps(&[]));
    let (a, b) = tokio::join!(
        Box::pin(deliver(&one, &leads)),
        Box::pin(deliver(&other, &leads))
    );
    // The second waits for the first.
    let mut again = [come_again(&a.unwrap()).len(), come_again(&b.unwrap()).len()];
    again.sort_unstable();
    assert_eq!(again, [0, 6]);
    assert_eq!(come_again(&deliver(&other, &leads).await.unwrap()), [0; 0]);

    let stats = stage.stand_ins.stats().model;
    assert_eq!((stats.paid_calls, stats.paid_twice), (6, 0));
    let rows = stage.enriched().await;
    assert_eq!(rows.len(), 6);
    assert!(
        rows.iter()
            .all(|row| row.method == "model" && row.version == 1)
    );
    assert_eq!(stage.outreach.published().await.len(), 6);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn lost_record_is_repeated_from_stored_answers(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let leads = stage.crowd("stored", 4).await;
    let deps = stage.deps(&[]);
    deliver(&deps, &leads).await.unwrap();
    let before = stage.enriched().await;
    stage
        .run(
            "delete from sends; delete from enriched_leads;
              update leads set enrich_requested_at = now()",
        )
        .await;
    deliver(&deps, &leads).await.unwrap();
    let after = stage.enriched().await;
    assert_eq!(stage.stand_ins.stats().model.requests, 4);
    assert_eq!(after.len(), 4);
    // Paid for once, so the second row cost nothing more.
    for (before, after) in before.iter().zip(after) {
        assert!(before.cost > 0 && after.cost == 0);
        assert_eq!(after.method, "model");
    }
    assert_eq!(stage.pending().await, [0; 0]);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn changed_profile_keeps_its_first_plan(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let leads = stage.leads(&["changing"]).await;
    let deps = stage.deps(&[]);
    deliver(&deps, &leads).await.unwrap();
    stage
        .run(
            "update leads set bio = 'Trail runner and coach. I write about shoes and trails.',
              enrich_requested_at = now()",
        )
        .await;
    for _ in 0..2 {
        deliver(&deps, &leads).await.unwrap();
    }
    let rows = stage.enriched().await;
    assert_eq!(
        rows.iter().map(|row| row.version).collect::<Vec<_>>(),
        [1, 2]
    );
    assert_eq!(stage.stand_ins.stats().model.paid_calls, 2);
    assert_eq!(rows[0].state.as_deref(), Some("queued"));
    assert_eq!(rows[1].reason.as_deref(), Some("duplicate_recipient"));
    assert_eq!(stage.number("select count(*) from sends").await, 1);
    assert_eq!(stage.pending().await, [0; 0]);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn a_changed_address_alone_costs_nothing(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let leads = stage.leads(&["moving"]).await;
    let deps = stage.deps(&[]);
    deliver(&deps, &leads).await.unwrap();
    stage
        .run("update leads set email = 'else@example.net', email_hash = decode(repeat('ab', 32), 'hex'),
              enrich_requested_at = now()")
        .await;
    deliver(&deps, &leads).await.unwrap();
    assert_eq!(stage.stand_ins.stats().model.requests, 1);
    assert_eq!(stage.pending().await, [0; 0]);
    let to_both = "select count(distinct email_hash) from sends";
    assert_eq!(
        stage.number(to_both).await,
        2,
        "the new mailbox is planned for"
    );
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn follower_count_alone_asks_no_model(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let leads = stage.leads(&["liked"]).await;
    let deps = stage.deps(&[]);
    deliver(&deps, &leads).await.unwrap();
    // What collecting does: a number of followers alone asks for no enrichment.
    stage
        .run("update leads set follower_count = follower_count + 1")
        .await;
    deliver(&deps, &leads).await.unwrap();
    assert_eq!(stage.stand_ins.stats().model.requests, 1);
    assert_eq!(stage.enriched().await.len(), 1);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn later_address_is_planned_without_another_call(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let leads = stage.leads(&["shy"]).await;
    let deps = stage.deps(&[]);
    stage
        .run("update leads set email = null, email_hash = null")
        .await;
    deliver(&deps, &leads).await.unwrap();
    let reason = stage.enriched().await.remove(0).reason;
    assert_eq!(reason.as_deref(), Some("no_email"));
    stage
        .run(
            "update leads set email = 'shy@example.net', email_hash = decode(repeat('ab', 32), 'hex'),
                    enrich_requested_at = now()",
        )
        .await;
    deliver(&deps, &leads).await.unwrap();
    assert_eq!(
        stage
            .number("select count(*) from sends where state = 'queued'")
            .await,
        1
    );
    assert_eq!(stage.stand_ins.stats().model.requests, 1);
}

/// Two campaigns with the same offer want the same lead: one question, and neither is forgotten.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn lead_stays_pending_until_both_campaigns_done(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let second = testing::campaign(&stage.pool, "second").await;
    let lead = testing::new_lead("wanted");
    let ids = stage.store(std::slice::from_ref(&lead)).await;
    testing::leads(&stage.pool, second, &[lead]).await;
    let deps = stage.deps(&[]);

    let response = deliver(&deps, &ids).await.unwrap();
    assert_eq!(stage.enriched().await.len(), 1);
    assert_eq!(come_again(&response), [0], "the second campaign waits");
    assert_eq!(
        stage.pending().await,
        ids,
        "the sweep finds it, should the message be lost"
    );

    let response = deliver(&deps, &ids).await.unwrap();
    assert_eq!(come_again(&response), [0; 0]);
    assert_eq!(stage.enriched().await.len(), 2);
    assert_eq!(stage.pending().await, [0; 0]);
    assert_eq!(
        stage.stand_ins.stats().model.requests,
        1,
        "one question, asked once"
    );
}

/// The same where the day's budget is used up between the two.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn one_campaign_keeps_the_request_of_another(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let second = testing::campaign(&stage.pool, "second").await;
    stage
        .run("update campaigns set offer = 'a share of every tent' where name = 'second'")
        .await;
    let lead = testing::new_lead("torn");
    let ids = stage.store(std::slice::from_ref(&lead)).await;
    deliver(&stage.deps(&[]), &ids).await.unwrap();
    testing::leads(&stage.pool, second, &[lead]).await;

    let poor = stage.deps(&[("MODEL_DAILY_BUDGET_USD", "0")]);
    let response = deliver(&poor, &ids).await.unwrap();
    assert_eq!(come_again(&response), [0; 0], "the sweep brings it back");
    assert_eq!(
        (stage.enriched().await.len(), stage.pending().await),
        (1, ids.clone())
    );

    deliver(&stage.deps(&[]), &ids).await.unwrap();
    assert_eq!(
        (stage.enriched().await.len(), stage.pending().await),
        (2, vec![])
    );
}

/// One batch with every kind of lead: known, new, gone, of a paused campaign.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn same_answer_for_all_still_asks_each(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let server = Server::model(&good_answer()).await;
    let leads = stage.crowd("mixed", 4).await;
    let deps = stage.deps_at(&server.base, &[]);
    deliver(&deps, &leads[..2]).await.unwrap();
    let event = testing::rows_event(&leads);
    handle(&deps, event, within(AMPLE)).await.unwrap();
    assert_eq!(server.asked().len(), 4);
    assert_eq!(paid(&stage.calls("gpt-4.1-mini").await), 4);
    let request = &server.asked()[0].1;
    assert_eq!(request["response_format"]["json_schema"]["strict"], true);
    assert_eq!(request["temperature"], 0.3);
    assert_eq!(request["max_completion_tokens"], 500);
}
