-- What claim and arm read after they have waited for a lock. A statement sees what was committed when it
-- began; a volatile function sees what is committed when it is called.

-- The other mails that a mailbox had within ninety days: how many, the latest day, the earliest. Two
-- campaigns that claim the same mailbox on either side of midnight see each other's day here.
create function past_mails(mailbox bytea, send bigint, today date)
returns table (mails bigint, latest date, earliest date)
language plpgsql volatile as $$
begin
    return query
        select count(*), max(m.day), min(m.day)
        from mail_days m
        where m.email_hash = mailbox and m.day > today - 90 and m.send_id <> send;
end;
$$;

-- Whether a lead is still there to be written to.
create function lead_stands(lead bigint) returns boolean
language plpgsql volatile as $$
begin
    return exists (select 1 from leads l where l.id = lead and l.erased_at is null);
end;
$$;
