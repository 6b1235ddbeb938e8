//! A copy of everything that a server keeps, in a folder of its own, and a server made from such a copy. A copy can be
//! made while the server serves. It promises that `ledger.jsonl.zst` is whole or not there, that a scan which was copied
//! once is not copied again, and that a restored ledger begins a new epoch for which two administrators answer.
//!
//! What the old ledger had beyond the copy is with the desks that made it. A desk notices the epoch, starts over from a
//! snapshot, and sends what it did beyond the copy once more; it is decided anew. What only services had written since,
//! such as payments, has to come from them again. A workstation that was enrolled after the copy is unknown here; it
//! enrols anew, under a number that no earlier one had.
//!
//! Keys are copied only when asked for: with them and the copy alone somebody could pass for the office. Scans are copied
//! from the data folder. A store elsewhere, such as an S3 bucket, is backed up with its own means; the copy of the ledger
//! names every scan it must hold.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read as _, Write as _};
use std::path::Path;

use anyhow::{Context, ensure};
use loket_core::id::{Digest, OfficeCode, OfficerId, ScanHash};
use loket_core::office::{Office, Role};

use crate::env::Env;
use crate::ledger::{self, Address, Copied, CopyReader, CopyTrouble, Ledger, Restored};
use crate::{people, private_folder, write_whole};

/// The ledger in a copy.
pub const LEDGER_FILE: &str = "ledger.jsonl.zst";
/// zstd's own default; a higher one takes minutes for a few percent.
const ZSTD_LEVEL: i32 = 3;
/// Bytes of one key file.
const KEY_BYTES_MAX: u64 = 64 * 1024;

/// What became of the scans.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ScansCopied {
    pub copied: u64,
    /// Were there before.
    pub there: u64,
    /// Named by the ledger, and neither there nor in the folder they should be copied from.
    pub missing: Vec<ScanHash>,
}

/// A copy that was made.
#[derive(Debug)]
pub struct Backup {
    pub ledger: Copied,
    pub scans: ScansCopied,
    pub keys: usize,
}

/// A file that only its owner can read, whole or not at all.
async fn private_file(path: &Path, write: impl AsyncFnOnce(&mut File) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let part = path.with_extension(format!("{}.part", std::process::id()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&part)?;
    let done = write(&mut file).await.and_then(|()| Ok(file.sync_all()?));
    if let Err(error) = done {
        // What is left of it is worth nothing, and the disk may be full.
        let _ = fs::remove_file(&part);
        return Err(error);
    }
    fs::rename(&part, path)?;
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// Copies scans that are missing, each checked against its name.
fn copy_scans(from: &Path, to: &Path, some: &[(ScanHash, String)], done: &mut ScansCopied) -> io::Result<()> {
    for (hash, file) in some {
        let (source, target) = (from.join(file), to.join(file));
        if target.exists() {
            done.there += 1;
            continue;
        }
        let bytes = match fs::read(&source) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                done.missing.push(*hash);
                continue;
            }
            Err(error) => return Err(error),
        };
        if Digest::of(&bytes) != *hash {
            done.missing.push(*hash);
            continue;
        }
        write_whole(&target, &target.with_extension("part"), &bytes)?;
        done.copied += 1;
    }
    Ok(())
}

/// Copies key files that are not there yet.
async fn copy_keys(from: &Path, to: &Path) -> anyhow::Result<usize> {
    let mut copied = 0;
    if !from.exists() {
        return Ok(copied);
    }
    private_folder(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if !entry.file_type()?.is_file() || target.exists() {
            continue;
        }
        let mut bytes = Vec::new();
        File::open(entry.path())?.take(KEY_BYTES_MAX).read_to_end(&mut bytes)?;
        private_file(&target, async |file| Ok(file.write_all(&bytes)?)).await?;
        copied += 1;
    }
    Ok(copied)
}

