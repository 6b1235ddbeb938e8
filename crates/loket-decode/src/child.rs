//! The child's side: lock yourself in, read one question and one file, answer once, exit. The locking comes before the first
//! byte is read, so there's never a moment in which a stranger's byte and an open door are in the same process. If the lock
//! fails, nothing is decoded.

use std::io::{self, Read, Write};
use std::panic::{self, AssertUnwindSafe};
use std::process::exit;

use crate::line::{self, Answer, Held, Job, Question, Trial};
use crate::{FILE_BYTES_MAX, Unreadable, confine, draw};

/// The one argument that makes a program a decoding child.
pub const CHILD_ARG: &str = "--loket-decode-child";

/// Call this first thing in `main` of every program that uses a [`crate::Decoder`]. If the program was started as a decoding
/// child, it does the work and never returns; otherwise it returns at once.
pub fn child_main_if_asked() {
    if std::env::args_os().nth(1).is_some_and(|arg| arg == CHILD_ARG) {
        exit(if answer_one().is_ok() { 0 } else { 1 })
    }
}

fn answer_one() -> io::Result<()> {
    // A panic's message could quote the file. That it happened is all the parent needs.
    panic::set_hook(Box::new(|_| {}));
    confine::confine().map_err(io::Error::other)?;

    let mut stdin = io::stdin().lock();
    let mut mark = [0; 4];
    stdin.read_exact(&mut mark)?;
    if mark != line::QUESTION {
        return Err(io::Error::other("not a question"));
    }
    let Question { job, file_bytes } = line::read_head(&mut stdin)?;
    if file_bytes > FILE_BYTES_MAX {
        return Err(io::Error::other("the parent turns such a file away"));
    }
    let file = line::read_payload(&mut stdin, file_bytes)?;

    let (answer, rgb) = panic::catch_unwind(AssertUnwindSafe(|| work(job, file)))
        .unwrap_or(Err(Unreadable::Crashed))
        .unwrap_or_else(|why| (Answer::Refused(why), Vec::new()));
    let mut stdout = io::stdout().lock();
    stdout.write_all(&line::frame(line::ANSWER, &answer)?)?;
    stdout.write_all(&rgb)?;
    stdout.flush()
}

fn work(job: Job, file: Vec<u8>) -> Result<(Answer, Vec<u8>), Unreadable> {
    match job {
        Job::Probe(kind) => Ok((Answer::Probed(draw::probe(kind, file)?), Vec::new())),
        Job::Render { kind, page, max_side } => {
            let (width, height, rgb) = draw::render(kind, file, page, max_side)?;
            Ok((Answer::Rendered { width, height }, rgb))
        }
        Job::Trial(trial) => Ok((Answer::Tried(misbehave(trial)), Vec::new())),
    }
}

fn misbehave(trial: Trial) -> Vec<Held> {
    match trial {
        Trial::Doors => try_doors(),
        Trial::Panic => panic!("as asked"),
        Trial::Stack => {
            recurse(1);
            Vec::new()
        }
        Trial::Memory => {
            let mut hoard = Vec::new();
            loop {
                // One past the largest number of chunks that could fit: with the wall missing, the trial ends and says so.
                if hoard.len() as u64 > crate::CHILD_MEMORY_BYTES_MAX >> 20 {
                    return Vec::new();
                }
                hoard.push(std::hint::black_box(vec![1_u8; 1 << 20]));
            }
        }
        Trial::Spin => loop {
            std::hint::spin_loop();
        },
        Trial::Hang => loop {
            std::thread::park();
        },
    }
}

fn try_doors() -> Vec<Held> {
    fn held<T>(door: &str, tried: io::Result<T>) -> Held {
        Held { door: door.into(), errno: tried.err().map(|error| error.raw_os_error().unwrap_or(0)) }
    }
    let inside = std::env::temp_dir();
    vec![
        held("udp socket", std::net::UdpSocket::bind("127.0.0.1:0")),
        held("tcp socket", std::net::TcpStream::connect("127.0.0.1:9")),
        held("read a file", std::fs::File::open("/etc/passwd")),
        held("write a file", std::fs::File::create(inside.join("loket-decode-trial"))),
        held("list a folder", std::fs::read_dir(&inside)),
        held("remove a file", std::fs::remove_file(inside.join("loket-decode-trial"))),
        held("start a program", std::process::Command::new("/bin/true").spawn()),
        held("start a thread", std::thread::Builder::new().spawn(|| {})),
        held("open a pipe", io::pipe()),
    ]
}

// Not a tail call, and the array is looked at afterwards, so that no optimiser makes a loop of it.
#[expect(unconditional_recursion, reason = "running out of stack is the point")]
fn recurse(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 64]);
    recurse(depth + 1) + frame[depth as usize % 64]
}
