//! The sender function.
