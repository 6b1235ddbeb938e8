//! What parent and child say to each other over the pipe. A frame is four bytes of mark, four of length (little endian), that
//! much JSON, and then a payload whose length both sides know from the JSON. The parent trusts none of what it reads: every
//! length is compared with what it asked for before a byte is reserved for it.

use std::io::{self, Read};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{Kind, Unreadable};

/// Opens a question. Differs from [`ANSWER`], so that a program that merely echoes isn't taken for a decoder.
pub(crate) const QUESTION: [u8; 4] = *b"LKQ1";
/// Opens an answer.
pub(crate) const ANSWER: [u8; 4] = *b"LKA1";
/// The most JSON in one frame, in bytes.
pub(crate) const JSON_BYTES_MAX: usize = 4096;

/// What the parent asks. The file follows, `file_bytes` long.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Question {
    pub job: Job,
    pub file_bytes: usize,
}

/// The work to be done.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Job {
    Probe(Kind),
    Render { kind: Kind, page: u32, max_side: u32 },
    Trial(Trial),
}

/// What the child answers. After `Rendered` come width x height x 3 bytes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    Probed(Probe),
    Rendered { width: u32, height: u32 },
    Refused(Unreadable),
    Tried(Vec<Held>),
}

/// What a file says about itself, once it was found whole enough to say anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// What it is.
    pub kind: Kind,
    /// 1 for a picture.
    pub pages: u32,
    /// As shown, so after EXIF orientation: pixels; for a PDF the first page in points (1/72 inch).
    pub width: u32,
    /// As `width`.
    pub height: u32,
}

/// A misdeed that the child commits when asked, so that tests can see the walls hold. No file can ask for one: jobs come
/// from the parent alone.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trial {
    /// Try the doors: sockets, files, processes, threads.
    Doors,
    /// Panic.
    Panic,
    /// Recurse until the stack is gone.
    Stack,
    /// Reserve and touch more memory than allowed.
    Memory,
    /// Burn processor time for ever.
    Spin,
    /// Wait for ever without using any.
    Hang,
}

/// One door the child tried, and the error number it ran into; `None` if the door was open.
#[doc(hidden)]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// What was tried.
    pub door: String,
    /// The operating system's error number.
    pub errno: Option<i32>,
}

/// The bytes of a frame, without its payload.
pub(crate) fn frame(mark: [u8; 4], head: &impl Serialize) -> io::Result<Vec<u8>> {
    let json = serde_json::to_vec(head)?;
    let length = u32::try_from(json.len()).map_err(io::Error::other)?;
    let mut frame = Vec::with_capacity(8 + json.len());
    frame.extend_from_slice(&mark);
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(&json);
    Ok(frame)
}

/// Reads what follows a mark: length and JSON.
pub(crate) fn read_head<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<T> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length) as usize;
    if length > JSON_BYTES_MAX {
        return Err(io::Error::other("a frame's head is longer than any we write"));
    }
    let mut json = vec![0; length];
    from.read_exact(&mut json)?;
    Ok(serde_json::from_slice(&json)?)
}

/// Reads exactly so many bytes. Memory is asked for politely: a refusal is an error, not an abort.
pub(crate) fn read_payload(from: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(length).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
    from.take(length as u64).read_to_end(&mut bytes)?;
    if bytes.len() < length {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
    }
    Ok(bytes)
}
