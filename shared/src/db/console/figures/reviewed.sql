-- What people did to mails in a time, with all that they had done to those mails before, the oldest first.
select touched.send, s.campaign_id, f.source_id, l.source as platform,
       date_trunc('hour', a.at, 'UTC') as "hour!", a.at <= $1 as "counted!",
       a.before ->> 'state' as "before!", a.after ->> 'state' as "after!",
       a.before ->> 'reason' as reason_before, a.after ->> 'reason' as reason,
       a.before -> 'content_hash' is distinct from a.after -> 'content_hash' as "other_text!"
from (
    select distinct row_key, row_key::bigint as send from audit_log
    where table_name = 'sends' and action = 'update' and at > $1 and at <= $2
      and (actor like 'operator:%' or actor like 'person:%')
) touched
join audit_log a on a.table_name = 'sends' and a.row_key = touched.row_key
     and a.action = 'update' and a.at <= $2 and (a.actor like 'operator:%' or a.actor like 'person:%')
join sends s on s.id = touched.send
join leads l on l.id = s.lead_id
join lateral (
    select o.source_id from lead_sources o join sources r on r.id = o.source_id
    where o.lead_id = s.lead_id and r.campaign_id = s.campaign_id
    order by o.found_at, o.source_id
    limit 1
) f on true
order by touched.send, a.id
