//! Every way in which SES can fail: what proves that nothing was taken is tried again later, what
//! proves nothing is never sent again by itself (invariant 8).

use shared::{db::PgPool, testing};

use crate::{
    fixture::{Fixture, in_time, runners},
    ses::{FailingSes, Fault, impatient},
};

/// Delivers one send to a failing SES, twice, and tells what became of it.
async fn outcome(pool: &PgPool, fault: Fault) -> (String, Option<String>, bool) {
    let ses = FailingSes::start(fault).await;
    let f = Fixture::new(pool, ses.sdk(), &[]).await;
    let name = format!("{fault:?}")
        .to_lowercase()
        .replace(|c: char| !c.is_alphanumeric(), "");
    let ids = f
        .plan(&runners(&name.chars().take(30).collect::<String>(), 1))
        .await;
    let first = f.deliver(&ids).await;
    let _ = f.deliver(&ids).await;
    assert_eq!(ses.calls(), 1, "{fault:?}: exactly one attempt");
    let (state, reason) = f.send(ids[0]).await;
    (state, reason, first.is_err())
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn each_fault_has_its_answer(pool: PgPool) {
    let error = |code| Fault::Error(400, code, "Words.");
    let rows = [
        (Fault::None, "sent", None, false),
        (error("Throttling"), "queued", Some("throttled"), false),
        (
            error("MessageRejected"),
            "rejected",
            Some("mail_rejected"),
            false,
        ),
        (
            error("InvalidParameterValue"),
            "rejected",
            Some("mail_rejected"),
            false,
        ),
        (
            error("AccountSendingPausedException"),
            "queued",
            Some("mailer_refuses"),
            true,
        ),
        (
            error("ConfigurationSetDoesNotExist"),
            "queued",
            Some("mailer_refuses"),
            true,
        ),
        (
            error("InvalidClientTokenId"),
            "queued",
            Some("mailer_refuses"),
            true,
        ),
        (
            Fault::Error(400, "MessageRejected", "Email address is not verified."),
            "queued",
            Some("mailer_refuses"),
            true,
        ),
        (
            Fault::Error(500, "InternalFailure", "Words."),
            "unknown",
            Some("no_answer"),
            false,
        ),
        (
            Fault::Error(503, "ServiceUnavailable", "Words."),
            "unknown",
            Some("no_answer"),
            false,
        ),
        (Fault::Hang, "unknown", Some("no_answer"), false),
        (Fault::Reset, "unknown", Some("no_answer"), false),
        (Fault::Garbage, "unknown", Some("no_answer"), false),
    ];
    for (fault, state, reason, fails) in rows {
        let expected = (state.to_owned(), reason.map(str::to_owned), fails);
        assert_eq!(outcome(&pool, fault).await, expected, "{fault:?}");
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn an_ses_that_nobody_listens_at_took_nothing(pool: PgPool) {
    let f = Fixture::new(&pool, impatient(testing::CLOSED), &[]).await;
    let ids = f.plan(&runners("nobody", 1)).await;
    f.deliver(&ids).await.unwrap();
    let unreachable = ("queued".to_owned(), Some("mailer_unreachable".to_owned()));
    assert_eq!(f.send(ids[0]).await, unreachable);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn kill_during_call_never_calls_again(pool: PgPool) {
    let ses = FailingSes::start(Fault::Hang).await;
    let f = Fixture::new(&pool, ses.sdk(), &[]).await;
    let ids = f.plan(&runners("dies", 1)).await;
    {
        let mut dying = Box::pin(f.deliver(&ids));
        while ses.calls() == 0 {
            // Until SES has the mail; then the sender is gone.
            let polled = futures::poll!(&mut dying);
            assert!(polled.is_pending());
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(f.send(ids[0]).await.0, "calling");
    f.execute("update sends set lease_until = now() - interval '1 s'")
        .await;
    let swept = sender::handle(&f.deps, serde_json::json!({}), in_time())
        .await
        .unwrap();
    assert_eq!(swept["unknown"], 1);
    assert_eq!(
        f.send(ids[0]).await,
        ("unknown".to_owned(), Some("lease_expired".to_owned()))
    );
    f.deliver(&ids).await.unwrap();
    assert!(f.queue.published().await.is_empty());
    assert_eq!(ses.calls(), 1);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn database_down_fails_before_any_call(pool: PgPool) {
    let ses = FailingSes::start(Fault::None).await;
    let f = Fixture::new(&pool, ses.sdk(), &[]).await;
    let ids = f.plan(&runners("away", 1)).await;
    // The arming statement fails: a column it needs is gone.
    f.execute("alter table campaigns rename column status to status_away")
        .await;
    assert!(f.deliver(&ids).await.is_err());
    f.execute("alter table campaigns rename column status_away to status")
        .await;
    assert_eq!(
        (f.send(ids[0]).await.0.as_str(), ses.calls()),
        ("queued", 0)
    );
    let event = testing::rows_event(&ids);
    sender::handle(&f.another(), event, in_time())
        .await
        .unwrap();
    assert_eq!((f.send(ids[0]).await.0.as_str(), ses.calls()), ("sent", 1));
}
