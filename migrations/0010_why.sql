-- An operator's hand: why somebody got a mail and why not, in one query (invariant 15), and what a
-- person does by hand leaves a note (9).

-- A lead's sends.
create index sends_lead_id_idx on sends (lead_id);

-- What a person had to say about a change, in the transaction's setting `outreach.note`. Who it was
-- stands in `actor`, as for every other change: `operator:NAME` for `cargo local`.
alter table audit_log add column note text;

create or replace function audit_decisions() returns trigger language plpgsql as $$
declare
    key_column constant text := tg_argv[0];
    columns constant text[] := tg_argv[1:];
    note constant text := nullif(current_setting('outreach.note', true), '');
begin
    if tg_op = 'INSERT' then
        insert into audit_log (actor, table_name, row_key, action, after, note)
        select current_setting('application_name'), tg_table_name, j.new ->> key_column, 'insert', kept.new, note
        from (select to_jsonb(a) as new from after_rows a) j,
             lateral (select jsonb_object_agg(c, j.new -> c) as new from unnest(columns) c) kept;
    else
        insert into audit_log (actor, table_name, row_key, action, before, after, note)
        select current_setting('application_name'), tg_table_name, j.new ->> key_column, 'update', kept.old, kept.new, note
        from (select to_jsonb(b) as old, to_jsonb(a) as new
              from before_rows b join after_rows a on to_jsonb(a) ->> key_column = to_jsonb(b) ->> key_column) j,
             lateral (select jsonb_object_agg(c, j.old -> c) as old, jsonb_object_agg(c, j.new -> c) as new
                      from unnest(columns) c) kept
        where kept.old is distinct from kept.new;
    end if;
    return null;
end;
$$;

-- A sentence for every word in the columns `reason` and `suppression_reason`; null for a word that
-- is none of ours, such as what a person typed.
create function reason_text(word text) returns text language sql immutable
return case word
    -- The gate refuses.
    when 'erased' then 'The person''s data was erased; nobody writes to them again.'
    when 'suppressed' then 'The mailbox said no, complained or bounced; nobody writes to it again.'
    when 'no_email' then 'The profile gives no address.'
    when 'invalid_address' then 'The address cannot be mailed.'
    when 'address_changed' then 'The profile gives another address than the one this mail was planned for.'
    when 'role_address' then 'The address is a function''s (info@ and its like), not a person''s.'
    when 'disposable_address' then 'The address is a throw-away mailbox.'
    when 'low_score' then 'The score is below the campaign''s minimum.'
    when 'not_compliant' then 'The compliance verdict forbids it.'
    when 'consent_needed' then 'The country asks for consent, and none is recorded.'
    when 'campaign_ended' then 'The campaign is over.'
    when 'no_message' then 'There is no text to send.'
    when 'content_changed' then 'The text is not the one that was decided on or approved.'
    when 'content_fault' then 'The text has a fault: a placeholder, a link of its own, a wrong length.'
    -- A person looks first.
    when 'country_unknown' then 'The country is not known, so a person looks first.'
    when 'country_review' then 'The country has conditions that a person must judge.'
    when 'scored_by_rules' then 'The rules scored it, not the model, so a person looks first.'
    when 'low_confidence' then 'The model is less sure than the campaign asks for, so a person looks first.'
    when 'compliance_review' then 'The model wants a person to look at it first.'
    when 'review_all' then 'A person approves every mail of this campaign.'
    -- It waits.
    when 'sending_disabled' then 'The kill switch is on: nothing leaves.'
    when 'no_postal_address' then 'The sender''s postal address is not configured.'
    when 'campaign_paused' then 'The campaign is paused or a draft.'
    when 'breaker_open' then 'Too many of the campaign''s mails bounced or were complained about; a person must close its breaker.'
    when 'frequency_gap' then 'The mailbox had a mail too few days ago.'
    when 'frequency_cap' then 'The mailbox had as many mails as one may have in 90 days.'
    when 'quiet_hours' then 'It is not the hour for it where the recipient is.'
    when 'daily_cap' then 'The campaign''s mails of today are used up.'
    when 'ramp' then 'The sending domain is young, and its mails of today are used up.'
    when 'daily_quota' then 'The 24-hour quota of SES is used up.'
    when 'pace' then 'The rate of SES is used up for the next seconds.'
    when 'domain_spacing' then 'The servers of this domain had a mail a moment ago.'
    when 'recipient_day' then 'The mailbox had its mail of today.'
    when 'late_for_slot' then 'The sender was too slow for its place in time and called nobody.'
    when 'facts_changed' then 'Something changed between the decision and the call; it is decided again.'
    when 'throttled' then 'SES asked to slow down and took nothing.'
    when 'mailer_unreachable' then 'SES could not be reached.'
    when 'mailer_refuses' then 'SES takes nothing from this account or set-up for now.'
    -- It is over, or nobody knows.
    when 'duplicate_recipient' then 'The mailbox already has a mail of this campaign.'
    when 'mail_rejected' then 'SES will never take this mail.'
    when 'no_answer' then 'SES was called and its answer was lost.'
    when 'lease_expired' then 'The sender was gone before it wrote down how it went.'
    when 'given_up' then 'A person decided to ask no more: it may have left, and is never sent again.'
    when 'resend' then 'A person had it sent again after a call whose outcome nobody knew.'
    -- Before there is a send.
    when 'enrichment_owed' then 'It waits to be looked at; the sweep asks again.'
    when 'not_enriched' then 'Nobody has asked to look at it for this campaign.'
    -- Why a mailbox is suppressed, or a breaker open.
    when 'complained' then 'The recipient called a mail spam.'
    when 'unsubscribed' then 'The recipient unsubscribed.'
    when 'bounced' then 'A mail bounced for good.'
    when 'soft_bounces' then 'Five mails in a row bounced.'
    when 'complaint_rate' then 'Too large a share of the last days'' mails was called spam.'
    when 'bounce_rate' then 'Too large a share of the last days'' mails bounced for good.'
