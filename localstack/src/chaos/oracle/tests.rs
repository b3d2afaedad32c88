use super::*;

fn handover(number: u64, send: &str, accepted: bool) -> Handover {
    Handover {
        number,
        at: "2026-01-05T10:00:00Z".parse().unwrap(),
        accepted,
        outcome: "ok".to_owned(),
        fault: None,
        result: None,
        timing: None,
        send_id: Some(send.to_owned()),
        tags: BTreeMap::new(),
        source: String::new(),
        destinations: Vec::new(),
        destination_hash: format!("recipient of {send}"),
        configuration_set: None,
        bytes: 0,
        message_id: None,
        mime: None,
    }
}

fn mail(id: i64, state: &str) -> Mail {
    Mail {
        id,
        campaign: 1,
        recipient: format!("recipient of {id}"),
        step: 1,
        state: state.to_owned(),
        events: 0,
        was_unknown: state == "unknown",
    }
}

/// One mail that left, and nothing wrong with it.
fn good() -> Evidence {
    Evidence {
        mails: vec![mail(1, "sent")],
        handovers: vec![handover(1, "1", true)],
        canary: "@canary.example".to_owned(),
        ..Evidence::default()
    }
}

#[track_caller]
fn check(evidence: &Evidence, invariants: &[&str]) {
    let found = super::check(evidence);
    let names: BTreeSet<&str> = found.iter().map(|f| f.invariant.as_str()).collect();
    assert_eq!(names, invariants.iter().copied().collect(), "{found:?}");
    for name in names {
        assert!(
            INVARIANTS.contains(&name),
            "{name} has no line in the table"
        );
    }
}

#[test]
fn mail_that_left_once_passes() {
    check(&good(), &[]);
}

#[test]
fn mail_that_left_twice_is_found() {
    let mut twice = good();
    twice.handovers.push(handover(2, "1", true));
    let step = "one mail per campaign, recipient and step";
    check(
        &twice,
        &["one mail per send", step, "one mail per recipient and day"],
    );
    // The same person by another send of the same campaign.
    let mut other = good();
    other.mails.push(Mail {
        recipient: "recipient of 1".to_owned(),
        ..mail(2, "sent")
    });
    other.handovers.push(handover(2, "2", true));
    check(&other, &[step]);
}

#[test]
fn rejected_mail_leaves_the_day_free() {
    let mut held_back = good();
    held_back.mails.push(Mail {
        campaign: 2,
        recipient: "recipient of 1".to_owned(),
        ..mail(2, "sent")
    });
    let other = Handover {
        destination_hash: "recipient of 1".to_owned(),
        ..handover(2, "2", true)
    };
    held_back.handovers.push(other);
    check(&held_back, &["one mail per recipient and day"]);
    held_back.handovers[0].result = Some(DeliveryResult::Rejected);
    check(&held_back, &[]);
}

#[test]
fn refused_handover_is_no_mail() {
    let mut refused = good();
    refused.handovers.push(handover(2, "1", false));
    check(&refused, &[]);
}

#[test]
fn ledger_and_database_disagreement_is_found() {
    let state = |state: &str| Evidence {
        mails: vec![mail(1, state)],
        ..good()
    };
    check(&state("queued"), &["nothing is lost"]);
    check(&state("refused"), &["nothing is lost"]);
    check(&state("unknown"), &[]);
    let mut reported = state("unknown");
    reported.handovers[0].timing = Some(Timing::After);
    check(&reported, &["an event settles"]);
    let without_mail = Evidence {
        handovers: vec![],
        ..good()
    };
    check(&without_mail, &["a sent state has its mail"]);
    let unknown_send = Evidence {
        mails: vec![],
        ..good()
    };
    check(&unknown_send, &["nothing is lost"]);
}

#[test]
fn throttling_by_ses_is_a_violation() {
    let mut fast = good();
    fast.handovers.push(Handover {
        outcome: "throttled_rate".to_owned(),
        ..handover(2, "1", false)
    });
    check(&fast, &["the rate holds"]);
}

#[test]
fn address_in_message_or_log_is_found() {
    let mut named = good();
    named
        .texts
        .push(("queue enrich".to_owned(), "{ANA@Canary.example}".to_owned()));
    check(&named, &["no address leaks"]);
}

#[test]
fn lost_lead_is_found() {
    let more = Evidence {
        leads: 3,
        junk: 2,
        ..good()
    };
    check(&more, &["a lead exists once", "quarantine holds junk only"]);
    let mut erased = Evidence { leads: 3, ..good() };
    erased.counts.leads = 2;
    check(&erased, &["a lead exists once"]);
    erased.counts.erased = 1;
    check(&erased, &[]);
}

#[test]
fn unknown_send_is_resolved_or_shown() {
    let resolved = Mail {
        was_unknown: true,
        ..mail(1, "delivered")
    };
    let counted = unknowns(&[resolved, mail(2, "unknown"), mail(3, "sent")]);
    assert_eq!((counted.resolved, counted.shown), (1, 1));
}
