-- The send ledger: every intended mail from plan to outcome (invariants 7 to 9, 15). Nothing else
-- leads to SES.

-- Declared in order of rank: feedback only moves a state to the right. A claim that is not used and
-- a definite refusal by SES go back to `queued`.
create type send_state as enum (
    'review', 'queued', 'claimed', 'calling', 'unknown', 'sent', 'delivered', 'opened', 'clicked',
    'replied', 'refused', 'rejected', 'bounced', 'complained'
);

create table sends (
    id                bigint generated always as identity,
    campaign_id       bigint      not null,
    email_hash        bytea       not null,
    lead_id           bigint      not null,
    enriched_lead_id  bigint      not null,
    step              smallint    not null default 1,
    state             send_state  not null,
    -- Why it stands where it stands: the rule that deferred, refused or parked it.
    reason            text,
    fence             bigint      not null default 0,
    lease_until       timestamptz,
    not_before        timestamptz not null default now(),
    send_requested_at timestamptz not null default now(),
    attempts          integer     not null default 0,
    content_hash      bytea       not null,
    ses_message_id    text,
    decision          jsonb       not null,
    sent_at           timestamptz,
    -- What the worst bounce of a mail says about its mailbox. Beside the state, since a complaint hides it there.
    bounce            text,
    -- When it is called, and that day: what it holds of its campaign's day, the ramp, the quota of SES
    -- and its mailbox's day. Null: nothing.
    slot_at           timestamptz,
    slot_day          date,
    -- An operator had it sent again after a call that may have gone out: its day is never given back.
    may_have_left     boolean     not null default false,
    created_at        timestamptz not null default now(),
    updated_at        timestamptz not null default now(),
    constraint sends_pkey primary key (id),
    constraint sends_campaign_id_fkey foreign key (campaign_id) references campaigns (id),
    constraint sends_email_hash_fkey foreign key (email_hash) references recipients (email_hash),
    constraint sends_lead_id_fkey foreign key (lead_id) references leads (id),
    constraint sends_enriched_lead_id_fkey foreign key (enriched_lead_id) references enriched_leads (id),
    constraint sends_once_per_step_key unique (email_hash, campaign_id, step),
    constraint sends_bounce_known check (bounce in ('soft', 'hard')),
    constraint sends_step_positive check (step >= 1),
    constraint sends_lease_while_held check ((state in ('claimed', 'calling')) = (lease_until is not null)),
    constraint sends_reason_given check (reason is not null or state not in ('review', 'refused', 'rejected', 'unknown')),
    constraint sends_sent_at_given check (sent_at is not null or state not in ('sent', 'delivered', 'opened', 'clicked', 'replied'))
);

-- By campaign first, so that nothing walks past what a paused campaign holds back.
create index sends_due_idx on sends (campaign_id, not_before, id) where state = 'queued';
-- What waits for a person, the newest first.
create index sends_review_idx on sends (id) where state = 'review';
create index sends_held_idx on sends (lease_until, id) where state in ('claimed', 'calling');
create index sends_unknown_idx on sends (updated_at) where state = 'unknown';
create index sends_lead_id_idx on sends (lead_id);
create index sends_enriched_lead_id_idx on sends (enriched_lead_id);
-- At most one mail per mailbox and day. Arming checks it under a lock on the mailbox; this is the backstop.
create unique index sends_mailbox_day_key on sends (email_hash, slot_day) where slot_day is not null;
create unique index sends_ses_message_id_key on sends (ses_message_id) where ses_message_id is not null;
