//! Events that come early, late, or for a mail that is not on record.

use serde_json::json;
use shared::{
    db::{
        PgPool,
        sends::{self, Outcome},
    },
    domain::{ids::SendId, quota::Throttling, send_state::SendState},
};

use crate::{
    fixture::Fixture,
    notifications::{at, complaint, delivery, hard, mail, send, untagged},
};

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn tagged_event_resolves_every_unsent_state(pool: PgPool) {
    let f = Fixture::new(&pool).await;
    let ids = f.plan(5).await;
    let states = [
        ("queued", "null", "null"),
        ("claimed", "null", "now() + interval '1 min'"),
        ("calling", "null", "now() + interval '1 min'"),
        ("unknown", "'no_answer'", "null"),
        ("review", "'review_all'", "null"),
    ];
    for (id, (state, reason, lease)) in ids.iter().zip(states) {
        let statement = format!(
            "update sends set state = '{state}', reason = {reason}, lease_until = {lease} where id = {id}"
        );
        sqlx::query(sqlx::AssertSqlSafe(statement))
            .execute(&pool)
            .await
            .unwrap();
    }
    let notices: Vec<_> = ids
        .iter()
        .enumerate()
        .map(|(n, id)| send(&mail(*id, n)).to_string())
        .collect();
    for _ in 0..2 {
        f.deliver(&notices).await;
        let settled = "select count(*) from sends
            where state = 'sent' and reason is null and lease_until is null
              and ses_message_id = 'message-' || id and sent_at < now() - interval '59 min'";
        assert_eq!(f.number(settled).await, 5);
        let marked = "select count(*) from enriched_leads where sent and contacted";
        assert_eq!(f.number(marked).await, 5);
        assert_eq!(f.number("select sum(sent) from campaign_days").await, 5);
        // What was taken for not sent holds its mailbox's day after all.
        assert_eq!(
            f.number("select count(*) from sends where slot_day is not null")
                .await,
            2
        );
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn answer_after_its_event_changes_nothing(pool: PgPool) {
    let f = Fixture::new(&pool).await;
    let id = f.plan(1).await[0];
    f.execute(
        "update sends set state = 'calling', fence = 1, lease_until = now() + interval '1 min'",
    )
    .await;
    f.report(&delivery(&mail(id, 0), &at(2))).await;
    let answer = |state, message_id: Option<&str>| Outcome {
        send: SendId(id),
        fence: 1,
        state,
        reason: None,
        message_id: message_id.map(str::to_owned),
        not_before: None,
    };
    let mut conn = pool.acquire().await.unwrap();
    for outcome in [
        answer(SendState::Sent, Some("message-1")),
        answer(SendState::Queued, None),
    ] {
        settle(&mut conn, &outcome).await;
        assert_eq!(f.state(id).await, "delivered");
        assert_eq!(f.number("select sum(sent) from campaign_days").await, 1);
    }
}

async fn settle(conn: &mut sqlx::PgConnection, outcome: &Outcome) {
    sends::settle(conn, std::slice::from_ref(outcome), Throttling::default())
        .await
        .unwrap();
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn later_events_only_raise_the_state(pool: PgPool) {
    let f = Fixture::new(&pool).await;
    let id = f.plan(1).await[0];
    let mail = mail(id, 0);
    let steps = [
        (delivery(&mail, &at(2)), "delivered"),
        (send(&mail), "delivered"),
        (hard(&mail), "bounced"),
        (delivery(&mail, &at(3)), "bounced"),
        (complaint(&mail, "abuse"), "complained"),
        (hard(&mail), "complained"),
    ];
    for (notice, state) in steps {
        f.report(&notice).await;
        assert_eq!(f.state(id).await, state);
    }
    let counted = "select (sent, bounced, complained)::text from campaign_days";
    assert_eq!(f.text(counted).await.as_deref(), Some("(1,1,1)"));
    // Hidden by the complaint, kept beside it.
    let bounce = f.text("select bounce from sends").await;
    assert_eq!(bounce.as_deref(), Some("hard"));
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn event_of_unknown_mail_is_kept_unmatched(pool: PgPool) {
    let f = Fixture::new(&pool).await;
    let ids = f.plan(2).await;
    f.report(&send(&mail(ids[1], 1))).await;
    // A tag of a send that never was, and one that lies about another send's mail.
    let mut foreign = mail(999_999, 7);
    foreign["messageId"] = json!("elsewhere");
    let mut lying = mail(ids[0], 0);
    lying["messageId"] = json!(format!("message-{}", ids[1]));
    let batch = [
        send(&foreign).to_string(),
        send(&lying).to_string(),
        send(&mail(ids[0], 0)).to_string(),
    ];
    f.deliver(&batch).await;
    assert_eq!(f.state(ids[0]).await, "sent");
    assert_eq!(
        f.number("select count(*) from send_events where send_id is null")
            .await,
        1
    );
    let owner: i64 = sqlx::query_scalar("select id from sends where ses_message_id = $1")
        .bind(format!("message-{}", ids[1]))
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(owner, ids[1]);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn untagged_event_matches_by_message_id(pool: PgPool) {
    let f = Fixture::new(&pool).await;
    let ids = f.plan(3).await;
    // Known before.
    f.report(&send(&mail(ids[0], 0))).await;
    f.report(&untagged(&delivery(&mail(ids[0], 0), &at(2))))
        .await;
    assert_eq!(f.state(ids[0]).await, "delivered");
    // Known after.
    f.report(&untagged(&complaint(&mail(ids[1], 1), "abuse")))
        .await;
    assert_eq!(f.state(ids[1]).await, "queued");
    assert_eq!(f.suppression(ids[1]).await.as_deref(), Some("complained"));
    f.report(&send(&mail(ids[1], 1))).await;
    assert_eq!(f.state(ids[1]).await, "complained");
    // The same event, once without and once with its tag.
    f.report(&untagged(&hard(&mail(ids[2], 2)))).await;
    f.report(&hard(&mail(ids[2], 2))).await;
    assert_eq!(f.state(ids[2]).await, "bounced");
    assert_eq!(
        f.number("select count(*) from send_events where send_id is null")
            .await,
        0
    );
    let counted = "select (sum(sent), sum(bounced), sum(complained))::text from campaign_days";
    assert_eq!(f.text(counted).await.as_deref(), Some("(3,1,1)"));
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn late_matched_open_and_click_keep_their_state(pool: PgPool) {
    let f = Fixture::new(&pool).await;
    let ids = f.plan(2).await;
    for (n, (kind, state)) in [("Open", "opened"), ("Click", "clicked")]
        .into_iter()
        .enumerate()
    {
        let field = kind.to_lowercase();
        let event =
            json!({"eventType": kind, field: {"timestamp": at(7)}, "mail": mail(ids[n], n)});
        f.report(&untagged(&event)).await;
        assert_eq!(f.state(ids[n]).await, "queued");
        f.report(&send(&mail(ids[n], n))).await;
        assert_eq!(f.state(ids[n]).await, state);
    }
}
