//! The parent's side: start a child, hand it the file, wait no longer than allowed, and believe only what fits. Whatever the
//! child does (dies, hangs, floods the pipe, answers nonsense), the parent comes back with an [`Unreadable`] and the child is
//! gone. It never panics and never waits without a limit.

use std::io::{self, PipeReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::bitmap::rgb_bytes;
use crate::line::{self, Answer, Held, Job, Probe, Question, Trial};
use crate::{Bitmap, CHILD_ARG, Kind, PAGE_MS_MAX, SIDE_PX_MAX, Unreadable, WALL_MS_MAX};

/// Starts one child per question. Cheap to clone and to share; it holds nothing but a path.
#[derive(Clone, Debug)]
pub struct Decoder {
    exe: PathBuf,
}

/// Which picture of a file is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Want {
    /// The page, counted from 0. A JPEG or PNG has only page 0.
    pub page: u32,
    /// The longest side of the result in pixels, at most [`SIDE_PX_MAX`]. Pictures are only ever made smaller; PDF pages are
    /// drawn at this size (up to [`crate::PAGE_DPI_MAX`]).
    pub max_side: u32,
}

impl Decoder {
    /// Children are this program again. Its `main` must begin with [`crate::child_main_if_asked`].
    pub fn this_program() -> Self {
        // On Linux the kernel's own link is used: it still leads to this very program after an update has replaced the file.
        // Elsewhere an unknown path means that no child starts, which every call then reports.
        let exe = match cfg!(target_os = "linux") {
            true => PathBuf::from("/proc/self/exe"),
            false => std::env::current_exe().unwrap_or_default(),
        };
        Self { exe }
    }

    /// Children are the program at this path: a small one starts faster than one that links a whole window system.
    pub fn at(exe: impl Into<PathBuf>) -> Self {
        Self { exe: exe.into() }
    }

    /// What the file is, without decoding its pixels. A picture that is cut off is found here already.
    pub fn probe(&self, bytes: &[u8]) -> Result<Probe, Unreadable> {
        let kind = Kind::sniff(bytes)?;
        match self.ask(Job::Probe(kind), bytes, WALL_MS_MAX)? {
            (Answer::Probed(probe), _) if probe.kind == kind => Ok(probe),
            (Answer::Refused(why), _) => Err(why),
            (Answer::Probed(_) | Answer::Rendered { .. } | Answer::Tried(_), _) => Err(Unreadable::Crashed),
        }
    }

    /// One page of the file as upright RGB pixels.
    pub fn render(&self, bytes: &[u8], want: Want) -> Result<Bitmap, Unreadable> {
        let kind = Kind::sniff(bytes)?;
        let max_side = want.max_side.clamp(1, SIDE_PX_MAX);
        let wall_ms = match kind {
            Kind::Jpeg | Kind::Png => WALL_MS_MAX,
            Kind::Pdf => PAGE_MS_MAX,
        };
        match self.ask(Job::Render { kind, page: want.page, max_side }, bytes, wall_ms)? {
            (Answer::Rendered { width, height }, rgb) => Bitmap::new(width, height, rgb).ok_or(Unreadable::Crashed),
            (Answer::Refused(why), _) => Err(why),
            (Answer::Probed(_) | Answer::Tried(_), _) => Err(Unreadable::Crashed),
        }
    }

    /// Has the child misbehave, for tests of the walls.
    #[doc(hidden)]
    pub fn try_walls(&self, trial: Trial) -> Result<Vec<Held>, Unreadable> {
        match self.ask(Job::Trial(trial), &[], WALL_MS_MAX)? {
            (Answer::Tried(held), _) => Ok(held),
            (Answer::Refused(why), _) => Err(why),
            (Answer::Probed(_) | Answer::Rendered { .. }, _) => Err(Unreadable::Crashed),
        }
    }

