-- Whether mails of a campaign may leave, asked after a lock was waited for. A statement sees what was
-- committed when it began; a volatile function sees what is committed when it is called.

create function campaign_stands(campaign bigint, seen timestamptz) returns boolean
language plpgsql volatile as $$
begin
    return exists (
        select 1 from campaigns c
        left join breakers b on b.campaign_id = c.id
        where c.id = campaign and c.status = 'active' and c.updated_at = seen and b.opened_at is null
    );
end;
$$;
