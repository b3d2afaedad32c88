-- What the overview counts, added up beforehand: a page reads some hundred rows of these and not the
-- millions that they were counted from.
--
-- The facts stand elsewhere and are only ever added to: `lead_sources`, `enriched_leads`, and what the audit
-- log says of `sends`. The sender's sweep adds those that are older than five minutes, when no transaction can
-- be under way that still adds older ones. Younger ones it counts each time anew, into one row; a page adds what
-- came after that by itself, by index. Nothing is written here by what stores leads, assessments and mails.

create table figures_hours (
    hour             timestamptz not null,
    campaign_id      bigint      not null,
    -- By which the campaign found the lead first.
    source_id        bigint      not null,
    platform         text        not null,
    -- Leads that were stored in this hour.
    stored           bigint      not null default 0,
    -- Leads that the campaign found in this hour, and how far they have come since, whenever that was.
    found            bigint      not null default 0,
    assessed         bigint      not null default 0,
    by_model         bigint      not null default 0,
    qualified        bigint      not null default 0,
    planned          bigint      not null default 0,
    mailed           bigint      not null default 0,
    delivered        bigint      not null default 0,
    replied          bigint      not null default 0,
    -- Of all their assessments, and of the newest that the model gave each.
    cost_micros      bigint      not null default 0,
    confidence_micros bigint     not null default 0,
    -- Mails that SES took in this hour, and what has become of them.
    mails            bigint      not null default 0,
    mails_delivered  bigint      not null default 0,
    mails_bounced    bigint      not null default 0,
    mails_complained bigint      not null default 0,
    mails_replied    bigint      not null default 0,
    -- What reviewers decided in this hour, as far as it stands.
    approved         bigint      not null default 0,
    edited           bigint      not null default 0,
    rejected         bigint      not null default 0,
    constraint figures_hours_pkey primary key (hour, source_id, platform)
)
-- The newest rows change with every sweep: old versions go as soon as anybody looks at the page.
with (fillfactor = 70);

-- What is spread over values, by the day (UTC): 'score' and 'confidence' of newest assessments, 'refused' by
-- reason, 'mail' by state and reason of mails that have not left, all of leads found on that day; 'wait' of
-- mails that left on that day.
create table figures_days (
    day         date   not null,
    campaign_id bigint not null,
    source_id   bigint not null,
    platform    text   not null,
    kind        text   not null,
    detail      text   not null,
    amount      bigint not null default 0,
    constraint figures_days_pkey primary key (day, source_id, platform, kind, detail)
)
with (fillfactor = 70);

create table figures_state (
    only_row      boolean     not null default true,
    -- Facts up to this time are in the tables above.
    folded_until  timestamptz not null,
    -- What the facts after that and up to this time add to them, as the last sweep saw it. Null: nothing is counted.
    counted_until timestamptz,
    counted       json,
    constraint figures_state_pkey primary key (only_row),
    constraint figures_state_only_one_row check (only_row),
    constraint figures_state_counted check (num_nulls(counted_until, counted) in (0, 2)),
    constraint figures_state_counted_later check (counted_until > folded_until)
);

insert into figures_state (folded_until) select coalesce(min(found_at) - interval '1 minute', now()) from lead_sources;

-- The facts of a time. Each block range keeps its first and last time, some bytes for a megabyte of rows, so
-- that what stores the rows pays next to nothing; they lie in the order of time.
create index lead_sources_found_at_idx on lead_sources using brin (found_at) with (pages_per_range = 32, autosummarize = on);
create index enriched_leads_created_at_idx on enriched_leads using brin (created_at) with (pages_per_range = 32, autosummarize = on);
create index audit_log_at_idx on audit_log using brin (at) with (pages_per_range = 32, autosummarize = on);

-- Its sweep adds the facts up, those of the audit log among them, which holds no personal data.
grant select on audit_log, figures_state, figures_hours, figures_days to outreach_sender;
grant select (id, name, kind, campaign_id) on sources to outreach_sender;
grant insert, update on figures_hours, figures_days to outreach_sender;
grant update (folded_until, counted_until, counted) on figures_state to outreach_sender;

grant select on figures_state, figures_hours, figures_days, rate_limits to outreach_console;

-- Where the extension pg_stat_statements counts, the overview shows which statements of the functions take most
-- time. Without this right it sees the console's own ones only.
do $$
begin
    grant pg_read_all_stats to outreach_console;
exception
    when unique_violation or internal_error then
        -- Another database of this server was given it in the same moment: it is the role's.
        null;
    when insufficient_privilege then
        raise notice 'The overview will not show where the database''s time goes: a superuser may grant pg_read_all_stats to outreach_console.';
end;
$$;
