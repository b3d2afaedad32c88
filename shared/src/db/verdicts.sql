-- What must hold when everything has come to rest, as a list of what breaks it: no row is good.
-- Each part is one invariant of system-design.md, asked of the tables alone.

with arms as (
    select row_key::bigint as send_id, xmin as commit_of
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

noes as (
    select row_key as email_hash, xmin as commit_of
    from audit_log
    where table_name = 'recipients'
      and (before ->> 'suppressed_at' is null and after ->> 'suppressed_at' is not null
           or before ->> 'erased_at' is null and after ->> 'erased_at' is not null)
),

-- A mail that SES took, or may have.
gone as (
    select * from sends
    where state in ('calling', 'unknown', 'sent', 'delivered', 'opened', 'clicked', 'replied',
                    'bounced', 'complained')
)

select 'nothing is lost' as "invariant!", format('lead %s is still owed an enrichment', id) as "subject!"
from leads
where enrich_requested_at is not null and erased_at is null

union all
select distinct 'nothing is lost', format('lead %s was never looked at', l.id)
from leads l
join lead_sources f on f.lead_id = l.id
join sources o on o.id = f.source_id
join campaigns c on c.id = o.campaign_id and c.status = 'active'
where l.erased_at is null
  and not exists (select from enriched_leads e where e.lead_id = l.id and e.campaign_id = c.id)

union all
select 'nothing is lost', format('enrichment %s planned a mail that is not there', e.id)
from enriched_leads e
where e.outcome in ('planned', 'review')
  and not exists (select from sends s where s.lead_id = e.lead_id and s.campaign_id = e.campaign_id)

union all
select 'nothing is lost', format('send %s is %s (%s), and nobody works on it', id, state, reason)
from sends
where state in ('claimed', 'calling') or state = 'queued' and not_before <= now()

union all
select 'one call a send', format('send %s was called %s times, with %s refusals of SES', send_id,
                                 count(*), (select count(*) from refusals r where r.send_id = a.send_id))
from arms a
group by send_id
having count(*) > 1 + (select count(*) from refusals r where r.send_id = a.send_id)

union all
select 'a state only rises', format('send %s went from %s to %s', row_key, before ->> 'state', after ->> 'state')
from audit_log
where table_name = 'sends' and action = 'update'
  -- What was refused and yet went out, by a call that was lost before, is where its events say it is.
  and ((before ->> 'state')::send_state >= 'sent' and before ->> 'state' <> 'refused'
           and (after ->> 'state')::send_state < (before ->> 'state')::send_state
       or before ->> 'state' = 'unknown' and after ->> 'state' in ('review', 'claimed', 'calling')
       or (after ->> 'fence')::bigint < (before ->> 'fence')::bigint)

union all
-- In the order in which they were committed, which is what counts.
select 'no call after a no', format('send %s was armed after its mailbox had said no', s.id)
from arms a
join sends s on s.id = a.send_id
join noes n on n.email_hash = s.email_hash::text
where pg_xact_commit_timestamp(a.commit_of) > pg_xact_commit_timestamp(n.commit_of)

union all
select 'an event settles', format('send %s is unknown, and an event of it came', s.id)
from sends s
where s.state = 'unknown' and exists (select from send_events e where e.send_id = s.id)

union all
select 'an event settles', format('send %s is %s, and a %s of it came', s.id, s.state, e.kind)
from send_events e
join sends s on s.id = e.send_id
where s.state < case e.kind when 'send' then 'sent' when 'delivery' then 'delivered'
                            when 'reject' then 'rejected' when 'complaint' then 'complained' end::send_state

union all
select distinct 'a complaint is a no', format('the mailbox of send %s complained and is not suppressed', s.id)
from send_events e
join sends s on s.id = e.send_id
join recipients r on r.email_hash = s.email_hash
where e.kind = 'complaint' and r.suppressed_at is null

union all
select 'the lead knows', format('send %s is %s, and its lead is marked %s', s.id, s.state, e.sent)
from sends s
join enriched_leads e on e.id = s.enriched_lead_id
where s.state in ('sent', 'delivered', 'opened', 'clicked', 'replied') and not e.sent
   or s.state < 'calling' and e.sent

union all
select 'one mail a day', format('a mailbox got %s mails on %s', count(*), (sent_at at time zone 'utc')::date)
from gone
where sent_at is not null
group by email_hash, (sent_at at time zone 'utc')::date
having count(*) > 1

union all
select 'counts agree', format('send %s is %s and holds no day', g.id, g.state)
from gone g
where not exists (select from mail_days d where d.send_id = g.id)

union all
select 'counts agree', format('send %s is %s and still holds a day', s.id, s.state)
from mail_days d
join sends s on s.id = d.send_id
where s.state in ('review', 'queued', 'refused') or s.state = 'rejected' and s.sent_at is null

union all
-- More may be counted than went, after a crash; never less.
select 'counts agree', format('campaign %s counts %s mails of %s', k.campaign_id, k.taken, count(d.send_id))
from campaign_counters k
join mail_days d on d.campaign_id = k.campaign_id and d.day = k.day
group by k.campaign_id, k.taken
having count(d.send_id) > k.taken

union all
select 'counts agree', format('campaign %s counts %s mails sent of %s', coalesce(d.campaign_id, s.campaign_id),
                              coalesce(d.sent, 0), coalesce(s.sent, 0))
from (select campaign_id, sum(sent) as sent from campaign_days group by campaign_id) d
full join (select campaign_id, count(*) as sent from sends where sent_at is not null group by campaign_id) s
    using (campaign_id)
where coalesce(d.sent, 0) <> coalesce(s.sent, 0)

union all
select 'caps hold', format('campaign %s has %s mails on %s, %s are allowed', c.id, count(*), d.day, c.daily_cap)
from mail_days d
join campaigns c on c.id = d.campaign_id
group by c.id, c.daily_cap, d.day
having count(*) > c.daily_cap
