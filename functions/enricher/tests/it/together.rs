//! An enrichment and its send are stored together or not at all.

use serde_json::json;
use shared::testing;
use sqlx::PgPool;

use crate::{
    server::{Server, good_answer},
    stage::{Stage, come_again, deliver},
};

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn failed_plan_rolls_back_its_enrichment(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let leads = stage.crowd("both", 3).await;
    let deps = stage.deps(&[]);
    for table in ["sends", "recipients", "enriched_leads"] {
        let broken = format!("alter table {table} add constraint broken check (false) not valid");
        sqlx::raw_sql(sqlx::AssertSqlSafe(broken))
            .execute(&stage.pool)
            .await
            .unwrap();
        deliver(&deps, &leads).await.unwrap_err();
        assert_eq!(stage.enriched().await, [], "{table}");
        assert_eq!(
            stage.number("select count(*) from sends").await,
            0,
            "{table}"
        );
        assert_eq!(
            stage.number("select count(*) from recipients").await,
            0,
            "{table}"
        );
        assert_eq!(stage.pending().await, leads, "{table}");
        let mended = format!("alter table {table} drop constraint broken");
        sqlx::raw_sql(sqlx::AssertSqlSafe(mended))
            .execute(&stage.pool)
            .await
            .unwrap();
    }
    assert_eq!(
        stage.outreach.published().await,
        [0; 0],
        "nothing was published"
    );
    deliver(&deps, &leads).await.unwrap();
    assert_eq!(
        stage.stand_ins.stats().model.requests,
        3,
        "the answers were kept"
    );
    assert_eq!(
        stage
            .number("select count(*) from sends where state = 'queued'")
            .await,
        3
    );
    assert_eq!(stage.outreach.published().await.len(), 3);
    assert_eq!(stage.pending().await, [0; 0]);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn two_profiles_with_one_mailbox_get_one_mail(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let first = testing::new_lead("ana");
    let second = || shared::domain::lead::NewLead {
        email: first.email.clone(),
        ..testing::new_lead("imana")
    };
    let later = || shared::domain::lead::NewLead {
        email: first.email.clone(),
        ..testing::new_lead("realana")
    };
    let together = stage.store(&[first.clone(), second()]).await;
    let deps = stage.deps(&[]);
    deliver(&deps, &together).await.unwrap();
    let apart = stage.store(&[later()]).await;
    deliver(&deps, &apart).await.unwrap();

    let rows = stage.enriched().await;
    let states: Vec<_> = rows.iter().map(|row| row.state.as_deref()).collect();
    assert_eq!(states, [Some("queued"), None, None]);
    for row in &rows[1..] {
        assert_eq!(row.outcome, "refused");
        assert_eq!(row.reason.as_deref(), Some("duplicate_recipient"));
    }
    assert_eq!(stage.number("select count(*) from sends").await, 1);
    assert_eq!(stage.number("select count(*) from recipients").await, 1);
    assert_eq!(stage.outreach.published().await.len(), 1);
    assert_eq!(stage.pending().await, [0; 0]);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn suppressed_recipient_is_refused_and_unchanged(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let leads = stage.leads(&["gone", "erased", "agreed", "nowhere"]).await;
    sqlx::query(
        "insert into recipients (email_hash, country, basis, suppressed_at, suppression_reason, erased_at)
         select email_hash,
                case username when 'nowhere' then null else 'DE' end,
                case username when 'agreed' then 'consent' end,
                case username when 'gone' then now() end,
                case username when 'gone' then 'unsubscribed' end,
                case username when 'erased' then now() end
         from leads",
    )
    .execute(&stage.pool)
    .await
    .unwrap();
    // All but the one whose country is not known.
    let known = "select md5(string_agg(r::text, ';' order by email_hash)) from recipients r
                 where country = 'DE'";
    let before: String = sqlx::query_scalar(known)
        .fetch_one(&stage.pool)
        .await
        .unwrap();
    deliver(&stage.deps(&[]), &leads).await.unwrap();

    let expected = [
        ("refused", Some("suppressed"), None),
        ("refused", Some("erased"), None),
        // Germany asks for consent, and here it is.
        ("planned", None, Some("queued")),
        ("planned", None, Some("queued")),
    ];
    for (lead, expected) in leads.iter().zip(expected) {
        let row = &stage.enriched_of(&[*lead]).await[0];
        let outcome = (
            row.outcome.as_str(),
            row.reason.as_deref(),
            row.state.as_deref(),
        );
        assert_eq!(outcome, expected);
    }
    let asked = stage.number("select count(*) from model_calls").await;
    assert_eq!(asked, 2, "a suppressed recipient is not shown to the model");
    let after: String = sqlx::query_scalar(known)
        .fetch_one(&stage.pool)
        .await
        .unwrap();
    assert_eq!(before, after);
    let filled = "select count(*) from recipients where country = 'US' and basis is null";
    assert_eq!(stage.number(filled).await, 1);
}

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn unpublished_send_waits_for_the_sweep(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let leads = stage.leads(&["unheard"]).await;
    let url = stage.outreach.url.replace("outreach-", "no-such-queue-");
    let deps = stage.deps(&[("OUTREACH_QUEUE_URL", &url)]);
    let response = deliver(&deps, &leads).await.unwrap();
    assert_eq!(come_again(&response), [0; 0]);
    assert_eq!(
        stage
            .number("select count(*) from sends where state = 'queued'")
            .await,
        1
    );
    assert_eq!(stage.pending().await, [0; 0]);
}

/// Every send and every non-send carries its reason and the facts it was decided on (15).
#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn every_row_says_why_and_names_nobody(pool: PgPool) {
    let stage = Stage::new(pool).await;
    let mut unsure = good_answer();
    unsure["confidence"] = json!(0.2);
    let mut low = good_answer();
    low["score"] = json!(69);
    let mut doubtful = good_answer();
    doubtful["compliance"] = json!({"verdict": "review", "reasons": ["odd"]});
    let mut never = good_answer();
    never["compliance"] = json!({"verdict": "block", "reasons": ["gambling"]});
    let cases = [
        ("sure", good_answer(), "planned", None),
        ("unsure", unsure, "review", Some("low_confidence")),
        ("low", low, "refused", Some("low_score")),
        ("doubtful", doubtful, "review", Some("compliance_review")),
        ("never", never, "refused", Some("not_compliant")),
    ];
    for (name, answer, outcome, reason) in cases {
        let server = Server::model(&answer).await;
        let lead = stage.leads(&[name]).await;
        deliver(&stage.deps_at(&server.base, &[]), &lead)
            .await
            .unwrap();
        let row = &stage.enriched_of(&lead).await[0];
        assert_eq!(
            (row.outcome.as_str(), row.reason.as_deref()),
            (outcome, reason),
            "{name}"
        );
        let planned = match outcome {
            "planned" => Some("queued"),
            "review" => Some("review"),
            _ => None,
        };
        assert_eq!(row.state.as_deref(), planned, "{name}");
        assert!(row.cost > 0, "{name}");
    }
    let unexplained = "select count(*) from enriched_leads
        where decision ->> 'gate' is null or decision ->> 'score' is null
           or (reason is distinct from decision ->> 'reason')";
    assert_eq!(stage.number(unexplained).await, 0);
    let named = "select count(*) from enriched_leads where decision::text ~* '\\m(sure|unsure|doubtful)\\M|@|ana'";
    assert_eq!(stage.number(named).await, 0);
    // A refusal is recorded by its enrichment, which is never overwritten.
    let unaudited = "select count(*) from sends s
        where not exists (select from audit_log a
                          where a.table_name = 'sends' and a.row_key = s.id::text
                            and a.actor = 'enricher')";
    assert_eq!(stage.number(unaudited).await, 0);
}
