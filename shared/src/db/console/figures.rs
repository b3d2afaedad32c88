//! The figures of the overview: added up by the sender's sweep, so that a page counts little itself.

mod facts;
mod recount;

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
pub use recount::{Difference, recount};
use sqlx::{PgConnection, types::Json};

use super::{super::DbError, begin_reading};
use crate::{
    db,
    domain::{
        figures::{
            ChangedRows, Changes, Counters, Group, Kind, Scope,
            overview::{Figures, Sending},
        },
        lead::Platform,
    },
};

/// Facts are added up for good when they are older than this: no transaction that adds older ones can still
/// be under way. A lock is waited for 30 seconds at most, and an idle transaction ends after a minute.
pub const SETTLED_AFTER: TimeDelta = TimeDelta::minutes(5);

/// Younger facts are counted beforehand by each sweep, again and again, so that a page counts only what came
/// after it. What a transaction writes that takes longer than this may be missed by that count; the next sweep
/// has it.
pub const COUNTED_AFTER: TimeDelta = TimeDelta::seconds(10);

/// The facts of so long a time can be added up at once, however busy it was, with the count of those that are
/// younger than five minutes: the facts of 100,000 leads take about ten seconds.
pub const AT_ONCE: TimeDelta = TimeDelta::minutes(2);

/// Hours whose new leads the overview shows one by one, the present one among them.
const LAST_HOURS: TimeDelta = TimeDelta::hours(23);

/// Up to when facts are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Until {
    /// Up to here they are added up for good: [`SETTLED_AFTER`] ago at least, or some are lost.
    pub settled: DateTime<Utc>,
    /// Up to here they are counted until the next time.
    pub counted: DateTime<Utc>,
}

impl Until {
    /// What can be counted at a time of the database's clock, by which facts have their times.
    pub fn at(now: DateTime<Utc>) -> Self {
        Self {
            settled: now - SETTLED_AFTER,
            counted: now - COUNTED_AFTER,
        }
    }
}

/// What became of an attempt to add facts up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folded {
    /// The facts up to this time are added up.
    Until(DateTime<Utc>),
    /// Another sweep is at it.
    Busy,
}

/// Adds up the facts up to a time, each once, however often and by however many this is called; those of
/// `at_once` at most, the oldest first. Where none are left to add, it counts the younger ones.
///
/// # Errors
/// When a statement fails; nothing was added.
pub async fn fold(
    conn: &mut PgConnection,
    until: Until,
    at_once: TimeDelta,
) -> Result<Folded, DbError> {
    db::transaction(conn, async |tx| {
        let folded = sqlx::query_scalar!(
            "select folded_until from figures_state for no key update skip locked"
        )
        .fetch_optional(&mut *tx)
        .await
        .map_err(DbError::on("lock the state of the figures"))?;
        let Some(folded) = folded else {
            return Ok(Folded::Busy);
        };
        let settled = until.settled.min(folded + at_once).max(folded);
        let changes = facts::between(tx, folded, settled).await?;
        add(tx, changes).await?;
        let young = match settled >= until.settled && settled < until.counted {
            true => Some(facts::between(tx, settled, until.counted).await?),
            false => None,
        };
        sqlx::query!(
            "update figures_state set folded_until = $1, counted_until = $2, counted = $3",
            settled,
            young.is_some().then_some(until.counted),
            young.map(Json) as _,
        )
        .execute(tx)
        .await
        .map_err(DbError::on("note how far the figures are added up"))?;
        Ok(Folded::Until(settled))
    })
    .await
}

async fn add(tx: &mut PgConnection, changes: Changes) -> Result<(), DbError> {
    let failed = DbError::on("add facts to the figures");
    let ChangedRows { hours, days } = changes.into();
    if !hours.is_empty() {
        let added = sqlx::query_file!("src/db/console/figures/add_hours.sql", Json(&hours) as _);
        added.execute(&mut *tx).await.map_err(&failed)?;
    }
    if !days.is_empty() {
        sqlx::query!(
            "insert into figures_days as f (day, campaign_id, source_id, platform, kind, detail, amount)
             select day, campaign_id, source_id, platform, kind, detail, amount
             from jsonb_to_recordset($1) as d (
                 day date, campaign_id bigint, source_id bigint, platform text, kind text, detail text,
                 amount bigint)
             order by day, source_id, platform, kind, detail
             on conflict on constraint figures_days_pkey do update set amount = f.amount + excluded.amount",
            Json(&days) as _,
        )
        .execute(tx)
        .await
        .map_err(failed)?;
    }
    Ok(())
}

/// The figures of a scope, of one moment.
///
/// # Errors
/// When a statement fails, or a row holds what this program does not know.
pub async fn figures(conn: &mut PgConnection, scope: &Scope) -> Result<Figures, DbError> {
    let mut tx = begin_reading(conn).await?;
    let (now, young) = young(&mut tx).await?;
    let mut days = days(&mut tx, scope).await?;
    let mut spreads = spreads(&mut tx, scope).await?;
    let mut last_hours = last_hours(&mut tx, scope, now).await?;
    let sending = sending(&mut tx, now).await?;
    for changes in young {
        for ((hour, group), counters) in changes.hours {
            let day = hour.date_naive();
            let is_new = hour >= now - LAST_HOURS - TimeDelta::hours(1);
            if is_new && scope.covers(scope.from, &group) {
                *last_hours
                    .entry((hour, group.platform.clone()))
                    .or_default() += counters.stored;
            }
            if scope.covers(day, &group) {
                *days.entry((day, group)).or_default() += counters;
            }
        }
        for ((day, group, kind, detail), amount) in changes.days {
            if scope.covers(day, &group) {
                *spreads.entry((kind, detail)).or_default() += amount;
            }
        }
    }
    last_hours.retain(|_, stored| *stored != 0);
    spreads.retain(|_, amount| *amount != 0);
    Ok(Figures {
        scope: *scope,
        as_of: now,
        days,
        spreads,
        last_hours,
        sending,
    })
}

