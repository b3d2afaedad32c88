//! A person's questions and decisions.

use chrono::{DateTime, Utc};
use shared::{
    db::{
        self, PgPool,
        feedback::NewEvent,
        operator::{self, Filter, LeadQuery, Resolution, Resolved},
    },
    domain::{
        feedback::{Report, effect},
        ids::SendId,
        reason::Reason,
        send_state::SendState,
    },
    testing,
};

use crate::ledger::{
    armed, claim, end_leases, has_day, outcome, planned, row, runners, settle, stands, state,
};

/// A connection as `outreach` has one.
async fn operated(pool: &PgPool) -> PgPool {
    db::connect_lazily(&testing::database_url(pool), "operator:mara").unwrap()
}

/// A send whose call got no answer, as it was armed.
async fn lost(pool: &PgPool, id: i64) -> shared::db::sends::Armed {
    let held = armed(pool, &[id]).await.remove(0);
    let answer = outcome(&held, SendState::Unknown, Some(Reason::NoAnswer));
    settle(pool, &[answer]).await;
    held
}

async fn resolve(pool: &PgPool, id: i64, resolution: Resolution) -> Resolved {
    let pool = operated(pool).await;
    let mut conn = db::acquire(&pool).await.unwrap();
    let note = Some("not in the log of SES");
    operator::resolve(&mut conn, SendId(id), resolution, note)
        .await
        .unwrap()
}

async fn listed(pool: &PgPool, filter: Filter) -> Vec<i64> {
    let mut conn = db::acquire(pool).await.unwrap();
    let sends = operator::list_sends(&mut conn, filter.into(), 100)
        .await
        .unwrap();
    sends.iter().filter_map(|status| status.send_id).collect()
}

