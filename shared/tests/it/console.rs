//! What the pages of the console read.

mod audit;
mod lead;
mod leads;
mod random;
