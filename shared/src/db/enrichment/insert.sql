-- Stores enrichments. Sorted, so that two batches do not wait for each other in a circle.
insert into enriched_leads (
    lead_id, campaign_id, enrichment_version, requested_at, niche, score, notes, subject, message, compliant,
    compliance_notes, ai_confidence, evidence, method, model, offer, language, profile_hash, question_hash, rules_hash,
    input_hash, cost_micros, outcome, reason, decision
)
select lead_id, campaign_id, enrichment_version, requested_at, niche, score, notes, subject, message, compliant,
       compliance_notes, ai_confidence, evidence, method, model, offer, language, profile_hash, question_hash, rules_hash,
       input_hash, cost_micros, outcome, reason, decision
from jsonb_to_recordset($1) as d (
    lead_id bigint, campaign_id bigint, enrichment_version int, requested_at timestamptz, niche text,
    score smallint, notes text, subject text, message text, compliant boolean, compliance_notes text,
    ai_confidence real, evidence jsonb, method text, model text, offer text, language text,
    profile_hash bytea, question_hash bytea, rules_hash bytea, input_hash bytea, cost_micros bigint,
    outcome text, reason text, decision jsonb
)
order by lead_id, campaign_id
returning id, lead_id, campaign_id
