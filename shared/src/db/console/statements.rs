//! Where the database's time goes, as PostgreSQL's extension `pg_stat_statements` counts it, if it is there.

use serde::Serialize;
use sqlx::{FromRow, PgConnection};

use super::super::DbError;

/// A statement of one function, and the time that its runs took since the server's counts began.
#[derive(Debug, Clone, PartialEq, Serialize, FromRow)]
pub struct Statement {
    pub function: String,
    /// With `$1` in place of each value.
    pub text: String,
    pub runs: i64,
    pub mean_millis: f64,
    pub longest_millis: f64,
    /// Of the time of all statements of our functions, from 0 to 1.
    pub share: f64,
}

/// What PostgreSQL answers where the extension is installed and the server was started without it.
const NOT_STARTED_WITH_IT: &str = "55000";
const NOT_PERMITTED: &str = "42501";

/// The statements that took most of the time; none where the server counts none, or shows none to the console.
/// Only those of the functions' roles: what people run by hand may hold a password.
///
/// # Errors
/// When a statement fails for another reason.
pub async fn longest(
    conn: &mut PgConnection,
    most: i64,
) -> Result<Option<Vec<Statement>>, DbError> {
    let failed = DbError::on("read where the database's time goes");
    let installed = sqlx::query_scalar!(
        r#"select to_regclass('pg_stat_statements') is not null as "installed!""#
    )
    .fetch_one(&mut *conn)
    .await
    .map_err(&failed)?;
    if !installed {
        return Ok(None);
    }
    // Unchecked when it is compiled: the view is not on every server.
    let rows = sqlx::query_as(
        "select substr(f.role, length('outreach_') + 1) as function, s.query as text, s.calls as runs,
                s.mean_exec_time as mean_millis, s.max_exec_time as longest_millis,
                s.total_exec_time / greatest(sum(s.total_exec_time) over (), 0.001) as share
         from pg_stat_statements s
         join lateral (
             select r.rolname::text as role from pg_roles r
             where starts_with(r.rolname, 'outreach_')
               and (r.oid = s.userid
                    or exists (select from pg_auth_members m where m.member = s.userid and m.roleid = r.oid))
             order by r.rolname limit 1
         ) f on true
         join pg_database d on d.oid = s.dbid
         where d.datname = current_database() and s.toplevel
           and s.query <> '<insufficient privilege>'
         order by s.total_exec_time desc, s.queryid
         limit $1",
    )
    .bind(most)
    .fetch_all(conn)
    .await;
    match rows {
        Err(sqlx::Error::Database(error))
            if [NOT_STARTED_WITH_IT, NOT_PERMITTED]
                .map(Some)
                .contains(&error.code().as_deref()) =>
        {
            Ok(None)
        }
        rows => rows.map(Some).map_err(failed),
    }
}
