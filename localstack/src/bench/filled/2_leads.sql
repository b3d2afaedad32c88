-- Who was found, one after the other over a year: each lead by the lists of all three campaigns. One given name in
-- eight leads, one domain in a thousand.
insert into campaigns (name, status, offer, audience)
select 'ended ' || n, 'ended', 'An offer of the past.', 'People of the past.' from generate_series(1, 3) n;

insert into sources (campaign_id, name, kind, enabled)
select id, 'list', 'csv', false from campaigns;

insert into leads (source, external_id, username, name, email, email_hash, profile_url, follower_count, bio,
                   verified, location, website, country, language, created_at)
select 'x', (7000000000 + n)::text, 'past_' || n,
       (array['Ana', 'Rowan', 'Mira', 'Jonas', 'Yuki', 'Priya', 'Tom', 'Lena'])[1 + n % 8] || ' Past',
       'past' || n || '@studio' || n % 1000 || '.example',
       sha256(n::text::bytea), 'https://x.com/past_' || n, n % 100000,
       'Trail runner and coach number ' || n || '. I write about shoes, long runs and what I eat on them.',
       n % 7 = 0, 'Austin, TX', 'https://past' || n || '.example/', 'US', 'en',
       now() - interval '365 days' * (1 - n / LEADS.0)
from generate_series(1, LEADS) n;

insert into lead_sources (lead_id, source_id, found_at)
select l.id, s.id, l.created_at from leads l cross join sources s order by l.id;

insert into recipients (email_hash, country, suppressed_at, suppression_reason)
select sha256(n::text::bytea), 'US', case when n % 40 = 0 then now() - interval '30 days' end,
       case when n % 40 = 0 then 'unsubscribed' end
from generate_series(1, LEADS) n;
