//! Keys with names, and texts that only their holder can have written.

use std::fmt;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use subtle::ConstantTimeEq as _;

use super::mac::mac;

/// A key's name is no longer.
pub(super) const NAME_BYTES: usize = 16;

/// The first key signs, all verify: a key is replaced by putting a new one before it.
#[derive(Clone)]
pub struct KeyRing(Vec<(String, Vec<u8>)>);

/// What is wrong with a configured list of keys. Never carries a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKeys {
    /// Not `name:hex,name:hex`.
    #[error("write it as name:hex, several parted by commas")]
    Shape,
    /// Names are 1 to 16 letters, digits, `-` or `_`, each once.
    #[error("a key's name is 1 to 16 letters or digits, each name once")]
    Name,
    /// Keys are at least 32 bytes.
    #[error("a key is at least 64 hexadecimal digits")]
    Key,
}

impl KeyRing {
    /// Reads `name:hex[,name:hex…]`.
    pub fn parse(text: &str) -> Result<Self, InvalidKeys> {
        let mut keys: Vec<(String, Vec<u8>)> = Vec::new();
        for entry in text.split(',') {
            let (name, hex) = entry.trim().split_once(':').ok_or(InvalidKeys::Shape)?;
            let named = (1..=NAME_BYTES).contains(&name.len())
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
                && keys.iter().all(|(other, _)| other != name);
            if !named {
                return Err(InvalidKeys::Name);
            }
            let key = HEXLOWER_PERMISSIVE
                .decode(hex.as_bytes())
                .map_err(|_| InvalidKeys::Key)?;
            if key.len() < 32 {
                return Err(InvalidKeys::Key);
            }
            keys.push((name.to_owned(), key));
        }
        Ok(Self(keys))
    }

    pub(super) fn newest(&self) -> Option<&(String, Vec<u8>)> {
        self.0.first()
    }

    pub(super) fn named(&self, name: &[u8]) -> Option<&[u8]> {
        let (_, key) = self.0.iter().find(|(own, _)| own.as_bytes() == name)?;
        Some(key)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(|(_, key)| key.as_slice())
    }

    /// `payload` in a text that anybody can read and nobody else can write: `name.payload.tag`, in signs that
    /// a cookie takes (RFC 6265, 4.1.1). A text that was signed for one purpose is worth nothing for another.
    pub fn sign(&self, purpose: &str, payload: &[u8]) -> String {
        let Some((name, key)) = self.newest() else {
            return String::new();
        };
        let payload = BASE64URL_NOPAD.encode(payload);
        let tag = BASE64URL_NOPAD.encode(&tag(key, purpose, name, &payload));
        format!("{name}.{payload}.{tag}")
    }

    /// What was signed for this purpose; none of a text that was forged, cut, or signed with a key that is
    /// no longer there.
    pub fn verify(&self, purpose: &str, text: &str) -> Option<Vec<u8>> {
        let mut parts = text.split('.');
        let (name, payload, signed) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let key = self.named(name.as_bytes())?;
        let signed = BASE64URL_NOPAD.decode(signed.as_bytes()).ok()?;
        let genuine: bool = tag(key, purpose, name, payload).ct_eq(&*signed).into();
        let payload = BASE64URL_NOPAD.decode(payload.as_bytes()).ok()?;
        genuine.then_some(payload)
    }
}

fn tag(key: &[u8], purpose: &str, name: &str, payload: &str) -> [u8; 32] {
    let parts = [purpose, "\0", name, ".", payload].map(str::as_bytes);
    mac(key, &parts)
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(names: &[(&str, u8)]) -> KeyRing {
        let texts: Vec<String> = names
            .iter()
            .map(|(name, byte)| format!("{name}:{}", format!("{byte:02x}").repeat(32)))
            .collect();
        KeyRing::parse(&texts.join(",")).unwrap()
    }

    #[test]
    fn older_key_verifies_until_it_goes() {
        let text = keys(&[("a", 1)]).sign("session", b"7");
        let both = keys(&[("b", 2), ("a", 1)]);
        assert_eq!(both.verify("session", &text).as_deref(), Some(&b"7"[..]));
        assert!(both.sign("session", b"7").starts_with("b."));
        assert_eq!(keys(&[("b", 2)]).verify("session", &text), None);
        assert_eq!(keys(&[("a", 2)]).verify("session", &text), None);
    }

    #[test]
    fn text_serves_one_purpose_unchanged() {
        let keys = keys(&[("a", 1)]);
        let text = keys.sign("session", b"7");
        assert_eq!(keys.verify("login", &text), None);
        for (place, sign) in text.char_indices() {
            let other = if sign == 'A' { "B" } else { "A" };
            let mut changed = text.clone();
            changed.replace_range(place..place + 1, other);
            assert_eq!(keys.verify("session", &changed), None, "{changed}");
        }
        for wrong in ["", ".", "..", "a..", "a.Nw", &format!("{text}.x")] {
            assert_eq!(keys.verify("session", wrong), None, "{wrong}");
        }
    }
}