/// The present moment, and what facts change that are not added up: those that the last sweep counted, and those
/// that came after it.
async fn young(tx: &mut PgConnection) -> Result<(DateTime<Utc>, [Changes; 2]), DbError> {
    let state = sqlx::query!(
        r#"select coalesce(counted_until, folded_until) as "known_until!",
                  counted as "counted: Json<Changes>", now() as "now!"
           from figures_state"#
    )
    .fetch_one(&mut *tx)
    .await
    .map_err(DbError::on("read the state of the figures"))?;
    let counted = state.counted.map(|Json(changes)| changes);
    let newest = facts::since(tx, state.known_until).await?;
    Ok((state.now, [counted.unwrap_or_default(), newest]))
}

fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

/// The midnight that ends the day.
fn end(day: NaiveDate) -> DateTime<Utc> {
    midnight(day.checked_add_days(Days::new(1)).unwrap_or(day))
}

async fn days(
    tx: &mut PgConnection,
    scope: &Scope,
) -> Result<BTreeMap<(NaiveDate, Group), Counters>, DbError> {
    let rows = sqlx::query_file!(
        "src/db/console/figures/days.sql",
        midnight(scope.from),
        end(scope.to),
        scope.campaign.map(|campaign| campaign.0),
        scope.source.map(|source| source.0),
        scope.platform.map(Platform::as_str),
    )
    .fetch_all(tx)
    .await
    .map_err(DbError::on("read the figures"))?;
    let days = rows.into_iter().map(|row| {
        let group = Group {
            campaign_id: row.campaign_id,
            source_id: row.source_id,
            platform: row.platform,
        };
        let counters = Counters {
            stored: row.stored,
            found: row.found,
            assessed: row.assessed,
            by_model: row.by_model,
            qualified: row.qualified,
            planned: row.planned,
            mailed: row.mailed,
            delivered: row.delivered,
            replied: row.replied,
            cost_micros: row.cost_micros,
            confidence_micros: row.confidence_micros,
            mails: row.mails,
            mails_delivered: row.mails_delivered,
            mails_bounced: row.mails_bounced,
            mails_complained: row.mails_complained,
            mails_replied: row.mails_replied,
            approved: row.approved,
            edited: row.edited,
            rejected: row.rejected,
        };
        ((row.day, group), counters)
    });
    Ok(days.collect())
}

async fn spreads(
    tx: &mut PgConnection,
    scope: &Scope,
) -> Result<BTreeMap<(Kind, String), i64>, DbError> {
    let rows = sqlx::query!(
        r#"select kind, detail, sum(amount)::bigint as "amount!"
           from figures_days
           where day >= $1 and day <= $2
             and ($3::bigint is null or campaign_id = $3)
             and ($4::bigint is null or source_id = $4)
             and ($5::text is null or platform = $5)
           group by kind, detail"#,
        scope.from,
        scope.to,
        scope.campaign.map(|campaign| campaign.0),
        scope.source.map(|source| source.0),
        scope.platform.map(Platform::as_str),
    )
    .fetch_all(tx)
    .await
    .map_err(DbError::on("read how figures are spread"))?;
    let spreads = rows.into_iter().map(|row| {
        let kind = db::known(&row.kind, "figures_days", &row.detail, "kind")?;
        Ok(((kind, row.detail), row.amount))
    });
    spreads.collect()
}

async fn last_hours(
    tx: &mut PgConnection,
    scope: &Scope,
    now: DateTime<Utc>,
) -> Result<BTreeMap<(DateTime<Utc>, String), i64>, DbError> {
    let rows = sqlx::query!(
        r#"select hour, platform, sum(stored)::bigint as "stored!"
           from figures_hours
           where hour >= date_trunc('hour', $1::timestamptz, 'UTC')
             and ($2::bigint is null or campaign_id = $2)
             and ($3::bigint is null or source_id = $3)
             and ($4::text is null or platform = $4)
           group by hour, platform"#,
        now - LAST_HOURS,
        scope.campaign.map(|campaign| campaign.0),
        scope.source.map(|source| source.0),
        scope.platform.map(Platform::as_str),
    )
    .fetch_all(tx)
    .await
    .map_err(DbError::on("read the leads of the last hours"))?;
    let hours = rows.into_iter();
    Ok(hours
        .map(|row| ((row.hour, row.platform), row.stored))
        .collect())
}

async fn sending(tx: &mut PgConnection, now: DateTime<Utc>) -> Result<Sending, DbError> {
    let row = sqlx::query!(
        r#"select day, day_taken, days_used, max_per_day, max_per_second, sent_elsewhere,
                  (select coalesce(sum(mails), 0)
                   from unnest(hours) with ordinality as t (mails, nth)
                   where hour_at - (nth - 1) * interval '1 hour' > now() - interval '25 hours') as "last_day!"
           from rate_limits where name = 'ses'"#
    )
    .fetch_one(tx)
    .await
    .map_err(DbError::on("read what limits the mails of today"))?;
    let is_today = row.day == now.date_naive();
    Ok(Sending {
        today: if is_today { row.day_taken.into() } else { 0 },
        days_used: match is_today {
            true => row.days_used.into(),
            false => i64::from(row.days_used) + i64::from(row.day_taken > 0),
        },
        last_day: row.last_day + i64::from(row.sent_elsewhere),
        max_per_day: row.max_per_day.map(i64::from),
        max_per_second: row.max_per_second,
    })
}
