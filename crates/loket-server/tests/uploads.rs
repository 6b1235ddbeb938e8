//! Scans in a folder and in a bucket, and uploads that come in pieces: real requests to a real port. The stories of the
//! contract are told for each database and each store.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the answer")]

#[path = "ledger/databases.rs"]
mod databases;
mod house;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use databases::begun_uploads;
use futures_util::stream;
use house::place::fresh_postgres;
use house::*;
use loket_core::id::{Digest, ScanHash};
use loket_core::sync::WireError;
use loket_decode::{Bitmap, Decoder};
use loket_server::env::Env;
use loket_server::ledger::{self, Arrived, Ledger, LedgerError, UNFINISHED_BYTES_MAX, UNFINISHED_UPLOADS_MAX};
use loket_server::listen::Doors;
use loket_server::problem::{Code, Problem};
use loket_server::registers::Adapters;
use loket_server::scans::{self, SCAN_BYTES_MAX, ScanTrouble, Scans};
use loket_server::uploads::{Progress, Taken, UPLOAD_PIECE_BYTES_MAX, UPLOAD_PIECE_BYTES_MIN, UPLOAD_RESTS_MS_MAX};
use loket_server::{Config, Running, database, serve};
use reqwest::{Client, RequestBuilder, Response};

/// Where a server keeps everything; several may be started on one.
struct Place {
    dir: tempfile::TempDir,
    env: Env,
    database: String,
    scans: scans::Address,
}

impl Place {
    /// One SQLite file, scans beside it.
    fn alone() -> Place {
        let dir = tempfile::tempdir().unwrap();
        let database = format!("sqlite://{}", database(dir.path()).display());
        let scans = scans::Address::Folder(dir.path().to_owned());
        Place { dir, env: morning(), database, scans }
    }

    async fn postgres() -> Place {
        Place { database: fresh_postgres().await, ..Place::alone() }
    }

    async fn postgres_and_s3() -> Place {
        let place = Place { scans: bucket("loket-scans", s3()), ..Place::postgres().await };
        make_bucket("loket-scans").await;
        place
    }

    async fn ledger(&self) -> Arc<Ledger> {
        Ledger::open(&ledger::Address::parse(&self.database).unwrap(), self.env.clone()).await.unwrap()
    }

    async fn scans(&self) -> Scans {
        Scans::open(&self.scans, self.ledger().await, Decoder::at(decoder())).unwrap()
    }

    async fn serve(&self, listen: &str) -> Door {
        let config = Config {
            data: self.dir.path().to_owned(),
            database: Some(ledger::Address::parse(&self.database).unwrap()),
            scans: Some(self.scans.clone()),
            listen: listen.parse::<SocketAddr>().unwrap(),
            decoder_exe: Some(decoder()),
            doors: Doors::default(),
            adapters: Adapters::default(),
            env: self.env.clone(),
        };
        Door { running: serve(config).await.unwrap(), http: Client::new() }
    }
}

fn decoder() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_loket-server"))
}

fn s3() -> String {
    std::env::var("LOKET_TEST_S3").unwrap_or_else(|_| {
        panic!(
            "these stories need S3; run them as `cargo xtask s3 cargo xtask postgres cargo nextest run -p loket-server`"
        )
    })
}

