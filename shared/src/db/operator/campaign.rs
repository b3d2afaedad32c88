//! What a campaign offers and under which rules, as a person sets it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;

use super::{Author, DbError, sign};
use crate::{
    db,
    domain::campaign::{Change, Settings},
    domain::gate::CampaignStatus,
    domain::ids::CampaignId,
    domain::letter::Language,
    domain::reason::Reason,
};

/// A campaign as it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Campaign {
    pub id: CampaignId,
    pub name: String,
    #[serde(flatten)]
    pub settings: Settings,
    /// Raised by every change of it.
    pub revision: i64,
    pub created_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq)]
pub enum CampaignOutcome {
    Created(Campaign),
    Changed {
        before: Campaign,
        after: Campaign,
    },
    /// Somebody else changed it since it was read, and it stands like this now. Nothing was changed.
    Stale(Campaign),
    NoSuchCampaign,
    NameTaken,
}

/// What became of a step in a campaign's life.
#[derive(Debug, Clone, PartialEq)]
pub enum StatusOutcome {
    Changed(Campaign),
    /// From where it stands the step cannot be taken. Nothing was changed.
    Stays(Campaign),
    NoSuchCampaign,
}

/// What a person wants a campaign to be, and which of its revisions they saw.
#[derive(Debug, Clone, PartialEq)]
pub struct Edit {
    pub revision: i64,
    pub name: String,
    /// Its status stays what it is.
    pub settings: Settings,
}

/// Every campaign, by name.
///
/// # Errors
/// When the statement fails, or a row holds what this program does not know.
pub async fn campaigns(conn: &mut PgConnection) -> Result<Vec<Campaign>, DbError> {
    read(conn, None, None).await
}

/// The campaign of this name.
///
/// # Errors
/// When the statement fails, or the row holds what this program does not know.
pub async fn campaign(conn: &mut PgConnection, name: &str) -> Result<Option<Campaign>, DbError> {
    Ok(read(conn, Some(name), None).await?.pop())
}

/// The campaign of this row.
///
/// # Errors
/// When the statement fails, or the row holds what this program does not know.
pub async fn campaign_of_id(
    conn: &mut PgConnection,
    id: CampaignId,
) -> Result<Option<Campaign>, DbError> {
    Ok(read(conn, None, Some(id)).await?.pop())
}

async fn read(
    conn: &mut PgConnection,
    name: Option<&str>,
    id: Option<CampaignId>,
) -> Result<Vec<Campaign>, DbError> {
    let rows = sqlx::query!(
        "select id, name, status, offer, audience, language, min_score, min_confidence, daily_cap, review_all,
                rules_decide, basis_rules, send_from, send_until, revision, created_at, updated_at
         from campaigns
         where ($1::text is null or name = $1) and ($2::bigint is null or id = $2)
         order by name",
        name,
        id.map(|id| id.0),
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
            id: CampaignId(row.id),
            settings: Settings {
                status,
                offer: row.offer,
                audience: row.audience,
                language: row
                    .language
                    .map(|code| code.parse().map_err(|_| unknown("language")))
                    .transpose()?,
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
            revision: row.revision,
            created_at: row.created_at,
            changed_at: row.updated_at,
        })
    });
    campaigns.collect()
}

/// Changes a campaign. What follows for leads that had no mail is planned by the enricher's next sweeps.
///
/// # Errors
/// When a statement fails; nothing was changed.
pub async fn change_campaign(
    conn: &mut PgConnection,
    name: &str,
    change: &Change,
    author: impl Into<Author<'_>>,
) -> Result<CampaignOutcome, DbError> {
    let author = author.into();
    db::transaction(conn, async |tx| {
        sign(tx, author).await?;
        let Some(before) = locked(tx, Some(name), None).await? else {
            return Ok(CampaignOutcome::NoSuchCampaign);
        };
        let settings = change.applied_to(&before.settings);
        let after = write(tx, &before, name, &settings).await?;
        Ok(CampaignOutcome::Changed { before, after })
    })
    .await
}

/// Changes a campaign to what a person made of the revision that they saw.
///
/// # Errors
/// When a statement fails; nothing was changed.
pub async fn edit_campaign(
    conn: &mut PgConnection,
    id: CampaignId,
    edit: &Edit,
    author: impl Into<Author<'_>>,
) -> Result<CampaignOutcome, DbError> {
    let author = author.into();
    let result = db::transaction(conn, async |tx| {
        sign(tx, author).await?;
        let Some(before) = locked(tx, None, Some(id)).await? else {
            return Ok(CampaignOutcome::NoSuchCampaign);
        };
        if before.revision != edit.revision {
            return Ok(CampaignOutcome::Stale(before));
        }
        let settings = Settings {
            status: before.settings.status,
            ..edit.settings.clone()
        };
        let after = write(tx, &before, &edit.name, &settings).await?;
        Ok(CampaignOutcome::Changed { before, after })
    });
    match result.await {
        Err(error) if error.constraint() == Some("campaigns_name_key") => {
            Ok(CampaignOutcome::NameTaken)
        }
        result => result,
    }
}

