use std::collections::BTreeMap;

use super::*;

fn table() -> BTreeMap<&'static str, String> {
    let key = "0f".repeat(32);
    BTreeMap::from([
        ("DATABASE_URL", "postgres://secret@db/outreach".to_owned()),
        ("RECIPIENT_HASH_KEY", key.clone()),
        ("ENRICH_QUEUE_URL", "http://127.0.0.1/q/enrich".to_owned()),
        (
            "OUTREACH_QUEUE_URL",
            "http://127.0.0.1/q/outreach".to_owned(),
        ),
        ("SENDER_ADDRESS", "partners@mail.example.com".to_owned()),
        ("SENDER_NAME", "Ana at Example".to_owned()),
        (
            "POSTAL_ADDRESS",
            "Example Ltd, 1 High Street, Lisbon".to_owned(),
        ),
        ("PUBLIC_BASE_URL", "https://app.example.com/".to_owned()),
        ("UNSUBSCRIBE_KEYS", format!("k1:{key}")),
        ("SES_CONFIGURATION_SET", "outreach".to_owned()),
    ])
}

fn with(changes: &[(&'static str, &str)]) -> impl Fn(&str) -> Option<String> + use<> {
    let mut table = table();
    for (name, value) in changes {
        table.insert(*name, (*value).to_owned());
    }
    move |name| table.get(name).cloned()
}

#[test]
fn defaults_are_the_documented_ones() {
    let lookup = with(&[("OPENAI_API_KEY", "sk-x")]);
    let collector = Collector::from_lookup(&lookup).unwrap();
    assert_eq!(collector.x_api_base.as_str(), "https://api.x.com/");
    assert!(collector.x_bearer_token.is_none() && collector.simulated_api_base.is_none());

    let model = Enricher::from_lookup(&lookup).unwrap().model.unwrap();
    assert_eq!(model.base_url.as_str(), "https://api.openai.com/v1");
    assert_eq!(model.name, "gpt-4.1-mini");
    assert_eq!(model.temperature, Some(0.3));
    assert_eq!(model.max_tokens, 500);
    assert_eq!(model.timeout, Duration::from_secs(20));
    assert_eq!(model.daily_budget_micros, 5_000_000);

    let sender = Sender::from_lookup(&lookup).unwrap();
    assert_eq!(sender.republish_after, Duration::from_secs(600));
    assert!(
        !sender.sending_enabled,
        "nothing is sent until it is enabled"
    );
    assert!(sender.identity.reply_to.is_none());
}

#[test]
fn an_empty_variable_is_not_set() {
    let lookup = with(&[
        ("OPENAI_API_KEY", " "),
        ("X_API_BASE", ""),
        ("SENDER_NAME", ""),
    ]);
    assert!(Enricher::from_lookup(&lookup).unwrap().model.is_none());
    assert!(Collector::from_lookup(&lookup).is_ok());
    let error = Sender::from_lookup(&lookup).unwrap_err().to_string();
    assert_eq!(
        error,
        "the environment is not complete: SENDER_NAME is not set"
    );
}

#[test]
fn one_error_lists_all_faults_without_values() {
    let lookup = with(&[
        ("SENDING_ENABLED", "yes please"),
        ("SENDER_ADDRESS", "not-an-address"),
        ("UNSUBSCRIBE_KEYS", "k1:c0ffee"),
        ("PUBLIC_BASE_URL", "ftp://files.example.com"),
        ("SES_CONFIGURATION_SET", ""),
    ]);
    let error = Sender::from_lookup(&lookup).unwrap_err().to_string();
    for name in [
        "SENDING_ENABLED",
        "SENDER_ADDRESS",
        "UNSUBSCRIBE_KEYS",
        "PUBLIC_BASE_URL",
        "SES_CONFIGURATION_SET",
    ] {
        assert!(error.contains(name), "{name} in {error}");
    }
    for value in ["yes please", "not-an-address", "c0ffee", "ftp:"] {
        assert!(!error.contains(value), "{value} in {error}");
    }
}

#[test]
fn temperature_may_be_absent_but_not_invalid() {
    let read = |value| {
        let lookup = with(&[("OPENAI_API_KEY", "sk-x"), ("OPENAI_TEMPERATURE", value)]);
        Enricher::from_lookup(&lookup).map(|c| c.model.unwrap().temperature)
    };
    assert_eq!(read("none").unwrap(), None);
    assert_eq!(read("0").unwrap(), Some(0.0));
    assert!(read("warm").is_err() && read("3").is_err());
}

#[test]
fn a_mailbox_leaves_room_for_a_token() {
    let sender = |name: &str| {
        let mailbox = format!("{name}@in.example.com");
        Sender::from_lookup(&with(&[("UNSUBSCRIBE_MAILBOX", &mailbox)]))
    };
    assert!(sender(&"a".repeat(23)).is_ok());
    let refused = sender(&"a".repeat(24)).unwrap_err().to_string();
    assert!(
        refused.contains("UNSUBSCRIBE_MAILBOX leaves no room"),
        "{refused}"
    );
}

#[test]
fn the_feedback_function_believes_one_topic_only() {
    let arn = "arn:aws:sns:us-east-1:000000000000:outreach-feedback";
    let lookup = with(&[
        ("FEEDBACK_QUEUE_URL", "http://127.0.0.1/q"),
        ("FEEDBACK_DEAD_LETTER_QUEUE_URL", "http://127.0.0.1/d"),
        ("FEEDBACK_TOPIC_ARN", arn),
    ]);
    assert_eq!(
        Feedback::from_lookup(&lookup).unwrap().feedback_topic_arn,
        arn
    );
    let missing = Feedback::from_lookup(&with(&[])).unwrap_err().to_string();
    assert!(missing.contains("FEEDBACK_TOPIC_ARN") && missing.contains("FEEDBACK_QUEUE_URL"));
}

#[test]
fn a_short_hash_key_is_refused() {
    let lookup = with(&[("RECIPIENT_HASH_KEY", "0f0f")]);
    let error = Collector::from_lookup(&lookup).unwrap_err().to_string();
    assert!(
        error.contains("RECIPIENT_HASH_KEY cannot be used"),
        "{error}"
    );
}

#[test]
fn secrets_are_not_printed() {
    let config = Sender::from_lookup(&with(&[])).unwrap();
    let text = format!("{config:?}");
    assert!(!text.contains("secret") && !text.contains("0f0f"), "{text}");
}
