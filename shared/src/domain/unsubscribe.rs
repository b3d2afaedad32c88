//! Unsubscribe tokens: opaque, signed, without an address, good for ever (RFC 8058, 3.1).
//!
//! They are letters and digits only, in either case: mail programs take the full stop or the bracket
//! behind a link into it, leave out a dash at its end, and some servers change its case.

use std::fmt;

use data_encoding::BASE32_DNSSEC;
use subtle::ConstantTimeEq;

use super::{
    ids::SendId,
    mac::mac,
    signing::{InvalidKeys, KeyRing, NAME_BYTES},
};

const VERSION: u8 = 1;
const TAG_BYTES: usize = 16;
const ID_BYTES: usize = 8;
/// As many signs hold five whole bytes, with a token's version and the length of its key's name.
const HEAD: usize = 8;
/// What a mail program put before a token is no longer: `%3C`, read as letters.
const LEADING: usize = 8;
/// As many signs are read of a text: the longest token, and what may stand before it.
const READ: usize = signs(2 + NAME_BYTES + ID_BYTES + TAG_BYTES) + LEADING;

/// How many signs write so many bytes.
const fn signs(bytes: usize) -> usize {
    (bytes * 8).div_ceil(5)
}

/// The keys that tokens were and are signed with: rotating a key does not break the links in old mails.
#[derive(Clone)]
pub struct UnsubscribeKeys(KeyRing);

impl UnsubscribeKeys {
    /// Reads `name:hex[,name:hex…]`.
    pub fn parse(text: &str) -> Result<Self, InvalidKeys> {
        KeyRing::parse(text).map(Self)
    }

    /// The token of one send: its recipient is who unsubscribes.
    pub fn sign(&self, send: SendId) -> String {
        let Some((name, key)) = self.0.newest() else {
            return String::new();
        };
        let mut token = vec![VERSION, u8::try_from(name.len()).unwrap_or(u8::MAX)];
        token.extend_from_slice(name.as_bytes());
        token.extend_from_slice(&send.0.to_be_bytes());
        let tag = mac(key, &[b"unsubscribe\0", &token]);
        token.extend(tag.iter().take(TAG_BYTES));
        BASE32_DNSSEC.encode(&token)
    }

    /// The send that a token was signed for, or `None` for a forged, cut or foreign one. Whatever a mail
    /// program added before, behind or within it is left out: the token says how long it is.
    pub fn verify(&self, text: &str) -> Option<SendId> {
        let signs: String = text
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(READ)
            .collect();
        (0..=LEADING).find_map(|lead| self.verify_exactly(signs.get(lead..)?))
    }

    fn verify_exactly(&self, text: &str) -> Option<SendId> {
        let head = BASE32_DNSSEC.decode(text.get(..HEAD)?.as_bytes()).ok()?;
        let &[version, name_length, ..] = head.as_slice() else {
            return None;
        };
        let length = signs(2 + usize::from(name_length) + ID_BYTES + TAG_BYTES);
        let bytes = BASE32_DNSSEC.decode(text.get(..length)?.as_bytes()).ok()?;
        let (signed, tag) = bytes.split_at_checked(bytes.len().checked_sub(TAG_BYTES)?)?;
        let (_, rest) = signed.split_first_chunk::<2>()?;
        let (name, id) = rest.split_at_checked(usize::from(name_length))?;
        let key = self.0.named(name)?;
        let expected = mac(key, &[b"unsubscribe\0", signed]);
        let genuine: bool = expected.get(..TAG_BYTES)?.ct_eq(tag).into();
        let id: [u8; ID_BYTES] = id.try_into().ok()?;
        (genuine && version == VERSION).then(|| SendId(i64::from_be_bytes(id)))
    }
}

/// How long the token in a mailbox is. A local part takes 64 octets (RFC 5321, 4.5.3.1.1), the mailbox's
/// own name and a `+` included.
pub const MAILBOX_TOKEN_LENGTH: usize = 40;

impl UnsubscribeKeys {
    /// The token of one send for the local part of a `mailto:`: short, and of a script that survives
    /// being put into lower or upper case on its way. It names no key: all are tried.
    pub fn sign_for_mailbox(&self, send: SendId) -> String {
        let Some((_, key)) = self.0.newest() else {
            return String::new();
        };
        let mut token = vec![VERSION];
        token.extend_from_slice(&send.0.to_be_bytes());
        let tag = mac(key, &[b"unsubscribe mailbox\0", &token]);
        token.extend(tag.iter().take(TAG_BYTES));
        BASE32_DNSSEC.encode(&token)
    }

