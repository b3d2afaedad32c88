-- What became of them.
insert into enriched_leads (lead_id, campaign_id, niche, score, notes, subject, message, contacted, sent,
                            reviewed, compliant, enrichment_version, ai_confidence, method, model, input_hash,
                            outcome, decision, created_at)
select l.id, c.id, (array['trail running', 'yoga', 'vegan cooking', 'chess'])[1 + l.id % 4], 60 + l.id % 40, 'Writes about trail running for beginners.',
       'Your notes on trail shoes', 'A text of the past that a person has read.', true, true, false,
       true, 1, 0.9, 'model', 'past', sha256(l.id::text::bytea), 'planned', '{"outcome": "send"}',
       l.created_at
from leads l cross join campaigns c;

-- The mails of a campaign lie within a hundred days, the campaigns a year apart from now on backwards.
insert into sends (campaign_id, email_hash, lead_id, enriched_lead_id, state, content_hash, decision, attempts,
                   fence, not_before, sent_at, ses_message_id, slot_day)
select e.campaign_id, l.email_hash, l.id, e.id,
       (case when l.id % 50 = 0 then 'bounced' when l.id % 5 = 0 then 'opened' else 'delivered' end)::send_state,
       e.input_hash, '{"outcome": "send"}', 1, 2, d.at, d.at, 'past-' || e.id,
       (d.at at time zone 'utc')::date
from enriched_leads e
join leads l on l.id = e.lead_id
cross join lateral (
    select now() - make_interval(days => (365 * e.campaign_id + l.id % 100)::integer) as at
) d;

insert into send_events (event_key, send_id, ses_message_id, kind, email_hash, at)
select sha256(s.ses_message_id::bytea), s.id, s.ses_message_id, 'delivery', s.email_hash, s.sent_at from sends s;
