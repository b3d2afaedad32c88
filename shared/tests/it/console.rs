//! What the pages of the console read.

mod audit;
mod figures;
mod lead;
mod leads;
mod random;
mod statements;
