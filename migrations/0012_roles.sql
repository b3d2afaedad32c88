-- One role per function, with what its statements need and nothing else: a fault in the function that
-- the public reaches must not open every table. A login of each function is a member of its role, such as
--   create role app_web login password '…' in role outreach_web;
-- Roles belong to the whole server, so another database of it may have made them already.

do $$
declare
    name text;
begin
    foreach name in array array[
        'outreach_collector', 'outreach_enricher', 'outreach_sender', 'outreach_feedback', 'outreach_web'
    ] loop
        begin
            execute format('create role %I nologin', name);
        exception when duplicate_object or unique_violation then
            null;
        end;
    end loop;
end;
$$;

grant usage on schema public to
    outreach_collector, outreach_enricher, outreach_sender, outreach_feedback, outreach_web;

-- A change of a decision adds a row; no function can read or change the rows that are there.
grant insert on audit_log to
    outreach_collector, outreach_enricher, outreach_sender, outreach_feedback, outreach_web;
grant select, insert on quarantine to outreach_enricher, outreach_sender, outreach_feedback;
grant select, update on installation to outreach_collector, outreach_sender, outreach_feedback;

grant select on campaigns, recipients to outreach_collector;
grant select, update on sources to outreach_collector;
grant select, insert, update on leads to outreach_collector;
grant select, insert on lead_sources to outreach_collector;

grant select on sources, lead_sources to outreach_enricher;
grant select, update on campaigns, leads to outreach_enricher;
grant select, insert, update on recipients, model_calls, model_spend to outreach_enricher;
grant select, insert on enriched_leads, sends to outreach_enricher;

grant select on campaigns, leads, lead_sources, breakers to outreach_sender;
-- To lock a row is to be allowed to change it.
grant select, update on recipients, enriched_leads, sends, rate_limits to outreach_sender;
grant select, insert, update on campaign_counters, campaign_days to outreach_sender;
grant select, insert, update, delete on recipient_domains to outreach_sender;

grant select on campaigns to outreach_feedback;
grant select, update on enriched_leads, sends, rate_limits to outreach_feedback;
grant select, insert, update on
    recipients, send_events, breakers, campaign_days, campaign_counters to outreach_feedback;

-- A link names a send; nothing of the person behind it is read.
grant select (id, email_hash) on sends to outreach_web;
grant select, update on recipients to outreach_web;
