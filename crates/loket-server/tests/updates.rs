//! Releases of the desk's program, from the command line of the administrator to the machine that fetches it.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the answer")]

mod house;
mod port;

use std::fs;
use std::path::Path;

use loket_core::id::Digest;
use loket_core::sync::WireError;
use loket_seal::verify_release;
use loket_server::updates::{
    Channel, INSTALLER_BYTES_MAX, Manifest, NOTES_CHARS_MAX, NewRelease, Notes, Released, Version, release,
};
use port::{Port, error};
use reqwest::StatusCode;

const MANIFEST: &str = "/v1/updates/stable/manifest";

fn installer(port: &Port, bytes: &[u8]) -> std::path::PathBuf {
    let file = port.dir.path().join("Loket-setup.exe");
    fs::write(&file, bytes).unwrap();
    file
}

fn releases(port: &Port, version: &str, bytes: &[u8]) -> anyhow::Result<Released> {
    let (file, version) = (installer(port, bytes), version.parse().unwrap());
    let notes = Notes { id: "Pemeriksaan lebih cepat".to_owned(), en: "Faster checks".to_owned() };
    release(port.dir.path(), &port.env, &NewRelease { channel: Channel::Stable, version, file: &file, notes })
}

/// The manifest as a desk takes it: only if the key that it knows signed these bytes.
async fn fetched(port: &Port, public_key: &str) -> Manifest {
    let answer = port.get(MANIFEST).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let signature = answer.headers()["loket-signature"].to_str().unwrap().to_owned();
    let bytes = answer.bytes().await.unwrap();
    verify_release(public_key, &signature, &bytes).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

fn stable(port: &Port) -> std::path::PathBuf {
    port.dir.path().join("updates/stable")
}

#[tokio::test]
async fn a_machine_that_is_not_enrolled_yet_fetches_its_program_and_can_trust_it() {
    let port = Port::new().await;
    assert_eq!(error(port.get(MANIFEST).await).await, (404, WireError::NotFound));
    let program: Vec<u8> = (0..300_000_u32).map(|n| n as u8).collect();
    let file = installer(&port, &program);
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_loket-server"));
    command.args(["admin", "--data"]).arg(port.dir.path()).args(["release", "--channel", "stable", "--version"]);
    command.args(["1.4.0", "--notes-id", "Lebih cepat", "--notes-en", "Faster", "--file"]).arg(file);
    let out = command.kill_on_drop(true).output().await.unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let said = String::from_utf8(out.stdout).unwrap();
    let public_key = said.lines().find_map(|line| line.strip_prefix("public key: ")).unwrap();

    let manifest = fetched(&port, public_key).await;
    assert_eq!((manifest.version, manifest.bytes), (Version(1, 4, 0), program.len() as u64));
    assert_eq!((manifest.sha256, &manifest.notes.en[..]), (Digest::of(&program), "Faster"));
    let path = format!("/v1/updates/stable/files/{}", manifest.file);
    assert_eq!(port.get(&path).await.bytes().await.unwrap(), program);

    let part = port.http.get(port.url(&path)).header("range", "bytes=100000-").send().await.unwrap();
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.headers()["content-range"], "bytes 100000-299999/300000");
    assert_eq!(part.bytes().await.unwrap(), program[100_000..]);
    let middle = port.http.get(port.url(&path)).header("range", "bytes=7-9").send().await.unwrap();
    assert_eq!(middle.bytes().await.unwrap(), program[7..=9]);
    let backwards = port.http.get(port.url(&path)).header("range", "bytes=5-2").send().await.unwrap();
    assert_eq!(error(backwards).await, (416, WireError::RangeNotSatisfiable { bytes: 300_000 }));
    let other = port.http.get(port.url(&path)).header("range", "bytes=7-9").header("if-range", "\"other\"");
    assert_eq!(other.send().await.unwrap().bytes().await.unwrap().len(), program.len());
    let head = port.http.head(port.url(&path)).send().await.unwrap();
    assert_eq!(head.headers()["content-length"], "300000");
}

#[tokio::test]
async fn the_private_half_stays_in_a_file_of_its_owner_and_no_door_leads_there() {
    let port = Port::new().await;
    let Released { public_key, .. } = releases(&port, "1.0.0", b"program").unwrap();
    let key = port.dir.path().join("keys/updates.key");
    let private = fs::read_to_string(&key).unwrap();
    assert_ne!(private.trim(), public_key);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    }
    for name in [
        "..%2F..%2F..%2Fkeys%2Fupdates.key",
        "..%5C..%5Ckeys%5Cupdates.key",
        "release.json",
        "..%2Frelease.json",
        ".part",
        "%00",
        "%2Fetc%2Fpasswd",
        "nothing.exe",
        &"x".repeat(500),
    ] {
        let got = port.get(&format!("/v1/updates/stable/files/{name}")).await;
        assert_eq!(error(got).await, (404, WireError::NotFound), "{name}");
    }
    for channel in ["nightly", "Stable", "..", "stable%2F..", "%00", ""] {
        let got = port.get(&format!("/v1/updates/{channel}/manifest")).await;
        assert_eq!(error(got).await, (404, WireError::NotFound), "{channel}");
    }
}

