-- What the console may do: read what its pages show, and change what a person decides. It sends nothing, stores
-- no lead, and cannot change what was recorded.

grant select on
    leads, lead_sources, sources, campaigns, enriched_leads, recipients, sends, send_events, breakers, campaign_days,
    campaign_counters, rate_limits, recipient_domains, model_calls, model_spend, model_outages, quarantine,
    audit_log, installation, why, why_sent, why_not_sent, _sqlx_migrations
    to outreach_console;

-- The kill switch.
grant update (stopped_at, stopped_by, stop_reason) on installation to outreach_console;
grant insert, update on campaigns, sources to outreach_console;
-- An enrichment that is asked for anew.
grant update (enrich_requested_at, enrich_published_at, enrich_waits_for, enrich_next_at, enrich_again_at, updated_at)
    on leads to outreach_console;
-- A text that a reviewer wrote, and what was decided about it.
grant update (subject, message, reviewed, offer, updated_at) on enriched_leads to outreach_console;
grant update (state, reason, fence, not_before, content_hash, send_requested_at, may_have_left, updated_at)
    on sends to outreach_console;
grant update on breakers, campaign_days to outreach_console;
grant insert (email_hash, suppressed_at, suppression_reason, opt_out_way, basis, basis_note),
      update (suppressed_at, suppression_reason, opt_out_way, basis, basis_note, updated_at) on recipients to outreach_console;
grant select, insert, update, delete on sessions to outreach_console;
