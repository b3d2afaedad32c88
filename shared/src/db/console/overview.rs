//! What the overview shows: two weeks of mails and money, and what waits. From tables of a row a day, so that it is as
//! quick on a million leads.

use chrono::NaiveDate;
use sqlx::PgConnection;

use super::super::DbError;

/// Days of the overview, today included.
pub const DAYS: i32 = 14;

/// Everything that the overview shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// Each of the [`DAYS`], the oldest first, also those without a mail.
    pub days: Vec<Day>,
    pub campaigns: Vec<CampaignFigures>,
    /// What reviewers decided in these days.
    pub reviews: Reviews,
    /// Mails that wait for their time.
    pub planned: i64,
}

/// The mails of one day, by when SES accepted them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    pub day: NaiveDate,
    pub sent: i64,
    pub bounced: i64,
    pub complained: i64,
    /// What the model cost, in millionths of a dollar.
    pub model_micros: i64,
}

/// A campaign in these days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignFigures {
    pub name: String,
    pub status: String,
    pub sent: i64,
    pub bounced: i64,
    pub complained: i64,
    pub to_review: i64,
    pub planned: i64,
}

/// How often people agreed with the model. Skipped and undone decisions are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reviews {
    pub approved: i64,
    pub edited: i64,
    pub rejected: i64,
}

/// Reads it, in three statements.
///
/// # Errors
/// When a statement fails.
pub async fn read(conn: &mut PgConnection) -> Result<Overview, DbError> {
    let days = sqlx::query_as!(
        Day,
        r#"select d::date as "day!",
                  coalesce((select sum(c.sent) from campaign_days c where c.day = d::date), 0) as "sent!",
                  coalesce((select sum(c.bounced) from campaign_days c where c.day = d::date), 0) as "bounced!",
                  coalesce((select sum(c.complained) from campaign_days c where c.day = d::date), 0) as "complained!",
                  coalesce((select m.micros from model_spend m where m.day = d::date), 0) as "model_micros!"
           from generate_series((now() at time zone 'utc')::date - ($1::int - 1), (now() at time zone 'utc')::date,
                                interval '1 day') d
           order by d"#,
        DAYS,
    )
    .fetch_all(&mut *conn)
    .await
    .map_err(DbError::on("read the days' figures"))?;
    let campaigns = sqlx::query_as!(
        CampaignFigures,
        r#"select c.name, c.status,
                  coalesce(sum(d.sent), 0) as "sent!", coalesce(sum(d.bounced), 0) as "bounced!",
                  coalesce(sum(d.complained), 0) as "complained!",
                  (select count(*) from sends s
                   where s.campaign_id = c.id and s.state = 'review') as "to_review!",
                  (select count(*) from sends s
                   where s.campaign_id = c.id and s.state = 'queued') as "planned!"
           from campaigns c
           left join campaign_days d
               on d.campaign_id = c.id and d.day > (now() at time zone 'utc')::date - $1::int
           group by c.id
           order by c.status, c.name"#,
        DAYS,
    )
    .fetch_all(&mut *conn)
    .await
    .map_err(DbError::on("read the campaigns' figures"))?;
    let reviews = sqlx::query_as!(
        Reviews,
        r#"select count(*) filter (where decision = 'approved') as "approved!",
                  count(*) filter (where decision = 'edited') as "edited!",
                  count(*) filter (where decision = 'rejected') as "rejected!"
           from reviews v
           where created_at > now() - make_interval(days => $1)
             and not exists (select from reviews u where u.send_id = v.send_id and u.id > v.id)"#,
        DAYS,
    )
    .fetch_one(conn)
    .await
    .map_err(DbError::on("count decisions"))?;
    Ok(Overview {
        planned: campaigns.iter().map(|campaign| campaign.planned).sum(),
        days,
        campaigns,
        reviews,
    })
}
