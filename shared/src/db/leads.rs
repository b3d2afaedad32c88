//! Table `leads`, with `lead_sources`: who was found, where.

use std::{collections::HashSet, time::Duration};

use sqlx::PgConnection;

use super::{DbError, sources::Run, transaction};
use crate::domain::{
    email::EmailHash,
    ids::LeadId,
    lead::{NewLead, Origin},
    page::{KnownLead, Merge, Profile, Stored, Update, merge},
};

/// What became of a page.
#[derive(Debug, Default)]
pub struct StoredPage {
    /// One entry per row of the page.
    pub rows: Vec<Stored>,
    /// The leads that an enrichment is now pending for.
    pub pending: Vec<i64>,
}

/// How often a page is inserted and merged when usernames change hands meanwhile.
const ATTEMPTS: usize = 3;

/// Stores a page of leads and advances the source's cursor: both or neither (invariant 2). `None` when
/// the run was replaced meanwhile: nothing was stored.
///
/// The page must name each profile once.
///
/// # Errors
/// When a statement fails; nothing was stored.
pub async fn store_page(
    conn: &mut PgConnection,
    run: &Run,
    page: &[NewLead],
    cursor: &serde_json::Value,
    lease: Duration,
) -> Result<Option<StoredPage>, DbError> {
    let page: Vec<Profile> = page.iter().map(Profile::from).collect();
    let store = async |tx: &mut PgConnection| {
        if !advance(tx, run, cursor, lease).await? {
            return Ok(None);
        }
        merge_page(tx, run, &page).await.map(Some)
    };
    match transaction(conn, &store).await {
        // Another source stored the id or the username between our look and our update.
        Err(error) if error.constraint().is_some_and(|name| KEYS.contains(&name)) => {
            transaction(conn, &store).await
        }
        result => result,
    }
}

const KEYS: [&str; 2] = ["leads_source_external_id_key", "leads_source_username_key"];

/// Locks the source, moves its cursor and renews its lease, if the run still holds it.
async fn advance(
    tx: &mut PgConnection,
    run: &Run,
    cursor: &serde_json::Value,
    lease: Duration,
) -> Result<bool, DbError> {
    let held = sqlx::query!(
        "update sources
         set cursor = $3, lease_until = now() + make_interval(secs => $4), updated_at = now()
         where id = $1 and run = $2",
        run.source.0,
        run.number,
        cursor,
        lease.as_secs_f64(),
    )
    .execute(tx)
    .await
    .map_err(DbError::on("advance a source's cursor"))?;
    Ok(held.rows_affected() == 1)
}

/// Inserts the rows that are new, locks those that are not, merges and updates them.
async fn merge_page(
    tx: &mut PgConnection,
    run: &Run,
    page: &[Profile],
) -> Result<StoredPage, DbError> {
    let mut new = Vec::new();
    let mut merged = Merge::default();
    for _ in 0..ATTEMPTS {
        new.extend(insert_new(tx, page).await?);
        let existing = lock(tx, run, page, &new).await?;
        let erased = erased_mailboxes(tx, page).await?;
        merged = merge(&existing, page, &erased, origin(run)?);
        if !merged.rows.contains(&Stored::Missing) {
            break;
        }
    }

    update(tx, &merged.updates).await?;
    link(tx, run, &merged.links).await?;
    let updated = merged.updates.iter().filter(|update| update.pending);
    let mut pending = new;
    pending.extend(updated.map(|update| update.id.0));
    pending.sort_unstable();
    pending.dedup();
    Ok(StoredPage {
        rows: merged.rows,
        pending,
    })
}

/// Who says what a run's source gives.
fn origin(run: &Run) -> Result<Origin, DbError> {
    Origin::of_kind(&run.kind).ok_or_else(|| DbError::UnknownWord {
        table: "sources",
        row: run.source.to_string(),
        column: "kind",
    })
}

async fn insert_new(tx: &mut PgConnection, page: &[Profile]) -> Result<Vec<i64>, DbError> {
    sqlx::query_file_scalar!("src/db/leads/insert_new.sql", json(page) as _)
        .fetch_all(tx)
        .await
        .map_err(DbError::on("store new leads"))
}

