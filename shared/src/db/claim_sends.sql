-- Takes the sends that are due, with the slot of the day that each mailbox has one of.

with due as (
    select id, email_hash, campaign_id
    from sends
    where id = any ($1)
      and (state = 'queued' and not_before <= now()
           or state = 'claimed' and lease_until < now())
    order by id
    for no key update skip locked
),

-- Taken by another send of today: no row comes back. Taken by this send before: it is its own.
slots as (
    insert into mail_days (email_hash, day, send_id, campaign_id)
    select distinct on (email_hash) email_hash, (now() at time zone 'utc')::date, id, campaign_id
    from due
    order by email_hash, id
    on conflict on constraint mail_days_pkey do update set send_id = excluded.send_id
        where mail_days.send_id = excluded.send_id
    returning send_id
),

waiting as (
    update sends s
    set state = 'queued', lease_until = null, reason = 'recipient_day', updated_at = now(),
        not_before = ((now() at time zone 'utc')::date + 1)::timestamp at time zone 'utc'
    from due d
    where s.id = d.id and not exists (select 1 from slots where slots.send_id = d.id)
),

claimed as (
    update sends s
    set state = 'claimed', fence = s.fence + 1, attempts = s.attempts + 1,
        lease_until = now() + make_interval(secs => $2), updated_at = now()
    from slots
    where s.id = slots.send_id
    returning s.*
)

select s.id, s.fence, s.attempts, s.lead_id, s.content_hash,
       l.source, l.username, l.name, l.language,
       -- Only the address that this send is for: its suppression is what was looked at.
       case when l.email_hash = s.email_hash then l.email end as email,
       l.email_hash is distinct from s.email_hash as "address_changed!", l.erased_at is not null as "lead_erased!",
       c.status as campaign_status, c.min_score, c.min_confidence, c.review_all, c.basis_rules,
       c.offer,
       -- The cap, less the mails of today before this batch, less those before this one in it.
       c.daily_cap
           - (select count(*) from mail_days d
              where d.day = (now() at time zone 'utc')::date and d.campaign_id = c.id
                and not exists (select 1 from claimed o where o.id = d.send_id))
           - row_number() over (partition by c.id order by s.id) + 1 as "left_today!",
       r.country, l.country as lead_country, r.basis, r.revision,
       r.suppressed_at is not null as "suppressed!", r.erased_at is not null as "recipient_erased!",
       e.score, e.ai_confidence, e.compliant, e.method, e.reviewed, e.subject, e.message
from claimed s
join campaigns c on c.id = s.campaign_id
join recipients r on r.email_hash = s.email_hash
join leads l on l.id = s.lead_id
join enriched_leads e on e.id = s.enriched_lead_id
order by s.id
