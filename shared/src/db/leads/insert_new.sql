-- Inserts the rows of a page whose id and username are both free; the others are merged. Sorted, so
-- that two pages do not wait for each other in a circle.
insert into leads (
    source, external_id, username, name, email, email_hash, profile_url, follower_count, bio, verified,
    location, website, country, language, raw, enrich_requested_at
)
select d.source, d.external_id, d.username, d.name, d.email, d.email_hash, d.profile_url, d.follower_count,
       d.bio, coalesce(d.verified, false), d.location, d.website, d.country, d.language, d.raw, now()
from jsonb_to_recordset($1) as d (
    source text, external_id text, username text, name text, email text, email_hash bytea, profile_url text,
    follower_count bigint, bio text, verified boolean, location text, website text, country text,
    language text, raw jsonb
)
-- As a value and not as a join, which would scan: hardly any recipient is erased.
where (select r.erased_at from recipients r where r.email_hash = d.email_hash) is null
order by d.source, d.external_id
on conflict do nothing
returning id
