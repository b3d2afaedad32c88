//! `outreach sends`: where sends stand, and why.

use anyhow::{Context as _, Result};
use comfy_table::{ContentArrangement, Table};
use shared::db::PgConnection;
use shared::db::operator::{self, Filter, LeadQuery, LeadStatus};
use shared::domain::ids::SendId;

use crate::cli::{Options, SendsArgs};
use crate::stack::Stack;
use crate::{connection, output, show};

/// Shows the sends that were asked for.
pub(crate) async fn sends(stack: &Stack, options: &Options, args: &SendsArgs) -> Result<()> {
    let mut conn = connection::connect(stack, options).await?;
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
        None => operator::list_sends(&mut conn, filter(args), args.limit.into()).await?,
    };
    if options.json {
        output::json(&statuses)?;
    } else if statuses.is_empty() {
        let lead = args.lead.as_deref();
        output::fresh(
            "Nothing",
            lead.map_or(
                "to show",
                |_| "to show: no lead has this username, id or address",
            ),
        );
    } else {
        output::line(table(&statuses));
    }
    Ok(())
}

fn filter(args: &SendsArgs) -> Filter {
    if args.unknown {
        Filter::Unknown
    } else if args.deferred {
        Filter::Deferred
    } else if args.review {
        Filter::Review
    } else {
        Filter::All
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
        LeadName::Username(name) => LeadQuery::Username(name),
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
    Username(&'a str),
    Address(&'a str),
}

/// Digits are an id; with an `@` in front they are a username.
fn parse_lead(text: &str) -> LeadName<'_> {
    if let Some(name) = text.strip_prefix('@') {
        LeadName::Username(name)
    } else if text.contains('@') {
        LeadName::Address(text)
    } else {
        text.parse().map_or(LeadName::Username(text), LeadName::Id)
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
    fn parse_lead_reads_id_username_or_address() {
        assert_eq!(parse_lead("12"), LeadName::Id(12));
        assert_eq!(parse_lead("ana"), LeadName::Username("ana"));
        assert_eq!(parse_lead("@12"), LeadName::Username("12"));
        assert_eq!(
            parse_lead("ana@example.org"),
            LeadName::Address("ana@example.org")
        );
    }
}
