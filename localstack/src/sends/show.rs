//! One send for a person to read.

use chrono::{DateTime, SubsecRound as _, Utc};
use comfy_table::ContentArrangement;
use console::style;
use serde_json::Value;
use shared::db::operator::{Line, Trace, Whole};

use crate::output;

/// The time that matters where the line stands: due, sent, or since when.
pub(super) fn moment(line: &Line) -> String {
    line.next_at
        .or(line.sent_at)
        .or(line.planned_at)
        .or(line.enriched_at)
        .or(line.owed_since)
        .or(line.found_at)
        .map_or_else(String::new, time)
}

/// To the second, in UTC.
fn time(at: DateTime<Utc>) -> String {
    at.trunc_subsecs(0).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// A time as the database writes it, as all others here; anything else as it is.
fn legible(text: &str) -> String {
    text.parse().map_or_else(|_| text.to_owned(), time)
}

/// Everything about one send.
pub(super) fn whole(send: &Whole) {
    let line = &send.line;
    output::line(format_args!(
        "{} of campaign {} to {}/{}: {}\n{}",
        style(format_args!("Send {}", line.send_id.unwrap_or_default())).bold(),
        line.campaign,
        line.platform,
        line.username,
        line.state.as_deref().unwrap_or("–"),
        line.explanation,
    ));
    section("What decided", &decided(send));
    section("Facts", &facts(line));
    section("Times (UTC)", &times(line));
    section("What came back", &events(line));
    output::heading("History");
    let mut history = output::table::<&str>([]);
    history.set_content_arrangement(ContentArrangement::Dynamic);
    for trace in &send.history {
        let note = trace.note.clone().unwrap_or_default();
        let [at, actor] = [time(trace.at), trace.actor.clone()];
        history.add_row([at, actor, trace.table.clone(), change(trace), note]);
    }
    output::line(history);
    if let Some(message) = &send.message {
        output::heading(send.subject.as_deref().unwrap_or("Without a subject"));
        output::line(message.trim_end());
    }
}

fn section(heading: &str, rows: &[(String, String)]) {
    if rows.is_empty() {
        return;
    }
    output::heading(heading);
    let mut table = output::table::<&str>([]);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    for (name, value) in rows {
        table.add_row([name, value]);
    }
    output::line(table);
}

/// Rows of what is known.
fn known<const N: usize>(rows: [(&str, Option<String>); N]) -> Vec<(String, String)> {
    let known = rows.into_iter();
    known
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}

fn decided(send: &Whole) -> Vec<(String, String)> {
    let line = &send.line;
    let passed = send.decision.get("passed").and_then(Value::as_array);
    let passed = passed.map(|rules| {
        let rules: Vec<&str> = rules.iter().filter_map(Value::as_str).collect();
        rules.join(", ")
    });
    known([
        ("reason", line.reason.clone()),
        ("said by", line.said_by.clone()),
        ("rule", line.rule.clone()),
        ("rules passed", passed.filter(|rules| !rules.is_empty())),
        (
            "gate",
            line.gate
                .as_ref()
                .map(|version| format!("version {version}")),
        ),
        ("decided at", line.decided_at.as_deref().map(legible)),
        ("fence", Some(send.fence.to_string())),
        ("calls of SES", line.attempts.map(|n| n.to_string())),
        ("SES's id", line.ses_message_id.clone()),
    ])
}

fn facts(line: &Line) -> Vec<(String, String)> {
    let score = line.score.map(|score| {
        let least = line.min_score.unwrap_or_default();
        format!("{score}, the campaign asks for {least}")
    });
    let scorer = line.method.as_ref().map(|method| {
        let with = [("", &line.model), ("prompt ", &line.prompt)];
        let with = with.map(|(label, word)| word.as_ref().map(|word| format!("{label}{word}")));
        let parts: Vec<String> = [Some(method.clone())]
            .into_iter()
            .chain(with)
            .flatten()
            .collect();
        parts.join(", ")
    });
    let suppressed = line.suppressed_at.map(|at| {
        let why = line.suppression_reason.as_deref().unwrap_or_default();
        format!("{} {why}", time(at))
    });
    known([
        ("score", score),
        (
            "confidence",
            line.confidence.map(|share| format!("{share:.2}")),
        ),
        ("scored by", scorer),
        (
            "enrichment",
            line.enrichment.map(|version| format!("version {version}")),
        ),
        (
            "approved",
            line.reviewed
                .filter(|yes| *yes)
                .map(|_| "by a person".to_owned()),
        ),
        ("country", line.country.clone()),
        ("its rule", line.basis_rule.clone()),
        ("basis", line.basis.clone()),
        ("suppressed", suppressed),
        ("erased", line.erased_at.map(time)),
        ("breaker open", line.breaker_opened_at.map(time)),
    ])
}

fn times(line: &Line) -> Vec<(String, String)> {
    known([
        ("found", line.found_at.map(time)),
        ("enriched", line.enriched_at.map(time)),
        ("planned", line.planned_at.map(time)),
        ("sent", line.sent_at.map(time)),
        ("asked again", line.next_at.map(time)),
    ])
}

fn events(line: &Line) -> Vec<(String, String)> {
    let events = line.events.as_ref().and_then(Value::as_array);
    let events = events.map(Vec::as_slice).unwrap_or_default();
    let word = |event: &Value, key: &str| {
        let word = event.get(key).and_then(Value::as_str);
        word.unwrap_or_default().to_owned()
    };
    let row = |event| {
        let at = legible(&word(event, "at"));
        let told = format!("{} {}", word(event, "kind"), word(event, "detail"));
        (at, told.trim_end().to_owned())
    };
    events.iter().map(row).collect()
}

/// What a change was about; keys and hashes say nothing to a person.
fn change(trace: &Trace) -> String {
    const SILENT: [&str; 3] = ["id", "email_hash", "content_hash"];
    let Some(Value::Object(after)) = &trace.after else {
        return String::new();
    };
    let before = trace.before.as_ref();
    let text = |value: &Value| match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => legible(text),
        other => other.to_string(),
    };
    let told = after.iter().filter_map(|(name, value)| {
        let old = before.map(|before| before.get(name).unwrap_or(&Value::Null));
        if SILENT.contains(&&**name) || old == Some(value) || old.is_none() && value.is_null() {
            return None;
        }
        Some(match old {
            Some(old) => format!("{name} {} → {}", text(old), text(value)),
            None => format!("{name} {}", text(value)),
        })
    });
    let told: Vec<String> = told.collect();
    match (told.is_empty(), before) {
        (true, None) => "new".to_owned(),
        _ => told.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(before: Option<Value>, after: Value, told: &str) {
        let trace = Trace {
            at: DateTime::UNIX_EPOCH,
            actor: "sender".to_owned(),
            table: "sends".to_owned(),
            before,
            after: Some(after),
            note: None,
        };
        assert_eq!(change(&trace), told);
    }

    #[test]
    fn a_change_tells_what_changed_and_no_hash() {
        let queued = json!({"id": 7, "state": "queued", "reason": null, "content_hash": "\\x01"});
        check(None, queued.clone(), "state queued");
        let claimed = json!({"id": 7, "state": "claimed", "reason": null, "content_hash": "\\x01"});
        check(Some(queued), claimed.clone(), "state queued → claimed");
        check(None, json!({"country": null, "email_hash": "\\x01"}), "new");
        let later = json!({"id": 7, "not_before": "2026-11-21T12:37:42.949394+00:00"});
        check(None, later, "not_before 2026-11-21 12:37:42");
        let lost = json!({"id": 7, "state": "unknown", "reason": "no_answer"});
        check(
            Some(claimed),
            lost,
            "reason – → no_answer, state claimed → unknown",
        );
    }
}
