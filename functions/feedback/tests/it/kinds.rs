//! Each of SES's events as it comes, and what follows from it.

use shared::db::PgPool;

use crate::{
    fixture::{Fixture, mailbox_token},
    notifications::example,
};

/// Example, state of the send after it, bounce, suppression.
const KINDS: &[(&str, &str, Option<&str>, Option<&str>)] = &[
    ("send", "sent", None, None),
    ("delivery", "delivered", None, None),
    ("bounce_hard", "bounced", Some("hard"), Some("bounced")),
    (
        "bounce_suppressed",
        "bounced",
        Some("hard"),
        Some("bounced"),
    ),
    (
        "bounce_unknown_subtype",
        "bounced",
        Some("hard"),
        Some("bounced"),
    ),
    ("bounce_soft", "bounced", Some("soft"), None),
    ("bounce_expired", "bounced", Some("soft"), None),
    ("bounce_undetermined", "bounced", Some("soft"), None),
    ("bounce_content", "bounced", None, None),
    ("bounce_out_of_office", "sent", None, None),
    ("bounce_refused_in_words", "bounced", Some("soft"), None),
    (
        "bounce_failed_without_status",
        "bounced",
        Some("soft"),
        None,
    ),
    ("bounce_not_authenticated", "bounced", None, None),
    (
        "bounce_dead_domain",
        "bounced",
        Some("hard"),
        Some("bounced"),
    ),
    (
        "bounce_with_nulls",
        "bounced",
        Some("hard"),
        Some("bounced"),
    ),
    (
        "event_bridge_complaint",
        "complained",
        None,
        Some("complained"),
    ),
    ("set_up_identity", "queued", None, None),
    ("set_up_quoted", "queued", None, None),
    ("envelope_subscription_confirmation", "queued", None, None),
    ("complaint", "complained", None, Some("complained")),
    (
        "complaint_suppression_list",
        "complained",
        None,
        Some("complained"),
    ),
    ("complaint_not_spam", "sent", None, None),
    ("reject", "rejected", None, None),
    ("open", "opened", None, None),
    ("click", "clicked", None, None),
    ("delivery_delay", "sent", None, None),
    ("subscription", "queued", None, None),
    ("rendering_failure", "queued", None, None),
    ("unknown_type", "sent", None, None),
    ("localstack_send", "sent", None, None),
    ("localstack_delivery", "delivered", None, None),
    ("envelope_delivery", "delivered", None, None),
    ("envelope_bounce", "bounced", Some("hard"), Some("bounced")),
    ("envelope_complaint", "complained", None, Some("complained")),
    ("received_unsubscribe", "queued", None, Some("unsubscribed")),
    (
        "received_without_dmarc",
        "queued",
        None,
        Some("unsubscribed"),
    ),
    ("received_other", "queued", None, None),
    ("validation", "queued", None, None),
    ("envelope_validation", "queued", None, None),
    // Without our tag: whose mail it was is not known, but whose mailbox it is.
    ("identity_delivery", "queued", None, None),
    ("identity_bounce", "queued", None, None),
];

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn each_example_has_its_effect_once(pool: PgPool) {
    let f = Fixture::new(&pool).await;
    let id = f.plan(1).await[0];
    assert_eq!(id, 1, "the examples speak of the first send");
    for (name, state, bounce, suppression) in KINDS {
        f.execute("delete from send_events").await;
        f.execute("update sends set state = 'queued', sent_at = null, bounce = null, ses_message_id = null, reason = null")
            .await;
        f.execute("update recipients set suppressed_at = null, suppression_reason = null")
            .await;
        f.execute("delete from campaign_days").await;
        let body = example(name).replace("TOKEN", &mailbox_token(id).to_uppercase());
        for delivery in ["first", "second"] {
            let answer = f.deliver(&[&body]).await;
            assert_eq!(answer["batchItemFailures"], serde_json::json!([]), "{name}");
            assert_eq!(f.state(id).await, *state, "{name}, {delivery}");
            let found = f.text("select bounce from sends").await;
            assert_eq!(found.as_deref(), *bounce, "{name}, {delivery}");
            let found = f.suppression(id).await;
            assert_eq!(found.as_deref(), *suppression, "{name}, {delivery}");
            assert_eq!(
                f.number("select count(*) from quarantine").await,
                0,
                "{name}"
            );
            let sent = i64::from(*state != "queued");
            let counted = "select coalesce(sum(sent), 0) from campaign_days";
            assert_eq!(f.number(counted).await, sent, "{name}, {delivery}");
        }
        let addresses = "select count(*) from send_events
            where send_events::text like '%@%' or send_events::text like '%example.org%'";
        assert_eq!(f.number(addresses).await, 0, "{name}");
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn unknown_type_is_stored_under_its_word(pool: PgPool) {
    let f = Fixture::new(&pool).await;
    f.plan(1).await;
    f.deliver(&[example("unknown_type")]).await;
    let kind = f.text("select kind from send_events").await;
    assert_eq!(kind.as_deref(), Some("moon_phase"));
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn report_of_settled_mail_is_not_kept(pool: PgPool) {
    let f = Fixture::new(&pool).await;
    let id = f.plan(1).await[0];
    let kept = "select count(*) from send_events";
    f.deliver(&[example("send")]).await;
    assert_eq!(
        (f.number(kept).await, f.state(id).await),
        (1, "sent".to_owned())
    );
    // As if SES's answer had said it.
    f.execute("delete from send_events").await;
    f.deliver(&[example("send")]).await;
    assert_eq!(
        (f.number(kept).await, f.state(id).await),
        (0, "sent".to_owned())
    );
    f.execute("update sends set ses_message_id = 'of another call'")
        .await;
    f.deliver(&[example("send")]).await;
    assert_eq!(f.number(kept).await, 1, "it is about another call");
}
