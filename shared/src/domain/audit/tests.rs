use serde_json::json;
use strum::IntoEnumIterator;

use super::*;
use crate::domain::{breaker::Trip, feedback::OptOutWay, send_state::SendState};

fn record(table: &str, before: Value, after: Value) -> Record {
    let given = |value: Value| (!value.is_null()).then_some(value);
    Record {
        id: 1,
        at: DateTime::UNIX_EPOCH,
        actor: "operator:mara".to_owned(),
        table: table.to_owned(),
        row: "12".to_owned(),
        action: if before.is_null() { "insert" } else { "update" }.to_owned(),
        before: given(before),
        after: given(after),
        note: None,
    }
}

#[track_caller]
fn check(table: &str, before: Value, after: Value, sentence: &str) {
    assert_eq!(record(table, before, after).sentence(), sentence);
}

#[test]
fn send_change_names_states_and_reason() {
    let none = Value::Null;
    check(
        "sends",
        none,
        json!({"state": "review", "reason": "country_review"}),
        "Mail 12 was planned. It waits for a person to decide. The recipient's country has conditions \
         that a person must check.",
    );
    check(
        "sends",
        json!({"state": "calling", "reason": null}),
        json!({"state": "sent", "reason": null}),
        "Mail 12 went from calling to sent. SES accepted it.",
    );
    check(
        "sends",
        json!({"state": "review", "reason": null, "content_hash": "a"}),
        json!({"state": "review", "reason": "edited", "content_hash": "b"}),
        "Mail 12 was given another text. It waits for a person to decide. Its text was edited, so a \
         person must approve it.",
    );
    check(
        "sends",
        json!({"state": "queued", "reason": null}),
        json!({"state": "queued", "reason": "a word of tomorrow"}),
        "sends 12: update: reason from nothing to “a word of tomorrow”.",
    );
    for state in SendState::ALL {
        let after = json!({"state": state.as_str(), "reason": null});
        let sentence = record("sends", json!({"state": "queued"}), after).sentence();
        assert!(sentence.ends_with(state.explain()), "{sentence}");
    }
}

#[test]
fn mailbox_change_says_what_became_of_it() {
    let mailbox = |before: Value, after: Value| {
        let row = "\\x0011223344556677".to_owned();
        Record {
            row,
            ..record("recipients", before, after)
        }
        .sentence()
    };
    let open = || json!({"suppressed_at": null, "suppression_reason": null, "opt_out_way": null});
    let suppressed = |way: Value| json!({"suppressed_at": "2026-01-05", "suppression_reason": "unsubscribed", "opt_out_way": way});
    for way in [
        OptOutWay::Button,
        OptOutWay::OneClick,
        OptOutWay::Mail,
        OptOutWay::Person,
    ] {
        let sentence = mailbox(open(), suppressed(json!(way.as_str())));
        assert!(
            sentence.starts_with("Mailbox 00112233 was suppressed by "),
            "{sentence}"
        );
        assert!(sentence.ends_with(": “unsubscribed”."), "{sentence}");
    }
    assert_eq!(
        mailbox(open(), suppressed(Value::Null)),
        "Mailbox 00112233 was suppressed: “unsubscribed”."
    );
    assert_eq!(
        mailbox(suppressed(Value::Null), open()),
        "The suppression of mailbox 00112233 was lifted."
    );
    assert_eq!(
        mailbox(
            json!({"erased_at": null}),
            json!({"erased_at": "2026-01-05"})
        ),
        "Mailbox 00112233 was erased."
    );
    assert_eq!(
        mailbox(json!({"basis": null}), json!({"basis": "consent"})),
        "Mailbox 00112233: basis from nothing to “consent”."
    );
}

#[test]
fn settings_change_lists_what_is_different() {
    check(
        "campaigns",
        Value::Null,
        json!({"name": "Spring"}),
        "Campaign “Spring” was begun.",
    );
    check(
        "campaigns",
        json!({"name": "Spring", "daily_cap": 50, "review_all": false, "offer": "o"}),
        json!({"name": "Spring", "daily_cap": 60, "review_all": true, "offer": "o"}),
        "Campaign “Spring”: daily cap from 50 to 60, review all from no to yes.",
    );
    let long = "x".repeat(100);
    let shortened = format!("Source “List”: params from “{}…” to nothing.", &long[..80]);
    check(
        "sources",
        json!({"name": "List", "params": long}),
        json!({"name": "List", "params": null}),
        &shortened,
    );
}

