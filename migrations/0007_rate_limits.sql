-- How fast mails may leave (invariant 11). Every limit is a row that a grant locks, so that it holds
-- across all senders; a crash burns what it took, which sends too little and never too much.

-- One row for the SES account. Until SES was asked, the limits of its sandbox hold.
create table rate_limits (
    name            text             not null,
    -- As SES last answered.
    max_per_second  double precision not null default 1,
    max_per_day     integer          default 200,
    -- Mails of the last 24 hours that SES counts and we do not: others use the account too.
    sent_elsewhere  integer          not null default 0,
    read_at         timestamptz,
    -- The next free slot of the rate.
    next_at         timestamptz      not null default now(),
    -- Slots are reserved until then, for mails that come back later. A forecast, no promise.
    reserved_until  timestamptz      not null default now(),
    -- The share of the rate in use; throttling halves it, quiet minutes bring it back.
    throttle_factor double precision not null default 1,
    throttled_at    timestamptz      not null default now(),
    -- SES said that the 24-hour quota is used up.
    blocked_until   timestamptz,
    -- Granted in this hour and each of the 24 before it.
    hour_at         timestamptz      not null default date_trunc('hour', now()),
    hours           integer[]        not null default array_fill(0, array[25]),
    -- The ramp: today, what was granted, and how many days with mails came before it.
    day             date             not null default '1970-01-01',
    day_taken       integer          not null default 0,
    days_used       integer          not null default 0,
    -- The last day to which mails over the ramp were deferred, and how many of them are for that day.
    booked_day      date             not null default '1970-01-01',
    booked          integer          not null default 0,
    constraint rate_limits_pkey primary key (name),
    constraint rate_limits_rate_positive check (max_per_second > 0),
    constraint rate_limits_throttle_factor_share check (throttle_factor > 0 and throttle_factor <= 1),
    constraint rate_limits_hours_whole check (cardinality(hours) = 25)
)
-- One row that every sender changes: old versions of it go as soon as anybody looks at the page.
with (fillfactor = 10);

comment on column rate_limits.max_per_day is 'null: no limit (SES says -1)';

insert into rate_limits (name) values ('ses');

-- One mail a while to the servers of one domain, by keyed hash. Rows are kept for a day.
create table recipient_domains (
    domain_hash    bytea       not null,
    next_at        timestamptz not null,
    reserved_until timestamptz not null,
    constraint recipient_domains_pkey primary key (domain_hash)
);

create index recipient_domains_next_at_idx on recipient_domains (next_at);

-- Today's mails of a campaign, and the last day to which mails over its cap were deferred.
create table campaign_counters (
    campaign_id bigint  not null,
    day         date    not null default '1970-01-01',
    taken       integer not null default 0,
    booked_day  date    not null default '1970-01-01',
    booked      integer not null default 0,
    constraint campaign_counters_pkey primary key (campaign_id),
    constraint campaign_counters_campaign_id_fkey foreign key (campaign_id) references campaigns (id)
)
with (fillfactor = 10);