/// A bucket at an address, below a prefix of its own.
fn bucket(name: &str, endpoint: String) -> scans::Address {
    let settings = [
        ("AWS_ENDPOINT_URL", endpoint.as_str()),
        ("AWS_ALLOW_HTTP", "true"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "loket"),
        ("AWS_SECRET_ACCESS_KEY", "contoh"),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
    scans::Address::parse(&format!("s3://{name}/{}", hex::encode(morning().chance::<8>())), settings).unwrap()
}

async fn make_bucket(name: &str) {
    let made = Client::new().put(format!("{}/{name}", s3())).send().await.unwrap();
    assert!(made.status().is_success(), "{made:?}");
}

/// A server and somebody who sends to it.
struct Door {
    running: Running,
    http: Client,
}

impl Door {
    fn ask(&self, method: &str, hash: &str) -> RequestBuilder {
        let url = format!("http://{}/v1/intake/scans/{hash}", self.running.addr);
        self.http.request(method.parse().unwrap(), url).bearer_auth(self.running.intake_key())
    }

    async fn head(&self, hash: &ScanHash) -> Stands {
        Stands::of(&self.ask("HEAD", &hash.to_string()).send().await.unwrap())
    }

    fn piece(&self, hash: &ScanHash, from: usize, length: usize) -> RequestBuilder {
        self.ask("PATCH", &hash.to_string())
            .header("content-type", "application/offset+octet-stream")
            .header("upload-offset", from)
            .header("upload-length", length)
    }

    async fn sends(&self, hash: &ScanHash, from: usize, length: usize, bytes: &[u8]) -> Response {
        self.piece(hash, from, length).body(bytes.to_vec()).send().await.unwrap()
    }

    /// Sends a whole file in pieces of the longest kind.
    async fn sends_all(&self, hash: &ScanHash, bytes: &[u8]) -> Response {
        let mut last = None;
        for (i, piece) in bytes.chunks(UPLOAD_PIECE_BYTES_MAX).enumerate() {
            last = Some(self.sends(hash, i * UPLOAD_PIECE_BYTES_MAX, bytes.len(), piece).await);
        }
        last.unwrap()
    }
}

/// What an answer says about an upload: status, offset, whether it is complete.
#[derive(Debug, PartialEq, Eq)]
struct Stands(u16, Option<u64>, Option<bool>);

impl Stands {
    fn of(answer: &Response) -> Stands {
        let header = |name| answer.headers().get(name).map(|value| value.to_str().unwrap());
        let complete = header("upload-complete").map(|text| text == "?1");
        Stands(answer.status().as_u16(), header("upload-offset").map(|text| text.parse().unwrap()), complete)
    }
}

fn at(status: u16, offset: usize) -> Stands {
    Stands(status, Some(offset as u64), Some(false))
}

fn whole(status: u16, bytes: usize) -> Stands {
    Stands(status, Some(bytes as u64), Some(true))
}

/// So many bytes that begin like a JPEG.
fn file(bytes: usize) -> (ScanHash, Vec<u8>) {
    let mut seed = 0x2026_u32;
    let mut file: Vec<u8> = (0..bytes)
        .map(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            seed.to_be_bytes()[0]
        })
        .collect();
    file[..3].copy_from_slice(&[0xFF, 0xD8, 0xFF]);
    (Digest::of(&file), file)
}

async fn read(scans: &Scans, hash: &ScanHash) -> Vec<u8> {
    let scan = scans.ledger().scan(hash).await.unwrap();
    scans.read(&scan, 0..=scan.bytes).await.unwrap()
}

const MIB: usize = 1024 * 1024;

async fn an_upload_cut_off_at_97_percent_goes_on_after_a_restart(place: Place) {
    let (hash, bytes) = file(15 * MIB);
    let door = place.serve("127.0.0.1:0").await;
    assert_eq!(door.head(&hash).await, Stands(404, None, None));
    for (i, piece) in bytes.chunks(MIB).take(14).enumerate() {
        let answer = door.sends(&hash, i * MIB, bytes.len(), piece).await;
        assert_eq!(Stands::of(&answer), at(204, (i + 1) * MIB));
    }
    // The line breaks in the middle of the last piece, and then the plug is pulled.
    let most = bytes[14 * MIB..bytes.len() * 97 / 100].to_vec();
    let cut = stream::iter([Ok(most), Err(std::io::Error::other("no line"))]);
    let body = reqwest::Body::wrap_stream(cut);
    assert!(door.piece(&hash, 14 * MIB, bytes.len()).body(body).send().await.is_err());
    let addr = door.running.addr.to_string();
    door.running.kill().await;
    let door = place.serve(&addr).await;
    assert_eq!(door.head(&hash).await, at(200, 14 * MIB), "a piece is here whole or not at all");
    let answer = door.sends(&hash, 14 * MIB, bytes.len(), &bytes[14 * MIB..]).await;
    assert_eq!(Stands::of(&answer), whole(201, bytes.len()));
    assert_eq!(door.head(&hash).await, whole(200, bytes.len()));
    assert!(read(&place.scans().await, &hash).await == bytes);
    let again = door.ask("PUT", &hash.to_string()).body(bytes).send().await.unwrap();
    assert_eq!(again.status(), 200, "it is the scan that a whole upload would have made");
}

