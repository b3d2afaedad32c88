-- While a campaign is paused its leads are collected and not enriched. When it is made active, an
-- enrichment is owed for each lead of its sources that never had one (invariant 3).

create function owe_enrichments() returns trigger language plpgsql as $$
begin
    update leads l set enrich_requested_at = now()
    where l.erased_at is null
      and l.enrich_requested_at is null
      and exists (select 1 from lead_sources ls join sources s on s.id = ls.source_id
                  where ls.lead_id = l.id and s.campaign_id = new.id)
      and not exists (select 1 from enriched_leads e
                      where e.lead_id = l.id and e.campaign_id = new.id);
    return null;
end;
$$;

create trigger campaigns_activated after update of status on campaigns
    for each row when (new.status = 'active' and old.status <> 'active')
    execute function owe_enrichments();
