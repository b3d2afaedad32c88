//! One lead's page, and what a person does there.

use shared::{
    db::{
        self, PgPool,
        console::lead::{self, AddedNote, AskedAgain, NOTE_MAX, SuppressedLead},
        feedback::{self, NewEvent},
        operator,
    },
    domain::{
        feedback::{Report, effect},
        ids::{LeadId, SendId},
        person::{Person, Role},
        review::Review,
        send_state::SendState,
        story::Tone,
    },
    testing,
};

use crate::ledger::{armed, execute, outcome, planned, runners, settle};

fn ines() -> Person {
    Person {
        subject: "https://idp.example|7".to_owned(),
        name: "Ines Moreau".to_owned(),
        role: Role::Operator,
    }
}

/// A connection as the console has one, with what it may do.
async fn console(pool: &PgPool) -> PgPool {
    let url = testing::database_url_of(pool, "console");
    db::connect_lazily(&url, "console").unwrap()
}

async fn page(pool: &PgPool, id: i64) -> lead::LeadPage {
    let pool = console(pool).await;
    let mut conn = db::acquire(&pool).await.unwrap();
    let page = lead::page(&mut conn, LeadId(id)).await.unwrap();
    page.unwrap()
}

async fn lead_of(pool: &PgPool, send: i64) -> i64 {
    sqlx::query_scalar("select lead_id from sends where id = $1")
        .bind(send)
        .fetch_one(pool)
        .await
        .unwrap()
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn story_tells_everything_in_order(pool: PgPool) {
    let campaign = testing::campaign(&pool, "Spring").await;
    let send = planned(&pool, campaign, &runners(1)).await[0];
    let id = lead_of(&pool, send).await;
    execute(
        &pool,
        "update sends set state = 'review', reason = 'country_review'",
    )
    .await;
    let operated = db::connect_lazily(&testing::database_url(&pool), "operator:mara").unwrap();
    let mut conn = db::acquire(&operated).await.unwrap();
    let note = Some("fine, I asked ana@example.org");
    operator::review(&mut conn, SendId(send), &Review::Approve, note)
        .await
        .unwrap();
    let held = armed(&pool, &[send]).await.remove(0);
    settle(&pool, &[outcome(&held, SendState::Sent, None)]).await;
    let delivered = NewEvent {
        key: [1; 32],
        send: Some(SendId(send)),
        message_id: "ses".to_owned(),
        kind: "delivery".to_owned(),
        detail: None,
        mailbox: None,
        at: held.slot_at,
        mailed_at: Some(held.slot_at),
        effect: effect(&Report::Delivery),
    };
    let function = db::connect_lazily(&testing::database_url(&pool), "feedback").unwrap();
    let mut function = db::acquire(&function).await.unwrap();
    feedback::ingest(&mut function, &[delivered]).await.unwrap();
    execute(&pool, "update send_events set at = now()").await;
    let people = console(&pool).await;
    let mut conn = db::acquire(&people).await.unwrap();
    lead::add_note(&mut conn, &ines(), LeadId(id), " Met in Lisbon. ")
        .await
        .unwrap();
    lead::suppress(&mut conn, &ines(), LeadId(id), "asked by telephone")
        .await
        .unwrap();

    let page = page(&pool, id).await;
    let told = page.story.iter();
    let told: Vec<(&str, Tone)> = told
        .map(|entry| (entry.title.as_str(), entry.tone))
        .collect();
    assert_eq!(
        told,
        [
            ("Found on X", Tone::Plain),
            ("Assessed: 100 of 100", Tone::Plain),
            ("Planned", Tone::Plain),
            ("Waits for a person", Tone::Warn),
            ("Approved", Tone::Person),
            ("Sent", Tone::Good),
            ("Delivered", Tone::Good),
            ("Note by Ines Moreau", Tone::Person),
            ("Suppressed", Tone::Bad),
        ]
    );
    assert_eq!(page.story[4].by.as_deref(), Some("operator:mara"));
    assert_eq!(
        page.story[4].note.as_deref(),
        Some("fine, I asked •••@example.org")
    );
    assert_eq!(page.story[7].text, "Met in Lisbon.");
    assert!(
        page.story
            .iter()
            .take(6)
            .all(|entry| entry.campaign.as_deref() == Some("Spring"))
    );
    assert_eq!(
        page.lead.suppression_reason.as_deref(),
        Some("asked by telephone")
    );
    assert_eq!(page.statuses.len(), 1);
    assert_eq!(page.statuses[0].state, Some(SendState::Delivered));
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn address_is_given_on_record_only(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let mut new = runners(2);
    new[1].email = None;
    let ids = testing::leads(&pool, campaign, &new).await;
    let page = page(&pool, ids[0].0).await;
    let hint = page.lead.address.clone().unwrap();
    assert_eq!((hint.first, &*hint.domain), ('r', "example.org"));
    assert!(!serde_json::to_string(&page).unwrap().contains("runner0@"));

    let people = console(&pool).await;
    let mut conn = db::acquire(&people).await.unwrap();
    let mut show = async |id| lead::show_address(&mut conn, &ines(), id).await.unwrap();
    assert_eq!(show(ids[0]).await.as_deref(), Some("runner0@example.org"));
    assert_eq!(show(ids[1]).await, None);
    assert_eq!(show(LeadId(0)).await, None);
    let looks: Vec<(String, String)> =
        sqlx::query_as("select actor, row_key from audit_log where action = 'show_address'")
            .fetch_all(&pool)
            .await
            .unwrap();
    let by_ines = "person:https://idp.example|7".to_owned();
    assert_eq!(looks, [(by_ines, ids[0].to_string())]);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn note_is_bounded_and_needs_lead(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let id = testing::leads(&pool, campaign, &runners(1)).await[0];
    let people = console(&pool).await;
    let mut conn = db::acquire(&people).await.unwrap();
    let mut add =
        async |id, text: &str| lead::add_note(&mut conn, &ines(), id, text).await.unwrap();
    assert_eq!(add(id, " \n ").await, AddedNote::Empty);
    assert_eq!(
        add(id, &"é".repeat(NOTE_MAX + 1)).await,
        AddedNote::TooLong(NOTE_MAX + 1)
    );
    assert!(matches!(
        add(id, &"é".repeat(NOTE_MAX)).await,
        AddedNote::Stored { .. }
    ));
    assert_eq!(add(LeadId(0), "who?").await, AddedNote::NoSuchLead);
    execute(
        &pool,
        "update leads set name = null, email = null, bio = null, raw = null, website = null,
                    location = null, profile_url = null, follower_count = null, erased_at = now()",
    )
    .await;
    assert_eq!(add(id, "back again").await, AddedNote::NoSuchLead);
    let erased = page(&pool, id.0).await;
    assert_eq!(erased.story.last().unwrap().title, "Erased");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn assessment_again_is_priced_and_requested_once(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let send = planned(&pool, campaign, &runners(2)).await[0];
    let id = LeadId(lead_of(&pool, send).await);
    let people = console(&pool).await;
    let mut conn = db::acquire(&people).await.unwrap();
    let price = lead::price_again(&mut conn, id).await.unwrap().unwrap();
    assert_eq!(
        (price.campaigns, price.call_micros, price.most_micros()),
        (1, None, None)
    );
    execute(
        &pool,
        "insert into model_calls (request_key, attempt, state, lease_until, model, reserved_micros, cost_micros)
         values ('a', 1, 'answered', now(), 'm', 9, 4), ('b', 1, 'answered', now(), 'm', 9, 6),
                ('c', 1, 'lost', now(), 'm', 9, 9)",
    )
    .await;
    let price = lead::price_again(&mut conn, id).await.unwrap().unwrap();
    assert_eq!(price.most_micros(), Some(5));
    assert_eq!(lead::price_again(&mut conn, LeadId(0)).await.unwrap(), None);

    let mut ask = async |id| lead::ask_again(&mut conn, &ines(), id).await.unwrap();
    assert_eq!(ask(LeadId(0)).await, AskedAgain::NoSuchLead);
    assert_eq!(ask(id).await, AskedAgain::Requested);
    assert_eq!(ask(id).await, AskedAgain::AlreadyRequested);
    execute(
        &pool,
        "update leads set enrich_next_at = now() + interval '1 hour'",
    )
    .await;
    assert_eq!(ask(id).await, AskedAgain::Requested);
    let told = page(&pool, id.0).await.story.pop().unwrap();
    assert_eq!(told.title, format!("Lead {id} is to be assessed again."));
    execute(&pool, "update campaigns set status = 'paused'").await;
    assert_eq!(ask(id).await, AskedAgain::NoActiveCampaign);
    execute(
        &pool,
        "update recipients set suppressed_at = now(), suppression_reason = 'x'",
    )
    .await;
    assert_eq!(ask(id).await, AskedAgain::Suppressed);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn suppression_of_lead_covers_its_mailbox(pool: PgPool) {
    let campaign = testing::campaign(&pool, "c").await;
    let mut new = runners(2);
    new[1].email = None;
    let id = lead_of(&pool, planned(&pool, campaign, &new[..1]).await[0]).await;
    let without = testing::leads(&pool, campaign, &new[1..]).await[0];
    let people = console(&pool).await;
    let mut conn = db::acquire(&people).await.unwrap();
    let mut suppress = async |id| {
        let why = "asked ana@example.org by telephone";
        lead::suppress(&mut conn, &ines(), id, why).await.unwrap()
    };
    let SuppressedLead::Done(done) = suppress(LeadId(id)).await else {
        panic!("the mailbox is suppressed");
    };
    assert_eq!(
        (done.changed, done.planned, done.written_to),
        (true, 1, false)
    );
    assert_eq!(done.reason, "asked •••@example.org by telephone");
    assert_eq!(suppress(without).await, SuppressedLead::NoAddress);
    assert_eq!(suppress(LeadId(0)).await, SuppressedLead::NoSuchLead);
}
