//! One day from one seed. Desks are the real `Store` and `Courier`, the centre is the real ledger and exchange, both on
//! SQLite; between them lies a line that loses, doubles, delays and reorders, and everything may be switched off at any
//! moment, come back from an old copy or turn up twice. People are real too: nobody stands at two counters.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use loket_core::act::{Act, ApplicationOutcome, CallHow, CheckInHow, CommandRef, Settlement, Subject};
use loket_core::application::{Reason, Verdict};
use loket_core::id::{CounterNo, DeskId, Digest, OfficerId, RequestId, Timestamp};
use loket_core::refusal::Fault;
use loket_core::sync::{Ask, AskAnswer, AskWhat, SyncAnswer};
use loket_core::visit::{HoldReason, Outcome, Presence, Stage};
use loket_core::world::{Related as _, next_in_share};
use loket_desk::courier::{Courier, Said};
use loket_desk::store::{Store, named_fault, refusal_of};
use loket_server::backup::{self, Answering};
use loket_server::env::Env;
use loket_server::exchange::answer;
use loket_server::ledger::{Address, Ledger};
use loket_tests::office::{copy_folder, morning, office_code};

use crate::chance::Chance;
use crate::template::{self, OFFICERS, Template, officer, open};

/// Time goes on in steps of this many milliseconds: every limit of the rules lies well between two of them, so that the few
/// milliseconds that a run really takes decide nothing.
const STEP_MS: i64 = 20_000;
/// Asks in the silence after a day until everybody must agree.
const ROUNDS_MAX: usize = 40;

/// A machine at a counter.
pub struct Machine {
    folder: PathBuf,
    /// Whose it is, as an index into the officers; a copy has the same as its original.
    who: usize,
    /// Switched on.
    pub store: Option<Arc<Store>>,
    /// How often it was switched on.
    life: u32,
    skew_ms: i64,
    /// The centre has said that it is one of two.
    pub is_copy: bool,
    /// Acts that its officer saw as saved, by number.
    pub saved: BTreeMap<u64, Digest>,
    /// The last ask that was not answered.
    lost: Option<RequestId>,
    /// How far each person's case has got here.
    progress: BTreeMap<usize, usize>,
    newest: Option<(CommandRef, Subject)>,
}

/// Where somebody is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whereabouts {
    Outside,
    Hall,
    /// With a machine's officer.
    At(usize),
}

/// Something that is still on its way: a request, or an answer to it.
struct Flying {
    machine: usize,
    life: u32,
    said: Said,
    answer: Option<SyncAnswer>,
}

/// What a day was like.
#[derive(Default)]
pub struct Report {
    /// Faults and outcomes, and how often each came.
    pub counts: BTreeMap<String, u64>,
    /// What was done, in words that are the same whenever the same seed is played.
    pub transcript: Vec<String>,
}

/// A day.
pub struct Day<'a> {
    chance: Chance,
    template: &'a Template,
    folder: tempfile::TempDir,
    env: Env,
    /// Server processes on one database.
    pub ledgers: Vec<Arc<Ledger>>,
    pub machines: Vec<Machine>,
    people: Vec<Whereabouts>,
    flying: Vec<Flying>,
    copies: u32,
    lives_of_centre: u32,
    requests: u64,
    /// What each command was answered, as long as the centre is the same one.
    pub outcomes: BTreeMap<(DeskId, u64), String>,
    pub report: Report,
}

