//! The workstation without a window: store, sync, scans, receipts. Everything an officer can do is a command of
//! [`api`]; a window only carries them. Knows neither the window nor the server, and works with no line for days.

pub mod api;
pub mod courier;
pub mod desk;
pub mod env;
pub mod receipt;
pub mod receipt_pdf;
pub mod scans;
pub mod screens;
pub mod store;
pub mod vault;
pub mod view;

/// The one list of things that can be broken, for hosts that carry it.
pub mod fault {
    pub use loket_core::refusal::Fault;
}
