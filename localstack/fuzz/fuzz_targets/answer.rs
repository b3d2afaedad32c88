//! Any body of a model's server, and any answer in it: read, or named as unusable.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shared::clients::model::{Content, fuzzing};

fuzz_target!(|body: &str| {
    enricher::fuzzing::answer(body);
    if let Some(Content::Text(text) | Content::Truncated(text)) = fuzzing::reply(body) {
        enricher::fuzzing::answer(&text);
    }
});
