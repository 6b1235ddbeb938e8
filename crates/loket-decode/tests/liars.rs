//! What if the file has taken the child over and the child lies? Shell scripts play the child here. One test only, in a
//! file of its own: a script that was written a moment ago can't be started while another thread is starting something.

#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "how long a child may take is a promise about the real clock")]
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use loket_decode::{Decoder, PAGE_MS_MAX, Unreadable, Want};

fn liar(folder: &Path, script: &str) -> Decoder {
    let path = folder.join("liar");
    // A new file each time: the old one may still be running.
    let _ = std::fs::remove_file(&path);
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    Decoder::at(path)
}

/// An answer with this JSON and that many bytes behind it.
fn answering(json: &str, payload_bytes: usize) -> String {
    let length = json.len();
    assert!(length < 256);
    format!("printf 'LKA1\\{length:o}\\0\\0\\0%s' '{json}'; head -c {payload_bytes} /dev/zero")
}

#[test]
fn a_child_that_lies_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let want = Want { page: 0, max_side: 100 };
    let jpeg = [0xFF, 0xD8, 0xFF, 0xE0];

    // First that an honest script is believed, or the rest would prove nothing.
    let honest = liar(folder.path(), &answering(r#"{"rendered":{"width":2,"height":3}}"#, 18));
    assert_eq!(honest.render(&jpeg, want).unwrap().rgb(), [0; 18]);

    for script in [
        "cat".into(),
        "exit 0".into(),
        "exit 1".into(),
        "kill -SEGV $$".into(),
        "echo hello".into(),
        "printf LKA1".into(),
        r"printf 'LKA1\377\377\377\377'".into(),
        r"printf 'LKA1\377\377\377\377'; cat /dev/zero".into(),
        "cat /dev/zero".into(),
        answering("not json", 0),
        answering(r#"{"rendered":{"width":2,"height":3}}"#, 17),
        answering(r#"{"rendered":{"width":101,"height":1}}"#, 303),
        answering(r#"{"rendered":{"width":0,"height":0}}"#, 0),
        answering(r#"{"rendered":{"width":4294967295,"height":4294967295}}"#, 10),
        answering(r#"{"rendered":{"width":-1,"height":1}}"#, 3),
        answering(r#"{"refused":"no_such_reason"}"#, 0),
        answering(r#"{"probed":{"kind":"jpeg","pages":1,"width":1,"height":1}}"#, 0),
        answering(r#"{"tried":[]}"#, 0),
    ] {
        let start = Instant::now();
        let answer = liar(folder.path(), &script).render(&jpeg, want);
        // A child that floods the pipe is not waited for.
        assert!(start.elapsed() < Duration::from_secs(5), "{script}");
        assert_eq!(answer.unwrap_err(), Unreadable::Crashed, "{script}");
    }

    let wrong_kind = liar(folder.path(), &answering(r#"{"probed":{"kind":"pdf","pages":1,"width":1,"height":1}}"#, 0));
    assert_eq!(wrong_kind.probe(&jpeg), Err(Unreadable::Crashed));

    let no_memory = liar(folder.path(), "echo 'memory allocation of 99 bytes failed' >&2; kill -ABRT $$");
    assert_eq!(no_memory.probe(&jpeg), Err(Unreadable::TooMuchMemory));

    // It neither reads nor writes nor ends: a file larger than the pipe must not hold the parent up either.
    let mut large = b"%PDF-1.7".to_vec();
    large.resize(1 << 20, 0);
    let start = Instant::now();
    assert_eq!(liar(folder.path(), "exec sleep 60").render(&large, want), Err(Unreadable::TookTooLong));
    assert!(start.elapsed() < Duration::from_millis(PAGE_MS_MAX + 2000));

    assert_eq!(Decoder::at(folder.path().join("nobody")).probe(&jpeg), Err(Unreadable::Crashed));
}
