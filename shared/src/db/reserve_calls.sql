-- For each question, in order: was it answered, is somebody asking, may it be asked? What may be
-- asked is written down before it is, so that a crash costs one more call at most.

with wanted as (
    select * from unnest($1::bytea[]) with ordinality as w (request_key, n)
),

history as (
    select w.n, w.request_key,
           coalesce(max(c.attempt), 0) as attempts,
           -- An expired call may have been paid.
           count(*) filter (where c.state in ('unusable', 'lost', 'calling')) as wasted,
           bool_or(c.state = 'calling' and c.lease_until >= now()) as busy,
           bool_or(c.state = 'refused') as refused,
           max(c.answer) filter (where c.state = 'answered') as answer
    from wanted w
    left join model_calls c on c.request_key = w.request_key
    group by w.n, w.request_key
),

judged as (
    select *,
           case
               when answer is not null then 'answered'
               when refused then 'refused'
               -- The same question twice in one batch is asked once.
               when busy or n > min(n) over (partition by request_key) then 'busy'
               when wasted >= 2 then 'exhausted'
               else 'ask'
           end as verdict
    from history
),

affordable as (
    select n, request_key, attempts + 1 as attempt
    from judged
    where verdict = 'ask'
    order by n
    limit $5
),

reserved as (
    insert into model_calls (request_key, attempt, lease_until, model, reserved_micros)
    select request_key, attempt, now() + make_interval(secs => $3), $2, $4
    from affordable
    order by request_key
    on conflict on constraint model_calls_request_key_attempt_key do nothing
    returning request_key, attempt
),

lost as (
    update model_calls c set state = 'lost', cost_micros = c.reserved_micros, updated_at = now()
    where c.request_key = any ($1) and c.state = 'calling' and c.lease_until < now()
),

spent as (
    update model_spend set micros = micros + $4 * (select count(*) from reserved)
    where day = (now() at time zone 'utc')::date
)

select j.verdict as "verdict!", j.answer, r.attempt as "attempt?"
from judged j
left join reserved r on r.request_key = j.request_key
order by j.n