/// The stored leads that rows of the page may be about, locked. Whether this source has found them
/// stands still meanwhile: only the source's holder writes it.
async fn lock(
    tx: &mut PgConnection,
    run: &Run,
    page: &[Profile],
    new: &[i64],
) -> Result<Vec<KnownLead>, DbError> {
    let column = |get: fn(&Profile) -> &String| page.iter().map(get).cloned().collect::<Vec<_>>();
    let rows = sqlx::query_file!(
        "src/db/leads/lock.sql",
        &column(|row| &row.source),
        &column(|row| &row.external_id),
        &column(|row| &row.username),
        run.source.0,
    )
    .fetch_all(tx)
    .await
    .map_err(DbError::on("lock the leads of a page"))?;
    let known = rows.into_iter().map(|row| {
        Ok(KnownLead {
            id: LeadId(row.id),
            new: new.contains(&row.id),
            erased: row.erased,
            linked: row.linked,
            profile: Profile {
                source: row.source,
                external_id: row.external_id,
                username: row.username,
                name: row.name,
                email: row.email,
                email_hash: row
                    .email_hash
                    .map(|hash| mailbox(row.id, hash))
                    .transpose()?,
                profile_url: row.profile_url,
                follower_count: row.follower_count,
                bio: row.bio,
                verified: Some(row.verified),
                location: row.location,
                website: row.website,
                country: row.country,
                language: row.language,
                raw: row.raw,
            },
        })
    });
    known.collect()
}

fn mailbox(lead: i64, hash: Vec<u8>) -> Result<EmailHash, DbError> {
    let hash = hash.try_into().map_err(|_| DbError::UnknownWord {
        table: "leads",
        row: lead.to_string(),
        column: "email_hash",
    })?;
    Ok(EmailHash(hash))
}

async fn erased_mailboxes(
    tx: &mut PgConnection,
    page: &[Profile],
) -> Result<HashSet<EmailHash>, DbError> {
    let hashes = page.iter().filter_map(|row| row.email_hash);
    let hashes: Vec<Vec<u8>> = hashes.map(|hash| hash.0.to_vec()).collect();
    let erased = sqlx::query_scalar!(
        "select email_hash from recipients where email_hash = any($1) and erased_at is not null",
        &hashes,
    )
    .fetch_all(tx)
    .await
    .map_err(DbError::on("look for erased mailboxes"))?;
    // The table holds keys of 32 bytes only.
    let keys = erased.into_iter().filter_map(|hash| hash.try_into().ok());
    Ok(keys.map(EmailHash).collect())
}

async fn update(tx: &mut PgConnection, updates: &[Update]) -> Result<(), DbError> {
    sqlx::query_file!("src/db/leads/update.sql", json(updates) as _)
        .execute(tx)
        .await
        .map_err(DbError::on("update leads"))?;
    Ok(())
}

async fn link(tx: &mut PgConnection, run: &Run, leads: &[LeadId]) -> Result<(), DbError> {
    let ids: Vec<i64> = leads.iter().map(|lead| lead.0).collect();
    sqlx::query!(
        "insert into lead_sources (lead_id, source_id)
         select id, $2 from unnest($1::bigint[]) as d (id) order by id
         on conflict do nothing",
        &ids,
        run.source.0,
    )
    .execute(tx)
    .await
    .map_err(DbError::on("link leads to their source"))?;
    Ok(())
}

/// Wide rows travel as one parameter.
fn json<T: serde::Serialize>(rows: &[T]) -> sqlx::types::Json<&[T]> {
    sqlx::types::Json(rows)
}

/// Leads whose enrichment is pending and was not published for so long, for an active campaign, and that
/// wait for nothing or have waited long enough. They
/// count as published from now on, so that two sweeps do not publish the same ones; the request
/// itself is untouched, since an answer to it may be on its way.
///
/// # Errors
/// When the statement fails.
pub async fn take_unpublished(
    conn: &mut PgConnection,
    republish_after: Duration,
    limit: i64,
) -> Result<Vec<i64>, DbError> {
    sqlx::query_scalar!(
        "with pending as (
             select l.id from leads l
             where l.enrich_requested_at is not null
               and greatest(l.enrich_requested_at, l.enrich_published_at)
                   < now() - make_interval(secs => $1)
               and (l.enrich_next_at is null or l.enrich_next_at <= now())
               and l.erased_at is null
               and exists (
                   select 1 from lead_sources ls
                   join sources s on s.id = ls.source_id
                   join campaigns c on c.id = s.campaign_id
                   where ls.lead_id = l.id and c.status = 'active')
             order by greatest(l.enrich_requested_at, l.enrich_published_at), l.id
             limit $2
             for no key update of l skip locked
         )
         update leads l set enrich_published_at = now()
         from pending where l.id = pending.id
         returning l.id",
        republish_after.as_secs_f64(),
        limit,
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("look for leads that wait for an enrichment"))
}
