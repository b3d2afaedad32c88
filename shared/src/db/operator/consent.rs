//! A person's agreement, as an operator records it.

use sqlx::PgConnection;

use super::{Author, DbError, sign};
use crate::{
    db,
    domain::{basis::Basis, email::EmailHash, person::Person},
};

/// What became of a recorded consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Consent {
    /// The mailbox has opted out, which a consent does not take back.
    pub suppressed: bool,
    /// Leads of this mailbox that are planned anew.
    pub leads: u64,
}

/// Records that the owner of a mailbox has agreed to be written to, with how that can be proven (GDPR,
/// Art. 7(1)). Leads that were refused for want of it are planned anew.
///
/// # Errors
/// When a statement fails; nothing was recorded.
pub async fn record_consent(
    conn: &mut PgConnection,
    mailbox: EmailHash,
    proof: &str,
    person: Option<&Person>,
) -> Result<Consent, DbError> {
    let note = Some(proof);
    db::transaction(conn, async |tx| {
        sign(tx, Author { person, note }).await?;
        let leads = sqlx::query!(
            "update leads set enrich_requested_at = clock_timestamp()
             where id in (select id from leads
                          where email_hash = $1 and erased_at is null and enrich_requested_at is null
                          order by id for no key update)",
            mailbox.0.as_slice(),
        )
        .execute(&mut *tx)
        .await
        .map_err(DbError::on("request plans for a mailbox"))?;
        let basis: &'static str = Basis::Consent.into();
        let suppressed = sqlx::query_scalar!(
            r#"insert into recipients (email_hash, basis) values ($1, $2)
               on conflict (email_hash) do update set basis = excluded.basis
               returning suppressed_at is not null as "suppressed!""#,
            mailbox.0.as_slice(),
            basis,
        )
        .fetch_one(tx)
        .await
        .map_err(DbError::on("record a consent"))?;
        Ok(Consent {
            suppressed,
            leads: leads.rows_affected(),
        })
    })
    .await
}