async fn a_piece_that_fits_nowhere_changes_nothing_and_hears_where_to_go_on(place: Place) {
    let (hash, bytes) = file(3 * MIB);
    let door = place.serve("127.0.0.1:0").await;
    let piece = |n: usize| &bytes[n * MIB..(n + 1) * MIB];
    assert_eq!(Stands::of(&door.sends(&hash, MIB, bytes.len(), piece(1)).await), at(409, 0), "nothing has begun");
    assert_eq!(Stands::of(&door.sends(&hash, 0, bytes.len(), piece(0)).await), at(204, MIB));
    let refused = |answer: Response, field: &'static str| async move {
        assert_eq!(Stands::of(&answer), at(409, MIB));
        let said: Problem = answer.json().await.unwrap();
        assert_eq!((said.code, said.field.as_deref()), (Code::UploadElsewhere, Some(field)));
    };
    refused(door.sends(&hash, 0, bytes.len(), piece(0)).await, "upload-offset").await;
    refused(door.sends(&hash, 2 * MIB, bytes.len(), piece(2)).await, "upload-offset").await;
    refused(door.sends(&hash, MIB - 1, bytes.len(), piece(1)).await, "upload-offset").await;
    refused(door.sends(&hash, MIB, bytes.len() + 1, piece(1)).await, "upload-length").await;
    assert_eq!(door.head(&hash).await, at(200, MIB));
    assert_eq!(Stands::of(&door.sends(&hash, MIB, bytes.len(), piece(1)).await), at(204, 2 * MIB));
    assert_eq!(Stands::of(&door.sends(&hash, 2 * MIB, bytes.len(), piece(2)).await), whole(201, bytes.len()));
    let repeat = door.sends(&hash, 2 * MIB, bytes.len(), piece(2)).await;
    assert_eq!(Stands::of(&repeat), whole(409, bytes.len()), "a lost answer is read back");
    assert!(read(&place.scans().await, &hash).await == bytes);
}

async fn bytes_of_another_name_are_dropped_and_the_upload_starts_over(place: Place) {
    let (hash, bytes) = file(2 * MIB + 5);
    let door = place.serve("127.0.0.1:0").await;
    let mut wrong = bytes.clone();
    wrong[MIB + 7] ^= 1;
    let answer = door.sends_all(&hash, &wrong).await;
    assert_eq!(Stands::of(&answer), at(422, 0));
    assert_eq!(answer.json::<Problem>().await.unwrap().code, Code::HashDiffers);
    assert_eq!(door.head(&hash).await, Stands(404, None, None));
    let scans = place.scans().await;
    assert!(matches!(scans.ledger().scan(&hash).await, Err(LedgerError::Absent(_))));
    assert_eq!(Stands::of(&door.sends_all(&hash, &bytes).await), whole(201, bytes.len()));
    assert!(read(&scans, &hash).await == bytes);
}

async fn two_servers_take_every_other_piece(place: Place) {
    let (hash, bytes) = file(6 * MIB + 1);
    let doors = [place.serve("127.0.0.1:0").await, place.serve("127.0.0.1:0").await];
    for (i, piece) in bytes.chunks(MIB).enumerate() {
        let answer = doors[i % 2].sends(&hash, i * MIB, bytes.len(), piece).await;
        assert!(answer.status().is_success(), "{i}: {answer:?}");
    }
    for door in &doors {
        assert_eq!(door.head(&hash).await, whole(200, bytes.len()));
    }
    assert!(read(&place.scans().await, &hash).await == bytes);
}

