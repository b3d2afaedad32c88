use mail_parser::{Message, MessageParser};
use proptest::prelude::*;
use shared::domain::{
    lead::{Origin, Platform},
    letter::FRAMES,
    reading::has_link,
};

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
        addressee: ana(),
    }
}

fn ana() -> Addressee<'static> {
    Addressee {
        name: Some("Ana Fit"),
        language: Some("pt"),
        platform: Platform::Instagram,
        origin: Origin::Service,
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

/// The mail to Ana, whom `change` has changed.
fn mail(change: impl FnOnce(Addressee<'_>) -> Addressee<'_>) -> Vec<u8> {
    let (to, draft) = (EmailAddress::parse("ana@example.org").unwrap(), draft());
    mail_of(&Letter {
        addressee: change(ana()),
        ..letter(&to, &draft)
    })
}

fn mail_of(letter: &Letter<'_>) -> Vec<u8> {
    let now = "2026-01-05T10:00:00Z".parse().unwrap();
    render(letter, &identity(), &keys(), now).unwrap()
}

fn parsed(mime: &[u8]) -> Message<'_> {
    MessageParser::default().parse(mime).unwrap()
}

fn text_of(mime: &[u8]) -> String {
    parsed(mime).body_text(0).unwrap().into_owned()
}

#[test]
fn text_and_html_hold_every_sentence() {
    for frame in FRAMES {
        let mime = mail(|ana| Addressee {
            language: Some(frame.language.code()),
            ..ana
        });
        let message = parsed(&mime);
        let link = format!("https://app.example.com/u/{}", keys().sign(SendId(42)));
        let html = message.body_html(0).unwrap();
        for text in [message.body_text(0).unwrap(), html.clone()] {
            for part in [
                "Ana Fit",
                "Shall we talk?",
                "a share of every sale.",
                "Instagram",
                "anafit",
                frame.closing,
                frame.software,
                frame.objection,
                frame.unsubscribe,
                frame.privacy,
                &link,
                "https://app.example.com/privacy",
                "1 High Street, Lisbon",
            ] {
                assert!(text.contains(part), "{part} in {text}");
            }
            assert!(!text.contains(['{', '}']), "a blank was left: {text}");
        }
        let lang = format!("<html lang=\"{}\">", frame.language);
        assert!(html.contains(&lang), "{html}");
        assert!(html.contains("&#60;b&#62;"), "not escaped: {html}");
    }
}

#[test]
fn unknown_language_gets_english_frame() {
    for (language, expected) in [
        (None, "en"),
        (Some("ja"), "en"),
        (Some(""), "en"),
        (Some("pt-BR"), "pt"),
        (Some("DE"), "de"),
    ] {
        assert_eq!(
            Frame::of(language).language.code(),
            expected,
            "{language:?}"
        );
    }
    let mime = mail(|ana| Addressee {
        language: Some("ja"),
        ..ana
    });
    let html = parsed(&mime).body_html(0).unwrap().into_owned();
    assert!(html.contains("<html lang=\"en\">"), "{html}");
    assert!(html.contains("<div lang=\"ja\">"), "{html}");
}

#[test]
fn headers_satisfy_mailbox_providers() {
    let mime = mail(|ana| ana);
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
    assert_eq!(header("Message-ID"), "<42.3.1767607200@mail.example.com>");
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
fn imported_lead_reads_about_the_list() {
    // A list that names a platform is still a list.
    for (frame, platform) in FRAMES
        .iter()
        .zip([Platform::Instagram, Platform::Csv].into_iter().cycle())
    {
        let text = text_of(&mail(|ana| Addressee {
            origin: Origin::List,
            platform,
            username: "mail-0a1b",
            language: Some(frame.language.code()),
            ..ana
        }));
        assert!(text.contains(frame.from_list), "{text}");
        assert!(!text.contains("mail-0a1b"), "{text}");
    }
}

#[test]
fn greeting_in_message_replaces_ours() {
    let draft = Draft {
        message: "Hi Ana, shall we talk?".to_owned(),
        ..draft()
    };
    let to = EmailAddress::parse("ana@example.org").unwrap();
    let text = text_of(&mail_of(&letter(&to, &draft)));
    assert!(text.starts_with("Hi Ana, shall we talk?"), "{text}");
}

#[test]
fn text_of_a_lead_never_becomes_a_header() {
    let mime = mail(|ana| Addressee {
        name: Some("Ana\r\nBcc: eve@example.net"),
        username: "ana\r\nBcc: eve@example.net",
        ..ana
    });
    let head = String::from_utf8_lossy(&mime)
        .split("\r\n\r\n")
        .next()
        .unwrap()
        .to_owned();
    assert!(!head.contains("Bcc"), "{head}");
}

#[test]
fn name_that_is_a_link_is_not_greeted() {
    let text = text_of(&mail(|ana| Addressee {
        name: Some("free-shoes.com"),
        language: None,
        ..ana
    }));
    assert!(
        text.starts_with("Hello,\r\n") || text.starts_with("Hello,\n"),
        "{text}"
    );
    assert!(!text.contains("free-shoes"), "{text}");
}

#[test]
fn offer_and_username_hold_no_link() {
    let text = text_of(&mail(|ana| Addressee {
        username: "ana.fit",
        offer: "10 % at https://evil.example.com/x\u{202E}.",
        language: None,
        ..ana
    }));
    assert!(text.contains("profile (ana .fit)"), "{text}");
    assert!(
        text.contains("10 % at https: //evil .example .com/x."),
        "{text}"
    );
}

/// The text without what we put there: our two links.
fn without_ours(text: &str) -> String {
    let token = keys().sign(SendId(42));
    text.replace(&format!("https://app.example.com/u/{token}"), "")
        .replace("https://app.example.com/privacy", "")
}

/// What others write: names of hosts and what may stand around them.
fn words() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        3 => prop::sample::select(vec![
            "evil.com", "see:evil.gg", "Booking.com", "https://x.io", "www.evil", "ana@evil.com", "trails.It", ".", ".com", "com", "Ana",
            " ", "=?utf-8?q?evil=2Ecom?=", "\u{200B}", "\u{202E}", "evil。com", "<a href=x>", "&#46;com", "(", ")", ",", "\n", "'", "é",
        ]).prop_map(str::to_owned),
        1 => "\\PC{1,4}",
    ];
    prop::collection::vec(word, 0..8).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn only_our_own_links_are_clickable(
        (name, offer, username) in (words(), words(), words()), (subject, message) in (words(), words()), frame in 0..FRAMES.len(),
    ) {
        let draft = Draft::tidied(&subject, &message);
        let draft = if draft.fault().is_none() { draft } else { self::draft() };
        let to = EmailAddress::parse("ana@example.org").unwrap();
        let mime = mail_of(&Letter {
            addressee: Addressee { name: Some(&name), offer: &offer, username: &username, language: Some(FRAMES[frame].language.code()), ..ana() }, ..letter(&to, &draft)
        });
        let message = parsed(&mime);
        prop_assert_eq!(message.subject().unwrap_or_default(), draft.subject.as_str());
        prop_assert!(!has_link(message.subject().unwrap_or_default()));
        let text = without_ours(&message.body_text(0).unwrap());
        prop_assert!(!has_link(&text), "{}", text);
        let html = message.body_html(0).unwrap().into_owned();
        prop_assert_eq!(html.matches("<a ").count(), 2, "{}", html);
    }
}
