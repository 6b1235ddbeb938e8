//! The office harness, the sample day, scenarios, window tests and benchmarks. Everything here starts the shipped parts
//! and speaks to them as the world would; none of our own logic is stood in for.

pub mod crowd;
pub mod day;
pub mod figures;
pub mod line;
pub mod office;
pub mod outside;
pub mod play;
pub mod sample;
pub mod window;
