-- Assessments of a time, with the hour and the source of the first finding of the lead for the campaign, and
-- with what each replaces.
select date_trunc('hour', f.found_at, 'UTC') as "hour!", e.campaign_id, f.source_id, l.source as platform,
       count(*) as "count!",
       e.enrichment_version = 1 as "first!",
       e.method = 'model' and not p.by_model as "first_by_model!",
       e.qualified and not p.qualified as "first_qualified!",
       e.score, p.score as score_before,
       case when e.method = 'model' then e.ai_confidence end as confidence,
       p.confidence as confidence_before,
       case when e.refused then e.reason end as refused, p.refused as refused_before,
       sum(e.cost_micros)::bigint as "cost_micros!"
from (
    select e.lead_id, e.campaign_id, e.enrichment_version, e.method, e.score, e.ai_confidence, e.reason,
           e.cost_micros, e.score >= coalesce((e.decision ->> 'min_score')::smallint, 0) as qualified,
           -- A lead with a mail is where its mail is.
           e.outcome = 'refused' and e.score >= coalesce((e.decision ->> 'min_score')::smallint, 0)
           and not exists (select from sends s
                           where s.lead_id = e.lead_id and s.campaign_id = e.campaign_id
                             and s.created_at < e.created_at) as refused
    from enriched_leads e
    where e.created_at > $1 and e.created_at <= $2
) e
join leads l on l.id = e.lead_id
join lateral (
    select o.found_at, o.source_id from lead_sources o join sources s on s.id = o.source_id
    where o.lead_id = e.lead_id and s.campaign_id = e.campaign_id
    order by o.found_at, o.source_id
    limit 1
) f on true
cross join lateral (
    select coalesce(bool_or(o.method = 'model'), false) as by_model,
           coalesce(bool_or(o.qualified), false) as qualified,
           (array_agg(o.score order by o.enrichment_version desc))[1] as score,
           (array_agg(o.ai_confidence order by o.enrichment_version desc)
                filter (where o.method = 'model'))[1] as confidence,
           (array_agg(case when o.outcome = 'refused' and o.qualified and not o.mailed then o.reason end
                      order by o.enrichment_version desc))[1] as refused
    from (
        select o.*, o.score >= coalesce((o.decision ->> 'min_score')::smallint, 0) as qualified,
               exists (select from sends s
                       where s.lead_id = o.lead_id and s.campaign_id = o.campaign_id
                         and s.created_at < o.created_at) as mailed
        from enriched_leads o
        where o.lead_id = e.lead_id and o.campaign_id = e.campaign_id
          and o.enrichment_version < e.enrichment_version
    ) o
) p
group by 1, 2, 3, 4, e.enrichment_version = 1, 7, 8, 9, 10, 11, 12, 13, 14
