//! Table `leads`, with `lead_sources`: who was found, where.

use std::time::Duration;

use sqlx::PgConnection;

use super::{DbError, sources::Run};
use crate::domain::lead::NewLead;

/// What became of one row of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stored {
    /// Seen for the first time.
    New,
    /// Known; something differed.
    Updated,
    /// Known, with nothing new.
    Unchanged,
    /// The person was erased: dropped before storage (invariant 16).
    Erased,
    /// Its username is held by a profile with another id; nothing was changed.
    Conflict,
}

impl Stored {
    fn from_word(word: &str) -> Self {
        match word {
            "new" => Self::New,
            "updated" => Self::Updated,
            "erased" => Self::Erased,
            "conflict" => Self::Conflict,
            _ => Self::Unchanged,
        }
    }
}

/// What became of a page.
#[derive(Debug, Default)]
pub struct StoredPage {
    /// One entry per row of the page.
    pub rows: Vec<Stored>,
    /// The leads that an enrichment is now owed for.
    pub owed: Vec<i64>,
}

/// Stores a page of leads and advances the source's cursor, in one statement: both or neither
/// (invariant 2). `None` when the run was replaced meanwhile: nothing was stored.
///
/// The page must name each profile once.
///
/// # Errors
/// When the statement fails; nothing was stored.
pub async fn store_page(
    conn: &mut PgConnection,
    run: &Run,
    page: &[NewLead],
    cursor: &serde_json::Value,
    lease: Duration,
) -> Result<Option<StoredPage>, DbError> {
    let column = |get: fn(&NewLead) -> Option<&str>| -> Vec<Option<String>> {
        page.iter()
            .map(|lead| get(lead).map(str::to_owned))
            .collect()
    };
    let platforms = column(|l| Some(l.platform.as_str()));
    let external_ids = column(|l| Some(&l.external_id));
    let usernames = column(|l| Some(&l.username));
    let names = column(|l| l.name.as_deref());
    let emails = column(|l| l.email.as_ref().map(|(address, _)| address.as_str()));
    let hashes: Vec<Option<Vec<u8>>> = page
        .iter()
        .map(|l| l.email.as_ref().map(|(_, hash)| hash.0.to_vec()))
        .collect();
    let profile_urls = column(|l| l.profile_url.as_deref());
    let followers: Vec<Option<i64>> = page.iter().map(|l| l.follower_count).collect();
    let bios = column(|l| l.bio.as_deref());
    let verified: Vec<Option<bool>> = page.iter().map(|l| l.verified).collect();
    let locations = column(|l| l.location.as_deref());
    let websites = column(|l| l.website.as_deref());
    let countries = column(|l| {
        l.country
            .as_ref()
            .map(super::super::domain::country::Country::as_str)
    });
    let languages = column(|l| l.language.as_deref());
    let raws: Vec<Option<serde_json::Value>> = page.iter().map(|l| l.raw.clone()).collect();

    let rows = sqlx::query_file!(
        "src/db/store_page.sql",
        run.source.0,
        run.number,
        cursor,
        lease.as_secs_f64(),
        &platforms as &[Option<String>],
        &external_ids as &[Option<String>],
        &usernames as &[Option<String>],
        &names as &[Option<String>],
        &emails as &[Option<String>],
        &hashes as &[Option<Vec<u8>>],
        &profile_urls as &[Option<String>],
        &followers as &[Option<i64>],
        &bios as &[Option<String>],
        &verified as &[Option<bool>],
        &locations as &[Option<String>],
        &websites as &[Option<String>],
        &countries as &[Option<String>],
        &languages as &[Option<String>],
        &raws as &[Option<serde_json::Value>],
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("store a page of leads"))?;

    // The source's own row comes back first, however empty the page is.
    let Some((_source, rows)) = rows.split_first() else {
        return Ok(None);
    };
    let mut stored = StoredPage::default();
    for row in rows {
        stored.rows.push(Stored::from_word(&row.outcome));
        stored.owed.extend(row.owed);
    }
    // Two rows can be one lead: known by its id, and by the name it had before.
    stored.owed.sort_unstable();
    stored.owed.dedup();
    Ok(Some(stored))
}

/// Leads that wait for an enrichment since longer than `patience`, for an active campaign; marked
/// as asked for again, so that two sweeps do not publish the same ones.
///
/// # Errors
/// When the statement fails.
pub async fn take_owed(
    conn: &mut PgConnection,
    patience: Duration,
    limit: i64,
) -> Result<Vec<i64>, DbError> {
    sqlx::query_scalar!(
        "with owed as (
             select l.id from leads l
             where l.enrich_requested_at < now() - make_interval(secs => $1)
               and l.erased_at is null
               and exists (
                   select 1 from lead_sources ls
                   join sources s on s.id = ls.source_id
                   join campaigns c on c.id = s.campaign_id
                   where ls.lead_id = l.id and c.status = 'active')
             order by l.enrich_requested_at, l.id
             limit $2
             for no key update of l skip locked
         )
         update leads l set enrich_requested_at = now()
         from owed where l.id = owed.id
         returning l.id",
        patience.as_secs_f64(),
        limit,
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("look for leads that wait for an enrichment"))
}
