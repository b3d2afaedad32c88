//! Campaigns: begun, changed and shown by a person, and refused where a word is wrong.

use serde_json::Value;
use shared::db::PgPool;
use shared::testing;

use crate::commands::{refused, run, succeeded};

const NEW: [&str; 7] = [
    "campaign",
    "spring",
    "--new",
    "--offer",
    "20 % of every sale",
    "--audience",
    "people who run",
];

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn campaign_begins_as_a_draft(pool: PgPool) {
    let text = succeeded(&run(&pool, &NEW));
    for part in ["Created", "draft", "20 % of every sale", "8-20"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let again = refused(&run(&pool, &NEW));
    assert!(
        again.contains("there is a campaign of the name spring already"),
        "{again}"
    );
    let list = succeeded(&run(&pool, &["campaign"]));
    assert!(list.contains("spring") && list.contains("draft"), "{list}");
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn change_is_kept_with_its_note(pool: PgPool) {
    succeeded(&run(&pool, &NEW));
    let text = succeeded(&run(
        &pool,
        &[
            "campaign",
            "spring",
            "--min-score",
            "50",
            "--country",
            "fr=allow",
            "--country",
            "US=never",
            "--hours",
            "any",
            "--status",
            "active",
            "--offer",
            "30 %",
            "--language",
            "pt",
            "--note",
            "asked by Mara",
        ],
    ));
    for part in [
        "every lead that had no mail",
        "outreach ask-again spring --all",
        "FR=allow, US=never",
        "Portuguese",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let shown = run(&pool, &["campaign", "spring", "--json"]);
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(shown["min_score"], 50);
    assert_eq!(shown["status"], "active");
    assert_eq!(shown["countries"]["US"], "never");
    assert_eq!(shown["hours"], Value::Null);
    assert_eq!(shown["language"], "pt");
    let audited: (String, String, String, String) = sqlx::query_as(
        "select actor, note, before ->> 'offer', after ->> 'offer' from audit_log
         where table_name = 'campaigns' and action = 'update' order by id desc limit 1",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(
        audited,
        (
            "operator:mara".into(),
            "asked by Mara".into(),
            "20 % of every sale".into(),
            "30 %".into()
        )
    );
    let back = succeeded(&run(
        &pool,
        &["campaign", "spring", "--country", "US=default"],
    ));
    assert!(back.contains("FR=allow") && !back.contains("US="), "{back}");
    let same = succeeded(&run(&pool, &["campaign", "spring", "--min-score", "50"]));
    assert!(same.contains("was so before"), "{same}");
}

/// What waited for the campaign itself is asked again at once.
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn lifted_limit_makes_waiting_mails_due(pool: PgPool) {
    let campaign = testing::campaign(&pool, "spring").await;
    let sends = testing::plan(&pool, campaign, &["ana", "bo"].map(testing::new_lead)).await;
    sqlx::query(
        "update sends set not_before = now() + interval '9 hours',
                reason = case id when $1 then 'quiet_hours' else 'frequency_gap' end",
    )
    .bind(sends[0])
    .execute(&pool)
    .await
    .unwrap();
    succeeded(&run(&pool, &["campaign", "spring", "--hours", "0-24"]));
    let due = "select id from sends where not_before <= now() and send_requested_at = '-infinity'";
    let due: Vec<i64> = sqlx::query_scalar(due).fetch_all(&pool).await.unwrap();
    assert_eq!(due, [sends[0]]);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn wrong_words_are_named(pool: PgPool) {
    succeeded(&run(&pool, &NEW));
    for (arguments, says) in [
        (["--country", "FR=yes"], "`yes` is no rule"),
        (["--country", "France=allow"], "`France` is no country code"),
        (["--min-score", "101"], "0 to 100"),
        (["--hours", "20-8"], "a span of one day"),
        (["--language", "German"], "one of en, de, fr"),
        (["--status", "running"], "draft, active, paused and ended"),
        (["--daily-cap", "-1"], "-1"),
    ] {
        let text = refused(&run(
            &pool,
            &[&["campaign", "spring"][..], &arguments].concat(),
        ));
        assert!(text.contains(says), "{arguments:?}: {text}");
    }
    let text = refused(&run(&pool, &["campaign", "sprin", "--min-score", "50"]));
    assert!(
        text.contains("there is no campaign of the name sprin"),
        "{text}"
    );
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn consent_is_recorded_with_its_proof(pool: PgPool) {
    let proof = [
        "consent",
        "ana@example.org",
        "--proof",
        "form of 2026-11-02",
    ];
    let text = succeeded(&run(&pool, &proof));
    assert!(
        text.contains("Recorded") && !text.contains("ana@"),
        "{text}"
    );
    let kept: (String, String) = sqlx::query_as(
        "select r.basis, a.note from recipients r
         join audit_log a on a.table_name = 'recipients' and a.after ->> 'basis' = r.basis",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(kept, ("consent".into(), "form of 2026-11-02".into()));
    succeeded(&run(
        &pool,
        &[
            "suppress",
            "ana@example.org",
            "--reason",
            "asked by telephone",
        ],
    ));
    let text = succeeded(&run(&pool, &proof));
    assert!(text.contains("has opted out"), "{text}");
}
