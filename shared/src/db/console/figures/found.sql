-- Leads that sources found in a time: stored is what no source had found before, found what no other source
-- of the campaign had.
select date_trunc('hour', f.found_at, 'UTC') as "hour!", s.campaign_id, f.source_id, l.source as platform,
       count(*) filter (where not exists (
           select from lead_sources o
           where o.lead_id = f.lead_id and (o.found_at, o.source_id) < (f.found_at, f.source_id)
       )) as "stored!",
       count(*) filter (where not exists (
           select from lead_sources o join sources p on p.id = o.source_id
           where o.lead_id = f.lead_id and p.campaign_id = s.campaign_id
             and (o.found_at, o.source_id) < (f.found_at, f.source_id)
       )) as "found!"
from lead_sources f
join sources s on s.id = f.source_id
join leads l on l.id = f.lead_id
where f.found_at > $1 and f.found_at <= $2
group by 1, 2, 3, 4
