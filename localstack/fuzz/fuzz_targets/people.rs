//! A list of people with quotes, breaks and delimiters put in anywhere: no field ends on another's row.
#![no_main]

use std::io::{Seek as _, Write as _};

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use shared::{
    domain::{email::HashKey, intake::normalise, lead::Origin},
    lists::{List, Params},
};

const BREAKS: &[u8] = b"\",\n\r ;\t'|\0";

fuzz_target!(|changes: Vec<(u16, u8, bool)>| {
    let mut content = b"username,name,email,bio\n".to_vec();
    let start = content.len();
    for n in 0..8 {
        let row = format!("user{n}x,Name{n}x,mail{n}x@example.org,Bio{n}x\n");
        content.extend(row.bytes());
    }
    for (at, what, replaces) in changes.into_iter().take(24) {
        let at = start + usize::from(at) % (content.len() - start);
        let byte = BREAKS[usize::from(what) % BREAKS.len()];
        match replaces && !content[at].is_ascii_alphanumeric() {
            true => content[at] = byte,
            false => content.insert(at, byte),
        }
    }
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&content).unwrap();
    file.rewind().unwrap();
    let Ok(mut list) = List::open(file, "1".to_owned(), &Params::default(), &json!({})) else {
        return;
    };
    let key = HashKey::new(vec![7; 32]).unwrap();
    let batch = normalise(list.next_page().unwrap().rows, &key, Origin::List);
    for lead in &batch.leads {
        let Some(of) = owner(&lead.username).filter(|_| !lead.username.starts_with("mail-")) else {
            continue;
        };
        let email = lead
            .email
            .as_ref()
            .map(|(address, _)| address.as_str().to_owned());
        for text in [&lead.name, &email, &lead.bio].into_iter().flatten() {
            let theirs = owner(text).is_none_or(|other| other == of);
            assert!(theirs, "{text:?} on the row of user{of}x");
        }
    }
});

/// The person whom a whole field of the list names.
fn owner(text: &str) -> Option<u32> {
    let text = ["user", "Name", "mail", "Bio"]
        .iter()
        .find_map(|word| text.strip_prefix(word))?;
    let (number, rest) = text.split_at_checked(1)?;
    rest.starts_with('x').then(|| number.parse().ok())?
}
