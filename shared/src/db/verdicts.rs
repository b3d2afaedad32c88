//! Whether the invariants held, asked after a run of the fault harness. Reads only.

use sqlx::PgConnection;

use super::DbError;

/// Something that broke an invariant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which invariant.
    pub invariant: String,
    /// What broke it. Names rows, never a person.
    pub subject: String,
}

/// What the tables alone say against the invariants, once everything has come to rest. The server
/// must keep the times of commits (`track_commit_timestamp`).
///
/// # Errors
/// When the statement fails.
pub async fn violations(conn: &mut PgConnection) -> Result<Vec<Violation>, DbError> {
    sqlx::query_file_as!(Violation, "src/db/verdicts.sql")
        .fetch_all(conn)
        .await
        .map_err(DbError::on("look for broken invariants"))
}

/// A send, as the ledger of SES is compared with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The send.
    pub id: i64,
    /// Its campaign.
    pub campaign: i64,
    /// Its mailbox's hash, in hexadecimal.
    pub mailbox: String,
    /// Its step.
    pub step: i16,
    /// Its state.
    pub state: String,
    /// How many events came for it.
    pub events: i64,
    /// Whether it was unknown once.
    pub was_unknown: bool,
}

/// Every send.
///
/// # Errors
/// When the statement fails.
pub async fn mails(conn: &mut PgConnection) -> Result<Vec<Mail>, DbError> {
    sqlx::query_as!(
        Mail,
        r#"select s.id, s.campaign_id as campaign, encode(s.email_hash, 'hex') as "mailbox!", s.step,
                  s.state::text as "state!",
                  (select count(*) from send_events e where e.send_id = s.id) as "events!",
                  exists (select from audit_log a
                          where a.table_name = 'sends' and a.row_key = s.id::text
                            and a.after ->> 'state' = 'unknown') as "was_unknown!"
           from sends s order by s.id"#,
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("read the sends"))
}

/// What there is of everything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Leads.
    pub leads: i64,
    /// Model calls that may have been paid.
    pub paid_calls: i64,
    /// Messages that were put aside.
    pub quarantined: i64,
    /// Mailboxes that said no.
    pub noes: i64,
    /// Mailboxes of people who were erased.
    pub erased: i64,
}

/// Counts what the harness compares with what it put in.
///
/// # Errors
/// When the statement fails.
pub async fn counts(conn: &mut PgConnection) -> Result<Counts, DbError> {
    sqlx::query_as!(
        Counts,
        r#"select (select count(*) from leads) as "leads!",
                  (select count(*) from model_calls where state <> 'failed') as "paid_calls!",
                  (select count(*) from quarantine) as "quarantined!",
                  (select count(*) from recipients where suppressed_at is not null
                                                      or erased_at is not null) as "noes!",
                  (select count(*) from recipients where erased_at is not null) as "erased!""#,
    )
    .fetch_one(conn)
    .await
    .map_err(DbError::on("count what there is"))
}
