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
    constraint installation_pkey primary key (only_row),
    constraint installation_only_one_row check (only_row),
    constraint installation_key_fingerprint_size check (octet_length(key_fingerprint) = 32)
);

insert into installation default values;

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
