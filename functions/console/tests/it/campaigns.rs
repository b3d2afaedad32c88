//! Campaigns: the form, what it refuses, two people at one, and what follows from each step.

mod life;
mod preview;

use axum::http::StatusCode;
use shared::{db::PgPool, domain::person::Role};

use crate::fixture::{Answer, Console, HOSTILE};

/// A form that can be taken.
pub(crate) const FORM: [(&str, &str); 8] = [
    ("name", "Spring"),
    ("offer", "12 % of every sale"),
    ("audience", "People who run"),
    ("min_score", "70"),
    ("min_confidence", "0.5"),
    ("daily_cap", "50"),
    ("hours_from", "08:00"),
    ("hours_to", "20:00"),
];

/// The form with some entries replaced or added.
fn form<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = FORM
        .into_iter()
        .filter(|(field, _)| changes.iter().all(|(changed, _)| changed != field));
    kept.chain(changes.iter().copied()).collect()
}

/// A campaign that an operator began, and its page's path.
pub(crate) async fn begun(pool: &PgPool) -> (Console, String) {
    let operator = Console::new(pool).as_role(Role::Operator).await;
    let answer = operator.post("/campaigns", &FORM).await;
    answer.leads_to("/campaigns/");
    let (path, _) = answer.location().split_once('?').unwrap();
    let path = path.to_owned();
    (operator, path)
}

