//! `outreach import`: a list of people into a campaign, from the machine that the list is on.
//!
//! It is read as the collector reads lists. Leads that are new wait for an enrichment, which the enricher's
//! sweep begins within minutes.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use serde_json::{Value, json};
use shared::db::{self, PgConnection, campaigns, leads, sources};
use shared::domain::email::HashKey;
use shared::domain::intake::{BadRow, Batch, Field, normalise};
use shared::domain::lead::{NewLead, Origin};
use shared::domain::page::Stored;
use shared::lists::{self, List, ListReport, Params};

use crate::cli::{ImportArgs, Options};
use crate::stack::Stack;
use crate::{connection, output};

/// How long an import holds its source without storing a page.
const LEASE: Duration = Duration::from_secs(360);
/// Leads that are shown as an example.
const SHOWN: usize = 10;

/// What became of a list.
#[derive(Debug, Default, Serialize)]
struct Summary {
    new: usize,
    updated: usize,
    unchanged: usize,
    duplicates: usize,
    erased: usize,
    /// Lines whose profile is stored as another person's.
    conflict_lines: Vec<u64>,
    bad_rows: Vec<BadRow>,
    unknown: BTreeMap<Field, usize>,
    with_email: usize,
    leads: usize,
    #[serde(flatten)]
    list: ListReport,
    examples: Vec<Value>,
}

/// Reads a list. Fails where most of its rows are refused, though the others are stored.
pub(crate) async fn import(
    stack: &Stack,
    options: &Options,
    args: &ImportArgs,
) -> Result<ExitCode> {
    let params = params(args);
    let (file, _, version) = lists::file(&args.file)?;
    let version = lists::version_of(&params, &version);
    let summary = if args.dry_run {
        // Without the stack's key a dry run shows the same but for the names of people who are known by mailbox alone.
        let key = connection::hash_key(stack)
            .ok()
            .or_else(|| HashKey::new(vec![0; 32]));
        let mut list = List::open(file, version, &params, &json!({}))?;
        dry_run(&mut list, &key.context("no key")?)?
    } else {
        let mut conn = connection::connect(stack, options).await?;
        let key = connection::proven_key(stack, &mut conn).await?;
        let name = args.campaign.as_deref().unwrap_or_default();
        let campaign = campaigns::find(&mut conn, name).await?;
        let campaign = campaign.with_context(|| format!("there is no campaign {name}"))?;
        let source = source_name(args);
        let run =
            sources::begin_import(&mut conn, campaign, &source, &json!(params), LEASE).await?;
        let Some(mut run) = run else {
            bail!(
                "{source} is being imported, or is a source of the collector: give another --name"
            );
        };
        if lists::is_done(&run.cursor, &version) {
            end(&mut conn, &run, None).await?;
            output::fresh(
                "Imported",
                format_args!("{source} was read to its end before, and has not changed"),
            );
            return Ok(ExitCode::SUCCESS);
        }
        let list = List::open(file, version, &params, &run.cursor);
        let result = match list {
            Ok(mut list) => store(&mut conn, &mut run, &mut list, &key).await,
            Err(error) => Err(error.into()),
        };
        let report = result.as_ref().ok().map(|summary| report(summary, &run));
        end(&mut conn, &run, report.as_ref()).await?;
        result?
    };
    show(&summary, options, args.dry_run)
}

fn params(args: &ImportArgs) -> Params {
    Params {
        file: args.file.display().to_string(),
        platform: args.platform.clone(),
        columns: args.columns.iter().cloned().collect(),
        encoding: args.encoding.clone(),
    }
}

fn source_name(args: &ImportArgs) -> String {
    let file = args
        .file
        .file_stem()
        .map(|name| name.to_string_lossy().into_owned());
    args.name
        .clone()
        .or(file)
        .unwrap_or_else(|| "list".to_owned())
}

/// What would be stored, for the person whose list it is.
fn dry_run(list: &mut List, key: &HashKey) -> Result<Summary> {
    let mut summary = Summary::default();
    let mut last = false;
    while !last {
        let page = list.next_page()?;
        last = page.last;
        let batch = normalise(page.rows, key, Origin::List);
        summary.read(&batch);
        summary.bad_rows.extend(batch.bad);
    }
    summary.list = list.report().clone();
    Ok(summary)
}

async fn store(
    conn: &mut PgConnection,
    run: &mut sources::Run,
    list: &mut List,
    key: &HashKey,
) -> Result<Summary> {
    let mut summary = Summary::default();
    let mut last = false;
    while !last {
        let page = list.next_page()?;
        last = page.last;
        let batch = normalise(page.rows, key, Origin::List);
        summary.read(&batch);
        let stored = leads::store_page(conn, run, &batch.leads, &page.cursor, LEASE).await?;
        let stored = stored.context("another import of this list has begun meanwhile")?;
        run.cursor = page.cursor;
        summary.stored(&stored.rows, &batch.lines);
        summary.bad_rows.extend(batch.bad);
    }
    summary.list = list.report().clone();
    Ok(summary)
}

/// What is kept of an import. It names no person, since it outlives an erasure.
fn report(summary: &Summary, run: &sources::Run) -> Value {
    let mut report = json!(summary);
    if let Some(fields) = report.as_object_mut() {
        fields.remove("examples");
        fields.insert("name".to_owned(), json!(run.name));
    }
    report
}

