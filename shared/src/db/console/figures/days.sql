-- What is counted of each day and group.
select (hour at time zone 'UTC')::date as "day!", campaign_id, source_id, platform,
       sum(stored)::bigint as "stored!", sum(found)::bigint as "found!",
       sum(assessed)::bigint as "assessed!", sum(by_model)::bigint as "by_model!",
       sum(qualified)::bigint as "qualified!", sum(planned)::bigint as "planned!",
       sum(mailed)::bigint as "mailed!", sum(delivered)::bigint as "delivered!",
       sum(replied)::bigint as "replied!", sum(cost_micros)::bigint as "cost_micros!",
       sum(confidence_micros)::bigint as "confidence_micros!", sum(mails)::bigint as "mails!",
       sum(mails_delivered)::bigint as "mails_delivered!", sum(mails_bounced)::bigint as "mails_bounced!",
       sum(mails_complained)::bigint as "mails_complained!", sum(mails_replied)::bigint as "mails_replied!",
       sum(approved)::bigint as "approved!", sum(edited)::bigint as "edited!",
       sum(rejected)::bigint as "rejected!"
from figures_hours
where hour >= $1 and hour < $2
  and ($3::bigint is null or campaign_id = $3)
  and ($4::bigint is null or source_id = $4)
  and ($5::text is null or platform = $5)
group by 1, 2, 3, 4
