//! Runs other programs. Each long one gets a process group of its own and a limit in minutes, so that a hung browser or
//! server costs one stage and not the night; when the limit passes the whole group is asked to stop and then made to.
//! It promises that no child outlives `xtask`, even when `xtask` itself is interrupted. It never hides output.

use std::fmt;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Between asking and forcing. Longer than cargo-nextest's own ten seconds, which it gives to the tests it is running.
const GRACE: Duration = Duration::from_secs(15);
const PULSE: Duration = Duration::from_millis(100);

/// The feature selection of every build that tests and demo share: a different one would compile the tree twice.
pub const FEATURES: &str = "loket/custom-protocol,loket/test-hooks,loket-desk/test-hooks,loket-server/test-hooks";

/// Something only a person can provide: a package without the right to install it, a display. Ends with exit code 2.
#[derive(Debug)]
pub struct NeedsHand(pub String);

impl fmt::Display for NeedsHand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NeedsHand {}

/// Where the repository and its build output are.
pub struct Place {
    pub root: PathBuf,
    pub target: PathBuf,
}

impl Place {
    pub fn find() -> Result<Place> {
        let meta = cargo_metadata::MetadataCommand::new()
            .no_deps()
            .exec()
            .context("Asking cargo where the workspace is (run this inside the repository)")?;
        Ok(Place { root: meta.workspace_root.into(), target: meta.target_directory.into() })
    }

    pub fn ui(&self) -> PathBuf {
        self.root.join("ui")
    }

    /// The programs of the shared debug build; tests and demo find them through `LOKET_BIN_DIR`.
    pub fn debug_programs(&self) -> PathBuf {
        self.target.join("debug")
    }

    pub fn cargo(&self, arguments: &[&str]) -> Command {
        self.command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), arguments)
    }

    pub fn npm(&self, arguments: &[&str]) -> Command {
        let mut npm = self.command("npm", arguments);
        npm.current_dir(self.ui());
        npm
    }

    pub fn command(&self, program: impl Into<std::ffi::OsString>, arguments: &[&str]) -> Command {
        let mut command = Command::new(program.into());
        command.args(arguments).current_dir(&self.root).env("LOKET_BIN_DIR", self.debug_programs());
        // `cargo run` told *us* these about xtask; a child that reads them would take our folder for its own.
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
                command.env_remove(name);
            }
        }
        command
    }
}

pub fn minutes(n: u64) -> Duration {
    Duration::from_secs(60 * n)
}

/// Runs to the end with its output on ours. An error names the command, so that it can be typed again.
pub fn run(command: &mut Command, limit: Duration) -> Result<()> {
    let line = line_of(command);
    println!("$ {line}");
    let status = finish(command, limit).with_context(|| format!("Running `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed: {status}");
    }
    Ok(())
}

/// For a program somebody watches: it stays in the terminal's own group, so that Ctrl-C reaches all of it.
pub fn run_in_foreground(command: &mut Command) -> Result<()> {
    let line = line_of(command);
    println!("$ {line}");
    let status = command.status().with_context(|| format!("Running `{line}`"))?;
    if !status.success() {
        bail!("`{line}` ended with {status}");
    }
    Ok(())
}

/// A program that runs beside others until this value is dropped.
pub struct Background {
    child: Child,
    watch: Option<Watch>,
}

impl Background {
    /// Starts it, with its output thrown away.
    pub fn start(command: &mut Command) -> Result<Background> {
        let line = line_of(command);
        println!("$ {line} &");
        Background::spawn(command.stdout(Stdio::null()).stderr(Stdio::null()), &line)
    }

    /// Starts it, with what it has to say in a file.
    pub fn logging(command: &mut Command, log: std::fs::File) -> Result<Background> {
        let line = line_of(command);
        println!("$ {line} &");
        Background::spawn(command.stdout(Stdio::null()).stderr(log), &line)
    }

    fn spawn(command: &mut Command, line: &str) -> Result<Background> {
        let child = command.stdin(Stdio::null()).process_group(0).spawn();
        let child = child.with_context(|| format!("Starting `{line}`"))?;
        let watch = Some(Watch::over(child.id())?);
        Ok(Background { child, watch })
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // For PostgreSQL: don't wait for those who are still connected.
        signal(self.child.id(), "INT");
        let _ = self.child.wait();
        if let Some(watch) = self.watch.take() {
            watch.dismiss();
        }
    }
}

/// A port of this machine that nobody listens on.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0)).context("Looking for a free port")?.local_addr()?.port())
}

/// Looks again and again, for up to `limit`, whether something is ready.
pub fn wait_until(limit: Duration, ready: impl Fn() -> bool) -> bool {
    for _ in 0..limit.as_millis() / PULSE.as_millis() {
        if ready() {
            return true;
        }
        pause();
    }
    false
}