/// The columns that the form is about, as one text.
async fn stored(pool: &PgPool) -> String {
    sqlx::query_scalar(
        "select concat_ws('|', name, status, offer, audience, min_score, min_confidence, daily_cap, review_all,
                          rules_decide, basis_rules, send_from, send_until, language, 'r' || revision)
         from campaigns order by id desc limit 1",
    )
    .fetch_one(pool)
    .await
    .unwrap()
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn empty_list_says_the_first_step(pool: PgPool) {
    let console = Console::new(&pool);
    let operator = console.as_role(Role::Operator).await;
    let answer = operator.get("/campaigns").await;
    answer.shows(StatusCode::OK, &["No campaigns yet", "/campaigns/new"]);
    let viewer = console.as_role(Role::Viewer).await;
    let answer = viewer.get("/campaigns").await;
    answer.shows(
        StatusCode::OK,
        &["No campaigns yet", "Operators and admins"],
    );
    assert!(!answer.body.contains("/campaigns/new"));
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn created_campaign_is_a_draft_of_a_person(pool: PgPool) {
    let (operator, path) = begun(&pool).await;
    let expected = "Spring|draft|12 % of every sale|People who run|70|0.5|50|f|f|{}|8|20|r1";
    assert_eq!(stored(&pool).await, expected);
    let answer = operator.get(&format!("{path}?done=created")).await;
    let words = [
        "as a draft. Nothing is collected",
        "Draft",
        "Operator Example",
        "name=\"revision\" value=\"1\"",
    ];
    answer.shows(StatusCode::OK, &words);
    let audited = "select count(*) from audit_log where actor = 'person:subject-operator'
                   and table_name = 'campaigns' and action = 'insert'";
    assert_eq!(operator.count(audited).await, 1);
    let list = operator.get("/campaigns").await;
    list.shows(StatusCode::OK, &["Spring", "12 % of every sale", "0 of 50"]);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn changes_are_stored_with_their_note(pool: PgPool) {
    let (operator, path) = begun(&pool).await;
    let changes = form(&[
        ("revision", "1"),
        ("name", "Spring, again"),
        ("daily_cap", "1,200"),
        ("min_score", "60"),
        ("min_confidence", "0,35"),
        ("language", "de"),
        ("review_all", "yes"),
        ("any_hour", "yes"),
        ("rule_FR", "allow"),
        ("other_country", "Japan"),
        ("other_rule", "never"),
        ("note", "The ramp allows more"),
    ]);
    let answer = operator.post(&path, &changes).await;
    answer.leads_to(&format!("{path}?done=saved"));
    let expected = "Spring, again|draft|12 % of every sale|People who run|60|0.35|1200|t|f\
                    |{\"FR\": \"allow\", \"JP\": \"never\"}|de|r2";
    assert_eq!(stored(&pool).await, expected);
    let note = "select count(*) from audit_log where note = 'The ramp allows more'
                and actor = 'person:subject-operator' and action = 'update'";
    assert_eq!(operator.count(note).await, 1);
    let answer = operator.get(&format!("{path}?done=saved")).await;
    answer.shows(StatusCode::OK, &["Saved as version 2.", "Japan"]);

    // The same again is no change.
    let mut again = changes;
    again.retain(|(field, _)| !["revision", "other_country", "other_rule"].contains(field));
    again.extend([("revision", "2"), ("rule_JP", "never")]);
    let answer = operator.post(&path, &again).await;
    answer.leads_to(&format!("{path}?done=unchanged"));
    assert_eq!(stored(&pool).await, expected);

    // Another offer says where its price is asked.
    again.retain(|(field, _)| *field != "offer");
    again.push(("offer", "15 % of every sale"));
    let answer = operator.post(&path, &again).await;
    answer.leads_to(&format!("{path}?done=saved-texts"));
    let answer = operator.get(answer.location()).await;
    answer.shows(
        StatusCode::OK,
        &["no lead is assessed again by this", "/ask-again"],
    );
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn wrong_entries_are_named_and_kept(pool: PgPool) {
    let (operator, path) = begun(&pool).await;
    let before = stored(&pool).await;
    for (field, entry, says) in [
        ("name", "", "Name: This cannot be empty."),
        ("offer", "", "Offer: This cannot be empty."),
        ("audience", "", "Audience: This cannot be empty."),
        ("min_score", "101", "Lowest score: “101” is out of range."),
        (
            "min_confidence",
            "2",
            "Lowest confidence: “2” is not a number from 0 to 1.",
        ),
        (
            "daily_cap",
            "6O",
            "Mails a day: “6O” is not a whole number. Enter a number from 0 to 1,000,000, for example 50.",
        ),
        ("hours_from", "8:30", "Hours: “8:30” is not a whole hour."),
        (
            "hours_to",
            "07:00",
            "Hours: The end must be later than 08:00.",
        ),
        (
            "other_country",
            "Narnia",
            "Country rules: “Narnia” is no country",
        ),
        ("rule_DE", "perhaps", "is no rule of a country"),
    ] {
        let form = form(&[("revision", "1"), (field, entry)]);
        for path in [path.as_str(), "/campaigns"] {
            let answer = operator.post(path, &form).await;
            let words = ["One entry needs your attention. Nothing was saved.", says];
            answer.shows(StatusCode::UNPROCESSABLE_ENTITY, &words);
            answer.shows(
                answer.status,
                &["12 % of every sale", "aria-invalid=\"true\""],
            );
        }
    }
    assert_eq!(stored(&pool).await, before);
    let answer = operator.post("/campaigns", &FORM).await;
    let taken = "Name: There is a campaign of this name already.";
    answer.shows(StatusCode::UNPROCESSABLE_ENTITY, &[taken]);
    assert_eq!(operator.count("select count(*) from campaigns").await, 1);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn second_of_two_editors_loses_nothing(pool: PgPool) {
    let (operator, path) = begun(&pool).await;
    let admin = operator.as_role(Role::Admin).await;
    let theirs = form(&[
        ("revision", "1"),
        ("daily_cap", "40"),
        ("offer", "15 % of every sale"),
    ]);
    admin.post(&path, &theirs).await.leads_to(&path);
    let mine = form(&[
        ("revision", "1"),
        ("daily_cap", "60"),
        ("audience", "People who run and <b>write</b>"),
        ("note", "more"),
    ]);
    let answer = operator.post(&path, &mine).await;
    let words = [
        "Admin Example</bdi> changed this campaign while you were editing",
        "<ins>15 </ins>",
        "<ins>12 </ins>",
        "<ins>40</ins>",
        "<ins>60</ins>",
        "Save this choice as version 3",
        "&#60;b&#62;write&#60;/b&#62;",
    ];
    answer.shows(StatusCode::CONFLICT, &words);
    assert!(
        !answer.body.contains("choice_min_score"),
        "they agree on it"
    );
    assert!(stored(&pool).await.contains("|40|"), "nothing was saved");

    let mut choice = hidden(&answer);
    choice.extend(
        [
            ("choice_offer", "theirs"),
            ("choice_daily_cap", "mine"),
            ("choice_audience", "mine"),
        ]
        .map(|(field, side)| (field.to_owned(), side.to_owned())),
    );
    let choice: Vec<(&str, &str)> = choice.iter().map(|(a, b)| (&**a, &**b)).collect();
    // A third person saves before the choice is made: they are told again, with their choice kept.
    let third = form(&[
        ("revision", "2"),
        ("daily_cap", "70"),
        ("offer", "15 % of every sale"),
    ]);
    admin.post(&path, &third).await.leads_to(&path);
    let merge = format!("{path}/merge");
    let answer = operator.post(&merge, &choice).await;
    answer.shows(
        StatusCode::CONFLICT,
        &["<ins>70</ins>", "<ins>60</ins>", "version 4"],
    );
    let mut choice = hidden(&answer);
    choice.push(("choice_daily_cap".to_owned(), "mine".to_owned()));
    let choice: Vec<(&str, &str)> = choice.iter().map(|(a, b)| (&**a, &**b)).collect();
    operator.post(&merge, &choice).await.leads_to(&path);
    let expected =
        "Spring|draft|15 % of every sale|People who run and <b>write</b>|70|0.5|60|f|f|{}|8|20|r4";
    assert_eq!(stored(&pool).await, expected);
    let noted = "select count(*) from audit_log where note = 'more'";
    assert_eq!(operator.count(noted).await, 1);
}

/// What the page of two versions carries along.
fn hidden(answer: &Answer) -> Vec<(String, String)> {
    let plain = |text: &str| {
        text.replace("&#60;", "<")
            .replace("&#62;", ">")
            .replace("&#38;", "&")
    };
    let mut fields = Vec::new();
    for part in answer.body.split("<textarea name=\"").skip(1) {
        let (name, rest) = part.split_once("\" hidden>\n").unwrap();
        let (entry, _) = rest.split_once("</textarea>").unwrap();
        fields.push((name.to_owned(), plain(entry)));
    }
    let revision = answer
        .body
        .split("name=\"revision\" value=\"")
        .nth(1)
        .unwrap();
    let (revision, _) = revision.split_once('"').unwrap();
    fields.push(("revision".to_owned(), revision.to_owned()));
    fields
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn copy_begins_with_the_same_settings(pool: PgPool) {
    let (operator, path) = begun(&pool).await;
    let id = path.rsplit('/').next().unwrap();
    let answer = operator.get(&format!("/campaigns/new?copy={id}")).await;
    let words = [
        "value=\"Spring (copy)\"",
        "12 % of every sale",
        "Create campaign",
    ];
    answer.shows(StatusCode::OK, &words);
    let answer = operator.get("/campaigns/new?copy=999").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn viewer_reads_and_changes_nothing(pool: PgPool) {
    let (operator, path) = begun(&pool).await;
    let before = stored(&pool).await;
    for role in [Role::Viewer, Role::Reviewer] {
        let person = operator.as_role(role).await;
        let answer = person.get(&path).await;
        answer.shows(
            StatusCode::OK,
            &[
                "12 % of every sale",
                "Operators and admins can change this.",
            ],
        );
        assert!(
            !answer.body.contains("<form class=\"panel\""),
            "{}",
            answer.body
        );
        for path in [
            "/campaigns/new",
            &format!("{path}/end"),
            &format!("{path}/ask-again"),
        ] {
            assert_eq!(
                person.get(path).await.status,
                StatusCode::FORBIDDEN,
                "{path}"
            );
        }
        for step in [
            "",
            "/merge",
            "/activate",
            "/pause",
            "/end",
            "/ask-again",
            "/sources",
        ] {
            let answer = person.post(&format!("{path}{step}"), &FORM).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{step}");
        }
        let answer = person.post("/campaigns", &FORM).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
    }
    assert_eq!(stored(&pool).await, before);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn hostile_text_neither_runs_nor_breaks_pages(pool: PgPool) {
    let (operator, path) = begun(&pool).await;
    let fields = [
        "name",
        "offer",
        "audience",
        "language",
        "min_score",
        "min_confidence",
        "daily_cap",
        "hours_from",
        "hours_to",
        "any_hour",
        "review_all",
        "rules_decide",
        "other_country",
        "other_rule",
        "rule_DE",
        "note",
        "revision",
        "do",
    ];
    for field in fields {
        for text in HOSTILE {
            let mut entries = form(&[("revision", "1")]);
            entries.retain(|(known, _)| *known != field);
            entries.push((field, text));
            for path in [path.as_str(), "/campaigns", &format!("{path}/merge")] {
                let answer = operator.post(path, &entries).await;
                answer.is_unharmed(&format!("{field}={text:?} at {path}"));
            }
        }
        let long = "x".repeat(300 * 1024);
        let answer = operator.post(&path, &form(&[(field, &long)])).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{field}");
    }
    for path in [path.as_str(), "/campaigns", "/campaigns/new"] {
        let answer = operator.get(path).await;
        assert_eq!(answer.status, StatusCode::OK);
        answer.is_unharmed(path);
    }
}
