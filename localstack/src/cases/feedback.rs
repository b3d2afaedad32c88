//! Messages through the feedback queue: what is stored of them, and what follows for the mailbox.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use shared::db;

use super::expectation::at;
use super::file::CaseFile;
use super::stage::Stage;
use super::table::Input;
use crate::sql::cases;

pub(super) async fn run(stage: &mut Stage, file: &CaseFile) -> Result<Vec<Input>> {
    let mut inputs = Vec::new();
    for (n, message) in file.values()?.iter().enumerate() {
        inputs.push(Input {
            what: what(message),
            must: file.must(n),
            happened: deliver(stage, message).await?,
        });
    }
    Ok(inputs)
}

/// Delivers a message about a mail that was sent, if it names one.
async fn deliver(stage: &mut Stage, message: &Value) -> Result<Value> {
    let event = unwrapped(message);
    let mail = at(&event, "/mail");
    let id = at(mail, "/tags/send_id/0").as_str();
    let id = id.and_then(|id| id.parse().ok());
    match (id, at(mail, "/destination/0").as_str()) {
        (Some(id), Some(email)) => {
            let message_id = at(mail, "/messageId").as_str().unwrap_or_default();
            stage.sent_to(email, id, message_id).await?;
        }
        _ => stage.clear().await?,
    }
    let body = match message {
        Value::String(text) => text.clone(),
        json => json.to_string(),
    };
    let dead_before = stage.queue("feedback-dead")?.counts().sent;
    stage.queue("feedback")?.send(&body, Duration::ZERO);
    stage.finish().await?;
    let mut conn = db::acquire(&stage.pool).await?;
    let mut happened = cases::events(&mut conn).await?;
    let mailbox = cases::mailbox(&mut conn).await?;
    let dead_letters = stage.queue("feedback-dead")?.counts().sent - dead_before;
    if let Some(happened) = happened.as_object_mut() {
        happened.insert("dead_letters".to_owned(), json!(dead_letters));
        let stopped = stage.failure("feedback");
        happened.insert("stopped".to_owned(), json!(stopped));
        for name in ["state", "bounce", "suppressed", "suppression"] {
            happened.insert(
                name.to_owned(),
                mailbox.get(name).cloned().unwrap_or_default(),
            );
        }
    }
    Ok(happened)
}

/// What SNS, EventBridge, or one within the other, carry.
fn unwrapped(message: &Value) -> Value {
    let carried = [at(message, "/Message"), at(message, "/detail"), message]
        .into_iter()
        .find(|part| !part.is_null());
    match carried {
        Some(Value::String(text)) => match serde_json::from_str(text) {
            Ok(inner) => unwrapped(&inner),
            Err(_) => Value::Null,
        },
        Some(inner) if !std::ptr::eq(inner, message) => unwrapped(inner),
        _ => message.clone(),
    }
}

/// The message in a few words.
fn what(message: &Value) -> String {
    let bounce = at(message, "/bounce");
    let recipient = at(bounce, "/bouncedRecipients/0");
    let words = [
        at(message, "/eventType"),
        at(message, "/notificationType"),
        at(message, "/Type"),
        at(bounce, "/bounceType"),
        at(bounce, "/bounceSubType"),
        at(recipient, "/action"),
        at(recipient, "/status"),
        at(recipient, "/diagnosticCode"),
        message,
    ];
    let words: Vec<&str> = words.into_iter().filter_map(Value::as_str).collect();
    words.join(", ")
}
