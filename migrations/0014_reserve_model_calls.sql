-- Reserving calls of the model, in one statement of the enricher: the day's row is locked for as long as
-- the server works on it and commits, and never while an answer is on its way to the function. What is read
-- after the wait for that lock is what stands then: each statement of a volatile function sees for itself.

-- For each question, in order: was it answered, is somebody asking, may it be asked? What may be asked is
-- written down before it is, so that a crash costs one more call at most.
create function reserve_model_calls(
    questions bytea[], model_name text, lease_seconds double precision, call_micros bigint, daily_budget_micros bigint
) returns table (verdict text, answer text, attempt smallint)
language plpgsql volatile as $$
#variable_conflict use_column
declare
    today constant date := (now() at time zone 'utc')::date;
    spent bigint;
begin
    -- Whoever reserves waits for its turn, and the sum is exact.
    insert into model_spend as m (day) values (today)
    on conflict (day) do update set micros = m.micros
    returning m.micros into spent;

    return query
    with wanted as (
        select * from unnest(questions) with ordinality as w (request_key, n)
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
                   when h.answer is not null then 'answered'
                   when h.refused then 'refused'
                   -- The same question twice in one batch is asked once.
                   when h.busy or h.n > min(h.n) over (partition by h.request_key) then 'busy'
                   when h.wasted >= 2 then 'exhausted'
                   else 'ask'
               end as verdict
        from history h
    ),

    affordable as (
        select j.n, j.request_key, (j.attempts + 1)::smallint as attempt
        from judged j
        where j.verdict = 'ask'
        order by j.n
        limit greatest(0, daily_budget_micros - spent) / nullif(call_micros, 0)
    ),

    reserved as (
        insert into model_calls as c (request_key, attempt, lease_until, model, reserved_micros)
        select a.request_key, a.attempt, now() + make_interval(secs => lease_seconds), model_name, call_micros
        from affordable a
        order by a.request_key
        on conflict on constraint model_calls_request_key_attempt_key do nothing
        returning c.request_key, c.attempt
    ),

    -- One that is being settled at this moment is not waited for: who settles waits for the day's row.
    expired as (
        select c.id from model_calls c
        where c.request_key = any (questions) and c.state = 'calling' and c.lease_until < now()
        for no key update skip locked
    ),

    lost as (
        update model_calls c set state = 'lost', cost_micros = c.reserved_micros, updated_at = now()
        from expired e
        where c.id = e.id
    ),

    spending as (
        update model_spend m set micros = m.micros + call_micros * (select count(*) from reserved)
        where m.day = today
    )

    select case when j.verdict <> 'ask' or r.attempt is not null then j.verdict
                -- Somebody else was a moment earlier.
                when a.n is not null then 'busy'
                else 'over_budget' end,
           j.answer, r.attempt
    from judged j
    left join affordable a on a.n = j.n
    -- Of a question that comes twice, only the first has the attempt.
    left join reserved r on r.request_key = j.request_key and j.verdict = 'ask'
    order by j.n;
end;
$$;
