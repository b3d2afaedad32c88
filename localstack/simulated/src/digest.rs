//! Small things drawn from a SHA-256: names for prompts, and draws that depend on content only.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// The SHA-256 of the parts, in hexadecimal. Parts are length-prefixed, so they cannot run together.
pub(crate) fn hex(parts: &[&str]) -> String {
    HEXLOWER.encode(&bytes(parts))
}

/// A number in `0.0..1.0` that the parts decide.
pub(crate) fn unit(parts: &[&str]) -> f64 {
    let head = number(parts) >> 32;
    f64::from(u32::try_from(head).unwrap_or(u32::MAX)) / (f64::from(u32::MAX) + 1.0)
}

/// A number that the parts decide.
pub(crate) fn number(parts: &[&str]) -> u64 {
    bytes(parts)
        .iter()
        .take(8)
        .fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
}

/// The SHA-256 of the parts.
pub(crate) fn bytes(parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}
