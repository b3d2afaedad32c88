-- What a lead is about and whether the programme fits, and what was paid to know it (invariants 5, 6).

create table enriched_leads (
    id                 bigint generated always as identity,
    lead_id            bigint      not null,
    campaign_id        bigint      not null,
    niche              text        not null,
    score              smallint    not null,
    notes              text        not null,
    subject            text,
    message            text,
    contacted          boolean     not null default false,
    sent               boolean     not null default false,
    reviewed           boolean     not null default false,
    compliant          boolean     not null,
    compliance_notes   text        not null default '',
    enrichment_version integer     not null,
    ai_confidence      real        not null,
    evidence           jsonb       not null default '[]',
    method             text        not null,
    model              text,
    -- What the draft was written from, and the mail's footer says: an offer that changes later is another.
    offer              text,
    -- Of the profile as it was assessed, of the question that was put, and of the rules that were in force.
    profile_hash       bytea,
    question_hash      bytea,
    rules_hash         bytea,
    -- Of all that it was made from: the question to the model, and what the gate looks at besides.
    input_hash         bytea       not null,
    cost_micros        bigint      not null default 0,
    -- What was decided about writing to this lead, and why; the send ledger goes on from there.
    outcome            text        not null,
    reason             text,
    decision           jsonb       not null,
    -- The request that it answers.
    requested_at       timestamptz,
    created_at         timestamptz not null default now(),
    updated_at         timestamptz not null default now(),
    constraint enriched_leads_pkey primary key (id),
    constraint enriched_leads_lead_id_fkey foreign key (lead_id) references leads (id),
    constraint enriched_leads_campaign_id_fkey foreign key (campaign_id) references campaigns (id),
    constraint enriched_leads_version_key unique (lead_id, campaign_id, enrichment_version),
    constraint enriched_leads_score_range check (score between 0 and 100),
    constraint enriched_leads_confidence_range check (ai_confidence between 0 and 1),
    constraint enriched_leads_method_known check (method in ('model', 'rules')),
    constraint enriched_leads_outcome_known check (outcome in ('planned', 'review', 'refused')),
    constraint enriched_leads_reason_given check (outcome = 'planned' or reason is not null),
    constraint enriched_leads_message_bounded check (length(message) <= 4000 and length(subject) <= 200),
    constraint enriched_leads_sent_is_contacted check (not sent or contacted)
);

comment on column enriched_leads.notes is 'the short summary';
comment on column enriched_leads.cost_micros is 'millionths of a US dollar';

-- The list of leads by score, page by page; the lead parts equal scores, and the campaign is told without the row.
create index enriched_leads_score_idx on enriched_leads (score, lead_id, campaign_id);

-- One row per model call that was or may have been paid. `calling` is written before the call, so
-- that a crash costs at most one call more; a definite refusal (`failed`) cost nothing.
create table model_calls (
    id              bigint generated always as identity,
    request_key     bytea       not null,
    attempt         integer     not null,
    state           text        not null default 'calling',
    -- What was wrong with it.
    fault           text,
    lease_until     timestamptz not null,
    model           text        not null,
    answer          text,
    input_tokens    integer,
    output_tokens   integer,
    reserved_micros bigint      not null,
    cost_micros     bigint      not null default 0,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    constraint model_calls_pkey primary key (id),
    constraint model_calls_request_key_attempt_key unique (request_key, attempt),
    constraint model_calls_attempt_positive check (attempt >= 1),
    constraint model_calls_state_known check (
        state in ('calling', 'answered', 'refused', 'unusable', 'lost', 'failed')
    ),
    constraint model_calls_fault_known check (
        fault in ('cut_off', 'empty', 'no_json', 'form', 'draft', 'evidence', 'declined', 'unclear', 'crashed')
    )
)
-- An answer is several times the size of its question's row: it finds room on the same page.
with (fillfactor = 15);

-- Whether a model has answered since some time.
create index model_calls_answered_idx on model_calls (model, updated_at) where state = 'answered';

comment on column model_calls.state is
    'calling; paid: answered, refused, unusable (not to the schema), lost (no reply, may be paid); failed: not paid';

-- What a day''s model calls cost, reserved before the call and settled after it.
create table model_spend (
    day    date   not null,
    micros bigint not null default 0,
    constraint model_spend_pkey primary key (day),
    constraint model_spend_natural check (micros >= 0)
)
-- One row that every enricher changes: old versions of it go as soon as anybody looks at the page.
with (fillfactor = 10);

-- A model's server that answered no question when it was last asked. One question is put to it now and then;
-- every lead waits meanwhile. The key names address, model, key and parameters: another set-up is asked at
-- once.
create table model_outages (
    setup_hash  bytea       not null,
    model       text        not null,
    reason      text        not null,
    since       timestamptz not null default now(),
    failures    integer     not null default 1,
    next_try_at timestamptz not null,
    constraint model_outages_pkey primary key (setup_hash)
);
