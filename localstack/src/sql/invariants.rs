//! Whether the invariants of system-design.md hold, asked of the tables alone once a run has
//! quiesced. Reads only.

use anyhow::{Context as _, Result};
use sqlx::{AssertSqlSafe, FromRow, PgConnection};

/// Something that broke an invariant.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(crate) struct Violation {
    pub(crate) invariant: String,
    /// What broke it. Names rows, never a person.
    pub(crate) subject: String,
}

impl Violation {
    pub(crate) fn new(invariant: &str, subject: impl Into<String>) -> Self {
        Self {
            invariant: invariant.to_owned(),
            subject: subject.into(),
        }
    }
}

/// What several invariants ask about.
const FACTS: &str = "
with arms as (
    select row_key::bigint as send_id, xmin as committed_by
    from audit_log
    where table_name = 'sends' and before ->> 'state' = 'claimed' and after ->> 'state' = 'calling'
),
-- Definite answers of SES that it took nothing: only these allow another call.
refusals as (
    select row_key::bigint as send_id
    from audit_log
    where table_name = 'sends' and before ->> 'state' in ('calling', 'unknown')
      and after ->> 'state' = 'queued'
),
opt_outs as (
    select row_key as email_hash, xmin as committed_by
    from audit_log
    where table_name = 'recipients'
      and (before ->> 'suppressed_at' is null and after ->> 'suppressed_at' is not null
           or before ->> 'erased_at' is null and after ->> 'erased_at' is not null)
),
-- A mail that SES took, or may have taken.
gone as (
    select * from sends
    where state in ('calling', 'unknown', 'sent', 'delivered', 'opened', 'clicked', 'replied',
                    'bounced', 'complained')
)
";

/// Each invariant with the statement that lists what breaks it.
const INVARIANTS: [(&str, &str); 16] = [
    (
        "nothing is lost",
        "select format('lead %s still waits for an enrichment', id)
         from leads
         where enrich_requested_at is not null and erased_at is null",
    ),
    (
        "nothing is lost",
        "select distinct format('lead %s was never enriched', l.id)
         from leads l
         join lead_sources f on f.lead_id = l.id
         join sources o on o.id = f.source_id
         join campaigns c on c.id = o.campaign_id and c.status = 'active'
         where l.erased_at is null
           and not exists (select from enriched_leads e where e.lead_id = l.id and e.campaign_id = c.id)",
    ),
    (
        "nothing is lost",
        "select format('enrichment %s planned a send that does not exist', e.id)
         from enriched_leads e
         where e.outcome in ('planned', 'review')
           and not exists (select from sends s
                           where s.lead_id = e.lead_id and s.campaign_id = e.campaign_id)",
    ),
    (
        "nothing is lost",
        "select format('send %s is %s (%s), and nothing works on it', id, state, reason)
         from sends s
         where state in ('claimed', 'calling')
            or state = 'queued' and not_before <= now()",
    ),
    (
        "one call per send",
        "select format('send %s was called %s times, with %s refusals of SES', send_id, count(*),
                       (select count(*) from refusals r where r.send_id = a.send_id))
         from arms a
         group by send_id
         having count(*) > 1 + (select count(*) from refusals r where r.send_id = a.send_id)",
    ),
    (
        "a state only rises",
        // What was refused and left all the same, by a call that was lost before, is where its events
        // put it.
        "select format('send %s went from %s to %s', row_key, before ->> 'state', after ->> 'state')
         from audit_log
         where table_name = 'sends' and action = 'update'
           and ((before ->> 'state')::send_state >= 'sent' and before ->> 'state' <> 'refused'
                    and (after ->> 'state')::send_state < (before ->> 'state')::send_state
                or before ->> 'state' = 'unknown' and after ->> 'state' in ('review', 'claimed', 'calling')
                or (after ->> 'fence')::bigint < (before ->> 'fence')::bigint)",
    ),
    (
        "no call after an opt-out",
        // In the order in which they were committed, which is what counts.
        "select format('send %s was armed after its recipient had opted out', s.id)
         from arms a
         join sends s on s.id = a.send_id
         join opt_outs o on o.email_hash = s.email_hash::text
         where pg_xact_commit_timestamp(a.committed_by) > pg_xact_commit_timestamp(o.committed_by)",
    ),
    (
        "an event settles",
        "select format('send %s is unknown, and an event of it came', s.id)
         from sends s
         where s.state = 'unknown' and exists (select from send_events e where e.send_id = s.id)",
    ),
    (
        "an event settles",
        "select format('send %s is %s, and a %s of it came', s.id, s.state, e.kind)
         from send_events e
         join sends s on s.id = e.send_id
         where s.state < case e.kind when 'send' then 'sent' when 'delivery' then 'delivered'
                                     when 'reject' then 'rejected'
                                     when 'complaint' then 'complained' end::send_state",
    ),
    (
        "a complaint suppresses",
        "select distinct format('the recipient of send %s complained and is not suppressed', s.id)
         from send_events e
         join sends s on s.id = e.send_id
         join recipients r on r.email_hash = s.email_hash
         where e.kind = 'complaint' and r.suppressed_at is null",
    ),
    (
        "the enrichment is marked sent",
        "select format('send %s is %s, and its enrichment is marked %s', s.id, s.state, e.sent)
         from sends s
         join enriched_leads e on e.id = s.enriched_lead_id
         where s.state in ('sent', 'delivered', 'opened', 'clicked', 'replied') and not e.sent
            or s.state < 'calling' and e.sent",
    ),
    (
        "one mail per recipient and day",
        "select format('a recipient got %s mails on %s', count(*), (sent_at at time zone 'utc')::date)
         from gone
         where sent_at is not null
         group by email_hash, (sent_at at time zone 'utc')::date
         having count(*) > 1",
    ),
    (
        "counts agree",
        "select format('send %s is %s and holds no day', g.id, g.state)
         from gone g
         where g.slot_day is null
         union all
         select format('send %s is %s and still holds a day', s.id, s.state)
         from sends s
         where s.slot_day is not null and not s.may_have_left
           and (s.state in ('review', 'queued', 'refused')
                or s.state = 'rejected' and s.sent_at is null)",
    ),
    (
        "counts agree",
        // More may be counted than left, after a crash; never less.
        "select format('campaign %s counts %s mails of %s', k.campaign_id, k.taken, count(s.id))
         from campaign_counters k
         join sends s on s.campaign_id = k.campaign_id and s.slot_day = k.day
                         and s.slot_at is not null
         group by k.campaign_id, k.taken
         having count(s.id) > k.taken",
    ),
    (
        "counts agree",
        "select format('campaign %s counts %s mails sent of %s', coalesce(d.campaign_id, s.campaign_id),
                       coalesce(d.sent, 0), coalesce(s.sent, 0))
         from (select campaign_id, sum(sent) as sent from campaign_days group by campaign_id) d
         full join (select campaign_id, count(*) as sent from sends where sent_at is not null
                    group by campaign_id) s using (campaign_id)
         where coalesce(d.sent, 0) <> coalesce(s.sent, 0)",
    ),
    (
        "caps hold",
        "select format('campaign %s has %s mails on %s, %s are allowed', c.id, count(*), s.slot_day,
                       c.daily_cap)
         from sends s
         join campaigns c on c.id = s.campaign_id
         where s.slot_day is not null
         group by c.id, c.daily_cap, s.slot_day
         having count(*) > c.daily_cap",
    ),
];

