//! What a campaign offers and under which rules, as a person sets it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;

use super::{DbError, set_note};
use crate::{
    db,
    domain::campaign::{Change, Settings},
    domain::gate::CampaignStatus,
    domain::reason::Reason,
};

/// A campaign as it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Campaign {
    pub name: String,
    #[serde(flatten)]
    pub settings: Settings,
    pub created_at: DateTime<Utc>,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq)]
pub enum CampaignOutcome {
    Created(Campaign),
    Changed { before: Campaign, after: Campaign },
    NoSuchCampaign,
    NameTaken,
}

/// Every campaign, by name.
///
/// # Errors
/// When the statement fails, or a row holds what this program does not know.
pub async fn campaigns(conn: &mut PgConnection) -> Result<Vec<Campaign>, DbError> {
    read(conn, None).await
}

/// The campaign of this name.
///
/// # Errors
/// When the statement fails, or the row holds what this program does not know.
pub async fn campaign(conn: &mut PgConnection, name: &str) -> Result<Option<Campaign>, DbError> {
    Ok(read(conn, Some(name)).await?.pop())
}

async fn read(conn: &mut PgConnection, name: Option<&str>) -> Result<Vec<Campaign>, DbError> {
    let rows = sqlx::query!(
        "select id, name, status, offer, audience, min_score, min_confidence, daily_cap, review_all,
                rules_decide, basis_rules, send_from, send_until, created_at
         from campaigns where $1::text is null or name = $1 order by name",
        name,
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("read campaigns"))?;
    let campaigns = rows.into_iter().map(|row| {
        let unknown = |column| DbError::UnknownWord {
            table: "campaigns",
            row: row.id.to_string(),
            column,
        };
        let status = CampaignStatus::from_word(&row.status).ok_or(unknown("status"))?;
        Ok(Campaign {
            settings: Settings {
                status,
                offer: row.offer,
                audience: row.audience,
                min_score: row.min_score,
                min_confidence: row.min_confidence,
                daily_cap: row.daily_cap,
                review_all: row.review_all,
                rules_decide: row.rules_decide,
                countries: serde_json::from_value(row.basis_rules)
                    .map_err(|_| unknown("basis_rules"))?,
                hours: row.send_from.zip(row.send_until),
            },
            name: row.name,
            created_at: row.created_at,
        })
    });
    campaigns.collect()
}

/// Changes a campaign, or begins one. What follows for leads that had no mail is planned by the enricher's
/// next sweeps.
///
/// # Errors
/// When a statement fails; nothing was changed.
pub async fn change_campaign(
    conn: &mut PgConnection,
    name: &str,
    change: &Change,
    note: Option<&str>,
) -> Result<CampaignOutcome, DbError> {
    db::transaction(conn, async |tx| {
        set_note(tx, note).await?;
        lock(tx, name).await?;
        let Some(before) = campaign(tx, name).await? else {
            return Ok(CampaignOutcome::NoSuchCampaign);
        };
        let settings = change.applied_to(&before.settings);
        write(tx, name, &settings).await?;
        let waited_for: Vec<&str> = settings
            .lifts(&before.settings)
            .map(Reason::as_str)
            .collect();
        ask_again(tx, name, &waited_for).await?;
        let after = campaign(tx, name).await?;
        Ok(after.map_or(CampaignOutcome::NoSuchCampaign, |after| {
            CampaignOutcome::Changed { before, after }
        }))
    })
    .await
}

/// Begins a campaign.
///
/// # Errors
/// When a statement fails; nothing was changed.
pub async fn create_campaign(
    conn: &mut PgConnection,
    name: &str,
    settings: &Settings,
    note: Option<&str>,
) -> Result<CampaignOutcome, DbError> {
    db::transaction(conn, async |tx| {
        set_note(tx, note).await?;
        let created = sqlx::query!(
            "insert into campaigns (name, offer, audience, status) values ($1, $2, $3, 'draft')
             on conflict on constraint campaigns_name_key do nothing",
            name,
            settings.offer,
            settings.audience,
        )
        .execute(&mut *tx)
        .await
        .map_err(DbError::on("begin a campaign"))?;
        if created.rows_affected() == 0 {
            return Ok(CampaignOutcome::NameTaken);
        }
        write(tx, name, settings).await?;
        let created = campaign(tx, name).await?;
        Ok(created.map_or(CampaignOutcome::NoSuchCampaign, CampaignOutcome::Created))
    })
    .await
}

/// What waits for one of these is asked again at once: the sender's next sweep publishes it.
async fn ask_again(
    conn: &mut PgConnection,
    name: &str,
    waited_for: &[&str],
) -> Result<(), DbError> {
    if waited_for.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update sends set not_before = now(), send_requested_at = '-infinity', updated_at = now()
         where id in (select s.id from sends s join campaigns c on c.id = s.campaign_id
                      where c.name = $1 and s.state = 'queued' and s.reason = any($2)
                      order by s.id for no key update of s)",
        name,
        waited_for as &[&str],
    )
    .execute(conn)
    .await
    .map_err(DbError::on("ask again about mails that waited"))?;
    Ok(())
}

async fn lock(conn: &mut PgConnection, name: &str) -> Result<(), DbError> {
    sqlx::query!(
        "select id from campaigns where name = $1 for no key update",
        name
    )
    .fetch_optional(conn)
    .await
    .map_err(DbError::on("lock a campaign"))?;
    Ok(())
}

async fn write(conn: &mut PgConnection, name: &str, settings: &Settings) -> Result<(), DbError> {
    let status: &'static str = settings.status.into();
    sqlx::query!(
        "update campaigns
         set status = $2, offer = $3, audience = $4, min_score = $5, min_confidence = $6, daily_cap = $7,
             review_all = $8, rules_decide = $9, basis_rules = $10, send_from = $11, send_until = $12,
             updated_at = now()
         where name = $1",
        name,
        status,
        settings.offer,
        settings.audience,
        settings.min_score,
        settings.min_confidence,
        settings.daily_cap,
        settings.review_all,
        settings.rules_decide,
        serde_json::to_value(&settings.countries).unwrap_or_default(),
        settings.hours.map(|(from, _)| from),
        settings.hours.map(|(_, until)| until),
    )
    .execute(conn)
    .await
    .map_err(DbError::on("change a campaign"))?;
    Ok(())
}