async fn of_eight_who_send_the_same_piece_at_once_one_moves_the_offset(place: Place) {
    let (hash, bytes) = file(2 * MIB);
    let doors = [place.serve("127.0.0.1:0").await, place.serve("127.0.0.1:0").await];
    for (from, moved) in [(0, 204), (MIB, 201)] {
        let send = |i: usize| doors[i % 2].sends(&hash, from, bytes.len(), &bytes[from..from + MIB]);
        let answers = futures_util::future::join_all((0..8).map(send)).await;
        let statuses: Vec<u16> = answers.iter().map(|answer| answer.status().as_u16()).collect();
        let count = |status| statuses.iter().filter(|s| **s == status).count();
        assert!(count(moved) >= 1 && count(moved) + count(409) == 8, "{statuses:?}");
        assert!(from > 0 || count(moved) == 1, "{statuses:?}");
    }
    assert!(read(&place.scans().await, &hash).await == bytes);
}

async fn an_upload_that_nobody_goes_on_with_is_given_up_after_a_day(place: Place) {
    let scans = place.scans().await;
    let ((left, bytes), (other, other_bytes)) = (file(2 * MIB), file(3 * MIB));
    let first = |bytes: &[u8]| bytes[..MIB].to_vec().into();
    for (hash, bytes) in [(left, &bytes), (other, &other_bytes)] {
        let taken = scans.take_piece(hash, 0, bytes.len() as u64, first(bytes)).await.unwrap();
        assert!(matches!(taken, Taken::Kept(Progress { received: 1_048_576, .. })), "{taken:?}");
    }
    place.env.advance_ms(UPLOAD_RESTS_MS_MAX - 60_000);
    let second = other_bytes[MIB..2 * MIB].to_vec().into();
    scans.take_piece(other, MIB as u64, other_bytes.len() as u64, second).await.unwrap();
    scans.clear_old_uploads().await.unwrap();
    assert!(scans.progress(&left).await.unwrap().is_some(), "not yet");
    // Whoever went on a minute ago is not given up.
    place.env.advance_ms(120_000);
    scans.clear_old_uploads().await.unwrap();
    assert_eq!(scans.progress(&left).await.unwrap(), None);
    assert_eq!(scans.progress(&other).await.unwrap().map(|s| s.received), Some(2 * MIB as u64));
    let last = other_bytes[2 * MIB..].to_vec().into();
    let taken = scans.take_piece(other, 2 * MIB as u64, other_bytes.len() as u64, last).await.unwrap();
    assert!(matches!(taken, Taken::Whole(_)), "its pieces are still there: {taken:?}");
}

async fn when_too_much_lies_about_unfinished_nothing_more_is_begun(place: Place) {
    let scans = place.scans().await;
    let (hash, bytes) = file(2 * MIB);
    let (length, first) = (bytes.len() as u64, || bytes[..MIB].to_vec().into());
    let huge = Digest::of(b"huge");
    scans.ledger().begin_upload(&huge, UNFINISHED_BYTES_MAX - length + 1).await.unwrap();
    let refused = scans.take_piece(hash, 0, length, first()).await;
    assert!(matches!(refused, Err(ScanTrouble::Ledger(LedgerError::NoRoom))), "{refused:?}");
    scans.ledger().drop_upload(&huge, 0).await.unwrap().unwrap();
    begun_uploads(&place.database, UNFINISHED_UPLOADS_MAX - 1, place.env.now().0).await;
    scans.take_piece(hash, 0, length, first()).await.unwrap();
    let door = place.serve("127.0.0.1:0").await;
    let (one_more, more) = file(UPLOAD_PIECE_BYTES_MIN + 1);
    let answer = door.sends(&one_more, 0, more.len(), &more).await;
    assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (503, "60"));
    let last = door.sends(&hash, MIB, bytes.len(), &bytes[MIB..]).await;
    assert_eq!(Stands::of(&last), whole(201, bytes.len()), "what has begun goes on");
    assert_eq!(Stands::of(&door.sends(&one_more, 0, more.len(), &more).await), whole(201, more.len()));
}

