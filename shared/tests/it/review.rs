//! What a reviewer decides, and the kill switch.

use shared::{
    db::{
        self, PgPool, installation,
        operator::{self, Filter, Narrowing, ReviewOutcome},
    },
    domain::{
        content::Draft,
        ids::{CampaignId, SendId},
        lead::NewLead,
        reason::Reason,
        review::{Change, Review, ReviewRefused},
        send_state::SendState,
    },
    testing,
};

use crate::ledger::{
    LIMITS, arm, armed, claim, granted, outcome, planned, runners, settle, stands,
};

async fn review(pool: &PgPool, id: i64, decision: Review) -> ReviewOutcome {
    let mut conn = db::acquire(pool).await.unwrap();
    operator::review(&mut conn, SendId(id), &decision, Some("looked at it"))
        .await
        .unwrap()
}

async fn put_in_review(pool: &PgPool, id: i64) {
    sqlx::query("update sends set state = 'review', reason = 'review_all' where id = $1")
        .bind(id)
        .execute(pool)
        .await
        .unwrap();
}

fn draft(message: &str) -> Draft {
    Draft {
        subject: "Your trails".to_owned(),
        message: message.to_owned(),
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn approved_mail_leaves_with_edited_text(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let id = planned(&pool, campaign, &runners(1)).await[0];
    put_in_review(&pool, id).await;
    sqlx::query("update campaigns set review_all = true")
        .execute(&pool)
        .await
        .unwrap();
    let edited = review(&pool, id, Review::Edit(draft("Would you like to talk?"))).await;
    assert!(matches!(edited, ReviewOutcome::Done(Change::Wait { .. })));
    assert_eq!(stands(&pool, id).await, "review edited");
    assert!(claim(&pool, &[id]).await.claimed.is_empty());

    let approved = review(&pool, id, Review::Approve).await;
    assert_eq!(approved, ReviewOutcome::Done(Change::Queue));
    let held = armed(&pool, &[id]).await.remove(0);
    assert_eq!(held.draft, draft("Would you like to talk?"));
    settle(&pool, &[outcome(&held, SendState::Sent, None)]).await;
    let again = review(&pool, id, Review::Edit(draft("Too late"))).await;
    assert_eq!(again, ReviewOutcome::Refused(ReviewRefused::MayHaveLeft));
}

/// The frame of a mail is in the language of its text, whatever the campaign's or the profile's is by now.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn frame_follows_language_of_text(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(5)).await;
    let run = async |statement| {
        sqlx::query(statement).execute(&pool).await.unwrap();
    };
    run("update leads set language = 'fr'").await;
    // Written for a campaign in Italian, for one without a choice, and by a person for one in German; two that nobody
    // has written.
    run("update enriched_leads e set offer = 'o', language = 'it'
         where id = (select min(id) from enriched_leads)")
    .await;
    run("update enriched_leads e set offer = 'o'
         where id = (select min(id) + 1 from enriched_leads)")
    .await;
    run("update campaigns set language = 'de'").await;
    put_in_review(&pool, ids[2]).await;
    review(&pool, ids[2], Review::Approve).await;
    run("update campaigns set language = 'nl'").await;
    let languages = async |ids: &[i64]| -> Vec<Option<String>> {
        let mails = armed(&pool, ids).await;
        mails.into_iter().map(|mail| mail.language).collect()
    };
    let tags = |tags: &[&str]| tags.iter().map(|tag| Some((*tag).to_owned())).collect();
    let expected: Vec<_> = tags(&["it", "fr", "de", "nl"]);
    assert_eq!(languages(&ids[..4]).await, expected);
    run("update campaigns set language = null").await;
    let expected: Vec<_> = tags(&["fr"]);
    assert_eq!(languages(&ids[4..]).await, expected);
}

/// The collector reads another bio of the lead of a send.
async fn read_again(pool: &PgPool, campaign: CampaignId, bio: &str) {
    let again = NewLead {
        bio: Some(bio.to_owned()),
        ..runners(1).remove(0)
    };
    testing::leads(pool, campaign, &[again]).await;
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn profile_changed_after_approval_waits_again(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let id = planned(&pool, campaign, &runners(1)).await[0];
    put_in_review(&pool, id).await;
    let approved = ReviewOutcome::Done(Change::Queue);
    assert_eq!(review(&pool, id, Review::Approve).await, approved);
    // Called once without success: it waits, and can be decided about all the same.
    let held = armed(&pool, &[id]).await.remove(0);
    let slow = outcome(&held, SendState::Queued, Some(Reason::Throttled));
    settle(&pool, &[slow]).await;

    read_again(&pool, campaign, "I gave up running.").await;
    assert!(claim(&pool, &[id]).await.claimed.is_empty());
    assert_eq!(stands(&pool, id).await, "review profile_changed");
    let edited = review(&pool, id, Review::Edit(draft("Another text."))).await;
    assert_eq!(edited, ReviewOutcome::Refused(ReviewRefused::MayHaveLeft));

    assert_eq!(review(&pool, id, Review::Approve).await, approved);
    assert_eq!(armed(&pool, &[id]).await.len(), 1, "once is enough");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn same_profile_read_again_stays_approved(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let id = planned(&pool, campaign, &runners(1)).await[0];
    put_in_review(&pool, id).await;
    read_again(&pool, campaign, "I run.").await;
    review(&pool, id, Review::Approve).await;
    let more = NewLead {
        bio: Some("I run.".to_owned()),
        follower_count: Some(7_777),
        ..runners(1).remove(0)
    };
    testing::leads(&pool, campaign, &[more]).await;
    assert_eq!(armed(&pool, &[id]).await.len(), 1);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn rejection_and_text_mismatch_can_be_reopened(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(2)).await;
    let rejected = review(&pool, ids[0], Review::Reject).await;
    assert_eq!(rejected, ReviewOutcome::Done(Change::Refuse));
    assert_eq!(stands(&pool, ids[0]).await, "refused reviewer_rejected");
    // As a person does it who changes a text without the command.
    sqlx::query("update enriched_leads set message = 'Hello there.' where lead_id = (select lead_id from sends where id = $1)")
        .bind(ids[1])
        .execute(&pool)
        .await
        .unwrap();
    assert!(claim(&pool, &ids).await.claimed.is_empty());
    assert_eq!(stands(&pool, ids[1]).await, "refused content_changed");

    for id in &ids {
        let reopened = review(&pool, *id, Review::Reopen).await;
        assert_eq!(reopened, ReviewOutcome::Done(Change::Wait { draft: None }));
        let approved = review(&pool, *id, Review::Approve).await;
        assert_eq!(approved, ReviewOutcome::Done(Change::Queue), "send {id}");
    }
    assert_eq!(armed(&pool, &ids).await.len(), 2);
    let none = review(&pool, 0, Review::Approve).await;
    assert_eq!(none, ReviewOutcome::NoSuchSend);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn stopped_sending_holds_until_started_again(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(2)).await;
    let mut conn = db::acquire(&pool).await.unwrap();
    let stop = operator::stop_sending(&mut conn, "mara", "wrong link", None);
    assert!(stop.await.unwrap());
    let again = operator::stop_sending(&mut conn, "bo", "another reason", None);
    assert!(!again.await.unwrap());
    let stop = installation::stop(&mut conn).await.unwrap().unwrap();
    assert_eq!((&*stop.by, &*stop.reason), ("mara", "wrong link"));

    assert!(claim(&pool, &ids[..1]).await.claimed.is_empty());
    assert_eq!(stands(&pool, ids[0]).await, "queued sending_disabled");
    let waits = operator::send_detail(&mut conn, SendId(ids[1]))
        .await
        .unwrap()
        .unwrap();
    let text = waits.status.explanation;
    assert!(text.contains("Sending is stopped"), "{text}");

    let started = operator::start_sending(&mut conn, Some("mended"));
    assert_eq!(started.await.unwrap(), Some(1));
    let again = operator::start_sending(&mut conn, None);
    assert_eq!(again.await.unwrap(), None);
    assert_eq!(claim(&pool, &ids).await.claimed.len(), 2, "due at once");
    let notes: Vec<Option<String>> = sqlx::query_scalar(
        "select note from audit_log where table_name = 'installation' order by id",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(
        notes,
        [Some("wrong link".to_owned()), Some("mended".to_owned())]
    );
}

/// A stop that comes between claim and arm is seen.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn stop_after_claim_arms_nothing(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let ids = planned(&pool, campaign, &runners(1)).await;
    let mut conn = db::acquire(&pool).await.unwrap();
    let granted = granted(&pool, &ids, &LIMITS).await;
    let stop = operator::stop_sending(&mut conn, "mara", "wrong link", None);
    assert!(stop.await.unwrap());
    assert!(arm(&pool, &granted).await.armed.is_empty());
    assert_eq!(stands(&pool, ids[0]).await, "queued sending_disabled");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn lists_narrow_by_campaign_state_source(pool: PgPool) {
    let (first, second) = (
        testing::campaign(&pool, "first").await,
        testing::campaign(&pool, "second").await,
    );
    let ids = planned(&pool, first, &runners(2)).await;
    let other = planned(&pool, second, &[testing::new_lead("other")]).await;
    put_in_review(&pool, ids[0]).await;
    let mut conn = db::acquire(&pool).await.unwrap();
    let mut listed = async |narrowing: Narrowing<'_>| {
        let sends = operator::list_sends(&mut conn, narrowing, 10)
            .await
            .unwrap();
        let ids: Vec<Option<i64>> = sends.iter().map(|status| status.send_id).collect();
        ids
    };
    let of = |filter, campaign| Narrowing {
        filter,
        campaign,
        ..Narrowing::default()
    };
    assert_eq!(
        listed(of(Filter::All, Some("second"))).await,
        [Some(other[0])]
    );
    let waiting = of(Filter::Only(SendState::Review), Some("first"));
    assert_eq!(listed(waiting).await, [Some(ids[0])]);
    let elsewhere = Narrowing {
        source: Some("no such source"),
        ..Narrowing::default()
    };
    assert!(listed(elsewhere).await.is_empty());
    assert!(listed(of(Filter::Unplanned, None)).await.is_empty());
    sqlx::query("delete from sends where id = $1")
        .bind(other[0])
        .execute(&pool)
        .await
        .unwrap();
    assert_eq!(listed(of(Filter::Unplanned, Some("second"))).await, [None]);
    assert!(
        listed(of(Filter::Unplanned, Some("first")))
            .await
            .is_empty()
    );
}
