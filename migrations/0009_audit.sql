-- Every change of a decision, written by the database itself, so that no code path can forget it
-- (invariant 15). One statement writes one audit statement, whatever its size. No personal data:
-- only the columns that a trigger names are copied.

create table audit_log (
    id         bigint generated always as identity,
    at         timestamptz not null default now(),
    -- Who did it: `person:SUBJECT` of the console, from the transaction's setting `outreach.actor`; otherwise the
    -- connection's application_name, which is a function, or `operator:NAME` at a terminal.
    actor      text        not null,
    table_name text        not null,
    row_key    text        not null,
    action     text        not null,
    before     jsonb,
    after      jsonb,
    -- What a person said about the change, in the transaction's setting `outreach.note`.
    note       text,
    constraint audit_log_pkey primary key (id),
    -- Everything that the console does is done by a person.
    constraint audit_log_console_names_person check (actor <> 'console')
);

create index audit_log_row_idx on audit_log (table_name, row_key, id);

create function audit_sends_insert() returns trigger language plpgsql as $$
begin
    insert into audit_log (actor, table_name, row_key, action, after, note)
    select coalesce(nullif(current_setting('outreach.actor', true), ''), current_setting('application_name')), 'sends', a.id::text, 'insert',
           jsonb_build_object(
               'state', a.state, 'reason', a.reason, 'fence', a.fence,
               'not_before', a.not_before, 'content_hash', a.content_hash),
           nullif(current_setting('outreach.note', true), '')
    from after_rows a;
    return null;
end;
$$;

-- A decision that a person could ask about. Not a claim, which only holds the send for a minute, and not
-- a mail that goes on waiting for the same reason.
create function audit_sends_update() returns trigger language plpgsql as $$
begin
    insert into audit_log (actor, table_name, row_key, action, before, after, note)
    select coalesce(nullif(current_setting('outreach.actor', true), ''), current_setting('application_name')), 'sends', a.id::text, 'update',
           jsonb_build_object(
               'state', b.state, 'reason', b.reason, 'fence', b.fence,
               'not_before', b.not_before, 'content_hash', b.content_hash),
           jsonb_build_object(
               'state', a.state, 'reason', a.reason, 'fence', a.fence,
               'not_before', a.not_before, 'content_hash', a.content_hash),
           nullif(current_setting('outreach.note', true), '')
    from before_rows b
    join after_rows a on a.id = b.id
    where a.state <> 'claimed'
      and (b.state, b.reason, b.content_hash) is distinct from (a.state, a.reason, a.content_hash)
      and not (b.state = 'claimed' and a.state = 'queued'
               and b.reason is not distinct from a.reason);
    return null;
end;
$$;

create trigger sends_audit_insert after insert on sends
    referencing new table as after_rows
    for each statement execute function audit_sends_insert();
create trigger sends_audit_update after update on sends
    referencing old table as before_rows new table as after_rows
    for each statement execute function audit_sends_update();

create function audit_recipients_insert() returns trigger language plpgsql as $$
begin
    insert into audit_log (actor, table_name, row_key, action, after, note)
    select coalesce(nullif(current_setting('outreach.actor', true), ''), current_setting('application_name')), 'recipients', a.email_hash::text, 'insert',
           jsonb_build_object(
               'country', a.country, 'basis', a.basis, 'suppressed_at', a.suppressed_at,
               'suppression_reason', a.suppression_reason, 'opt_out_way', a.opt_out_way,
               'erased_at', a.erased_at),
           nullif(current_setting('outreach.note', true), '')
    from after_rows a
    -- A mailbox that a mail is planned for is no decision yet.
    where num_nonnulls(a.basis, a.suppressed_at, a.erased_at) > 0;
    return null;
end;
$$;

