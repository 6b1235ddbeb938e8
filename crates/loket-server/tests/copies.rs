//! A copy of the ledger, and a ledger made from one, told from one database to the other. What desks that saw more than the
//! copy holds are told: to start over from a snapshot, and from where their commands are missing. That they send those once
//! more is told in `tests/tests/line.rs`.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the answer")]

mod house;

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use house::place::{Place, told_across};
use house::*;
use loket_core::act::{Event, Subject};
use loket_core::application::Verdict;
use loket_core::id::{Digest, Epoch, OfficerId, ScanHash};
use loket_core::sync::{ChainHead, Cursor, RowBody, RowHeader, RowOutcome, Stream};
use loket_core::world::World;
use loket_server::backup::{self, Answering, LEDGER_FILE, ScansCopied};
use loket_server::ledger::{COPY_FORMAT, CopyTrouble, LINE_BYTES_MAX, Ledger, ScanRecord};
use serde_json::{Value, json};

fn answering(officer: &str, password: &str) -> Answering {
    Answering { officer: OfficerId::new(officer).unwrap(), password: password.to_owned() }
}

fn ratih() -> Answering {
    answering("ratih.wibowo", "seruni-contoh-6")
}

fn surya() -> Answering {
    answering("surya.hidayat", "teratai-contoh-7")
}

/// A morning at two counters, as the copy has it; the desk of Sri.
async fn a_morning(place: &impl Place) -> (Arc<Ledger>, Desk) {
    let ledger = place.open().await;
    set_up(&ledger, place.folder(), "KNC").await;
    publish_people(&ledger, 3).await;
    let mut sri = Desk::enrol(&ledger, "sri.wulandari").await;
    sri.opens(&ledger, 1).await;
    sri.does(&ledger, on("A-001"), arrives()).await;
    sri.does(&ledger, Subject::Application(no(1)), verdict(Verdict::Accept)).await;
    (ledger, sri)
}

async fn restore(copy: &Path, to: &impl Place) -> anyhow::Result<Arc<Ledger>> {
    backup::restore(copy, to.folder(), &to.address(), to.env(), None, [&ratih(), &surya()]).await?;
    Ok(to.open().await)
}

fn trouble(error: &anyhow::Error) -> &CopyTrouble {
    error.downcast_ref().unwrap_or_else(|| panic!("{error:#}"))
}

/// Copies, and restores elsewhere.
async fn carried_over(ledger: &Ledger, from: &impl Place, to: &impl Place) -> Arc<Ledger> {
    let copy = tempfile::tempdir().unwrap();
    backup::back_up(ledger, from.folder(), copy.path(), false).await.unwrap();
    restore(copy.path(), to).await.unwrap()
}

async fn what_was_copied_is_there_again_and_work_goes_on(from: &impl Place, to: &impl Place) {
    let (old, mut sri) = a_morning(from).await;
    let stamped = {
        let command = sri.draft(old.env().now(), on("A-002"), arrives());
        sri.stamp(&command)
    };
    let answered = sri.delivers(&old, &stamped).await;
    let new = carried_over(&old, from, to).await;
    assert_eq!(new.view(&knc(), World::clone).await.unwrap(), old.view(&knc(), World::clone).await.unwrap());
    agrees(&new).await;
    let (before, after) = (old.heads(&knc()).await.unwrap(), new.heads(&knc()).await.unwrap());
    let office = before[&Stream::Office];
    assert_eq!(after[&Stream::Office], Cursor { epoch: Epoch(2), ..office }, "numbers go on where the copy ends");
    assert_eq!(
        (after[&Stream::Registry].epoch, after[&Stream::Registry].seq),
        (Epoch(2), before[&Stream::Registry].seq + 1)
    );
    let again = sri.delivers(&new, &stamped).await;
    assert_eq!(serde_json::to_string(&again).unwrap(), serde_json::to_string(&answered).unwrap(), "answered as it was");
    assert_eq!(sri.does(&new, on("A-003"), arrives()).await, RowOutcome::Applied);
    assert_eq!(sri.n, 5);
    let places = async |ledger: &Ledger| ledger.places(&knc(), today()..=today()).await.unwrap();
    assert_eq!(places(&new).await, places(&old).await);
    agrees(&new).await;
}

