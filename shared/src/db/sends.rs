//! sends
