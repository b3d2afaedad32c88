-- Writes down how calls ended. Only a definite refusal moves a state back, and only to be tried
-- again; everything else moves up its rank, so that a late answer or an early event wins.

with answers as (
    select * from unnest(
        $1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::timestamptz[]
    ) as a (id, fence, state, reason, message_id, not_before)
),

settled as (
    update sends s
    set state = case when a.state <> 'queued' then greatest(s.state, a.state::send_state)
                     when s.state in ('calling', 'unknown') then 'queued'
                     else s.state end,
        reason = case when greatest(s.state, a.state::send_state) = a.state::send_state
                        or s.state in ('calling', 'unknown')
                      then a.reason else s.reason end,
        ses_message_id = coalesce(s.ses_message_id, a.message_id),
        sent_at = case when a.state = 'sent' then coalesce(s.sent_at, now()) else s.sent_at end,
        not_before = coalesce(a.not_before, s.not_before),
        lease_until = null,
        updated_at = now()
    from (select * from answers order by id) a
    where s.id = a.id and s.fence = a.fence and s.state >= 'calling'
    returning s.id, s.state, s.enriched_lead_id
),

-- A mail that never left gives its day back.
freed as (
    delete from mail_days d using settled s where d.send_id = s.id and s.state in ('queued', 'rejected')
)

update enriched_leads e set sent = true, contacted = true, updated_at = now()
from settled s
where e.id = s.enriched_lead_id and s.state >= 'sent' and s.state not in ('refused', 'rejected')
  and not e.sent
