//! The campaign of the demo, and its sources.

use anyhow::Result;
use serde_json::json;
use shared::db::{self, PgConnection, PgPool, campaigns, campaigns::NewCampaign, sources};
use shared::domain::ids::CampaignId;

/// Its name.
pub(crate) const CAMPAIGN: &str = "demo";

/// More than any demo sends: the cap is a rule of its own and not what the demo is about.
const DAILY_CAP: i32 = 100_000;

/// Stores the campaign and its sources, or finds them stored. Nothing is reset: what was collected
/// and sent before stays so.
pub(super) async fn all(pool: &PgPool) -> Result<()> {
    let mut conn = db::acquire(pool).await?;
    let campaign = campaign(&mut conn).await?;
    sources::upsert(&mut conn, campaign, "list", "simulated", &json!({})).await?;
    let search = json!({ "query": "affiliate -is:retweet", "max_results": 100 });
    sources::upsert(&mut conn, campaign, "search", "x", &search).await?;
    Ok(())
}

/// Stores the campaign alone.
pub(crate) async fn campaign(conn: &mut PgConnection) -> Result<CampaignId> {
    let campaign = NewCampaign {
        name: CAMPAIGN,
        offer: "A partner programme for people who publish about what they do well: 20 % of every \
                sale for twelve months, paid monthly, with a code of your own for your readers.",
        audience: "People who publish about one subject, have an audience of their own and \
                   are open to working with brands.",
        daily_cap: DAILY_CAP,
        basis_rules: &json!({}),
        // The demo shows mails in the evening too.
        hours: None,
    };
    Ok(campaigns::upsert(conn, &campaign).await?)
}
