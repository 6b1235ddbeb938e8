//! The rules of the counter, and nothing else. The same code decides on the desk, on the server and in the simulator,
//! so it has no clock, no chance, no files and no network: what it needs to know, it is told. It promises that
//! `decide` only looks and `apply` never refuses.

pub mod act;
pub mod application;
pub mod code;
pub mod damm;
pub mod id;
pub mod mrz;
pub mod mutant;
pub mod nik;
pub mod office;
pub mod refusal;
pub mod regions;
pub mod rules;
pub mod sync;
pub mod visit;
pub mod world;
