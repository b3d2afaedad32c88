-- A lead is one profile on one platform. It is stored once, whatever is redelivered (invariant 1),
-- and says itself whether an enrichment is owed, so that a lost message is found by a sweep (3).

create table leads (
    id                  bigint generated always as identity,
    source              text        not null,
    external_id         text        not null,
    name                text,
    username            text        not null,
    email               text,
    profile_url         text,
    follower_count      bigint,
    bio                 text,
    verified            boolean     not null default false,
    location            text,
    website             text,
    country             text,
    language            text,
    raw                 jsonb,
    email_hash          bytea,
    -- When an enrichment was last asked for and not yet answered; null when none is owed.
    enrich_requested_at timestamptz,
    erased_at           timestamptz,
    created_at          timestamptz not null default now(),
    updated_at          timestamptz not null default now(),
    constraint leads_pkey primary key (id),
    constraint leads_source_external_id_key unique (source, external_id),
    constraint leads_source_username_key unique (source, username),
    constraint leads_username_normalised check (username = lower(username) and username not like '@%'),
    constraint leads_follower_count_natural check (follower_count >= 0),
    constraint leads_country_alpha2 check (country ~ '^[A-Z]{2}$'),
    constraint leads_raw_capped check (pg_column_size(raw) <= 16384),
    constraint leads_email_hash_with_email check (email is null or email_hash is not null),
    constraint leads_erased_is_empty check (
        erased_at is null
        or (name is null and email is null and bio is null and raw is null and website is null
            and location is null and profile_url is null and follower_count is null)
    )
);

comment on column leads.source is 'the platform: x, instagram, facebook, linkedin or csv';
comment on column leads.raw is 'what the source said, for questions later; capped at 16 KiB';

create index leads_email_hash_idx on leads (email_hash) where email_hash is not null;
create index leads_enrichment_owed_idx on leads (enrich_requested_at, id) where enrich_requested_at is not null;
