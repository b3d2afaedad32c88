-- Stores events in the order of their keys; gives the keys of those that are new.
insert into send_events (
    event_key, send_id, ses_message_id, kind, detail, email_hash, at, mailed_at, state, bounce, suppression
)
select event_key, send_id, ses_message_id, kind, detail, email_hash, at, mailed_at, state::send_state,
       bounce, suppression
from unnest(
    $1::bytea[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::timestamptz[],
    $8::timestamptz[], $9::text[], $10::text[], $11::text[]
) as d (
    event_key, send_id, ses_message_id, kind, detail, email_hash, at, mailed_at, state, bounce, suppression
)
order by event_key
on conflict (event_key) do nothing
returning event_key
