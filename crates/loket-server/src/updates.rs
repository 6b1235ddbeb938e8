//! Releases of the desk's program: put into a channel by an administrator, fetched by anybody. It promises that a
//! manifest leaves exactly as it was signed, that a release appears whole or not at all, and that a manifest whose
//! installer is missing or changed is not served. It never holds the private key while it serves: only
//! `admin release` opens it.
//!
//! `DATA/updates/CHANNEL/release.json` holds the text of the manifest and its signature in one file, so that no reader
//! ever has one without the other; installers lie in `files/` beside it, under names in which their version and the
//! beginning of their hash stand. The doors are open: a machine fetches its program before it is enrolled, and there is
//! nothing secret in it. How a desk verifies: [`loket_seal::verify_release`] over the bytes of the answer, with the
//! signature in the header `loket-signature` and the public half that `admin release` prints and that is built into the
//! desk; then the length and SHA-256 of the file. No desk does so yet.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::io::{self, SeekFrom};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Context, ensure};
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use loket_core::id::{Digest, Timestamp};
use loket_core::sync::{PROTOCOL, WireError};
use loket_seal::{Signing, verify_release};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio::sync::Mutex;

use crate::env::Env;
use crate::exchange::{Part, header_value, part_asked, quoted};
use crate::http::{Answer, No, Server};
use crate::people::secret_file;
use crate::write_whole;

/// Bytes of an installer.
pub const INSTALLER_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// Characters of the notes in one language.
pub const NOTES_CHARS_MAX: usize = 4_000;
/// Characters of the name of an installer.
const FILE_NAME_CHARS_MAX: usize = 150;
/// Bytes of a stored release, which is a manifest and a signature.
const RELEASE_BYTES_MAX: u64 = 256 * 1024;
/// Bytes of an installer that are read at once for one caller.
const PIECE_BYTES: usize = 64 * 1024;
/// Seconds until a manifest that can't be served is worth asking for again.
const RETRY_S: u32 = 300;

/// Who gets a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Every counter.
    Stable,
    /// The offices that try it first.
    Pilot,
}

impl Channel {
    /// As it stands in addresses and folders.
    pub fn as_str(self) -> &'static str {
        match self {
            Channel::Stable => "stable",
            Channel::Pilot => "pilot",
        }
    }
}

impl FromStr for Channel {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Channel, &'static str> {
        let found = [Channel::Stable, Channel::Pilot].into_iter().find(|c| c.as_str() == text);
        found.ok_or("a channel is stable or pilot")
    }
}

/// Three numbers. Of two, the one that counts further is newer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version(pub u32, pub u32, pub u32);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

impl FromStr for Version {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Version, &'static str> {
        let numbers: Vec<u32> = text.split('.').map_while(|part| part.parse().ok()).collect();
        match numbers[..] {
            [a, b, c] if Version(a, b, c).to_string() == text => Ok(Version(a, b, c)),
            _ => Err("a version is three numbers, such as 1.4.0"),
        }
    }
}

impl TryFrom<String> for Version {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Version, &'static str> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> String {
        version.to_string()
    }
}

/// What is new, for the officer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notes {
    pub id: String,
    pub en: String,
}

/// What is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub channel: Channel,
    pub version: Version,
    pub published: Timestamp,
    /// To be fetched at `/v1/updates/{channel}/files/{file}`.
    pub file: String,
    pub bytes: u64,
    pub sha256: Digest,
    /// The protocol that a server must speak for this program to work with it.
    pub minimum_protocol: u32,
    pub notes: Notes,
}

/// A release as it is stored.
#[derive(Debug, Serialize, Deserialize)]
struct Signed {
    /// The JSON of a [`Manifest`], byte for byte as it was signed.
    manifest: String,
    /// Ed25519 over it, Base64.
    signature: String,
}

/// What an administrator puts into a channel.
#[derive(Debug)]
pub struct NewRelease<'a> {
    pub channel: Channel,
    pub version: Version,
    pub file: &'a Path,
    pub notes: Notes,
}

/// What became of it.
#[derive(Debug)]
pub struct Released {
    pub manifest: Manifest,
    /// The same program was there already.
    pub again: bool,
    /// To be built into desks.
    pub public_key: String,
}

fn folder(data: &Path, channel: Channel) -> PathBuf {
    data.join("updates").join(channel.as_str())
}

fn public_key_file(data: &Path) -> PathBuf {
    data.join("keys/updates.pub")
}

/// Letters, digits, and a few signs that mean nothing to any file system; never a hidden file.
fn is_plain_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    !name.is_empty() && name.len() <= FILE_NAME_CHARS_MAX && !name.starts_with('.') && name.bytes().all(plain)
}