create function audit_recipients_update() returns trigger language plpgsql as $$
begin
    insert into audit_log (actor, table_name, row_key, action, before, after, note)
    select coalesce(nullif(current_setting('outreach.actor', true), ''), current_setting('application_name')), 'recipients', a.email_hash::text, 'update',
           jsonb_build_object(
               'country', b.country, 'basis', b.basis, 'suppressed_at', b.suppressed_at,
               'suppression_reason', b.suppression_reason, 'opt_out_way', b.opt_out_way,
               'erased_at', b.erased_at),
           jsonb_build_object(
               'country', a.country, 'basis', a.basis, 'suppressed_at', a.suppressed_at,
               'suppression_reason', a.suppression_reason, 'opt_out_way', a.opt_out_way,
               'erased_at', a.erased_at),
           nullif(current_setting('outreach.note', true), '')
    from before_rows b
    join after_rows a on a.email_hash = b.email_hash
    where (b.country, b.basis, b.suppressed_at, b.suppression_reason, b.erased_at)
          is distinct from
          (a.country, a.basis, a.suppressed_at, a.suppression_reason, a.erased_at);
    return null;
end;
$$;

create trigger recipients_audit_insert after insert on recipients
    referencing new table as after_rows
    for each statement execute function audit_recipients_insert();
create trigger recipients_audit_update after update on recipients
    referencing old table as before_rows new table as after_rows
    for each statement execute function audit_recipients_update();

-- An enrichment is never overwritten, so a new one needs no row here: it is its own record of what was
-- decided, and when.
create function audit_enriched_leads_update() returns trigger language plpgsql as $$
begin
    insert into audit_log (actor, table_name, row_key, action, before, after, note)
    select coalesce(nullif(current_setting('outreach.actor', true), ''), current_setting('application_name')), 'enriched_leads', a.id::text, 'update',
           jsonb_build_object(
               'score', b.score, 'compliant', b.compliant, 'method', b.method,
               'outcome', b.outcome, 'reason', b.reason, 'reviewed', b.reviewed),
           jsonb_build_object(
               'score', a.score, 'compliant', a.compliant, 'method', a.method,
               'outcome', a.outcome, 'reason', a.reason, 'reviewed', a.reviewed),
           nullif(current_setting('outreach.note', true), '')
    from before_rows b
    join after_rows a on a.id = b.id
    where (b.score, b.compliant, b.method, b.outcome, b.reason, b.reviewed)
          is distinct from
          (a.score, a.compliant, a.method, a.outcome, a.reason, a.reviewed);
    return null;
end;
$$;

create trigger enriched_leads_audit_update after update on enriched_leads
    referencing old table as before_rows new table as after_rows
    for each statement execute function audit_enriched_leads_update();

create function audit_campaigns_insert() returns trigger language plpgsql as $$
begin
    insert into audit_log (actor, table_name, row_key, action, after, note)
    select coalesce(nullif(current_setting('outreach.actor', true), ''), current_setting('application_name')), 'campaigns', a.id::text, 'insert',
           jsonb_build_object(
               'name', a.name, 'status', a.status, 'min_score', a.min_score,
               'min_confidence', a.min_confidence, 'daily_cap', a.daily_cap,
               'review_all', a.review_all, 'rules_decide', a.rules_decide, 'basis_rules', a.basis_rules,
               'offer', a.offer, 'audience', a.audience,
               'send_from', a.send_from, 'send_until', a.send_until),
           nullif(current_setting('outreach.note', true), '')
    from after_rows a;
    return null;
end;
$$;

create function audit_campaigns_update() returns trigger language plpgsql as $$
begin
    insert into audit_log (actor, table_name, row_key, action, before, after, note)
    select coalesce(nullif(current_setting('outreach.actor', true), ''), current_setting('application_name')), 'campaigns', a.id::text, 'update',
           jsonb_build_object(
               'name', b.name, 'status', b.status, 'min_score', b.min_score,
               'min_confidence', b.min_confidence, 'daily_cap', b.daily_cap,
               'review_all', b.review_all, 'rules_decide', b.rules_decide, 'basis_rules', b.basis_rules,
               'offer', b.offer, 'audience', b.audience,
               'send_from', b.send_from, 'send_until', b.send_until),
           jsonb_build_object(
               'name', a.name, 'status', a.status, 'min_score', a.min_score,
               'min_confidence', a.min_confidence, 'daily_cap', a.daily_cap,
               'review_all', a.review_all, 'rules_decide', a.rules_decide, 'basis_rules', a.basis_rules,
               'offer', a.offer, 'audience', a.audience,
               'send_from', a.send_from, 'send_until', a.send_until),
           nullif(current_setting('outreach.note', true), '')
    from before_rows b
    join after_rows a on a.id = b.id
    where (b.name, b.status, b.min_score, b.min_confidence, b.daily_cap, b.review_all, b.rules_decide,
           b.basis_rules, b.offer, b.audience, b.send_from, b.send_until)
          is distinct from
          (a.name, a.status, a.min_score, a.min_confidence, a.daily_cap, a.review_all, a.rules_decide,
           a.basis_rules, a.offer, a.audience, a.send_from, a.send_until);
    return null;
