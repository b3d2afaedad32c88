-- What a batch of leads needs: one row for each active campaign of each lead, or one without a campaign.
select l.id, l.source, l.username, l.name, l.email, l.email_hash, l.bio, l.follower_count, l.verified,
       l.location, l.website, l.country, l.language, l.enrich_requested_at, l.enrich_again_at,
       c.id as "campaign_id?", coalesce(c.offer, '') as "offer!", coalesce(c.audience, '') as "audience!",
       c.language as "text_language?", coalesce(c.min_score, 100::smallint) as "min_score!", coalesce(c.min_confidence, 1::real) as "min_confidence!",
       coalesce(c.review_all, true) as "review_all!", coalesce(c.rules_decide, false) as "rules_decide!",
       coalesce(c.basis_rules, '{}') as "basis_rules!",
       r.country as "recipient_country?", r.basis as "basis?",
       r.suppressed_at is not null as "suppressed!", r.erased_at is not null as "recipient_erased!",
       e.input_hash as "input_hash?", e.method as "method?", e.created_at as "enriched_at?",
       e.offer as "enriched_offer?", e.language as "enriched_language?", e.profile_hash as "profile_hash?", e.question_hash as "question_hash?",
       array(select distinct s.campaign_id
             from lead_sources ls
             join sources s on s.id = ls.source_id
             join campaigns k on k.id = s.campaign_id
             where ls.lead_id = l.id and k.status <> 'active'
               and not exists (select from enriched_leads o
                               where o.lead_id = l.id and o.campaign_id = k.id)) as "inactive!"
from leads l
left join lateral (
    select c.* from campaigns c
    where c.status = 'active' and l.erased_at is null
      and exists (select from lead_sources ls join sources s on s.id = ls.source_id
                  where ls.lead_id = l.id and s.campaign_id = c.id)
) c on true
left join recipients r on r.email_hash = l.email_hash
left join lateral (
    select e.input_hash, e.method, e.created_at, e.offer, e.language, e.profile_hash, e.question_hash
    from enriched_leads e
    where e.lead_id = l.id and e.campaign_id = c.id
    order by e.enrichment_version desc
    limit 1
) e on true
where l.id = any($1)
order by l.id, c.id
