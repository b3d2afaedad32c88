-- Campaigns that have mails for later days and none that are due, with what was granted today.
select
    c.id as campaign_id,
    c.daily_cap,
    case when k.day = today.day then k.taken else 0 end as "taken!",
    case when a.day = today.day then a.day_taken else 0 end as "day_taken!",
    a.days_used + (a.day < today.day and a.day_taken > 0)::integer as "days_used!"
from campaigns c
join campaign_counters k on k.campaign_id = c.id
left join breakers b on b.campaign_id = c.id
cross join rate_limits a
cross join (select (now() at time zone 'utc')::date as day) today
where c.status = 'active' and b.opened_at is null and a.name = 'ses'
  and exists (select from sends s
              where s.campaign_id = c.id and s.state = 'queued' and s.not_before > now()
                and s.reason in ('daily_cap', 'ramp'))
  and not exists (select from sends s
                  where s.campaign_id = c.id and s.state = 'queued'
                    and s.not_before <= now() + interval '90 s')
