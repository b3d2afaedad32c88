-- Why a person got a mail or did not, in one query (invariant 15). Words only: `Reason::explain` and
-- `SendState::explain` hold the sentences.

-- One row per send, and per lead and campaign that have none: where it stands, what decided it, on
-- which facts, by which versions, and what came back. Names a profile, never an address.
--
-- The three ways to be here are one list, so that a condition on its columns reaches their indexes.
create view why as
select w.platform, w.username, w.campaign, w.send_id, w.state, w.reason,
       -- What will stop it when it is asked again, though it is not why it stands where it stands.
       blocked_now.reasons as also_blocked_by,
       d.decision ->> 'outcome' as outcome,
       -- The gate's rule, where the gate gave this reason.
       case w.reason when d.decision ->> 'reason' then d.decision ->> 'stopped_by'
                     when d.decision -> 'quota' ->> 'reason' then 'quota' end as rule,
       case when w.state = 'queued' then s.not_before
            when w.send_id is null and l.enrich_requested_at is not null then l.enrich_next_at end as next_at,
       case when w.state in ('claimed', 'calling') then s.lease_until end as held_until,
       e.score, c.min_score, e.ai_confidence as confidence, c.min_confidence, e.compliant, e.reviewed,
       d.decision ->> 'country' as country, d.decision ->> 'basis' as basis,
       d.decision ->> 'basis_rule' as basis_rule,
       d.decision ->> 'gate' as gate, d.decision ->> 'at' as decided_at,
       e.method, e.model, encode(substr(e.input_hash, 1, 4), 'hex') as prompt,
       e.enrichment_version as enrichment,
       r.suppressed_at, r.suppression_reason, coalesce(l.erased_at, r.erased_at) as erased_at,
       c.status as campaign_status, b.opened_at as breaker_opened_at, b.reason as breaker_reason,
       (select min(f.found_at) from lead_sources f join sources o on o.id = f.source_id
        where f.lead_id = w.lead_id and o.campaign_id = w.campaign_id) as found_at,
       l.enrich_requested_at as enrichment_requested_at, e.created_at as enriched_at, s.created_at as planned_at,
       s.sent_at, s.attempts, s.ses_message_id,
       (select jsonb_agg(jsonb_build_object('at', v.at, 'kind', v.kind, 'detail', v.detail)
                         order by v.at, v.event_key)
        from send_events v where v.send_id = w.send_id) as events,
       -- The mail of this campaign that the mailbox has through another profile.
       case when w.send_id is null then
           (select min(o.id) from sends o
            where o.campaign_id = w.campaign_id and o.email_hash = l.email_hash) end as other_send_id,
       w.lead_id, w.campaign_id, w.enriched_lead_id
from (
    select l.source as platform, l.username, c.name as campaign, s.id as send_id, s.state, s.reason,
           s.lead_id, s.campaign_id, s.enriched_lead_id
    from sends s
    join leads l on l.id = s.lead_id
    join campaigns c on c.id = s.campaign_id

    union all

    -- Enriched, and no send came of it. The newest enrichment counts.
    select l.source, l.username, c.name, null::bigint, null::send_state, e.reason,
           e.lead_id, e.campaign_id, e.id
    from enriched_leads e
    join leads l on l.id = e.lead_id
    join campaigns c on c.id = e.campaign_id
    where not exists (select from enriched_leads n
                      where n.lead_id = e.lead_id and n.campaign_id = e.campaign_id
                        and n.enrichment_version > e.enrichment_version)
      and not exists (select from sends s
                      where s.lead_id = e.lead_id and s.campaign_id = e.campaign_id)

    union all

    -- Found, and not enriched.
    select l.source, l.username, c.name, null::bigint, null::send_state,
           case when l.erased_at is not null then 'erased'
                when c.status = 'ended' then 'campaign_ended'
                when c.status <> 'active' then 'campaign_paused'
                when l.enrich_requested_at is not null then coalesce(l.enrich_waits_for, 'enrichment_pending')
                else 'not_enriched' end,
           l.id, c.id, null::bigint
    from leads l
    join campaigns c on exists (select from lead_sources f join sources o on o.id = f.source_id
                                where f.lead_id = l.id and o.campaign_id = c.id)
    where not exists (select from enriched_leads e where e.lead_id = l.id and e.campaign_id = c.id)
) w
join leads l on l.id = w.lead_id
join campaigns c on c.id = w.campaign_id
left join sends s on s.id = w.send_id
left join enriched_leads e on e.id = w.enriched_lead_id
left join recipients r on r.email_hash = coalesce(s.email_hash, l.email_hash)
left join breakers b on b.campaign_id = w.campaign_id
cross join lateral (select coalesce(s.decision, e.decision) as decision) d
left join lateral (
    select nullif(array_remove(array_remove(array[
               case when l.erased_at is not null or r.erased_at is not null then 'erased' end,
               case when r.suppressed_at is not null then 'suppressed' end,
               case when c.status = 'ended' then 'campaign_ended'
                    when c.status <> 'active' then 'campaign_paused' end,
               case when b.opened_at is not null then 'breaker_open' end,
               case when i.stopped_at is not null then 'sending_disabled' end
           ], null), w.reason), '{}') as reasons
    from installation i
    where w.state is null or w.state in ('review', 'queued', 'claimed', 'unknown')
) blocked_now on true;

-- What left, or may have left.
create view why_sent as
select * from why
where state in ('calling', 'unknown', 'sent', 'delivered', 'opened', 'clicked', 'replied', 'bounced', 'complained');

-- Everything else: what waits, what was refused, and leads that were never enriched.
create view why_not_sent as
select * from why
where state is null or state in ('review', 'queued', 'claimed', 'refused', 'rejected');

comment on view why_sent is 'why a person got a mail: select * from why_sent where username = ''ana''';
comment on view why_not_sent is 'why a person got no mail: select * from why_not_sent where username = ''ana''';