async fn any_part_of_a_scan_is_read(place: Place) {
    let scans = place.scans().await;
    let (hash, bytes) = file(100_000);
    assert_eq!(scans.put(hash, bytes.clone()).await.unwrap(), Arrived::New);
    assert_eq!(scans.put(hash, bytes.clone()).await.unwrap(), Arrived::Again);
    assert!(matches!(scans.put(Digest::of(b"other"), bytes.clone()).await, Err(ScanTrouble::HashDiffers)));
    let scan = scans.ledger().scan(&hash).await.unwrap();
    for (range, expected) in
        [(0..=0, &bytes[..1]), (500..=999, &bytes[500..1000]), (99_990..=200_000, &bytes[99_990..])]
    {
        assert!(scans.read(&scan, range).await.unwrap() == expected);
    }
    let mut lost = scan.clone();
    lost.file = "scans/00/lost".to_owned();
    assert!(matches!(scans.read(&lost, 0..=9).await, Err(ScanTrouble::Lost(_))));
}

async fn a_rendition_is_made_once_and_found_by_other_servers(place: Place) {
    let scans = place.scans().await;
    let png_like = Bitmap::new(64, 48, vec![128; 64 * 48 * 3]).unwrap().to_jpeg(80);
    let hash = Digest::of(&png_like);
    scans.put(hash, png_like).await.unwrap();
    let look = async |scans: &Scans| {
        let scan = scans.ledger().scan(&hash).await.unwrap();
        scans.rendition(&scan, 0).await
    };
    let made = look(&scans).await.unwrap();
    // This one could not make it.
    let other = Scans::open(&place.scans, place.ledger().await, Decoder::at(Path::new("/nowhere"))).unwrap();
    let found = look(&other).await.unwrap();
    assert!(found.jpeg == made.jpeg && found.pages == 1);
    let scan = scans.ledger().scan(&hash).await.unwrap();
    let absent = scans.rendition(&scan, 1).await;
    assert!(matches!(absent, Err(ScanTrouble::Unreadable("page_absent"))), "{absent:?}");
}

macro_rules! contract {
    ($place:ident: $make:expr; $($story:ident)*) => {
        mod $place {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $story() {
                    super::$story($make).await;
                }
            )*
        }
    };
    ($place:ident: $make:expr) => {
        contract! { $place: $make;
            an_upload_cut_off_at_97_percent_goes_on_after_a_restart
            a_piece_that_fits_nowhere_changes_nothing_and_hears_where_to_go_on
            bytes_of_another_name_are_dropped_and_the_upload_starts_over
            two_servers_take_every_other_piece
            of_eight_who_send_the_same_piece_at_once_one_moves_the_offset
            an_upload_that_nobody_goes_on_with_is_given_up_after_a_day
            when_too_much_lies_about_unfinished_nothing_more_is_begun
            any_part_of_a_scan_is_read
            a_rendition_is_made_once_and_found_by_other_servers
        }
    };
}

contract!(sqlite: Place::alone());
contract!(postgres: Place::postgres().await);
contract!(postgres_and_s3: Place::postgres_and_s3().await);

