-- What people decided about drafts, and who holds one at the moment.

-- A courtesy between reviewers: whoever holds a draft is shown it, others are not. What keeps two decisions apart
-- is the state of the send.
create table review_leases (
    send_id    bigint      not null,
    -- The issuer's id of the person.
    subject    text        not null,
    until      timestamptz not null,
    constraint review_leases_pkey primary key (send_id),
    constraint review_leases_send_id_fkey foreign key (send_id) references sends (id) on delete cascade
);

-- One row per decision: how often people agree with the model is counted here.
create table reviews (
    id         bigint generated always as identity,
    send_id    bigint      not null,
    subject    text        not null,
    decision   text        not null,
    -- Why it was rejected, as a word, and in the person's own words.
    reason     text,
    words      text,
    -- What the person saw.
    score      smallint    not null,
    method     text        not null,
    created_at timestamptz not null default now(),
    constraint reviews_pkey primary key (id),
    constraint reviews_send_id_fkey foreign key (send_id) references sends (id) on delete cascade,
    constraint reviews_decision_known check (decision in ('approved', 'edited', 'rejected', 'skipped', 'undone')),
    constraint reviews_reason_given check ((decision = 'rejected') = (reason is not null))
);

create index reviews_send_id_idx on reviews (send_id, id);
create index reviews_created_at_idx on reviews (created_at);
-- Of one person: what they can take back, and what they put aside.
create index reviews_subject_idx on reviews (subject, id);

grant select, insert, update, delete on review_leases to outreach_console;
grant select, insert on reviews to outreach_console;
