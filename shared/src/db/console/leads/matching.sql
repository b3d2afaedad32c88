-- Which of these leads meet every condition; a condition that is null is not asked. With the score of the
-- newest assessment where $2 wants it, in the campaign $3 if one is given.
select l.id as "id!", e.score as "score?"
from unnest($1::bigint[]) as looked_at (id)
join leads l using (id)
left join lateral (
    select score from enriched_leads
    where $2 and lead_id = l.id and ($3::bigint is null or campaign_id = $3)
    order by id desc
    limit 1
) e on true
where l.erased_at is null
  and ($4::text is null or l.source = $4)
  -- Empty: not known.
  and ($5::text is null or coalesce(l.country, '') = $5)
  and ($6::boolean is null or (l.email is not null) = $6)
  and ($7::smallint is null or e.score >= $7)
  and ($8::smallint is null or e.score <= $8)
  and (coalesce($3, $9::bigint) is null or exists (
      select from lead_sources f join sources o on o.id = f.source_id
      where f.lead_id = l.id and ($3 is null or o.campaign_id = $3) and ($9 is null or o.id = $9)))
  and ($10::text[] is null or not exists (
      select from unnest($10) as word (pattern)
      where lower(coalesce(l.name, '') || ' ' || l.username || ' '
                  || coalesce(split_part(l.email, '@', -1), '')) not like word.pattern
        and not exists (select from enriched_leads n
                        where n.lead_id = l.id and lower(n.niche) like word.pattern)))
  and ($11::text is null
       or $11 = 'waiting' and l.enrich_requested_at is not null
       or $11 = 'found' and l.enrich_requested_at is null
          and not exists (select from enriched_leads n
                          where n.lead_id = l.id and ($3 is null or n.campaign_id = $3))
       or $11 = 'mail' and exists (
          select from sends s
          where s.lead_id = l.id and ($3 is null or s.campaign_id = $3)
            and ($12::text[] is null or s.state::text = any($12))
            and ($13::text is null or s.reason = $13))
       -- Refused before a mail was planned: the newest assessment counts.
       or $14 and exists (
          select from enriched_leads n
          where n.lead_id = l.id and ($3 is null or n.campaign_id = $3) and n.outcome = 'refused'
            and ($13 is null or n.reason = $13)
            and not exists (select from enriched_leads v
                            where v.lead_id = n.lead_id and v.campaign_id = n.campaign_id
                              and v.enrichment_version > n.enrichment_version)
            and not exists (select from sends s
                            where s.lead_id = n.lead_id and s.campaign_id = n.campaign_id)))
