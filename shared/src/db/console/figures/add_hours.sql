-- Adds changes to what is counted of each hour.
insert into figures_hours as f (
    hour, campaign_id, source_id, platform,
    stored, found, assessed, by_model, qualified, planned, mailed, delivered, replied, cost_micros,
    confidence_micros, mails, mails_delivered, mails_bounced, mails_complained, mails_replied, approved,
    edited, rejected
)
select hour, campaign_id, source_id, platform,
       stored, found, assessed, by_model, qualified, planned, mailed, delivered, replied, cost_micros,
       confidence_micros, mails, mails_delivered, mails_bounced, mails_complained, mails_replied, approved,
       edited, rejected
from jsonb_to_recordset($1) as d (
    hour timestamptz, campaign_id bigint, source_id bigint, platform text,
    stored bigint, found bigint, assessed bigint, by_model bigint, qualified bigint, planned bigint,
    mailed bigint, delivered bigint, replied bigint, cost_micros bigint, confidence_micros bigint,
    mails bigint, mails_delivered bigint, mails_bounced bigint, mails_complained bigint,
    mails_replied bigint, approved bigint, edited bigint, rejected bigint
)
order by hour, source_id, platform
on conflict on constraint figures_hours_pkey do update set
    stored = f.stored + excluded.stored, found = f.found + excluded.found,
    assessed = f.assessed + excluded.assessed, by_model = f.by_model + excluded.by_model,
    qualified = f.qualified + excluded.qualified, planned = f.planned + excluded.planned,
    mailed = f.mailed + excluded.mailed, delivered = f.delivered + excluded.delivered,
    replied = f.replied + excluded.replied, cost_micros = f.cost_micros + excluded.cost_micros,
    confidence_micros = f.confidence_micros + excluded.confidence_micros, mails = f.mails + excluded.mails,
    mails_delivered = f.mails_delivered + excluded.mails_delivered,
    mails_bounced = f.mails_bounced + excluded.mails_bounced,
    mails_complained = f.mails_complained + excluded.mails_complained,
    mails_replied = f.mails_replied + excluded.mails_replied, approved = f.approved + excluded.approved,
    edited = f.edited + excluded.edited, rejected = f.rejected + excluded.rejected