#[test]
fn switches_say_which_way_they_went() {
    check(
        "installation",
        json!({"stopped_at": null, "stop_reason": null}),
        json!({"stopped_at": "2026-01-05", "stop_reason": "complaints"}),
        "Sending was stopped: “complaints”.",
    );
    check(
        "installation",
        json!({"stopped_at": "2026-01-05", "stop_reason": "complaints"}),
        json!({"stopped_at": null, "stop_reason": null}),
        "Sending was started again.",
    );
    for trip in Trip::ALL {
        let after = json!({"opened_at": "2026-01-05", "reason": trip.as_str()});
        let sentence = record("breakers", Value::Null, after).sentence();
        let opened = "The breaker of campaign 12 opened: no mail of it leaves. ";
        assert_eq!(sentence, format!("{opened}{}", trip.explain()));
    }
    check(
        "breakers",
        json!({"opened_at": "2026-01-05"}),
        json!({"opened_at": null}),
        "The breaker of campaign 12 was closed.",
    );
    check(
        "enriched_leads",
        json!({"reviewed": false}),
        json!({"reviewed": true}),
        "Assessment 12 was approved by a person.",
    );
}

#[test]
fn every_action_on_leads_has_a_sentence() {
    for action in Action::iter().filter(|action| *action != Action::RunNow) {
        let of = |row: &str| Record {
            action: action.as_str().to_owned(),
            row: row.to_owned(),
            ..record("leads", Value::Null, Value::Null)
        };
        let sentence = of("7").sentence();
        assert!(sentence.to_lowercase().contains("lead 7"), "{sentence}");
    }
}

#[test]
fn what_was_asked_is_told_without_columns() {
    for (table, action, expected) in [
        (
            "campaigns",
            "ask_again",
            "Leads of campaign 12 are to be assessed again.",
        ),
        (
            "sources",
            "run_now",
            "Source 12 is to be read at the collector’s next run.",
        ),
    ] {
        let asked = Record {
            action: action.to_owned(),
            ..record(table, Value::Null, Value::Null)
        };
        assert_eq!(asked.sentence(), expected);
    }
}

#[test]
fn unknown_table_is_told_by_columns() {
    check(
        "payouts",
        json!({"amount": 5, "currency": "EUR", "gone": 1}),
        json!({"amount": 7, "currency": "EUR", "new": [1]}),
        "payouts 12: update: amount from 5 to 7, new is [1], gone from 1 to nothing.",
    );
    check("payouts", Value::Null, json!("odd"), "payouts 12: insert.");
}

#[test]
fn actor_reads_back() {
    for (text, actor) in [
        (
            "person:https://idp|ana:1",
            Actor::Person("https://idp|ana:1"),
        ),
        ("operator:mara", Actor::Operator("mara")),
        ("sender", Actor::Program("sender")),
        ("psql:x", Actor::Program("psql:x")),
    ] {
        assert_eq!(Actor::read(text), actor);
        assert_eq!(actor.to_string(), text);
        assert_eq!(
            actor.is_person(),
            text.starts_with("person") || text.starts_with("operator")
        );
    }
}

#[test]
fn text_keeps_no_local_part() {
    for (text, masked) in [
        ("", ""),
        ("asked by telephone", "asked by telephone"),
        (
            "mail of ana.fit+x@example.org, 3 May",
            "mail of •••@example.org, 3 May",
        ),
        ("<Ána@exämple.org>", "<•••@exämple.org>"),
        ("@ana on X, a@ and @b", "@ana on X, a@ and @b"),
        ("a@b@c.example", "•••@c.example"),
        ("mailto:ana@example.org", "mailto:•••@example.org"),
    ] {
        assert_eq!(without_addresses(text), masked);
    }
}
