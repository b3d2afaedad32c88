//! `outreach sends`: where sends stand, and why.

use anyhow::{Context as _, Result};
use comfy_table::{ContentArrangement, Table};
use shared::db::PgConnection;
use shared::db::operator::{self, Filter, LeadQuery, LeadStatus, Narrowing};
use shared::domain::ids::SendId;

use crate::cli::{Options, SendsArgs};
use crate::stack::Stack;
use crate::{connection, output, sending, show};

/// Shows the sends that were asked for.
pub(crate) async fn sends(stack: &Stack, options: &Options, args: &SendsArgs) -> Result<()> {
    let mut conn = connection::connect(stack, options).await?;
    sending::warn_if_stopped(&mut conn).await?;
    if let Some(id) = args.why {
        let found = operator::send_detail(&mut conn, SendId(id)).await?;
        let send = found
            .with_context(|| format!("there is no send {id}: `outreach sends` lists the newest"))?;
        if options.json {
            output::json(&send)?;
        } else {
            show::detail(&send);
        }
        return Ok(());
    }
    let statuses = match &args.lead {
        Some(lead) => of_lead(stack, args, &mut conn, lead).await?,
        None => operator::list_sends(&mut conn, narrowing(args), args.limit.into()).await?,
    };
    if options.json {
        output::json(&statuses)?;
    } else if statuses.is_empty() {
        let why = match (&args.lead, args.unplanned) {
            (Some(_), _) => "to show: no lead has this name, id, profile or address",
            (None, true) => "to show",
            (None, false) => {
                "to show: --unplanned shows the leads that no mail is planned for, and why"
            }
        };
        output::fresh("Nothing", why);
    } else {
        output::line(table(&statuses));
    }
    Ok(())
}

fn narrowing(args: &SendsArgs) -> Narrowing<'_> {
    let filter = if args.unknown {
        Filter::Unknown
    } else if args.deferred {
        Filter::Deferred
    } else if args.review {
        Filter::Review
    } else if args.unplanned {
        Filter::Unplanned
    } else {
        args.state.map_or(Filter::All, Filter::Only)
    };
    Narrowing {
        filter,
        campaign: args.campaign.as_deref(),
        source: args.source.as_deref(),
        ..Narrowing::default()
    }
}

async fn of_lead(
    stack: &Stack,
    args: &SendsArgs,
    conn: &mut PgConnection,
    lead: &str,
) -> Result<Vec<LeadStatus>> {
    let lower = lead.trim().to_lowercase();
    let query = match parse_lead(&lower) {
        LeadName::Id(id) => LeadQuery::Id(id),
        LeadName::Name(name) => LeadQuery::Name(name),
        LeadName::Profile(address) => LeadQuery::Profile(address),
        LeadName::Address(address) => {
            LeadQuery::Mailbox(connection::hash(stack, conn, address).await?)
        }
    };
    let leads = operator::find_leads(conn, query).await?;
    let mut statuses = operator::lead_statuses(conn, &leads).await?;
    statuses.truncate(args.limit.try_into().unwrap_or(usize::MAX));
    Ok(statuses)
}

/// How a person names a lead.
#[derive(Debug, PartialEq, Eq)]
enum LeadName<'a> {
    Id(i64),
    Name(&'a str),
    Profile(&'a str),
    Address(&'a str),
}

/// Digits are an id; with an `@` in front they are a username.
fn parse_lead(text: &str) -> LeadName<'_> {
    if let Some(name) = text.strip_prefix('@') {
        LeadName::Name(name)
    } else if text.starts_with("https://") || text.starts_with("http://") {
        LeadName::Profile(text)
    } else if text.contains('@') {
        LeadName::Address(text)
    } else {
        text.parse().map_or(LeadName::Name(text), LeadName::Id)
    }
}

fn table(statuses: &[LeadStatus]) -> Table {
    let mut table = output::table(["send", "campaign", "lead", "state", "since or due", "why"]);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    for status in statuses {
        let send = status
            .send_id
            .map_or_else(|| "–".to_owned(), |id| id.to_string());
        table.add_row([
            send,
            status.campaign.clone(),
            format!("{}/{}", status.platform, status.username),
            show::state(status),
            show::since_or_due(status),
            status.explanation.clone(),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_lead_reads_id_name_profile_or_address() {
        assert_eq!(parse_lead("12"), LeadName::Id(12));
        assert_eq!(parse_lead("ana perdiz"), LeadName::Name("ana perdiz"));
        assert_eq!(parse_lead("@12"), LeadName::Name("12"));
        let profile = "https://x.com/@ana";
        assert_eq!(parse_lead(profile), LeadName::Profile(profile));
        assert_eq!(
            parse_lead("ana@example.org"),
            LeadName::Address("ana@example.org")
        );
    }
}
