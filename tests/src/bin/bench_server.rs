//! What the central server can do, and what a desk can with it: run by `cargo xtask bench server` on a release build,
//! JSON lines on standard output. Desks, crowd and server share the machine. Commands are those of clean cases, decided
//! and on the disk on both sides; what a desk pulls is absorbed into its sealed store. Figures only, no verdicts.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use loket_core::act::{Act, CheckInHow, Origin, Subject};
use loket_core::id::{CounterNo, Digest, OfficerId, ReceiptNo, RequestId};
use loket_core::sync::{
    Ask, AskAnswer, AskWhat, COMMANDS_PER_ASK_MAX, ROWS_PER_ANSWER_MAX, RowHeader, RowOutcome, Stream, WAIT_S_MAX,
};
use loket_core::visit::HoldReason;
use loket_desk::courier::{self, Courier};
use loket_desk::store::Store;
use loket_desk::vault::{Device, FileKeystore};
use loket_server::ledger::Address;
use loket_tests::crowd::{DESKS_PER_OFFICE, Person, SimDesk, Town, new_application, today};
use loket_tests::figures::{ms, now, say_with};
use loket_tests::office::{morning, small_scan};
use serde_json::{Value, json};
use tokio::io::AsyncBufReadExt as _;
use tokio::sync::watch;

/// The variable that carries the address of a PostgreSQL whose role may make databases.
const POSTGRES: &str = "LOKET_TEST_POSTGRES";
/// The variable that says where the alternative is installed.
const POUCHDB: &str = "LOKET_BENCH_POUCHDB";
/// Desks that bring a backlog, one after the other.
const BACKLOGS: u32 = 3;
/// Cases of one backlog: two and a half days of the busiest counter without a line.
const CASES: u32 = 150;
/// Officers of the sample office who can sit at real desks.
const OFFICERS: [(&str, &str); 3] =
    [("sri.wulandari", "melati-contoh-1"), ("adi.nugroho", "kenanga-contoh-2"), ("eka.permata", "cempaka-contoh-3")];
/// How long anything may take before it counts as never.
const PATIENCE: Duration = Duration::from_secs(120);
/// Desks in the crowd.
const CROWDS: [usize; 3] = [40, 400, 4_000];
/// How long each thing is measured with a crowd.
const MEASURE: Duration = Duration::from_secs(8);
/// A call somewhere in the country: 4,000 desks with 60 people a day each in eight hours make one every 120 ms.
const CALL_EVERY: Duration = Duration::from_millis(120);
/// Submissions that are under way at the same time.
const SUBMITTERS: usize = 16;
/// Calls of one measurement.
const CALLS_MAX: u32 = 60;
/// The counter that calls.
const COUNTER: CounterNo = CounterNo(1);
/// Files that this process may have open: one connection per waiting desk, both ends.
const FILES: u64 = 16_384;

fn main() -> anyhow::Result<()> {
    loket_decode::child_main_if_asked();
    let files = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let wanted =
        rustix::process::Rlimit { current: files.maximum.map_or(Some(FILES), |m| Some(m.min(FILES))), ..files };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, wanted)
        .context("Raising the number of open files")?;
    let parts: Vec<String> = std::env::args().skip(1).collect();
    let wants = |part: &str| parts.is_empty() || parts.iter().any(|p| p == part);
    let sizes: Vec<usize> = parts.iter().filter_map(|p| p.parse().ok()).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        for database in
            ["sqlite", "postgres"].into_iter().filter(|d| !parts.iter().any(|p| p == "sqlite") || *d == "sqlite")
        {
            if database == "postgres" && std::env::var_os(POSTGRES).is_none() {
                eprintln!("Without {POSTGRES} only SQLite is measured");
                continue;
            }
            if wants("drain") {
                drain(database).await?;
            }
            if wants("crowd") {
                for desks in CROWDS.into_iter().filter(|n| sizes.is_empty() || sizes.contains(n)) {
                    crowd(database, desks).await.with_context(|| format!("{desks} desks on {database}"))?;
                }
            }
        }
        anyhow::Ok(())
    })
}

