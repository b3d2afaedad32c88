-- What counts for the day itself, from the rows as they stand: leads that were stored, mails by state, and the
-- minutes that the first mail of a lead and campaign took. $3 are the states of a mail that left.
with first_link as materialized (
    select distinct on (f.lead_id) f.lead_id, s.campaign_id, f.source_id, f.found_at
    from lead_sources f join sources s on s.id = f.source_id
    where f.lead_id in (select lead_id from lead_sources where found_at >= $1 and found_at < $2)
    order by f.lead_id, f.found_at, f.source_id
), mail as materialized (
    select f.source_id, s.campaign_id, l.source as platform, s.state::text as state, s.sent_at, f.found_at,
           not exists (select from sends o
                       join audit_log a on a.table_name = 'sends' and a.row_key = o.id::text
                       where o.lead_id = s.lead_id and o.campaign_id = s.campaign_id
                         and a.after ->> 'state' = any ($3)
                         and (o.sent_at, o.id) < (s.sent_at, s.id)) as first
    from sends s
    join leads l on l.id = s.lead_id
    join lateral (
        select o.found_at, o.source_id from lead_sources o join sources r on r.id = o.source_id
        where o.lead_id = s.lead_id and r.campaign_id = s.campaign_id
        order by o.found_at, o.source_id
        limit 1
    ) f on true
    -- SES took some that it refused afterwards: they left as well.
    where s.sent_at >= $1 and s.sent_at < $2
      and exists (select from audit_log a
                  where a.table_name = 'sends' and a.row_key = s.id::text and a.after ->> 'state' = any ($3))
)
select campaign_id as "campaign_id!", source_id as "source_id!", platform as "platform!", what as "what!",
       detail, count(*) as "amount!"
from (
    select f.campaign_id, f.source_id, l.source as platform, 'stored' as what, null as detail
    from first_link f join leads l on l.id = f.lead_id
    where f.found_at >= $1 and f.found_at < $2
    union all
    select campaign_id, source_id, platform, 'state', state from mail where state = any ($3)
    union all
    select campaign_id, source_id, platform, 'wait', floor(extract(epoch from sent_at - found_at) / 60)::text
    from mail where first
) counted
group by 1, 2, 3, 4, 5
