-- The leads that hold an id or a username of the page. Found first and locked by primary key: one that
-- is renamed while its lock is waited for comes back with its new name.
select l.id, l.source, l.external_id, l.username, l.name, l.email, l.email_hash, l.profile_url,
       l.follower_count, l.bio, l.verified, l.location, l.website, l.country, l.language, l.raw,
       l.erased_at is not null as "erased!",
       exists (select from lead_sources ls where ls.lead_id = l.id and ls.source_id = $4) as "linked!"
from leads l
where l.id in (
    select k.id
    from unnest($1::text[], $2::text[]) as p (source, external_id)
    join leads k using (source, external_id)
    union
    select k.id
    from unnest($1::text[], $3::text[]) as p (source, username)
    join leads k using (source, username)
)
order by l.id
for no key update of l
