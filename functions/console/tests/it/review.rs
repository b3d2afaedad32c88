//! The review queue, as a person works through it.

use axum::http::StatusCode;
use shared::{db::PgPool, domain::person::Role, testing};

use crate::fixture::{Answer, Console};

/// Mails of a campaign that wait for a person.
pub(crate) async fn waiting(pool: &PgPool, count: usize) -> Vec<i64> {
    let campaign = testing::campaign(pool, "Trail running").await;
    let leads: Vec<_> = (0..count)
        .map(|n| testing::new_lead(&format!("runner{n}")))
        .collect();
    let mut ids = testing::plan(pool, campaign, &leads).await;
    // As the queue shows drafts of one score.
    ids.sort_unstable();
    sqlx::query("update sends set state = 'review', reason = 'country_review'")
        .execute(pool)
        .await
        .unwrap();
    ids
}

/// The value of a hidden field.
fn hidden<'a>(page: &'a str, name: &str) -> &'a str {
    let field = format!("name=\"{name}\" value=\"");
    page.split_once(&field)
        .unwrap()
        .1
        .split('"')
        .next()
        .unwrap()
}

/// What a page shows, as a form would send it back.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub(crate) send: i64,
    pub(crate) seen: String,
    subject: String,
    message: String,
}

impl Shown {
    /// None where the page has no draft.
    pub(crate) fn of(page: &Answer) -> Option<Self> {
        let body = &page.body;
        let form = body
            .split_once("id=\"draft\" method=\"post\" action=\"/review/")?
            .1;
        let message = body.split_once("rows=\"13\"")?.1.split_once(">\n")?.1;
        Some(Self {
            send: form.split('"').next()?.parse().ok()?,
            seen: hidden(body, "seen").to_owned(),
            subject: hidden(body, "subject").to_owned(),
            message: message.split("</textarea>").next()?.to_owned(),
        })
    }

    pub(crate) async fn decide(&self, console: &Console, fields: &[(&str, &str)]) -> Answer {
        let own = [
            ("seen", self.seen.as_str()),
            ("subject", &self.subject),
            ("message", &self.message),
        ];
        let given = |name: &str| fields.iter().any(|(given, _)| *given == name);
        let own = own.iter().filter(|(name, _)| !given(name));
        let form: Vec<_> = own.chain(fields).copied().collect();
        console.post(&format!("/review/{}", self.send), &form).await
    }
}

pub(crate) async fn shown(console: &Console) -> Shown {
    Shown::of(&console.get("/review").await).unwrap()
}