end;

create function state_text(state send_state) returns text language sql immutable
return case state
    when 'review' then 'It waits for a person.'
    when 'queued' then 'It is planned, and leaves as soon as nothing speaks against it.'
    when 'claimed' then 'A sender is deciding about it right now.'
    when 'calling' then 'SES is being called right now.'
    when 'unknown' then 'Nobody knows whether it left; it is not sent again by itself.'
    when 'sent' then 'SES took it.'
    when 'delivered' then 'The recipient''s server took it.'
    when 'opened' then 'It was opened.'
    when 'clicked' then 'A link in it was followed.'
    when 'replied' then 'The recipient answered.'
    when 'refused' then 'It never leaves.'
    when 'rejected' then 'It never left.'
    when 'bounced' then 'It left, and the recipient''s server refused it.'
    when 'complained' then 'It left, and the recipient called it spam.'
end;

-- Which part of the house says a word. What is not named here, the gate says.
create function said_by(word text) returns text language sql immutable
return case word
    when 'duplicate_recipient' then 'plan'
    when 'facts_changed' then 'arm'
    when 'late_for_slot' then 'sender'
    when 'no_answer' then 'sender'
    when 'lease_expired' then 'sweep'
    when 'throttled' then 'ses'
    when 'mailer_unreachable' then 'ses'
    when 'mailer_refuses' then 'ses'
    when 'mail_rejected' then 'ses'
    when 'given_up' then 'operator'
    when 'resend' then 'operator'
    when 'enrichment_owed' then 'collector'
    when 'not_enriched' then 'collector'
    else 'gate'
end;

