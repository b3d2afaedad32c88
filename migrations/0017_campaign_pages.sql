-- What the pages about campaigns read of one campaign among many.

-- Its leads by score, newest assessment or not, without a look at the table.
create index enriched_leads_campaign_idx on enriched_leads (campaign_id, score desc, lead_id)
    include (enrichment_version, ai_confidence);
-- Its mails by state, and the newest of each. Costs an entry for each step of a mail.
create index sends_campaign_idx on sends (campaign_id, state, id);
