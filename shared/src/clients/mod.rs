//! The network's edge: AWS, the model and plain HTTP. Everything that reaches out has a
//! configurable address and a time limit.

pub mod aws;
pub mod checks;
pub mod http;
pub mod issuer;
pub mod mailer;
pub mod model;
pub mod storage;