-- One row per send, and per lead and campaign that have none: where it stands, what decided it, on
-- which facts, by which versions, and what came back. Names a profile, never an address.
--
-- The three ways to be here are one list, so that a condition on its columns reaches their indexes.
create view why as
select w.platform, w.username, w.campaign, w.send_id, w.state, w.reason,
       -- Why, in words; then what has come in between since.
       concat_ws(
           ' ', state_text(w.state),
           coalesce(reason_text(w.reason), w.reason),
           case when d.decision ->> 'outcome' = 'send'
                     and w.state not in ('review', 'queued', 'claimed', 'refused', 'rejected')
                then concat('The gate let it pass: score ', e.score, ' of at least ', c.min_score,
                            ', country ' || (d.decision ->> 'country'),
                            ', basis ' || coalesce(d.decision ->> 'basis', d.decision ->> 'basis_rule'), '.') end,
           case when now_against.words is not null
                then 'By now also: ' || (select string_agg(reason_text(word), ' ' order by place)
                                         from unnest(now_against.words) with ordinality as t (word, place)) end
       ) as explanation,
       case when w.reason is not null then said_by(w.reason) end as said_by,
       -- The gate's rule, where the gate gave this reason.
       case when d.decision ->> 'reason' = w.reason then d.decision ->> 'stopped_by' end as rule,
       case when w.state = 'queued' then s.not_before end as next_at,
       case when w.state in ('claimed', 'calling') then s.lease_until end as held_until,
       e.score, c.min_score, e.ai_confidence as confidence, c.min_confidence, e.compliant, e.reviewed,
       d.decision ->> 'country' as country, d.decision ->> 'basis' as basis,
       d.decision ->> 'basis_rule' as basis_rule,
       d.decision ->> 'gate' as gate, d.decision ->> 'at' as decided_at,
       e.method, e.model, encode(substr(e.prompt_hash, 1, 4), 'hex') as prompt,
       e.enrichment_version as enrichment,
       r.suppressed_at, r.suppression_reason, coalesce(l.erased_at, r.erased_at) as erased_at,
       c.status as campaign_status, b.opened_at as breaker_opened_at, b.reason as breaker_reason,
       (select min(f.found_at) from lead_sources f join sources o on o.id = f.source_id
        where f.lead_id = w.lead_id and o.campaign_id = w.campaign_id) as found_at,
       l.enrich_requested_at as owed_since, e.created_at as enriched_at, s.created_at as planned_at,
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

    -- Looked at, and no send came of it. The newest look counts.
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

    -- Found, and not looked at.
    select l.source, l.username, c.name, null::bigint, null::send_state,
           case when l.erased_at is not null then 'erased'
                when c.status = 'ended' then 'campaign_ended'
                when c.status <> 'active' then 'campaign_paused'
                when l.enrich_requested_at is not null then 'enrichment_owed'
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
-- What will stop it when it is asked again, though it is not why it stands where it stands.
left join lateral (
    select nullif(array_remove(array_remove(array[
               case when l.erased_at is not null or r.erased_at is not null then 'erased' end,
               case when r.suppressed_at is not null then 'suppressed' end,
               case when c.status = 'ended' then 'campaign_ended'
                    when c.status <> 'active' then 'campaign_paused' end,
               case when b.opened_at is not null then 'breaker_open' end
           ], null), w.reason), '{}') as words
    where w.state is null or w.state in ('review', 'queued', 'claimed', 'unknown')
) now_against on true;

-- What left, or may have left.
create view why_sent as
select * from why
where state in ('calling', 'unknown', 'sent', 'delivered', 'opened', 'clicked', 'replied', 'bounced', 'complained');

-- Everything else: what waits, what was refused, and leads that nobody has looked at yet.
create view why_not_sent as
select * from why
where state is null or state in ('review', 'queued', 'claimed', 'refused', 'rejected');

comment on view why_sent is 'why somebody got a mail: select * from why_sent where username = ''ana''';
comment on view why_not_sent is 'why somebody got none: select * from why_not_sent where username = ''ana''';
