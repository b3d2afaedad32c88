//! What the benchmark reads from a server of its own, and the bare insert that it compares with. No
//! function uses it.

use anyhow::{Context as _, Result};
use sqlx::{FromRow, PgConnection};

/// Has the server count its statements and forget the times of commits, from its next start on;
/// false when it does so already.
pub(crate) async fn count_statements(conn: &mut PgConnection) -> Result<bool> {
    let counts = sqlx::query_scalar(
        r#"select current_setting('shared_preload_libraries') = 'pg_stat_statements' as counts"#,
    )
    .fetch_one(&mut *conn)
    .await
    .context("could not read the server's settings")?;
    if counts {
        return Ok(false);
    }
    // Not one statement: changes of settings take no transaction.
    for setting in [
        "alter system set shared_preload_libraries = 'pg_stat_statements'",
        "alter system set track_commit_timestamp = off",
    ] {
        sqlx::raw_sql(setting)
            .execute(&mut *conn)
            .await
            .context("could not change the server's settings")?;
    }
    Ok(true)
}

/// Makes the counted statements of this database readable.
pub(crate) async fn show_statements(conn: &mut PgConnection) -> Result<()> {
    sqlx::raw_sql("create extension if not exists pg_stat_statements")
        .execute(conn)
        .await
        .context("could not make the counted statements readable")?;
    Ok(())
}

/// A statement that ran in this database.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub(crate) struct Statement {
    /// Its text, parameters as `$1`.
    pub(crate) text: String,
    /// How often it ran.
    pub(crate) calls: i64,
    /// How long it took in all, without its commit.
    pub(crate) seconds: f64,
}

/// The statements of the functions, the longest first. Without what a driver asks for itself.
pub(crate) async fn statements(conn: &mut PgConnection) -> Result<Vec<Statement>> {
    // Unchecked: the view exists on the benchmark's server only.
    sqlx::query_as(
        "select query as text, calls::bigint as calls, total_exec_time / 1000 as seconds
         from pg_stat_statements s
         join pg_database d on d.oid = s.dbid
         where d.datname = current_database() and s.toplevel
           and s.query !~ 'pg_stat|pg_catalog|pg_database|create extension'
         order by total_exec_time desc",
    )
    .fetch_all(conn)
    .await
    .context("could not read the counted statements")
}

/// Rows that were written to a table.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(crate) struct Writes {
    /// The table.
    pub(crate) table: String,
    /// Rows inserted, updated and deleted.
    pub(crate) rows: i64,
}

/// What was written, by table. Complete when no other client is connected any more: a connection reports
/// late, and at its end at the latest.
pub(crate) async fn writes(conn: &mut PgConnection) -> Result<Vec<Writes>> {
    sqlx::query_as(
        r#"select relname::text as table, n_tup_ins + n_tup_upd + n_tup_del as rows
           from pg_stat_user_tables
           where n_tup_ins + n_tup_upd + n_tup_del > 0
           order by 2 desc"#,
    )
    .fetch_all(conn)
    .await
    .context("could not count the rows that were written")
}

/// How many others are connected to this database.
pub(crate) async fn others(conn: &mut PgConnection) -> Result<i64> {
    sqlx::query_scalar(
        r#"select count(*) as others from pg_stat_activity
           where datname = current_database() and pid <> pg_backend_pid()
             and backend_type = 'client backend'"#,
    )
    .fetch_one(conn)
    .await
    .context("could not count who is connected")
}

/// Has the server write out what it holds back, so that it does not do so while something is
/// measured.
pub(crate) async fn checkpoint(conn: &mut PgConnection) -> Result<()> {
    sqlx::raw_sql("checkpoint")
        .execute(conn)
        .await
        .context("could not write out what is held back")?;
    Ok(())
}

/// Makes the table of the bare insert: some text, three indexes, no trigger.
pub(crate) async fn make_bare(conn: &mut PgConnection) -> Result<()> {
    sqlx::raw_sql(
        "create table bare (
             id         bigint generated always as identity primary key,
             source     text not null,
             handle     text not null,
             email_hash bytea not null,
             payload    text not null,
             made_at    timestamptz not null default now(),
             constraint bare_source_handle_key unique (source, handle)
         );
         create index bare_email_hash_idx on bare (email_hash)",
    )
    .execute(conn)
    .await
    .context("could not make the bare table")?;
    Ok(())
}

/// Inserts so many rows, numbered from `first`, with one statement of the plainest form.
pub(crate) async fn insert_bare(conn: &mut PgConnection, first: u64, rows: u64) -> Result<()> {
    let numbers: Vec<u64> = (first..first + rows).collect();
    let sources = vec!["bench"; numbers.len()];
    let handles: Vec<String> = numbers.iter().map(|n| format!("runner_{n}")).collect();
    // Spread as hashes are, so that the index is touched all over.
    let hashes: Vec<Vec<u8>> = numbers
        .iter()
        .map(|n| {
            n.wrapping_mul(0x9e37_79b9_7f4a_7c15)
                .to_be_bytes()
                .repeat(4)
        })
        .collect();
    let payloads: Vec<String> = numbers.iter().map(|n| format!("{n:0>160}")).collect();
    // Unchecked: the table exists on the benchmark's server only.
    sqlx::query(
        "insert into bare (source, handle, email_hash, payload)
         select * from unnest($1::text[], $2::text[], $3::bytea[], $4::text[])
         on conflict on constraint bare_source_handle_key do nothing",
    )
    .bind(sources)
    .bind(handles)
    .bind(hashes)
    .bind(payloads)
    .execute(conn)
    .await
    .context("could not insert bare rows")?;
    Ok(())
}
