-- What the gate and the mail's text need to know of sends, as it stands when this statement begins:
-- after the locks that its caller waited for. $2: days that a mailbox's mails count for its gap.
select
    s.id, s.campaign_id, s.lead_id, s.enriched_lead_id,
    s.email_hash, s.content_hash, s.attempts,
    l.source, l.username, l.name, l.email, l.language as profile_language,
    l.country as lead_country,
    l.email_hash is distinct from s.email_hash as "address_changed!",
    l.erased_at is not null or r.erased_at is not null as "erased!",
    r.suppressed_at is not null as "suppressed!",
    r.country,
    r.basis,
    c.status,
    c.min_score,
    c.min_confidence,
    c.review_all,
    c.rules_decide,
    c.basis_rules,
    coalesce(e.offer, c.offer) as "offer!", e.offer is not null as "is_written!",
    e.language as text_language, c.language as campaign_language,
    c.send_from, c.send_until,
    b.opened_at is not null as "breaker_open!",
    (select stopped_at is not null from installation) as "sending_stopped!",
    k.campaign_id is not null as "has_counter!",
    e.score,
    e.ai_confidence,
    e.compliant,
    e.method,
    e.reviewed,
    -- Of one that was approved: when. Nothing else changes it before its mail leaves.
    e.updated_at as assessment_changed_at,
    l.profile_changed_at,
    e.subject,
    e.message,
    n.score as newest_score,
    n.compliant as newest_compliant,
    array(
        select slot_day from sends o
        where o.email_hash = s.email_hash and o.id <> s.id
          and o.slot_day > (now() at time zone 'utc')::date - $2::integer
    ) as "past_days!",
    array(
        select distinct o.kind from lead_sources f join sources o on o.id = f.source_id
        where f.lead_id = s.lead_id
    ) as "found_by!",
    statement_timestamp() as "now!"
from sends s
join leads l on l.id = s.lead_id
join campaigns c on c.id = s.campaign_id
join recipients r on r.email_hash = s.email_hash
join enriched_leads e on e.id = s.enriched_lead_id
left join breakers b on b.campaign_id = s.campaign_id
left join campaign_counters k on k.campaign_id = s.campaign_id
cross join lateral (
    select score, compliant from enriched_leads
    where lead_id = s.lead_id and campaign_id = s.campaign_id
    order by enrichment_version desc limit 1
) n
where s.id = any ($1)
order by s.id