/// A ledger of its own.
async fn address(database: &str) -> anyhow::Result<Option<Address>> {
    if database == "sqlite" {
        return Ok(None);
    }
    let base = std::env::var(POSTGRES).context("the address of a PostgreSQL")?;
    let name = format!("loket_bench_{}", hex::encode(loket_seal::random::<6>()));
    let made =
        tokio::process::Command::new("createdb").arg(format!("--maintenance-db={base}")).arg(&name).status().await;
    ensure!(made.context("Starting createdb")?.success(), "a database for the benchmark could not be made");
    let (start, _) = base.rsplit_once('/').context("an address ends with a database")?;
    Ok(Some(Address::Postgres(format!("{start}/{name}"))))
}

/// A desk's own memory and line, without the screens in front of it.
struct RealDesk {
    store: Arc<Store>,
    env: loket_desk::env::Env,
}

impl RealDesk {
    async fn enrol(town: &Town, folder: &Path, officer: (&str, &str)) -> anyhow::Result<RealDesk> {
        let env = loket_desk::env::Env::real().starting_at(morning());
        std::fs::create_dir_all(folder)?;
        let device = Device::load(&FileKeystore(folder.join("device.key")))?;
        let store = Arc::new(Store::open(folder, device).await?);
        let office = town.offices.first().context("a town has an office")?;
        let code = town.server.enrolment_code(office).await?;
        let (identity, signing, token, snapshot) = courier::enrol(&town.url(), &code, "W-Ukur", env).await?;
        store.enrol(identity, signing, token, snapshot).await?;
        store.sign_in(&OfficerId::new(officer.0)?, officer.1.to_owned(), env.now()).await?;
        Ok(RealDesk { store, env })
    }

    /// Works through cases without a line, one synced write per act.
    async fn work(&self, people: &[Person], counter: CounterNo) -> anyhow::Result<Vec<f64>> {
        let mut took = Vec::new();
        let (office, year, desk) = {
            let state = self.store.state().await;
            let identity = state.identity.as_ref().context("it was enrolled")?;
            (identity.office.clone(), identity.series_year, identity.desk)
        };
        for (serial, person) in (1..).zip(people) {
            let receipt = ReceiptNo { office: office.clone(), year, desk, serial };
            for (subject, act) in person.acts(counter, &receipt) {
                let (start, at) = (now(), self.env.now());
                if let Act::IssueReceipt { number } = act {
                    ensure!(self.store.issue_receipt(&person.no, at).await? == number, "receipts go one by one");
                } else {
                    self.store.record(&subject, act, at).await?;
                }
                took.push(ms(start));
            }
        }
        Ok(took)
    }

    /// Puts the line in and waits until `done`; seconds that passed, and milliseconds that this process has worked.
    async fn carry(&self, mut done: impl AsyncFnMut(&Store) -> bool) -> anyhow::Result<(f64, f64)> {
        let (changed, mut news) = tokio::sync::broadcast::channel(1_024);
        let courier = Courier::new(Arc::clone(&self.store), self.env, changed);
        let (cpu, start) = (cpu_ms(|_| true)?, now());
        courier.work.notify_one();
        let running = tokio::spawn(Arc::clone(&courier).run());
        let waited = tokio::time::timeout(PATIENCE, async {
            while !done(&self.store).await {
                let _ = news.recv().await;
            }
        });
        waited.await.context("Waiting for a desk to be done")?;
        let took = (start.elapsed().as_secs_f64(), cpu_ms(|_| true)? - cpu);
        running.abort();
        Ok(took)
    }
}

