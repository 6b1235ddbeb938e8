//! Empty so far.

pub mod sample;
