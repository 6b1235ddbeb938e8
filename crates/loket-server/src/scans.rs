//! Scans: files in a folder, each named by the SHA-256 of its bytes, and the smaller pictures that desks are given of
//! them. It promises that a name belongs to exactly those bytes and that a file is complete before anybody hears of it.
//! No scan is ever decoded in this process; `loket-decode` does that in a child.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use loket_core::id::{Digest, ScanHash};
use loket_decode::{Decoder, Kind, Unreadable, Want};
use tokio::sync::Semaphore;

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
    #[error("disk: {0}")]
    Disk(#[from] io::Error),
}

/// One page as a JPEG.
#[derive(Debug)]
pub struct Rendition {
    pub jpeg: Vec<u8>,
    /// Pages of the whole scan.
    pub pages: u32,
}

/// The object store.
pub struct Scans {
    data: PathBuf,
    ledger: Arc<Ledger>,
    decoder: Decoder,
    turn: Semaphore,
    parts: AtomicU64,
}

async fn off_the_loop<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ScanTrouble> + Send + 'static,
) -> Result<T, ScanTrouble> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(panic) => Err(io::Error::other(panic).into()),
    }
}

/// Writes a file whole or not at all; when it has its name, its bytes are on the disk.
fn write_whole(path: &Path, part: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = File::create(part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(part, path)?;
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// A decoder that was tired today may not be tired tomorrow; a damaged file stays damaged.
fn is_lasting(why: Unreadable) -> bool {
    !matches!(why, Unreadable::TookTooLong | Unreadable::TooMuchMemory | Unreadable::Crashed)
}

fn lasting_code(code: &str) -> &'static str {
    Unreadable::ALL.into_iter().map(Unreadable::code).find(|c| *c == code).unwrap_or(Unreadable::Damaged.code())
}

impl Scans {
    /// The store below the data folder.
    pub fn new(data: &Path, ledger: Arc<Ledger>, decoder: Decoder) -> Scans {
        let turn = Semaphore::new(DECODERS_MAX);
        Scans { data: data.to_owned(), ledger, decoder, turn, parts: AtomicU64::new(0) }
    }

    fn part(&self, of: &Path) -> PathBuf {
        let n = self.parts.fetch_add(1, Ordering::Relaxed);
        of.with_extension(format!("{}-{n}.part", std::process::id()))
    }

    /// Takes a file in under its name.
    pub async fn put(&self, hash: ScanHash, bytes: Vec<u8>) -> Result<Arrived, ScanTrouble> {
        let kind = Kind::sniff(&bytes).map_err(|why| ScanTrouble::Unreadable(why.code()))?;
        let media_type = match kind {
            Kind::Jpeg => "image/jpeg",
            Kind::Png => "image/png",
            Kind::Pdf => "application/pdf",
        };
        let name = hash.to_string();
        let file = format!("scans/{}/{name}", &name[..2]);
        let path = self.data.join(&file);
        let part = self.part(&path);
        let size = bytes.len() as u64;
        off_the_loop(move || {
            if Digest::of(&bytes) != hash {
                return Err(ScanTrouble::HashDiffers);
            }
            if !path.exists() {
                write_whole(&path, &part, &bytes)?;
            }
            Ok(())
        })
        .await?;
        let media_type = media_type.to_owned();
        let record = ScanRecord { hash, media_type, bytes: size, file, pages: 0, unreadable: String::new() };
        Ok(self.ledger.keep_scan(&record).await?)
    }

    /// Some bytes of a scan.
    pub async fn read(&self, scan: &ScanRecord, range: RangeInclusive<u64>) -> Result<Vec<u8>, ScanTrouble> {
        let path = self.data.join(&scan.file);
        off_the_loop(move || {
            let mut file = File::open(path)?;
            file.seek(SeekFrom::Start(*range.start()))?;
            let mut bytes = Vec::new();
            file.take(range.end() + 1 - range.start()).read_to_end(&mut bytes)?;
            Ok(bytes)
        })
        .await
    }

    /// A page as a JPEG of at most [`RENDITION_SIDE_PX_MAX`]. Made once and kept.
    pub async fn rendition(&self, scan: &ScanRecord, page: u32) -> Result<Rendition, ScanTrouble> {
        let mut pages = scan.pages;
        if !scan.unreadable.is_empty() {
            return Err(ScanTrouble::Unreadable(lasting_code(&scan.unreadable)));
        }
        let name = scan.hash.to_string();
        let path = self.data.join(format!("renditions/{}/{name}-{page}.jpg", &name[..2]));
        let why_path = path.with_extension("why");
        if pages > 0 {
            let (path, why_path) = (path.clone(), why_path.clone());
            let kept = off_the_loop(move || Ok((fs::read(path).ok(), fs::read_to_string(why_path).ok()))).await?;
            match kept {
                (Some(jpeg), _) => return Ok(Rendition { jpeg, pages }),
                (None, Some(why)) => return Err(ScanTrouble::Unreadable(lasting_code(&why))),
                (None, None) => {}
            }
        }
        let _turn = self.turn.acquire().await.map_err(io::Error::other)?;
        let bytes = Arc::new(self.read(scan, 0..=scan.bytes).await?);
        if pages == 0 {
            let (decoder, bytes) = (self.decoder.clone(), bytes.clone());
            match off_the_loop(move || Ok(decoder.probe(&bytes))).await? {
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
        let part = self.part(&path);
        off_the_loop(move || {
            let made = decoder.render(&bytes, Want { page, max_side: RENDITION_SIDE_PX_MAX });
            match made {
                Ok(bitmap) => {
                    let jpeg = bitmap.to_jpeg(RENDITION_QUALITY);
                    write_whole(&path, &part, &jpeg)?;
                    Ok(Rendition { jpeg, pages })
                }
                Err(why) => {
                    if is_lasting(why) {
                        write_whole(&why_path, &part, why.code().as_bytes())?;
                    }
                    Err(ScanTrouble::Unreadable(why.code()))
                }
            }
        })
        .await
    }
}
