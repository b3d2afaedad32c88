-- One row per lead that a campaign's sources found: its newest enrichment and its first mail.
with campaign as (
    select id, min_score from campaigns where name = $1
), found as (
    select distinct l.id, l.source, l.username, l.enrich_requested_at
    from leads l
    join lead_sources ls on ls.lead_id = l.id
    join sources s on s.id = ls.source_id
    join campaign c on c.id = s.campaign_id
    where l.erased_at is null
), newest as (
    select distinct on (e.lead_id) e.*, e.score >= c.min_score and e.compliant as qualified
    from enriched_leads e join campaign c on c.id = e.campaign_id
    order by e.lead_id, e.enrichment_version desc
), mail as (
    select s.* from sends s join campaign c on c.id = s.campaign_id where s.step = 1
)
select
    f.id as lead,
    f.source as platform,
    f.username as username,
    f.enrich_requested_at is not null as pending,
    e.niche as niche,
    e.score as score,
    coalesce(e.qualified, false) as qualified,
    e.outcome as outcome,
    e.reason as outcome_reason,
    coalesce(e.sent, false) as marked_sent,
    m.id as send,
    m.state::text as state,
    m.reason as send_reason,
    m.fence as fence,
    m.ses_message_id,
    coalesce(m.state = 'queued' and m.not_before > now(), false) as deferred
from found f
left join newest e on e.lead_id = f.id
left join mail m on m.lead_id = f.id
order by e.score desc nulls last, f.id
