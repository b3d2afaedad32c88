-- Everything that counts for the day on which a campaign found a lead, from the rows as they stand: what,
-- which of it, and how much. $3 and $4 are the states of a mail that left, and that arrived.
with pair as materialized (
    select p.*, l.source as platform
    from (
        select distinct on (f.lead_id, s.campaign_id) f.lead_id, s.campaign_id, f.source_id, f.found_at
        from lead_sources f join sources s on s.id = f.source_id
        where f.lead_id in (select lead_id from lead_sources where found_at >= $1 and found_at < $2)
        order by f.lead_id, s.campaign_id, f.found_at, f.source_id
    ) p
    join leads l on l.id = p.lead_id
    where p.found_at >= $1 and p.found_at < $2
), assessment as materialized (
    select p.campaign_id, p.source_id, p.platform, e.lead_id, e.score, e.method, e.ai_confidence, e.cost_micros,
           e.reason, e.score >= coalesce((e.decision ->> 'min_score')::smallint, 0) as qualified,
           e.outcome = 'refused' and not exists (
               select from sends s where s.lead_id = e.lead_id and s.campaign_id = e.campaign_id
                                     and s.created_at < e.created_at) as refused,
           row_number() over (partition by e.lead_id, e.campaign_id order by e.enrichment_version desc) as nth,
           row_number() over (partition by e.lead_id, e.campaign_id, e.method
                              order by e.enrichment_version desc) as nth_of_method
    from pair p join enriched_leads e on e.lead_id = p.lead_id and e.campaign_id = p.campaign_id
), mail as materialized (
    select p.campaign_id, p.source_id, p.platform, s.lead_id, s.step, s.reason,
           case when s.state = 'claimed' then 'queued' else s.state::text end as state, h.states
    from pair p
    join sends s on s.lead_id = p.lead_id and s.campaign_id = p.campaign_id
    cross join lateral (select coalesce(array_agg(a.after ->> 'state'), '{}') as states from audit_log a
                        where a.table_name = 'sends' and a.row_key = s.id::text) h
)
select campaign_id as "campaign_id!", source_id as "source_id!", platform as "platform!", what as "what!",
       detail, sum(amount)::bigint as "amount!"
from (
    select campaign_id, source_id, platform, 'found' as what, null as detail, 1 as amount from pair
    union all select campaign_id, source_id, platform, 'assessed', null, 1 from assessment where nth = 1
    union all select campaign_id, source_id, platform, 'by_model', null, 1 from assessment
              where method = 'model' and nth_of_method = 1
    union all select campaign_id, source_id, platform, 'qualified', null, count(distinct lead_id) from assessment
              where qualified group by 1, 2, 3
    union all select campaign_id, source_id, platform, 'cost_micros', null, cost_micros from assessment
    union all select campaign_id, source_id, platform, 'score', score::text, 1 from assessment where nth = 1
    union all select campaign_id, source_id, platform, 'confidence', ai_confidence::text, 1 from assessment
              where method = 'model' and nth_of_method = 1
    union all select campaign_id, source_id, platform, 'refused', reason, 1 from assessment
              where nth = 1 and refused and qualified
    union all select campaign_id, source_id, platform, 'planned', null, count(distinct lead_id) from mail group by 1, 2, 3
    union all select campaign_id, source_id, platform, 'mailed', null, count(distinct lead_id) from mail
              where states && $3 group by 1, 2, 3
    union all select campaign_id, source_id, platform, 'delivered', null, count(distinct lead_id) from mail
              where states && $4 group by 1, 2, 3
    union all select campaign_id, source_id, platform, 'replied', null, count(distinct lead_id) from mail
              where 'replied' = any (states) group by 1, 2, 3
    union all select campaign_id, source_id, platform, 'mail', concat_ws(' ', state, reason), 1 from mail
              where step = 1 and state <> all ($3)
) counted
group by 1, 2, 3, 4, 5
