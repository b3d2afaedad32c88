use super::*;

fn bounce<'a>(kind: &'a str, subtype: &'a str) -> BounceReport<'a> {
    BounceReport {
        kind,
        subtype,
        action: None,
        status: None,
        diagnostic: None,
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

#[track_caller]
fn general(
    action: Option<&str>,
    status: Option<&str>,
    diagnostic: Option<&str>,
    class: BounceClass,
) {
    for (kind, subtype) in [("Transient", "General"), ("TRANSIENT", "general")] {
        let report = BounceReport {
            action,
            status,
            diagnostic,
            ..bounce(kind, subtype)
        };
        assert_eq!(classify(&report), class, "{report:?}");
    }
}

#[test]
fn a_failed_delivery_is_no_automatic_reply() {
    use BounceClass::{Reply, Soft};
    general(Some("failed"), Some("4.4.7"), None, Soft);
    general(Some("Failed"), Some("5.0.0"), None, Soft);
    general(Some("failed"), None, None, Soft);
    general(None, Some("4.4.7"), None, Soft);
    general(
        None,
        None,
        Some("smtp; 550 5.7.1 Message refused by policy"),
        Soft,
    );
    general(
        Some("failed"),
        None,
        Some("smtp; 421 try again later"),
        Soft,
    );
    general(
        None,
        None,
        Some("smtp;550 permanent failure for one or more recipients"),
        Soft,
    );
    general(Some("failed"), Some("2.0.0"), None, Reply);
    general(Some("relayed"), Some("4.4.7"), None, Reply);
    general(Some("delayed"), Some("4.4.1"), None, Reply);
    general(None, None, None, Reply);
    general(
        None,
        None,
        Some("smtp; I am out of office until 2026, call 12345"),
        Reply,
    );
    general(None, None, Some("smtp; 250 2.1.5 Ok"), Reply);
    general(None, None, Some("dns; 192.0.2.9"), Reply);
}

#[test]
fn dead_domain_or_mailbox_stops_after_one() {
    use BounceClass::{Hard, Soft};
    for diagnostic in [
        "smtp; 550 4.4.7 Message expired: unable to deliver in 840 minutes.<421 4.4.0 Unable to lookup DNS for gmial.example>",
        "smtp; 550 5.4.310 DNS domain gmial.example does not exist",
        "smtp; 556 5.1.10 Recipient address has null MX",
        "X-Postfix; Host or domain name not found. Name service error for name=gmial.example",
        "smtp; 550 5.1.1 <x>: Recipient address rejected: User unknown",
        "smtp; 550-5.1.1 The email account that you tried to reach does not exist",
        "X-Unix; user unknown",
        "smtp; 550 5.2.1 The email account that you tried to reach is inactive",
    ] {
        general(Some("failed"), None, Some(diagnostic), Hard);
        general(Some("failed"), Some("5.0.0"), Some(diagnostic), Hard);
        let undetermined = BounceReport {
            diagnostic: Some(diagnostic),
            ..bounce("Undetermined", "Undetermined")
        };
        assert_eq!(classify(&undetermined), Hard, "{diagnostic}");
    }
    general(Some("failed"), Some("5.1.2"), None, Hard);
    general(
        Some("failed"),
        Some("4.2.1"),
        Some("smtp; 450 4.2.1 user unknown, try later"),
        Soft,
    );
    general(
        Some("failed"),
        Some("4.4.1"),
        Some("smtp; 421 4.4.1 connection timed out"),
        Soft,
    );
}

#[test]
fn bounce_about_the_mail_spares_the_mailbox() {
    use BounceClass::Mail;
    general(
        Some("failed"),
        Some("5.7.26"),
        Some("smtp; 550-5.7.26 unauthenticated mail"),
        Mail,
    );
    general(
        None,
        None,
        Some("smtp; 550 5.7.1 Unauthenticated email is not accepted due to domain's DMARC policy"),
        Mail,
    );
    general(Some("failed"), Some("5.3.4"), None, Mail);
    general(Some("failed"), Some("5.7.515"), None, Mail);
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
    leads_to(complaint(None, Some("Not-Spam")), Some(Sent), None);
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
