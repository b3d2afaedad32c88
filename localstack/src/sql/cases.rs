//! What the cases from practice find in a database, and how it is made empty for the next one.

use anyhow::{Context as _, Result};
use serde_json::Value;
use sqlx::PgConnection;

/// Takes out everything but what the migrations put in.
pub(crate) async fn clear(conn: &mut PgConnection) -> Result<()> {
    let statements = [
        "truncate leads, campaigns, sources, lead_sources, enriched_leads, model_calls, model_spend,
                  model_outages, recipients, sends, send_events, campaign_days, breakers,
                  recipient_domains, campaign_counters, quarantine, audit_log
         restart identity cascade",
        "delete from rate_limits",
        "insert into rate_limits (name) values ('ses')",
    ];
    for statement in statements {
        sqlx::query(statement)
            .execute(&mut *conn)
            .await
            .context("could not empty the database")?;
    }
    Ok(())
}

/// The next send gets this number.
pub(crate) async fn number_sends_from(conn: &mut PgConnection, id: i64) -> Result<()> {
    sqlx::query("select setval(pg_get_serial_sequence('sends', 'id'), $1, false)")
        .bind(id)
        .execute(conn)
        .await
        .context("could not number the next send")?;
    Ok(())
}

/// The only send, as if SES had taken its mail under this name.
pub(crate) async fn hand_over(conn: &mut PgConnection, message_id: &str) -> Result<()> {
    sqlx::query(
        "update sends
         set state = 'sent', ses_message_id = $1, sent_at = now(), slot_at = now(), lease_until = null
         where state = 'queued'",
    )
    .bind(message_id)
    .execute(conn)
    .await
    .context("could not hand a mail over")?;
    Ok(())
}

/// Every lead, in the order of its storage.
pub(crate) async fn leads(conn: &mut PgConnection) -> Result<Vec<Value>> {
    sqlx::query_scalar(
        "select jsonb_build_object(
             'platform', source, 'id', external_id, 'username', username, 'name', name,
             'email', email, 'followers', follower_count, 'bio', bio, 'verified', verified,
             'website', website, 'location', location, 'country', country, 'language', language,
             'profile_url', profile_url)
         from leads order by id",
    )
    .fetch_all(conn)
    .await
    .context("could not read the leads")
}

/// Whether the only source needs attention and rests, and what its last run reported.
pub(crate) async fn source(conn: &mut PgConnection) -> Result<Value> {
    sqlx::query_scalar(
        "select jsonb_build_object(
             'needs_attention', needs_attention, 'rests', coalesce(rests_until > now(), false),
             'report', last_report)
         from sources",
    )
    .fetch_one(conn)
    .await
    .context("could not read the source")
}

/// What became of the only lead: its enrichment and send, or what it waits for.
pub(crate) async fn enrichment(conn: &mut PgConnection) -> Result<Value> {
    sqlx::query_scalar(
        "select jsonb_build_object(
             'method', e.method, 'outcome', e.outcome, 'reason', e.reason, 'score', e.score,
             'subject', e.subject, 'message', e.message, 'notes', e.compliance_notes,
             'state', s.state, 'waits_for', l.enrich_waits_for,
             'paid_calls', (select count(*) from model_calls
                            where state in ('answered', 'refused', 'unusable', 'lost')))
         from leads l
         left join enriched_leads e on e.lead_id = l.id
         left join sends s on s.enriched_lead_id = e.id
         order by e.enrichment_version desc nulls last limit 1",
    )
    .fetch_optional(conn)
    .await
    .context("could not read what became of the lead")
    .map(|row: Option<Value>| row.unwrap_or_default())
}

/// The state of the only send, and whether its mailbox is suppressed.
pub(crate) async fn mailbox(conn: &mut PgConnection) -> Result<Value> {
    sqlx::query_scalar(
        "select jsonb_build_object(
             'send', s.id, 'state', s.state, 'bounce', s.bounce,
             'suppressed', r.suppressed_at is not null, 'suppression', r.suppression_reason,
             'way', r.opt_out_way)
         from sends s join recipients r using (email_hash)",
    )
    .fetch_optional(conn)
    .await
    .context("could not read the mailbox")
    .map(|row: Option<Value>| row.unwrap_or_default())
}

/// What the function of events stored: kinds and details, and how many bodies it could not read.
pub(crate) async fn events(conn: &mut PgConnection) -> Result<Value> {
    sqlx::query_scalar(
        "select jsonb_build_object(
             'events', (select count(*) from send_events),
             'kind', (select min(kind) from send_events),
             'class', (select min(split_part(detail, ' ', 1)) from send_events),
             'quarantined', (select count(*) from quarantine))",
    )
    .fetch_one(conn)
    .await
    .context("could not read the events")
}

/// When each send may leave, by country; none: it has left.
pub(crate) async fn departures(
    conn: &mut PgConnection,
) -> Result<Vec<(String, String, chrono::DateTime<chrono::Utc>)>> {
    sqlx::query_as(
        "select coalesce(l.country, 'no country'), s.state::text, s.not_before
         from sends s join leads l on l.id = s.lead_id order by l.country",
    )
    .fetch_all(conn)
    .await
    .context("could not read when mails may leave")
}
