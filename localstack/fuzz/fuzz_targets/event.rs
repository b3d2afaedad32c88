//! Any body in the feedback queue: it is an event, none of ours, or named as unreadable.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &str| feedback::fuzzing::event(body));