async fn error(answer: Response) -> (u16, WireError) {
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn bad(field: &str) -> (u16, WireError) {
    (400, WireError::BadRequest { field: field.to_owned() })
}

#[tokio::test]
async fn what_is_no_piece_has_a_typed_answer_and_begins_nothing() {
    let place = Place::alone();
    let door = place.serve("127.0.0.1:0").await;
    let (hash, bytes) = file(2 * MIB);
    let length = bytes.len();
    // What is refused before its body is read brings a short one: whoever still sends may find the door shut.
    let short = || bytes[..9].to_vec();
    for id in ["..%2F..%2Fkeys%2Fintake.key", "..%2e%2e", &hash.to_string()[1..], &format!("{hash}%00"), "%ff"] {
        for method in ["HEAD", "PATCH"] {
            let answer = door.ask(method, id).send().await.unwrap();
            assert_eq!(answer.status(), 400, "{method} {id}");
        }
    }
    for id in ["../../keys/intake.key", "a/b"] {
        assert_eq!(door.ask("PATCH", id).send().await.unwrap().status(), 404, "{id}");
    }
    let too_large = |max: usize| (413, WireError::TooLarge { max: max as u64 });
    let sent = async |from, length, bytes: &[u8]| error(door.sends(&hash, from, length, bytes).await).await;
    assert_eq!(sent(0, 0, &[]).await, bad("upload-length"), "a scan of zero bytes");
    assert_eq!(sent(0, length, &[]).await, bad("body"), "a piece of zero bytes");
    assert_eq!(sent(0, SCAN_BYTES_MAX + 1, &short()).await, too_large(SCAN_BYTES_MAX));
    assert_eq!(sent(0, length, &bytes[..UPLOAD_PIECE_BYTES_MAX + 1]).await, too_large(UPLOAD_PIECE_BYTES_MAX));
    assert_eq!(sent(0, length, &bytes[..UPLOAD_PIECE_BYTES_MIN - 1]).await, bad("body"), "too small a piece");
    assert_eq!(sent(MIB + 1, length, &bytes[..MIB]).await, bad("body"), "beyond the end");
    assert_eq!(sent(usize::MAX, length, &bytes[..MIB]).await, bad("body"));
    for offset in ["-1", "+0", "0x0", "1e3", " ", "", "99999999999999999999999"] {
        let odd = door.ask("PATCH", &hash.to_string()).header("content-type", "application/offset+octet-stream");
        let odd = odd.header("upload-length", length).header("upload-offset", offset).body(short());
        assert_eq!(error(odd.send().await.unwrap()).await, bad("upload-offset"), "{offset}");
    }
    let bare = door.ask("PATCH", &hash.to_string()).body(short()).send().await.unwrap();
    assert_eq!(error(bare).await, bad("content-type"));
    let page = door.sends(&hash, 0, length, &[b'<'; MIB]).await;
    assert_eq!(page.status(), 422);
    let why: serde_json::Value = page.json().await.unwrap();
    assert_eq!((&why["code"], &why["why"]), (&"unreadable".into(), &"not_a_scan".into()));
    for method in ["HEAD", "PATCH"] {
        let url = format!("http://{}/v1/intake/scans/{hash}", door.running.addr);
        let nobody = door.http.request(method.parse().unwrap(), url).bearer_auth("nobody").send().await.unwrap();
        assert_eq!(nobody.status(), 401);
    }
    assert_eq!(door.head(&hash).await, Stands(404, None, None), "nothing was begun");
}

#[tokio::test]
async fn a_scan_of_20_mib_fits_and_its_smallest_pieces_too() {
    let place = Place::alone();
    let door = place.serve("127.0.0.1:0").await;
    let (hash, bytes) = file(SCAN_BYTES_MAX);
    assert_eq!(Stands::of(&door.sends_all(&hash, &bytes).await), whole(201, bytes.len()));
    let (hash, bytes) = file(UPLOAD_PIECE_BYTES_MIN + 1);
    let (first, last) = bytes.split_at(UPLOAD_PIECE_BYTES_MIN);
    assert_eq!(Stands::of(&door.sends(&hash, 0, bytes.len(), first).await), at(204, first.len()));
    assert_eq!(Stands::of(&door.sends(&hash, first.len(), bytes.len(), last).await), whole(201, bytes.len()));
    assert_eq!(pieces(&place), Vec::<PathBuf>::new(), "nothing is left of the pieces");
}

#[tokio::test]
async fn a_piece_that_was_lost_costs_this_upload_and_nothing_else() {
    let place = Place::alone();
    let door = place.serve("127.0.0.1:0").await;
    let (hash, bytes) = file(2 * MIB);
    door.sends(&hash, 0, bytes.len(), &bytes[..MIB]).await;
    // As after a restored database whose store was not restored with it.
    std::fs::remove_file(&pieces(&place)[0]).unwrap();
    assert_eq!(Stands::of(&door.sends(&hash, MIB, bytes.len(), &bytes[MIB..]).await), at(422, 0));
    assert_eq!(Stands::of(&door.sends_all(&hash, &bytes).await), whole(201, bytes.len()));
}

/// The files of pieces in a folder.
fn pieces(place: &Place) -> Vec<PathBuf> {
    let folders = std::fs::read_dir(place.dir.path().join("uploads")).unwrap();
    let files = folders.flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap());
    files.map(|file| file.unwrap().path()).collect()
}

