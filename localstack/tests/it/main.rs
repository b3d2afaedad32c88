//! Tests of `cargo local` from outside.
