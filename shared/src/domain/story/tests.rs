use chrono::TimeDelta;
use serde_json::json;

use super::*;
use crate::domain::reason::Reason;

fn told(what: What) -> Option<Entry> {
    let happening = Happening {
        at: DateTime::UNIX_EPOCH,
        campaign: Some("Spring".to_owned()),
        what,
    };
    story(vec![happening]).pop()
}

fn change(before: Option<SendState>, after: SendState, reason: Option<&str>, by: &str) -> What {
    What::Mail(MailChange {
        send: 12,
        before,
        after,
        reason: reason.map(str::to_owned),
        by: by.to_owned(),
        note: None,
    })
}

fn assessment() -> Assessment {
    Assessment {
        version: 1,
        score: 91,
        confidence: 0.876,
        by_model: true,
        model: Some("small".to_owned()),
        niche: "running".to_owned(),
        summary: "Writes about trails.".to_owned(),
        evidence: json!([]),
        compliant: true,
        compliance_notes: String::new(),
        cost_micros: 949,
        reason: None,
        decision: json!({}),
        prompt: "00112233".to_owned(),
    }
}

#[track_caller]
fn check(what: What, title: &str, text: &str) -> Entry {
    let entry = told(what).unwrap();
    assert_eq!((&*entry.title, &*entry.text), (title, text));
    entry
}

#[test]
fn found_and_assessed_are_told_with_price() {
    let found = |new| What::Found {
        platform: "X",
        source: "search".to_owned(),
        new,
    };
    let text = "The source “search” found this profile. It was new.";
    check(found(true), "Found on X", text);
    let text = "The source “search” found this profile. It was known.";
    check(found(false), "Found on X", text);
    check(
        What::Assessed(assessment()),
        "Assessed: 91 of 100",
        "Writes about trails. The model’s confidence is 0.88. It cost 0.09 ¢.",
    );
    let by_rules = Assessment {
        by_model: false,
        summary: String::new(),
        cost_micros: 7,
        reason: Some("low_score".to_owned()),
        ..assessment()
    };
    check(
        What::Assessed(by_rules),
        "Scored by the rules: 91 of 100",
        "The model gave no usable answer. It cost less than 0.01 ¢. The lead's score is below the \
         campaign's minimum.",
    );
}

#[test]
fn mail_changes_are_told_by_who_made_them() {
    use SendState::{Calling, Claimed, Queued, Refused, Review, Sent};
    let review = Some(Review);
    let approved = check(
        change(review, Queued, None, "person:s-1"),
        "Approved",
        "It is planned and leaves as soon as every rule allows it.",
    );
    assert_eq!(approved.by.as_deref(), Some("person:s-1"));
    assert_eq!(approved.tone, Tone::Person);
    assert_eq!(approved.send, Some(12));
    let waits = check(
        change(Some(Claimed), Queued, Some("ramp"), "sender"),
        "Waits",
        "The sending domain is new, and today's limit for it has been reached.",
    );
    assert_eq!((waits.by, waits.tone), (None, Tone::Plain));
    check(
        change(review, Refused, Some("reviewer_rejected"), "operator:mara"),
        "Rejected by a reviewer",
        "It will not be sent. A reviewer rejected it.",
    );
    check(
        change(None, Refused, Some("a word of tomorrow"), "enricher"),
        "Refused",
        "It will not be sent. The recorded reason: a word of tomorrow.",
    );
    // Its event, and what the sender writes next, say more.
    assert_eq!(
        told(change(Some(Sent), SendState::Delivered, None, "feedback")),
        None
    );
    assert_eq!(told(change(Some(Queued), Calling, None, "sender")), None);
}

#[test]
fn every_state_and_reason_is_told() {
    for after in SendState::ALL {
        for reason in Reason::ALL {
            for by in ["sender", "person:s-1"] {
                let entry = told(change(
                    Some(SendState::Review),
                    after,
                    Some(reason.as_str()),
                    by,
                ));
                let on_its_way = matches!(after, SendState::Claimed | SendState::Calling);
                assert_eq!(entry.is_none(), on_its_way);
                assert!(entry.is_none_or(|entry| entry.text.contains(reason.explain())));
            }
        }
    }
}

#[test]
fn events_are_told_also_of_later_versions() {
    let event = |kind: &str, detail: Option<&str>| What::Event {
        kind: kind.to_owned(),
        detail: detail.map(str::to_owned),
    };
    let delivered = "The recipient's mail server accepted it.";
    check(event("delivery", None), "Delivered", delivered);
    let bounce = check(
        event("bounce", Some("hard Permanent/General")),
        "Bounced",
        "SES says: hard Permanent/General.",
    );
    assert_eq!(bounce.tone, Tone::Bad);
    check(event("moved_house", None), "SES reports: moved house", "");
    assert_eq!(told(event("send", None)), None);
}

#[test]
fn suppression_and_notes_name_the_person() {
    let mailbox = |reason: Option<&str>| What::Mailbox {
        reason: reason.map(str::to_owned),
        by: "operator:mara".to_owned(),
        note: Some("called".to_owned()),
    };
    let entry = check(
        mailbox(Some("asked by telephone")),
        "Suppressed",
        "The recipient opted out or complained, or the address bounced. It gets no more mail. The \
         recorded reason: asked by telephone.",
    );
    assert_eq!(entry.note.as_deref(), Some("called"));
    let lifted = "The mailbox may be written to again.";
    check(mailbox(None), "Suppression lifted", lifted);
    let note = What::Note {
        author: "Ines".to_owned(),
        text: "Met in Lisbon.".to_owned(),
    };
    check(note, "Note by Ines", "Met in Lisbon.");
}

#[test]
fn story_is_in_order_of_time() {
    let at = |minutes| DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes);
    let note = |minutes, text: &str| Happening {
        at: at(minutes),
        campaign: None,
        what: What::Note {
            author: "Ines".to_owned(),
            text: text.to_owned(),
        },
    };
    let told = story(vec![note(2, "c"), note(1, "a"), note(1, "b")]);
    let texts: Vec<&str> = told.iter().map(|entry| entry.text.as_str()).collect();
    assert_eq!(texts, ["a", "b", "c"]);
}
