//! `outreach source`: where campaigns look for people.

use anyhow::{Result, bail};
use comfy_table::{Cell, Color, ContentArrangement, Table};
use serde_json::Value;
use shared::db::operator::{self, Definition, Source, SourceOutcome};
use shared::domain::source::Search;
use shared::lists::Params;

use crate::cli::{Options, SourceArgs};
use crate::stack::Stack;
use crate::{connection, output};

/// Shows sources, sets one up, pauses or resumes one.
pub(crate) async fn source(stack: &Stack, options: &Options, args: &SourceArgs) -> Result<()> {
    let definition = definition(args);
    if let Some(definition) = &definition {
        definition.check()?;
    }
    let mut conn = connection::connect(stack, options).await?;
    let (campaign, name) = (args.campaign.as_deref(), args.source.as_deref());
    let note = args.note.as_deref();
    let outcome = match (campaign, name, &definition) {
        (Some(campaign), Some(name), Some(definition)) => {
            operator::set_source(&mut conn, campaign, name, definition, note).await?
        }
        (Some(campaign), Some(name), None) if args.pause || args.resume => {
            operator::enable_source(&mut conn, campaign, name, args.resume, note).await?
        }
        _ => {
            let found = operator::sources(&mut conn, campaign, name).await?;
            return show(&found, options);
        }
    };
    match outcome {
        SourceOutcome::NoSuchCampaign => bail!(
            "there is no campaign {}: `outreach campaign` lists them",
            campaign.unwrap_or_default()
        ),
        SourceOutcome::NoSuchSource => bail!(
            "{} has no source {}: `outreach source` lists them",
            campaign.unwrap_or_default(),
            name.unwrap_or_default()
        ),
        SourceOutcome::Stored(source) => {
            if definition.is_some() {
                output::step(
                    "Stored",
                    format_args!("{}: the collector's next run reads it", source.name),
                );
            } else if source.enabled {
                output::step(
                    "Resumed",
                    format_args!("{}: the collector's next run reads it", source.name),
                );
            } else {
                output::step("Paused", format_args!("{}: its leads stay", source.name));
            }
            show(&[source], options)
        }
    }
}

fn definition(args: &SourceArgs) -> Option<Definition> {
    if let Some(query) = &args.search {
        return Some(Definition::X(Search {
            query: query.clone(),
            max_results: args.posts,
            max_pages: args.pages,
        }));
    }
    let file = args.list.clone()?;
    Some(Definition::List(Params {
        file,
        platform: args.platform.clone(),
        columns: args.columns.iter().cloned().collect(),
        encoding: args.encoding.clone(),
    }))
}

fn show(sources: &[Source], options: &Options) -> Result<()> {
    if options.json {
        return output::json(&sources);
    }
    if sources.is_empty() {
        output::fresh(
            "Nothing",
            "there is no such source: set one up with --search or --list",
        );
        return Ok(());
    }
    output::line(table(sources));
    Ok(())
}

fn table(sources: &[Source]) -> Table {
    let header = [
        "campaign", "source", "reads", "state", "leads", "last run", "",
    ];
    let mut table = output::table(header);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    for source in sources {
        let (state, colour) = state(source);
        let last = source.last_run_at.map_or_else(
            || "never".to_owned(),
            |at| at.format("%Y-%m-%d %H:%M").to_string(),
        );
        table.add_row([
            Cell::new(&source.campaign),
            Cell::new(&source.name),
            Cell::new(reads(source)),
            Cell::new(state).fg(colour),
            output::number(source.leads),
            Cell::new(last),
            Cell::new(ended(source)),
        ]);
    }
    table
}

/// What it looks for, in a few words.
fn reads(source: &Source) -> String {
    let field = |name: &str| source.params.get(name).and_then(Value::as_str);
    match (field("query"), field("file")) {
        (Some(query), _) => format!("X: {query}"),
        (None, Some(file)) => format!("list: {file}"),
        (None, None) => source.kind.clone(),
    }
}

fn state(source: &Source) -> (&'static str, Color) {
    match (source.needs_attention, source.enabled) {
        (true, _) => ("needs you", Color::Red),
        (false, true) => ("on", Color::Green),
        // An import by hand is kept as a source that the collector leaves alone.
        (false, false) => ("off", Color::DarkGrey),
    }
}

/// Why its last run ended early, and until when it rests.
fn ended(source: &Source) -> String {
    let report = source.last_report.as_ref();
    let why = report.and_then(|report| report.pointer("/ended/why")?.as_str());
    let rests = source
        .rests_until
        .map(|until| format!("rests until {}", until.format("%Y-%m-%d %H:%M UTC")));
    let parts = [why.map(str::to_owned), rests];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}
