//! `cargo local sends`: which sends stand where, and why.

use anyhow::{Context as _, Result};
use comfy_table::{ContentArrangement, Table};
use shared::db::PgConnection;
use shared::db::operator::{self, Filter, Line, Whose};
use shared::domain::ids::SendId;

use super::arguments::SendsArgs;
use super::{connection, show};
use crate::output;
use crate::settings::Settings;

/// Shows the sends that were asked for.
pub(crate) async fn sends(settings: &Settings, args: &SendsArgs) -> Result<()> {
    let mut conn = connection::connect(settings, &args.operator).await?;
    if let Some(id) = args.why {
        let found = operator::whole(&mut conn, SendId(id)).await?;
        let send = found.with_context(|| format!("there is no send {id}"))?;
        if args.json {
            output::line(serde_json::to_string_pretty(&send)?);
        } else {
            show::whole(&send);
        }
        return Ok(());
    }
    let lines = match &args.lead {
        Some(lead) => of_lead(settings, args, &mut conn, lead).await?,
        None => operator::sends(&mut conn, filter(args), args.limit.into()).await?,
    };
    if args.json {
        output::line(serde_json::to_string_pretty(&lines)?);
    } else if lines.is_empty() {
        output::fresh("Nothing", "to show");
    } else {
        output::line(table(&lines));
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
    settings: &Settings,
    args: &SendsArgs,
    conn: &mut PgConnection,
    lead: &str,
) -> Result<Vec<Line>> {
    let lower = lead.trim().to_lowercase();
    let whose = match who(&lower) {
        Who::Id(id) => Whose::Id(id),
        Who::Username(name) => Whose::Username(name),
        Who::Address(address) => {
            Whose::Mailbox(connection::hash(settings, &args.operator, conn, address).await?)
        }
    };
    let leads = operator::find_leads(conn, whose).await?;
    let mut lines = operator::leads(conn, &leads).await?;
    lines.truncate(args.limit.try_into().unwrap_or(usize::MAX));
    Ok(lines)
}

/// How a person names a lead.
#[derive(Debug, PartialEq, Eq)]
enum Who<'a> {
    Id(i64),
    Username(&'a str),
    Address(&'a str),
}

/// Digits are an id; with an `@` in front they are a name, as anything is.
fn who(text: &str) -> Who<'_> {
    if let Some(name) = text.strip_prefix('@') {
        Who::Username(name)
    } else if text.contains('@') {
        Who::Address(text)
    } else {
        text.parse().map_or(Who::Username(text), Who::Id)
    }
}

fn table(lines: &[Line]) -> Table {
    let mut table = output::table(["send", "campaign", "lead", "state", "since or due", "why"]);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    for line in lines {
        let send = line
            .send_id
            .map_or_else(|| "–".to_owned(), |id| id.to_string());
        table.add_row([
            send,
            line.campaign.clone(),
            format!("{}/{}", line.platform, line.username),
            line.state.clone().unwrap_or_else(|| "–".to_owned()),
            show::moment(line),
            line.explanation.clone(),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lead_is_named_by_id_name_or_address() {
        assert_eq!(who("12"), Who::Id(12));
        assert_eq!(who("ana"), Who::Username("ana"));
        assert_eq!(who("@12"), Who::Username("12"));
        assert_eq!(who("ana@example.org"), Who::Address("ana@example.org"));
    }
}