end;
$$;

create trigger campaigns_audit_insert after insert on campaigns
    referencing new table as after_rows
    for each statement execute function audit_campaigns_insert();
create trigger campaigns_audit_update after update on campaigns
    referencing old table as before_rows new table as after_rows
    for each statement execute function audit_campaigns_update();

create function audit_sources_insert() returns trigger language plpgsql as $$
begin
    insert into audit_log (actor, table_name, row_key, action, after, note)
    select coalesce(nullif(current_setting('outreach.actor', true), ''), current_setting('application_name')), 'sources', a.id::text, 'insert',
           jsonb_build_object('name', a.name, 'kind', a.kind, 'params', a.params, 'enabled', a.enabled),
           nullif(current_setting('outreach.note', true), '')
    from after_rows a;
    return null;
end;
$$;

-- What a person set up. Not how far it was read.
create function audit_sources_update() returns trigger language plpgsql as $$
begin
    insert into audit_log (actor, table_name, row_key, action, before, after, note)
    select coalesce(nullif(current_setting('outreach.actor', true), ''), current_setting('application_name')), 'sources', a.id::text, 'update',
           jsonb_build_object('name', b.name, 'kind', b.kind, 'params', b.params, 'enabled', b.enabled),
           jsonb_build_object('name', a.name, 'kind', a.kind, 'params', a.params, 'enabled', a.enabled),
           nullif(current_setting('outreach.note', true), '')
    from before_rows b
    join after_rows a on a.id = b.id
    where (b.name, b.kind, b.params, b.enabled) is distinct from (a.name, a.kind, a.params, a.enabled);
    return null;
end;
$$;

create trigger sources_audit_insert after insert on sources
    referencing new table as after_rows
    for each statement execute function audit_sources_insert();
create trigger sources_audit_update after update on sources
    referencing old table as before_rows new table as after_rows
    for each statement execute function audit_sources_update();

create function audit_breakers_insert() returns trigger language plpgsql as $$
begin
    insert into audit_log (actor, table_name, row_key, action, after, note)
    select coalesce(nullif(current_setting('outreach.actor', true), ''), current_setting('application_name')), 'breakers', a.campaign_id::text, 'insert',
           jsonb_build_object(
               'opened_at', a.opened_at, 'reason', a.reason, 'figures', a.figures,
               'closed_at', a.closed_at, 'closed_by', a.closed_by),
           nullif(current_setting('outreach.note', true), '')
    from after_rows a
    -- Each campaign has a row; only an open one is a decision.
    where a.opened_at is not null;
    return null;
end;
$$;

create function audit_breakers_update() returns trigger language plpgsql as $$
begin
    insert into audit_log (actor, table_name, row_key, action, before, after, note)
    select coalesce(nullif(current_setting('outreach.actor', true), ''), current_setting('application_name')), 'breakers', a.campaign_id::text, 'update',
           jsonb_build_object(
               'opened_at', b.opened_at, 'reason', b.reason, 'figures', b.figures,
               'closed_at', b.closed_at, 'closed_by', b.closed_by),
           jsonb_build_object(
               'opened_at', a.opened_at, 'reason', a.reason, 'figures', a.figures,
               'closed_at', a.closed_at, 'closed_by', a.closed_by),
           nullif(current_setting('outreach.note', true), '')
    from before_rows b
    join after_rows a on a.campaign_id = b.campaign_id
    where (b.opened_at, b.reason, b.figures, b.closed_at, b.closed_by)
          is distinct from
          (a.opened_at, a.reason, a.figures, a.closed_at, a.closed_by);
    return null;
end;
$$;

create trigger breakers_audit_insert after insert on breakers
    referencing new table as after_rows
    for each statement execute function audit_breakers_insert();
create trigger breakers_audit_update after update on breakers
    referencing old table as before_rows new table as after_rows
    for each statement execute function audit_breakers_update();
