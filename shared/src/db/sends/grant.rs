//! Grant: room within every limit for what was claimed. Counters only: a sender that is gone after it
//! has burned what it took, which sends too little and never too much.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use super::{
    super::{DbError, transaction_without_flush},
    Claims, quota,
};
use crate::domain::{
    ids::{CampaignId, SendId},
    quota::{Counters, DomainCounter, Grants, Limits, Quota, Wait, grant as rules},
};

/// Claimed sends, each with what it was granted or the limit that it waits for.
#[derive(Debug)]
pub struct Granted {
    pub(super) sends: Vec<(super::Claimed, Quota)>,
    call_at: DateTime<Utc>,
    /// The database's clock when it was asked, and ours.
    asked_at: (DateTime<Utc>, Instant),
}

impl Granted {
    /// The database's time, by our own clock since.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        let (asked_at, instant) = self.asked_at;
        asked_at + TimeDelta::from_std(instant.elapsed()).unwrap_or(TimeDelta::MAX)
    }

    /// How long until the granted mails are called.
    #[must_use]
    pub fn wait(&self) -> Duration {
        if self.slots().next().is_none() {
            return Duration::ZERO;
        }
        (self.call_at - self.now()).to_std().unwrap_or_default()
    }

    pub(super) fn slots(&self) -> impl Iterator<Item = &(super::Claimed, Quota)> {
        let granted = |(_, quota): &&(_, Quota)| matches!(quota, Quota::Granted { .. });
        self.sends.iter().filter(granted)
    }

    /// What each send was granted.
    pub fn quotas(&self) -> impl Iterator<Item = (SendId, Quota)> {
        self.sends
            .iter()
            .map(|(c, quota)| (c.candidate.send, *quota))
    }
}

/// Takes room within every limit for as many claimed sends as have it.
///
/// Not flushed, since every sender waits for the account's row: the flush of arming, before any mail is
/// called, takes it along.
///
/// # Errors
/// When a statement fails; nothing is taken.
pub async fn grant(
    conn: &mut PgConnection,
    limits: &Limits,
    claims: &Claims,
) -> Result<Granted, DbError> {
    let candidates: Vec<_> = claims.claimed.iter().map(|c| c.candidate.clone()).collect();
    let mut campaigns: Vec<i64> = candidates.iter().map(|c| c.campaign.0).collect();
    campaigns.sort_unstable();
    campaigns.dedup();
    let mut domains: Vec<[u8; 32]> = match limits.domain_spacing {
        Duration::ZERO => Vec::new(),
        _ => candidates.iter().map(|c| c.domain).collect(),
    };
    domains.sort_unstable();
    domains.dedup();

    add_counters(conn, &claims.without_counter).await?;
    let (grants, now) = transaction_without_flush(conn, async |tx| {
        let domains = lock_domains(tx, &domains).await?;
        let campaigns = quota::lock_campaigns(tx, &campaigns).await?;
        let (account, now) = quota::lock_account(tx).await?;
        let counters = Counters {
            account,
            campaigns,
            domains,
        };
        let grants = rules(limits, counters, &candidates, now);
        let after = &grants.counters;
        write_domains(tx, &after.domains).await?;
        quota::write(tx, &after.campaigns, &after.account).await?;
        Ok((grants, now))
    })
    .await?;
    Ok(Granted {
        sends: quotas(&grants, claims),
        call_at: grants.call_at,
        asked_at: (now, Instant::now()),
    })
}

fn quotas(grants: &Grants, claims: &Claims) -> Vec<(super::Claimed, Quota)> {
    let waits = |send: SendId| grants.waits.iter().find(|(id, _)| *id == send);
    let quota = |claimed: &super::Claimed| match waits(claimed.candidate.send) {
        Some((_, Wait { until, reason })) => Quota::Wait {
            until: *until,
            reason: *reason,
        },
        None => Quota::Granted {
            slot_at: grants.call_at,
        },
    };
    let sends = claims.claimed.iter();
    sends
        .map(|claimed| (claimed.clone(), quota(claimed)))
        .collect()
}

/// A campaign is counted from its first mail on. By itself, so that nothing is held meanwhile.
async fn add_counters(conn: &mut PgConnection, campaigns: &[CampaignId]) -> Result<(), DbError> {
    if campaigns.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = campaigns.iter().map(|campaign| campaign.0).collect();
    sqlx::query!(
        "insert into campaign_counters (campaign_id)
         select distinct id from unnest($1::bigint[]) as d (id) order by id
         on conflict on constraint campaign_counters_pkey do nothing",
        &ids,
    )
    .execute(conn)
    .await
    .map_err(DbError::on("begin to count a campaign"))?;
    Ok(())
}

async fn lock_domains(
    conn: &mut PgConnection,
    domains: &[[u8; 32]],
) -> Result<Vec<DomainCounter>, DbError> {
    if domains.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<&[u8]> = domains.iter().map(<[u8; 32]>::as_slice).collect();
    sqlx::query!(
        "insert into recipient_domains (domain_hash, next_at, reserved_until)
         select domain_hash, 'epoch', 'epoch' from unnest($1::bytea[]) as d (domain_hash)
         order by domain_hash on conflict on constraint recipient_domains_pkey do nothing",
        &keys as &[&[u8]],
    )
    .execute(&mut *conn)
    .await
    .map_err(DbError::on("begin to count domains"))?;
    let rows = sqlx::query!(
        "select domain_hash, next_at, reserved_until from recipient_domains
         where domain_hash = any ($1) order by domain_hash for no key update",
        &keys as &[&[u8]],
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("lock the recipients' domains"))?;
    let counters = rows.into_iter().map(|row| {
        let domain = row.domain_hash.try_into();
        Ok(DomainCounter {
            domain: domain.map_err(|_| DbError::UnknownWord {
                table: "recipient_domains",
                row: row.next_at.to_string(),
                column: "domain_hash",
            })?,
            next_at: row.next_at,
            reserved_until: row.reserved_until,
        })
    });
    counters.collect()
}

async fn write_domains(conn: &mut PgConnection, domains: &[DomainCounter]) -> Result<(), DbError> {
    if domains.is_empty() {
        return Ok(());
    }
    let keys: Vec<&[u8]> = domains.iter().map(|d| d.domain.as_slice()).collect();
    let next_at: Vec<DateTime<Utc>> = domains.iter().map(|d| d.next_at).collect();
    let reserved: Vec<DateTime<Utc>> = domains.iter().map(|d| d.reserved_until).collect();
    sqlx::query!(
        "update recipient_domains r set next_at = d.next_at, reserved_until = d.reserved_until
         from unnest($1::bytea[], $2::timestamptz[], $3::timestamptz[])
              as d (domain_hash, next_at, reserved_until)
         where r.domain_hash = d.domain_hash",
        &keys as &[&[u8]],
        &next_at,
        &reserved,
    )
    .execute(conn)
    .await
    .map_err(DbError::on("write the domains' turns"))?;
    Ok(())
}
