//! The figures of a day, counted again from the rows they were counted from.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use sqlx::PgConnection;

use super::{
    super::{super::DbError, begin_reading},
    end, facts, midnight,
};
use crate::{
    db,
    domain::{
        figures::{
            Changes, Counters, Group, Kind,
            facts::{ARRIVED, hundredths, micros, of_state, score_bin},
            statistics::bucket,
        },
        send_state::SendState,
    },
};

/// A figure that is not what the rows say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub day: NaiveDate,
    #[serde(flatten)]
    pub group: Group,
    /// The column of `figures_hours`, or kind and detail of `figures_days`.
    pub what: String,
    pub kept: i64,
    pub counted: i64,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            day,
            group,
            what,
            kept,
            counted,
        } = self;
        let Group {
            campaign_id,
            source_id,
            platform,
        } = group;
        write!(
            f,
            "{what} of {day}, campaign {campaign_id}, source {source_id}, {platform}: the figure is {kept}, \
             the rows count to {counted}"
        )
    }
}

/// Figures by what they are of.
type Amounts = BTreeMap<(Group, String), i64>;

/// Counts a day again, and says what of its figures is something else. It goes through whole tables:
/// for a nightly look, not for a page.
///
/// # Errors
/// When a statement fails, or a row holds what this program does not know.
pub async fn recount(conn: &mut PgConnection, day: NaiveDate) -> Result<Vec<Difference>, DbError> {
    let mut tx = begin_reading(conn).await?;
    let kept = kept(&mut tx, day).await?;
    let counted = counted(&mut tx, day).await?;
    let keys: BTreeSet<_> = kept.keys().chain(counted.keys()).collect();
    let of = |amounts: &Amounts, key| amounts.get(key).copied().unwrap_or_default();
    let differences = keys.into_iter().filter_map(|key| {
        let (kept, counted) = (of(&kept, key), of(&counted, key));
        (kept != counted).then(|| Difference {
            day,
            group: key.0.clone(),
            what: key.1.clone(),
            kept,
            counted,
        })
    });
    Ok(differences.collect())
}

fn add(amounts: &mut Amounts, group: &Group, counters: &Counters) {
    for (name, amount) in counters.named() {
        *amounts.entry((group.clone(), name.to_owned())).or_default() += amount;
    }
}

fn add_changes(amounts: &mut Amounts, changes: Changes, of: NaiveDate) {
    for ((hour, group), counters) in changes.hours {
        if hour.date_naive() == of {
            add(amounts, &group, &counters);
        }
    }
    for ((day, group, kind, detail), amount) in changes.days {
        if day == of {
            *amounts
                .entry((group, format!("{kind} {detail}")))
                .or_default() += amount;
        }
    }
}

/// As a page shows them: what is added up, and the younger facts.
async fn kept(tx: &mut PgConnection, day: NaiveDate) -> Result<Amounts, DbError> {
    let mut amounts = Amounts::new();
    let scope = super::Scope {
        from: day,
        to: day,
        campaign: None,
        source: None,
        platform: None,
    };
    for ((_, group), counters) in super::days(tx, &scope).await? {
        add(&mut amounts, &group, &counters);
    }
    let spreads = sqlx::query!(
        "select campaign_id, source_id, platform, kind, detail, amount from figures_days where day = $1",
        day,
    )
    .fetch_all(&mut *tx)
    .await
    .map_err(DbError::on("read the figures of a day"))?;
    for row in spreads {
        let group = Group {
            campaign_id: row.campaign_id,
            source_id: row.source_id,
            platform: row.platform,
        };
        let what = format!("{} {}", row.kind, row.detail);
        *amounts.entry((group, what)).or_default() += row.amount;
    }
    let (_, young) = super::young(tx).await?;
    for changes in young {
        add_changes(&mut amounts, changes, day);
    }
    Ok(amounts)
}

struct Counted {
    campaign_id: i64,
    source_id: i64,
    platform: String,
    what: String,
    detail: Option<String>,
    amount: i64,
}

async fn counted(tx: &mut PgConnection, day: NaiveDate) -> Result<Amounts, DbError> {
    let failed = DbError::on("count a day again");
    let (from, until) = (midnight(day), end(day));
    let left: Vec<&str> = (SendState::ALL.iter().filter(|state| state.has_left()))
        .map(|state| state.as_str())
        .collect();
    let arrived = ARRIVED.map(SendState::as_str);
    let leads = sqlx::query_file_as!(
        Counted,
        "src/db/console/figures/recount_leads.sql",
        from,
        until,
        &left as &[&str],
        &arrived as &[&str],
    );
    let leads = leads.fetch_all(&mut *tx).await.map_err(&failed)?;
    let of_day = sqlx::query_file_as!(
        Counted,
        "src/db/console/figures/recount_day.sql",
        from,
        until,
        &left as &[&str],
    );
    let of_day = of_day.fetch_all(&mut *tx).await.map_err(&failed)?;
    let mut amounts = Amounts::new();
    for row in leads.into_iter().chain(of_day) {
        count(&mut amounts, row)?;
    }
    // What reviewers decided stands in the audit log alone.
    let ever = (DateTime::<Utc>::UNIX_EPOCH, DateTime::<Utc>::MAX_UTC);
    let reviewed = facts::reviewed(tx, ever).await?;
    add_changes(&mut amounts, Changes::of(&[], &[], &reviewed), day);
    Ok(amounts)
}

fn count(amounts: &mut Amounts, row: Counted) -> Result<(), DbError> {
    let group = Group {
        campaign_id: row.campaign_id,
        source_id: row.source_id,
        platform: row.platform,
    };
    let detail = row.detail.unwrap_or_default();
    let number = || detail.parse::<f32>().unwrap_or_default();
    let mut spread = |kind: Kind, detail: &str| {
        let key = (group.clone(), format!("{kind} {detail}"));
        *amounts.entry(key).or_default() += row.amount;
    };
    match row.what.as_str() {
        "score" => spread(Kind::Score, &score_bin(detail.parse().unwrap_or_default())),
        "confidence" => {
            spread(Kind::Confidence, &hundredths(number()));
            let key = (group, "confidence_micros".to_owned());
            *amounts.entry(key).or_default() += micros(number()) * row.amount;
        }
        "refused" => spread(Kind::Refused, &detail),
        "mail" => spread(Kind::Mail, &detail),
        "wait" => {
            let minutes = detail.parse().unwrap_or_default();
            spread(Kind::Wait, &bucket(minutes).to_string());
        }
        "state" => {
            let state = db::known(&detail, "sends", "of a day", "state")?;
            add(amounts, &group, &of_state(state, row.amount));
        }
        counter => *amounts.entry((group, counter.to_owned())).or_default() += row.amount,
    }
    Ok(())
}
