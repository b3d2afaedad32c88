//! Who did what: the audit log, a page at a time or whole.

use chrono::{DateTime, TimeDelta, Utc};
use futures::{Stream, TryStreamExt};
use serde::Serialize;
use sqlx::PgConnection;

use super::{super::DbError, begin_reading};
use crate::domain::audit::{Actor, Record};

/// Which rows; every condition that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    pub by: By,
    /// See [`crate::domain::audit::Table`]; others may come.
    pub table: Option<String>,
    /// The row's key, as text.
    pub row: Option<String>,
    /// `insert`, `update`, or a word of [`crate::domain::audit::Action`].
    pub action: Option<String>,
    /// At this time or later.
    pub from: Option<DateTime<Utc>>,
    /// Before this time.
    pub until: Option<DateTime<Utc>>,
}

/// Whose doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum By {
    #[default]
    People,
    Anybody,
    /// As the column holds it: `person:…`, `operator:…`, or a function.
    Actor(String),
}

impl By {
    /// Whether only rows of people are asked for: there are few, and an index of them.
    fn is_people(&self) -> bool {
        match self {
            Self::People => true,
            Self::Anybody => false,
            Self::Actor(actor) => Actor::read(actor).is_person(),
        }
    }

    fn actor(&self) -> Option<&str> {
        match self {
            Self::People | Self::Anybody => None,
            Self::Actor(actor) => Some(actor),
        }
    }
}

/// The rows among those of a subquery that meet the conditions, in an order.
macro_rules! records {
    ($looked_at:tt, $order:tt, $filter:expr, $between:expr, $limits:expr) => {
        sqlx::query_as!(
            Record,
            r#"select id as "id!", at as "at!", actor as "actor!", table_name as "table!",
                      row_key as "row!", action as "action!", before, after, note
               from ("#
                + $looked_at
                + r#") looked_at
               where ($5::text is null or table_name = $5)
                 and ($6::text is null or row_key = $6)
                 and ($7::text is null or action = $7)
                 and (not $8 or actor like 'operator:%' or actor like 'person:%')
                 and ($9::text is null or actor = $9)
                 and ($10::timestamptz is null or at >= $10)
                 and ($11::timestamptz is null or at < $11)"#
                + $order,
            $between.0,
            $between.1,
            $limits.0,
            $limits.1,
            $filter.table.as_deref(),
            $filter.row.as_deref(),
            $filter.action.as_deref(),
            $filter.by.is_people(),
            $filter.by.actor(),
            $filter.from,
            $filter.until,
        )
    };
}

/// Rows that may be looked at for one page.
pub const LOOKED_AT: i64 = 20_000;

/// No transaction writes its rows so long after it began.
const LONGEST_TRANSACTION: TimeDelta = TimeDelta::minutes(15);

/// Part of the audit log, newest first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditPage {
    pub rows: Vec<Record>,
    /// Where the next page goes on: before this id. None on the last page.
    pub older: Option<i64>,
    /// The page is not full because enough rows were looked at, back to this time.
    pub looked_back_to: Option<DateTime<Utc>>,
}

/// A page of at most `limit` rows, for which at most `looked_at` are looked at.
///
/// # Errors
/// When a statement fails.
pub async fn page(
    conn: &mut PgConnection,
    filter: &AuditFilter,
    older: Option<i64>,
    limit: i64,
    looked_at: i64,
) -> Result<AuditPage, DbError> {
    let mut tx = begin_reading(conn).await?;
    let (first, last) = ids(&mut tx, filter).await?;
    let before = older.unwrap_or(i64::MAX).min(last);
    let looked_at = match Way::of(filter) {
        // Its rows are few.
        Way::Row => i64::MAX,
        Way::People | Way::All => looked_at,
    };
    let limits = (looked_at, limit.saturating_add(1));
    let mut rows = rows(&mut tx, filter, (first, before), limits).await?;
    let full = i64::try_from(rows.len()).is_ok_and(|found| found > limit);
    if full {
        rows.pop();
        let older = rows.last().map(|row| row.id);
        return Ok(AuditPage {
            rows,
            older,
            looked_back_to: None,
        });
    }
    let end = end_of_look(&mut tx, filter, (first, before), looked_at).await?;
    let (older, looked_back_to) = end.unzip();
    Ok(AuditPage {
        rows,
        older,
        looked_back_to,
    })
}

