//! `cargo local`: the whole cloud on this machine.
fn main() {}