async fn who_answers_for_the_new_epoch_stands_in_the_registry(from: &impl Place, to: &impl Place) {
    let (old, _) = a_morning(from).await;
    let new = carried_over(&old, from, to).await;
    let all = new.since(&knc(), &BTreeMap::new()).await.unwrap().rows;
    let bodies = all.iter().map(|r| serde_json::from_str::<RowBody>(r.body.as_ref().unwrap()).unwrap());
    let told: Vec<Event> = bodies.flat_map(|b| b.events).filter(|e| matches!(e, Event::EpochDeclared { .. })).collect();
    let (by, and) = (ratih().officer, surya().officer);
    assert_eq!(told, [Event::EpochDeclared { epoch: Epoch(2), office: knc(), by, and }]);
}

async fn a_desk_that_saw_more_starts_over_from_a_snapshot(from: &impl Place, to: &impl Place) {
    let (old, mut sri) = a_morning(from).await;
    let copy = tempfile::tempdir().unwrap();
    backup::back_up(&old, from.folder(), copy.path(), false).await.unwrap();
    let at_copy = old.heads(&knc()).await.unwrap();
    let mut adi = Desk::enrol(&old, "adi.nugroho").await;
    adi.does(&old, on("A-002"), arrives()).await;
    let further = old.heads(&knc()).await.unwrap();
    let new = restore(copy.path(), to).await.unwrap();
    for cursors in [&further, &at_copy] {
        let since = new.since(&knc(), cursors).await.unwrap();
        assert!(since.start_over && since.rows.is_empty(), "an old epoch, whether or not the rows are the same");
    }
    let snapshot = new.snapshot(&knc(), sri.id).await.unwrap();
    assert!(snapshot.cursors.values().all(|c| c.epoch == Epoch(2)));
    assert_eq!(snapshot.head, ChainHead { n: sri.n, digest: sri.prev });
    let since = async |cursors: &BTreeMap<Stream, Cursor>| {
        let since = new.since(&knc(), cursors).await.unwrap();
        assert!(!since.start_over);
        let headers = since.rows.iter().map(|r| serde_json::from_str::<RowHeader>(&r.header).unwrap());
        headers.map(|h| (h.stream, h.epoch, h.seq)).collect::<Vec<_>>()
    };
    assert!(since(&snapshot.cursors).await.is_empty());
    // The cursor of the snapshot names a row of the old epoch by its number; it must still fit when there are newer ones.
    let next = at_copy[&Stream::Office].seq + 1;
    for more in 0..2 {
        sri.does(&new, on("A-002"), arrives()).await;
        let expected: Vec<_> = (next..=next + more).map(|seq| (Stream::Office, Epoch(2), seq)).collect();
        assert_eq!(since(&snapshot.cursors).await, expected);
    }
    let all = since(&BTreeMap::new()).await;
    for stream in Stream::ALL {
        let seqs: Vec<u64> = all.iter().filter(|(s, ..)| *s == stream).map(|(_, _, seq)| *seq).collect();
        assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>(), "both epochs are one line");
    }
    let epochs: Vec<u32> = all.iter().filter(|(s, ..)| *s == Stream::Office).map(|(_, e, _)| e.0).collect();
    assert!(epochs.is_sorted() && epochs[0] == 1 && epochs[epochs.len() - 1] == 2);
    // Somebody who reads all of it in portions names the epoch of the head, and is in the middle of the old one.
    let first = new.since(&knc(), &BTreeMap::new()).await.unwrap();
    let row = first
        .rows
        .iter()
        .find(|r| r.header.contains("\"stream\":\"office\"") && r.header.contains("\"seq\":1,"))
        .unwrap();
    let mut cursors = snapshot.cursors.clone();
    cursors.insert(Stream::Office, Cursor { epoch: Epoch(2), seq: 1, leaf: row.leaf });
    assert_eq!(since(&cursors).await.len() as u64, next);
    cursors.insert(Stream::Office, Cursor { epoch: Epoch(2), seq: 1, leaf: Digest::of(b"x") });
    assert!(new.since(&knc(), &cursors).await.unwrap().start_over, "another line");
    let unknown = new.desk(&knc(), adi.id).await;
    assert!(unknown.is_err(), "a desk that was enrolled after the copy enrols anew, and keeps what it did");
    agrees(&new).await;
}

