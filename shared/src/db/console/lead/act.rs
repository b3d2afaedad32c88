//! What a person does about a lead. Each is on record with who did it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;

use super::super::{super::DbError, record};
use crate::{
    db::{
        self,
        enrichment::{self, LeadRequest},
        operator::{self, Author, Suppressed, sign},
    },
    domain::{audit::Action, email::EmailHash, ids::LeadId, person::Person},
};

/// Longest note, in characters.
pub const NOTE_MAX: usize = 2_000;

/// What became of a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddedNote {
    Stored {
        at: DateTime<Utc>,
    },
    Empty,
    /// It has so many characters.
    TooLong(usize),
    /// Or it was erased, and no note may bring it back.
    NoSuchLead,
}

/// Adds a note about a lead for the team.
///
/// # Errors
/// When a statement fails; nothing was stored.
pub async fn add_note(
    conn: &mut PgConnection,
    person: &Person,
    lead: LeadId,
    text: &str,
) -> Result<AddedNote, DbError> {
    let text = text.trim();
    let length = text.chars().count();
    if length == 0 {
        return Ok(AddedNote::Empty);
    }
    if length > NOTE_MAX {
        return Ok(AddedNote::TooLong(length));
    }
    db::transaction(conn, async |tx| {
        sign(tx, Author::new(person, None)).await?;
        let at = sqlx::query_scalar!(
            "insert into lead_notes (lead_id, author_subject, author_name, text)
             select id, $2, $3, $4 from leads where id = $1 and erased_at is null
             returning created_at",
            lead.0,
            person.subject,
            person.name,
            text,
        )
        .fetch_optional(&mut *tx)
        .await
        .map_err(DbError::on("store a note"))?;
        let Some(at) = at else {
            return Ok(AddedNote::NoSuchLead);
        };
        record(tx, lead, Action::Note, &Value::Null).await?;
        Ok(AddedNote::Stored { at })
    })
    .await
}

/// The whole address of a lead; that it was looked at, and by whom, is on record before it is given.
/// None if the lead has none.
///
/// # Errors
/// When a statement fails; it is then not given.
pub async fn show_address(
    conn: &mut PgConnection,
    person: &Person,
    lead: LeadId,
) -> Result<Option<String>, DbError> {
    db::transaction(conn, async |tx| {
        sign(tx, Author::new(person, None)).await?;
        let address = sqlx::query_scalar!("select email from leads where id = $1", lead.0)
            .fetch_optional(&mut *tx)
            .await
            .map_err(DbError::on("read an address"))?
            .flatten();
        if address.is_some() {
            record(tx, lead, Action::ShowAddress, &Value::Null).await?;
        }
        Ok(address)
    })
    .await
}

/// What assessing a lead again may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Again {
    /// Active campaigns that found it: one call each at most. A question that was answered before
    /// costs nothing, and has the same answer.
    pub campaigns: i64,
    /// What the newest answers have cost on average, in millionths of a US dollar; none if there was
    /// none yet.
    pub call_micros: Option<i64>,
}

impl Again {
    /// At most, in millionths of a US dollar.
    pub fn most_micros(self) -> Option<i64> {
        Some(self.call_micros?.saturating_mul(self.campaigns))
    }
}

/// What [`ask_again`] may cost. None if there is no such lead.
///
/// # Errors
/// When a statement fails.
pub async fn price_again(conn: &mut PgConnection, lead: LeadId) -> Result<Option<Again>, DbError> {
    let row = sqlx::query!(
        r#"select (select count(distinct c.id) from lead_sources f
                   join sources s on s.id = f.source_id
                   join campaigns c on c.id = s.campaign_id
                   where f.lead_id = l.id and c.status = 'active') as "campaigns!",
                  (select avg(cost_micros)::bigint
                   from (select cost_micros from model_calls where state = 'answered'
                         order by id desc limit 100) newest) as call_micros
           from leads l where l.id = $1"#,
        lead.0,
    )
    .fetch_optional(conn)
    .await
    .map_err(DbError::on("read what an answer has cost"))?;
    Ok(row.map(|row| Again {
        campaigns: row.campaigns,
        call_micros: row.call_micros,
    }))
}

/// What became of a wish to have a lead assessed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedAgain {
    /// The enricher's next sweep asks.
    Requested,
    NoSuchLead,
    Erased,
    Suppressed,
    /// No campaign that found it is active.
    NoActiveCampaign,
    /// It is being asked about, or is about to be.
    AlreadyRequested,
}

/// Requests an answer of the model for a lead in every active campaign. What mail of it has left or is
/// queued stays as it is.
///
/// # Errors
/// When a statement fails; nothing was requested.
pub async fn ask_again(
    conn: &mut PgConnection,
    person: &Person,
    lead: LeadId,
) -> Result<AskedAgain, DbError> {
    db::transaction(conn, async |tx| {
        sign(tx, Author::new(person, None)).await?;
        Ok(match enrichment::lock_to_ask_again(tx, lead).await? {
            None => AskedAgain::NoSuchLead,
            Some(LeadRequest { erased: true, .. }) => AskedAgain::Erased,
            Some(LeadRequest {
                suppressed: true, ..
            }) => AskedAgain::Suppressed,
            Some(LeadRequest { active: false, .. }) => AskedAgain::NoActiveCampaign,
            Some(LeadRequest { pending: true, .. }) => AskedAgain::AlreadyRequested,
            Some(_) => {
                enrichment::request_again(tx, &[lead.0]).await?;
                record(tx, lead, Action::AskAgain, &Value::Null).await?;
                AskedAgain::Requested
            }
        })
    })
    .await
}

/// What became of a wish to suppress a lead's mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SuppressedLead {
    Done(Suppressed),
    /// A mailbox is what is suppressed.
    NoAddress,
    NoSuchLead,
}

/// Suppresses the mailbox of a lead for all campaigns. When this returns no new call to SES starts for
/// it (invariant 10).
///
/// # Errors
/// When a statement fails; nothing was changed.
pub async fn suppress(
    conn: &mut PgConnection,
    person: &Person,
    lead: LeadId,
    reason: &str,
) -> Result<SuppressedLead, DbError> {
    db::transaction(conn, async |tx| {
        sign(tx, Author::new(person, None)).await?;
        let mailbox = sqlx::query_scalar!("select email_hash from leads where id = $1", lead.0)
            .fetch_optional(&mut *tx)
            .await
            .map_err(DbError::on("read the mailbox of a lead"))?;
        let Some(mailbox) = mailbox else {
            return Ok(SuppressedLead::NoSuchLead);
        };
        let Some(mailbox) = mailbox.and_then(|hash| hash.try_into().ok()) else {
            return Ok(SuppressedLead::NoAddress);
        };
        let done = operator::suppress_within(tx, EmailHash(mailbox), reason).await?;
        Ok(SuppressedLead::Done(done))
    })
    .await
}
