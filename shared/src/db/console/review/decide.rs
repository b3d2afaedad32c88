//! What a reviewer decides, carried out once.

use sqlx::PgConnection;

use crate::{
    db::{
        DbError,
        operator::{
            Author, ReviewOutcome,
            review::{self, Locked},
            sign,
        },
        recipients, transaction,
    },
    domain::{
        feedback::{OptOutWay, suppression::Suppression},
        ids::SendId,
        person::Person,
        review::{Rejection, Review, ReviewRefused, UNDO_SECONDS, Verdict},
        send_state::SendState,
    },
};

/// What became of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decided {
    Done,
    /// The text is not the one that the person saw, or the profile is not.
    OtherText,
    /// Somebody decided before, or the mail is past deciding.
    NotWaiting(SendState),
    Refused(ReviewRefused),
    NoSuchSend,
}

/// Carries out what a person decided about the text that they saw. Of two decisions about one mail the first
/// counts: its row is locked, and its state says that it waits no more.
///
/// # Errors
/// When a statement fails; nothing was changed.
pub async fn decide(
    conn: &mut PgConnection,
    person: &Person,
    send: SendId,
    seen: &[u8],
    verdict: &Verdict,
) -> Result<Decided, DbError> {
    let note = note(verdict);
    transaction(conn, async |tx| {
        sign(tx, Author::new(person, note.as_deref())).await?;
        // Profile, mailbox, send: every transaction locks them so. The opt-out counts even where the draft was
        // decided before: that is the safe direction.
        if matches!(verdict, Verdict::Reject(rejection) if rejection.why.suppresses()) {
            review::lock_profile(tx, send).await?;
            suppress(tx, send).await?;
        }
        let Some(locked) = review::lock(tx, send).await? else {
            return Ok(Decided::NoSuchSend);
        };
        if locked.mail.state != SendState::Review {
            return Ok(Decided::NotWaiting(locked.mail.state));
        }
        if locked.seen != seen {
            return Ok(Decided::OtherText);
        }
        let outcome = carry_out(tx, send, &locked, verdict).await?;
        if let Some(ReviewOutcome::Refused(refused)) = outcome {
            return Ok(Decided::Refused(refused));
        }
        record(tx, person, send, verdict).await?;
        Ok(Decided::Done)
    })
    .await
}

/// Takes the last decision of a person about a mail back, as long as no sender has begun with it.
///
/// # Errors
/// When a statement fails; nothing was changed.
pub async fn undo(
    conn: &mut PgConnection,
    person: &Person,
    send: SendId,
) -> Result<Decided, DbError> {
    transaction(conn, async |tx| {
        sign(tx, Author::new(person, None)).await?;
        let Some(locked) = review::lock(tx, send).await? else {
            return Ok(Decided::NoSuchSend);
        };
        let last = sqlx::query!(
            "select subject, decision from reviews where send_id = $1 order by id desc limit 1",
            send.0,
        )
        .fetch_optional(&mut *tx)
        .await
        .map_err(DbError::on("read the last decision"))?;
        let own =
            last.is_some_and(|last| last.subject == person.subject && last.decision != "undone");
        if !own {
            return Ok(Decided::NotWaiting(locked.mail.state));
        }
        match review::carry_out(tx, send, &locked, &Review::Reopen, 0).await? {
            ReviewOutcome::Refused(ReviewRefused::NotReopenable(state)) => {
                return Ok(Decided::NotWaiting(state));
            }
            ReviewOutcome::Refused(refused) => return Ok(Decided::Refused(refused)),
            ReviewOutcome::NoSuchSend => return Ok(Decided::NoSuchSend),
            ReviewOutcome::Done(_) => {}
        }
        insert(tx, person, send, "undone", None).await?;
        Ok(Decided::Done)
    })
    .await
}

fn note(verdict: &Verdict) -> Option<String> {
    match verdict {
        Verdict::Approve | Verdict::ApproveEdited(_) | Verdict::Skip => None,
        Verdict::Reject(Rejection { why, words }) => Some(match words {
            Some(words) => format!("{}: {words}", why.title()),
            None => why.title().to_owned(),
        }),
    }
}

async fn suppress(tx: &mut PgConnection, send: SendId) -> Result<(), DbError> {
    let mailbox = sqlx::query_scalar!("select email_hash from sends where id = $1", send.0)
        .fetch_optional(&mut *tx)
        .await
        .map_err(DbError::on("look for the mailbox of a send"))?;
    if let Some(mailbox) = mailbox {
        let reason = Suppression::Unsubscribed.as_str();
        recipients::suppress(tx, &mailbox, reason, OptOutWay::Person).await?;
    }
    Ok(())
}

/// None where nothing of the mail changes.
async fn carry_out(
    tx: &mut PgConnection,
    send: SendId,
    locked: &Locked,
    verdict: &Verdict,
) -> Result<Option<ReviewOutcome>, DbError> {
    let done = match verdict {
        Verdict::Skip => return Ok(None),
        Verdict::Reject(_) => review::carry_out(tx, send, locked, &Review::Reject, 0).await?,
        Verdict::Approve => {
            review::carry_out(tx, send, locked, &Review::Approve, UNDO_SECONDS).await?
        }
        Verdict::ApproveEdited(draft) => {
            let edit = Review::Edit(draft.clone());
            match review::carry_out(tx, send, locked, &edit, 0).await? {
                ReviewOutcome::Done(_) => {}
                other => return Ok(Some(other)),
            }
            let Some(edited) = review::lock(tx, send).await? else {
                return Ok(Some(ReviewOutcome::NoSuchSend));
            };
            review::carry_out(tx, send, &edited, &Review::Approve, UNDO_SECONDS).await?
        }
    };
    Ok(Some(done))
}

async fn record(
    tx: &mut PgConnection,
    person: &Person,
    send: SendId,
    verdict: &Verdict,
) -> Result<(), DbError> {
    let (decision, rejection) = match verdict {
        Verdict::Approve => ("approved", None),
        Verdict::ApproveEdited(_) => ("edited", None),
        Verdict::Reject(rejection) => ("rejected", Some(rejection)),
        Verdict::Skip => ("skipped", None),
    };
    insert(tx, person, send, decision, rejection).await
}

async fn insert(
    tx: &mut PgConnection,
    person: &Person,
    send: SendId,
    decision: &str,
    rejection: Option<&Rejection>,
) -> Result<(), DbError> {
    sqlx::query!(
        "insert into reviews (send_id, subject, decision, reason, words, score, method)
         select s.id, $2, $3, $4, $5, e.score, e.method
         from sends s join enriched_leads e on e.id = s.enriched_lead_id where s.id = $1",
        send.0,
        person.subject,
        decision,
        rejection.map(|rejection| rejection.why.as_str()),
        rejection.and_then(|rejection| rejection.words.as_deref()),
    )
    .execute(&mut *tx)
    .await
    .map_err(DbError::on("record a decision"))?;
    sqlx::query!("delete from review_leases where send_id = $1", send.0)
        .execute(tx)
        .await
        .map_err(DbError::on("let go of a draft"))?;
    Ok(())
}