impl<'a> Day<'a> {
    /// The morning of a seed.
    pub async fn begin(template: &'a Template, seed: u64) -> anyhow::Result<Day<'a>> {
        let folder = template::fast_folder()?;
        copy_folder(&template.centre(), &folder.path().join("centre-0"))?;
        let mut day = Day {
            chance: Chance::of(seed),
            template,
            env: Env::starting_at(morning()),
            ledgers: Vec::new(),
            machines: Vec::new(),
            people: vec![Whereabouts::Outside; template.people.len()],
            flying: Vec::new(),
            copies: 0,
            lives_of_centre: 0,
            requests: 0,
            outcomes: BTreeMap::new(),
            report: Report::default(),
            folder,
        };
        day.open_centre().await?;
        for who in 0..OFFICERS.len() {
            let machine = day.folder.path().join(format!("machine-{who}"));
            copy_folder(&template.machine(who), &machine)?;
            day.machines.push(Machine::off(machine, who));
            day.switch_on(who).await?;
            day.sign_in(who).await?;
            let counter = day.counter(who);
            day.record(who, Subject::Office, Act::OpenCounter { counter }, true).await?;
        }
        Ok(day)
    }

    fn count(&mut self, what: impl Into<String>) {
        *self.report.counts.entry(what.into()).or_insert(0) += 1;
    }

    fn note(&mut self, what: String) {
        self.report.transcript.push(what);
    }

    fn counter(&self, machine: usize) -> CounterNo {
        CounterNo(self.machines[machine].who as u8 + 1)
    }

    fn centre_folder(&self) -> PathBuf {
        self.folder.path().join(format!("centre-{}", self.lives_of_centre))
    }

    fn address(&self) -> Address {
        Address::Sqlite(loket_server::database(&self.centre_folder()))
    }

    /// Two processes on one database.
    async fn open_centre(&mut self) -> anyhow::Result<()> {
        for _ in 0..2 {
            self.ledgers.push(Ledger::open(&self.address(), self.env.clone()).await?);
        }
        Ok(())
    }

    async fn close_centre(&mut self) {
        for ledger in self.ledgers.drain(..) {
            ledger.close().await;
        }
    }

    async fn switch_on(&mut self, index: usize) -> anyhow::Result<()> {
        let machine = &mut self.machines[index];
        machine.store = Some(open(&machine.folder).await?);
        machine.life += 1;
        Ok(())
    }

    /// Pulls the plug.
    async fn switch_off(&mut self, index: usize) {
        if let Some(store) = self.machines[index].store.take() {
            store.close().await;
        }
        self.machines[index].newest = None;
    }

    async fn sign_in(&mut self, index: usize) -> anyhow::Result<()> {
        let machine = &self.machines[index];
        let (id, password) = officer(machine.who);
        let store = machine.store.as_ref().context("a machine that is on")?;
        store.sign_in(&id, password, self.env.now()).await
    }

    async fn is_signed_in(&self, index: usize) -> bool {
        match &self.machines[index].store {
            Some(store) => store.state().await.work.is_some(),
            None => false,
        }
    }

    fn pc_clock(&self, index: usize) -> Timestamp {
        self.env.now().plus_ms(self.machines[index].skew_ms)
    }

    /// Service time, as a desk has it.
    async fn now(&self, index: usize) -> Timestamp {
        let Some(store) = &self.machines[index].store else { return self.env.now() };
        let state = store.state().await;
        let now = self.pc_clock(index).plus_ms(state.offset_ms);
        now.max(state.heard_at.unwrap_or(now))
    }

    /// Does something at a desk; whether it was taken. `is_told`: the officer lives to see it.
    async fn record(&mut self, index: usize, subject: Subject, act: Act, is_told: bool) -> anyhow::Result<bool> {
        let now = self.now(index).await;
        let Some(store) = self.machines[index].store.clone() else { return Ok(false) };
        let word = word_of(&act);
        let receipt = matches!(act, Act::IssueReceipt { .. });
        let done = match (&subject, receipt) {
            (Subject::Application(no), true) => store.issue_receipt(no, now).await.map(|_| None),
            _ => store.record(&subject, act, now).await.map(Some),
        };
        let done = match done {
            Ok(done) => done,
            Err(error) => match refusal_of(&error) {
                Some(refusal) => {
                    let code = format!("{refusal:?}");
                    let code = code.split([' ', '{', '(']).next().unwrap_or_default().to_owned();
                    self.note(format!("{index} {word}: {code}"));
                    self.count("guided by the desk");
                    return Ok(false);
                }
                None if named_fault(&error) == Some(&Fault::SignedOut) => return Ok(false),
                None => return Err(error.context(format!("machine {index} {word}"))),
            },
        };
        if is_told {
            let head = store.state().await.head;
            self.machines[index].saved.insert(head.n, head.digest);
            self.machines[index].newest = done.map(|command| (command, subject.clone()));
        }
        self.note(format!("{index} {word} {}", subject.key()));
        self.count(format!("act {word}"));
        Ok(true)
    }

    /// One ask and what becomes of it on its way.
    async fn exchange(&mut self, index: usize) -> anyhow::Result<()> {
        let Some(courier) = self.courier(index) else { return Ok(()) };
        let with_work = self.chance.percent(80);
        let mut said = courier.ask_now(with_work).await?;
        if self.chance.percent(30) && self.is_signed_in(index).await {
            self.requests += 1;
            let request = RequestId::new(format!("request-{}", self.requests))?;
            let what = AskWhat::CallNext { counter: self.counter(index) };
            let (officer, _) = officer(self.machines[index].who);
            said.ask.asks.push(Ask { request: request.clone(), officer, what });
            self.machines[index].lost = Some(request);
        }
        let weather = self.chance.below(100);
        if weather < 12 {
            self.count("request lost");
            self.note(format!("{index} says {}: lost", said.ask.commands.len()));
            return Ok(());
        }
        if weather < 20 {
            self.count("request delayed");
            self.note(format!("{index} says {}: not there yet", said.ask.commands.len()));
            let life = self.machines[index].life;
            self.flying.push(Flying { machine: index, life, said, answer: None });
            return Ok(());
        }
        let process = self.chance.below(self.ledgers.len());
        let answered = self.centre_answers(process, &said).await?;
        if weather < 30 {
            self.count("request doubled");
            let again = self.centre_answers(self.ledgers.len() - 1 - process, &said).await?;
            let same = |a: &SyncAnswer| serde_json::to_string(&(&a.answers, &a.asks)).unwrap_or_default();
            ensure!(
                same(&answered) == same(&again),
                "a repeat is answered otherwise: {} {}",
                same(&answered),
                same(&again)
            );
        }
        if weather < 40 {
            self.count("answer lost");
            self.note(format!("{index} is not answered"));
        } else if weather < 50 {
            self.count("answer delayed");
            self.note(format!("{index} waits"));
            let life = self.machines[index].life;
            self.flying.push(Flying { machine: index, life, said, answer: Some(answered) });
        } else {
            self.take(index, &courier, said, answered).await?;
        }
        Ok(())
    }

    fn courier(&self, index: usize) -> Option<Arc<Courier>> {
        let machine = &self.machines[index];
        let store = machine.store.clone().filter(|_| !machine.is_copy)?;
        let env = loket_desk::env::Env::real().starting_at(self.pc_clock(index));
        Some(Courier::new(store, env, tokio::sync::broadcast::Sender::new(64)))
    }

    /// What the centre says; each outcome is held against what was said before.
    async fn centre_answers(&mut self, process: usize, said: &Said) -> anyhow::Result<SyncAnswer> {
        let answered = answer(&self.ledgers[process], &said.ask).await?;
        for one in &answered.answers {
            let outcome = serde_json::to_string(&one.outcome)?;
            let before = self.outcomes.entry((said.ask.desk, one.n)).or_insert_with(|| outcome.clone()).clone();
            ensure!(before == outcome, "(b) {} of {} was {before} and is {outcome}", one.n, said.ask.desk);
        }
        if answered.gap.is_some() {
            self.count("gap named");
        }
        Ok(answered)
    }

    async fn take(&mut self, index: usize, courier: &Courier, said: Said, answered: SyncAnswer) -> anyhow::Result<()> {
        let count = answered.answers.len();
        for one in &answered.answers {
            self.count(format!("outcome {}", one.outcome.as_str()));
        }
        if answered.start_over {
            self.count("started over");
        }
        if let Some(lost) = self.machines[index].lost.clone()
            && let Some(heard) = answered.asks.get(&lost)
        {
            self.machines[index].lost = None;
            self.count(match heard {
                AskAnswer::Called { .. } => "called by the centre",
                AskAnswer::No { .. } => "nobody to call",
                AskAnswer::Void => "replaced ask answered",
            });
        }
        let (ledger, office, desk) = (Arc::clone(&self.ledgers[0]), said.ask.office.clone(), said.ask.desk);
        let taken = courier.take(&said, answered, || async move { Ok(ledger.snapshot(&office, desk).await?) }).await;
        match taken {
            Ok(()) => self.note(format!("{index} hears {count}")),
            Err(error) if named_fault(&error) == Some(&Fault::DeskUnknown) => {
                self.count("copy told");
                self.note(format!("{index} is a copy"));
                self.machines[index].is_copy = true;
            }
            Err(error) => return Err(error.context(format!("machine {index} takes an answer in"))),
        }
        Ok(())
    }

    /// One thing happens.
    pub async fn step(&mut self) -> anyhow::Result<()> {
        self.env.advance_ms(STEP_MS);
        let index = self.chance.below(self.machines.len());
        match self.chance.below(200) {
            0..3 => {
                self.count("machine switched off");
                self.note(format!("{index} off"));
                self.switch_off(index).await;
            }
            3..5 => {
                if self.is_signed_in(index).await
                    && let Some(store) = self.machines[index].store.clone()
                {
                    self.count("signed out");
                    self.note(format!("{index} signs out"));
                    store.sign_out().await;
                }
            }
            5..7 => {
                self.count("centre restarted");
                self.note("centre restarts".to_owned());
                self.close_centre().await;
                self.open_centre().await?;
            }
            7..8 => self.back_up().await?,
            8..9 => self.restore().await?,
            9..10 => self.copy_machine(index).await?,
            10..14 => {
                let hours = *self.chance.one_of(&[-72, -1, 0, 0, 1, 5]);
                self.count("clock set");
                self.note(format!("{index} clock {hours} h"));
                self.machines[index].skew_ms = hours * 3_600_000;
            }
            14..30 if !self.flying.is_empty() => {
                // Whichever comes first: answers overtake each other.
                let which = self.chance.below(self.flying.len());
                let Flying { machine, life, said, answer } = self.flying.swap_remove(which);
                let answer = match answer {
                    Some(answer) => answer,
                    None => self.centre_answers(0, &said).await?,
                };
                if answer.asks.values().any(|a| *a == AskAnswer::Void) {
                    self.count("ask void");
                }
                if self.machines[machine].life == life
                    && let Some(courier) = self.courier(machine)
                {
                    self.take(machine, &courier, said, answer).await?;
                }
            }
            14..80 => self.exchange(index).await?,
            _ => self.work(index).await?,
        }
        if self.machines[index].store.is_none() && self.chance.percent(30) {
            self.note(format!("{index} on"));
            self.switch_on(index).await?;
        }
        if self.machines[index].store.is_some() && self.chance.percent(40) && !self.is_signed_in(index).await {
            self.sign_in(index).await?;
        }
        Ok(())
    }

    async fn back_up(&mut self) -> anyhow::Result<()> {
        self.count("copy of the centre made");
        self.note("copy made".to_owned());
        self.copies += 1;
        let to = self.folder.path().join("copy");
        backup::back_up(&self.ledgers[0], &self.centre_folder(), &to, false).await?;
        Ok(())
    }

    /// The centre's disk is gone; what there is is a copy.
    async fn restore(&mut self) -> anyhow::Result<()> {
        if self.copies == 0 {
            return Ok(());
        }
        self.count("centre restored");
        self.note("centre restored".to_owned());
        self.close_centre().await;
        self.flying.clear();
        self.lives_of_centre += 1;
        let answering = |officer: &str, password: &str| {
            anyhow::Ok(Answering { officer: OfficerId::new(officer)?, password: password.to_owned() })
        };
        let two = [answering("ratih.wibowo", "seruni-contoh-6")?, answering("surya.hidayat", "teratai-contoh-7")?];
        let (from, to) = (self.folder.path().join("copy"), self.centre_folder());
        backup::restore(&from, &to, &self.address(), self.env.clone(), None, [&two[0], &two[1]]).await?;
        self.open_centre().await?;
        // A command that the copy does not have is decided anew.
        let mut heads = BTreeMap::new();
        for machine in &self.machines {
            if let Some(desk) = machine.desk().await {
                heads.insert(desk, self.ledgers[0].snapshot(&office_code(), desk).await?.head.n);
            }
        }
        self.outcomes.retain(|(desk, n), _| heads.get(desk).is_some_and(|head| n <= head));
        Ok(())
    }

    /// A disk image of a machine is written to another PC.
    async fn copy_machine(&mut self, index: usize) -> anyhow::Result<()> {
        if self.machines.len() >= OFFICERS.len() + 2 || self.machines[index].is_copy {
            return Ok(());
        }
        self.count("machine copied");
        self.note(format!("{index} copied"));
        self.switch_off(index).await;
        let to = self.folder.path().join(format!("machine-{}", self.machines.len()));
        copy_folder(&self.machines[index].folder, &to)?;
        let who = self.machines[index].who;
        self.machines.push(Machine { skew_ms: self.machines[index].skew_ms, ..Machine::off(to, who) });
        self.switch_on(index).await
    }

    /// An officer does something.
    async fn work(&mut self, index: usize) -> anyhow::Result<()> {
        if !self.is_signed_in(index).await {
            return Ok(());
        }
        let counter = self.counter(index);
        let is_told = !self.chance.percent(3);
        let choice = self.chance.below(100);
        let serving = (0..self.people.len()).find(|p| self.people[*p] == Whereabouts::At(index));
        match (choice, serving) {
            (0..6, _) => {
                if let Some((command, subject)) = self.machines[index].newest.take() {
                    self.record(index, subject, Act::Undo { command }, is_told).await?;
                }
            }
            (6..9, _) => {
                let act = match self.chance.percent(50) {
                    true => Act::OpenCounter { counter },
                    false => Act::CloseCounter { counter },
                };
                self.record(index, Subject::Office, act, is_told).await?;
            }
            (9..12, _) => self.release(index, counter, is_told).await?,
            (12..14, _) => {
                let from = CounterNo(self.chance.below(OFFICERS.len()) as u8 + 1);
                let act = Act::Reclaim { from, to: counter, reason: "rusak".to_owned() };
                self.record(index, Subject::Office, act, is_told).await?;
            }
            (14..18, _) => self.settle(index, is_told).await?,
            (18..78, Some(person)) => {
                for _ in 0..=self.chance.below(8) {
                    self.serve(index, person, counter, is_told).await?;
                }
            }
            (78..82, Some(person)) => {
                let visit = Subject::Visit(self.template.people[person].visit.clone());
                let (reason, note) = (HoldReason::Personal, String::new());
                if self.record(index, visit, Act::Hold { counter, reason, until: None, note }, is_told).await? {
                    self.people[person] = Whereabouts::Hall;
                }
            }
            (18..40, None) => self.call(index, counter, is_told).await?,
            _ => self.receive(index, counter, is_told).await?,
        }
        // A save of which nobody heard any more: the plug was pulled in that moment.
        if !is_told {
            self.count("plug pulled before the screen said so");
            self.switch_off(index).await;
            self.switch_on(index).await?;
            self.sign_in(index).await?;
        }
        Ok(())
    }

    /// The next act of somebody's case, mostly as it should be.
    async fn serve(&mut self, index: usize, person: usize, counter: CounterNo, is_told: bool) -> anyhow::Result<()> {
        let template = self.template;
        let whom = &template.people[person];
        let number = self.next_receipt(index).await?;
        let acts = whom.acts(counter, &number);
        // Arriving and starting are behind them.
        let at = *self.machines[index].progress.entry(person).or_insert(2);
        let Some((subject, act)) = acts.get(at).cloned() else { return Ok(()) };
        let act = match act {
            Act::Verdict { document, scan, note, .. } if self.chance.percent(15) => {
                let verdict = Verdict::AskReupload { reason: Reason::Glare };
                Act::Verdict { document, scan, verdict, to_applicant: String::new(), note }
            }
            Act::Finish { counter, .. } if self.chance.percent(20) => {
                let outcomes = vec![ApplicationOutcome { application: whom.no.clone(), outcome: Outcome::GivenUp }];
                Act::Finish { counter, outcomes }
            }
            other => other,
        };
        let finishes = matches!(act, Act::Finish { .. });
        let taken = self.record(index, subject, act, is_told).await?;
        // What a desk does not want now it may want after the rest was done.
        let next = if at + 1 < acts.len() { at + 1 } else { 2 };
        self.machines[index].progress.insert(person, next);
        if taken && finishes {
            self.machines[index].progress.remove(&person);
            self.people[person] = Whereabouts::Outside;
            self.count("served to the end");
        }
        Ok(())
    }

    async fn next_receipt(&self, index: usize) -> anyhow::Result<loket_core::id::ReceiptNo> {
        let store = self.machines[index].store.as_ref().context("a machine that is on")?;
        let state = store.state().await;
        let identity = state.identity.as_ref().context("an enrolled machine")?;
        // The desk gives the number; this one only stands for "a receipt".
        let (office, year, desk) = (identity.office.clone(), identity.series_year, identity.desk);
        Ok(loket_core::id::ReceiptNo { office, year, desk, serial: 1 })
    }

    /// From the own share, instead of whatever was asked and not answered.
    async fn call(&mut self, index: usize, counter: CounterNo, is_told: bool) -> anyhow::Result<()> {
        let now = self.now(index).await;
        let next = {
            let store = self.machines[index].store.as_ref().context("a machine that is on")?;
            let state = store.state().await;
            let (Some(work), Some(identity), Some(rules)) = (&state.work, &state.identity, state.rules(now)) else {
                return Ok(());
            };
            next_in_share(&work.context(identity.desk, &rules, now), counter).ok().map(|v| v.id.clone())
        };
        let Some(visit) = next else { return Ok(()) };
        let instead_of = self.machines[index].lost.take();
        if instead_of.is_some() {
            self.count("called instead of an ask");
        }
        let call = CallHow::Share { instead_of };
        self.record(index, Subject::Visit(visit), Act::Call { counter, call }, is_told).await?;
        Ok(())
    }

    /// Somebody comes in, or to the counter, or does not come.
    async fn receive(&mut self, index: usize, counter: CounterNo, is_told: bool) -> anyhow::Result<()> {
        let person = self.chance.below(self.people.len());
        let template = self.template;
        let whom = &template.people[person];
        let visit = Subject::Visit(whom.visit.clone());
        match (self.people[person], self.chance.below(10)) {
            (Whereabouts::Outside, _) | (Whereabouts::Hall, 0..2) => {
                let act = match self.stage(index, person).await {
                    Some(Stage::NoShow { .. } | Stage::Held { .. }) => Act::Return,
                    _ => Act::CheckIn { how: CheckInHow::Qr },
                };
                if self.record(index, visit, act, is_told).await? {
                    self.people[person] = Whereabouts::Hall;
                }
            }
            (Whereabouts::Hall, 2..7) => {
                let busy = self.people.contains(&Whereabouts::At(index));
                let (applications, presence) = (vec![whom.no.clone()], Presence::NameConfirmed);
                if !busy && self.record(index, visit, Act::Start { counter, applications, presence }, is_told).await? {
                    self.people[person] = Whereabouts::At(index);
                }
            }
            (Whereabouts::Hall, 7) => {
                self.record(index, visit, Act::Recall { counter }, is_told).await?;
            }
            (Whereabouts::Hall, 8) => {
                self.record(index, visit, Act::NoShow { counter }, is_told).await?;
            }
            (Whereabouts::Hall, _) => {
                let to = CounterNo(self.chance.below(OFFICERS.len()) as u8 + 1);
                self.record(index, visit, Act::Transfer { to, note: String::new() }, is_told).await?;
            }
            (Whereabouts::At(_), _) => {}
        }
        Ok(())
    }

    async fn stage(&self, index: usize, person: usize) -> Option<Stage> {
        let state = self.machines[index].store.as_ref()?.state().await;
        let visit = state.work.as_ref()?.layers.visit(&self.template.people[person].visit)?;
        Some(visit.stage().clone())
    }

    async fn release(&mut self, index: usize, from: CounterNo, is_told: bool) -> anyhow::Result<()> {
        let visits = {
            let Some(store) = &self.machines[index].store else { return Ok(()) };
            let state = store.state().await;
            let Some(work) = &state.work else { return Ok(()) };
            let own = work.layers.visits().filter(|v| v.state.share == Some(from));
            own.map(|v| v.id.clone()).take(1).collect::<Vec<_>>()
        };
        let to = CounterNo(self.chance.below(OFFICERS.len()) as u8 + 1);
        if !visits.is_empty() && to != from {
            self.record(index, Subject::Office, Act::Release { visits, from, to }, is_told).await?;
        }
        Ok(())
    }

    async fn settle(&mut self, index: usize, is_told: bool) -> anyhow::Result<()> {
        let open = {
            let Some(store) = &self.machines[index].store else { return Ok(()) };
            let state = store.state().await;
            let Some(work) = &state.work else { return Ok(()) };
            let visits = work.layers.visits().flat_map(|v| {
                let open = v.disputes.iter().filter(|d| d.settled.is_none());
                open.filter_map(|d| Some((Subject::Visit(v.id.clone()), d.stamp.origin.command()?)))
            });
            visits.collect::<Vec<_>>()
        };
        if open.is_empty() {
            return Ok(());
        }
        let (subject, command) = self.chance.one_of(&open).clone();
        let settlement = *self.chance.one_of(&[Settlement::KeepStanding, Settlement::TakeDisputed]);
        let act = Act::Settle { command, settlement, reason: "dilihat".to_owned() };
        self.record(index, subject, act, is_told).await?;
        Ok(())
    }

    /// The line is good, everything is on, and everybody is signed in: nothing may stay behind.
    pub async fn heal(&mut self) -> anyhow::Result<()> {
        self.flying.clear();
        for index in 0..self.machines.len() {
            self.machines[index].skew_ms = 0;
            if self.machines[index].store.is_none() {
                self.switch_on(index).await?;
            }
            if !self.is_signed_in(index).await {
                self.sign_in(index).await?;
            }
        }
        for _ in 0..ROUNDS_MAX {
            self.env.advance_ms(1_000);
            let mut is_done = true;
            for index in 0..self.machines.len() {
                let Some(courier) = self.courier(index) else { continue };
                let said = courier.ask_now(true).await?;
                let answered = self.centre_answers(0, &said).await?;
                let all_said = said.ask.commands.is_empty();
                let heads = answered.heads.clone();
                self.take(index, &courier, said, answered).await?;
                if self.machines[index].is_copy {
                    continue;
                }
                let store = self.machines[index].store.as_ref().context("a machine that is on")?;
                let state = store.state().await;
                // The centre may have wished for something that this desk then did.
                is_done &= all_said && state.unsent().count() == 0 && state.absorbed == heads;
            }
            if is_done {
                return Ok(());
            }
        }
        bail!("(h) after {ROUNDS_MAX} rounds without a fault something is still unsent or unheard")
    }
}

impl Machine {
    fn off(folder: PathBuf, who: usize) -> Machine {
        Machine {
            folder,
            who,
            store: None,
            life: 0,
            skew_ms: 0,
            is_copy: false,
            saved: BTreeMap::new(),
            lost: None,
            progress: BTreeMap::new(),
            newest: None,
        }
    }

    /// Its number; `None` while it is off.
    pub async fn desk(&self) -> Option<DeskId> {
        self.store.as_ref()?.state().await.identity.as_ref().map(|i| i.desk)
    }
}

fn word_of(act: &Act) -> String {
    let value = serde_json::to_value(act).unwrap_or_default();
    value.get("act").and_then(|w| w.as_str()).unwrap_or_default().to_owned()
}
