//! The rules as plain data and pure functions.
//!
//! Nothing here waits, reads a clock, an environment or a database, or draws a random number.

pub mod audit;
pub mod basis;
pub mod breaker;
pub mod campaign;
pub mod content;
pub mod country;
pub mod email;
pub mod feedback;
pub mod figures;
pub mod gate;
pub mod hours;
pub mod identity;
pub mod ids;
pub mod installation;
pub mod intake;
pub mod lead;
pub mod letter;
mod mac;
pub mod model_calls;
pub mod model_outage;
pub mod name;
pub mod page;
pub mod person;
pub mod place;
pub mod quota;
pub mod reading;
pub mod reason;
pub mod review;
pub mod score;
pub mod search;
pub mod send_state;
pub mod signing;
pub mod source;
pub mod story;
pub mod text;
pub mod unsubscribe;
