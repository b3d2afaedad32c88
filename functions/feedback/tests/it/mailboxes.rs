//! Who is suppressed, and for which reason.

use feedback::FeedbackError;
use serde_json::Value;
use shared::db::{
    PgPool,
    installation::{InstallationError, require_key},
    waiting,
};

use crate::{
    fixture::{Fixture, mailbox_token},
    notifications::{at, complaint, delivery, hard, mail, received, send, soft, untagged},
};

/// The first mailbox's soft bounces and deliveries at these seconds: `s` bounces, `d` delivers.
fn history(id: i64, pattern: &str) -> Vec<Value> {
    let mail = mail(id, 0);
    let event = |(n, c)| {
        let at = at(10 + i64::try_from(n).unwrap());
        match c {
            's' => soft(&mail, &at),
            _ => delivery(&mail, &at),
        }
    };
    pattern.chars().enumerate().map(event).collect()
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn five_soft_bounces_suppress_in_any_order(pool: PgPool) {
    let f = Fixture::new(&pool).await;
    let id = f.plan(1).await[0];
    for (pattern, suppressed) in [
        ("ssss", false),
        ("sssss", true),
        ("ssssss", true),
        ("sssdss", false),
        ("ssdsssss", true),
        ("sssssd", true),
        ("dsssss", true),
        ("ssssdssssd", false),
    ] {
        for turn in 0..4 {
            f.execute("delete from send_events").await;
            f.execute("update recipients set suppressed_at = null, suppression_reason = null")
                .await;
            let mut events = history(id, pattern);
            match turn {
                0 => {}
                1 => events.reverse(),
                2 => events.rotate_left(pattern.len() / 2),
                _ => events.extend(history(id, pattern)),
            }
            let bodies: Vec<_> = events.iter().map(Value::to_string).collect();
            // One by one, then all at once.
            for body in &bodies {
                f.deliver(&[body]).await;
            }
            let reason = suppressed.then_some("soft_bounces");
            assert_eq!(
                f.suppression(id).await.as_deref(),
                reason,
                "{pattern}, {turn}"
            );
            let when = f.text("select suppressed_at::text from recipients").await;
            f.execute("delete from send_events").await;
            f.execute("update recipients set suppressed_at = null, suppression_reason = null")
                .await;
            f.deliver(&bodies).await;
            assert_eq!(
                f.suppression(id).await.as_deref(),
                reason,
                "{pattern}, {turn}"
            );
            let at_once = f.text("select suppressed_at::text from recipients").await;
            assert_eq!(when, at_once, "{pattern}, {turn}");
        }
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn late_delivery_lifts_soft_bounce_suppression(pool: PgPool) {
    let f = Fixture::new(&pool).await;
    let id = f.plan(1).await[0];
    let events = history(id, "sssdss");
    for (n, event) in events.iter().enumerate() {
        if n != 3 {
            f.report(event).await;
        }
    }
    assert_eq!(f.suppression(id).await.as_deref(), Some("soft_bounces"));
    let changes =
        "select count(*) from audit_log where table_name = 'recipients' and action = 'update'";
    let before = f.number(changes).await;
    for _ in 0..2 {
        f.report(&events[3]).await;
        assert_eq!(f.suppression(id).await, None);
        assert_eq!(f.number(changes).await, before + 1);
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn stronger_reason_stands_over_later_events(pool: PgPool) {
    let f = Fixture::new(&pool).await;
    let id = f.plan(1).await[0];
    let token = mailbox_token(id);
    let unsubscribe = received(&format!("Unsubscribe+{token}@inbound.example.com"));
    let events = [
        ("soft_bounces", history(id, "sssss")),
        ("bounced", vec![hard(&mail(id, 0))]),
        ("unsubscribed", vec![unsubscribe]),
        ("complained", vec![complaint(&mail(id, 0), "abuse")]),
    ];
    for (first, (was, before)) in events.iter().enumerate() {
        for (second, (is, after)) in events.iter().enumerate() {
            f.execute("delete from send_events").await;
            f.execute("update recipients set suppressed_at = null, suppression_reason = null")
                .await;
            for event in before.iter().chain(after) {
                f.report(event).await;
            }
            let stronger = if first > second { was } else { is };
            assert_eq!(
                f.suppression(id).await.as_deref(),
                Some(*stronger),
                "{was}, {is}"
            );
            f.report(&delivery(&mail(id, 0), &at(0))).await;
            f.report(&delivery(&mail(id, 0), &at(600))).await;
            assert_eq!(
                f.suppression(id).await.as_deref(),
                Some(*stronger),
                "{was}, {is}"
            );
        }
    }
    // An operator's reason stands over a bounce, and under a complaint.
    for (event, stands) in [(2, "by hand"), (1, "by hand")] {
        f.execute("delete from send_events").await;
        f.execute("update recipients set suppressed_at = now(), suppression_reason = 'by hand'")
            .await;
        for event in events.iter().take(event).flat_map(|(_, events)| events) {
            f.report(event).await;
        }
        assert_eq!(f.suppression(id).await.as_deref(), Some(stands));
    }
    f.report(&events[3].1[0]).await;
    assert_eq!(f.suppression(id).await.as_deref(), Some("complained"));
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn stronger_reason_keeps_earlier_time(pool: PgPool) {
    let f = Fixture::new(&pool).await;
    let id = f.plan(1).await[0];
    f.execute("update recipients set suppressed_at = now(), suppression_reason = 'bounced'")
        .await;
    f.report(&complaint(&mail(id, 0), "abuse")).await;
    let earlier = "select count(*) from recipients where suppressed_at < now() - interval '50 min'";
    assert_eq!(f.number(earlier).await, 1);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn only_a_genuine_token_unsubscribes(pool: PgPool) {
    let f = Fixture::new(&pool).await;
    let ids = f.plan(2).await;
    let token = mailbox_token(ids[0]);
    let mut forged = token.clone();
    forged.replace_range(0..1, if token.starts_with('0') { "1" } else { "0" });
    for local in [
        "unsubscribe",
        "unsubscribe+",
        "unsubscribe+1",
        &format!("unsubscribe+{forged}"),
    ] {
        f.report(&received(&format!("{local}@inbound.example.com")))
            .await;
    }
    f.report(&received("no address")).await;
    assert_eq!(
        f.number("select count(*) from recipients where suppressed_at is not null")
            .await,
        0
    );
    for _ in 0..2 {
        f.report(&received(&format!(
            "UNSUBSCRIBE+{}@INBOUND.EXAMPLE.COM",
            token.to_uppercase()
        )))
        .await;
        assert_eq!(f.suppression(ids[0]).await.as_deref(), Some("unsubscribed"));
        assert_eq!(f.suppression(ids[1]).await, None);
    }
    assert_eq!(
        f.state(ids[0]).await,
        "queued",
        "a mail to us proves nothing about SES"
    );
    let changes =
        "select count(*) from audit_log where table_name = 'recipients' and action = 'update'";
    assert_eq!(f.number(changes).await, 1);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn suppression_of_unknown_mailbox_is_kept(pool: PgPool) {
    let f = Fixture::new(&pool).await;
    f.plan(1).await;
    let mut foreign = mail(999_999, 7);
    foreign["destination"][0] = serde_json::json!("Stranger <Stranger@Example.ORG>");
    let reason = "select max(suppression_reason) from recipients where country is null";
    for _ in 0..2 {
        f.report(&soft(&foreign, &at(3))).await;
        f.report(&delivery(&foreign, &at(2))).await;
        assert_eq!(f.text(reason).await, None);
    }
    f.report(&hard(&foreign)).await;
    assert_eq!(f.text(reason).await.as_deref(), Some("bounced"));
    f.report(&complaint(&foreign, "abuse")).await;
    assert_eq!(f.text(reason).await.as_deref(), Some("complained"));
    assert_eq!(f.number("select count(*) from recipients").await, 2);
}

/// Events that were stored before their send's mailbox was known count for it once they are linked.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn linked_events_suppress_the_mailbox_of_their_send(pool: PgPool) {
    let f = Fixture::new(&pool).await;
    let ids = f.plan(2).await;
    let without_address = |notification: Value, field: &str, list: &str| {
        let mut notification = untagged(&notification);
        notification[field][list] = serde_json::json!([]);
        notification["mail"]["destination"] = serde_json::json!([]);
        notification
    };
    let complaint = complaint(&mail(ids[0], 0), "abuse");
    f.report(&without_address(
        complaint,
        "complaint",
        "complainedRecipients",
    ))
    .await;
    for second in 0..5 {
        let bounce = soft(&mail(ids[1], 1), &at(10 + second));
        f.report(&without_address(bounce, "bounce", "bouncedRecipients"))
            .await;
    }
    assert_eq!(f.suppression(ids[0]).await, None);
    for (n, id) in ids.iter().enumerate() {
        f.report(&send(&mail(*id, n))).await;
    }
    assert_eq!(f.suppression(ids[0]).await.as_deref(), Some("complained"));
    assert_eq!(f.suppression(ids[1]).await.as_deref(), Some("soft_bounces"));
}

/// The send of an opt-out by mail is not on record: a restored database lacks it for a while.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn unmatched_opt_out_is_counted_until_matched(pool: PgPool) {
    let f = Fixture::new(&pool).await;
    let id = f.plan(1).await[0] + 1;
    let notification = received(&format!("u+{}@inbound.example.com", mailbox_token(id)));
    f.report(&notification).await;
    let mut conn = pool.acquire().await.unwrap();
    let mut unmatched = async || {
        let day = std::time::Duration::from_secs(86_400);
        let waiting = waiting::count(&mut conn, day, day).await;
        waiting.unwrap().unmatched_opt_outs
    };
    assert_eq!(unmatched().await, 1);
    let lead = shared::testing::new_lead("runner1");
    assert_eq!(
        shared::testing::plan(&pool, f.campaign, &[lead]).await,
        [id]
    );
    f.report(&notification).await;
    assert_eq!(f.suppression(id).await.as_deref(), Some("unsubscribed"));
    assert_eq!(unmatched().await, 0);
}

/// Under another key the suppression would be one of a mailbox that nobody has.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn feedback_under_another_key_stores_nothing(pool: PgPool) {
    let f = Fixture::new(&pool).await;
    let id = f.plan(1).await[0];
    let mut conn = pool.acquire().await.unwrap();
    require_key(&mut conn, &[8; 32]).await.unwrap();
    drop(conn);
    let refused = f.try_deliver(&[hard(&mail(id, 0)).to_string()]).await;
    assert!(
        matches!(
            refused,
            Err(FeedbackError::Installation(InstallationError::OtherKey))
        ),
        "{refused:?}"
    );
    assert_eq!(f.number("select count(*) from send_events").await, 0);
    assert_eq!(f.state(id).await, "queued");
}
