-- What came back for a mail, and what it means for its mailbox and its campaign (invariant 12).

-- One row per event; a repeated delivery of it meets its key. Never an address.
create table send_events (
    event_key      bytea       not null,
    -- None for a mail that is not ours, or that we cannot match yet.
    send_id        bigint,
    ses_message_id text        not null,
    -- SES's word in snake case, or the word of a type that this version does not know.
    kind           text        not null,
    -- Bounce type and subtype, complaint type: SES's words.
    detail         text,
    email_hash     bytea,
    -- When it happened, by SES's clock.
    at             timestamptz not null,
    -- When SES took the mail; null for a mail to us.
    mailed_at      timestamptz,
    -- What follows from it, kept so that an event whose mail becomes known later counts as it is: the
    -- state that the send has at least, what a bounce says about the mailbox, why it is suppressed.
    state          send_state,
    bounce         text,
    suppression    text,
    received_at    timestamptz not null default now(),
    constraint send_events_pkey primary key (event_key),
    constraint send_events_send_id_fkey foreign key (send_id) references sends (id),
    constraint send_events_kind_bounded check (length(kind) between 1 and 60),
    constraint send_events_bounce_known check (bounce in ('soft', 'hard')),
    constraint send_events_suppression_known check (suppression in ('complained', 'unsubscribed', 'bounced'))
);

create index send_events_send_id_idx on send_events (send_id);
-- Events that came before anybody knew whose mail it was, found again when that is known.
create index send_events_unmatched_idx on send_events (ses_message_id) where send_id is null;
create index send_events_mailbox_idx on send_events (email_hash, at) where kind in ('bounce', 'delivery');

-- What the breaker looks at: mails by the day they were accepted, and how many of those went wrong.
-- What is forgiven was there when an operator closed the breaker again.
create table campaign_days (
    campaign_id         bigint  not null,
    day                 date    not null,
    sent                integer not null default 0,
    bounced             integer not null default 0,
    complained          integer not null default 0,
    forgiven_sent       integer not null default 0,
    forgiven_bounced    integer not null default 0,
    forgiven_complained integer not null default 0,
    constraint campaign_days_pkey primary key (campaign_id, day),
    constraint campaign_days_campaign_id_fkey foreign key (campaign_id) references campaigns (id)
)
-- Few rows, changed by every batch.
with (fillfactor = 10);

-- Open while `opened_at` stands: nothing of this campaign leaves. Opened by the feedback function, for
-- the campaign's own figures or for those of the whole account; closed by an operator only.
create table breakers (
    campaign_id bigint      not null,
    opened_at   timestamptz,
    reason      text,
    -- The figures that opened it: sent, bounced, complained, window.
    figures     jsonb,
    closed_at   timestamptz,
    closed_by   text,
    constraint breakers_pkey primary key (campaign_id),
    constraint breakers_campaign_id_fkey foreign key (campaign_id) references campaigns (id),
    constraint breakers_open_explained check (opened_at is null or (reason is not null and figures is not null))
);