/// Every row, oldest first, one after the other as they are read.
///
/// # Errors
/// When the first statement fails; the stream tells what fails later.
pub async fn export<'c>(
    conn: &'c mut PgConnection,
    filter: &'c AuditFilter,
) -> Result<impl Stream<Item = Result<Record, DbError>> + use<'c>, DbError> {
    let (first, before) = ids(conn, filter).await?;
    let rows = records!(
        "select * from audit_log where id >= $1 and id < $2 order by id limit $3",
        " order by id limit $4",
        filter,
        (first, before),
        (i64::MAX, i64::MAX)
    );
    Ok(rows.fetch(conn).map_err(failed()))
}

fn failed() -> impl Fn(sqlx::Error) -> DbError {
    DbError::on("read the audit log")
}

/// From this id on, and before that one, lies every row of the time that is asked for.
async fn ids(conn: &mut PgConnection, filter: &AuditFilter) -> Result<(i64, i64), DbError> {
    let first = match filter.from {
        Some(from) => id_at(conn, from - LONGEST_TRANSACTION).await?,
        None => 0,
    };
    let before = match filter.until {
        Some(until) => id_at(conn, until + LONGEST_TRANSACTION).await?,
        None => i64::MAX,
    };
    Ok((first, before))
}

/// The least id whose row and all after it are of this time or later. Found by halving, since ids rise
/// with time, but for transactions that were under way at once.
async fn id_at(conn: &mut PgConnection, at: DateTime<Utc>) -> Result<i64, DbError> {
    let id = sqlx::query_scalar!(
        r#"with recursive halved (low, high) as (
               select coalesce(min(id), 0), coalesce(max(id), 0) + 1 from audit_log
               union all
               select case when middle.at < $1 then middle.id + 1 else low end,
                      case when middle.at < $1 then high else (low + high) / 2 end
               from halved
               left join lateral (
                   select id, at from audit_log
                   where id >= (low + high) / 2 and id < high order by id limit 1
               ) middle on true
               where low < high
           )
           select low as "low!" from halved where low >= high"#,
        at,
    );
    let id = id.fetch_one(conn).await;
    id.map_err(DbError::on("find a time in the audit log"))
}

/// The newest rows between these ids that meet the conditions: of one row of a table by its index, of
/// people by theirs, of anybody by going back from the newest.
async fn rows(
    tx: &mut PgConnection,
    filter: &AuditFilter,
    between: (i64, i64),
    limits: (i64, i64),
) -> Result<Vec<Record>, DbError> {
    let rows = match Way::of(filter) {
        Way::Row => {
            records!(
                "select * from audit_log where table_name = $5 and row_key = $6 and id >= $1 and id < $2 \
                 order by id desc limit $3",
                " order by id desc limit $4",
                filter,
                between,
                limits
            )
            .fetch_all(tx)
            .await
        }
        Way::People => {
            records!(
                "select * from audit_log \
                 where (actor like 'operator:%' or actor like 'person:%') and id >= $1 and id < $2 \
                 order by id desc limit $3",
                " order by id desc limit $4",
                filter,
                between,
                limits
            )
            .fetch_all(tx)
            .await
        }
        Way::All => {
            records!(
                "select * from audit_log where id >= $1 and id < $2 order by id desc limit $3",
                " order by id desc limit $4",
                filter,
                between,
                limits
            )
            .fetch_all(tx)
            .await
        }
    };
    rows.map_err(failed())
}

/// The last row that is looked at for a page; none if there are no more.
async fn end_of_look(
    tx: &mut PgConnection,
    filter: &AuditFilter,
    (first, before): (i64, i64),
    looked_at: i64,
) -> Result<Option<(i64, DateTime<Utc>)>, DbError> {
    let skipped = looked_at.saturating_sub(1);
    let end = match Way::of(filter) {
        // All of them were looked at.
        Way::Row => return Ok(None),
        Way::People => {
            sqlx::query_as!(
                End,
                "select id, at from audit_log
                 where (actor like 'operator:%' or actor like 'person:%') and id >= $1 and id < $2
                 order by id desc offset $3 limit 1",
                first,
                before,
                skipped,
            )
            .fetch_optional(tx)
            .await
        }
        Way::All => {
            sqlx::query_as!(
                End,
                "select id, at from audit_log where id >= $1 and id < $2
                 order by id desc offset $3 limit 1",
                first,
                before,
                skipped,
            )
            .fetch_optional(tx)
            .await
        }
    };
    Ok(end.map_err(failed())?.map(|end| (end.id, end.at)))
}

struct End {
    id: i64,
    at: DateTime<Utc>,
}

/// Which index leads to the rows.
enum Way {
    Row,
    People,
    All,
}

impl Way {
    fn of(filter: &AuditFilter) -> Self {
        match (&filter.table, &filter.row) {
            (Some(_), Some(_)) => Self::Row,
            _ if filter.by.is_people() => Self::People,
            _ => Self::All,
        }
    }
}
