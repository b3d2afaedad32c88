-- The leads of a campaign ($1) whose mail has not left: those with the best scores after the first $2, at most $3,
-- among the best $4; where nobody has assessed any, those that were found. $5: days that a mailbox's mails count.
with best as (
    select e.lead_id, e.enrichment_version, e.score from enriched_leads e
    where e.campaign_id = $1
      and not exists (select from enriched_leads n
                      where n.lead_id = e.lead_id and n.campaign_id = e.campaign_id
                        and n.enrichment_version > e.enrichment_version)
    order by e.score desc, e.lead_id limit $4
),
found as (
    select l.id as lead_id from sources s
    cross join lateral (select lead_id from lead_sources where source_id = s.id limit $4) f
    join leads l on l.id = f.lead_id and l.erased_at is null
    where s.campaign_id = $1 and not exists (select from best)
),
shown as (
    select b.lead_id, b.enrichment_version, b.score from best b
    where not exists (select from sends s
                      where s.lead_id = b.lead_id and s.campaign_id = $1
                        and s.state not in ('review', 'queued', 'refused'))
    union all
    select distinct f.lead_id, null::integer, null::smallint from found f
    order by score desc nulls last, lead_id offset $2 limit $3
)
select
    l.id as lead_id, l.source, l.username, l.name, l.email, l.country,
    l.erased_at is not null or r.erased_at is not null as "erased!",
    r.suppressed_at is not null as "suppressed!",
    r.country as "recipient_country?", r.basis as "basis?",
    e.score as "score?", e.ai_confidence as "ai_confidence?", e.compliant as "compliant?", e.method as "method?",
    e.reviewed as "reviewed?", e.updated_at as "assessment_changed_at?", l.profile_changed_at, e.subject, e.message,
    exists (select from breakers b where b.campaign_id = $1 and b.opened_at is not null) as "breaker_open!",
    (select stopped_at is not null from installation) as "sending_stopped!",
    array(
        select slot_day from sends o
        where o.email_hash = l.email_hash and o.slot_day > (now() at time zone 'utc')::date - $5::integer
    ) as "past_days!",
    statement_timestamp() as "now!"
from shown
join leads l on l.id = shown.lead_id
left join enriched_leads e
       on e.lead_id = shown.lead_id and e.campaign_id = $1 and e.enrichment_version = shown.enrichment_version
left join recipients r on r.email_hash = l.email_hash
order by shown.score desc nulls last, l.id
