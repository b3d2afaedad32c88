//! The harness's own SQL: it looks at a database and changes it as no function does, and is no part
//! of the product.

pub(crate) mod cases;
pub(crate) mod database;
pub(crate) mod figures;
pub(crate) mod interventions;
pub(crate) mod invariants;
pub(crate) mod measures;
pub(crate) mod report;

#[cfg(test)]
mod tests;
