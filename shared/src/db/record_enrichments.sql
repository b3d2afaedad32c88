-- Stores a batch of enrichments, plans the sends they lead to and clears the requests they answer.
-- Returns, per new enrichment, the state its send was to have and the send, unless the mailbox
-- already has one of this campaign and step.

with incoming as (
    select * from unnest(
        $1::bigint[], $2::bigint[], $3::int[], $4::text[], $5::smallint[], $6::text[], $7::text[],
        $8::text[], $9::boolean[], $10::text[], $11::real[], $12::jsonb[], $13::text[], $14::text[],
        $15::bytea[], $16::bigint[], $17::text[], $18::text[], $19::jsonb[], $20::timestamptz[],
        $21::text[], $22::bytea[], $23::text[], $24::bytea[]
    ) as i (
        lead_id, campaign_id, version, niche, score, notes, subject, message, compliant,
        compliance_notes, confidence, evidence, method, model, prompt_hash, cost_micros, outcome,
        reason, decision, requested_at, state, email_hash, country, content_hash
    )
),

enriched as (
    insert into enriched_leads (
        lead_id, campaign_id, enrichment_version, niche, score, notes, subject, message, compliant,
        compliance_notes, ai_confidence, evidence, method, model, prompt_hash, cost_micros, outcome,
        reason, decision
    )
    select lead_id, campaign_id, version, niche, score, notes, subject, message, compliant,
           compliance_notes, confidence, evidence, method, model, prompt_hash, cost_micros, outcome,
           reason, decision
    from incoming
    order by lead_id, campaign_id
    on conflict on constraint enriched_leads_version_key do nothing
    returning id, lead_id, campaign_id
),

-- Basis, suppression and erasure of a known mailbox are never touched; a country it lacked is filled in.
mailbox as (
    insert into recipients (email_hash, country)
    select distinct on (email_hash) email_hash, country
    from incoming
    where state is not null
    order by email_hash, country nulls last
    on conflict (email_hash) do update set country = excluded.country
        where recipients.country is null and excluded.country is not null
),

planned as (
    insert into sends (
        campaign_id, email_hash, lead_id, enriched_lead_id, state, reason, content_hash, decision
    )
    select i.campaign_id, i.email_hash, i.lead_id, e.id, i.state::send_state, i.reason,
           i.content_hash, i.decision
    from incoming i
    join enriched e on e.lead_id = i.lead_id and e.campaign_id = i.campaign_id
    where i.state is not null
    order by i.campaign_id, i.email_hash, e.id
    on conflict on constraint sends_once_per_step_key do nothing
    returning id, enriched_lead_id
),

cleared as (
    update leads l set enrich_requested_at = null
    from (select distinct lead_id, requested_at from incoming order by lead_id) i
    where l.id = i.lead_id and l.enrich_requested_at = i.requested_at
)

select e.id, i.state, p.id as "send_id?"
from enriched e
join incoming i on i.lead_id = e.lead_id and i.campaign_id = e.campaign_id
left join planned p on p.enriched_lead_id = e.id
order by e.id
