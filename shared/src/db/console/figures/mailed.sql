-- Recorded changes of mails of a time, with the hour and the source of the first finding of the lead for the
-- campaign, and with what each replaces. $3 and $4 are the states of a mail that left, and that arrived.
select date_trunc('hour', f.found_at, 'UTC') as "hour!", s.campaign_id, f.source_id, l.source as platform,
       count(*) as "count!",
       date_trunc('hour', s.sent_at, 'UTC') as left_at, s.step = 1 as "first_step!",
       a.after ->> 'state' as "state!", a.after ->> 'reason' as reason,
       p.after ->> 'state' as state_before, p.after ->> 'reason' as reason_before,
       a.action = 'insert' and not exists (
           select from sends o
           where o.lead_id = s.lead_id and o.campaign_id = s.campaign_id and o.id < s.id) as "plans!",
       a.after ->> 'state' = any ($3) and not e.had_left as "leaves!",
       a.after ->> 'state' = any ($4) and not e.had_arrived as "arrives!",
       a.after ->> 'state' = 'replied' and not e.had_replied as "replied!",
       case when a.after ->> 'state' = any ($3) and not e.had_left
            then floor(extract(epoch from s.sent_at - f.found_at) / 60)::bigint end as minutes
from audit_log a
join sends s on s.id = case a.table_name when 'sends' then a.row_key::bigint end
join leads l on l.id = s.lead_id
join lateral (
    select o.found_at, o.source_id from lead_sources o join sources r on r.id = o.source_id
    where o.lead_id = s.lead_id and r.campaign_id = s.campaign_id
    order by o.found_at, o.source_id
    limit 1
) f on true
left join lateral (
    select o.after from audit_log o
    where o.table_name = 'sends' and o.row_key = a.row_key and o.id < a.id
    order by o.id desc
    limit 1
) p on true
-- What any mail of this lead and campaign had come to before.
cross join lateral (
    select coalesce(bool_or(o.after ->> 'state' = any ($3)), false) as had_left,
           coalesce(bool_or(o.after ->> 'state' = any ($4)), false) as had_arrived,
           coalesce(bool_or(o.after ->> 'state' = 'replied'), false) as had_replied
    from sends m
    join audit_log o on o.table_name = 'sends' and o.row_key = m.id::text and o.id < a.id
    where m.lead_id = s.lead_id and m.campaign_id = s.campaign_id and a.after ->> 'state' = any ($3)
) e
where a.table_name = 'sends' and a.at > $1 and a.at <= $2
group by 1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
