-- Writes down how calls ended. Only a definite refusal moves a state back, and only to be tried
-- again; everything else moves up its rank, so that a late answer or an early event wins.

with answers as (
    select * from unnest(
        $1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::timestamptz[]
    ) as a (id, fence, state, reason, message_id, not_before)
),

before as (
    select s.id, s.state as was, s.slot_day, s.email_hash, s.campaign_id,
           case when a.state <> 'queued' then greatest(s.state, a.state::send_state)
                when s.state in ('calling', 'unknown') then 'queued'
                else s.state end as becomes,
           a.state as answer, a.reason, a.message_id, a.not_before
    from answers a
    join sends s on s.id = a.id
    where s.fence = a.fence and s.state >= 'calling'
    order by s.id
    for no key update of s
),

-- A mail that never left gives back its day, and its place in every count. (One that SES took and then
-- held back has left, as far as anybody's day is concerned, whether that is told before or after.)
unused as (
    select id, email_hash, campaign_id, slot_day from before
    where answer in ('queued', 'rejected') and becomes::text = answer and slot_day is not null
),

counters as (
    select campaign_id from campaign_counters
    where campaign_id in (select campaign_id from unused)
    order by campaign_id
    for update
),

rate as (
    select name from rate_limits
    where name = 'ses' and ($7 or $8 or exists (select 1 from unused)) and (select count(*) from counters) >= 0
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

-- Throttled: everybody goes at half the speed, which comes back within minutes. However many
-- senders are told at once, it is halved once.
slowed as (
    update rate_limits r
    set hours = array[greatest(0, r.hours[1] - f.mails)] || r.hours[2:25],
        day_taken = greatest(0, r.day_taken - case when f.day = r.day then f.mails else 0 end),
        pace = case when $7 and (r.pace = 1 or r.paced_at < clock_timestamp() - interval '2 s')
                    then greatest(0.05, least(1, r.pace + extract(epoch from clock_timestamp() - r.paced_at) / 600) / 2)
                    else r.pace end,
        paced_at = case when $7 and (r.pace = 1 or r.paced_at < clock_timestamp() - interval '2 s')
                        then clock_timestamp() else r.paced_at end,
        next_at = case when $7 then greatest(r.next_at, clock_timestamp() + interval '1 s') else r.next_at end,
        blocked_until = case when $8 then clock_timestamp() + interval '1 hour' else r.blocked_until end
    from (select max(day) as day, count(*)::integer as mails from freed) f
    where r.name = 'ses' and (select count(*) from rate) > 0
),

settled as (
    update sends s
    set state = b.becomes,
        reason = case when b.becomes = b.answer::send_state or b.was in ('calling', 'unknown')
                      then b.reason else s.reason end,
        ses_message_id = coalesce(s.ses_message_id, b.message_id),
        sent_at = case when b.answer = 'sent' then coalesce(s.sent_at, now()) else s.sent_at end,
        not_before = coalesce(b.not_before, s.not_before),
        slot_day = case when b.answer in ('queued', 'rejected') and b.becomes::text = b.answer then null
                        else s.slot_day end,
        lease_until = null,
        updated_at = now()
    from before b
    where s.id = b.id
    returning s.id, s.campaign_id, s.enriched_lead_id, s.state, s.sent_at, b.was
),

-- What the breaker looks at, counted once: by whoever learns first that the mail left.
counted as (
    insert into campaign_days as d (campaign_id, day, sent)
    select campaign_id, (sent_at at time zone 'utc')::date, count(*)
    from settled
    where was < 'sent' and state >= 'sent' and state not in ('refused', 'rejected')
    group by 1, 2
    order by 1, 2
    on conflict on constraint campaign_days_pkey do update set sent = d.sent + excluded.sent
)

update enriched_leads e set sent = true, contacted = true, updated_at = now()
from settled s
where e.id = s.enriched_lead_id and s.state >= 'sent' and s.state not in ('refused', 'rejected')
  and not e.sent
