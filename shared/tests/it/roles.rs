//! What the login of each function may not do.

use shared::{
    db::{self, PgPool},
    testing,
};
use sqlx::error::DatabaseError;

/// The statements that a function's role is refused.
const REFUSED: &[(&str, &[&str])] = &[
    (
        "web",
        &[
            "select email from leads",
            "select message from enriched_leads",
            "select decision from sends",
            "select basis from recipients",
            "update sends set state = 'queued'",
            "update recipients set erased_at = null",
            "delete from recipients",
            "select * from audit_log",
            "update installation set key_fingerprint = null",
        ],
    ),
    (
        "console",
        &[
            "update leads set email = null",
            "update recipients set erased_at = null",
            "update sends set sent_at = now()",
            "update figures_hours set found = 0",
            "update lead_notes set text = ''",
            "delete from leads",
            "delete from sends",
            "update audit_log set actor = 'x'",
            "delete from audit_log",
            "create table notes (id int)",
        ],
    ),
    (
        "sender",
        &[
            "update recipients set suppressed_at = null",
            "update enriched_leads set message = ''",
            "update leads set email = null",
            "update breakers set opened_at = null",
            "select ses_message_id from send_events",
            "delete from sends",
            "delete from audit_log",
        ],
    ),
    (
        "enricher",
        &[
            "update recipients set suppressed_at = null",
            "update sends set sent_at = now()",
            "update sends set ses_message_id = 'x'",
            "update leads set email = null",
            "update campaigns set daily_cap = 1000",
            "update enriched_leads set reviewed = true",
        ],
    ),
    (
        "feedback",
        &[
            "select email from leads",
            "update recipients set erased_at = null",
            "update enriched_leads set reviewed = true",
            "update campaigns set status = 'active'",
            "delete from send_events",
        ],
    ),
    (
        "collector",
        &[
            "update sources set enabled = true",
            "update campaigns set status = 'active'",
            "select suppressed_at from recipients",
            "select state from sends",
            "delete from leads",
        ],
    ),
];

#[sqlx::test(migrator = "shared::db::MIGRATOR")]
async fn role_is_refused_what_its_function_never_does(pool: PgPool) {
    for (function, statements) in REFUSED {
        let url = testing::database_url_of(&pool, function);
        let theirs = db::connect_lazily(&url, function).unwrap();
        for statement in *statements {
            let result = sqlx::query(sqlx::AssertSqlSafe(*statement));
            let Err(error) = result.execute(&theirs).await else {
                panic!("{function} may {statement}");
            };
            let code = error.as_database_error().and_then(DatabaseError::code);
            assert_eq!(
                code.as_deref(),
                Some("42501"),
                "{function}: {statement}: {error}"
            );
        }
        theirs.close().await;
    }
}