    fn ask(&self, job: Job, file: &[u8], wall_ms: u64) -> Result<(Answer, Vec<u8>), Unreadable> {
        // A child that can't be started isn't the file's fault, but there's nothing else the officer could be told.
        let question =
            line::frame(line::QUESTION, &Question { job, file_bytes: file.len() }).map_err(|_| Unreadable::Crashed)?;
        let (mut child, from_child) = self.start().map_err(|_| Unreadable::Crashed)?;
        let to_child = child.stdin.take();

        // A file and its pixels are both larger than a pipe: writing and reading must go on at the same time, or both sides
        // wait for each other.
        thread::scope(|scope| {
            let (tell, heard) = mpsc::channel();
            let feeding = thread::Builder::new().name("scan-feed".into()).spawn_scoped(scope, move || {
                let Some(mut pipe) = to_child else { return };
                // The child may die or refuse before it has read everything. Its answer, or the lack of one, tells.
                let _ = pipe.write_all(&question).and_then(|()| pipe.write_all(file));
            });
            let reading = thread::Builder::new().name("scan-read".into()).spawn_scoped(scope, move || {
                // Nobody listens any more once the time is up.
                let _ = tell.send(read_answer(from_child, job));
            });
            let in_time = match (feeding, reading) {
                (Ok(_), Ok(_)) => heard.recv_timeout(Duration::from_millis(wall_ms)).ok(),
                _ => Some(Err(Silence::Garbled)),
            };
            // Answered or not, it has no further business. Killing it is also what ends the two threads of this scope.
            let _ = child.kill();
            let status = child.wait().ok();
            in_time.unwrap_or(Err(Silence::Late)).map_err(|silence| silence.why(status))
        })
    }

    fn start(&self) -> io::Result<(Child, PipeReader)> {
        let (from_child, child_out) = io::pipe()?;
        let mut command = Command::new(&self.exe);
        // The environment holds paths and perhaps tokens. Only what the loader needs to start the program is passed on.
        command.arg(CHILD_ARG).env_clear();
        for name in ["LD_LIBRARY_PATH", "SystemRoot"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        // Error output goes down the same pipe: when memory runs out, Rust's last words are all there is to tell it by.
        command.stdin(Stdio::piped()).stdout(child_out.try_clone()?).stderr(child_out);
        // `command` keeps the pipe's other end open until it is dropped; only then can the reader see the child's end.
        let child = command.spawn()?;
        Ok((child, from_child))
    }
}

/// There was no answer that could be believed.
enum Silence {
    /// The time was up.
    Late,
    /// The pipe ended, or held something else; these were the first words.
    Died(Vec<u8>),
    /// It was no answer to our question, or nothing that ends.
    Garbled,
}

impl Silence {
    fn why(self, status: Option<ExitStatus>) -> Unreadable {
        match self {
            Self::Late => Unreadable::TookTooLong,
            Self::Garbled => Unreadable::Crashed,
            Self::Died(words) => {
                let no_memory = b"memory allocation of";
                match words.windows(no_memory.len()).any(|some| some == no_memory) {
                    true => Unreadable::TooMuchMemory,
                    false => status.map_or(Unreadable::Crashed, why_it_died),
                }
            }
        }
    }
}

#[cfg(target_os = "linux")]
fn why_it_died(status: ExitStatus) -> Unreadable {
    use std::os::unix::process::ExitStatusExt;
    match status.signal() {
        Some(libc::SIGXCPU) => Unreadable::TookTooLong,
        // Besides us only the kernel sends this one, when the whole machine has run out of memory.
        Some(libc::SIGKILL) => Unreadable::TooMuchMemory,
        _ => Unreadable::Crashed,
    }
}

#[cfg(not(target_os = "linux"))]
fn why_it_died(_status: ExitStatus) -> Unreadable {
    Unreadable::Crashed
}

/// The last words that are kept, in bytes.
const WORDS_BYTES_MAX: u64 = 4096;

fn read_answer(mut pipe: PipeReader, job: Job) -> Result<(Answer, Vec<u8>), Silence> {
    let mut words = Vec::new();
    // The child writes its answer in one go at the very end, so anything else at the beginning means there is none.
    let marked = pipe.by_ref().take(4).read_to_end(&mut words).is_ok() && words == line::ANSWER;
    if !marked {
        let _ = pipe.take(WORDS_BYTES_MAX).read_to_end(&mut words);
        // One that talks on is alive, and it's us who will kill it: how it ended would say nothing.
        let talks_on = words.len() as u64 >= WORDS_BYTES_MAX;
        return Err(if talks_on { Silence::Garbled } else { Silence::Died(words) });
    }
    let answer: Answer = line::read_head(&mut pipe).map_err(|_| Silence::Garbled)?;
    let payload_bytes = match (&answer, job) {
        (Answer::Rendered { width, height }, Job::Render { max_side, .. }) => {
            let asked_for = 1..=max_side;
            if !asked_for.contains(width) || !asked_for.contains(height) {
                return Err(Silence::Garbled);
            }
            rgb_bytes(*width, *height)
        }
        (Answer::Rendered { .. }, Job::Probe(_) | Job::Trial(_)) => return Err(Silence::Garbled),
        (Answer::Probed(_) | Answer::Refused(_) | Answer::Tried(_), _) => 0,
    };
    let payload = line::read_payload(&mut pipe, payload_bytes).map_err(|_| Silence::Garbled)?;
    Ok((answer, payload))
}
