-- Rules that stand in functions of the database and move into Rust; this file then goes.

-- While a campaign is paused its leads are collected and not enriched. When it is made active, an
-- enrichment is owed for each lead of its sources that never had one (invariant 3).

create function owe_enrichments() returns trigger language plpgsql as $$
begin
    update leads l set enrich_requested_at = now()
    where l.erased_at is null
      and l.enrich_requested_at is null
      and exists (select 1 from lead_sources ls join sources s on s.id = ls.source_id
                  where ls.lead_id = l.id and s.campaign_id = new.id)
      and not exists (select 1 from enriched_leads e
                      where e.lead_id = l.id and e.campaign_id = new.id);
    return null;
end;
$$;

create trigger campaigns_activated after update of status on campaigns
    for each row when (new.status = 'active' and old.status <> 'active')
    execute function owe_enrichments();

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
    when 'rate' then 'The rate of SES is used up for the next seconds.'
    when 'domain_spacing' then 'The servers of this domain had a mail a moment ago.'
    when 'recipient_day' then 'The mailbox had its mail of today.'
    when 'late_for_slot' then 'The sender was too slow for its place in time and called nobody.'
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
    when 'account_complaint_rate' then 'Too large a share of the last days'' mails of all campaigns was called spam.'
    when 'account_bounce_rate' then 'Too large a share of the last days'' mails of all campaigns bounced for good.'
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

-- Reserving calls of the model, in one statement of the enricher: the day's row is locked for as long as
-- the server works on it and commits, and never while an answer is on its way to the function. What is read
-- after the wait for that lock is what stands then: each statement of a volatile function sees for itself.

-- For each question, in order: was it answered, is somebody asking, may it be asked? What may be asked is
-- written down before it is, so that a crash costs one more call at most.
create function reserve_model_calls(
    questions bytea[], model_name text, lease_seconds double precision, call_micros bigint, daily_budget_micros bigint
) returns table (verdict text, answer text, attempt smallint)
language plpgsql volatile as $$
#variable_conflict use_column
declare
    today constant date := (now() at time zone 'utc')::date;
    spent bigint;
begin
    -- Whoever reserves waits for its turn, and the sum is exact.
    insert into model_spend as m (day) values (today)
    on conflict (day) do update set micros = m.micros
    returning m.micros into spent;

    return query
    with wanted as (
        select * from unnest(questions) with ordinality as w (request_key, n)
    ),

    history as (
        select w.n, w.request_key,
               coalesce(max(c.attempt), 0) as attempts,
               -- An expired call may have been paid.
               count(*) filter (where c.state in ('unusable', 'lost', 'calling')) as wasted,
               bool_or(c.state = 'calling' and c.lease_until >= now()) as busy,
               bool_or(c.state = 'refused') as refused,
               max(c.answer) filter (where c.state = 'answered') as answer
        from wanted w
        left join model_calls c on c.request_key = w.request_key
        group by w.n, w.request_key
    ),

    judged as (
        select *,
               case
                   when h.answer is not null then 'answered'
                   when h.refused then 'refused'
                   -- The same question twice in one batch is asked once.
                   when h.busy or h.n > min(h.n) over (partition by h.request_key) then 'busy'
                   when h.wasted >= 2 then 'exhausted'
                   else 'ask'
               end as verdict
        from history h
    ),

    affordable as (
        select j.n, j.request_key, (j.attempts + 1)::smallint as attempt
        from judged j
        where j.verdict = 'ask'
        order by j.n
        limit greatest(0, daily_budget_micros - spent) / nullif(call_micros, 0)
    ),

    reserved as (
        insert into model_calls as c (request_key, attempt, lease_until, model, reserved_micros)
        select a.request_key, a.attempt, now() + make_interval(secs => lease_seconds), model_name, call_micros
        from affordable a
        order by a.request_key
        on conflict on constraint model_calls_request_key_attempt_key do nothing
        returning c.request_key, c.attempt
    ),

    -- One that is being settled at this moment is not waited for: who settles waits for the day's row.
    expired as (
        select c.id from model_calls c
        where c.request_key = any (questions) and c.state = 'calling' and c.lease_until < now()
        for no key update skip locked
    ),

    lost as (
        update model_calls c set state = 'lost', cost_micros = c.reserved_micros, updated_at = now()
        from expired e
        where c.id = e.id
    ),

    spending as (
        update model_spend m set micros = m.micros + call_micros * (select count(*) from reserved)
        where m.day = today
    )

    select case when j.verdict <> 'ask' or r.attempt is not null then j.verdict
                -- Somebody else was a moment earlier.
                when a.n is not null then 'busy'
                else 'over_budget' end,
           j.answer, r.attempt
    from judged j
    left join affordable a on a.n = j.n
    -- Of a question that comes twice, only the first has the attempt.
    left join reserved r on r.request_key = j.request_key and j.verdict = 'ask'
    order by j.n;
end;
$$;
