//! Scans: files in a store, each named by the SHA-256 of its bytes, and the smaller pictures that desks are given of
//! them. It promises that a name belongs to exactly those bytes and that a file is complete before anybody hears of it.
//! No scan is ever decoded in this process; `loket-decode` does that in a child.

mod store;

use std::ops::RangeInclusive;
use std::sync::Arc;

use axum::body::Bytes;
use loket_core::id::{Digest, ScanHash};
use loket_decode::{Decoder, Kind, Unreadable, Want};
use tokio::sync::Semaphore;
use tokio::task::JoinError;

pub(crate) use self::store::Store;
pub use self::store::{Address, NotNow};
use crate::ledger::{Arrived, Ledger, LedgerError, ScanRecord};

/// Bytes of one scan.
pub const SCAN_BYTES_MAX: usize = loket_decode::FILE_BYTES_MAX;
/// Longest side of a rendition, in pixels.
pub const RENDITION_SIDE_PX_MAX: u32 = 2_000;
/// Quality of a rendition: text stays sharp, a page has some 300 KB.
const RENDITION_QUALITY: u8 = 85;
/// Decoders at work at once; each may take 512 MiB.
const DECODERS_MAX: usize = 2;

/// Why a scan was not taken in, or can't be given out.
#[derive(Debug, thiserror::Error)]
pub enum ScanTrouble {
    #[error("the bytes are not those of the name")]
    HashDiffers,
    #[error("the file can't be shown: {0}")]
    Unreadable(&'static str),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The store can't be reached, or is full. Nothing was taken in; later it may well be.
    #[error(transparent)]
    NotNow(#[from] NotNow),
    /// The ledger knows a file that the store has not.
    #[error("{0} is not in the scan store")]
    Lost(String),
    #[error("work beside the loop: {0}")]
    Panicked(#[from] JoinError),
}

/// One page as a JPEG.
#[derive(Debug)]
pub struct Rendition {
    pub jpeg: Vec<u8>,
    /// Pages of the whole scan.
    pub pages: u32,
}

/// The scans of this server.
pub struct Scans {
    pub(crate) store: Store,
    pub(crate) ledger: Arc<Ledger>,
    decoder: Decoder,
    turn: Semaphore,
}

/// A decoder that was tired today may not be tired tomorrow; a damaged file stays damaged.
fn is_lasting(why: Unreadable) -> bool {
    !matches!(why, Unreadable::TookTooLong | Unreadable::TooMuchMemory | Unreadable::Crashed)
}

fn lasting_code(code: &str) -> &'static str {
    Unreadable::ALL.into_iter().map(Unreadable::code).find(|c| *c == code).unwrap_or(Unreadable::Damaged.code())
}

impl Scans {
    /// Opens the store.
    ///
    /// # Errors
    /// When its address can't be what it says, or its folder can't be made.
    pub fn open(address: &Address, ledger: Arc<Ledger>, decoder: Decoder) -> anyhow::Result<Scans> {
        Ok(Scans { store: Store::open(address)?, ledger, decoder, turn: Semaphore::new(DECODERS_MAX) })
    }

    /// The ledger that knows these scans.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Takes a file in under its name.
    pub async fn put(&self, hash: ScanHash, bytes: impl Into<Bytes>) -> Result<Arrived, ScanTrouble> {
        let record = self.put_bytes(hash, bytes.into()).await?;
        Ok(self.ledger.keep_scan(&record).await?)
    }

    /// Puts the bytes into the store, if they are those of the name; the ledger knows nothing of it yet.
    pub(crate) async fn put_bytes(&self, hash: ScanHash, bytes: Bytes) -> Result<ScanRecord, ScanTrouble> {
        let kind = Kind::sniff(&bytes).map_err(|why| ScanTrouble::Unreadable(why.code()))?;
        let media_type = match kind {
            Kind::Jpeg => "image/jpeg",
            Kind::Png => "image/png",
            Kind::Pdf => "application/pdf",
        };
        let size = bytes.len() as u64;
        let whole = bytes.clone();
        if tokio::task::spawn_blocking(move || Digest::of(&whole)).await? != hash {
            return Err(ScanTrouble::HashDiffers);
        }
        let name = hash.to_string();
        let file = format!("scans/{}/{name}", &name[..2]);
        if !self.store.is_there(&file).await? {
            self.store.put(&file, bytes).await?;
        }
        let media_type = media_type.to_owned();
        Ok(ScanRecord { hash, media_type, bytes: size, file, pages: 0, unreadable: String::new() })
    }

    /// Some bytes of a scan.
    pub async fn read(&self, scan: &ScanRecord, range: RangeInclusive<u64>) -> Result<Vec<u8>, ScanTrouble> {
        let end = scan.bytes.min(range.end().saturating_add(1));
        let bytes = self.store.part(&scan.file, *range.start()..end).await?;
        Ok(bytes.ok_or_else(|| ScanTrouble::Lost(scan.file.clone()))?.to_vec())
    }

    /// A page as a JPEG of at most [`RENDITION_SIDE_PX_MAX`]. Made once and kept in the store, where other servers find it.
    pub async fn rendition(&self, scan: &ScanRecord, page: u32) -> Result<Rendition, ScanTrouble> {
        let mut pages = scan.pages;
        if !scan.unreadable.is_empty() {
            return Err(ScanTrouble::Unreadable(lasting_code(&scan.unreadable)));
        }
        let name = scan.hash.to_string();
        let stem = format!("renditions/{}/{name}-{page}", &name[..2]);
        let (kept, kept_why) = (format!("{stem}.jpg"), format!("{stem}.why"));
        if pages > 0 {
            if let Some(jpeg) = self.store.get(&kept).await? {
                return Ok(Rendition { jpeg: jpeg.to_vec(), pages });
            }
            if let Some(why) = self.store.get(&kept_why).await? {
                return Err(ScanTrouble::Unreadable(lasting_code(&String::from_utf8_lossy(&why))));
            }
        }
        let _turn = self.turn.acquire().await.expect("nobody closes the turns");
        let bytes = Arc::new(self.read(scan, 0..=scan.bytes).await?);
        if pages == 0 {
            let (decoder, bytes) = (self.decoder.clone(), bytes.clone());
            match tokio::task::spawn_blocking(move || decoder.probe(&bytes)).await? {
                Ok(probe) => {
                    pages = probe.pages;
                    self.ledger.keep_look(&scan.hash, pages, "").await?;
                }
                Err(why) => {
                    if is_lasting(why) {
                        self.ledger.keep_look(&scan.hash, 0, why.code()).await?;
                    }
                    return Err(ScanTrouble::Unreadable(why.code()));
                }
            }
        }
        if page >= pages {
            return Err(ScanTrouble::Unreadable(Unreadable::PageAbsent.code()));
        }
        let decoder = self.decoder.clone();
        let want = Want { page, max_side: RENDITION_SIDE_PX_MAX };
        let draw = move || decoder.render(&bytes, want).map(|bitmap| bitmap.to_jpeg(RENDITION_QUALITY));
        match tokio::task::spawn_blocking(draw).await? {
            Ok(jpeg) => {
                self.store.put(&kept, jpeg.clone()).await?;
                Ok(Rendition { jpeg, pages })
            }
            Err(why) => {
                if is_lasting(why) {
                    self.store.put(&kept_why, why.code()).await?;
                }
                Err(ScanTrouble::Unreadable(why.code()))
            }
        }
    }
}
