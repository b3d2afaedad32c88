//! Conditions that few leads meet, by their index.

use sqlx::PgConnection;

use super::super::super::DbError;
use crate::domain::search::{InCountry, LeadFilter, Standing, Words};

/// The leads that meet the first condition that at most so many meet, those first that usually fewest
/// do; none if more meet each, or no index knows them.
pub(super) async fn of(
    tx: &mut PgConnection,
    filter: &LeadFilter,
    most: usize,
) -> Result<Option<Vec<i64>>, DbError> {
    let limit = i64::try_from(most).map_or(i64::MAX, |most| most.saturating_add(1));
    let rarest = filter.words.as_ref().and_then(Words::rarest);
    if let Some(pattern) = rarest
        && let Some(ids) = few(by_word(tx, &pattern, limit).await?, most)
    {
        return Ok(Some(ids));
    }
    if let Some(standing) = filter.standing
        && let Some(ids) = few(by_standing(tx, standing, limit).await?, most)
    {
        return Ok(Some(ids));
    }
    if (filter.campaign.is_some() || filter.source.is_some())
        && let Some(ids) = few(by_source(tx, filter, limit).await?, most)
    {
        return Ok(Some(ids));
    }
    if let Some(InCountry::Known(country)) = filter.country {
        let ids = sqlx::query_scalar!(
            "select id from leads where country = $1 limit $2",
            country.as_str(),
            limit,
        );
        let ids = ids.fetch_all(tx).await;
        return Ok(few(Some(ids.map_err(failed())?), most));
    }
    Ok(None)
}

fn failed() -> impl Fn(sqlx::Error) -> DbError {
    DbError::on("look leads up by an index")
}

fn few(ids: Option<Vec<i64>>, most: usize) -> Option<Vec<i64>> {
    let mut ids = ids.filter(|ids| ids.len() <= most)?;
    ids.sort_unstable();
    ids.dedup();
    Some(ids)
}

/// Of a thousandth of all leads, so many with a word make it a word that an index is slow for: it gives
/// all leads that have it before it can stop.
const OF_A_THOUSANDTH: i64 = 30;

/// None for a word that many leads have, and on a server without the index: the migration says how to
/// have it.
async fn by_word(
    tx: &mut PgConnection,
    pattern: &str,
    limit: i64,
) -> Result<Option<Vec<i64>>, DbError> {
    let asked = sqlx::query!(
        r#"select to_regclass('leads_search_idx') is not null
                  and to_regclass('enriched_leads_niche_idx') is not null as "indexed!",
                  (select count(*) from leads tablesample system (0.1)
                   where lower(coalesce(name, '') || ' ' || username || ' '
                               || coalesce(split_part(email, '@', -1), '')) like $1)
                  + (select count(*) from enriched_leads tablesample system (0.1)
                     where lower(niche) like $1) as "hits!""#,
        pattern,
    );
    let asked = asked.fetch_one(&mut *tx).await.map_err(failed())?;
    if !asked.indexed || asked.hits > OF_A_THOUSANDTH {
        return Ok(None);
    }
    // The expressions of the indexes, to the letter.
    let ids = sqlx::query_scalar!(
        r#"(select id as "id!" from leads
            where lower(coalesce(name, '') || ' ' || username || ' '
                        || coalesce(split_part(email, '@', -1), '')) like $1
            limit $2)
           union all
           (select lead_id from enriched_leads where lower(niche) like $1 limit $2)"#,
        pattern,
        limit,
    );
    Ok(Some(ids.fetch_all(tx).await.map_err(failed())?))
}

/// None for what most mails pass through or end as: no index is kept of that.
async fn by_standing(
    tx: &mut PgConnection,
    standing: Standing,
    limit: i64,
) -> Result<Option<Vec<i64>>, DbError> {
    let ids = match standing {
        Standing::Waiting => {
            sqlx::query_scalar!(
                "select id from leads where enrich_requested_at is not null limit $1",
                limit
            )
            .fetch_all(tx)
            .await
        }
        Standing::Queued => {
            sqlx::query_scalar!(
                r#"(select lead_id as "id!" from sends where state = 'queued' limit $1)
                   union all
                   (select lead_id from sends where state in ('claimed', 'calling') limit $1)"#,
                limit
            )
            .fetch_all(tx)
            .await
        }
        Standing::Unknown => {
            sqlx::query_scalar!(
                "select lead_id from sends where state = 'unknown' limit $1",
                limit
            )
            .fetch_all(tx)
            .await
        }
        Standing::Review
        | Standing::Replied
        | Standing::Rejected
        | Standing::Bounced
        | Standing::Complained => {
            let states: Vec<&str> = standing.states().iter().map(|s| s.as_str()).collect();
            sqlx::query_scalar!(
                "select lead_id from sends
                 where state in ('review', 'replied', 'rejected', 'bounced', 'complained')
                   and state = any($1::text[]::send_state[])
                 limit $2",
                &states as &[&str],
                limit,
            )
            .fetch_all(tx)
            .await
        }
        Standing::Found | Standing::Refused | Standing::Sent | Standing::Delivered => {
            return Ok(None);
        }
    };
    Ok(Some(ids.map_err(failed())?))
}

async fn by_source(
    tx: &mut PgConnection,
    filter: &LeadFilter,
    limit: i64,
) -> Result<Option<Vec<i64>>, DbError> {
    let ids = sqlx::query_scalar!(
        "select lead_id from lead_sources
         where source_id in (select id from sources
                             where ($1::bigint is null or id = $1)
                               and ($2::bigint is null or campaign_id = $2))
         limit $3",
        filter.source.map(|source| source.0),
        filter.campaign.map(|campaign| campaign.0),
        limit,
    );
    Ok(Some(ids.fetch_all(tx).await.map_err(failed())?))
}
