-- Stores one page of a source and advances its cursor. Returns the source's own row first, then
-- one row per lead of the page, in order; nothing at all when another run has taken the source.

-- The run's own row: locks the source, moves the cursor, renews the lease.
with source as (
    update sources
    set cursor = $3, lease_until = now() + make_interval(secs => $4)
    where id = $1 and run = $2
    returning id
),

page as (
    select p.*, source.id as source_id
    from source,
         unnest(
             $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::bytea[], $11::text[],
             $12::bigint[], $13::text[], $14::boolean[], $15::text[], $16::text[], $17::text[],
             $18::text[], $19::jsonb[]
         ) with ordinality as p (
             source, external_id, username, name, email, email_hash, profile_url, follower_count,
             bio, verified, location, website, country, language, raw, n
         )
),

-- Who is it? The platform's id decides; a username only where one side never had an id (a list
-- that gives none is stored under '@' and the username).
known as (
    select p.*,
           coalesce(by_id.id, by_name.id) as lead_id,
           by_id.id is null and by_name.id is not null
               and by_name.external_id not like '@%' and p.external_id not like '@%' as taken,
           coalesce(by_id.erased_at, by_name.erased_at) is not null
               or exists (select 1 from recipients r
                          where r.email_hash = p.email_hash and r.erased_at is not null) as erased,
           -- A new name that another profile holds is left alone.
           by_id.id is not null and by_id.username <> p.username
               and exists (select 1 from leads o
                           where o.source = p.source and o.username = p.username) as name_held,
           not exists (select 1 from lead_sources ls
                       where ls.lead_id = coalesce(by_id.id, by_name.id)
                         and ls.source_id = p.source_id) as new_here
    from page p
    left join leads by_id on by_id.source = p.source and by_id.external_id = p.external_id
    left join leads by_name
        on by_id.id is null and by_name.source = p.source and by_name.username = p.username
),

-- Sorted, so that two pages never wait for each other in a circle.
inserted as (
    insert into leads (
        source, external_id, username, name, email, email_hash, profile_url, follower_count, bio,
        verified, location, website, country, language, raw, enrich_requested_at
    )
    select k.source, k.external_id, k.username, k.name, k.email, k.email_hash, k.profile_url,
           k.follower_count, k.bio, coalesce(k.verified, false), k.location, k.website, k.country,
           k.language, k.raw, now()
    from known k
    where k.lead_id is null and not k.erased
    order by k.source, k.external_id
    -- Another source's page may store a lead between our look and our insert: it is ours as well,
    -- and owed for our campaign.
    on conflict on constraint leads_source_external_id_key
        do update set enrich_requested_at = now() where leads.erased_at is null
    returning id, source, external_id
),

-- Only where something differs; what the source does not say changes nothing. A new enrichment is
-- owed when what it reads has changed, or when a source of another campaign has found the lead.
-- Locked in the order that everybody locks in, and read as they are by then.
held as (
    select l.* from leads l
    where l.id in (select lead_id from known)
    order by l.id
    for no key update of l
),

proposed as (
    select k.lead_id, k.new_here,
           case when l.external_id like '@%' then k.external_id else l.external_id end as external_id,
           case when k.name_held then l.username else k.username end as username,
           coalesce(k.name, l.name) as name,
           coalesce(k.email, l.email) as email,
           coalesce(k.email_hash, l.email_hash) as email_hash,
           coalesce(k.profile_url, l.profile_url) as profile_url,
           coalesce(k.follower_count, l.follower_count) as follower_count,
           coalesce(k.bio, l.bio) as bio,
           coalesce(k.verified, l.verified) as verified,
           coalesce(k.location, l.location) as location,
           coalesce(k.website, l.website) as website,
           coalesce(k.country, l.country) as country,
           -- The first one stays: who writes in two languages would be read anew each time.
           coalesce(l.language, k.language) as language,
           coalesce(k.raw, l.raw) as raw,
           (l.name, l.email, l.bio, l.location, l.website, l.country)
               is distinct from
           (coalesce(k.name, l.name), coalesce(k.email, l.email), coalesce(k.bio, l.bio),
            coalesce(k.location, l.location), coalesce(k.website, l.website),
            coalesce(k.country, l.country)) as reads_anew
    from known k
    join held l on l.id = k.lead_id
    where not k.erased and not k.taken
),

updated as (
    update leads l
    set external_id = p.external_id, username = p.username, name = p.name, email = p.email,
        email_hash = p.email_hash, profile_url = p.profile_url, follower_count = p.follower_count,
        bio = p.bio, verified = p.verified, location = p.location, website = p.website,
        country = p.country, language = p.language, raw = p.raw,
        enrich_requested_at =
            case when p.reads_anew or p.new_here then now() else l.enrich_requested_at end,
        updated_at = now()
    from proposed p
    where l.id = p.lead_id
      and l.erased_at is null
      and (p.new_here or p.reads_anew
           or (l.external_id, l.username, l.profile_url, l.follower_count, l.verified)
               is distinct from
              (p.external_id, p.username, p.profile_url, p.follower_count, p.verified))
    returning l.id, p.reads_anew or p.new_here as owed
),

linked as (
    insert into lead_sources (lead_id, source_id)
    select id, $1 from inserted
    union
    select p.lead_id, $1 from proposed p where p.new_here
    order by 1
    on conflict do nothing
)

select 0::bigint as "n!", 'source' as "outcome!", null::bigint as owed
from source
union all
select k.n,
       case
           when k.erased then 'erased'
           when k.taken then 'conflict'
           when i.id is not null then 'new'
           when u.id is not null then 'updated'
           else 'unchanged'
       end,
       coalesce(i.id, case when u.owed then u.id end)
from known k
left join inserted i on i.source = k.source and i.external_id = k.external_id
left join updated u on u.id = k.lead_id
order by 1
