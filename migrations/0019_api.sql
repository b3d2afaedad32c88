-- What the API of the console keeps of requests.

-- Requests of a person in a minute: environments of a function share nothing else.
create table api_minutes (
    subject  text        not null,
    minute   timestamptz not null,
    requests integer     not null,
    constraint api_minutes_pkey primary key (subject, minute)
);

-- What was answered to a request that carried an Idempotency-Key, stored with what the request did. It counts for a
-- day.
create table api_answers (
    subject     text        not null,
    key         text        not null,
    -- Of method, path and body: a key names one request.
    fingerprint bytea       not null,
    -- None only within the transaction that carries the request out.
    answer      jsonb,
    created_at  timestamptz not null default now(),
    constraint api_answers_pkey primary key (subject, key)
);

grant select, insert, update, delete on api_minutes, api_answers to outreach_console;