async fn a_desk_that_is_ahead_is_told_where_and_nothing_of_it_is_thrown_away(from: &impl Place, to: &impl Place) {
    let (old, mut sri) = a_morning(from).await;
    let copy = tempfile::tempdir().unwrap();
    backup::back_up(&old, from.folder(), copy.path(), false).await.unwrap();
    let (restored_to, mut lost) = (sri.n, Vec::new());
    for ticket in ["A-002", "A-003"] {
        let command = sri.draft(old.env().now(), on(ticket), arrives());
        lost.push(sri.stamp(&command));
        sri.delivers(&old, lost.last().unwrap()).await;
    }
    let new = restore(copy.path(), to).await.unwrap();
    let command = sri.draft(new.env().now(), Subject::Application(no(2)), verdict(Verdict::Accept));
    let next = sri.stamp(&command);
    let head = Some(ChainHead { n: sri.n, digest: sri.prev });
    let heads = new.heads(&knc()).await.unwrap();
    let done = new.append_commands(&knc(), sri.id, head, std::slice::from_ref(&next)).await.unwrap();
    assert_eq!((done.gap, done.answers.len(), done.cloned), (Some(restored_to + 1), 0, false), "a gap, not a clone");
    assert_eq!(new.heads(&knc()).await.unwrap(), heads, "nothing is stored out of order");
    // Sent from the gap on, everything is taken in, in the old order.
    let all: Vec<String> = lost.into_iter().chain([next]).collect();
    let done = new.append_commands(&knc(), sri.id, head, &all).await.unwrap();
    assert!(done.gap.is_none() && done.answers.iter().all(|a| a.outcome == RowOutcome::Applied), "{done:?}");
    assert_eq!(done.answers.len(), 3);
    agrees(&new).await;
}

async fn a_copy_goes_into_an_empty_database_once(from: &impl Place, to: &impl Place) {
    let (old, _) = a_morning(from).await;
    let copy = tempfile::tempdir().unwrap();
    backup::back_up(&old, from.folder(), copy.path(), false).await.unwrap();
    let error = restore(copy.path(), from).await.map(drop).unwrap_err();
    assert!(matches!(trouble(&error), CopyTrouble::NotEmpty), "{error:#}");
    // A server that was started once, and has nothing in it, is empty.
    to.open().await.close().await;
    let new = restore(copy.path(), to).await.unwrap();
    let heads = new.heads(&knc()).await.unwrap();
    let error = restore(copy.path(), to).await.map(drop).unwrap_err();
    assert!(matches!(trouble(&error), CopyTrouble::NotEmpty), "{error:#}");
    assert_eq!(new.heads(&knc()).await.unwrap(), heads);
}

/// A copy of a copy goes on counting.
async fn a_second_restore_opens_a_third_epoch(from: &impl Place, to: &impl Place) {
    let (old, mut sri) = a_morning(from).await;
    let second = carried_over(&old, from, to).await;
    sri.does(&second, on("A-002"), arrives()).await;
    let elsewhere = house::place::Sqlite::new();
    let third = carried_over(&second, to, &elsewhere).await;
    assert!(third.heads(&knc()).await.unwrap().values().all(|h| h.epoch == Epoch(3)));
    assert_eq!(sri.does(&third, on("A-003"), arrives()).await, RowOutcome::Applied);
    agrees(&third).await;
}

