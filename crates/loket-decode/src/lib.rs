//! Scans sent by applicants are strangers' bytes. This crate exists so that no such byte is ever parsed in a process that
//! holds a key, a database or a socket: a child process, alone in an empty room, turns the file into raw pixels; the parent
//! checks their length and encodes them anew. It promises that whatever the file is, the caller gets a [`Bitmap`] or an
//! [`Unreadable`] within [`WALL_MS_MAX`]. It never panics in the parent, never writes to disk, and never passes on a byte of
//! the file itself.
//!
//! Everything here blocks; async callers go through `spawn_blocking`. Every program that uses a [`Decoder`] calls
//! [`child_main_if_asked`] as the first thing in its `main`.
//!
//! Windows: the child runs and is timed, but not yet confined; the restricted token and the job object are a later issue.

mod bitmap;
mod child;
mod confine;
mod decoder;
mod draw;
mod limits;
mod line;
mod sniff;
mod unreadable;

pub use bitmap::Bitmap;
pub use child::{CHILD_ARG, child_main_if_asked};
pub use decoder::{Decoder, Want};
pub use limits::*;
pub use line::{Held, Probe, Trial};
pub use sniff::Kind;
pub use unreadable::Unreadable;