/// What the tables alone say against the invariants. The server must keep the times of commits
/// (`track_commit_timestamp`).
pub(crate) async fn violations(conn: &mut PgConnection) -> Result<Vec<Violation>> {
    let mut violations = Vec::new();
    for (invariant, statement) in INVARIANTS {
        let found: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!("{FACTS}{statement}")))
            .fetch_all(&mut *conn)
            .await
            .with_context(|| format!("could not check that {invariant}"))?;
        let found = found.into_iter();
        violations.extend(found.map(|subject| Violation::new(invariant, subject)));
    }
    Ok(violations)
}

/// A send, as the ledger of SES is compared with it.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(crate) struct Mail {
    pub(crate) id: i64,
    pub(crate) campaign: i64,
    /// The recipient's hash, in hexadecimal.
    pub(crate) recipient: String,
    pub(crate) step: i16,
    pub(crate) state: String,
    /// How many events came for it.
    pub(crate) events: i64,
    /// Whether it was unknown once.
    pub(crate) was_unknown: bool,
}

/// Every send.
pub(crate) async fn mails(conn: &mut PgConnection) -> Result<Vec<Mail>> {
    sqlx::query_as(
        "select s.id, s.campaign_id as campaign, encode(s.email_hash, 'hex') as recipient, s.step,
                s.state::text as state,
                (select count(*) from send_events e where e.send_id = s.id) as events,
                exists (select from audit_log a
                        where a.table_name = 'sends' and a.row_key = s.id::text
                          and a.after ->> 'state' = 'unknown') as was_unknown
         from sends s order by s.id",
    )
    .fetch_all(conn)
    .await
    .context("could not read the sends")
}

/// What there is of everything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, FromRow)]
pub(crate) struct Counts {
    pub(crate) leads: i64,
    /// Model calls that may have been paid.
    pub(crate) paid_calls: i64,
    pub(crate) quarantined: i64,
    /// Recipients that are suppressed or erased.
    pub(crate) opt_outs: i64,
    /// Recipients that are erased.
    pub(crate) erased: i64,
}

/// Counts what the harness compares with what it put in.
pub(crate) async fn counts(conn: &mut PgConnection) -> Result<Counts> {
    sqlx::query_as(
        "select (select count(*) from leads) as leads,
                (select count(*) from model_calls where state <> 'failed') as paid_calls,
                (select count(*) from quarantine) as quarantined,
                (select count(*) from recipients where suppressed_at is not null
                                                    or erased_at is not null) as opt_outs,
                (select count(*) from recipients where erased_at is not null) as erased",
    )
    .fetch_one(conn)
    .await
    .context("could not count what there is")
}
