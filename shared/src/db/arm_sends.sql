-- Writes down what was decided about claimed sends. Arming locks the mailboxes, in one order for
-- everybody, and holds only if the facts that were decided on still stand: whoever unsubscribes is
-- either seen here or waits until the call is on record.

with decided as (
    select * from unnest(
        $1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::timestamptz[],
        $7::jsonb[]
    ) as d (id, fence, revision, state, reason, not_before, decision)
),

locked as (
    select d.*,
           d.state = 'calling'
               and r.suppressed_at is null and r.erased_at is null
               and r.revision = d.revision and c.status = 'active' as armed
    from decided d
    join sends s on s.id = d.id
    join recipients r on r.email_hash = s.email_hash
    join campaigns c on c.id = s.campaign_id
    where s.state = 'claimed' and s.fence = d.fence
    order by r.email_hash
    for share of r
),

-- What does not go out gives its day back.
freed as (
    delete from mail_days m using locked l where m.send_id = l.id and not l.armed
)

update sends s
set state = (case when l.armed or l.state <> 'calling' then l.state else 'queued' end)::send_state,
    reason = case when l.armed then null
                  when l.state = 'calling' then 'facts_changed'
                  else l.reason end,
    lease_until = case when l.armed then now() + make_interval(secs => $8) end,
    not_before = case when l.state = 'calling' then s.not_before
                      else coalesce(l.not_before, s.not_before) end,
    decision = l.decision,
    -- Decided again at the next sweep.
    send_requested_at = case when l.state = 'calling' and not l.armed
                             then '-infinity' else s.send_requested_at end,
    updated_at = now()
from locked l
where s.id = l.id and s.state = 'claimed' and s.fence = l.fence
returning s.id, l.armed as "armed!"