/// Puts a program into a channel. The installer is on the disk before the manifest names it, and the manifest takes the
/// place of the one before in one step.
///
/// # Errors
/// When the file can't be what it says, the version is not newer than what stands, or the disk refuses.
pub fn release(data: &Path, env: &Env, new: &NewRelease<'_>) -> anyhow::Result<Released> {
    let NewRelease { channel, version, file, notes } = new;
    let doing = || format!("Releasing {version} from {}", file.display());
    let name = file.file_name().and_then(|n| n.to_str()).filter(|n| is_plain_name(n));
    let name = name.context("The name of the installer has letters, digits, and - _ . only").with_context(doing)?;
    for text in [&notes.id, &notes.en] {
        ensure!(text.chars().count() <= NOTES_CHARS_MAX, "Notes have at most {NOTES_CHARS_MAX} characters");
    }
    let size = fs::metadata(file).with_context(doing)?.len();
    ensure!((1..=INSTALLER_BYTES_MAX).contains(&size), "An installer has 1 to {INSTALLER_BYTES_MAX} bytes");
    let bytes = fs::read(file).with_context(doing)?;
    let sha256 = Digest::of(&bytes);

    let key = secret_file(&data.join("keys/updates.key"), || hex::encode(env.chance::<32>()))?;
    let key = hex::decode(key.trim()).ok().and_then(|key| Signing::from_bytes(&key).ok());
    let key = key.context("keys/updates.key is not 64 hexadecimal digits")?;
    let public_key = key.public();
    let public_file = public_key_file(data);
    write_whole(&public_file, &public_file.with_extension("part"), public_key.as_bytes()).with_context(doing)?;

    let folder = folder(data, *channel);
    if let Some(standing) = stored(&folder)? {
        let standing: Manifest = serde_json::from_str(&standing.manifest).context("Reading the standing manifest")?;
        if standing.version == *version && standing.sha256 == sha256 {
            return Ok(Released { manifest: standing, again: true, public_key });
        }
        let now = standing.version;
        ensure!(now < *version, "{} has {now}; a release is newer than the one before", channel.as_str());
    }

    // No other bytes will ever have this name.
    let hash = sha256.to_string();
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, "bin"));
    let name = format!("{stem}-{version}-{}.{ending}", &hash[..12]);
    ensure!(is_plain_name(&name), "The name of the installer is too long");
    let part = folder.join(format!("{}.part", std::process::id()));
    fs::create_dir_all(&folder).with_context(doing)?;
    write_whole(&folder.join("files").join(&name), &part, &bytes).with_context(doing)?;
    let manifest = Manifest {
        channel: *channel,
        version: *version,
        published: env.now(),
        file: name,
        bytes: size,
        sha256,
        minimum_protocol: PROTOCOL,
        notes: notes.clone(),
    };
    let text = serde_json::to_string_pretty(&manifest).with_context(doing)?;
    let signed = Signed { signature: key.sign_release(text.as_bytes()), manifest: text };
    write_whole(&folder.join("release.json"), &part, &serde_json::to_vec(&signed)?).with_context(doing)?;
    Ok(Released { manifest, again: false, public_key })
}

/// The release that stands in a channel.
fn stored(folder: &Path) -> anyhow::Result<Option<Signed>> {
    let path = folder.join("release.json");
    let size = match fs::metadata(&path) {
        Ok(found) => found.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).context("Looking for the release"),
    };
    ensure!(size <= RELEASE_BYTES_MAX, "The stored release has {size} bytes");
    let bytes = fs::read(path).context("Reading the release")?;
    Ok(Some(serde_json::from_slice(&bytes).context("Reading the release")?))
}

/// How a file looked when its hash was last worked out.
type Look = (u64, Option<SystemTime>, Digest);

/// What is served from the data folder.
pub(crate) struct Updates {
    data: PathBuf,
    /// Installers are large: one that looks as it did is not read again.
    looks: Mutex<HashMap<PathBuf, Look>>,
}

/// Is the file the one that the manifest names? Its look, if so.
fn check_file(path: &Path, manifest: &Manifest, before: Option<Look>) -> anyhow::Result<Look> {
    let found = fs::metadata(path).context("The installer is missing")?;
    ensure!(found.len() == manifest.bytes, "The installer has {} bytes, not {}", found.len(), manifest.bytes);
    let modified = found.modified().ok();
    let hash = match before {
        Some((bytes, then, hash)) if bytes == found.len() && then.is_some() && then == modified => hash,
        Some(_) | None => Digest::of(&fs::read(path).context("Reading the installer")?),
    };
    ensure!(hash == manifest.sha256, "The installer is not the one that was released");
    Ok((found.len(), modified, hash))
}

impl Updates {
    pub(crate) fn new(data: &Path) -> Updates {
        Updates { data: data.to_owned(), looks: Mutex::default() }
    }

