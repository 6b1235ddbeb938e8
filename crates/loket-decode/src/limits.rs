//! Every number that keeps a stranger's file small, in one place, so that security.md can be checked against one page.
//! Each but the last has a test in `tests/hostile.rs` that reaches it.

/// The largest file that is looked at, in bytes (20 MiB).
pub const FILE_BYTES_MAX: usize = 20 << 20;
/// The longest side of a picture, in pixels, before scaling.
pub const SIDE_PX_MAX: u32 = 12_000;
/// The largest area of a picture, in pixels, before scaling.
pub const AREA_PX_MAX: u64 = 80_000_000;
/// The most pages a PDF may have.
pub const PAGES_MAX: u32 = 50;
/// The most scans in one JPEG. Cameras and editors write about ten; thousands make a decoder work for minutes.
pub const JPEG_SCANS_MAX: u32 = 100;
/// The finest rendering of a PDF page, in dots per inch: a page the size of a stamp isn't blown up to a poster.
pub const PAGE_DPI_MAX: u32 = 600;
/// How long the child may take over one PDF page, start included, in milliseconds on the wall clock.
pub const PAGE_MS_MAX: u64 = 3_000;
/// How long the child may take over any other job, start included, in milliseconds on the wall clock.
pub const WALL_MS_MAX: u64 = 10_000;
/// The memory the child may have, in bytes (512 MiB).
pub const CHILD_MEMORY_BYTES_MAX: u64 = 512 << 20;
/// The processor time the child may use, in seconds.
pub const CHILD_CPU_S_MAX: u64 = 5;
/// Memory for one ancillary part of a PNG, in bytes. Texts and profiles are skipped anyway; this bounds the rest.
pub const PNG_CHUNK_BYTES_MAX: usize = 64 << 20;
