use mail_parser::{Message, MessageParser};

use super::*;

fn draft() -> Draft {
    Draft {
        subject: "Your trail runs — olá".to_owned(),
        message: "I read about <b>your</b> runs.\n\nShall we talk?".to_owned(),
    }
}

/// To Ana, who is found on Instagram and writes Portuguese.
fn letter<'a>(to: &'a EmailAddress, draft: &'a Draft) -> Letter<'a> {
    Letter {
        send: SendId(42),
        fence: 3,
        to,
        draft,
        name: Some("Ana Fit"),
        language: Some("pt"),
        platform: Platform::Instagram,
        username: "anafit",
        offer: "a share of every sale.",
    }
}
fn identity() -> Identity {
    Identity {
        address: EmailAddress::parse("partners@mail.example.com").unwrap(),
        name: "Bo \"B\" at Exämple".to_owned(),
        reply_to: EmailAddress::parse("bo@example.com").ok(),
        postal_address: "Example & Co, 1 High Street, Lisbon".to_owned(),
        public_base_url: "https://app.example.com/".parse().unwrap(),
        unsubscribe_mailbox: EmailAddress::parse("stop@in.example.com").ok(),
    }
}

fn keys() -> UnsubscribeKeys {
    UnsubscribeKeys::parse(&format!("k1:{}", "0f".repeat(32))).unwrap()
}

/// The mail of a letter that `change` has changed.
fn mail(change: impl FnOnce(Letter<'_>) -> Letter<'_>) -> Vec<u8> {
    let (to, draft) = (EmailAddress::parse("ana@example.org").unwrap(), draft());
    mail_of(&change(letter(&to, &draft)))
}

fn mail_of(letter: &Letter<'_>) -> Vec<u8> {
    let now = "2026-01-05T10:00:00Z".parse().unwrap();
    render(letter, &identity(), &keys(), now).unwrap()
}

fn parsed(mime: &[u8]) -> Message<'_> {
    MessageParser::default().parse(mime).unwrap()
}

#[test]
fn both_texts_say_who_why_where_and_how_to_object() {
    let mime = mail(|letter| letter);
    let message = parsed(&mime);
    let link = format!("https://app.example.com/u/{}", keys().sign(SendId(42)));
    for text in [message.body_text(0).unwrap(), message.body_html(0).unwrap()] {
        for part in [
            "Hello Ana Fit,",
            "Shall we talk?",
            "advertisement",
            "Instagram profile (anafit)",
            "a share of every sale.",
            &link,
            "https://app.example.com/privacy",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
    assert!(
        message
            .body_text(0)
            .unwrap()
            .contains("Example & Co, 1 High Street, Lisbon")
    );
    let html = message.body_html(0).unwrap();
    assert!(
        html.contains("&lt;b&gt;") || html.contains("&#60;b&#62;"),
        "a lead's text is no markup: {html}"
    );
}

#[test]
fn the_headers_are_what_mailbox_providers_ask_for() {
    let mime = mail(|letter| letter);
    let head = String::from_utf8_lossy(&mime)
        .split("\r\n\r\n")
        .next()
        .unwrap()
        .replace("\r\n\t", " ")
        .replace("\r\n ", " ");
    let header = |name: &str| {
        let lines: Vec<_> = head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .filter(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim().to_owned())
            .collect();
        assert_eq!(lines.len(), 1, "{name} exactly once in {head}");
        lines[0].clone()
    };
    let token = keys().sign(SendId(42));
    let in_mailbox = keys().sign_for_mailbox(SendId(42));
    assert_eq!(
        header("List-Unsubscribe"),
        format!(
            "<https://app.example.com/u/{token}>, <mailto:stop+{in_mailbox}@in.example.com?subject=unsubscribe>"
        )
    );
    assert_eq!(
        header("List-Unsubscribe-Post"),
        "List-Unsubscribe=One-Click"
    );
    assert_eq!(header("Message-ID"), "<42.3@mail.example.com>");
    for name in [
        "From",
        "To",
        "Subject",
        "Date",
        "Reply-To",
        "MIME-Version",
        "Content-Type",
    ] {
        header(name);
    }
    let message = parsed(&mime);
    assert_eq!(message.subject(), Some("Your trail runs — olá"));
    assert_eq!(
        message.from().unwrap().first().unwrap().name(),
        Some("Bo \"B\" at Exämple")
    );
    assert!(mime.is_ascii(), "7-bit throughout");
    assert!(
        mime.split(|b| *b == b'\n').all(|line| line.len() <= 998),
        "RFC 5322, 2.1.1"
    );
}

#[test]
fn somebody_from_a_list_is_told_so() {
    let mime = mail(|letter| Letter {
        platform: Platform::Csv,
        username: "mail-0a1b",
        ..letter
    });
    let text = parsed(&mime).body_text(0).unwrap().into_owned();
    assert!(
        text.contains("on a list that we were given") && !text.contains("mail-0a1b"),
        "{text}"
    );
}

#[test]
fn nobody_is_greeted_twice() {
    let draft = Draft {
        message: "Hi Ana, shall we talk?".to_owned(),
        ..draft()
    };
    let to = EmailAddress::parse("ana@example.org").unwrap();
    let mime = mail_of(&letter(&to, &draft));
    let text = parsed(&mime).body_text(0).unwrap().into_owned();
    assert!(text.starts_with("Hi Ana, shall we talk?"), "{text}");
    for (message, expected) in [
        ("Olá Ana! …", true),
        ("Higher is better", false),
        ("", false),
    ] {
        assert_eq!(greets(message), expected, "{message}");
    }
}

#[test]
fn a_name_that_is_none_is_passed_over() {
    assert_eq!(greeting(Some("Ana Fit")), "Hello Ana Fit,");
    assert_eq!(
        greeting(Some("José O'Neill-Silva")),
        "Hello José O'Neill-Silva,"
    );
    for odd in [
        None,
        Some(""),
        Some("🔥BEST DEALS🔥"),
        Some("a\r\nBcc: x@example.org"),
        Some("<script>"),
    ] {
        assert_eq!(greeting(odd), "Hello,", "{odd:?}");
    }
}

#[test]
fn no_text_of_a_lead_becomes_a_header() {
    let mime = mail(|letter| Letter {
        name: Some("Ana\r\nBcc: eve@example.net"),
        username: "ana\r\nBcc: eve@example.net",
        ..letter
    });
    let head = String::from_utf8_lossy(&mime)
        .split("\r\n\r\n")
        .next()
        .unwrap()
        .to_owned();
    assert!(!head.contains("Bcc"), "{head}");
}