/// Who changed a send last, and what they had to say.
async fn last_change(pool: &PgPool, id: i64) -> (String, Option<String>) {
    let mut conn = db::acquire(pool).await.unwrap();
    let detail = operator::send_detail(&mut conn, SendId(id)).await.unwrap();
    let change = detail.unwrap().history.pop().unwrap();
    (change.actor, change.note)
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn resolve_resend_plans_again_under_new_fence(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let id = planned(&pool, campaign, &runners(1)).await[0];
    let first = lost(&pool, id).await;
    assert_eq!(listed(&pool, Filter::Unknown).await, [id]);

    assert_eq!(resolve(&pool, id, Resolution::Resend).await, Resolved::Done);
    let resend = Some("resend".to_owned());
    assert_eq!(
        row(&pool, id).await,
        ("queued".to_owned(), resend, first.fence + 1)
    );
    let trace = (
        "operator:mara".to_owned(),
        Some("not in the log of SES".to_owned()),
    );
    assert_eq!(last_change(&pool, id).await, trace);
    assert!(listed(&pool, Filter::Unknown).await.is_empty());
    assert!(has_day(&pool, id).await, "the first call may have left");

    // An answer to the old call changes nothing any more, nor does a second decision.
    settle(&pool, &[outcome(&first, SendState::Sent, None)]).await;
    assert_eq!(state(&pool, id).await, "queued");
    let again = resolve(&pool, id, Resolution::Resend).await;
    assert_eq!(again, Resolved::NotUnknown(SendState::Queued));

    // It is due at once, is claimed as any other, and is listed anew when that call is lost too.
    let mut conn = db::acquire(&pool).await.unwrap();
    let timeout = std::time::Duration::from_secs(600);
    let due = db::sends::take_due(&mut conn, timeout, timeout, 10)
        .await
        .unwrap();
    assert_eq!(due, [(id, std::time::Duration::ZERO)]);
    drop(conn);
    let second = lost(&pool, id).await;
    assert_eq!((second.fence, second.attempts), (first.fence + 2, 1));
    assert_eq!(listed(&pool, Filter::Unknown).await, [id]);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn resolve_give_up_leaves_nothing_to_resolve(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let id = planned(&pool, campaign, &runners(1)).await[0];
    let held = armed(&pool, &[id]).await.remove(0);
    let calling = resolve(&pool, id, Resolution::GiveUp).await;
    assert_eq!(calling, Resolved::NotUnknown(SendState::Calling));
    end_leases(&pool).await;
    let mut conn = db::acquire(&pool).await.unwrap();
    db::sends::reap(&mut conn, 10).await.unwrap();

    assert_eq!(resolve(&pool, id, Resolution::GiveUp).await, Resolved::Done);
    let again = resolve(&pool, id, Resolution::GiveUp).await;
    assert_eq!(again, Resolved::AlreadyGivenUp);
    let none = resolve(&pool, 0, Resolution::GiveUp).await;
    assert_eq!(none, Resolved::NoSuchSend);
    let given_up = Some("given_up".to_owned());
    let expected = ("unknown".to_owned(), given_up, held.fence + 1);
    assert_eq!(row(&pool, id).await, expected);
    assert_eq!(last_change(&pool, id).await.0, "operator:mara");
    assert!(listed(&pool, Filter::Unknown).await.is_empty());
    assert!(claim(&pool, &[id]).await.claimed.is_empty());
    assert!(has_day(&pool, id).await);
}

/// A statement that hung while the operator decided.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn late_refusal_after_give_up_requeues_nothing(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let id = planned(&pool, campaign, &runners(1)).await[0];
    let held = lost(&pool, id).await;
    assert_eq!(resolve(&pool, id, Resolution::GiveUp).await, Resolved::Done);
    let refused = outcome(&held, SendState::Queued, Some(Reason::Throttled));
    settle(&pool, &[refused]).await;
    let (state, reason, _) = row(&pool, id).await;
    assert_eq!((&*state, reason.as_deref()), ("unknown", Some("given_up")));
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn close_breaker_forgives_past_figures(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let id = planned(&pool, campaign, &runners(1)).await[0];
    for statement in [
        "insert into campaign_days (campaign_id, day, sent, bounced)
         select id, (now() at time zone 'utc')::date, 300, 30 from campaigns",
        "insert into breakers (campaign_id, opened_at, reason, figures)
         select id, now(), 'bounce_rate', '{\"sent\": 300, \"bounced\": 30}' from campaigns",
    ] {
        sqlx::query(statement).execute(&pool).await.unwrap();
    }
    let operator = operated(&pool).await;
    let mut conn = db::acquire(&operator).await.unwrap();
    let open = operator::breakers(&mut conn, Some("c"))
        .await
        .unwrap()
        .remove(0);
    assert_eq!((open.sent, open.bounced, open.waiting), (300, 30, 1));
    assert!(open.opened_at.is_some() && open.explanation.is_some());
    let waits = operator::send_detail(&mut conn, SendId(id))
        .await
        .unwrap()
        .unwrap();
    let text = &waits.status.explanation;
    assert!(text.contains("must close its breaker"), "{text}");

    let mut close =
        async |name| operator::close_breaker(&mut conn, name, "mara", Some("list cleaned")).await;
    assert!(close("c").await.unwrap());
    assert!(!close("c").await.unwrap(), "it is closed");
    assert!(!close("no such campaign").await.unwrap());
    let closed = operator::breakers(&mut conn, None).await.unwrap().remove(0);
    assert_eq!(
        (closed.sent, closed.bounced, closed.opened_at),
        (0, 0, None)
    );
    assert_eq!(closed.closed_by.as_deref(), Some("mara"));
    let trace: (String, Option<String>) = sqlx::query_as(
        "select actor, note from audit_log where table_name = 'breakers' order by id desc limit 1",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(
        trace,
        ("operator:mara".to_owned(), Some("list cleaned".to_owned()))
    );
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn suppress_covers_mailboxes_without_leads(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let new = runners(2);
    let ids = planned(&pool, campaign, &new).await;
    let mailbox = |n: usize| new[n].email.as_ref().unwrap().1;
    let stranger = testing::new_lead("stranger").email.unwrap().1;
    lost(&pool, ids[1]).await;
    let operator = operated(&pool).await;
    let mut conn = db::acquire(&operator).await.unwrap();
    let mut suppress = async |mailbox, reason| {
        operator::suppress(&mut conn, mailbox, reason, None)
            .await
            .unwrap()
    };

    let no = suppress(mailbox(0), "asked by telephone").await;
    assert_eq!((no.changed, no.planned, no.written_to), (true, 1, false));
    let no = suppress(mailbox(0), "asked again").await;
    assert_eq!((no.changed, &*no.reason), (false, "asked by telephone"));
    let no = suppress(mailbox(0), "unsubscribed").await;
    assert_eq!((no.changed, &*no.reason), (true, "unsubscribed"));
    let no = suppress(mailbox(1), "asked by telephone").await;
    assert_eq!((no.changed, no.planned, no.written_to), (true, 0, true));
    let no = suppress(stranger, "asked by telephone").await;
    assert_eq!((no.changed, no.planned, no.written_to), (true, 0, false));

    assert!(claim(&pool, &ids).await.claimed.is_empty());
    assert_eq!(stands(&pool, ids[0]).await, "refused suppressed");
    let known = operator::known_address(&mut conn).await.unwrap().unwrap();
    let address = shared::domain::email::EmailAddress::parse(&known.0).unwrap();
    assert_eq!(testing::hash_key().hash(&address), known.1);
    let found = operator::find_leads(&mut conn, LeadQuery::Mailbox(stranger)).await;
    assert!(found.unwrap().is_empty());
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn late_delivery_outranks_resolution(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(2)).await;
    let decided = [Resolution::Resend, Resolution::GiveUp];
    for (id, resolution) in ids.iter().zip(decided) {
        lost(&pool, *id).await;
        assert_eq!(resolve(&pool, *id, resolution).await, Resolved::Done);
    }
    let mut conn = db::acquire(&pool).await.unwrap();
    let now: DateTime<Utc> = sqlx::query_scalar("select now()")
        .fetch_one(&mut *conn)
        .await
        .unwrap();
    let delivered = |(id, key): (&i64, u8)| NewEvent {
        key: [key; 32],
        send: Some(SendId(*id)),
        message_id: format!("ses-{id}"),
        kind: "delivery".to_owned(),
        detail: None,
        mailbox: None,
        at: now,
        mailed_at: Some(now),
        effect: effect(&Report::Delivery),
    };
    let events: Vec<NewEvent> = ids.iter().zip(1..).map(delivered).collect();
    db::feedback::ingest(&mut conn, &events).await.unwrap();
    drop(conn);
    for id in &ids {
        let (state, reason, _) = row(&pool, *id).await;
        assert_eq!((&*state, reason), ("delivered", None));
    }
    assert!(
        claim(&pool, &ids).await.claimed.is_empty(),
        "neither is sent again"
    );
}