/// Takes a step in a campaign's life, whatever else was changed meanwhile.
///
/// # Errors
/// When a statement fails; nothing was changed.
pub async fn set_status(
    conn: &mut PgConnection,
    id: CampaignId,
    status: CampaignStatus,
    author: impl Into<Author<'_>>,
) -> Result<StatusOutcome, DbError> {
    let author = author.into();
    db::transaction(conn, async |tx| {
        sign(tx, author).await?;
        let Some(before) = locked(tx, None, Some(id)).await? else {
            return Ok(StatusOutcome::NoSuchCampaign);
        };
        if !before.settings.status.may_become(status) {
            return Ok(StatusOutcome::Stays(before));
        }
        let settings = Settings {
            status,
            ..before.settings.clone()
        };
        let after = write(tx, &before, &before.name, &settings).await?;
        Ok(StatusOutcome::Changed(after))
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
    author: impl Into<Author<'_>>,
) -> Result<CampaignOutcome, DbError> {
    let author = author.into();
    let status: &'static str = settings.status.into();
    db::transaction(conn, async |tx| {
        sign(tx, author).await?;
        let id = sqlx::query_scalar!(
            "insert into campaigns (name, status, offer, audience, min_score, min_confidence, daily_cap,
                                    review_all, rules_decide, basis_rules, send_from, send_until, language)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
             on conflict on constraint campaigns_name_key do nothing
             returning id",
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
            settings.language.map(Language::code),
        )
        .fetch_optional(&mut *tx)
        .await
        .map_err(DbError::on("begin a campaign"))?;
        let Some(id) = id else {
            return Ok(CampaignOutcome::NameTaken);
        };
        let created = campaign_of_id(tx, CampaignId(id)).await?;
        Ok(created.map_or(CampaignOutcome::NoSuchCampaign, CampaignOutcome::Created))
    })
    .await
}

/// The campaign of this name or row, held until the transaction ends.
async fn locked(
    conn: &mut PgConnection,
    name: Option<&str>,
    id: Option<CampaignId>,
) -> Result<Option<Campaign>, DbError> {
    sqlx::query!(
        "select id from campaigns
         where ($1::text is null or name = $1) and ($2::bigint is null or id = $2) for no key update",
        name,
        id.map(|id| id.0),
    )
    .fetch_optional(&mut *conn)
    .await
    .map_err(DbError::on("lock a campaign"))?;
    Ok(read(conn, name, id).await?.pop())
}

/// What is the same as before is no change, and raises no revision.
async fn write(
    conn: &mut PgConnection,
    before: &Campaign,
    name: &str,
    settings: &Settings,
) -> Result<Campaign, DbError> {
    if before.name == name && before.settings == *settings {
        return Ok(before.clone());
    }
    let status: &'static str = settings.status.into();
    let row = sqlx::query!(
        "update campaigns
         set name = $2, status = $3, offer = $4, audience = $5, min_score = $6, min_confidence = $7,
             daily_cap = $8, review_all = $9, rules_decide = $10, basis_rules = $11, send_from = $12,
             send_until = $13, language = $14, revision = revision + 1, updated_at = now()
         where id = $1
         returning revision, updated_at",
        before.id.0,
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
        settings.language.map(Language::code),
    )
    .fetch_one(&mut *conn)
    .await
    .map_err(DbError::on("change a campaign"))?;
    let waited_for: Vec<&str> = settings
        .lifts(&before.settings)
        .map(Reason::as_str)
        .collect();
    make_due(conn, before.id, &waited_for).await?;
    Ok(Campaign {
        name: name.to_owned(),
        settings: settings.clone(),
        revision: row.revision,
        changed_at: row.updated_at,
        ..before.clone()
    })
}

/// What waits for one of these is asked again at once: the sender's next sweep publishes it.
async fn make_due(
    conn: &mut PgConnection,
    campaign: CampaignId,
    waited_for: &[&str],
) -> Result<(), DbError> {
    if waited_for.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update sends set not_before = now(), send_requested_at = '-infinity', updated_at = now()
         where id in (select id from sends
                      where campaign_id = $1 and state = 'queued' and reason = any($2)
                      order by id for no key update)",
        campaign.0,
        waited_for as &[&str],
    )
    .execute(conn)
    .await
    .map_err(DbError::on("ask again about mails that waited"))?;
    Ok(())
}
