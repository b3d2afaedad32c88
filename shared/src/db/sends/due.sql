-- What each campaign under way has due, or will have soon, and no message for. By campaign, so that
-- what others hold back is not walked past.
select s.id as "id!", greatest(0, extract(epoch from s.not_before - now()))::double precision as "delay!"
from campaigns c
left join breakers b on b.campaign_id = c.id
cross join lateral (
    select id, not_before from sends
    where campaign_id = c.id and state = 'queued' and not_before <= now() + make_interval(secs => $3)
      and (send_requested_at < not_before or send_requested_at < now() - make_interval(secs => $1))
    order by not_before, id
    limit $2
    for no key update skip locked
) s
where c.status in ('active', 'ended') and b.opened_at is null
order by s.not_before, s.id
limit $2