#[tokio::test]
async fn a_manifest_whose_installer_is_missing_or_changed_is_not_served() {
    let port = Port::new().await;
    let Released { manifest, public_key, .. } = releases(&port, "1.0.0", b"the program").unwrap();
    fetched(&port, &public_key).await;
    let file = stable(&port).join("files").join(&manifest.file);
    let not_now = (503, WireError::Overloaded { retry_s: 300 });
    // Of the same length, so that only its bytes give it away.
    fs::write(&file, b"the pr0gram").unwrap();
    assert_eq!(error(port.get(MANIFEST).await).await, not_now, "changed");
    fs::remove_file(&file).unwrap();
    assert_eq!(error(port.get(MANIFEST).await).await, not_now, "missing");
    fs::write(&file, b"the program").unwrap();
    fetched(&port, &public_key).await;
    let release = stable(&port).join("release.json");
    let text = fs::read_to_string(&release).unwrap();
    fs::write(&release, text.replace("1.0.0", "9.0.0")).unwrap();
    assert_eq!(error(port.get(MANIFEST).await).await, not_now, "a manifest that nobody signed");
    fs::write(&release, &text[..text.len() / 2]).unwrap();
    assert_eq!(error(port.get(MANIFEST).await).await, not_now, "half a manifest");
    assert_eq!(port.get("/health").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_release_that_breaks_off_leaves_the_one_before() {
    let port = Port::new().await;
    let Released { public_key, .. } = releases(&port, "1.0.0", b"one").unwrap();
    let names = |path: &Path| fs::read_dir(path).unwrap().map(|e| e.unwrap().file_name()).collect::<Vec<_>>();
    // A power cut after the installer was written: it lies there, and nobody is sent to it.
    fs::write(stable(&port).join("files/Loket-setup-2.0.0-000000000000.exe"), b"two").unwrap();
    fs::write(stable(&port).join("99.part"), b"half").unwrap();
    assert_eq!(fetched(&port, &public_key).await.version, Version(1, 0, 0));
    fs::remove_file(stable(&port).join("99.part")).unwrap();
    releases(&port, "2.0.0", b"two").unwrap();
    assert_eq!(fetched(&port, &public_key).await.version, Version(2, 0, 0));
    assert_eq!(names(&stable(&port)).len(), 2, "nothing half is left: {:?}", names(&stable(&port)));
}

#[tokio::test]
async fn a_version_is_released_once_and_never_goes_back() {
    let port = Port::new().await;
    let first = releases(&port, "1.2.0", b"one").unwrap();
    let again = releases(&port, "1.2.0", b"one").unwrap();
    assert!(!first.again && again.again && first.manifest == again.manifest && first.public_key == again.public_key);
    for (version, bytes) in [("1.2.0", b"other"), ("1.1.9", b"older")] {
        let said = releases(&port, version, bytes).unwrap_err().to_string();
        assert_eq!(said, "stable has 1.2.0; a release is newer than the one before");
    }
    assert_eq!(fetched(&port, &first.public_key).await, first.manifest);
    assert_eq!(error(port.get("/v1/updates/pilot/manifest").await).await.0, 404, "a channel has its own releases");
}

#[tokio::test]
async fn what_cannot_be_a_release_is_refused_before_anything_is_written() {
    let port = Port::new().await;
    assert!(releases(&port, "1.0.0", b"").unwrap_err().to_string().contains("bytes"));
    let sparse = installer(&port, b"x");
    fs::OpenOptions::new().write(true).open(&sparse).unwrap().set_len(INSTALLER_BYTES_MAX + 1).unwrap();
    let notes = |chars| Notes { id: "x".repeat(chars), en: String::new() };
    let new = |file, chars| {
        let new = NewRelease { channel: Channel::Stable, version: Version(1, 0, 0), file, notes: notes(chars) };
        release(port.dir.path(), &port.env, &new)
    };
    assert!(new(&sparse, 0).unwrap_err().to_string().contains("bytes"));
    let good = installer(&port, b"x");
    assert!(new(&good, NOTES_CHARS_MAX + 1).unwrap_err().to_string().contains("characters"));
    let odd = port.dir.path().join("Loket setup.exe");
    fs::write(&odd, b"x").unwrap();
    assert!(format!("{:#}", new(&odd, 0).unwrap_err()).contains("letters, digits"));
    let absent = port.dir.path().join("absent.exe");
    assert!(new(&absent, 0).is_err());
    assert!(!stable(&port).exists() && !port.dir.path().join("keys/updates.key").exists());
    new(&good, NOTES_CHARS_MAX).unwrap();
}
