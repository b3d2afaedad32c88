//! What an operator decides about a call whose outcome is unknown.

use sqlx::PgConnection;

use super::{Author, DbError, sign};
use crate::{
    db::{self, known},
    domain::{ids::SendId, reason::Reason, send_state::SendState},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// It did not leave, as far as the operator can tell: plan it again, through every rule.
    Resend,
    /// Never send it again. It may have left, so the mailbox's step and day stay used; an event that
    /// arrives later still sets its state.
    GiveUp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    Done,
    AlreadyGivenUp,
    NotUnknown(SendState),
    NoSuchSend,
}

/// Decides about a send that is `unknown`.
///
/// Either way the fence rises, so that a late answer to the old call cannot change the send any more.
/// The day that the old call took stays taken.
pub async fn resolve(
    conn: &mut PgConnection,
    send: SendId,
    resolution: Resolution,
    author: impl Into<Author<'_>>,
) -> Result<Resolved, DbError> {
    let author = author.into();
    db::transaction(conn, async |tx| {
        sign(tx, author).await?;
        let row = sqlx::query!(
            r#"select state::text as "state!", reason from sends where id = $1 for no key update"#,
            send.0,
        )
        .fetch_optional(&mut *tx)
        .await
        .map_err(DbError::on("lock an unknown send"))?;
        let Some(row) = row else {
            return Ok(Resolved::NoSuchSend);
        };
        let state: SendState = known(&row.state, "sends", send.0, "state")?;
        let given_up = row.reason.as_deref() == Some(Reason::GivenUp.as_str());
        match (state, resolution) {
            (SendState::Unknown, Resolution::Resend) => plan_again(tx, send).await?,
            (SendState::Unknown, Resolution::GiveUp) if given_up => {
                return Ok(Resolved::AlreadyGivenUp);
            }
            (SendState::Unknown, Resolution::GiveUp) => give_up(tx, send).await?,
            (state, _) => return Ok(Resolved::NotUnknown(state)),
        }
        Ok(Resolved::Done)
    })
    .await
}

/// Requested since ever, so the next sweep publishes it.
async fn plan_again(conn: &mut PgConnection, send: SendId) -> Result<(), DbError> {
    sqlx::query!(
        "update sends
         set state = 'queued', reason = $2, fence = fence + 1, may_have_left = true,
             send_requested_at = '-infinity', updated_at = now()
         where id = $1",
        send.0,
        Reason::Resend.as_str(),
    )
    .execute(conn)
    .await
    .map_err(DbError::on("plan a send again"))?;
    Ok(())
}

async fn give_up(conn: &mut PgConnection, send: SendId) -> Result<(), DbError> {
    sqlx::query!(
        "update sends set reason = $2, fence = fence + 1, updated_at = now() where id = $1",
        send.0,
        Reason::GivenUp.as_str(),
    )
    .execute(conn)
    .await
    .map_err(DbError::on("give a send up"))?;
    Ok(())
}
