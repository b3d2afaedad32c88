-- Takes the sends that are due, with every fact that the gate looks at, and with room within every
-- limit of speed and volume for as many of them as there is (invariant 11). What finds no room is
-- held too, with the limit that has none, so that the gate can say it.
--
-- Locks are taken in the order that every statement keeps: sends, campaign_counters, rate_limits,
-- recipient_domains, mail_days. A row that was waited for is read as it is then, and so is the clock.

with limits as (
    select $3::double precision as own_rate, $4::integer as own_quota,
           $5::double precision as ramp_start, $6::double precision as ramp_growth,
           $7::double precision as ramp_cap, $8::double precision as spacing,
           $9::double precision as longest_wait
),

due as (
    select s.id, s.campaign_id, s.email_hash,
           -- It waited for this before: its turn has come, and it does not go to the end of the line.
           coalesce(s.reason = 'pace', false) as waited_for_pace,
           coalesce(s.reason = 'domain_spacing', false) as waited_for_domain,
           sha256(convert_to(lower(split_part(l.email, '@', 2)), 'utf8')) as domain_hash
    from sends s
    join leads l on l.id = s.lead_id
    -- As text, so that the rows are found by their key and never through the index of all that is due.
    where s.id = any ($1) and s.state::text = 'queued' and s.not_before <= now()
    order by s.id
    for no key update of s skip locked
),

counters as (
    select campaign_id, day, taken
    from campaign_counters
    where campaign_id in (select campaign_id from due)
    order by campaign_id
    for update
),

rate as (
    select * from rate_limits
    where name = 'ses' and exists (select 1 from due) and (select count(*) from counters) >= 0
    for update
),

moment as materialized (
    select clock_timestamp() as at, (clock_timestamp() at time zone 'utc')::date as today,
           date_trunc('hour', clock_timestamp()) as hour
    from rate
),

-- The account: its speed now, when its next place is free, and what was taken in each hour.
account as (
    select m.*, l.*, p.speed, h.hours, r.queue_at, r.blocked_until,
           -- A tenth of a second that nobody used is not lost.
           greatest(r.next_at, m.at - interval '100 ms') as free_at,
           case when r.day = m.today then r.day_taken else 0 end as day_taken,
           -- Days with mails before today.
           r.days_used + (r.day < m.today and r.day_taken > 0)::integer as days_used,
           coalesce(l.own_quota, r.max_per_day - r.sent_elsewhere) as max_per_day
    from rate r
    cross join moment m
    cross join limits l
    cross join lateral (
        select coalesce(l.own_rate, r.max_per_second)
               * least(1, r.pace + extract(epoch from m.at - r.paced_at) / 600) as speed
    ) p
    cross join lateral (
        select (array_fill(0, array[least(25, passed)]) || r.hours)[1:25] as hours
        from (select greatest(0, extract(epoch from m.hour - r.hour_at) / 3600)::integer as passed) e
    ) h
),

room as (
    select a.*,
           least(a.ramp_cap, floor(a.ramp_start * power(a.ramp_growth, least(a.days_used, 365)))) - a.day_taken as by_ramp,
           case when a.blocked_until > a.at then 0
                else a.max_per_day - (select sum(mails) from unnest(a.hours) as t (mails)) end as by_quota,
           -- Places that come soon enough; a batch takes half a second's worth of them at most.
           floor((a.longest_wait - extract(epoch from a.free_at - a.at)) * a.speed) + 1 as by_wait,
           greatest(1, floor(a.speed / 2)) as by_burst
    from account a
),

-- No limit of the day (null) is room for everybody.
space as (
    select r.*, least.mails, greatest(r.at, r.free_at + make_interval(secs => least.mails / r.speed)) as call_at,
           -- Others hold places that the gate may give back in a moment.
           exists (select 1 from sends h
                   where h.state = 'claimed' and h.slot_day is not null and h.id <> all ($1)) as contended
    from room r
    cross join lateral (select greatest(0, least(by_ramp, by_quota, by_wait, by_burst)) as mails) least
),

-- A mailbox that had its mail today needs no room.
candidates as (
    select d.*, row_number() over (partition by d.campaign_id order by d.id)
                    <= c.daily_cap - case when k.day = m.today then k.taken else 0 end as in_cap
    from due d
    join campaigns c on c.id = d.campaign_id
    join counters k on k.campaign_id = d.campaign_id
    cross join moment m
    where not exists (select 1 from mail_days t
                      where t.email_hash = d.email_hash and t.day = m.today and t.send_id <> d.id)
),

placed as (
    select c.*, row_number() over (order by c.id) as place,
           row_number() over (partition by c.domain_hash order by c.id) as place_at_domain
    from candidates c
    where c.in_cap
),

-- One place at each domain, from the last moment on at which this batch may be called: free, or told
-- when it is, and how long the line there is.
domains as (
    insert into recipient_domains as d (domain_hash, next_at, queue_at, send_id)
    select distinct on (p.domain_hash) p.domain_hash, s.call_at + make_interval(secs => s.spacing),
           s.call_at + make_interval(secs => s.spacing
               * count(*) filter (where not p.waited_for_domain) over (partition by p.domain_hash)), p.id
    from placed p
    cross join space s
    where p.place <= s.mails and s.spacing > 0
    order by p.domain_hash, p.id
    on conflict on constraint recipient_domains_pkey do update
    -- Whose place it is already moves it along: what it did not use before, it uses now.
    set next_at = case when d.next_at <= (select at from moment) or d.send_id = excluded.send_id
                       then excluded.next_at else d.next_at end,
        send_id = case when d.next_at <= (select at from moment) then excluded.send_id else d.send_id end,
        queue_at = greatest(d.queue_at, d.next_at, (select call_at from space))
                   + (excluded.queue_at - (select call_at from space))
    returning domain_hash, send_id, next_at, queue_at
),

