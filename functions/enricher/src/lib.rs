//! The enricher function.
