//! The list of leads: search and filters, a page at a time.
//!
//! Any condition alone is found by an index or is met by many leads; several together may be met by few
//! of many. So the leads are gone through in the order of the list, a window after the other, until the
//! page is full. Where the first windows do not fill it, an index may give all leads that meet one
//! condition, if they are few, and the other conditions are asked of those. If none is met by few, the
//! windows go on until enough leads were looked at; a page that ends so says how far it came, and the
//! next one goes on from there.

mod candidates;
mod matching;
mod rows;
mod windows;

use chrono::{DateTime, Utc};
use matching::{Match, matching};
use serde::Serialize;
use sqlx::PgConnection;
use windows::Walk;

use super::{super::DbError, begin_reading};
use crate::{
    db::operator::LeadStatus,
    domain::search::{Count, Cursor, LeadFilter, LeadOrder, Place},
};

/// How many leads may be looked at for one page.
#[derive(Debug, Clone, Copy)]
pub struct Effort<'a> {
    /// In the order of the list, before an index is asked.
    pub first: &'a [usize],
    /// What more leads meet is not looked up by its index.
    pub candidates: usize,
    /// In the order of the list, where no condition is met by few.
    pub then: &'a [usize],
}

impl Effort<'_> {
    /// Less than a tenth of a second's worth on two cores.
    pub const DEFAULT: Effort<'static> = Effort {
        first: &[200],
        candidates: 3_000,
        then: &[800, 2_200],
    };
}

/// Of a list without conditions no more are counted: its length is no news.
const COUNTED: i64 = 10_000;

/// One lead in a list. Never an address.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LeadRow {
    pub id: i64,
    pub name: Option<String>,
    pub username: String,
    pub platform: String,
    pub country: Option<String>,
    pub has_address: bool,
    pub found_at: DateTime<Utc>,
    /// Of its newest assessment, in the campaign that is asked for.
    pub score: Option<i16>,
    pub confidence: Option<f32>,
    /// `model` or `rules`.
    pub method: Option<String>,
    pub niche: Option<String>,
    /// Where it stands in the campaign that is asked for, else in the one whose mail is the newest.
    pub status: Option<LeadStatus>,
    /// Other campaigns that found it.
    pub other_campaigns: usize,
}

/// Part of a list of leads.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LeadPage {
    pub rows: Vec<LeadRow>,
    /// None on the first page.
    pub newer: Option<Cursor>,
    /// None on the last page.
    pub older: Option<Cursor>,
    /// Why a page that is not the last one is not full.
    pub looked_to: Option<LookedTo>,
    /// How many leads meet every condition; on the first page only.
    pub count: Option<Count>,
}

/// Where enough leads were looked at. The next page goes on from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LookedTo {
    FoundAt(DateTime<Utc>),
    Score(i16),
}

/// The leads that meet every condition, from a place on in one direction, the nearest first.
#[derive(Debug, Default)]
struct Found {
    matches: Vec<Match>,
    /// None when there are no more leads to look at.
    looked_to: Option<Place>,
}

impl Found {
    fn count(&self) -> Count {
        match self.looked_to {
            None => Count::Exactly(self.matches.len()),
            Some(_) => Count::AtLeast(self.matches.len()),
        }
    }
}

/// A page of at most `limit` leads.
///
/// # Errors
/// When a statement fails, or a row holds what this program does not know.
pub async fn page(
    conn: &mut PgConnection,
    filter: &LeadFilter,
    (order, cursor): (LeadOrder, Option<Cursor>),
    limit: usize,
    effort: Effort<'_>,
) -> Result<LeadPage, DbError> {
    let mut tx = begin_reading(conn).await?;
    let mut walk = Walk::new(filter, order, cursor);
    walk.go(&mut tx, effort.first, limit).await?;
    // The first page says how many leads there are: it does not stop when it is full.
    let counts = cursor.is_none() && *filter != LeadFilter::default();
    let enough = if counts { usize::MAX } else { limit };
    let mut candidates = None;
    if !walk.is_over(enough) {
        candidates = candidates::of(&mut tx, filter, effort.candidates).await?;
    }
    let found = match candidates {
        Some(ids) => Found {
            matches: beyond(matching(&mut tx, filter, order, &ids).await?, order, cursor),
            looked_to: None,
        },
        None => {
            walk.go(&mut tx, effort.then, enough).await?;
            walk.found
        }
    };
    let count = match cursor {
        Some(_) => None,
        None if counts || found.looked_to.is_none() => Some(found.count()),
        None => Some(all(&mut tx, order).await?),
    };
    let cut = cut(found, order, cursor, limit);
    Ok(LeadPage {
        rows: rows::of(&mut tx, &cut.ids, filter.campaign).await?,
        newer: cut.newer,
        older: cut.older,
        looked_to: match cut.looked_to {
            None => None,
            Some(place) => rows::looked_to(&mut tx, order, place).await?,
        },
        count,
    })
}

/// How many leads the whole list has, as far as it is worth finding out.
async fn all(tx: &mut PgConnection, order: LeadOrder) -> Result<Count, DbError> {
    let leads = sqlx::query_scalar!(
        r#"select count(*) as "count!"
           from (select from leads l
                 where erased_at is null
                   and (not $1 or exists (select from enriched_leads e where e.lead_id = l.id))
                 limit $2) l"#,
        order == LeadOrder::Score,
        COUNTED + 1,
    );
    let leads = leads.fetch_one(tx).await;
    let leads = leads.map_err(DbError::on("count leads"))?;
    let count = usize::try_from(leads.min(COUNTED)).unwrap_or_default();
    Ok(match leads > COUNTED {
        true => Count::AtLeast(count),
        false => Count::Exactly(count),
    })
}

/// In the order of the list, from the cursor on in its direction.
fn beyond(mut matches: Vec<Match>, order: LeadOrder, cursor: Option<Cursor>) -> Vec<Match> {
    let key = |found: &Match| {
        let place = found.place(order);
        (place.score, place.id)
    };
    let of = |place: Place| (place.score, place.id);
    match cursor {
        None => {}
        Some(Cursor::After(place)) => matches.retain(|found| key(found) < of(place)),
        Some(Cursor::Before(place)) => matches.retain(|found| key(found) > of(place)),
    }
    matches.sort_unstable_by_key(key);
    if !matches!(cursor, Some(Cursor::Before(_))) {
        matches.reverse();
    }
    matches
}

struct Cut {
    ids: Vec<i64>,
    newer: Option<Cursor>,
    older: Option<Cursor>,
    looked_to: Option<Place>,
}

/// The rows of a page, and what lies on either side of it.
fn cut(found: Found, order: LeadOrder, cursor: Option<Cursor>, limit: usize) -> Cut {
    let Found {
        mut matches,
        looked_to,
    } = found;
    let full = matches.len() > limit;
    matches.truncate(limit);
    let place = |found: Option<&Match>| found.map(|found| found.place(order));
    let (near, far) = (place(matches.first()), place(matches.last()));
    // Where the list goes on in the direction that was looked in.
    let on = if full { far } else { looked_to };
    let back = near.filter(|_| cursor.is_some());
    let (newer, older) = match cursor {
        Some(Cursor::Before(_)) => {
            matches.reverse();
            (on.map(Cursor::Before), back.map(Cursor::After))
        }
        Some(Cursor::After(_)) | None => (back.map(Cursor::Before), on.map(Cursor::After)),
    };
    Cut {
        ids: matches.iter().map(|found| found.id).collect(),
        newer,
        older,
        looked_to: looked_to.filter(|_| !full),
    }
}