/// Backlogs of real desks go to the centre, one desk after the other, and other desks take all of it in.
async fn drain(database: &str) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let town = Town::open(&folder.path().join("server"), address(database).await?, 1, 3).await?;
    let office = town.offices.first().context("a town has an office")?.clone();
    let people = town.people(&office, 0..BACKLOGS * CASES).await?;
    let mut desks = Vec::new();
    for i in 0..2 * BACKLOGS as usize {
        let officer = OFFICERS[i % OFFICERS.len()];
        desks.push(RealDesk::enrol(&town, &folder.path().join(format!("desk{i}")), officer).await?);
    }
    let (bring, take) = desks.split_at(BACKLOGS as usize);
    let (mut saved, mut pushed, mut push_cpu) = (Vec::new(), Vec::new(), Vec::new());
    let mut bytes = 0;
    for ((desk, cases), counter) in bring.iter().zip(people.chunks(CASES as usize)).zip(1..) {
        let took = desk.work(cases, CounterNo(counter)).await?;
        let commands = took.len();
        bytes = desk.store.state().await.unsent().map(|d| d.stamped.len()).sum::<usize>() / commands;
        saved.extend(took);
        let (seconds, cpu) = desk.carry(async |store| store.state().await.unsent().next().is_none()).await?;
        pushed.push(commands as f64 / seconds);
        push_cpu.push(cpu * 1000.0 / commands as f64);
        let state = desk.store.state().await;
        ensure!(state.work.as_ref().is_some_and(|w| w.refused.is_empty()), "a clean case is never refused");
    }
    let commands = saved.len() / BACKLOGS as usize;
    say_with("desk_record", "ms", saved, &[("database", json!("desk"))]);
    say_with("push", "commands/s", pushed, &[("database", json!(database)), ("bytes_per_command", json!(bytes))]);
    say_with("push_cpu", "us/command", push_cpu, &[("database", json!(database))]);
    let world = town.server.ledger().view(&office, Clone::clone).await?;
    ensure!(world.visits.values().all(|v| v.disputes.is_empty()), "clean cases have no disputes");
    ensure!(world.applications.values().all(|a| a.disputes.is_empty()), "clean cases have no disputes");
    let head = town.server.ledger().heads(&office).await?[&Stream::Office].seq;
    let (mut pulled, mut pull_cpu) = (Vec::new(), Vec::new());
    for desk in take {
        let cursor = async |store: &Store| store.state().await.absorbed.get(&Stream::Office).map_or(0, |c| c.seq);
        let rows = head - cursor(&desk.store).await;
        let (seconds, cpu) = desk.carry(async |store| cursor(store).await == head).await?;
        pulled.push(rows as f64 / seconds);
        pull_cpu.push(cpu * 1000.0 / rows as f64);
        let state = desk.store.state().await;
        let taken = state.work.as_ref().map(|w| w.layers.base == world);
        ensure!(taken == Some(true), "a desk that has heard everything shows what the centre has");
    }
    say_with("pull", "rows/s", pulled, &[("database", json!(database))]);
    say_with("pull_cpu", "us/row", pull_cpu, &[("database", json!(database))]);
    town.server.shutdown().await;
    if database == "sqlite" {
        alternative(commands, bytes).await?;
    }
    Ok(())
}

