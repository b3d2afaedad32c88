-- What the feedback function reads after it has taken a lock. A statement sees what was committed when it
-- began; a volatile function sees what is committed when it is called, and what its caller has stored
-- so far. So two batches about one mailbox, or one campaign, end as if one had come after the other.

-- Which of two reasons for a suppression stands: the stronger one.
create function suppression_strength(reason text) returns integer language sql immutable
return case reason
    when 'complained' then 5
    when 'unsubscribed' then 4
    when 'bounced' then 2
    when 'soft_bounces' then 1
    -- What a person typed.
    else 3
end;

-- When a mailbox had its `length`-th soft bounce in a row, by SES's clock and with no delivery between
-- them; null if it never had. A function of the events alone, so that a late one is judged anew.
create function soft_bounces_in_a_row(mailbox bytea, length integer) returns timestamptz
language plpgsql volatile as $$
begin
    return (
        select min(run.at)
        from (
            select e.at, row_number() over (partition by e.deliveries order by e.at, e.event_key) as place
            from (
                select s.at, s.event_key, s.kind,
                       count(*) filter (where s.kind = 'delivery')
                           over (order by s.at, s.kind, s.event_key) as deliveries
                from send_events s
                where s.email_hash = mailbox and s.kind in ('bounce', 'delivery')
                  and (s.kind = 'delivery' or s.detail like 'soft %')
            ) e
            where e.kind = 'bounce'
        ) run
        where run.place = length
    );
end;
$$;

-- What the breaker looks at: a campaign's mails since a day, less what a person has forgiven.
create function campaign_figures(campaign bigint, since date)
returns table (sent bigint, bounced bigint, complained bigint)
language plpgsql volatile as $$
begin
    return query
        select coalesce(sum(d.sent - d.forgiven_sent), 0)::bigint,
               coalesce(sum(d.bounced - d.forgiven_bounced), 0)::bigint,
               coalesce(sum(d.complained - d.forgiven_complained), 0)::bigint
        from campaign_days d
        where d.campaign_id = campaign and d.day >= since;
end;
$$;

-- Events that came before anybody knew whose mail it was, found again when that is known.
create index send_events_unmatched_idx on send_events (ses_message_id) where send_id is null;