    /// The send that a mailbox's token was signed for: the end of its local part, whatever stands between
    /// the mailbox's name and it (`+`, `%2B`, `-`).
    pub fn verify_mailbox(&self, local_part: &str) -> Option<SendId> {
        let signs: String = local_part
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect();
        let token = signs.get(signs.len().checked_sub(MAILBOX_TOKEN_LENGTH)?..)?;
        let bytes = BASE32_DNSSEC.decode(token.as_bytes()).ok()?;
        let (signed, tag) = bytes.split_at_checked(bytes.len().checked_sub(TAG_BYTES)?)?;
        let (&[version], id) = signed.split_first_chunk::<1>()?;
        let id: [u8; 8] = id.try_into().ok()?;
        let genuine = self.0.keys().any(|key| {
            let expected = mac(key, &[b"unsubscribe mailbox\0", signed]);
            expected
                .get(..TAG_BYTES)
                .is_some_and(|expected| expected.ct_eq(tag).into())
        });
        (genuine && version == VERSION).then(|| SendId(i64::from_be_bytes(id)))
    }
}

impl fmt::Debug for UnsubscribeKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keys(names: &[(&str, u8)]) -> UnsubscribeKeys {
        let hex = |byte: u8| format!("{byte:02x}").repeat(32);
        let text: Vec<_> = names
            .iter()
            .map(|(n, b)| format!("{n}:{}", hex(*b)))
            .collect();
        UnsubscribeKeys::parse(&text.join(",")).unwrap()
    }

    #[test]
    fn a_rotated_key_still_opens_old_mails() {
        let token = keys(&[("a", 1)]).sign(SendId(42));
        assert_eq!(keys(&[("b", 2), ("a", 1)]).verify(&token), Some(SendId(42)));
        assert_eq!(
            keys(&[("b", 2)]).verify(&token),
            None,
            "the key was taken away"
        );
        assert_eq!(
            keys(&[("a", 2)]).verify(&token),
            None,
            "another key of that name"
        );
    }

    /// Names of keys are years, and a link must not end in what mail programs leave out.
    #[test]
    fn token_ends_in_letter_or_digit() {
        for name in ["2026", "k1", "a-b", "a_b", "k", "sixteen_letters_"] {
            for id in 0..200 {
                let keys = keys(&[(name, 7)]);
                let token = keys.sign(SendId(id));
                assert!(token.chars().all(|c| c.is_ascii_alphanumeric()), "{token}");
                assert_eq!(keys.verify(&format!("{token}.")), Some(SendId(id)));
            }
        }
    }

    #[test]
    fn invalid_key_list_names_the_fault() {
        let parse = |text: &str| UnsubscribeKeys::parse(text).unwrap_err();
        assert_eq!(parse(""), InvalidKeys::Shape);
        assert_eq!(parse("a"), InvalidKeys::Shape);
        assert_eq!(parse("a:00ff"), InvalidKeys::Key);
        assert_eq!(parse(&format!("a:{}", "zz".repeat(32))), InvalidKeys::Key);
        let good = "00".repeat(32);
        assert_eq!(parse(&format!("a:{good},a:{good}")), InvalidKeys::Name);
        assert_eq!(parse(&format!(":{good}")), InvalidKeys::Name);
        assert_eq!(parse(&format!("a.b:{good}")), InvalidKeys::Name);
        assert_eq!(
            parse(&format!("{}:{good}", "a".repeat(17))),
            InvalidKeys::Name
        );
        for name in ["a-b", "a_b", &"a".repeat(16)] {
            assert!(
                UnsubscribeKeys::parse(&format!("{name}:{good}")).is_ok(),
                "{name}"
            );
        }
        assert!(
            !format!("{:?}", keys(&[("a", 7)])).contains("07"),
            "debug shows no key"
        );
        assert_eq!(
            format!("{:?}", keys(&[("a", 7), ("b", 8)])),
            r#"["a", "b"]"#
        );
    }

    /// What was seen before, behind and within a link in a mail.
    const BEFORE: &[&str] = &["", "<", "%3C", "/", "(", " ", "=3D", "&lt;", "\u{200B}"];
    const AFTER: &[&str] = &[
        "",
        ".",
        ",",
        ")",
        ">",
        "]",
        "}",
        "'",
        "\"",
        "*",
        "/",
        "//",
        "=",
        "=3D",
        "=20",
        "%3E",
        "%3D",
        "%0A",
        "%0D%0A",
        "%22",
        "%20",
        "%2E",
        "&gt;",
        "&quot;",
        "…",
        "\u{201D}",
        "?utm_source=x",
        "&fbclid=abc",
        "#top",
        "\r\n",
        "-",
        "_",
        ">.",
        ").",
        "%253E",
        "abc",
    ];
    const WITHIN: &[&str] = &["", "=\r\n", "\n", " ", "\u{AD}", "\u{200B}", "/"];
    const LOCAL_PARTS: &[&str] = &["", "stop+", "Stop-", "stop%2B", "stop=", "stop"];

    proptest! {
        #[test]
        fn every_send_reads_back(id in any::<i64>(), name in "[A-Za-z0-9_-]{1,16}") {
            let keys = keys(&[(name.as_str(), 3)]);
            let token = keys.sign(SendId(id));
            prop_assert!(token.chars().all(|c| c.is_ascii_alphanumeric()), "{token}");
            prop_assert_eq!(keys.verify(&token), Some(SendId(id)));
        }

        #[test]
        fn token_survives_what_mail_programs_do(
            id in any::<i64>(), name in "[A-Za-z0-9_-]{1,16}",
            before in prop::sample::select(BEFORE), after in prop::sample::select(AFTER),
            within in prop::sample::select(WITHIN), at in 0_usize..68, upper in any::<bool>(),
        ) {
            let keys = keys(&[(name.as_str(), 3)]);
            let mut token = keys.sign(SendId(id));
            if upper {
                token.make_ascii_uppercase();
            }
            token.insert_str(at % token.len(), within);
            let mangled = format!("{before}{token}{after}");
            prop_assert_eq!(keys.verify(&mangled), Some(SendId(id)), "{}", mangled);
        }

        #[test]
        fn a_cut_token_is_refused(id in any::<i64>(), length in 0_usize..48) {
            let keys = keys(&[("2026", 3)]);
            let token = keys.sign(SendId(id));
            prop_assert_eq!(token.len(), 48);
            prop_assert_eq!(keys.verify(&token[..length]), None);
        }

        #[test]
        fn a_changed_token_is_refused(id in any::<i64>(), at in 0_usize..36, bit in 0_u8..8) {
            let keys = keys(&[("k1", 3)]);
            let mut bytes = BASE32_DNSSEC.decode(keys.sign(SendId(id)).as_bytes()).unwrap();
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            prop_assert_eq!(keys.verify(&BASE32_DNSSEC.encode(&bytes)), None);
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,80}") {
            prop_assert_eq!(keys(&[("k1", 3)]).verify(&text), None);
            prop_assert_eq!(keys(&[("k1", 3)]).verify_mailbox(&text), None);
        }

        #[test]
        fn unsubscribe_mailbox_round_trips(id in any::<i64>(), name in prop::sample::select(LOCAL_PARTS)) {
            let token = keys(&[("old", 3)]).sign_for_mailbox(SendId(id));
            prop_assert_eq!(token.len(), MAILBOX_TOKEN_LENGTH);
            let keys = keys(&[("new", 4), ("old", 3)]);
            for token in [token.to_uppercase(), token.to_lowercase()] {
                prop_assert_eq!(keys.verify_mailbox(&format!("{name}{token}")), Some(SendId(id)));
                prop_assert_eq!(keys.verify(&token), None, "a link's token is another one");
            }
        }

        #[test]
        fn a_changed_mailbox_is_refused(id in any::<i64>(), at in 0_usize..25, bit in 0_u8..8) {
            let keys = keys(&[("k1", 3)]);
            let mut bytes = BASE32_DNSSEC.decode(keys.sign_for_mailbox(SendId(id)).as_bytes()).unwrap();
            bytes[at] ^= 1 << bit;
            prop_assert_eq!(keys.verify_mailbox(&BASE32_DNSSEC.encode(&bytes)), None);
        }
    }
}
