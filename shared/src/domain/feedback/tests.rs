use super::*;

fn bounce<'a>(kind: &'a str, subtype: &'a str) -> BounceReport<'a> {
    BounceReport {
        kind,
        subtype,
        action: None,
        status: None,
    }
}

#[track_caller]
fn check(kind: &str, subtype: &str, class: BounceClass) {
    assert_eq!(classify(&bounce(kind, subtype)), class, "{kind}/{subtype}");
}

#[test]
fn bounce_class_follows_from_its_code() {
    for subtype in [
        "General",
        "NoEmail",
        "Suppressed",
        "OnAccountSuppressionList",
        "UnsubscribedRecipient",
        "OnTenantSuppressionList",
        "SomethingNew",
        "",
    ] {
        check("Permanent", subtype, BounceClass::Hard);
    }
    for subtype in ["MailboxFull", "CustomTimeoutExceeded", "SomethingNew"] {
        check("Transient", subtype, BounceClass::Soft);
    }
    for subtype in ["MessageTooLarge", "ContentRejected", "AttachmentRejected"] {
        check("Transient", subtype, BounceClass::Mail);
    }
    check("Transient", "General", BounceClass::Reply);
    check("Undetermined", "Undetermined", BounceClass::Soft);
    check("SomethingNew", "General", BounceClass::Soft);
    check("", "", BounceClass::Soft);
}

#[test]
fn a_failed_delivery_is_no_automatic_reply() {
    let general = |action, status| {
        classify(&BounceReport {
            action,
            status,
            ..bounce("Transient", "General")
        })
    };
    assert_eq!(general(Some("failed"), Some("4.4.7")), BounceClass::Soft);
    assert_eq!(general(Some("Failed"), Some("5.0.0")), BounceClass::Soft);
    assert_eq!(general(Some("failed"), None), BounceClass::Reply);
    assert_eq!(general(Some("failed"), Some("2.0.0")), BounceClass::Reply);
    assert_eq!(general(Some("relayed"), Some("4.4.7")), BounceClass::Reply);
    assert_eq!(general(None, Some("4.4.7")), BounceClass::Reply);
}

#[track_caller]
fn leads_to(report: Report<'_>, state: Option<SendState>, suppression: Option<Suppression>) {
    let effect = effect(&report);
    assert_eq!(
        (effect.state, effect.suppression),
        (state, suppression),
        "{report:?}"
    );
}

#[test]
fn every_event_has_its_state_and_suppression() {
    use SendState::{Bounced, Clicked, Complained, Delivered, Opened, Rejected, Sent};
    leads_to(Report::Send, Some(Sent), None);
    leads_to(Report::Delivery, Some(Delivered), None);
    leads_to(Report::Open, Some(Opened), None);
    leads_to(Report::Click, Some(Clicked), None);
    leads_to(Report::Reject, Some(Rejected), None);
    leads_to(Report::DeliveryDelay, Some(Sent), None);
    leads_to(Report::Unknown, Some(Sent), None);
    leads_to(Report::RenderingFailure, None, None);
    leads_to(Report::Subscription, None, None);
    leads_to(Report::Unsubscribe, None, Some(Suppression::Unsubscribed));
    let hard = Report::Bounce(bounce("Permanent", "General"));
    leads_to(hard, Some(Bounced), Some(Suppression::Bounced));
    let soft = Report::Bounce(bounce("Transient", "MailboxFull"));
    leads_to(soft, Some(Bounced), None);
    let mail = Report::Bounce(bounce("Transient", "ContentRejected"));
    leads_to(mail, Some(Bounced), None);
    let reply = Report::Bounce(bounce("Transient", "General"));
    leads_to(reply, Some(Sent), None);
    let complaint = |subtype, feedback| Report::Complaint { subtype, feedback };
    let no = Some(Suppression::Complained);
    leads_to(complaint(None, Some("abuse")), Some(Complained), no);
    leads_to(complaint(None, None), Some(Complained), no);
    leads_to(complaint(None, Some("new-word")), Some(Complained), no);
    leads_to(
        complaint(Some("OnAccountSuppressionList"), None),
        Some(Complained),
        no,
    );
    leads_to(complaint(None, Some("not-spam")), Some(Sent), None);
}

#[test]
fn bounce_words_read_back() {
    use BounceClass::{Hard, Mail, Reply, Soft};
    for (class, word) in [
        (Hard, "hard"),
        (Soft, "soft"),
        (Mail, "mail"),
        (Reply, "reply"),
    ] {
        assert_eq!((class.as_str(), word.parse()), (word, Ok(class)));
    }
    assert_eq!("".parse::<BounceClass>(), Err(UnknownBounce));
}
