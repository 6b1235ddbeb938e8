//! Pictures of documents: fetched ahead for today and tomorrow, sealed one by one under their case's key, and shown by
//! handle. What the window gets are pixels that the server's or this desk's decoding child drew, never a file that an
//! applicant sent.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use futures_util::StreamExt as _;
use loket_core::id::{ApplicationNo, Digest, ScanHash};
use loket_core::refusal::Fault;
use loket_core::visit::Visit;
use loket_core::world::{Related as _, is_open};
use loket_decode::{Decoder, Want};

use crate::courier::Wire;
use crate::env::Env;
use crate::store::{FaultError, Store, named_fault};
use crate::vault::nonce;
use crate::view::Changed;

/// Service days whose pictures are fetched ahead, today included.
pub const DAYS_AHEAD: i64 = 2;
/// Pages of one scan that are fetched ahead; the rest comes when it is looked at.
pub const PAGES_AHEAD_MAX: u32 = 10;
/// Opened pictures kept in memory: the document shown, its neighbours, and the one beside it.
pub const OPEN_PICTURES_MAX: usize = 6;
/// Longest side of a picture drawn from the original, in pixels.
pub const FULL_SIDE_PX: u32 = 4_000;
/// JPEG quality of a picture drawn here.
pub const JPEG_QUALITY: u8 = 88;

/// A picture for the window.
#[derive(Clone)]
pub struct Picture {
    pub media_type: &'static str,
    pub bytes: Arc<Vec<u8>>,
}

/// One scan that should be here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub application: ApplicationNo,
    pub hash: ScanHash,
}

/// The pictures on this desk.
pub struct Scans {
    store: Arc<Store>,
    env: Env,
    folder: PathBuf,
    decoder: Decoder,
    open: Mutex<VecDeque<(String, Picture)>>,
    known: Mutex<std::collections::BTreeMap<ScanHash, (u32, String)>>,
}

fn faulty(fault: Fault) -> anyhow::Error {
    FaultError(fault).into()
}

impl Scans {
    /// Pictures in a folder of the data folder.
    ///
    /// # Errors
    /// A broken disk.
    pub async fn new(store: Arc<Store>, env: Env, decoder: Decoder) -> anyhow::Result<Scans> {
        let folder = store.folder.join("scans");
        std::fs::create_dir_all(&folder).context("Making the folder for pictures")?;
        clear_parts(&folder).context("Clearing the folder for pictures")?;
        let known = Mutex::new(store.scans().await?);
        Ok(Scans { store, env, folder, decoder, open: Mutex::default(), known })
    }

    /// What should be here: the scans of everybody expected today and tomorrow, in the order of their appointments.
    pub async fn wanted(&self) -> Vec<Wanted> {
        let now = self.env.now();
        let state = self.store.state().await;
        let (Some(work), Some(rules)) = (&state.work, state.rules(now)) else { return Vec::new() };
        let today = rules.day(now);
        let near = |v: &&Visit| {
            let ahead = v.plan.as_ref().map(|p| (p.day - today).num_days());
            ahead.is_some_and(|days| (0..DAYS_AHEAD).contains(&days)) && is_open(v)
        };
        let mut visits: Vec<&Visit> = work.layers.visits().filter(near).collect();
        visits.sort_by_key(|v| v.plan.as_ref().map(|p| p.slot));
        let cases = visits.iter().filter_map(|v| v.plan.as_ref()).flat_map(|p| &p.applications);
        cases
            .filter_map(|no| work.layers.application(no))
            .flat_map(|a| a.scans.iter().map(|s| Wanted { application: a.no.clone(), hash: s.hash }))
            .collect()
    }

    /// Is a picture of it here, or is it known that there can be none?
    pub fn is_here(&self, hash: ScanHash) -> bool {
        self.lock_known().contains_key(&hash)
    }

    fn lock_known(&self) -> std::sync::MutexGuard<'_, std::collections::BTreeMap<ScanHash, (u32, String)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fetches what is missing, until everything is here or the line fails. Works while the officer works.
    ///
    /// # Errors
    /// The line's or the disk's.
    pub async fn fetch_ahead(&self, changed: &tokio::sync::broadcast::Sender<Changed>) -> anyhow::Result<()> {
        for wanted in self.wanted().await {
            if self.is_here(wanted.hash) {
                continue;
            }
            match self.fetch(&wanted).await {
                Ok(_) => {
                    let _ = changed.send(Changed::Line);
                }
                Err(e) => match crate::store::fault_of(&e) {
                    Fault::ScanUnreadable { .. } | Fault::ScanNotHere => {}
                    _ => return Err(e),
                },
            }
        }
        Ok(())
    }

    async fn wire(&self) -> anyhow::Result<Wire> {
        let state = self.store.state().await;
        let (Some(identity), Some(keys)) = (&state.identity, &state.keys) else {
            return Err(faulty(Fault::NotEnrolled));
        };
        Wire::of(identity, keys, self.env)
    }

