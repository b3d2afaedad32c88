//! Subjects and messages: nothing in a draft without a fault becomes a link in another program.
#![no_main]

use libfuzzer_sys::fuzz_target;
use linkify::{LinkFinder, LinkKind};
use shared::domain::{content::Draft, name, reading};

fuzz_target!(|texts: (&str, &str)| {
    let (subject, message) = texts;
    let draft = Draft::tidied(subject, message);
    let again = Draft::tidied(&draft.subject, &draft.message);
    assert_eq!(again, draft, "tidied twice it is the same");
    if draft.fault().is_none() {
        shows_no_link(&draft.subject);
        shows_no_link(&draft.message);
        assert!(!draft.subject.contains(['\r', '\n']));
    }
    if let Some(name) = name::for_greeting(subject) {
        shows_no_link(&name);
    }
    shows_no_link(&reading::unlinked(message));
});

fn shows_no_link(text: &str) {
    let mut finder = LinkFinder::new();
    finder.url_must_have_scheme(false);
    finder.kinds(&[LinkKind::Url, LinkKind::Email]);
    for link in finder.links(text).map(|link| link.as_str()) {
        let host = link.rsplit('@').next().unwrap_or_default();
        let host = host.split(['/', ':', '?', '#']).next().unwrap_or_default();
        let ending = host
            .trim_end_matches('.')
            .rsplit('.')
            .next()
            .unwrap_or_default();
        let linked = link.contains("://") || reading::is_top_level(ending);
        assert!(!linked, "{link:?} in {text:?}");
    }
}
