-- Messages that can never be worked on, with the reason, so that they neither loop nor vanish
-- (invariant 14). Only a hash of the body is kept here: whatever it held, it was not ours. An event of SES
-- that cannot be read exists nowhere else: its body is among the dead letters.

create table quarantine (
    id           bigint generated always as identity,
    queue        text        not null,
    message_id   text        not null,
    reason       text        not null,
    payload_hash bytea       not null,
    created_at   timestamptz not null default now(),
    constraint quarantine_pkey primary key (id),
    constraint quarantine_queue_message_id_key unique (queue, message_id)
);