    /// The release of a channel, if one stands and all of it is as it was signed.
    async fn standing(&self, channel: Channel) -> anyhow::Result<Option<Signed>> {
        // Locked to the end: a hundred who ask at once have the installer read once.
        let mut looks = self.looks.lock().await;
        let (data, known) = (self.data.clone(), looks.clone());
        let checked = tokio::task::spawn_blocking(move || {
            let folder = folder(&data, channel);
            let Some(signed) = stored(&folder)? else { return Ok(None) };
            let public = fs::read_to_string(public_key_file(&data)).context("Reading the public half of the key")?;
            let genuine = verify_release(public.trim(), &signed.signature, signed.manifest.as_bytes());
            genuine.ok().context("The manifest is not the one that was signed")?;
            let manifest: Manifest = serde_json::from_str(&signed.manifest).context("Reading the manifest")?;
            ensure!(manifest.channel == channel && is_plain_name(&manifest.file), "The manifest is of another place");
            let path = folder.join("files").join(&manifest.file);
            let look = check_file(&path, &manifest, known.get(&path).copied())?;
            Ok(Some((signed, path, look)))
        });
        let Some((signed, path, look)) = checked.await.context("Looking at a release")?? else { return Ok(None) };
        looks.insert(path, look);
        Ok(Some(signed))
    }
}

fn not_found<E>(_: E) -> No {
    No::Wire(WireError::NotFound)
}

/// `GET /v1/updates/{channel}/manifest`
pub(crate) async fn manifest(
    State(server): State<Arc<Server>>,
    axum::extract::Path(channel): axum::extract::Path<String>,
) -> Answer {
    let channel: Channel = channel.parse().map_err(not_found)?;
    let standing = server.updates.standing(channel).await.map_err(|error| {
        let channel = channel.as_str();
        tracing::error!(channel, error = format!("{error:#}"), "The release in {channel} is not served");
        No::Wire(WireError::Overloaded { retry_s: RETRY_S })
    })?;
    let Signed { manifest, signature } = standing.ok_or(No::Wire(WireError::NotFound))?;
    let mut response = manifest.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert("loket-signature", header_value(&signature)?);
    Ok(response)
}

/// `GET /v1/updates/{channel}/files/{name}`
pub(crate) async fn file(
    State(server): State<Arc<Server>>,
    axum::extract::Path((channel, name)): axum::extract::Path<(String, String)>,
    request: Request,
) -> Answer {
    let channel: Channel = channel.parse().map_err(not_found)?;
    if !is_plain_name(&name) {
        return Err(No::Wire(WireError::NotFound));
    }
    let path = folder(&server.updates.data, channel).join("files").join(&name);
    let trouble = |error: io::Error| {
        if error.kind() == io::ErrorKind::NotFound {
            return No::Wire(WireError::NotFound);
        }
        tracing::error!(%error, "An installer could not be read");
        No::Wire(WireError::Internal)
    };
    let mut file = tokio::fs::File::open(path).await.map_err(trouble)?;
    let found = file.metadata().await.map_err(trouble)?;
    if !found.is_file() {
        return Err(No::Wire(WireError::NotFound));
    }
    let (size, tag) = (found.len(), quoted(&name));
    let (status, from, length, content_range) = match part_asked(request.headers(), &tag, size) {
        Part::Nowhere => return Err(No::Wire(WireError::RangeNotSatisfiable { bytes: size })),
        Part::Whole => (StatusCode::OK, 0, size, None),
        Part::Bytes(range) => {
            let value = format!("bytes {}-{}/{size}", range.start(), range.end());
            (StatusCode::PARTIAL_CONTENT, *range.start(), range.end() + 1 - range.start(), Some(value))
        }
    };
    file.seek(SeekFrom::Start(from)).await.map_err(trouble)?;
    let mut response = Response::new(pieces(file, length));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(ETAG, header_value(&tag)?);
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    if let Some(value) = content_range {
        headers.insert(CONTENT_RANGE, header_value(&value)?);
    }
    Ok(response)
}

/// The next bytes of a file, piece by piece: many desks fetch an installer at once, and none needs all of it in memory.
fn pieces(file: tokio::fs::File, length: u64) -> Body {
    let file = file.take(length);
    Body::from_stream(futures_util::stream::unfold(Some(file), |file| async {
        let mut file = file?;
        let mut piece = Vec::with_capacity(PIECE_BYTES);
        match (&mut file).take(PIECE_BYTES as u64).read_to_end(&mut piece).await {
            Ok(0) => None,
            Ok(_) => Some((Ok(Bytes::from(piece)), Some(file))),
            Err(error) => Some((Err(error), None)),
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_three_numbers_and_newer_means_further() {
        let version = |text: &str| text.parse::<Version>();
        assert!(version("1.10.0").unwrap() > version("1.9.12").unwrap());
        for wrong in ["", "1.2", "1.2.3.4", "1.2.x", "01.2.3", "1.2.-3", "1.2.+3", " 1.2.3", "1.2.4294967296"] {
            assert!(version(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_name_is_never_a_path() {
        assert!(is_plain_name("Loket-setup-1.2.3-0a1b2c3d4e5f.exe"));
        for wrong in ["", ".", "..", ".part", "../keys", "a/b", "a\\b", "C:x", "a b", "a\0", "ä", &"x".repeat(151)] {
            assert!(!is_plain_name(wrong), "{wrong}");
        }
    }
}
