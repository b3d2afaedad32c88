-- Writes down what was decided about claimed sends. Arming locks the mailboxes, in one order for
-- everybody, and holds only if the facts that were decided on still stand: whoever unsubscribes is
-- either seen here or waits until the call is on record.

with decided as (
    select * from unnest(
        $1::bigint[], $2::bigint[], $3::bigint[], $4::timestamptz[], $5::text[], $6::text[],
        $7::timestamptz[], $8::boolean[], $9::jsonb[]
    ) as d (id, fence, revision, campaign_seen, state, reason, not_before, announced, decision)
),

mailboxes as (
    select d.*, s.campaign_id, s.lead_id,
           d.state = 'calling'
               and r.suppressed_at is null and r.erased_at is null and r.revision = d.revision as unchanged
    from decided d
    join sends s on s.id = d.id
    join recipients r on r.email_hash = s.email_hash
    where s.state = 'claimed' and s.fence = d.fence
    order by r.email_hash
    for share of r
),

held as (
    select s.id, s.slot_day, s.email_hash, s.lease_until
    from sends s
    where s.id in (select id from mailboxes) and s.state = 'claimed'
    order by s.id
    for no key update
),

-- Campaign and lead are read as they stand now, not as they stood when this statement began to wait for locks.
-- A sender that waited for them longer than it may live is gone: it calls nobody.
locked as materialized (
    select m.*, h.slot_day, h.email_hash,
           m.unchanged and campaign_stands(m.campaign_id, m.campaign_seen) and lead_stands(m.lead_id)
               and clock_timestamp() < h.lease_until - interval '30 s' as armed
    from mailboxes m
    join held h on h.id = m.id
),

-- What does not go out gives back what it was granted: its day, and its place in every count.
unused as (
    select id, email_hash, campaign_id, slot_day from locked
    where not armed and slot_day is not null
),

counters as (
    select campaign_id from campaign_counters
    where campaign_id in (select campaign_id from unused)
    order by campaign_id
    for update
),

rate as (
    select name from rate_limits
    where name = 'ses' and exists (select 1 from unused) and (select count(*) from counters) >= 0
    for update
),

freed as (
    delete from mail_days m
    using unused u
    where m.email_hash = u.email_hash and m.day = u.slot_day and m.send_id = u.id
      and exists (select 1 from rate)
    returning m.campaign_id, m.day
),

uncounted as (
    update campaign_counters k set taken = greatest(0, k.taken - f.mails)
    from (select campaign_id, day, count(*)::integer as mails from freed group by campaign_id, day) f
    where k.campaign_id = f.campaign_id and k.day = f.day
),

returned as (
    update rate_limits r
    -- Places in time can be taken back as long as nobody stands behind them.
    set next_at = r.next_at - case when r.next_at = $11 then make_interval(secs => f.mails / r.speed)
                                   else interval '0' end,
        hours = array[greatest(0, r.hours[1] - f.mails)] || r.hours[2:25],
        day_taken = greatest(0, r.day_taken - case when f.day = r.day then f.mails else 0 end)
    from (select max(day) as day, count(*)::integer as mails from freed) f
    where r.name = 'ses' and f.mails > 0
)

update sends s
set state = (case when l.armed or l.state <> 'calling' then l.state else 'queued' end)::send_state,
    reason = case when l.armed then null
                  when l.state = 'calling' then 'facts_changed'
                  else l.reason end,
    lease_until = case when l.armed then now() + make_interval(secs => $10) end,
    slot_day = case when l.armed then s.slot_day end,
    attempts = s.attempts + l.armed::integer,
    not_before = case when l.state = 'calling' then s.not_before
                      else coalesce(l.not_before, s.not_before) end,
    decision = l.decision,
    send_requested_at = case
        -- Decided again at the next sweep.
        when l.state = 'calling' and not l.armed then '-infinity'
        -- Its message is on its way already.
        when l.announced then greatest(s.send_requested_at, l.not_before)
        else s.send_requested_at end,
    updated_at = now()
from locked l
where s.id = l.id and s.state = 'claimed' and s.fence = l.fence
returning s.id, l.armed as "armed!"
