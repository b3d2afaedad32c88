-- Stores a batch of events and all that follows from them, in one statement. Whatever the order, the
-- repetitions and the batches in which events come, the rows end alike: an event counts once (its
-- key), a state only rises, and what is counted is counted when a row passes its mark.
--
-- Locks, in everybody's order: recipients, sends, campaign_counters, mail_days, campaign_days,
-- breakers. `(select count(*) from x) >= 0` makes a step wait for the one before it.

with incoming as (
    select *, min(tag) over (partition by ses_message_id) as sibling_tag
    from (select distinct on (event_key) *
          from unnest(
              $1::bytea[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bytea[],
              $7::timestamptz[], $8::timestamptz[], $9::text[], $10::text[], $11::text[]
          ) as i (
              event_key, tag, ses_message_id, kind, detail, address, at, mailed_at, state, bounce,
              suppression
          )
          order by event_key, tag nulls last) i
),

-- Whose mail it was: the event's tag says it, or that of another event of the mail, or SES's id of
-- the mail. `mailed_at` is there for our mails only, not for a mail to us.
matched as (
    select i.*, s.id as send_id, coalesce(s.email_hash, i.address) as mailbox
    from incoming i
    left join lateral (
        select o.id, o.email_hash from sends o where o.id = i.tag
        union all
        select o.id, o.email_hash from sends o
        where i.tag is null and i.mailed_at is not null and o.id = i.sibling_tag
        union all
        select o.id, o.email_hash from sends o
        where i.mailed_at is not null and o.ses_message_id = i.ses_message_id
        limit 1
    ) s on true
),

-- Only what was not known before goes on. The same event may come again with a tag that it lacked.
stored as (
    insert into send_events as e (event_key, send_id, ses_message_id, kind, detail, email_hash, at)
    select event_key, send_id, ses_message_id, kind, detail, mailbox, at
    from matched
    order by event_key
    on conflict on constraint send_events_pkey do update
        set send_id = excluded.send_id, email_hash = excluded.email_hash
        where e.send_id is null and excluded.send_id is not null
    returning e.event_key
),

fresh as (
    select m.* from matched m join stored using (event_key)
),

-- What came before anybody knew whose mail it was. (Of two batches at once, one with the tag and one
-- without, neither may see the other: the mail's next event, or any that comes again, finds it.)
adopted as (
    update send_events e
    set send_id = m.send_id, email_hash = m.mailbox
    from (select distinct on (ses_message_id) ses_message_id, send_id, mailbox
          from matched
          where send_id is not null and mailed_at is not null
          order by ses_message_id, send_id) m
    where e.send_id is null and e.ses_message_id = m.ses_message_id
      and e.kind <> 'received' and e.event_key <> all ($1)
    returning e.send_id, e.kind, e.detail, e.email_hash
),

marks as (
    select send_id, state::send_state as state, bounce, ses_message_id, mailed_at
    from fresh
    where send_id is not null and state is not null
    union all
    select send_id,
           (case when kind = 'complaint' and detail is distinct from 'not-spam' then 'complained'
                 when kind = 'bounce' and detail not like 'reply %' then 'bounced'
                 when kind = 'delivery' then 'delivered'
                 when kind = 'reject' then 'rejected'
                 else 'sent' end)::send_state,
           case when detail like 'hard %' then 'hard' when detail like 'soft %' then 'soft' end,
           null, null
    from adopted
    where kind not in ('rendering_failure', 'subscription')
),

-- Every mailbox is locked before its mails, as it is when a mail is armed: those that are known in one
-- order, then those of strangers, which are rare. If that meets the enricher's order head on, PostgreSQL
-- ends one of the two, and its batch comes again.
mailboxes as (
    select mailbox,
           case when bool_or(suppression = 'complained') then 'complained'
                when bool_or(suppression = 'unsubscribed') then 'unsubscribed'
                when bool_or(suppression = 'bounced') then 'bounced' end as reason,
           min(at) filter (where suppression is not null) as at,
           bool_or(bounce = 'soft') as soft
    from (select mailbox, suppression, bounce, at from fresh where mailbox is not null
          union all
          select email_hash, null, null, null from adopted) touched
    group by mailbox
),

held_mailboxes as (
    select r.email_hash, r.suppressed_at, r.suppression_reason, m.reason, m.at, m.soft
    from mailboxes m
    join recipients r on r.email_hash = m.mailbox
    order by r.email_hash
    for no key update of r
),

-- Soft bounces in a row are judged by all events there are by now; a lasting reason by its strength.
judged as materialized (
    select *,
           case when suppression_reason = 'soft_bounces' or suppression_reason is null then reason
                when reason is null
                     or suppression_strength(suppression_reason) >= suppression_strength(reason)
                then suppression_reason
                else reason end as lasting,
           case when soft or suppression_reason = 'soft_bounces'
                then soft_bounces_in_a_row(email_hash, $12) end as in_a_row_at
    from held_mailboxes
),

-- What stood is read from the rows as they were locked: a scan would compare with older ones.
answered as (
    update recipients r
    set suppressed_at = a.new_at, suppression_reason = a.new_reason
    from (select email_hash, suppressed_at, suppression_reason,
                 case when lasting is not null
                      then least(case when suppression_reason <> 'soft_bounces' then suppressed_at end, at)
                      else in_a_row_at end as new_at,
                 coalesce(lasting, case when in_a_row_at is not null then 'soft_bounces' end)
                     as new_reason
          from judged) a
    where r.email_hash = a.email_hash
      and (a.suppressed_at, a.suppression_reason) is distinct from (a.new_at, a.new_reason)
    returning r.email_hash
),

-- The "no" of a mailbox that we do not know is kept as well.
strangers as (
    insert into recipients as r (email_hash, suppressed_at, suppression_reason)
    select m.mailbox, m.at, m.reason
    from mailboxes m
    where m.reason is not null
      and not exists (select 1 from recipients k where k.email_hash = m.mailbox)
      and (select count(*) from answered) >= 0
    order by m.mailbox
    on conflict on constraint recipients_pkey do update
        set suppressed_at = excluded.suppressed_at, suppression_reason = excluded.suppression_reason
        where r.suppression_reason is null
    returning r.email_hash
),

held_sends as (
    select s.id, s.campaign_id, s.state, s.bounce, s.sent_at, s.ses_message_id,
           m.state as mark, m.bounced, m.message_id, m.mailed_at
    from (select send_id, max(state) as state, min(mailed_at) as mailed_at,
                 case when bool_or(bounce = 'hard') then 'hard' else max(bounce) end as bounced,
                 min(ses_message_id) as message_id
          from marks group by send_id) m
    join sends s on s.id = m.send_id
    where (select count(*) from strangers) >= 0
    order by s.id
    for no key update of s
),

-- SES's id belongs to one send; a tag that lies must not stop the batch.
named as (
    select distinct on (h.message_id) h.id, h.message_id
    from held_sends h
    where h.ses_message_id is null and h.message_id is not null
      and not exists (select 1 from sends o where o.ses_message_id = h.message_id)
    order by h.message_id, h.id
),

moved as (
    update sends s
    -- What we refused and yet went out is where its events say it is: an earlier call of it was lost.
    set state = case when h.state = 'refused' then h.mark else greatest(h.state, h.mark) end,
        reason = case when h.mark = 'rejected' and h.state <> 'rejected' then $13
                      when h.mark <= h.state and h.state <> 'refused' then s.reason end,
        bounce = h.new_bounce,
        ses_message_id = coalesce(h.ses_message_id, h.named),
        sent_at = coalesce(h.sent_at, h.mailed_at, now()),
        lease_until = null,
        updated_at = now()
    from (select h.*, n.message_id as named,
                 case when h.bounced = 'hard' then 'hard' else coalesce(h.bounce, h.bounced) end
                     as new_bounce
          from held_sends h left join named n on n.id = h.id) h
    where s.id = h.id
      and (h.mark > h.state or h.state = 'refused' or h.sent_at is null or h.named is not null
           or h.bounce is distinct from h.new_bounce)
    returning s.id, s.campaign_id, s.email_hash, s.enriched_lead_id, s.state,
              h.state as state_before, (s.sent_at at time zone 'utc')::date as day,
              (h.sent_at is null)::int as sent,
              (s.bounce = 'hard' and h.bounce is distinct from 'hard')::int as bounced,
              (s.state = 'complained' and h.state <> 'complained')::int as complained
),

contacted as (
    update enriched_leads e
    set sent = true, contacted = true, updated_at = now()
    from moved m
    where e.id = m.enriched_lead_id and m.state not in ('refused', 'rejected') and not e.sent
),

-- One batch at a time looks at a campaign whose breaker is closed.
watched as (
    select c.campaign_id
    from campaign_counters c
    where c.campaign_id in (select campaign_id from held_sends)
      and not exists (select 1 from breakers b
                      where b.campaign_id = c.campaign_id and b.opened_at is not null)
      and (select count(*) from moved) >= 0
    order by c.campaign_id
    for no key update of c
),

-- A mail that we took for not sent was sent after all: its mailbox had its mail of that day.
days_taken as (
    insert into mail_days (email_hash, day, send_id, campaign_id)
    select email_hash, day, id, campaign_id
    from moved
    where state_before in ('review', 'queued', 'refused') and (select count(*) from watched) >= 0
    order by email_hash, day
    on conflict do nothing
    returning send_id
),

counted as (
    insert into campaign_days as d (campaign_id, day, sent, bounced, complained)
    select campaign_id, day, sum(sent), sum(coalesce(bounced, 0)), sum(complained)
    from moved
    where (select count(*) from days_taken) >= 0
    group by campaign_id, day
    having sum(sent) + sum(coalesce(bounced, 0)) + sum(complained) > 0
    order by campaign_id, day
    on conflict on constraint campaign_days_pkey do update
        set sent = d.sent + excluded.sent,
            bounced = d.bounced + excluded.bounced,
            complained = d.complained + excluded.complained
    returning d.campaign_id
),

figures as materialized (
    select w.campaign_id, f.*,
           case when f.sent < $14 then null
                when f.complained * 10000 >= f.sent * $15 then 'complaint_rate'
                when f.bounced * 10000 >= f.sent * $16 then 'bounce_rate' end as trip
    from (select campaign_id from watched where (select count(*) from counted) >= 0 offset 0) w,
         lateral campaign_figures(
             w.campaign_id, (now() at time zone 'utc')::date - $17::int + 1
         ) f
),

opened as (
    insert into breakers as b (campaign_id, opened_at, reason, figures)
    select campaign_id, now(), trip,
           jsonb_build_object(
               'sent', sent, 'bounced', bounced, 'complained', complained, 'days', $17::int)
    from figures
    where trip is not null
    order by campaign_id
    on conflict on constraint breakers_pkey do update
        set opened_at = excluded.opened_at, reason = excluded.reason, figures = excluded.figures,
            closed_at = null, closed_by = null
        where b.opened_at is null
    returning b.campaign_id
)

select (select count(*) from fresh) as "stored!",
       (select count(*) from fresh where send_id is null) as "unmatched!",
       (select count(*) from fresh where mailbox is null and suppression is not null) as "lost_noes!",
       (select count(*) from moved) as "moved!",
       (select count(*) from answered) + (select count(*) from strangers) as "suppressions!",
       array(select campaign_id from opened order by 1) as "opened!"
