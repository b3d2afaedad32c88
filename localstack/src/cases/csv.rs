//! Lists, read by the collector: who is stored with which fields, and which rows are refused.

use anyhow::Result;
use serde_json::{Value, json};
use shared::db;

use super::expectation::{at, holds, likeness};
use super::file::CaseFile;
use super::stage::Stage;
use super::table::Input;
use crate::sql::cases;

pub(super) async fn run(stage: &mut Stage, file: &CaseFile) -> Result<Vec<Input>> {
    stage.clear().await?;
    let mut params = json!({ "file": file.path });
    if let (Some(params), Some(more)) = (params.as_object_mut(), file.expected.given.as_object()) {
        params.extend(more.clone());
    }
    let source = stage.collect("csv", &params).await?;
    stage.finish().await?;
    let report = at(&source, "/report");
    let mut conn = db::acquire(&stage.pool).await?;
    let mut stored = cases::leads(&mut conn).await?;
    let lines: Vec<String> = file.text().lines().map(str::to_owned).collect();

    let mut inputs = vec![Input {
        what: format!("a list of {} lines", lines.len()),
        must: file.expected.whole.clone(),
        happened: summary(report, stored.len()),
    }];
    for entry in &file.expected.inputs {
        let line = at(entry, "/line").as_u64().unwrap_or_default();
        let mut must = entry.clone();
        if let Some(must) = must.as_object_mut() {
            must.remove("line");
        }
        let text = usize::try_from(line)
            .ok()
            .and_then(|line| lines.get(line.checked_sub(1)?));
        inputs.push(Input {
            what: format!("{line}: {}", text.map_or("", String::as_str)),
            happened: of_row(line, &must, report, &mut stored),
            must: Some(must),
        });
    }
    if file.expected.inputs.is_empty() {
        inputs.extend(stored.into_iter().map(|lead| Input {
            what: String::new(),
            must: None,
            happened: lead,
        }));
    }
    Ok(inputs)
}

fn summary(report: &Value, stored: usize) -> Value {
    let refused = at(report, "/bad_rows").as_array().into_iter().flatten();
    let refused: Vec<&Value> = refused.map(|row| at(row, "/line")).collect();
    json!({
        "stored": stored, "with_email": at(report, "/with_email"), "refused": at(report, "/bad"),
        "refused_lines": refused, "unknown": at(report, "/unknown"), "conflicts": at(report, "/conflicts"),
        "duplicates": at(report, "/duplicates"), "ended": at(report, "/ended/how"),
        "why": at(report, "/ended/why"), "ignored": at(report, "/columns/ignored"),
    })
}

/// What became of the row in this line: the report names it as refused, or it is the stored lead that is as it
/// must be, or the one most like it. A lead stands for one row only.
fn of_row(line: u64, must: &Value, report: &Value, stored: &mut Vec<Value>) -> Value {
    let mut rows = at(report, "/bad_rows").as_array().into_iter().flatten();
    if let Some(row) = rows.find(|row| at(row, "/line").as_u64() == Some(line)) {
        return json!({ "refused": at(row, "/reason"), "lead": null });
    }
    let outcome = |lead: &Value| json!({ "refused": null, "lead": lead });
    let exact = stored.iter().position(|lead| holds(must, &outcome(lead)));
    let alike = || {
        let likeness = |(n, lead): (usize, &Value)| (likeness(lead_of(must), lead), n);
        let most = stored.iter().enumerate().map(likeness).max()?;
        (most.0 > 0).then_some(most.1)
    };
    match exact.or_else(alike) {
        Some(n) => outcome(&stored.remove(n)),
        None => outcome(&Value::Null),
    }
}

/// The lead that an expectation names, also as one of several choices.
fn lead_of(must: &Value) -> &Value {
    let mut choices = at(must, "/any_of").as_array().into_iter().flatten();
    match must.get("lead") {
        Some(lead) => lead,
        None => choices
            .find_map(|choice| choice.get("lead"))
            .unwrap_or(&Value::Null),
    }
}
