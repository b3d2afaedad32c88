//! Queries and walls.
