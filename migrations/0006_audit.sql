-- Every change of a decision, written by the database itself, so that no code path can forget it
-- (invariant 15). One statement writes one audit statement, whatever its size. No personal data:
-- only the columns named in the trigger are copied.

create table audit_log (
    id         bigint generated always as identity,
    at         timestamptz not null default now(),
    -- The function or tool that did it: the connection's application_name.
    actor      text        not null,
    table_name text        not null,
    row_key    text        not null,
    action     text        not null,
    before     jsonb,
    after      jsonb,
    constraint audit_log_pkey primary key (id)
);

create index audit_log_row_idx on audit_log (table_name, row_key, id);

-- Arguments: the key column, then the columns that hold the decision.
create function audit_decisions() returns trigger language plpgsql as $$
declare
    key_column constant text := tg_argv[0];
    columns constant text[] := tg_argv[1:];
begin
    if tg_op = 'INSERT' then
        insert into audit_log (actor, table_name, row_key, action, after)
        select current_setting('application_name'), tg_table_name, j.new ->> key_column, 'insert', kept.new
        from (select to_jsonb(a) as new from after_rows a) j,
             lateral (select jsonb_object_agg(c, j.new -> c) as new from unnest(columns) c) kept;
    else
        insert into audit_log (actor, table_name, row_key, action, before, after)
        select current_setting('application_name'), tg_table_name, j.new ->> key_column, 'update', kept.old, kept.new
        from (select to_jsonb(b) as old, to_jsonb(a) as new
              from before_rows b join after_rows a on to_jsonb(a) ->> key_column = to_jsonb(b) ->> key_column) j,
             lateral (select jsonb_object_agg(c, j.old -> c) as old, jsonb_object_agg(c, j.new -> c) as new
                      from unnest(columns) c) kept
        where kept.old is distinct from kept.new;
    end if;
    return null;
end;
$$;

create trigger sends_audit_insert after insert on sends
    referencing new table as after_rows for each statement
    execute function audit_decisions('id', 'state', 'reason', 'fence', 'not_before', 'content_hash');
create trigger sends_audit_update after update on sends
    referencing old table as before_rows new table as after_rows for each statement
    execute function audit_decisions('id', 'state', 'reason', 'fence', 'not_before', 'content_hash');

create trigger recipients_audit_insert after insert on recipients
    referencing new table as after_rows for each statement
    execute function audit_decisions('email_hash', 'country', 'basis', 'suppressed_at', 'suppression_reason', 'erased_at');
create trigger recipients_audit_update after update on recipients
    referencing old table as before_rows new table as after_rows for each statement
    execute function audit_decisions('email_hash', 'country', 'basis', 'suppressed_at', 'suppression_reason', 'erased_at');

create trigger enriched_leads_audit_insert after insert on enriched_leads
    referencing new table as after_rows for each statement
    execute function audit_decisions('id', 'score', 'compliant', 'method', 'outcome', 'reason', 'reviewed');
create trigger enriched_leads_audit_update after update on enriched_leads
    referencing old table as before_rows new table as after_rows for each statement
    execute function audit_decisions('id', 'score', 'compliant', 'method', 'outcome', 'reason', 'reviewed');

create trigger campaigns_audit_insert after insert on campaigns
    referencing new table as after_rows for each statement
    execute function audit_decisions('id', 'name', 'status', 'min_score', 'min_confidence', 'daily_cap', 'review_all', 'basis_rules');
create trigger campaigns_audit_update after update on campaigns
    referencing old table as before_rows new table as after_rows for each statement
    execute function audit_decisions('id', 'name', 'status', 'min_score', 'min_confidence', 'daily_cap', 'review_all', 'basis_rules');

-- A recipient's revision is raised by the database, so that no writer can forget it either.
create function raise_revision() returns trigger language plpgsql as $$
begin
    new.revision := old.revision + 1;
    new.updated_at := now();
    return new;
end;
$$;

create trigger recipients_revision before update on recipients
    for each row execute function raise_revision();

create function touch_updated_at() returns trigger language plpgsql as $$
begin
    new.updated_at := now();
    return new;
end;
$$;

create trigger campaigns_updated_at before update on campaigns
    for each row execute function touch_updated_at();
create trigger sources_updated_at before update on sources
    for each row execute function touch_updated_at();
