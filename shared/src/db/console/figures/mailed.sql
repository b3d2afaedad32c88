-- All that was recorded of the mails to leads of whose mails something was recorded in a time, with the first
-- finding of the lead for the campaign; the mails of a lead and campaign one after the other.
with touched as materialized (
    select distinct s.lead_id, s.campaign_id
    from (select distinct row_key from audit_log where table_name = 'sends' and at > $1 and at <= $2) a
    join sends s on s.id = a.row_key::bigint
)
select s.lead_id, s.campaign_id, f.source_id, l.source as platform, f.found_at,
       s.id, s.step = 1 as "first_step!", s.sent_at,
       r.ids, r.states, r.reasons as "reasons: Vec<Option<String>>", r.counts
from touched t
join leads l on l.id = t.lead_id
join lateral (
    select o.found_at, o.source_id from lead_sources o join sources r on r.id = o.source_id
    where o.lead_id = t.lead_id and r.campaign_id = t.campaign_id
    order by o.found_at, o.source_id
    limit 1
) f on true
join sends s on s.lead_id = t.lead_id and s.campaign_id = t.campaign_id
cross join lateral (
    select array_agg(a.id order by a.id) as ids, array_agg(a.after ->> 'state' order by a.id) as states,
           array_agg(a.after ->> 'reason' order by a.id) as reasons,
           array_agg(a.at > $1 and a.at <= $2 order by a.id) as counts
    from audit_log a
    where a.table_name = 'sends' and a.row_key = s.id::text
) r
order by s.lead_id, s.campaign_id
