-- A lead is one profile on one platform. It is stored once, whatever is redelivered (invariant 1),
-- and says itself whether an enrichment is pending, so that a lost message is found by a sweep (3).

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
    -- The enrichment that is pending; null when none is. An answer clears exactly the request that it
    -- was made for, so a sweep that publishes a request again must not change this.
    enrich_requested_at timestamptz,
    enrich_published_at timestamptz,
    -- Why it has no answer yet, and when it is asked about again.
    enrich_waits_for    text,
    enrich_next_at      timestamptz,
    -- When a person wanted it asked about again: failed calls from before count no more.
    enrich_again_at     timestamptz,
    erased_at           timestamptz,
    created_at          timestamptz not null default now(),
    updated_at          timestamptz not null default now(),
    constraint leads_pkey primary key (id),
    constraint leads_source_external_id_key unique (source, external_id),
    constraint leads_source_username_key unique (source, username),
    constraint leads_source_known check (source in ('x', 'instagram', 'facebook', 'linkedin', 'csv')),
    constraint leads_username_normalised check (username = lower(username) and username not like '@%'),
    constraint leads_follower_count_natural check (follower_count >= 0),
    constraint leads_country_alpha2 check (country ~ '^[A-Z]{2}$'),
    constraint leads_raw_capped check (octet_length(raw::text) <= 16384),
    constraint leads_email_hash_size check (octet_length(email_hash) = 32),
    constraint leads_email_hash_with_email check (email is null or email_hash is not null),
    constraint leads_erased_is_empty check (
        erased_at is null
        or (name is null and email is null and bio is null and raw is null and website is null
            and location is null and profile_url is null and follower_count is null)
    )
);

comment on column leads.source is 'the platform';
comment on column leads.raw is 'what the source said, for questions later; capped at 16 KiB';
comment on column leads.email_hash is 'key of the mailbox: the same for every alias of it';

create index leads_email_hash_idx on leads (email_hash) where email_hash is not null;
-- What the sweep publishes again, the longest wait first.
create index leads_enrichment_pending_idx on leads (greatest(enrich_requested_at, enrich_published_at), id)
    where enrich_requested_at is not null;