fn lines_of(copy: &Path) -> Vec<String> {
    let mut text = String::new();
    let file = std::fs::File::open(copy.join(LEDGER_FILE)).unwrap();
    zstd::Decoder::new(file).unwrap().read_to_string(&mut text).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn write_lines(copy: &Path, lines: &[String]) {
    let mut zstd = zstd::Encoder::new(std::fs::File::create(copy.join(LEDGER_FILE)).unwrap(), 1).unwrap();
    for line in lines {
        writeln!(zstd, "{line}").unwrap();
    }
    zstd.finish().unwrap();
}

/// Lines with a last one that fits them, as somebody would write it who knows how.
fn signed_off(mut lines: Vec<String>) -> Vec<String> {
    lines.pop();
    let mut rows: BTreeMap<String, u64> = BTreeMap::new();
    let mut table = String::new();
    for line in &lines[1..] {
        match serde_json::from_str(line).unwrap() {
            Value::Object(head) => {
                table = head["table"].as_str().unwrap().to_owned();
                rows.insert(table.clone(), 0);
            }
            _ => *rows.get_mut(&table).unwrap() += 1,
        }
    }
    let text: String = lines.iter().map(|l| format!("{l}\n")).collect();
    lines.push(json!({ "rows": rows, "sha256": Digest::of(text.as_bytes()) }).to_string());
    lines
}

async fn a_copy_that_was_cut_off_or_altered_is_refused_and_leaves_nothing(from: &impl Place, to: &impl Place) {
    let (old, _) = a_morning(from).await;
    let copy = tempfile::tempdir().unwrap();
    backup::back_up(&old, from.folder(), copy.path(), false).await.unwrap();
    let good = lines_of(copy.path());
    let refused = async |lines: &[String]| {
        write_lines(copy.path(), lines);
        restore(copy.path(), to).await.map(drop).unwrap_err()
    };
    let cut = |error: &anyhow::Error| matches!(trouble(error), CopyTrouble::CutOff);
    let altered = |error: &anyhow::Error| matches!(trouble(error), CopyTrouble::Altered(_));
    for keep in [1, 2, good.len() / 2, good.len() - 1] {
        let error = refused(&good[..keep]).await;
        assert!(cut(&error), "{keep} lines: {error:#}");
    }
    let table = good.iter().position(|l| l.starts_with("{\"table\":\"row\"")).unwrap();
    let row = table + good[table..].iter().position(|l| l.contains("A-001")).unwrap();
    let mut bent = good.clone();
    bent[row] = bent[row].replacen("A-001", "A-002", 1);
    assert!(altered(&refused(&bent).await), "a changed byte");
    assert!(
        altered(&refused(&signed_off(bent)).await),
        "a row that is not what its leaf says, though the copy counts up"
    );
    let mut fewer = good.clone();
    fewer.remove(row);
    assert!(altered(&refused(&fewer).await), "a row less");
    assert!(altered(&refused(&signed_off(fewer)).await), "a hole in a stream");
    let mut more = good.clone();
    more.push("[]".to_owned());
    assert!(altered(&refused(&more).await), "something after the end");
    let mut long = good.clone();
    long.insert(2, "x".repeat(LINE_BYTES_MAX as usize + 1));
    assert!(altered(&refused(&long).await), "a line without an end");
    let headed = |name: &str, value: Value| {
        let mut lines = good.clone();
        let mut header: Value = serde_json::from_str(&lines[0]).unwrap();
        header[name] = value;
        lines[0] = header.to_string();
        signed_off(lines)
    };
    let error = refused(&headed("schema", json!(9_999))).await;
    assert!(matches!(trouble(&error), CopyTrouble::NewerCopy { found: 9_999, .. }), "{error:#}");
    let error = refused(&headed("loket_copy", json!(COPY_FORMAT + 1))).await;
    assert!(matches!(trouble(&error), CopyTrouble::OtherFormat(_)), "{error:#}");
    let error = refused(&["a letter".to_owned()]).await;
    assert!(matches!(trouble(&error), CopyTrouble::NoCopy), "{error:#}");
    write_lines(copy.path(), &good);
    let whole = std::fs::read(copy.path().join(LEDGER_FILE)).unwrap();
    for keep in [0, 3, whole.len() / 2, whole.len() - 1] {
        std::fs::write(copy.path().join(LEDGER_FILE), &whole[..keep]).unwrap();
        let error = restore(copy.path(), to).await.map(drop).unwrap_err();
        assert!(cut(&error), "{keep} bytes: {error:#}");
    }
    let nothing = to.open().await;
    assert!(nothing.offices().await.unwrap().is_empty());
    nothing.close().await;
    write_lines(copy.path(), &good);
    assert!(restore(copy.path(), to).await.is_ok(), "the good one still goes in");
}

async fn one_alone_or_with_a_wrong_password_restores_nothing(from: &impl Place, to: &impl Place) {
    let (old, _) = a_morning(from).await;
    let copy = tempfile::tempdir().unwrap();
    backup::back_up(&old, from.folder(), copy.path(), false).await.unwrap();
    for (by, and) in [
        (ratih(), ratih()),
        (ratih(), answering("surya.hidayat", "seruni-contoh-6")),
        (answering("maya.lestari", "flamboyan-contoh-5"), surya()),
        (ratih(), answering("nobody", "teratai-contoh-7")),
    ] {
        let done = backup::restore(copy.path(), to.folder(), &to.address(), to.env(), None, [&by, &and]).await;
        let error = done.map(drop).unwrap_err();
        assert!(matches!(trouble(&error), CopyTrouble::NotAnswered(_)), "{error:#}");
    }
    let nothing = to.open().await;
    assert!(nothing.offices().await.unwrap().is_empty());
}

async fn where_there_are_several_offices_one_roster_is_named(from: &impl Place, to: &impl Place) {
    let (old, _) = a_morning(from).await;
    set_up(&old, from.folder(), "KND").await;
    let copy = tempfile::tempdir().unwrap();
    backup::back_up(&old, from.folder(), copy.path(), false).await.unwrap();
    let error = restore(copy.path(), to).await.map(drop).unwrap_err();
    assert!(matches!(trouble(&error), CopyTrouble::WhichOffice), "{error:#}");
    let of = async |office: &str| {
        let office = Some(loket_core::id::OfficeCode::new(office).unwrap());
        backup::restore(copy.path(), to.folder(), &to.address(), to.env(), office, [&ratih(), &surya()]).await
    };
    let error = of("KNX").await.map(drop).unwrap_err();
    assert!(matches!(trouble(&error), CopyTrouble::NoSuchOffice(_)), "{error:#}");
    let done = of("KND").await.unwrap();
    assert_eq!(done.ledger.epochs.values().map(|e| e.0).collect::<Vec<_>>(), [2, 2], "every office");
}

async fn scans_are_copied_once_and_keys_only_when_asked_for(from: &impl Place, to: &impl Place) {
    let (old, _) = a_morning(from).await;
    let keep = async |bytes: &[u8]| -> ScanHash {
        let hash = Digest::of(bytes);
        let file = format!("scans/{}/{hash}", &hash.to_string()[..2]);
        let path = from.folder().join(&file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
        let (media_type, bytes) = ("image/jpeg".to_owned(), bytes.len() as u64);
        let record = ScanRecord { hash, media_type, bytes, file, pages: 0, unreadable: String::new() };
        old.keep_scan(&record).await.unwrap();
        hash
    };
    keep(b"a card").await;
    let copy = tempfile::tempdir().unwrap();
    let back_up = async |with_keys| backup::back_up(&old, from.folder(), copy.path(), with_keys).await.unwrap();
    let first = back_up(false).await;
    assert_eq!((first.scans, first.keys), (ScansCopied { copied: 1, ..ScansCopied::default() }, 0));
    assert!(!copy.path().join("keys").exists());
    let bent = keep(b"a book").await;
    std::fs::write(from.folder().join(old.scan(&bent).await.unwrap().file), b"other bytes").unwrap();
    let second = back_up(true).await;
    assert_eq!(
        second.scans,
        ScansCopied { copied: 0, there: 1, missing: vec![bent] },
        "never under a name not its own"
    );
    assert!(second.keys >= 1);
    #[cfg(unix)]
    for file in ["keys/KNC.recovery", LEDGER_FILE] {
        let mode =
            std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(copy.path().join(file)).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let done =
        backup::restore(copy.path(), to.folder(), &to.address(), to.env(), None, [&ratih(), &surya()]).await.unwrap();
    assert_eq!((done.scans.copied, done.scans.missing.len(), done.keys), (1, 1, second.keys));
    let key = |place: &Path| std::fs::read(place.join("keys/KNC.recovery")).unwrap();
    assert_eq!(key(from.folder()), key(to.folder()));
}

async fn a_copy_is_of_one_moment_while_others_write(from: &impl Place, to: &impl Place) {
    let (old, _) = a_morning(from).await;
    let writer = old.clone();
    let writing = tokio::spawn(async move {
        for n in 10..60 {
            book(&writer, n, today(), "10:00", None, None).await;
        }
    });
    let copy = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        backup::back_up(&old, from.folder(), copy.path(), false).await.unwrap();
    }
    let new = restore(copy.path(), to).await.unwrap();
    writing.await.unwrap();
    agrees(&new).await;
    assert!(new.heads(&knc()).await.unwrap()[&Stream::Registry].seq > 10);
}

/// A copy that was made before a step of the migrations goes in as it was, and is then brought up to date.
async fn a_copy_of_an_older_program_is_brought_up_to_date(from: &impl Place, to: &impl Place) {
    let (old, mut sri) = a_morning(from).await;
    let copy = tempfile::tempdir().unwrap();
    backup::back_up(&old, from.folder(), copy.path(), false).await.unwrap();
    // What there was at step 2, and no more.
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/server_sqlite");
    let migrator = sqlx::migrate::Migrator::new(migrations).await.unwrap();
    let db = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
    migrator.run_to(2, &db).await.unwrap();
    let columns: Vec<(String, String)> = sqlx::query_as(
        "select t.name, c.name from sqlite_schema t, pragma_table_info(t.name) c where t.type = 'table'",
    )
    .fetch_all(&db)
    .await
    .unwrap();
    let mut lines = Vec::new();
    let mut kept: Option<Vec<bool>> = None;
    for line in lines_of(copy.path()) {
        match serde_json::from_str(&line).unwrap() {
            Value::Array(row) => {
                if let Some(kept) = &kept {
                    let row: Vec<&Value> = row.iter().zip(kept).filter(|(_, kept)| **kept).map(|(v, _)| v).collect();
                    lines.push(json!(row).to_string());
                }
            }
            mut head if head.get("table").is_some() => {
                let table = head["table"].as_str().unwrap().to_owned();
                let names: Vec<String> = serde_json::from_value(head["columns"].clone()).unwrap();
                let then: Vec<bool> = names.iter().map(|n| columns.contains(&(table.clone(), n.clone()))).collect();
                kept = then.contains(&true).then_some(then.clone());
                if kept.is_some() {
                    head["columns"] =
                        names.iter().zip(then).filter(|(_, then)| *then).map(|(n, _)| n.clone()).collect();
                    lines.push(head.to_string());
                }
            }
            mut header => {
                if header.get("schema").is_some() {
                    header["schema"] = json!(2);
                }
                lines.push(header.to_string());
            }
        }
    }
    write_lines(copy.path(), &signed_off(lines));
    let new = restore(copy.path(), to).await.unwrap();
    assert_eq!(sri.does(&new, on("A-002"), arrives()).await, RowOutcome::Applied);
    agrees(&new).await;
}

told_across! {
    what_was_copied_is_there_again_and_work_goes_on
    who_answers_for_the_new_epoch_stands_in_the_registry
    a_desk_that_saw_more_starts_over_from_a_snapshot
    a_desk_that_is_ahead_is_told_where_and_nothing_of_it_is_thrown_away
    a_copy_goes_into_an_empty_database_once
    a_second_restore_opens_a_third_epoch
    a_copy_that_was_cut_off_or_altered_is_refused_and_leaves_nothing
    one_alone_or_with_a_wrong_password_restores_nothing
    where_there_are_several_offices_one_roster_is_named
    scans_are_copied_once_and_keys_only_when_asked_for
    a_copy_is_of_one_moment_while_others_write
    a_copy_of_an_older_program_is_brought_up_to_date
}
