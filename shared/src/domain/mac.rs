//! HMAC-SHA-256, for keyed hashes and signatures.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The tag of the parts, one after the other. The first part names the purpose, so that no tag made
/// for one purpose is valid for another.
pub(super) fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC takes a key of any length, so the error cannot happen; an all-zero tag would verify
    // nothing that was ever signed.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return [0; 32];
    };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}