async fn end(
    conn: &mut PgConnection,
    run: &sources::Run,
    report: Option<&Value>,
) -> Result<(), db::DbError> {
    let end = sources::RunEnd {
        cut_short: false,
        needs_attention: false,
        refused_most: None,
        rests: sources::Rest::Not,
        report,
    };
    sources::end_run(conn, run, &end).await
}

impl Summary {
    fn read(&mut self, batch: &Batch) {
        self.duplicates += batch.duplicates;
        self.leads += batch.leads.len();
        self.with_email += batch
            .leads
            .iter()
            .filter(|lead| lead.email.is_some())
            .count();
        for (field, rows) in &batch.unknown {
            *self.unknown.entry(*field).or_default() += rows;
        }
        let room = SHOWN.saturating_sub(self.examples.len());
        let shown = batch.lines.iter().zip(&batch.leads).take(room);
        self.examples
            .extend(shown.map(|(line, lead)| example(*line, lead)));
    }

    fn stored(&mut self, rows: &[Stored], lines: &[u64]) {
        for (row, line) in rows.iter().zip(lines) {
            match row {
                Stored::New => self.new += 1,
                Stored::Updated => self.updated += 1,
                Stored::Unchanged => self.unchanged += 1,
                Stored::Erased => self.erased += 1,
                Stored::Conflict | Stored::Missing => self.conflict_lines.push(*line),
            }
        }
    }

    fn refused(&self) -> usize {
        self.bad_rows.len() + self.conflict_lines.len()
    }

    fn rows(&self) -> usize {
        self.bad_rows.len() + self.leads + self.duplicates
    }
}

/// A lead as it would be stored, for the person whose list it is.
fn example(line: u64, lead: &NewLead) -> Value {
    json!({
        "line": line,
        "platform": lead.platform.as_str(),
        "external_id": lead.external_id,
        "username": lead.username,
        "name": lead.name,
        "email": lead.email.as_ref().map(|(address, _)| address.as_str()),
        "profile_url": lead.profile_url,
        "followers": lead.follower_count,
        "bio": lead.bio,
        "verified": lead.verified,
        "location": lead.location,
        "website": lead.website,
        "country": lead.country.map(|country| country.to_string()),
        "language": lead.language,
    })
}

fn show(summary: &Summary, options: &Options, dry_run: bool) -> Result<ExitCode> {
    if options.json {
        output::json(summary)?;
    } else {
        mapping(summary);
        if dry_run {
            examples(summary);
        }
        refused(summary);
    }
    if dry_run {
        output::step(
            "Read",
            format_args!(
                "{} leads, {} refused rows; nothing was stored",
                summary.leads,
                summary.refused()
            ),
        );
    } else {
        let Summary {
            new,
            updated,
            unchanged,
            erased,
            ..
        } = summary;
        output::step(
            "Imported",
            format_args!(
                "{new} new, {updated} updated, {unchanged} unchanged, {erased} erased before, {} refused",
                summary.refused()
            ),
        );
        if new + updated > 0 {
            output::fresh(
                "Next",
                "the enricher takes them up within ten minutes; `outreach sends --unplanned` shows who waits",
            );
        }
    }
    if summary.leads > 0 && summary.with_email == 0 {
        output::warning(
            "no row has an address: look at the columns, and name the one that holds it with --column",
        );
    }
    if summary.refused() * 2 > summary.rows() {
        output::warning("most rows were refused");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

fn mapping(summary: &Summary) {
    let list = &summary.list;
    output::heading("Columns");
    let mut table = output::table(["column", "used for", "rows that could not be read"]);
    for (name, field) in &list.columns.used {
        let unknown = summary
            .unknown
            .iter()
            .find(|(known, _)| known.word() == *field);
        table.add_row([
            name.clone(),
            (*field).to_owned(),
            unknown.map_or_else(String::new, |(_, rows)| rows.to_string()),
        ]);
    }
    for name in &list.columns.ignored {
        table.add_row([name.as_str(), "not used", ""]);
    }
    output::line(table);
    let delimiter = list.delimiter.replace('\t', "tab");
    output::line(format_args!(
        "{}, delimiter {delimiter}, {} rows, {} empty rows, {} repeated headers, {} tables, {} duplicates, {} with an address",
        list.encoding,
        list.rows,
        list.empty_rows,
        list.repeated_headers,
        list.tables,
        summary.duplicates,
        summary.with_email,
    ));
}

fn examples(summary: &Summary) {
    output::heading("As it would be stored");
    for example in &summary.examples {
        output::line(example);
    }
}

fn refused(summary: &Summary) {
    if summary.refused() == 0 {
        return;
    }
    output::heading("Refused rows");
    let mut table = output::table(["line", "column", "reason"]);
    for row in &summary.bad_rows {
        table.add_row([
            row.line.to_string(),
            row.column.unwrap_or_default().to_owned(),
            row.error.to_string(),
        ]);
    }
    for line in &summary.conflict_lines {
        let why = "the profile is stored as another person's; nothing was changed";
        table.add_row([line.to_string(), "username".to_owned(), why.to_owned()]);
    }
    output::line(table);
}