-- The mailbox's slot of the day. Taken by another send meanwhile: no row comes back.
slots as (
    insert into mail_days (email_hash, day, send_id, campaign_id)
    select distinct on (p.email_hash) p.email_hash, s.today, p.id, p.campaign_id
    from placed p
    cross join space s
    where p.place <= s.mails
      and (s.spacing = 0 or exists (select 1 from domains d where d.send_id = p.id))
    order by p.email_hash, p.id
    on conflict on constraint mail_days_pkey do update set send_id = excluded.send_id
        where mail_days.send_id = excluded.send_id
    -- A day that an earlier call of the same send took is not this claim's to give back.
    returning send_id, campaign_id, xmax = 0 as fresh
),

granted as (
    select send_id as id, campaign_id, fresh, row_number() over (order by send_id) - 1 as nth from slots
),

counted as (
    update campaign_counters k
    set day = m.today, taken = case when k.day = m.today then k.taken else 0 end + g.mails
    from (select campaign_id, count(*)::integer as mails from granted group by campaign_id) g, moment m
    where k.campaign_id = g.campaign_id
),

taken as (
    update rate_limits r
    set next_at = s.free_at + make_interval(secs => g.mails / s.speed),
        queue_at = greatest(s.queue_at, s.free_at + make_interval(secs => g.mails / s.speed))
                   + make_interval(secs => w.mails / s.speed),
        speed = s.speed,
        hour_at = s.hour,
        hours = array[s.hours[1] + g.mails] || s.hours[2:25],
        day = s.today, day_taken = s.day_taken + g.mails, days_used = s.days_used
    from space s,
         (select count(*)::integer as mails from granted) g,
         (select count(*)::integer as mails from placed p, space s
          where p.place > s.by_wait and p.place <= least(s.by_ramp, s.by_quota) and not p.waited_for_pace) w
    where r.name = 'ses'
),

claimed as (
    update sends s
    set state = 'claimed', fence = s.fence + 1, updated_at = now(),
        lease_until = now() + make_interval(secs => $2),
        slot_day = case when g.fresh then (select today from moment) end
    from due d
    left join granted g on g.id = d.id
    where s.id = d.id and exists (select 1 from space)
    returning s.*, g.nth
)

select s.id, s.fence, s.attempts, s.lead_id, s.content_hash,
       l.source, l.username, l.name, l.language,
       -- Only the address that this send is for: its suppression is what was looked at.
       case when l.email_hash = s.email_hash then l.email end as email,
       l.email_hash is distinct from s.email_hash as "address_changed!", l.erased_at is not null as "lead_erased!",
       c.status as campaign_status, c.min_score, c.min_confidence, c.review_all, c.basis_rules,
       c.offer, c.send_from, c.send_until, c.updated_at as campaign_seen,
       coalesce(b.opened_at is not null, false) as "breaker_open!",
       r.country, l.country as lead_country, r.basis, r.revision,
       r.suppressed_at is not null as "suppressed!", r.erased_at is not null as "recipient_erased!",
       past.mails as "past_mails!", past.latest as past_latest, past.earliest as past_earliest,
       e.score, e.ai_confidence, e.compliant, e.method, e.reviewed, e.subject, e.message,
       -- Granted: seconds until its place. Otherwise: which limit, and when to ask again.
       greatest(0, extract(epoch from a.free_at - a.at) + s.nth / a.speed)::double precision as wait_seconds,
       -- Where this batch's places end: what it does not use is given back if nobody stands behind.
       a.free_at + make_interval(secs => (select count(*) from granted) / a.speed) as places_end,
       limited.reason as limit_reason,
       case when limited.reason in ('daily_cap', 'ramp') and (a.contended or exists (select 1 from granted))
            then a.at + interval '1 minute'
       else case limited.reason
           when 'daily_quota' then greatest(a.blocked_until, a.hour + interval '1 hour')
           when 'domain_spacing' then case
               when p.waited_for_domain then d.next_at + make_interval(secs => a.spacing * (p.place_at_domain - 1))
               else d.queue_at - make_interval(secs => a.spacing * p.place_at_domain) end
           when 'pace' then a.at + make_interval(secs => case
               -- More than one batch may take: the rest is next.
               when p.place <= a.by_wait or p.waited_for_pace then p.place / a.speed
               -- At the end of the queue, but a little early, so that no place lies idle.
               else greatest(0, extract(epoch from greatest(a.queue_at, a.free_at) - a.at)
                                + (p.place - greatest(0, a.by_wait)) / a.speed - a.longest_wait / 2) end)
           else (a.today + 1)::timestamp at time zone 'utc'
       end end as limit_until
from claimed s
cross join space a
join campaigns c on c.id = s.campaign_id
join recipients r on r.email_hash = s.email_hash
join leads l on l.id = s.lead_id
join enriched_leads e on e.id = s.enriched_lead_id
left join breakers b on b.campaign_id = s.campaign_id
left join candidates n on n.id = s.id
left join placed p on p.id = s.id
left join domains d on d.domain_hash = p.domain_hash
cross join lateral past_mails(s.email_hash, s.id, a.today) past
cross join lateral (
    select case when s.nth is not null then null
                when n.id is null then 'recipient_day'
                when not n.in_cap then 'daily_cap'
                when p.place > a.by_ramp then 'ramp'
                when p.place > a.by_quota then 'daily_quota'
                when p.place > a.mails then 'pace'
                when d.send_id <> s.id then 'domain_spacing'
                else 'recipient_day' end as reason
) limited
order by s.id
