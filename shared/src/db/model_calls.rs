//! model_calls
