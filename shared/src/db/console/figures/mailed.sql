-- Recorded changes of mails of a time, with the hour and the source of the first finding of the lead for the
-- campaign, and with what each replaces. $3 and $4 are the states of a mail that left, and that arrived.
with touched as materialized (
    select distinct s.lead_id, s.campaign_id
    from (select distinct row_key from audit_log where table_name = 'sends' and at > $1 and at <= $2) a
    join sends s on s.id = a.row_key::bigint
), mail as materialized (
    -- All mails of these leads: what one of them has come to counts once for the lead.
    select s.id, s.lead_id, s.campaign_id, s.sent_at, s.step, l.source as platform, f.found_at, f.source_id,
           s.id = min(s.id) over (partition by s.lead_id, s.campaign_id) as first
    from touched t
    join leads l on l.id = t.lead_id
    join lateral (
        select o.found_at, o.source_id from lead_sources o join sources r on r.id = o.source_id
        where o.lead_id = t.lead_id and r.campaign_id = t.campaign_id
        order by o.found_at, o.source_id
        limit 1
    ) f on true
    join sends s on s.lead_id = t.lead_id and s.campaign_id = t.campaign_id
), change as (
    -- All that was recorded of them, each change with what came before it, whenever that was.
    select m.*, a.at, a.action, a.after ->> 'state' as state, a.after ->> 'reason' as reason,
           lag(a.after ->> 'state') over of_mail as state_before,
           lag(a.after ->> 'reason') over of_mail as reason_before,
           coalesce(bool_or(a.after ->> 'state' = any ($3)) over before, false) as had_left,
           coalesce(bool_or(a.after ->> 'state' = any ($4)) over before, false) as had_arrived,
           coalesce(bool_or(a.after ->> 'state' = 'replied') over before, false) as had_replied
    from mail m
    join audit_log a on a.table_name = 'sends' and a.row_key = m.id::text
    window of_mail as (partition by m.lead_id, m.campaign_id, m.id order by a.id),
           before as (partition by m.lead_id, m.campaign_id order by a.id
                      rows between unbounded preceding and 1 preceding)
)
select date_trunc('hour', found_at, 'UTC') as "hour!", campaign_id as "campaign_id!", source_id as "source_id!",
       platform as "platform!", count(*) as "count!",
       date_trunc('hour', sent_at, 'UTC') as left_at, step = 1 as "first_step!",
       state as "state!", reason, state_before, reason_before,
       action = 'insert' and first as "plans!",
       state = any ($3) and not had_left as "leaves!",
       state = any ($4) and not had_arrived as "arrives!",
       state = 'replied' and not had_replied as "replied!",
       case when state = any ($3) and not had_left
            then floor(extract(epoch from sent_at - found_at) / 60)::bigint end as minutes
from change
where at > $1 and at <= $2
group by 1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
