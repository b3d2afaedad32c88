-- The send ledger: who may be written to, and every intended mail from plan to outcome
-- (invariants 7 to 10, 15). Nothing else leads to SES.

-- A mailbox. Its key is a keyed hash of the address, so that a "no" outlives the address (16).
create table recipients (
    email_hash         bytea       not null,
    country            text,
    basis              text,
    basis_note         text,
    suppressed_at      timestamptz,
    suppression_reason text,
    erased_at          timestamptz,
    -- Raised by every change, so that a decision taken over older facts is noticed when it is armed.
    revision           bigint      not null default 0,
    created_at         timestamptz not null default now(),
    updated_at         timestamptz not null default now(),
    constraint recipients_pkey primary key (email_hash),
    constraint recipients_email_hash_size check (octet_length(email_hash) = 32),
    constraint recipients_basis_known check (basis in ('consent', 'legitimate_interest', 'contract')),
    constraint recipients_suppression_explained check ((suppressed_at is null) = (suppression_reason is null))
);

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
    created_at        timestamptz not null default now(),
    updated_at        timestamptz not null default now(),
    constraint sends_pkey primary key (id),
    constraint sends_campaign_id_fkey foreign key (campaign_id) references campaigns (id),
    constraint sends_email_hash_fkey foreign key (email_hash) references recipients (email_hash),
    constraint sends_lead_id_fkey foreign key (lead_id) references leads (id),
    constraint sends_enriched_lead_id_fkey foreign key (enriched_lead_id) references enriched_leads (id),
    constraint sends_once_per_step_key unique (campaign_id, email_hash, step),
    constraint sends_step_positive check (step >= 1),
    constraint sends_lease_while_held check ((state in ('claimed', 'calling')) = (lease_until is not null)),
    constraint sends_reason_given check (reason is not null or state not in ('review', 'refused', 'rejected', 'unknown')),
    constraint sends_sent_at_given check (sent_at is not null or state not in ('sent', 'delivered', 'opened', 'clicked', 'replied'))
);

create index sends_due_idx on sends (not_before, id) where state = 'queued';
create index sends_held_idx on sends (lease_until, id) where state in ('claimed', 'calling');
create index sends_unknown_idx on sends (updated_at) where state = 'unknown';
create index sends_email_hash_idx on sends (email_hash);
create unique index sends_ses_message_id_key on sends (ses_message_id) where ses_message_id is not null;

-- At most one mail per recipient and day: the claim takes the slot, a mail that never left returns it.
create table mail_days (
    email_hash  bytea  not null,
    day         date   not null,
    send_id     bigint not null,
    campaign_id bigint not null,
    constraint mail_days_pkey primary key (email_hash, day),
    constraint mail_days_send_id_fkey foreign key (send_id) references sends (id)
);

create index mail_days_day_campaign_id_idx on mail_days (day, campaign_id);
create index mail_days_send_id_idx on mail_days (send_id);