    async fn fetch(&self, wanted: &Wanted) -> anyhow::Result<u32> {
        let mut pages = 1;
        let mut page = 1;
        while page <= pages.min(PAGES_AHEAD_MAX) {
            pages = self.fetch_page(wanted, page).await?;
            page += 1;
        }
        self.know(wanted.hash, pages, "").await?;
        Ok(pages)
    }

    async fn know(&self, hash: ScanHash, pages: u32, unreadable: &str) -> anyhow::Result<()> {
        self.store.keep_scan(hash, pages, unreadable, self.env.now()).await?;
        self.lock_known().insert(hash, (pages, unreadable.to_owned()));
        Ok(())
    }

    /// Fetches one page; the number of pages.
    async fn fetch_page(&self, wanted: &Wanted, page: u32) -> anyhow::Result<u32> {
        let Wanted { application, hash } = wanted;
        // Pages are counted from 1 on screen and from 0 on the wire.
        match self.wire().await?.rendition(*hash, page.saturating_sub(1)).await {
            Ok((jpeg, pages)) => {
                let sealed = self.store.seal_for(application, &place(*hash, page), &jpeg).await?;
                let file = self.file(*hash, page);
                tokio::task::spawn_blocking(move || write_whole(&file, &sealed)).await??;
                Ok(pages)
            }
            Err(e) => {
                if let Some(why) = unreadable(&e) {
                    self.know(*hash, 0, &why).await?;
                }
                Err(e)
            }
        }
    }

    fn file(&self, hash: ScanHash, page: u32) -> PathBuf {
        self.folder.join(format!("{hash}-{page}"))
    }

    /// Pages of a scan.
    ///
    /// # Errors
    /// [`Fault::ScanUnreadable`] or [`Fault::ScanNotHere`].
    pub async fn pages(&self, application: &ApplicationNo, hash: ScanHash) -> anyhow::Result<u32> {
        let known = self.lock_known().get(&hash).cloned();
        match known {
            Some((_, why)) if !why.is_empty() => Err(faulty(Fault::ScanUnreadable { why })),
            Some((pages, _)) => Ok(pages),
            None => {
                let wanted = Wanted { application: application.clone(), hash };
                self.fetch(&wanted).await.map_err(not_here)
            }
        }
    }

    /// A page as the server drew it.
    ///
    /// # Errors
    /// [`Fault::ScanUnreadable`] or [`Fault::ScanNotHere`].
    pub async fn picture(&self, application: &ApplicationNo, hash: ScanHash, page: u32) -> anyhow::Result<Picture> {
        let place = place(hash, page);
        if let Some(open) = self.opened(&place) {
            return Ok(open);
        }
        let file = self.file(hash, page);
        if !file.exists() {
            let wanted = Wanted { application: application.clone(), hash };
            let pages = self.fetch_page(&wanted, page).await.map_err(not_here)?;
            self.know(hash, pages, "").await?;
        }
        let key = self.store.case_key(application).await?;
        let header = place.clone();
        let opened = tokio::task::spawn_blocking(move || -> anyhow::Result<Vec<u8>> {
            Ok(key.open(&header, &std::fs::read(&file)?)?)
        })
        .await?;
        let Ok(jpeg) = opened else {
            // Damaged on disk: never shown as fine. It is forgotten here and fetched anew.
            let _ = std::fs::remove_file(self.file(hash, page));
            self.lock_known().remove(&hash);
            return Err(faulty(Fault::ScanNotHere));
        };
        let picture = Picture { media_type: "image/jpeg", bytes: Arc::new(jpeg) };
        self.keep_open(place, picture.clone());
        Ok(picture)
    }

    /// A page drawn here, from the original, larger than the server's picture.
    ///
    /// # Errors
    /// As [`Scans::picture`]; the original is fetched and checked against its hash first.
    pub async fn full(&self, application: &ApplicationNo, hash: ScanHash, page: u32) -> anyhow::Result<Picture> {
        let place = format!("full:{hash}:{page}");
        if let Some(open) = self.opened(&place) {
            return Ok(open);
        }
        let original = self.original(application, hash).await?;
        let decoder = self.decoder.clone();
        let drawn = tokio::task::spawn_blocking(move || {
            decoder
                .render(&original, Want { page: page.saturating_sub(1), max_side: FULL_SIDE_PX })
                .map(|bitmap| bitmap.to_jpeg(JPEG_QUALITY))
        })
        .await?;
        let jpeg = drawn.map_err(|why| faulty(Fault::ScanUnreadable { why: why.code().to_owned() }))?;
        let picture = Picture { media_type: "image/jpeg", bytes: Arc::new(jpeg) };
        self.keep_open(place, picture.clone());
        Ok(picture)
    }

