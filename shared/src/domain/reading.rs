//! What a reader sees in a text, and what a mail program makes of it.
//!
//! Every text that others wrote passes here before it stands in a mail: the model's draft, a name, an
//! offer, a user name. Checks look at what is seen, not at what is written.

mod hidden;
mod links;
mod subject;

pub use hidden::{Stray, is_invisible, strays, without_strays};
pub use links::{has_link, is_top_level, spaced_names, unlinked};
pub use subject::decoded;
use unicode_script::{Script, UnicodeScript as _};

/// Whether a word mixes Latin letters with the Cyrillic or Greek ones that look like them. A unit such as
/// `kΩ` does not.
pub fn mixes_alphabets(text: &str) -> bool {
    text.split(|c: char| !c.is_alphabetic()).any(|word| {
        let has = |script| word.chars().any(|c| c.script() == script);
        let foreign = has(Script::Cyrillic) || has(Script::Greek) && word.chars().count() > 3;
        foreign && has(Script::Latin)
    })
}

#[cfg(test)]
mod tests;
