-- What this database belongs to: the key its mailboxes are hashed under, and the server it was on when
-- sending was last confirmed. Under another key every opt-out would be invisible; on a restored copy
-- every mail since the backup would go out again.

create table installation (
    only_row        boolean not null default true,
    -- HMAC-SHA-256 of a constant under RECIPIENT_HASH_KEY; null until the first function has worked.
    key_fingerprint bytea,
    -- Cluster, timeline, database and address; null until a sender has worked.
    origin          text,
    confirmed_at    timestamptz,
    confirmed_by    text,
    -- The kill switch: while this stands, no mail leaves. A person sets and clears it.
    stopped_at      timestamptz,
    stopped_by      text,
    stop_reason     text,
    constraint installation_pkey primary key (only_row),
    constraint installation_only_one_row check (only_row),
    constraint installation_key_fingerprint_size check (octet_length(key_fingerprint) = 32),
    constraint installation_stop_explained check (
        num_nonnulls(stopped_at, stopped_by, stop_reason) in (0, 3))
);

insert into installation default values;

create function audit_installation_update() returns trigger language plpgsql as $$
begin
    insert into audit_log (actor, table_name, row_key, action, before, after, note)
    select coalesce(nullif(current_setting('outreach.actor', true), ''), current_setting('application_name')), 'installation', 'sending', 'update',
           jsonb_build_object('stopped_at', b.stopped_at, 'stop_reason', b.stop_reason),
           jsonb_build_object('stopped_at', a.stopped_at, 'stop_reason', a.stop_reason),
           nullif(current_setting('outreach.note', true), '')
    from before_rows b
    join after_rows a on a.only_row = b.only_row
    where (b.stopped_at, b.stop_reason) is distinct from (a.stopped_at, a.stop_reason);
    return null;
end;
$$;

create trigger installation_audit_update after update on installation
    referencing old table as before_rows new table as after_rows
    for each statement execute function audit_installation_update();

-- A function that was frozen inside a transaction must not hold its locks for long, and none waits for a
-- lock longer than it may run. On the database, since a connection pooler refuses such settings.
do $$
begin
    execute format('alter database %I set idle_in_transaction_session_timeout = ''60s''', current_database());
    execute format('alter database %I set lock_timeout = ''30s''', current_database());
    -- For discs that turn, PostgreSQL would rather read a small table whole than by its index. A plan made
    -- for a new table is kept until its first analyze, and by then the table is large.
    execute format('alter database %I set random_page_cost = 1.1', current_database());
exception when insufficient_privilege then
    raise notice 'The owner of the database must set idle_in_transaction_session_timeout, lock_timeout and random_page_cost.';
end;
$$;
