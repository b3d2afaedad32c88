//! The conditions of a list, asked of given leads.

use sqlx::PgConnection;

use super::super::super::DbError;
use crate::domain::{
    ids::LeadId,
    lead::Platform,
    reason::Reason,
    score::Score,
    search::{InCountry, LeadFilter, LeadOrder, Place, Standing, Words},
};

/// A lead that meets the conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Match {
    pub(super) id: i64,
    /// Of the newest assessment, where the order or a condition asks for it.
    pub(super) score: Option<i16>,
}

impl Match {
    pub(super) fn place(self, order: LeadOrder) -> Place {
        Place {
            score: match order {
                LeadOrder::Newest => 0,
                LeadOrder::Score => self.score.unwrap_or_default(),
            },
            id: LeadId(self.id),
        }
    }
}

/// Those of these leads that meet every condition and have a place in this order.
pub(super) async fn matching(
    tx: &mut PgConnection,
    filter: &LeadFilter,
    order: LeadOrder,
    ids: &[i64],
) -> Result<Vec<Match>, DbError> {
    let by_score = order == LeadOrder::Score;
    let patterns = filter.words.as_ref().map(Words::patterns);
    let country = filter.country.map(|country| match country {
        InCountry::Known(country) => country.as_str().to_owned(),
        InCountry::Unknown => String::new(),
    });
    let Decided {
        place,
        states,
        refused,
    } = Decided::of(filter);
    let found = sqlx::query_file_as!(
        Match,
        "src/db/console/leads/matching.sql",
        ids,
        by_score || filter.min_score.is_some() || filter.max_score.is_some(),
        filter.campaign.map(|campaign| campaign.0),
        filter.platform.map(Platform::as_str),
        country,
        filter.has_address,
        filter.min_score.map(smallint),
        filter.max_score.map(smallint),
        filter.source.map(|source| source.0),
        patterns.as_deref(),
        place,
        states.as_deref() as Option<&[&str]>,
        filter.reason.map(Reason::as_str),
        refused,
    );
    let found = found.fetch_all(tx).await;
    let mut found = found.map_err(DbError::on("ask which leads meet the conditions"))?;
    found.retain(|found| !by_score || found.score.is_some());
    Ok(found)
}

fn smallint(score: Score) -> i16 {
    score.get().into()
}

/// Where the statement has to look for a standing or a reason.
struct Decided {
    place: Option<&'static str>,
    states: Option<Vec<&'static str>>,
    /// Leads without a mail count too.
    refused: bool,
}

impl Decided {
    fn of(filter: &LeadFilter) -> Self {
        let (place, standing) = match filter.standing {
            Some(Standing::Found) => (Some("found"), None),
            Some(Standing::Waiting) => (Some("waiting"), None),
            Some(standing) => (Some("mail"), Some(standing)),
            None => (filter.reason.map(|_| "mail"), None),
        };
        let states = standing.map(|standing| {
            let states = standing.states().iter();
            states.map(|state| state.as_str()).collect()
        });
        Self {
            refused: place == Some("mail")
                && standing.is_none_or(|standing| standing == Standing::Refused),
            place,
            states,
        }
    }
}