async fn stands(console: &Console, send: i64) -> (String, Option<String>) {
    sqlx::query_as("select state::text, reason from sends where id = $1")
        .bind(send)
        .fetch_one(&console.pool)
        .await
        .unwrap()
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn draft_is_shown_with_what_a_decision_needs(pool: PgPool) {
    let ids = waiting(&pool, 2).await;
    sqlx::query(
        "update leads set bio = 'Coach <b>in</b> Galway, ana@example.org', website = 'javascript:alert(1)'",
    )
        .execute(&pool)
        .await
        .unwrap();
    sqlx::query(
        r#"update enriched_leads set evidence = '[{"claim": "Coaches.", "quote": "Coach"}]'"#,
    )
    .execute(&pool)
    .await
    .unwrap();
    let page = Console::new(&pool)
        .as_role(Role::Reviewer)
        .await
        .get("/review")
        .await;
    page.shows(
        StatusCode::OK,
        &[
            "<mark>Coach<sup>1</sup></mark> &#60;b&#62;in&#60;/b&#62; Galway",
            "The recipient&#39;s country has conditions that a person must check.",
            "Held for you until",
            "Next: Ana Fit",
            "•••@",
            "One claim is quoted from the profile.",
        ],
    );
    for hidden in ["javascript:", "ana@"] {
        assert!(!page.body.contains(hidden), "{}", page.body);
    }
    assert_eq!(Shown::of(&page).unwrap().send, ids[0]);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn approved_draft_is_held_and_can_be_taken_back(pool: PgPool) {
    let ids = waiting(&pool, 1).await;
    let console = Console::new(&pool).as_role(Role::Reviewer).await;
    let approved = shown(&console)
        .await
        .decide(&console, &[("decision", "approve")])
        .await;
    approved.leads_to(&format!("/review?reason=&done=approved&send={}", ids[0]));
    assert_eq!(stands(&console, ids[0]).await, ("queued".to_owned(), None));
    let held = "select count(*) from sends where not_before > now() + interval '20 seconds'";
    assert_eq!(console.count(held).await, 1);
    let by = "select count(*) from audit_log where actor = 'person:subject-reviewer' and table_name = 'sends'";
    assert_eq!(console.count(by).await, 1);

    let undo = format!("/review/{}/undo", ids[0]);
    // Only one's own.
    let other = console.as_role(Role::Operator).await;
    other
        .post(&undo, &[])
        .await
        .leads_to("/review?reason=&done=nothing");
    console
        .post(&undo, &[])
        .await
        .leads_to("/review?reason=&done=undone");
    let reopened = ("review".to_owned(), Some("reopened".to_owned()));
    assert_eq!(stands(&console, ids[0]).await, reopened);
    console
        .post(&undo, &[])
        .await
        .leads_to("/review?reason=&done=nothing");

    // Once a sender has begun, it is too late.
    let approved = shown(&console)
        .await
        .decide(&console, &[("decision", "approve")])
        .await;
    approved.leads_to("/review?reason=&done=approved");
    sqlx::query("update sends set state = 'claimed', lease_until = now() + interval '1 minute'")
        .execute(&pool)
        .await
        .unwrap();
    console
        .post(&undo, &[])
        .await
        .leads_to("/review?reason=&done=too-late");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn edited_text_is_the_one_that_is_sent(pool: PgPool) {
    let ids = waiting(&pool, 1).await;
    let console = Console::new(&pool).as_role(Role::Reviewer).await;
    let draft = shown(&console).await;
    let refused = draft
        .decide(
            &console,
            &[
                ("decision", "approve"),
                ("message", "See https://evil.example"),
            ],
        )
        .await;
    refused.shows(
        StatusCode::UNPROCESSABLE_ENTITY,
        &[
            "Nothing was decided",
            "See https://evil.example",
            "check-bad",
        ],
    );
    assert_eq!(stands(&console, ids[0]).await.0, "review");

    let message = "Would you like to talk?";
    let approved = draft
        .decide(&console, &[("decision", "approve"), ("message", message)])
        .await;
    approved.leads_to("/review?reason=&done=edited");
    assert_eq!(stands(&console, ids[0]).await, ("queued".to_owned(), None));
    sqlx::query("update sends set not_before = now()")
        .execute(&pool)
        .await
        .unwrap();
    let mut conn = pool.acquire().await.unwrap();
    let armed = testing::arm(&mut conn, &ids).await.unwrap();
    assert_eq!(armed[0].draft.message, message);
    let decisions =
        "select count(*) from reviews where decision = 'edited' and subject = 'subject-reviewer'";
    assert_eq!(console.count(decisions).await, 1);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn text_that_changed_meanwhile_is_shown_again(pool: PgPool) {
    let ids = waiting(&pool, 1).await;
    let console = Console::new(&pool).as_role(Role::Reviewer).await;
    let draft = shown(&console).await;
    let edit = [
        ("decision", "approve"),
        ("message", "Would you like to talk?"),
    ];
    let first = draft.decide(&console, &edit).await;
    first.leads_to("/review");
    console
        .post(&format!("/review/{}/undo", ids[0]), &[])
        .await
        .leads_to("/review");
    // A page that was opened before.
    let stale = draft
        .decide(
            &console,
            &[("decision", "approve"), ("message", "My own words")],
        )
        .await;
    stale.shows(
        StatusCode::UNPROCESSABLE_ENTITY,
        &[
            "The text or the profile was changed after you opened it",
            "My own words",
        ],
    );
    assert_eq!(stands(&console, ids[0]).await.0, "review");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn second_decision_learns_what_the_first_was(pool: PgPool) {
    waiting(&pool, 1).await;
    let console = Console::new(&pool);
    let first = console.as_role(Role::Reviewer).await;
    let draft = shown(&first).await;
    let rejected = draft
        .decide(&first, &[("decision", "reject"), ("why", "tone")])
        .await;
    rejected.leads_to("/review?reason=&done=rejected");
    let second = console.as_role(Role::Operator).await;
    let late = draft.decide(&second, &[("decision", "approve")]).await;
    late.shows(
        StatusCode::CONFLICT,
        &[
            "Reviewer Example decided before you",
            "this mail never leaves",
        ],
    );
    assert_eq!(console.count("select count(*) from reviews").await, 1);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn rejection_takes_a_reason_with_its_consequence(pool: PgPool) {
    let ids = waiting(&pool, 1).await;
    let console = Console::new(&pool).as_role(Role::Reviewer).await;
    let draft = shown(&console).await;
    for (fields, fault) in [
        (vec![], "Choose why"),
        (vec![("why", "boredom")], "Choose why"),
        (
            vec![("why", "other"), ("why_text", " ")],
            "Say in your words",
        ),
    ] {
        let fields = [fields, vec![("decision", "reject")]].concat();
        draft
            .decide(&console, &fields)
            .await
            .shows(StatusCode::UNPROCESSABLE_ENTITY, &[fault]);
    }
    let unwelcome = [
        ("decision", "reject"),
        ("why", "unwelcome"),
        ("why_text", "says so in the bio"),
    ];
    draft.decide(&console, &unwelcome).await.leads_to("/review");
    assert_eq!(stands(&console, ids[0]).await.0, "refused");
    let suppressed = "select count(*) from recipients where suppression_reason = 'unsubscribed' and opt_out_way = 'person'";
    assert_eq!(console.count(suppressed).await, 1);
    let noted =
        "select count(*) from audit_log where note = 'Does not want offers: says so in the bio'";
    assert!(console.count(noted).await >= 2);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn skipped_draft_is_there_for_others(pool: PgPool) {
    let ids = waiting(&pool, 2).await;
    let console = Console::new(&pool);
    let one = console.as_role(Role::Reviewer).await;
    let draft = shown(&one).await;
    draft
        .decide(&one, &[("decision", "skip")])
        .await
        .leads_to("/review?reason=&done=skipped");
    assert_eq!(stands(&console, ids[0]).await.0, "review");
    assert_eq!(shown(&one).await.send, ids[1]);
    // The other one is held by the first.
    let other = console.as_role(Role::Operator).await;
    let page = other.get("/review").await;
    assert_eq!(Shown::of(&page).unwrap().send, ids[0]);
    assert!(!page.body.contains("Next:"), "{}", page.body);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn viewer_looks_on_and_holds_nothing(pool: PgPool) {
    waiting(&pool, 3).await;
    let console = Console::new(&pool).as_role(Role::Viewer).await;
    let page = console.get("/review").await;
    page.shows(
        StatusCode::OK,
        &["3 drafts wait for a reviewer", "Country to be checked (3)"],
    );
    assert_eq!(console.count("select count(*) from review_leases").await, 0);
}

/// The boxes of the page of many drafts.
/// A draft that the rules scored has no text; the model is asked for one, and the draft is out of the way until then.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn model_is_asked_for_missing_text(pool: PgPool) {
    let ids = waiting(&pool, 2).await;
    for change in [
        "update enriched_leads set method = 'rules', model = null, subject = null, message = null, score = 90
         where lead_id = (select lead_id from sends order by id limit 1)",
        "update sends set reason = 'scored_by_rules' where id = (select min(id) from sends)",
        "update enriched_leads set score = 80
         where lead_id <> (select lead_id from sends order by id limit 1)",
        "update leads set enrich_requested_at = null",
    ] {
        sqlx::query(change).execute(&pool).await.unwrap();
    }
    let console = Console::new(&pool).as_role(Role::Reviewer).await;
    let page = console.get("/review").await;
    page.shows(StatusCode::OK, &["There is no text yet", "Ask the model, "]);
    assert_eq!(Shown::of(&page).unwrap().send, ids[0]);
    let ask = format!("/review/{}/ask", ids[0]);
    let asked = console.post(&ask, &[("queue", "")]).await;
    asked.leads_to(&format!("/review?reason=&done=asked&send={}", ids[0]));
    let next = console.get("/review?reason=&done=asked").await;
    next.shows(StatusCode::OK, &["The model was asked for a text."]);
    assert_eq!(Shown::of(&next).unwrap().send, ids[1]);
    assert!(!next.body.contains("There is no text yet"));
    let requested = "select count(*) from leads where enrich_requested_at is not null
                       and enrich_again_at is not null";
    assert_eq!(console.count(requested).await, 1);
    let twice = console.post(&ask, &[("queue", "")]).await;
    twice.leads_to(&format!("/review?reason=&done=asked&send={}", ids[0]));

    // It waits for a model that is away: a person may write the text.
    sqlx::query("update leads set enrich_next_at = now() + interval '1 hour' where enrich_requested_at is not null")
        .execute(&pool)
        .await
        .unwrap();
    assert_eq!(shown(&console).await.send, ids[0]);
    let has_text = console.post(&format!("/review/{}/ask", ids[1]), &[]).await;
    has_text.shows(StatusCode::CONFLICT, &["There is a text by now"]);
    let nothing = console.post("/review/999/ask", &[]).await;
    assert_eq!(nothing.status, StatusCode::NOT_FOUND);
}

fn boxes(page: &Answer) -> Vec<String> {
    let boxes = page.body.split("name=\"chosen\"").skip(1);
    boxes
        .map(|rest| {
            let value = rest.split_once("value=\"").unwrap().1;
            value.split('"').next().unwrap().to_owned()
        })
        .collect()
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn many_drafts_are_decided_each_by_itself(pool: PgPool) {
    let ids = waiting(&pool, 4).await;
    let reviewer = Console::new(&pool).as_role(Role::Reviewer).await;
    let page = reviewer.get("/review/bulk?reason=country_review").await;
    page.shows(StatusCode::OK, &["4 drafts", "Approve the chosen"]);
    let boxes = boxes(&page);
    assert_eq!(boxes.len(), 4);
    // Nobody else is shown what somebody looks at.
    let other = reviewer.as_role(Role::Operator).await;
    let none = other.get("/review/bulk?reason=country_review").await;
    none.shows(StatusCode::OK, &["Nothing of this reason is free"]);
    // One changes after it was seen.
    sqlx::query("update sends set content_hash = sha256('other') where id = $1")
        .bind(ids[3])
        .execute(&pool)
        .await
        .unwrap();
    let with = |more: &[(&'static str, &'static str)]| {
        let chosen = boxes.iter().map(|chosen| ("chosen", chosen.as_str()));
        let fixed = [("reason", "country_review")].into_iter();
        fixed
            .chain(more.iter().copied())
            .chain(chosen)
            .collect::<Vec<_>>()
    };
    let press = async |path: &str, form: &[(&str, &str)]| {
        let answer = reviewer.post(path, form).await;
        answer.leads_to("/review/bulk?reason=country_review&did=");
        reviewer.get(answer.location()).await
    };
    // Enter in the field of a reason presses the first button: nothing is approved by that.
    let slip = with(&[("decision", "approve"), ("why", "tone")]);
    let answer = reviewer.post("/review/bulk", &slip).await;
    answer.shows(StatusCode::UNPROCESSABLE_ENTITY, &["Nothing was decided"]);
    let done = press("/review/bulk", &with(&[("decision", "approve")])).await;
    done.shows(
        StatusCode::OK,
        &[
            "3 drafts approved, 1 not",
            "changed after you saw it",
            "Undo",
        ],
    );
    let reject = with(&[("decision", "reject"), ("why", "tone")]);
    let again = press("/review/bulk", &reject).await;
    again.shows(
        StatusCode::OK,
        &["No drafts rejected, 4 not", "approved it before you"],
    );
    let approved = "select count(*) from sends where state = 'queued' and not_before > now()";
    assert_eq!(reviewer.count(approved).await, 3);
    assert_eq!(reviewer.count("select count(*) from reviews").await, 3);

    let sends: Vec<String> = ids.iter().map(i64::to_string).collect();
    let sends = sends.join(".");
    let undo = [("reason", "country_review"), ("sends", &sends)];
    let undone = press("/review/bulk/undo", &undo).await;
    undone.shows(StatusCode::OK, &["3 drafts taken back, 1 not"]);
    let waits = "select count(*) from sends where state = 'review'";
    assert_eq!(reviewer.count(waits).await, 4);
    let other = with(&[("decision", "reject"), ("why", "other")]);
    let unwelcome = with(&[("decision", "reject"), ("why", "unwelcome")]);
    let nothing = vec![("reason", "country_review"), ("decision", "approve")];
    for form in [other, unwelcome, nothing] {
        let answer = reviewer.post("/review/bulk", &form).await;
        answer.shows(StatusCode::UNPROCESSABLE_ENTITY, &["Nothing was decided"]);
    }
    let suppressed = "select count(*) from recipients where suppressed_at is not null";
    assert_eq!(reviewer.count(suppressed).await, 0);
    let wrong = [
        ("reason", "country_review"),
        ("decision", "approve"),
        ("chosen", "x"),
    ];
    let answer = reviewer.post("/review/bulk", &wrong).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        reviewer.get("/review/bulk?reason=x").await.status,
        StatusCode::NOT_FOUND
    );
}
