-- Writes merged profiles over the leads, which are locked.
update leads l
set external_id = d.external_id, username = d.username, name = d.name, email = d.email,
    email_hash = d.email_hash, profile_url = d.profile_url, follower_count = d.follower_count,
    bio = d.bio, verified = d.verified, location = d.location, website = d.website,
    country = d.country, language = d.language, raw = d.raw,
    -- Later than any read of the old columns, so that the answer to those does not clear it.
    enrich_requested_at = case when d.pending then clock_timestamp() else l.enrich_requested_at end,
    profile_changed_at = case when d.reads_differently then clock_timestamp() else l.profile_changed_at end,
    updated_at = now()
from jsonb_to_recordset($1) as d (
    id bigint, pending boolean, reads_differently boolean, external_id text, username text, name text, email text, email_hash bytea,
    profile_url text, follower_count bigint, bio text, verified boolean, location text, website text,
    country text, language text, raw jsonb
)
where l.id = d.id
