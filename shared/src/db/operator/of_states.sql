-- The newest $5 sends before $4 in the states $2, of the campaign $1 or of each, and of the source $3 or of any.
-- Each campaign and state gives its newest by sends_campaign_idx, whose keys are compared as a whole: were campaign
-- and state asked for as equal, PostgreSQL might go through the newest sends of all. $6: only what a rule or SES made
-- wait. $7: not what has this reason.
select s.id as "id!"
from campaigns c
cross join unnest($2::text[]) as wanted (state)
cross join lateral (
    select s.id from sends s
    where (s.campaign_id, s.state, s.id) < (c.id, wanted.state::send_state, $4)
      and (s.campaign_id, s.state, s.id) > (c.id, wanted.state::send_state, 0)
      and (not $6 or s.reason is not null or s.not_before > now())
      and ($7::text is null or s.reason <> $7)
      and ($3::text is null
           or exists (select from lead_sources f join sources o on o.id = f.source_id
                      where f.lead_id = s.lead_id and o.campaign_id = s.campaign_id and o.name = $3))
    order by s.campaign_id desc, s.state desc, s.id desc
    limit $5
) s
where ($1::text is null or c.name = $1)
  and ($3::text is null or exists (select from sources o where o.campaign_id = c.id and o.name = $3))
order by s.id desc
limit $5
