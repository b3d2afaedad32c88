-- One role per function, with what its statements need and nothing else: a fault in the function that
-- the public reaches must not open every table. A login of each function is a member of its role, such as
--   create role app_web login password '…' in role outreach_web;
-- Roles belong to the whole server, so another database of it may have made them already.

do $$
declare
    name text;
begin
    foreach name in array array[
        'outreach_collector', 'outreach_enricher', 'outreach_sender', 'outreach_feedback', 'outreach_web',
        'outreach_console'
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
    outreach_collector, outreach_enricher, outreach_sender, outreach_feedback, outreach_web,
    outreach_console;

-- A change of a decision adds a row; no function can read or change the rows that are there.
grant insert on audit_log to
    outreach_collector, outreach_enricher, outreach_sender, outreach_feedback, outreach_web,
    outreach_console;
grant select, insert on quarantine to outreach_enricher, outreach_sender, outreach_feedback;
grant select, update (key_fingerprint) on installation to
    outreach_collector, outreach_sender, outreach_feedback;

grant select on campaigns to outreach_collector;
grant select (email_hash, erased_at) on recipients to outreach_collector;
-- What a person set (parameters, enabled) stays.
grant select,
      update (run, lease_until, last_run_at, cursor, cut_short, rests_until, refused_most, needs_attention, last_report, updated_at)
    on sources to outreach_collector;
grant select, insert, update on leads to outreach_collector;
grant select, insert on lead_sources to outreach_collector;

grant select on sources, lead_sources to outreach_enricher;
grant select, update (leads_requested_at, leads_rules_hash) on campaigns to outreach_enricher;
grant select, update (enrich_requested_at, enrich_published_at, enrich_waits_for, enrich_next_at)
    on leads to outreach_enricher;
-- It cannot lift a suppression.
grant select, insert (email_hash, country), update (country) on recipients to outreach_enricher;
grant select, insert, update on model_calls, model_spend to outreach_enricher;
-- What was reserved and not asked.
grant delete on model_calls to outreach_enricher;
grant select, insert, update, delete on model_outages to outreach_enricher;
grant select, insert on enriched_leads, sends to outreach_enricher;
-- What waited for a text or was refused is planned anew.
grant update (enriched_lead_id, state, reason, fence, not_before, content_hash, decision, send_requested_at, updated_at)
    on sends to outreach_enricher;

grant select on campaigns, leads, lead_sources, breakers to outreach_sender;
grant update (origin, confirmed_at, confirmed_by) on installation to outreach_sender;
-- Its sweep counts what waits for a person, of every function.
-- It says in each mail where the recipient's data is from.
grant select (id, kind, campaign_id, enabled, needs_attention) on sources to outreach_sender;
grant select (send_id, email_hash, suppression, received_at) on send_events to outreach_sender;
-- To lock a row is to be allowed to change some column of it: of a mailbox, only when it was changed.
grant select, update (updated_at) on recipients to outreach_sender;
grant select, update (sent, contacted, updated_at) on enriched_leads to outreach_sender;
grant select, update on sends, rate_limits to outreach_sender;
grant select, insert, update on campaign_counters, campaign_days to outreach_sender;
grant select, insert, update, delete on recipient_domains to outreach_sender;

grant select on campaigns to outreach_feedback;
grant select, update (sent, contacted, updated_at) on enriched_leads to outreach_feedback;
grant select, update on sends to outreach_feedback;
grant select, insert (email_hash, suppressed_at, suppression_reason),
      update (suppressed_at, suppression_reason, opt_out_way, updated_at) on recipients to outreach_feedback;
grant select, insert, update on send_events, breakers, campaign_days to outreach_feedback;

-- A link names a send; nothing of the person behind it is read.
grant select (id, email_hash) on sends to outreach_web;
grant select (email_hash, suppressed_at, suppression_reason, opt_out_way),
      update (suppressed_at, suppression_reason, opt_out_way, updated_at) on recipients to outreach_web;