/// Copies the ledger, the scans that are missing in `to`, and the keys if asked for. A copy that was there is replaced by
/// the new one only when that is whole.
pub async fn back_up(ledger: &Ledger, data: &Path, to: &Path, with_keys: bool) -> anyhow::Result<Backup> {
    let doing = || format!("Copying into {}", to.display());
    ensure!(data != to, "the copy needs a folder of its own, not the data folder");
    private_folder(to).with_context(doing)?;
    let path = to.join(LEDGER_FILE);
    let mut made = None;
    private_file(&path, async |file| {
        let copied = write_ledger(ledger, file).await?;
        // No scan is ever taken away: whatever this copy of the ledger names can be copied now.
        made = Some((copied, every_scan(ledger, data, to).await?));
        Ok(())
    })
    .await
    .with_context(doing)?;
    let (copied, scans) = made.context("a copy that was written was made")?;
    let keys = if with_keys { copy_keys(&data.join("keys"), &to.join("keys")).await.with_context(doing)? } else { 0 };
    Ok(Backup { ledger: copied, scans, keys })
}

async fn every_scan(ledger: &Ledger, data: &Path, to: &Path) -> anyhow::Result<ScansCopied> {
    let mut done = ScansCopied::default();
    let mut after = None;
    loop {
        let some = ledger.scans_after(after).await?;
        let Some((last, _)) = some.last() else { return Ok(done) };
        after = Some(*last);
        copy_scans(data, to, &some, &mut done)?;
    }
}

async fn write_ledger(ledger: &Ledger, file: &mut File) -> anyhow::Result<Copied> {
    let mut zstd = zstd::Encoder::new(BufWriter::new(file), ZSTD_LEVEL)?;
    zstd.include_checksum(true)?;
    let copied = ledger.copy_to(&mut zstd).await?;
    zstd.finish()?.flush()?;
    Ok(copied)
}

/// Somebody who answers for a new epoch.
#[derive(Debug, Clone)]
pub struct Answering {
    pub officer: OfficerId,
    pub password: String,
}

fn open_copy(from: &Path) -> Result<CopyReader, CopyTrouble> {
    let file = File::open(from.join(LEDGER_FILE))?;
    CopyReader::begin(Box::new(BufReader::new(zstd::Decoder::new(file)?)))
}

/// Do these two answer? Wrong passwords are not counted here, there is no ledger yet to count them in; whoever holds the
/// copy could try them elsewhere just as well, and each costs the same work.
fn two_administrators(office: &Office, two: [&Answering; 2]) -> Result<(OfficerId, OfficerId), CopyTrouble> {
    let no = |text: String| Err(CopyTrouble::NotAnswered(text));
    let [by, and] = two;
    if by.officer == and.officer {
        return no(format!("{} can't answer twice; a second administrator is needed", by.officer));
    }
    for Answering { officer, password } in two {
        let known = office.roster.get(officer).filter(|o| o.active && o.role == Role::Administrator);
        let Some(known) = known else {
            return no(format!("{officer} is no active administrator in this copy"));
        };
        if !people::opens(known, password) {
            return no(format!("this is not the password of {officer}"));
        }
    }
    Ok((by.officer.clone(), and.officer.clone()))
}

/// A server that was made from a copy.
#[derive(Debug)]
pub struct Restore {
    pub ledger: Restored,
    pub scans: ScansCopied,
    pub keys: usize,
}

/// Makes a server from a copy: the ledger into an empty database, scans and keys into the data folder. The two who answer
/// stand as administrators on the roster of `office` in the copy; it may be left out where there is only one.
pub async fn restore(
    from: &Path,
    data: &Path,
    address: &Address,
    env: Env,
    office: Option<OfficeCode>,
    two: [&Answering; 2],
) -> anyhow::Result<Restore> {
    let doing = || format!("Restoring from {}", from.display());
    // Read to its end before the database hears of it.
    open_copy(from).and_then(CopyReader::prove).with_context(doing)?;
    private_folder(data).with_context(doing)?;
    let mut scans = ScansCopied::default();
    let answers = |office: &Office| two_administrators(office, two);
    let take = |some: &[(ScanHash, String)]| Ok(copy_scans(from, data, some, &mut scans)?);
    let copy = open_copy(from).with_context(doing)?;
    let ledger = ledger::restore(address, env, copy, office, answers, take).await.with_context(doing)?;
    let keys = copy_keys(&from.join("keys"), &data.join("keys")).await.with_context(doing)?;
    Ok(Restore { ledger, scans, keys })
}
