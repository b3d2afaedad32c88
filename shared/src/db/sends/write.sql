-- Sends that are locked, as claim or arm decided. A claim keeps the reason for which a send waited.
update sends s
set state = d.state::send_state,
    reason = case when d.state = 'claimed' then s.reason else d.reason end,
    fence = s.fence + (d.state = 'claimed')::integer,
    attempts = s.attempts + (d.state = 'calling')::integer,
    lease_until = case when d.state in ('claimed', 'calling')
                       then statement_timestamp() + make_interval(secs => $8) end,
    not_before = coalesce(d.not_before, s.not_before),
    send_requested_at = case when d.published then greatest(s.send_requested_at, d.not_before)
                             else s.send_requested_at end,
    slot_at = coalesce(d.slot_at, s.slot_at),
    slot_day = coalesce((d.slot_at at time zone 'utc')::date, s.slot_day),
    decision = coalesce(d.decision, s.decision),
    updated_at = now()
from unnest(
    $1::bigint[], $2::text[], $3::text[], $4::timestamptz[], $5::boolean[], $6::timestamptz[], $7::jsonb[]
) as d (id, state, reason, not_before, published, slot_at, decision)
where s.id = d.id
