//! Ten thousand events in five orders.
//!
//! A breaker that has opened stays open, so that its state is a function of history and not of the
//! events alone. Two kinds of campaign end alike in every order, and are compared: one whose final
//! figures are over the threshold (the last event that counts sees them), and one that no beginning of
//! any order brings there: fewer than ten of its mails bounce, no recipient complains, and it has
//! ended, so that the account's figures do not stop it either.

use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};
use serde_json::Value;
use shared::{db::PgPool, testing};

use crate::{
    fixture::{Fixture, mailbox_token, runners, wired},
    notifications::{at, bounce, complaint, delivery, hard, mail, received, send, soft, untagged},
};

const SENDS: usize = 3_400;

/// What SES reports about these mails, about 10,000 events. The second half is of the campaign that is
/// to be stopped.
fn history(ids: &[i64]) -> Vec<String> {
    let mut events = Vec::new();
    for (n, id) in ids.iter().enumerate() {
        let mail = mail(*id, n);
        let case = n % 20;
        let stopped = n >= ids.len() / 2;
        let mut add = |notice: Value| events.push(notice.to_string());
        add(send(&mail));
        match case {
            0 => (0..5).for_each(|k| add(soft(&mail, &at(30 + k)))),
            // A delivery between them: not in a row.
            1 => {
                (0..6).for_each(|k| add(soft(&mail, &at(30 + 2 * k))));
                add(delivery(&mail, &at(37)));
            }
            2 if stopped => add(hard(&mail)),
            3 if stopped => {
                add(delivery(&mail, &at(2)));
                add(complaint(&mail, "abuse"));
            }
            4 => {
                add(delivery(&mail, &at(2)));
                add(complaint(&mail, "not-spam"));
            }
            5 => {
                add(delivery(&mail, &at(2)));
                let token = mailbox_token(*id);
                let mut notice = received(&format!("u+{token}@inbound.example.com"));
                notice["mail"]["messageId"] = format!("inbound-{id}").into();
                add(notice);
            }
            6 => add(bounce(&mail, "Transient", "General", &at(8))),
            7 => add(bounce(&mail, "Transient", "ContentRejected", &at(8))),
            8 => {
                add(untagged(&delivery(&mail, &at(2))));
                add(delivery(&mail, &at(2)));
            }
            9 => add(untagged(&delivery(&mail, &at(2)))),
            10 => add(untagged(&seen("Open", &mail))),
            11 => {
                add(untagged(&seen("Click", &mail)));
                add(delivery(&mail, &at(2)));
            }
            _ => {
                add(seen("Open", &mail));
                add(delivery(&mail, &at(2)));
            }
        }
        // Of the first campaign, fewer than ten.
        if !stopped && n < 7 {
            events.push(hard(&mail).to_string());
        }
    }
    events
}

/// An open or a click.
fn seen(kind: &str, mail: &Value) -> Value {
    let field = kind.to_lowercase();
    serde_json::json!({"eventType": kind, field: {"timestamp": at(7)}, "mail": mail})
}

/// Everything that events decide, without the times at which it was done, and without the reports that
/// SES took a mail: one that says nothing new is not kept.
async fn outcome(pool: &PgPool) -> Vec<String> {
    let questions = [
        "select (id, state, reason, bounce, ses_message_id, sent_at, lease_until)::text from sends order by id",
        "select (email_hash, suppression_reason, suppressed_at is null)::text from recipients order by email_hash",
        "select campaign_days::text from campaign_days order by campaign_id, day",
        "select (campaign_id, opened_at is null)::text from breakers order by campaign_id",
        "select (event_key, send_id, kind, detail, email_hash, at)::text from send_events where kind <> 'send' order by event_key",
        "select (id, sent, contacted)::text from enriched_leads order by id",
        "select (email_hash, slot_day, id)::text from sends where slot_day is not null order by email_hash, slot_day",
    ];
    let mut rows = Vec::new();
    for question in questions {
        let found: Vec<String> = sqlx::query_scalar(question).fetch_all(pool).await.unwrap();
        assert!(!found.is_empty(), "{question}");
        rows.extend(found);
    }
    rows
}

async fn reset(f: &Fixture) {
    for statement in [
        "delete from send_events",
        "delete from campaign_days",
        "delete from breakers",
        "update sends set state = 'queued', reason = null, bounce = null, ses_message_id = null, sent_at = null, slot_day = null",
        "update recipients set suppressed_at = null, suppression_reason = null",
        "update enriched_leads set sent = false, contacted = false",
    ] {
        f.execute(statement).await;
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn ten_thousand_events_end_alike_in_any_order(pool: PgPool) {
    let f = Fixture::new(&pool).await;
    let stopped = testing::campaign(&pool, "stopped").await;
    let leads = runners(SENDS);
    let mut ids = testing::plan(&pool, f.campaign, &leads[..SENDS / 2]).await;
    ids.extend(testing::plan(&pool, stopped, &leads[SENDS / 2..]).await);
    f.execute("update campaigns set status = 'ended' where name = 'c'")
        .await;
    let history = history(&ids);
    assert!(history.len() >= 10_000, "{}", history.len());

    let mut expected: Option<Vec<String>> = None;
    for seed in 0..5 {
        let mut random = StdRng::seed_from_u64(seed);
        let mut events = history.clone();
        if seed > 0 {
            // A third comes twice, and all of it in another order.
            events.extend(
                history
                    .iter()
                    .skip(usize::try_from(seed).unwrap())
                    .step_by(3)
                    .cloned(),
            );
            events.shuffle(&mut random);
        }
        reset(&f).await;
        let size = [100, 100, 7, 93, 41][usize::try_from(seed).unwrap()];
        if seed == 3 {
            at_once(&f, &events, size).await;
            // Where two batches at once missed each other, the mail's next event links what was left.
            let again: Vec<_> = events
                .iter()
                .filter(|event| event.contains(r#""eventType":"Send""#))
                .cloned()
                .collect();
            for batch in again.chunks(size) {
                f.deliver(batch).await;
            }
        } else {
            for batch in events.chunks(size) {
                f.deliver(batch).await;
            }
        }
        let outcome = outcome(&pool).await;
        match &expected {
            None => expected = Some(outcome),
            Some(expected) => {
                let differs = expected.iter().zip(&outcome).find(|(a, b)| a != b);
                assert_eq!(differs, None, "order {seed}");
                assert_eq!(expected.len(), outcome.len(), "order {seed}");
            }
        }
    }
    let open = "select count(*) from breakers where opened_at is not null";
    assert_eq!(
        f.number(open).await,
        1,
        "one campaign is stopped, one is not"
    );
    let reasons = "select string_agg(distinct suppression_reason, ' ' order by suppression_reason) from recipients";
    let found = f.text(reasons).await;
    assert_eq!(
        found.as_deref(),
        Some("bounced complained soft_bounces unsubscribed")
    );
}

/// Two environments, each with every other batch.
async fn at_once(f: &Fixture, events: &[String], size: usize) {
    let other = wired(&f.pool);
    let work = async |deps: &feedback::Deps, skip: usize| {
        for batch in events.chunks(size).skip(skip).step_by(2) {
            let event = testing::sqs_event(batch);
            feedback::handle(deps, event).await.unwrap();
        }
    };
    futures::join!(work(&f.deps, 0), work(&other, 1));
}
