//! The overview and its file: one set of figures, held against the rows that they count.

use std::collections::BTreeMap;

use axum::http::{StatusCode, header};
use shared::{db::PgPool, domain::person::Role, testing};

use crate::{
    fixture::{Answer, Console, HOSTILE},
    review::{shown, waiting},
};

/// Figures of the file, by section, of and figure.
fn sheet(file: &Answer) -> BTreeMap<String, String> {
    let lines = file.body.lines().skip(1);
    let figures = lines.map(|line| {
        let cells: Vec<&str> = line.trim_matches('"').split("\",\"").collect();
        (cells[..3].join("/"), cells[3].to_owned())
    });
    figures.collect()
}

async fn execute(pool: &PgPool, statement: &'static str) {
    sqlx::query(statement).execute(pool).await.unwrap();
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn figures_equal_their_rows(pool: PgPool) {
    let console = Console::new(&pool).as_role(Role::Viewer).await;
    console.get("/").await.shows(
        StatusCode::OK,
        &["No campaigns yet", "no delivered mails yet", "Nobody."],
    );
    waiting(&pool, 40).await;
    let other = testing::campaign(&pool, "Home studio").await;
    testing::plan(&pool, other, &[testing::new_lead("bo")]).await;
    execute(
        &pool,
        "update sends set state = 'sent', reason = null, sent_at = now(), ses_message_id = 'ses-' || id
         where id <= (select min(id) + 34 from sends)",
    )
    .await;
    execute(
        &pool,
        "update sends set state = 'bounced', reason = 'bounced' where id <= (select min(id) from sends)",
    )
    .await;
    let page = console.get("/").await;
    page.shows(
        StatusCode::OK,
        &[
            // 1 of 35 mails, with its interval.
            "<p class=\"tile-value\">2.9 %</p>",
            "1 of 35 mails · 95 %: 0.5–14.5 %",
            "41 in 30 days",
            "no decided drafts yet",
            "Trail running",
            "Home studio",
            "Figures as of ",
            "pg_stat_statements is not there",
        ],
    );
    let file = console.get("/overview.csv").await;
    assert_eq!(
        file.headers[header::CONTENT_DISPOSITION],
        "attachment; filename=\"overview.csv\""
    );
    let figures = sheet(&file);
    for (name, statement) in [
        ("tile//leads", "select count(*) from leads"),
        ("funnel//found", "select count(*) from leads"),
        ("funnel//planned", "select count(*) from sends"),
        (
            "funnel//mailed",
            "select count(*) from sends where sent_at is not null",
        ),
        (
            "tile//bounced mails",
            "select count(*) from sends where state = 'bounced'",
        ),
        ("tile//bounced mails of", "select 35::bigint"),
        ("campaign/Trail running/found", "select 40::bigint"),
        ("campaign/Home studio/planned", "select 1::bigint"),
    ] {
        let counted = console.count(statement).await.to_string();
        assert_eq!(figures.get(name), Some(&counted), "{name}: {figures:?}");
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn filters_narrow_page_and_file_alike(pool: PgPool) {
    waiting(&pool, 3).await;
    let other = testing::campaign(&pool, "Home studio").await;
    testing::plan(&pool, other, &[testing::new_lead("bo")]).await;
    let console = Console::new(&pool).as_role(Role::Viewer).await;
    let source = console
        .count("select min(id) from sources where campaign_id = (select max(id) from campaigns)")
        .await;
    let chosen = [
        format!("days=90&campaign={}&source=", other.0),
        format!("days=7&campaign=&source={source}"),
    ];
    for query in &chosen {
        let figures = sheet(&console.get(&format!("/overview.csv?{query}")).await);
        assert_eq!(figures["funnel//found"], "1", "{query}");
        let page = console.get(&format!("/?{query}")).await;
        page.shows(StatusCode::OK, &["1 in ", " selected>", "Home studio"]);
        // The file is of what is shown.
        let link = format!("href=\"/overview.csv?{}\"", query.replace('&', "&#38;"));
        page.shows(StatusCode::OK, &[&link]);
    }
    // As if all of it had happened 40 days before, and nothing had been added up since.
    for statement in [
        "update lead_sources set found_at = found_at - interval '40 days'",
        "update figures_state set folded_until = now() - interval '50 days'",
    ] {
        execute(&pool, statement).await;
    }
    for (days, found) in [("7", "0"), ("14", "0"), ("30", "0"), ("90", "4")] {
        let figures = sheet(&console.get(&format!("/overview.csv?days={days}")).await);
        assert_eq!(figures["funnel//found"], found, "{days}");
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn filters_that_name_nothing_are_refused(pool: PgPool) {
    let console = Console::new(&pool).as_role(Role::Viewer).await;
    for path in ["/", "/overview.csv"] {
        for query in ["days=8", "campaign=all", "source=-"] {
            let answer = console.get(&format!("{path}?{query}")).await;
            answer.shows(StatusCode::BAD_REQUEST, &["This could not be read"]);
        }
        let none = console.get(&format!("{path}?campaign=4711")).await;
        assert_eq!(none.status, StatusCode::OK);
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn names_of_campaigns_stay_text(pool: PgPool) {
    for (number, text) in HOSTILE.iter().enumerate() {
        let name: String = text.chars().filter(|c| !c.is_control()).collect();
        let campaign = testing::campaign(&pool, &name).await;
        let lead = testing::new_lead(&format!("runner{number}"));
        testing::plan(&pool, campaign, &[lead]).await;
    }
    let console = Console::new(&pool).as_role(Role::Viewer).await;
    console.get("/").await.is_unharmed("the overview");
    let file = console.get("/overview.csv").await;
    assert!(file.body.contains("\"'=HYPERLINK"), "{}", file.body);
    assert!(!file.body.contains("\"=HYPERLINK"), "{}", file.body);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn charts_have_tables_and_no_styles(pool: PgPool) {
    waiting(&pool, 2).await;
    let console = Console::new(&pool).as_role(Role::Viewer).await;
    let page = console.get("/").await;
    let count = |part: &str| page.body.matches(part).count();
    assert_eq!(count("<figure"), 4);
    // The statements of the database are a table of their own, where it counts them.
    assert!(count("<details class=\"disclosure\">") >= 4);
    assert!(count("<svg") >= 4);
    assert_eq!(count(" style="), 0);
    // Whatever labels a drawing is on the page.
    for label in page.body.split("aria-labelledby=\"").skip(1) {
        let id = label.split('"').next().unwrap();
        assert_eq!(count(&format!("id=\"{id}\"")), 1, "{id}");
    }
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn decisions_count_as_they_were_noted(pool: PgPool) {
    waiting(&pool, 8).await;
    let console = Console::new(&pool).as_role(Role::Reviewer).await;
    let other_words = ("message", "Would you like to talk?");
    for fields in [
        &[("decision", "approve")][..],
        &[("decision", "approve"), other_words],
        &[("decision", "reject"), ("why", "tone")],
        &[("decision", "skip")],
        &[("decision", "approve")],
    ] {
        let draft = shown(&console).await;
        draft.decide(&console, fields).await.leads_to("/review");
    }
    let figures = sheet(&console.get("/overview.csv").await);
    let approved = "select count(*) from reviews where decision = 'approved'";
    let decided =
        "select count(*) from reviews where decision in ('approved', 'edited', 'rejected')";
    for (name, statement, expected) in [
        ("tile//drafts approved unchanged", approved, 2),
        ("tile//drafts approved unchanged of", decided, 4),
    ] {
        assert_eq!(console.count(statement).await, expected);
        assert_eq!(figures[name], expected.to_string(), "{name}");
    }
}
