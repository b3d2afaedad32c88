//! Cells with mail addresses: one that is accepted is one address, and is read as itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shared::domain::email::{EmailAddress, cell};

fuzz_target!(|text: &str| {
    let mut found: Vec<EmailAddress> = cell::in_text(text).into_iter().collect();
    if let cell::Field::Address { first, .. } = cell::read(text) {
        found.push(first);
    }
    found.extend(EmailAddress::parse(text));
    for address in found {
        let text = address.as_str();
        assert_eq!(text.matches('@').count(), 1, "{text}");
        assert!(
            !text.contains(|c: char| c.is_whitespace() || c.is_control() || ",;<>".contains(c))
        );
        assert_eq!(EmailAddress::parse(text).ok().as_ref(), Some(&address));
    }
});