#[tokio::test]
async fn a_server_looks_for_old_uploads_by_itself_and_for_pieces_that_belong_to_none() {
    let place = Place::alone();
    let door = place.serve("127.0.0.1:0").await;
    let (hash, bytes) = file(2 * MIB);
    door.sends(&hash, 0, bytes.len(), &bytes[..MIB]).await;
    // A server that is stopped between the store and the ledger leaves this behind.
    std::fs::write(place.dir.path().join(format!("uploads/{hash}/0-stray")), b"stray").unwrap();
    assert_eq!(pieces(&place).len(), 2);
    let addr = door.running.addr.to_string();
    door.running.shutdown().await;
    // The files carry the time of the real clock; a day after both.
    let behind = Env::real().now().since(place.env.now()).max(0);
    place.env.advance_ms(behind + UPLOAD_RESTS_MS_MAX + 60_000);
    let door = place.serve(&addr).await;
    for _ in 0..100 {
        if pieces(&place).is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(pieces(&place), Vec::<PathBuf>::new());
    assert_eq!(door.head(&hash).await, Stands(404, None, None));
}

/// Nothing is half done while the store is away, and the same piece is taken once it is back.
async fn says_not_now(scans: scans::Address) -> (Place, Door, ScanHash, Vec<u8>) {
    let place = Place { scans, ..Place::alone() };
    let door = place.serve("127.0.0.1:0").await;
    let (hash, bytes) = file(2 * MIB);
    let not_now = (503, WireError::Overloaded { retry_s: 5 });
    let put = door.ask("PUT", &hash.to_string()).body(bytes.clone()).send().await.unwrap();
    assert_eq!(put.headers()["retry-after"], "5");
    assert_eq!(error(put).await, not_now);
    assert_eq!(error(door.sends(&hash, 0, bytes.len(), &bytes[..MIB]).await).await, not_now);
    assert_eq!(door.head(&hash).await, at(200, 0));
    let scans = place.scans().await;
    let record = ledger::ScanRecord {
        hash,
        media_type: "image/jpeg".to_owned(),
        bytes: bytes.len() as u64,
        file: format!("scans/00/{hash}"),
        pages: 1,
        unreadable: String::new(),
    };
    assert!(matches!(scans.read(&record, 0..=9).await, Err(ScanTrouble::NotNow(_))));
    assert!(matches!(scans.rendition(&record, 0).await, Err(ScanTrouble::NotNow(_))));
    (place, door, hash, bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_bucket_is_gone_nothing_is_taken_and_once_it_is_back_the_same_piece_is() {
    let name = format!("loket-{}", hex::encode(morning().chance::<8>()));
    let (place, door, hash, bytes) = says_not_now(bucket(&name, s3())).await;
    make_bucket(&name).await;
    assert_eq!(Stands::of(&door.sends(&hash, 0, bytes.len(), &bytes[..MIB]).await), at(204, MIB));
    assert_eq!(Stands::of(&door.sends(&hash, MIB, bytes.len(), &bytes[MIB..]).await), whole(201, bytes.len()));
    assert!(read(&place.scans().await, &hash).await == bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_cannot_be_reached_is_not_now() {
    // A port that was free a moment ago.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    says_not_now(bucket("loket-scans", format!("http://{nobody}"))).await;
}
