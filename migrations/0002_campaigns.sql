-- What is offered, to whom, under which rules; where a campaign looks; and which source found whom.

create table campaigns (
    id             bigint generated always as identity,
    name           text        not null,
    status         text        not null default 'active',
    offer          text        not null,
    audience       text        not null,
    min_score      smallint    not null default 70,
    min_confidence real        not null default 0.5,
    -- Mails a day at most; the owner raises it as the domain warms up.
    daily_cap      integer     not null default 50,
    review_all     boolean     not null default false,
    -- Where the model gives no answer, the score of the rules is final. Otherwise the lead waits for the
    -- model, or a person looks.
    rules_decide   boolean     not null default false,
    -- Country code → 'allow' | 'review' | 'consent' | 'never', over the built-in table of lawful bases.
    basis_rules    jsonb       not null default '{}',
    -- Mails leave between these hours where the recipient is; both empty means at any hour.
    send_from      smallint             default 8,
    send_until     smallint             default 20,
    -- When enrichments were last requested for those of its leads that lack one; null: to be done, once
    -- it is active (invariant 3).
    leads_requested_at timestamptz,
    -- Of the rules that its leads are planned under. Under others all are planned anew that had no mail.
    leads_rules_hash   bytea,
    -- Raised by every change that a person makes: of two who change it at once, the second is told.
    revision       bigint      not null default 1,
    created_at     timestamptz not null default now(),
    updated_at     timestamptz not null default now(),
    constraint campaigns_pkey primary key (id),
    constraint campaigns_name_key unique (name),
    constraint campaigns_status_known check (status in ('draft', 'active', 'paused', 'ended')),
    constraint campaigns_min_score_range check (min_score between 0 and 100),
    constraint campaigns_min_confidence_range check (min_confidence between 0 and 1),
    constraint campaigns_daily_cap_natural check (daily_cap >= 0),
    constraint campaigns_hours_range check (
        (send_from is null) = (send_until is null)
        and send_from between 0 and 23 and send_until between 1 and 24 and send_from < send_until)
);

create table sources (
    id          bigint generated always as identity,
    campaign_id bigint      not null,
    name        text        not null,
    kind        text        not null,
    params      jsonb       not null default '{}',
    -- Where the next run goes on. Advanced in the transaction that stores the page (invariant 2).
    cursor      jsonb       not null default '{}',
    enabled     boolean     not null default true,
    -- A run holds the source until this time; its number tells a late run that it was replaced.
    run         bigint      not null default 0,
    lease_until timestamptz,
    last_run_at timestamptz,
    -- Whether that run ended because its time was up: then the source comes first next time.
    cut_short   boolean     not null default false,
    -- The service asked to be left alone until then, or has no credit for us; a person who names the source is heard.
    rests_until timestamptz,
    -- Most rows of the list that was read last were refused.
    refused_most boolean    not null default false,
    -- A person must do something before it can go on, as the last run found; an alarm rings.
    needs_attention boolean not null default false,
    -- For people; nothing is decided by it.
    last_report jsonb,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now(),
    constraint sources_pkey primary key (id),
    constraint sources_campaign_id_fkey foreign key (campaign_id) references campaigns (id),
    constraint sources_campaign_id_name_key unique (campaign_id, name),
    constraint sources_kind_known check (kind in ('x', 'csv', 'simulated'))
);

create table lead_sources (
    lead_id   bigint      not null,
    source_id bigint      not null,
    found_at  timestamptz not null default now(),
    constraint lead_sources_pkey primary key (lead_id, source_id),
    constraint lead_sources_lead_id_fkey foreign key (lead_id) references leads (id),
    constraint lead_sources_source_id_fkey foreign key (source_id) references sources (id)
);

create index lead_sources_source_id_idx on lead_sources (source_id, lead_id);
