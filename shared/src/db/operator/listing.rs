//! Lists of sends: the newest of some states, in one campaign or in all.

use sqlx::PgConnection;

use super::{super::DbError, LeadStatus, statuses};
use crate::domain::{reason::Reason, send_state::SendState};

/// Which sends to list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Filter {
    /// The newest, whatever their state.
    #[default]
    All,
    /// Calls whose outcome is unknown and that no operator has decided about.
    Unknown,
    /// What a rule or SES made wait.
    Deferred,
    /// What waits for a person.
    Review,
    Only(SendState),
    /// Leads of a campaign that no mail was planned for.
    Unplanned,
}

/// What narrows a list.
#[derive(Debug, Clone, Copy, Default)]
pub struct Narrowing<'a> {
    pub filter: Filter,
    pub campaign: Option<&'a str>,
    /// The source's name, in any campaign.
    pub source: Option<&'a str>,
    /// Only sends with smaller ids: the page after the one that ended with this.
    pub before: Option<i64>,
    /// For leads without a mail, of which no index tells: only so many leads that were stored last are looked at,
    /// of the campaign or of all. None: every lead.
    pub among: Option<i64>,
}

impl From<Filter> for Narrowing<'_> {
    fn from(filter: Filter) -> Self {
        Self {
            filter,
            ..Self::default()
        }
    }
}

/// The newest sends that a list asks for, or the leads that have none.
///
/// # Errors
/// When a statement fails, or a row holds what this program does not know.
pub async fn list_sends(
    conn: &mut PgConnection,
    narrowing: Narrowing<'_>,
    limit: i64,
) -> Result<Vec<LeadStatus>, DbError> {
    let only;
    let states = match narrowing.filter {
        Filter::Unplanned => return unplanned(conn, narrowing, limit).await,
        Filter::All if narrowing.campaign.is_none() => {
            let ids = newest(conn, narrowing, limit).await?;
            return statuses(conn, &ids, &[]).await;
        }
        Filter::All => &SendState::ALL[..],
        Filter::Unknown => &[SendState::Unknown],
        Filter::Deferred => &[SendState::Queued],
        Filter::Review => &[SendState::Review],
        Filter::Only(state) => {
            only = [state];
            &only
        }
    };
    let ids = of_states(conn, narrowing, states, limit).await?;
    statuses(conn, &ids, &[]).await
}

async fn newest(
    conn: &mut PgConnection,
    narrowing: Narrowing<'_>,
    limit: i64,
) -> Result<Vec<i64>, DbError> {
    sqlx::query_scalar!(
        "select s.id from sends s
         where s.id < $1
           and ($2::text is null
                or exists (select from lead_sources f join sources o on o.id = f.source_id
                           where f.lead_id = s.lead_id and o.campaign_id = s.campaign_id
                             and o.name = $2))
         order by s.id desc
         limit $3",
        narrowing.before.unwrap_or(i64::MAX),
        narrowing.source,
        limit,
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("choose the newest sends"))
}

async fn of_states(
    conn: &mut PgConnection,
    narrowing: Narrowing<'_>,
    states: &[SendState],
    limit: i64,
) -> Result<Vec<i64>, DbError> {
    let states: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
    let but_not = match narrowing.filter {
        Filter::Unknown => Some(Reason::GivenUp.as_str()),
        _ => None,
    };
    sqlx::query_file_scalar!(
        "src/db/operator/of_states.sql",
        narrowing.campaign,
        &states as &[&str],
        narrowing.source,
        narrowing.before.unwrap_or(i64::MAX),
        limit,
        narrowing.filter == Filter::Deferred,
        but_not,
    )
    .fetch_all(conn)
    .await
    .map_err(DbError::on("choose sends by their state"))
}

async fn unplanned(
    conn: &mut PgConnection,
    narrowing: Narrowing<'_>,
    limit: i64,
) -> Result<Vec<LeadStatus>, DbError> {
    let ids = sqlx::query_scalar!(
        r#"select distinct looked_at.lead_id as "id!"
           from (select f.lead_id, o.campaign_id
                 from sources o
                 join campaigns c on c.id = o.campaign_id
                 cross join lateral (select f.lead_id from lead_sources f where f.source_id = o.id
                                     order by f.lead_id desc limit $4) f
                 where ($1::text is null or c.name = $1) and ($2::text is null or o.name = $2)
                 order by f.lead_id desc
                 limit $4) looked_at
           where not exists (select from sends s
                             where s.lead_id = looked_at.lead_id and s.campaign_id = looked_at.campaign_id)
           order by 1 desc
           limit $3"#,
        narrowing.campaign,
        narrowing.source,
        limit,
        narrowing.among,
    )
    .fetch_all(&mut *conn)
    .await
    .map_err(DbError::on("choose leads without a send"))?;
    let mut found = statuses(conn, &[], &ids).await?;
    found.retain(|status| {
        let campaign = narrowing.campaign;
        status.send_id.is_none() && campaign.is_none_or(|name| status.campaign == name)
    });
    Ok(found)
}