/// The same by PouchDB and express-pouchdb, with as many documents of the same size. LevelDB doesn't sync its writes.
async fn alternative(documents: usize, bytes: usize) -> anyhow::Result<()> {
    let Some(programs) = std::env::var_os(POUCHDB).map(PathBuf::from) else {
        eprintln!("Without {POUCHDB} there is no alternative to measure");
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    let (server_folder, client_folder) = (folder.path().join("server"), folder.path().join("client"));
    std::fs::create_dir_all(&server_folder)?;
    std::fs::create_dir_all(&client_folder)?;
    let mut server = tokio::process::Command::new("node");
    let server = server.arg(programs.join("server.cjs")).arg(&server_folder).current_dir(&server_folder);
    let mut server = server.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
    let mut said = tokio::io::BufReader::new(server.stdout.take().context("its output is ours")?).lines();
    let port = tokio::time::timeout(PATIENCE, said.next_line()).await??.context("the alternative's server starts")?;
    let numbers = [BACKLOGS as usize, documents, bytes, COMMANDS_PER_ASK_MAX, ROWS_PER_ANSWER_MAX];
    let mut client = tokio::process::Command::new("node");
    let client = client.arg(programs.join("client.cjs")).arg(&client_folder).arg(port);
    let client = client.args(numbers.map(|n| n.to_string())).kill_on_drop(true).status();
    let status = tokio::time::timeout(PATIENCE * 3, client).await.context("Waiting for the alternative")??;
    ensure!(status.success(), "the alternative's client ended with {status}");
    server.kill().await?;
    Ok(())
}

/// A town full of desks that wait for news: what a wait costs, how soon a call is seen, submissions, and work sent in.
async fn crowd(database: &str, count: usize) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let offices = count.div_ceil(DESKS_PER_OFFICE);
    let data = folder.path().join("server");
    let town = Town::open(&data, address(database).await?, offices, DESKS_PER_OFFICE as u8).await?;
    let http = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(usize::MAX).build()?;
    // Enough cases for every desk to be busy as long as it is measured.
    let per_desk = 600usize.div_ceil(count).max(1) as u32;
    let (mut desks, mut callers, mut n) = (Vec::new(), Vec::new(), 0);
    for (i, office) in town.offices.iter().enumerate() {
        let here = DESKS_PER_OFFICE.min(count - i * DESKS_PER_OFFICE) as u32;
        let waiting = CALLS_MAX.div_ceil(offices as u32).max(2);
        let mut people = town.people(office, n..n + here * per_desk + waiting).await?.into_iter();
        n += here * per_desk + waiting;
        for _ in 0..here {
            let desk = town.enrol(office, &http).await?;
            desks.push((desk, people.by_ref().take(per_desk as usize).collect::<Vec<_>>()));
        }
        callers.push((town.enrol(office, &http).await?, people.collect::<Vec<_>>()));
    }
    let town = Arc::new(town);
    let more = [("database", json!(database)), ("desks", json!(count))];
    let mut all: Vec<&mut SimDesk> =
        desks.iter_mut().map(|(d, _)| d).chain(callers.iter_mut().map(|(d, _)| d)).collect();
    for some in all.chunks_mut(SUBMITTERS) {
        futures_util::future::try_join_all(some.iter_mut().map(|d| d.catch_up())).await?;
    }
    drop(all);

    // They wait.
    let crowd = Crowd::new();
    let (mut waiting, mut cases) = (Vec::new(), Vec::new());
    for (desk, people) in desks {
        waiting.push(tokio::spawn(Arc::clone(&crowd).wait_with(desk)));
        cases.push(people);
    }
    let all_wait = async {
        while crowd.waiting.load(Ordering::SeqCst) < count {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, all_wait).await.context("Waiting for a crowd to come to rest")?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (cpu, start) = (server_cpu_ms()?, now());
    tokio::time::sleep(MEASURE).await;
    let idle = (server_cpu_ms()? - cpu) / start.elapsed().as_secs_f64() / count as f64;
    say_with("idle_server_cpu_per_desk", "us/s", vec![idle * 1000.0], &more);

    calls(&crowd, &mut callers, &more).await?;
    submissions(&town, &http, n, &more).await?;

    // They go to work.
    crowd.home.send_replace(true);
    let mut desks = Vec::new();
    for (task, people) in waiting.into_iter().zip(cases) {
        desks.push((task.await??, people));
    }
    syncs(desks, &more).await?;
    if let Ok(town) = Arc::try_unwrap(town) {
        town.server.shutdown().await;
    }
    Ok(())
}

/// What the desks of a crowd have seen while they wait.
struct Crowd {
    /// Desks that wait.
    waiting: AtomicUsize,
    /// When each call was asked for.
    asked: Mutex<HashMap<RequestId, Instant>>,
    /// Milliseconds until a waiting desk had it.
    seen: Mutex<Vec<f64>>,
    home: watch::Sender<bool>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Crowd {
    fn new() -> Arc<Crowd> {
        let (asked, seen) = (Mutex::default(), Mutex::default());
        Arc::new(Crowd { waiting: AtomicUsize::new(0), asked, seen, home: watch::Sender::new(false) })
    }

    /// Waits for news with a desk until it is time to go home.
    async fn wait_with(self: Arc<Crowd>, mut desk: SimDesk) -> anyhow::Result<SimDesk> {
        let mut home = self.home.subscribe();
        while !*home.borrow() {
            self.waiting.fetch_add(1, Ordering::SeqCst);
            let answer = tokio::select! {
                answer = desk.speak(WAIT_S_MAX, Vec::new(), Vec::new()) => Some((answer?, now())),
                _ = home.changed() => None,
            };
            self.waiting.fetch_sub(1, Ordering::SeqCst);
            let Some((answer, at)) = answer else { break };
            for row in &answer.rows {
                let header: RowHeader = serde_json::from_str(&row.header)?;
                let Origin::Service { name, external_id } = header.origin else { continue };
                let asked = RequestId::new(external_id).ok().and_then(|id| lock(&self.asked).get(&id).copied());
                if let (true, Some(asked)) = (name.starts_with("ask:"), asked) {
                    lock(&self.seen).push((at - asked).as_secs_f64() * 1000.0);
                }
            }
        }
        Ok(desk)
    }
}

/// People are called, one after the other, somewhere in the country; every desk of that office waits for it.
async fn calls(crowd: &Crowd, callers: &mut [(SimDesk, Vec<Person>)], more: &[(&str, Value)]) -> anyhow::Result<()> {
    for (desk, people) in callers.iter_mut() {
        let mut open = vec![desk.stamp(Subject::Office, Act::OpenCounter { counter: COUNTER })];
        for person in people {
            let here = Act::CheckIn { how: CheckInHow::Qr };
            open.push(desk.stamp(Subject::Visit(person.visit.clone()), here));
        }
        for commands in open.chunks(COMMANDS_PER_ASK_MAX) {
            desk.speak(0, commands.to_vec(), Vec::new()).await?;
        }
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (mut answered, count) = (Vec::new(), callers.len());
    let start = now();
    for call in 0..CALLS_MAX as usize {
        if start.elapsed() > MEASURE {
            break;
        }
        let (desk, _) = &mut callers[call * 7 % count];
        let request = RequestId::new(format!("bench-{call}"))?;
        let ask =
            Ask { request: request.clone(), officer: SimDesk::officer(), what: AskWhat::CallNext { counter: COUNTER } };
        let asked = now();
        lock(&crowd.asked).insert(request.clone(), asked);
        let mut said = desk.speak(0, Vec::new(), vec![ask]).await?;
        answered.push(ms(asked));
        let Some(AskAnswer::Called { visit }) = said.asks.remove(&request) else {
            bail!("somebody waits to be called")
        };
        // Called, and it was not the time: the counter is free again.
        let (reason, until, note) = (HoldReason::Personal, None, String::new());
        let hold = desk.stamp(Subject::Visit(visit), Act::Hold { counter: COUNTER, reason, until, note });
        desk.speak(0, vec![hold], Vec::new()).await?;
        tokio::time::sleep(CALL_EVERY.saturating_sub(asked.elapsed())).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    say_with("call_answered", "ms", answered, more);
    say_with("call_seen_at_another_desk", "ms", std::mem::take(&mut *lock(&crowd.seen)), more);
    Ok(())
}

/// People submit, each with three scans and a place.
async fn submissions(
    town: &Arc<Town>,
    http: &reqwest::Client,
    first: u32,
    more: &[(&str, Value)],
) -> anyhow::Result<()> {
    let mut scans = Vec::new();
    for i in 0..3 {
        let bytes = small_scan(1, i)?;
        let (hash, size) = (Digest::of(&bytes), bytes.len() as u64);
        let url = format!("{}/v1/intake/scans/{hash}", town.url());
        let answer = http.put(url).bearer_auth(town.server.intake_key()).body(bytes).send().await?;
        ensure!(answer.status().is_success(), "a scan is taken: {}", answer.status());
        scans.push((hash, size));
    }
    let (next, start) = (Arc::new(AtomicUsize::new(0)), now());
    let submit = |town: Arc<Town>, http: reqwest::Client, scans: Vec<(Digest, u64)>, next: Arc<AtomicUsize>| async move {
        let mut took = Vec::new();
        while start.elapsed() < MEASURE {
            let i = next.fetch_add(1, Ordering::Relaxed);
            let (office, place) = (&town.offices[i % town.offices.len()], i / town.offices.len());
            // Twenty places every five minutes, from seven to half past three, on the working days from tomorrow.
            let (time, day) = (place / 20 % 102, place / 20 / 102);
            let day = today() + chrono::Days::new((day / 4 * 7 + day % 4 + 1) as u64);
            let time = format!("{:02}:{:02}", 7 + time / 12, time % 12 * 5);
            let new = new_application(office, first + i as u32, &scans, day, &time)?;
            let body = serde_json::to_vec(&new)?;
            let began = now();
            let url = format!("{}/v1/intake/applications", town.url());
            let request =
                http.post(url).bearer_auth(town.server.intake_key()).header("content-type", "application/json");
            let answer = request.body(body).send().await?;
            let status = answer.status();
            let text = answer.text().await?;
            ensure!(status.is_success(), "an application is taken: {status} {text}");
            took.push(ms(began));
        }
        anyhow::Ok(took)
    };
    let tasks: Vec<_> = (0..SUBMITTERS)
        .map(|_| tokio::spawn(submit(Arc::clone(town), http.clone(), scans.clone(), Arc::clone(&next))))
        .collect();
    let mut took = Vec::new();
    for task in tasks {
        took.extend(task.await??);
    }
    say_with("submissions", "submissions/s", vec![took.len() as f64 / start.elapsed().as_secs_f64()], more);
    say_with("submission", "ms", took, more);
    Ok(())
}

/// Every desk sends what it does as it does it, one act per ask, as fast as it is answered.
async fn syncs(desks: Vec<(SimDesk, Vec<Person>)>, more: &[(&str, Value)]) -> anyhow::Result<()> {
    let (cpu, start) = (server_cpu_ms()?, now());
    let work = |mut desk: SimDesk, people: Vec<Person>| async move {
        let (mut took, mut other) = (Vec::new(), 0);
        let counter = CounterNo(desk.desk.0 as u8);
        for person in people {
            let receipt = desk.receipt();
            for (subject, act) in person.acts(counter, &receipt) {
                if start.elapsed() > MEASURE {
                    return anyhow::Ok((took, other));
                }
                let command = desk.stamp(subject, act);
                let began = now();
                let answer = desk.speak(0, vec![command], Vec::new()).await?;
                took.push(ms(began));
                other += answer.answers.iter().filter(|a| a.outcome != RowOutcome::Applied).count();
            }
        }
        Ok((took, other))
    };
    let tasks: Vec<_> = desks.into_iter().map(|(desk, people)| tokio::spawn(work(desk, people))).collect();
    let (mut took, mut other) = (Vec::new(), 0);
    for task in tasks {
        let (some, not_applied) = task.await??;
        took.extend(some);
        other += not_applied;
    }
    ensure!(other == 0, "{other} acts of clean cases were not applied");
    let (n, seconds) = (took.len() as f64, start.elapsed().as_secs_f64());
    say_with("syncs", "syncs/s", vec![n / seconds], more);
    say_with("sync_server_cpu", "us", vec![(server_cpu_ms()? - cpu) * 1000.0 / n], more);
    say_with("sync", "ms", took, more);
    Ok(())
}

/// Milliseconds that the server's own threads have worked, PostgreSQL aside. The crowd works on other threads.
fn server_cpu_ms() -> anyhow::Result<f64> {
    cpu_ms(|thread| thread.starts_with("loket-server") || thread.starts_with("sqlx-sqlite"))
}

/// Milliseconds that the threads of this process with these names have worked.
fn cpu_ms(counts: impl Fn(&str) -> bool) -> anyhow::Result<f64> {
    let mut nanoseconds = 0;
    for task in std::fs::read_dir("/proc/self/task")?.flatten() {
        // A thread may end while it is looked at.
        let read = |file: &str| std::fs::read_to_string(task.path().join(file)).unwrap_or_default();
        if counts(&read("comm")) {
            let first = read("schedstat").split_whitespace().next().and_then(|n| n.parse::<u64>().ok());
            nanoseconds += first.unwrap_or(0);
        }
    }
    Ok(nanoseconds as f64 / 1e6)
}