/// What a short question answers, or nothing if the program is missing or says no.
pub fn answer(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The minutes a piece of work took, beside its result.
#[expect(clippy::disallowed_methods, reason = "xtask measures the machine, not the counter; nothing here is replayed")]
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

fn line_of(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let mut words: Vec<String> = words.map(|word| word.to_string_lossy().into_owned()).collect();
    if let Some(name) = words[0].rsplit('/').next().map(str::to_owned) {
        words[0] = name;
    }
    words.join(" ")
}

fn finish(command: &mut Command, limit: Duration) -> Result<ExitStatus> {
    let child = command.stdin(Stdio::null()).process_group(0).spawn().context("Starting it")?;
    let group = child.id();
    let watch = Watch::over(group)?;
    let ended = wait(child, group, limit);
    // A server or browser that a test forgot would hold a port, or our own output, open for whoever comes next.
    signal(group, "TERM");
    watch.dismiss();
    ended
}

fn wait(mut child: Child, group: u32, limit: Duration) -> Result<ExitStatus> {
    let (tell, told) = channel();
    std::thread::spawn(move || tell.send(child.wait()));
    match told.recv_timeout(limit) {
        Ok(status) => return status.context("Waiting for it"),
        Err(RecvTimeoutError::Disconnected) => bail!("the thread that waited for it is gone"),
        Err(RecvTimeoutError::Timeout) => {}
    }
    println!("\nNot done after {} s: stopping it and all it started.", limit.as_secs());
    signal(group, "TERM");
    // The whole group, not its first process: a driver may need its grace to take a browser along.
    for _ in 0..GRACE.as_millis() / PULSE.as_millis() {
        if !lives(group) {
            break;
        }
        pause();
    }
    signal(group, "KILL");
    bail!("stopped after its limit of {} s", limit.as_secs())
}

/// By the shell's own `kill`: the program of that name is missing on small machines. No `--` before the group, which
/// dash takes for a number.
fn signal(group: u32, name: &str) {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("kill -{name} -{group}")]).stdin(Stdio::null());
    let _ = shell.stdout(Stdio::null()).stderr(Stdio::null()).status();
}

/// Whether anybody in the group still works. Defunct ones don't count: not every first process of a container buries
/// its orphans.
fn lives(group: u32) -> bool {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok()).any(|stat| {
        // pid (name) state parent group ...; the name may hold anything, so count from its last bracket.
        let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let fields: Vec<&str> = after_name.split_whitespace().collect();
        fields.get(2) == Some(&group.to_string().as_str()) && !matches!(fields[0], "Z" | "X")
    })
}

#[expect(clippy::disallowed_methods, reason = "xtask has nothing else to do while it waits")]
pub fn pause() {
    std::thread::sleep(PULSE);
}

/// A shell that waits for the end of a pipe we hold. If we die without a word (Ctrl-C, a closed terminal), it stops the
/// group that we can no longer stop.
struct Watch(Child);

impl Watch {
    const SCRIPT: &str = r#"if read -r word; then exit 0; fi; kill -TERM -"$1"; sleep 15; kill -KILL -"$1""#;

    fn over(group: u32) -> Result<Watch> {
        let mut shell = Command::new("sh");
        shell.args(["-c", Self::SCRIPT, "watch", &group.to_string()]).process_group(0);
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Watch(shell.spawn().context("Starting the watch over a child")?))
    }

    fn dismiss(mut self) {
        if let Some(mut pipe) = self.0.stdin.take() {
            let _ = pipe.write_all(b"done\n");
        }
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_child_that_says_no_fails_by_name() {
        let error = run(&mut shell("exit 3"), minutes(1)).unwrap_err();
        assert!(format!("{error:#}").contains("`sh -c exit 3` failed"), "{error:#}");
        run(&mut shell("true"), minutes(1)).unwrap();
    }

    #[test]
    fn a_hung_child_is_stopped_with_all_it_started() {
        let (result, took) = timed(|| run(&mut shell("sleep 61 & sleep 62"), Duration::from_millis(200)));
        assert!(format!("{:#}", result.unwrap_err()).contains("its limit"));
        assert!(took < GRACE, "took {took:?}");
    }

    #[test]
    fn a_child_that_cleans_up_is_given_the_time() {
        let note = std::env::temp_dir().join(format!("loket-xtask-grace-{}", std::process::id()));
        let script = format!(
            "(trap 'sleep 1; echo cleaned > {}; exit' TERM; while :; do sleep 0.1; done) & wait",
            note.display()
        );
        run(&mut shell(&script), Duration::from_millis(300)).unwrap_err();
        assert_eq!(std::fs::read_to_string(&note).unwrap(), "cleaned\n");
        std::fs::remove_file(&note).unwrap();
    }

    #[test]
    fn when_we_die_without_a_word_the_child_is_stopped() {
        let mut child = shell("sleep 64").stdin(Stdio::null()).process_group(0).spawn().unwrap();
        let mut watch = Watch::over(child.id()).unwrap();
        assert!(child.try_wait().unwrap().is_none());
        drop(watch.0.stdin.take());
        assert!(!child.wait().unwrap().success());
        let _ = watch.0.kill();
        let _ = watch.0.wait();
    }

    #[test]
    fn what_a_child_leaves_behind_is_stopped_too() {
        let mut child = shell("echo $$; sleep 63 >/dev/null 2>&1 &");
        let group = child.stdout(Stdio::piped()).stdin(Stdio::null()).process_group(0).spawn().unwrap();
        let id = group.id();
        assert!(wait(group, id, minutes(1)).unwrap().success());
        assert!(lives(id));
        signal(id, "TERM");
        assert!((0..50).any(|_| !lives(id) || {
            pause();
            false
        }));
    }
}