    async fn original(&self, application: &ApplicationNo, hash: ScanHash) -> anyhow::Result<Vec<u8>> {
        let header = format!("original:{hash}");
        let file = self.folder.join(hash.to_string());
        if let Ok(sealed) = tokio::fs::read(&file).await
            && let Ok(plain) = self.store.case_key(application).await?.open(&header, &sealed)
        {
            return Ok(plain);
        }
        // The part stays in memory: an original on disk is always sealed. A cut line resumes where it broke off.
        let wire = self.wire().await?;
        let mut bytes: Vec<u8> = Vec::new();
        for _attempt in 0..3 {
            let answer = wire.original(hash, bytes.len() as u64).await.map_err(not_here)?;
            if answer.status() != reqwest::StatusCode::PARTIAL_CONTENT {
                bytes.clear();
            }
            let mut stream = answer.bytes_stream();
            let mut whole = true;
            while let Some(chunk) = stream.next().await {
                match chunk {
                    Ok(chunk) if bytes.len() + chunk.len() <= loket_decode::FILE_BYTES_MAX => bytes.extend(&chunk),
                    Ok(_) => return Err(faulty(Fault::ScanUnreadable { why: "too_large".to_owned() })),
                    Err(_) => {
                        whole = false;
                        break;
                    }
                }
            }
            if whole && Digest::of(&bytes) == hash {
                let sealed = self.store.seal_for(application, &header, &bytes).await?;
                tokio::task::spawn_blocking(move || write_whole(&file, &sealed)).await??;
                return Ok(bytes);
            }
            if whole {
                bytes.clear();
            }
        }
        Err(faulty(Fault::ScanNotHere))
    }

    /// Draws a file that an officer chose at this PC, as if it had been uploaded.
    ///
    /// # Errors
    /// [`Fault::ScanUnreadable`].
    pub async fn local_file(&self, bytes: Vec<u8>, page: u32) -> anyhow::Result<Picture> {
        let decoder = self.decoder.clone();
        let drawn = tokio::task::spawn_blocking(move || {
            decoder
                .render(&bytes, Want { page: page.saturating_sub(1), max_side: 2_000 })
                .map(|bitmap| bitmap.to_jpeg(JPEG_QUALITY))
        })
        .await?;
        let jpeg = drawn.map_err(|why| faulty(Fault::ScanUnreadable { why: why.code().to_owned() }))?;
        Ok(Picture { media_type: "image/jpeg", bytes: Arc::new(jpeg) })
    }

    /// Draws the first page of a receipt's PDF, so that the preview is the paper itself.
    ///
    /// # Errors
    /// Never for a PDF of ours, unless the child can't start.
    pub async fn paper(&self, pdf: Vec<u8>, side_px: u32) -> anyhow::Result<Picture> {
        let decoder = self.decoder.clone();
        let drawn = tokio::task::spawn_blocking(move || {
            decoder.render(&pdf, Want { page: 0, max_side: side_px }).map(|bitmap| bitmap.to_png())
        })
        .await?;
        let png = drawn.map_err(|why| faulty(Fault::ScanUnreadable { why: why.code().to_owned() }))?;
        Ok(Picture { media_type: "image/png", bytes: Arc::new(png) })
    }

    fn opened(&self, place: &str) -> Option<Picture> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.iter().find(|(p, _)| p == place).map(|(_, picture)| picture.clone())
    }

    fn keep_open(&self, place: String, picture: Picture) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.push_back((place, picture));
        while open.len() > OPEN_PICTURES_MAX {
            open.pop_front();
        }
    }

    /// Forgets every opened picture: the desk is locked.
    pub fn close_all(&self) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

fn place(hash: ScanHash, page: u32) -> String {
    format!("scan:{hash}:{page}")
}

fn unreadable(error: &anyhow::Error) -> Option<String> {
    match named_fault(error) {
        Some(Fault::ScanUnreadable { why }) => Some(why.clone()),
        _ => None,
    }
}

/// With no line, a picture that isn't here isn't here; the officer needs no more of the reason.
fn not_here(error: anyhow::Error) -> anyhow::Error {
    let is_line = matches!(named_fault(&error), Some(Fault::NoLine | Fault::ServerBusy { .. }));
    if is_line { faulty(Fault::ScanNotHere) } else { error }
}

/// What is being written has this ending. One that a pulled plug left behind is worth nothing.
const PART: &str = "part";

/// A file is there whole or not at all, also when two write it at once: the officer opens what is being fetched ahead.
fn write_whole(file: &std::path::Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    let part = file.with_extension(format!("{}.{PART}", nonce()));
    let written = std::fs::File::create(&part).and_then(|mut out| {
        out.write_all(bytes)?;
        out.sync_all()?;
        std::fs::rename(&part, file)
    });
    if written.is_err() {
        // The disk may be full; that it can't be taken away either is no other news.
        std::fs::remove_file(&part).ok();
    }
    written
}

/// Takes away what was never written to its end.
fn clear_parts(folder: &std::path::Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == PART) {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The officer opens the page that is being fetched ahead in the same moment.
    #[test]
    fn a_picture_that_is_fetched_twice_at_once_is_there_and_nobody_is_told_of_a_broken_disk() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("picture-1");
        std::thread::scope(|threads| {
            let all: Vec<_> = (0..32).map(|_| threads.spawn(|| write_whole(&file, b"sealed"))).collect();
            for one in all {
                one.join().unwrap().unwrap();
            }
        });
        assert_eq!(std::fs::read(&file).unwrap(), b"sealed");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing half written is left");
        std::fs::write(folder.path().join("picture-2.word.part"), b"sea").unwrap();
        clear_parts(folder.path()).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nor what a pulled plug left");
    }
}
