//! One send, printed for a person.

use chrono::{DateTime, SubsecRound as _, Utc};
use comfy_table::ContentArrangement;
use console::style;
use serde_json::Value;
use shared::db::operator::{Change, LeadStatus, SendDetail};

use crate::output;

pub(crate) fn state(status: &LeadStatus) -> String {
    status
        .state
        .map_or_else(|| "–".to_owned(), |state| state.to_string())
}

/// The time that matters: when it is due, was sent, or since when it waits.
pub(crate) fn since_or_due(line: &LeadStatus) -> String {
    line.next_at
        .or(line.sent_at)
        .or(line.planned_at)
        .or(line.enriched_at)
        .or(line.enrichment_requested_at)
        .or(line.found_at)
        .map_or_else(String::new, time)
}

/// To the second, in UTC.
fn time(at: DateTime<Utc>) -> String {
    at.trunc_subsecs(0).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// A time as the database writes it, as all others here; anything else as it is.
fn readable(text: &str) -> String {
    text.parse().map_or_else(|_| text.to_owned(), time)
}

/// Everything about one send.
pub(crate) fn detail(send: &SendDetail) {
    let status = &send.status;
    output::line(format_args!(
        "{} of campaign {} to {}/{}: {}\n{}",
        style(format_args!("Send {}", status.send_id.unwrap_or_default())).bold(),
        status.campaign,
        status.platform,
        status.username,
        state(status),
        status.explanation,
    ));
    section("Decision", &decision(send));
    section("Facts", &facts(status));
    section("Times (UTC)", &times(status));
    section("Events", &events(status));
    output::heading("History");
    let mut history = output::table::<&str>([]);
    history.set_content_arrangement(ContentArrangement::Dynamic);
    for change in &send.history {
        let note = change.note.clone().unwrap_or_default();
        let [at, actor] = [time(change.at), change.actor.clone()];
        history.add_row([at, actor, change.table.clone(), describe(change), note]);
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

fn decision(send: &SendDetail) -> Vec<(String, String)> {
    let line = &send.status;
    let passed = send.decision.get("passed").and_then(Value::as_array);
    let passed = passed.map(|rules| {
        let rules: Vec<&str> = rules.iter().filter_map(Value::as_str).collect();
        rules.join(", ")
    });
    known([
        ("reason", line.reason.clone()),
        ("decided by", line.decided_by.map(str::to_owned)),
        ("rule", line.rule.clone()),
        ("rules passed", passed.filter(|rules| !rules.is_empty())),
        (
            "gate",
            line.gate
                .as_ref()
                .map(|version| format!("version {version}")),
        ),
        ("decided at", line.decided_at.as_deref().map(readable)),
        ("fence", Some(send.fence.to_string())),
        ("calls of SES", line.attempts.map(|n| n.to_string())),
        ("SES's id", line.ses_message_id.clone()),
    ])
}

fn facts(line: &LeadStatus) -> Vec<(String, String)> {
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

fn times(line: &LeadStatus) -> Vec<(String, String)> {
    known([
        ("found", line.found_at.map(time)),
        ("enriched", line.enriched_at.map(time)),
        ("planned", line.planned_at.map(time)),
        ("sent", line.sent_at.map(time)),
        ("asked again", line.next_at.map(time)),
    ])
}

fn events(line: &LeadStatus) -> Vec<(String, String)> {
    let events = line.events.as_ref().and_then(Value::as_array);
    let events = events.map(Vec::as_slice).unwrap_or_default();
    let word = |event: &Value, key: &str| {
        let word = event.get(key).and_then(Value::as_str);
        word.unwrap_or_default().to_owned()
    };
    let row = |event| {
        let at = readable(&word(event, "at"));
        let text = format!("{} {}", word(event, "kind"), word(event, "detail"));
        (at, text.trim_end().to_owned())
    };
    events.iter().map(row).collect()
}

/// The columns that changed, without keys and hashes.
fn describe(change: &Change) -> String {
    const HIDDEN: [&str; 3] = ["id", "email_hash", "content_hash"];
    let Some(Value::Object(after)) = &change.after else {
        return String::new();
    };
    let before = change.before.as_ref();
    let text = |value: &Value| match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => readable(text),
        other => other.to_string(),
    };
    let parts = after.iter().filter_map(|(name, value)| {
        let old = before.map(|before| before.get(name).unwrap_or(&Value::Null));
        if HIDDEN.contains(&&**name) || old == Some(value) || old.is_none() && value.is_null() {
            return None;
        }
        Some(match old {
            Some(old) => format!("{name} {} → {}", text(old), text(value)),
            None => format!("{name} {}", text(value)),
        })
    });
    let parts: Vec<String> = parts.collect();
    match (parts.is_empty(), before) {
        (true, None) => "new".to_owned(),
        _ => parts.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(before: Option<Value>, after: Value, expected: &str) {
        let change = Change {
            at: DateTime::UNIX_EPOCH,
            actor: "sender".to_owned(),
            table: "sends".to_owned(),
            before,
            after: Some(after),
            note: None,
        };
        assert_eq!(describe(&change), expected);
    }

    #[test]
    fn describe_names_changed_columns_and_no_hash() {
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
