//! The keys that tokens are signed with. They follow from the seed, so that a session outlives a restart,
//! and protect nothing.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::digest;

/// PKCS #8 of a P-256 key, up to its 32 bytes.
const EC_HEAD: &[u8] = &[
    0x30, 0x41, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
    0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x27, 0x30, 0x25, 0x02, 0x01,
    0x01, 0x04, 0x20,
];
/// PKCS #1 of an RSA key: one takes too long to make at each start.
const RSA: &str = include_str!("rsa.txt");

/// The key that a token is signed with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignedBy {
    /// The present key, ES256.
    #[default]
    Current,
    /// The key before it, which is published until the next rotation.
    Previous,
    /// A published key of another family, RS256.
    Rsa,
    /// A key that is not published, under its own name.
    Unpublished,
    /// A key that is not published, under the name of the present one.
    Forged,
    /// The present public key taken for a shared secret, HS256.
    PublicKeyAsSecret,
    /// Nothing: `alg` is `none`, and the signature is empty.
    Nothing,
}

/// All keys of an issuer.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    seed: u64,
    rotations: u64,
}

struct Key {
    private: EncodingKey,
    public: Jwk,
    id: String,
}

impl Keys {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, rotations: 0 }
    }

    /// A new key signs. The one before it stays published, the one before that does not.
    pub(super) fn rotate(&mut self) {
        self.rotations += 1;
    }

    /// What is published. A key that could not be made is missing.
    pub(super) fn published(&self) -> JwkSet {
        let keys = [self.current(), self.previous(), rsa()];
        let keys = keys.into_iter().flatten().map(|key| key.public).collect();
        JwkSet { keys }
    }

    /// A signed token.
    pub(super) fn sign(&self, kind: &str, claims: &Value, by: SignedBy) -> Option<String> {
        let (key, id) = match by {
            SignedBy::Nothing => return Some(unsigned(kind, claims)),
            SignedBy::PublicKeyAsSecret => {
                let current = self.current()?;
                let text = serde_json::to_string(&current.public).ok()?;
                let header = header(Algorithm::HS256, kind, &current.id);
                let key = EncodingKey::from_secret(text.as_bytes()).ok()?;
                return encode(&header, claims, &key).ok();
            }
            SignedBy::Current => (self.current()?, None),
            SignedBy::Previous => (self.previous()?, None),
            SignedBy::Rsa => (rsa()?, None),
            SignedBy::Unpublished => (self.unpublished()?, None),
            SignedBy::Forged => (self.unpublished()?, Some(self.current()?.id)),
        };
        let algorithm = match by {
            SignedBy::Rsa => Algorithm::RS256,
            _ => Algorithm::ES256,
        };
        let header = header(algorithm, kind, &id.unwrap_or(key.id));
        encode(&header, claims, &key.private).ok()
    }

    fn current(&self) -> Option<Key> {
        self.elliptic(&format!("issuer key {}", self.rotations + 1))
    }

    fn previous(&self) -> Option<Key> {
        self.elliptic(&format!("issuer key {}", self.rotations))
    }

    fn unpublished(&self) -> Option<Key> {
        self.elliptic("a key of nobody")
    }

    fn elliptic(&self, name: &str) -> Option<Key> {
        let scalar = digest::bytes(&[&self.seed.to_string(), name]);
        let der = [EC_HEAD, &scalar].concat();
        key(EncodingKey::from_ec_der(&der), Algorithm::ES256)
    }
}

fn rsa() -> Option<Key> {
    let text: String = RSA.split_whitespace().collect();
    let der = BASE64.decode(text.as_bytes()).ok()?;
    key(EncodingKey::from_rsa_der(&der), Algorithm::RS256)
}

fn key(private: EncodingKey, algorithm: Algorithm) -> Option<Key> {
    let mut public = Jwk::from_encoding_key(&private, algorithm).ok()?;
    let id = public.thumbprint(ThumbprintHash::SHA256).ok()?;
    public.common.key_id = Some(id.clone());
    public.common.public_key_use = Some(PublicKeyUse::Signature);
    Some(Key {
        private,
        public,
        id,
    })
}

fn header(algorithm: Algorithm, kind: &str, id: &str) -> Header {
    let mut header = Header::new(algorithm);
    header.typ = Some(kind.to_owned());
    header.kid = Some(id.to_owned());
    header
}

fn unsigned(kind: &str, claims: &Value) -> String {
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let header = json!({ "alg": "none", "typ": kind });
    format!("{}.{}.", part(&header), part(claims))
}
