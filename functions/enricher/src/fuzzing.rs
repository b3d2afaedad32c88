//! What the fuzzer puts to this crate.

use crate::{answer, red_flags::red_flags};

/// Any text as an answer of the model, about a profile that says the same.
pub fn answer(text: &str) {
    let shown = [text.to_owned()];
    let known = answer::Known {
        shown: &shown,
        offer: "20 % of every sale",
        flags: &red_flags(&[text]),
    };
    drop(answer::read(text, known));
}
