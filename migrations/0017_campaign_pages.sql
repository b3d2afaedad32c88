-- What the pages about campaigns read of one campaign among many.

-- Its leads by score, newest assessment or not, without a look at the table.
create index enriched_leads_campaign_idx on enriched_leads (campaign_id, score desc, lead_id)
    include (enrichment_version, ai_confidence);
-- What of it waits for a person. A mail that is planned, leaves and arrives writes nothing here.
create index sends_campaign_review_idx on sends (campaign_id) where state = 'review';
