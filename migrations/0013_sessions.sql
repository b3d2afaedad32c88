-- Who is signed in to the console. A cookie names a session; only its hash is kept, so that nobody who reads
-- this table can sign in.

create table sessions (
    id_hash    bytea       not null,
    -- Who it is, by the issuer's own id.
    issuer     text        not null,
    subject    text        not null,
    -- For display, as the issuer gave it.
    name       text        not null,
    -- A change at the issuer takes effect with the next session.
    role       text        not null,
    created_at timestamptz not null default now(),
    -- Written at most once a minute.
    seen_at    timestamptz not null default now(),
    expires_at timestamptz not null,
    revoked_at timestamptz,
    constraint sessions_pkey primary key (id_hash),
    constraint sessions_id_hash_size check (octet_length(id_hash) = 32),
    constraint sessions_role_known check (role in ('viewer', 'reviewer', 'operator', 'admin'))
);

create index sessions_subject_idx on sessions (subject, created_at);
