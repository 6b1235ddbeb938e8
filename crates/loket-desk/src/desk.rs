//! The desk as its officer knows it: one method for each command of `api`. `record` is the only write door for acts; it
//! adds who and when, and `store` does the rest. Nothing here waits for the line except where the centre alone can decide.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use loket_core::act::{Act, CallHow, CheckInHow, CommandRef, PrintHow, Subject};
use loket_core::code::AppointmentCode;
use loket_core::id::{ApplicationNo, CounterNo, ReceiptNo, RequestId, ScanHash, Timestamp, VisitId};
use loket_core::refusal::{Fault, Refusal};
use loket_core::regions;
use loket_core::sync::{Ask, AskAnswer, AskWhat, RowOutcome, Stream};
use loket_core::visit::{Stage, Visit};
use loket_core::world::{Related as _, next_in_share};
use loket_decode::Decoder;
use tokio::sync::broadcast;

use crate::api::{
    AtCounter, CallChosen, Enrol, Nothing, OfApplication, OfScan, Record, SaveReceipt, ServeCase, SignIn, Text,
};
use crate::courier::{self, Asked, Courier};
use crate::env::Env;
use crate::receipt::{self, Given};
use crate::receipt_pdf::receipt_pdf;
use crate::scans::{Picture, Scans};
use crate::screens::Eyes;
use crate::store::{Identity, State, Store, fault_of};
use crate::vault::{Device, Keystore};
use crate::view::{
    CalledView, Changed, CheckInView, CounterView, CountersView, HolderView, Language, LineView, OfficeView,
    PreparedView, QueueRow, QueueView, Recorded, SYNC_ROWS_MAX, SavedReceipt, ScanInfo, ScanResult, Sending, ServeView,
    SessionView, StatusView, SyncRow, SyncView,
};

/// Days before the end of the offline period from which the countdown is shown is the window's business; this is how
/// often pictures are looked after when nothing else happens.
const FETCH_EVERY_S: u64 = 20;
const DAY_MS: i64 = 86_400_000;
/// The longest text that a scanner or a search field may hand over.
pub const TEXT_BYTES_MAX: usize = 256;

/// Asks the officer for the name of a file. The window answers with a native dialog; a test answers below it.
pub trait Dialogs: Send + Sync {
    /// Where to write a file of this suggested name; `None` if the officer closed the dialog.
    fn save_as(&self, suggested: &str) -> Option<PathBuf>;
}

/// A desk, running.
pub struct Desk {
    store: Arc<Store>,
    courier: Arc<Courier>,
    scans: Arc<Scans>,
    env: Env,
    dialogs: Box<dyn Dialogs>,
    changed: broadcast::Sender<Changed>,
    tasks: Mutex<Vec<tokio::task::JoinHandle<()>>>,
    /// What Ctrl+Z takes back, and until when by a clock that nobody can set.
    newest: Mutex<Option<(CommandRef, Subject, Instant)>>,
    last_check_in: Mutex<Option<CheckInView>>,
    /// A "call next" that was sent and not answered, until a call of this desk has named it.
    lost_ask: Mutex<Option<RequestId>>,
}

/// Where a desk lives and whom it asks.
pub struct Setup {
    pub folder: PathBuf,
    pub keystore: Box<dyn Keystore>,
    pub decoder: Decoder,
    pub dialogs: Box<dyn Dialogs>,
    pub env: Env,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Desk {
    /// Opens the desk and, if the machine is enrolled, begins to speak with the centre.
    ///
    /// # Errors
    /// [`Fault::NewerDatabase`], [`Fault::KeystoreTrouble`], or a broken disk.
    pub async fn open(setup: Setup) -> Result<Arc<Desk>, Fault> {
        let Setup { folder, keystore, decoder, dialogs, env } = setup;
        std::fs::create_dir_all(&folder).map_err(|_| Fault::DatabaseTrouble)?;
        let device = Device::load(&*keystore).map_err(|e| {
            tracing::error!(error = format!("{e:#}"), "The keystore can't be used");
            Fault::KeystoreTrouble
        })?;
        let store = Arc::new(Store::open(&folder, device).await.map_err(|e| fault_of(&e))?);
        let (changed, _) = broadcast::channel(256);
        let courier = Courier::new(Arc::clone(&store), env, changed.clone());
        let scans = Arc::new(Scans::new(Arc::clone(&store), env, decoder).await.map_err(|e| fault_of(&e))?);
        let desk = Arc::new(Desk {
            store,
            courier,
            scans,
            env,
            dialogs,
            changed,
            tasks: Mutex::default(),
            newest: Mutex::default(),
            last_check_in: Mutex::default(),
            lost_ask: Mutex::default(),
        });
        if desk.store.state().await.identity.is_some() {
            desk.begin();
        }
        Ok(desk)
    }

    fn begin(&self) {
        let mut tasks = lock(&self.tasks);
        if !tasks.is_empty() {
            return;
        }
        tasks.push(tokio::spawn(Arc::clone(&self.courier).run()));
        let (scans, changed) = (Arc::clone(&self.scans), self.changed.clone());
        tasks.push(tokio::spawn(async move {
            let mut news = changed.subscribe();
            loop {
                if let Err(error) = scans.fetch_ahead(&changed).await {
                    tracing::debug!(error = format!("{error:#}"), "Pictures will be fetched later");
                }
                let pause = tokio::time::sleep(Duration::from_secs(FETCH_EVERY_S));
                tokio::pin!(pause);
                loop {
                    tokio::select! {
                        () = &mut pause => break,
                        what = news.recv() => match what {
                            Ok(Changed::Session) => break,
                            Ok(Changed::Work | Changed::Line) | Err(broadcast::error::RecvError::Lagged(_)) => {}
                            Err(broadcast::error::RecvError::Closed) => return,
                        },
                    }
                }
            }
        }));
    }

    /// Stops speaking. What is saved stays saved; a started desk goes on from there.
    pub fn stop(&self) {
        for task in lock(&self.tasks).drain(..) {
            task.abort();
        }
    }

    /// Whoever shows something wants to know when to ask again.
    pub fn changes(&self) -> broadcast::Receiver<Changed> {
        self.changed.subscribe()
    }

    /// Service time: the PC's clock corrected by the last measured offset, never below the last time heard.
    async fn now(&self) -> Timestamp {
        let state = self.store.state().await;
        self.now_in(&state)
    }

    fn now_in(&self, state: &State) -> Timestamp {
        let now = self.env.now().plus_ms(state.offset_ms);
        now.max(state.heard_at.unwrap_or(now))
    }

    fn tell(&self, what: Changed) {
        let _ = self.changed.send(what);
    }

    /// A look at the view, with somebody signed in.
    async fn look<T>(&self, see: impl FnOnce(&Eyes<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
        let state = self.store.state().await;
        let now = self.now_in(&state);
        let work = state.work.as_ref().ok_or(Fault::SignedOut)?;
        let identity = state.identity.as_ref().ok_or(Fault::NotEnrolled)?;
        let rules = work.layers.office().rules_at(now).ok_or(Fault::DatabaseTrouble)?;
        let counter = work.layers.office().counter_of(identity.desk);
        see(&Eyes { work, state: &state, desk: identity.desk, rules, now, counter })
    }

    async fn save(&self, subject: Subject, act: Act) -> Result<Recorded, Fault> {
        let now = self.now().await;
        let undoable = !matches!(
            act,
            Act::Undo { .. }
                | Act::PrintReceipt { .. }
                | Act::IssueReceipt { .. }
                | Act::OpenCounter { .. }
                | Act::CloseCounter { .. }
                | Act::Release { .. }
                | Act::Reclaim { .. }
                | Act::Settle { .. }
                | Act::Correct { .. }
        );
        let command = self.store.record(&subject, act, now).await.map_err(|e| fault_of(&e))?;
        let undo_s = self.store.state().await.rules(now).map_or(0, |r| r.undo_s);
        let undo_ms = if undoable { undo_s * 1000 } else { 0 };
        let until = self.env.stopwatch() + Duration::from_millis(u64::from(undo_ms));
        *lock(&self.newest) = undoable.then_some((command, subject, until));
        self.courier.work.notify_one();
        self.tell(Changed::Work);
        self.tell(Changed::Line);
        Ok(Recorded { command, undo_ms })
    }

    // The commands, in the order of `api`.

    /// See [`crate::api`].
    pub async fn status(&self, _: Nothing) -> Result<StatusView, Fault> {
        let last_officer = self.store.last_officer().await.map_err(|e| fault_of(&e))?;
        let wanted: Vec<_> = self.scans.wanted().await;
        let here = wanted.iter().filter(|w| self.scans.is_here(w.hash)).count() as u32;
        let state = self.store.state().await;
        let now = self.now_in(&state);
        let session = state.work.as_ref().map(|work| SessionView {
            officer: work.session.officer.clone(),
            name: work.session.name.clone(),
            role: work.session.role,
            counter: state.identity.as_ref().and_then(|i| work.layers.office().counter_of(i.desk)),
        });
        Ok(StatusView {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            now,
            office: state.identity.as_ref().map(|identity| office_view(identity, &state, now)),
            desk: state.identity.as_ref().map(|i| i.desk),
            session,
            line: self.line(&state, now, here, wanted.len() as u32),
            last_officer,
        })
    }

    fn line(&self, state: &State, now: Timestamp, scans_here: u32, scans_wanted: u32) -> LineView {
        let link = self.courier.link();
        let attention = match (&state.work, &state.identity, state.rules(now)) {
            (Some(work), Some(identity), Some(rules)) => {
                let eyes = Eyes { work, state, desk: identity.desk, rules: &rules, now, counter: None };
                eyes.attention().len() as u32
            }
            _ => 0,
        };
        let offline_days = state.identity.as_ref().map_or(0, |i| i64::from(i.offline_days));
        let silent_days = silent_days(state, now);
        LineView {
            online: link.is_online(),
            since: link.since,
            heard_at: state.heard_at,
            unsent: state.unsent().count() as u32,
            oldest_unsent: state.unsent().map(|d| d.command.at).min(),
            attention,
            clock_offset_ms: state.offset_ms,
            offline_days_left: (offline_days - silent_days).max(0) as u32,
            scans_here,
            scans_wanted,
        }
    }

    /// See [`crate::api`].
    pub async fn enrol(&self, ask: Enrol) -> Result<StatusView, Fault> {
        if self.store.state().await.identity.is_some() {
            return self.status(Nothing {}).await;
        }
        let (identity, signing, token, snapshot) =
            courier::enrol(&ask.server, ask.code.trim(), &ask.name, self.env).await.map_err(|e| fault_of(&e))?;
        self.store.enrol(identity, signing, token, snapshot).await.map_err(|e| fault_of(&e))?;
        self.begin();
        self.tell(Changed::Session);
        self.status(Nothing {}).await
    }

    /// See [`crate::api`].
    pub async fn sign_in(&self, ask: SignIn) -> Result<StatusView, Fault> {
        let now = self.now().await;
        {
            let state = self.store.state().await;
            let identity = state.identity.as_ref().ok_or(Fault::NotEnrolled)?;
            let silent_days = silent_days(&state, now);
            if silent_days > i64::from(identity.offline_days) {
                return Err(Fault::OfflineTooLong { days: u32::try_from(silent_days).unwrap_or(u32::MAX) });
            }
        }
        self.store.sign_in(&ask.officer, ask.password, now).await.map_err(|e| fault_of(&e))?;
        self.courier.nudge();
        self.tell(Changed::Session);
        self.status(Nothing {}).await
    }

    /// See [`crate::api`].
    pub async fn sign_out(&self, _: Nothing) -> Result<StatusView, Fault> {
        self.store.sign_out().await;
        self.scans.close_all();
        *lock(&self.newest) = None;
        self.tell(Changed::Session);
        self.status(Nothing {}).await
    }

    /// See [`crate::api`].
    pub async fn counters(&self, _: Nothing) -> Result<CountersView, Fault> {
        let wanted = self.scans.wanted().await;
        let scans_here = wanted.iter().filter(|w| self.scans.is_here(w.hash)).count() as u32;
        let disk_free_bytes = free_bytes(&self.store.folder);
        let officer = self.look(|eyes| Ok(eyes.work.session.officer.clone())).await?;
        let last = self.store.recall(&format!("counter:{officer}")).await.map_err(|e| fault_of(&e))?;
        self.look(|eyes| {
            let office = eyes.work.layers.office();
            let ctx = eyes.work.context(eyes.desk, eyes.rules, eyes.now);
            let today = eyes.rules.day(eyes.now);
            let days = eyes.work.layers.visits().filter_map(|v| v.plan.as_ref().map(|p| p.day));
            Ok(CountersView {
                counters: office
                    .counters
                    .values()
                    .map(|c| CounterView {
                        no: c.no,
                        service: c.service.clone(),
                        holder: office.holders.get(&c.no).map(|h| HolderView {
                            officer: eyes.name_of(&h.officer),
                            desk: h.desk,
                            since: h.since,
                            this_desk: h.desk == eyes.desk,
                        }),
                        why_not: office.decide(&ctx, &Act::OpenCounter { counter: c.no }).err(),
                    })
                    .collect(),
                last: last.and_then(|l| l.parse().ok()).map(CounterNo),
                prepared: PreparedView {
                    visits_today: eyes
                        .work
                        .layers
                        .visits()
                        .filter(|v| v.plan.as_ref().is_some_and(|p| p.day == today))
                        .count() as u32,
                    days_until: days.max().filter(|d| *d >= today),
                    scans_here,
                    scans_wanted: wanted.len() as u32,
                    disk_free_bytes,
                },
            })
        })
        .await
    }

    /// See [`crate::api`].
    pub async fn open_counter(&self, ask: AtCounter) -> Result<StatusView, Fault> {
        let already = self.look(|eyes| Ok(eyes.counter == Some(ask.counter) && holds(eyes, ask.counter))).await?;
        if !already {
            self.save(Subject::Office, Act::OpenCounter { counter: ask.counter }).await?;
        }
        let officer = self.look(|eyes| Ok(eyes.work.session.officer.clone())).await?;
        let key = format!("counter:{officer}");
        self.store.remember(&key, &ask.counter.to_string()).await.map_err(|e| fault_of(&e))?;
        self.tell(Changed::Session);
        self.status(Nothing {}).await
    }

    /// See [`crate::api`].
    pub async fn close_counter(&self, _: Nothing) -> Result<StatusView, Fault> {
        let counter = self.counter().await?;
        self.save(Subject::Office, Act::CloseCounter { counter }).await?;
        self.tell(Changed::Session);
        self.status(Nothing {}).await
    }

    async fn counter(&self) -> Result<CounterNo, Fault> {
        self.look(|eyes| eyes.counter.ok_or(Fault::NoCounter)).await
    }

    /// See [`crate::api`].
    pub async fn queue(&self, _: Nothing) -> Result<QueueView, Fault> {
        let last = lock(&self.last_check_in).clone();
        self.look(|eyes| Ok(eyes.queue(last))).await
    }

    /// See [`crate::api`].
    pub async fn serve(&self, ask: ServeCase) -> Result<ServeView, Fault> {
        self.look(|eyes| eyes.serve(&ask.visit, ask.application.as_ref(), &|hash| self.scans.is_here(hash))).await
    }

    /// See [`crate::api`].
    pub async fn find(&self, ask: Text) -> Result<Vec<QueueRow>, Fault> {
        short(&ask.text)?;
        self.look(|eyes| Ok(eyes.find(&ask.text))).await
    }

    /// See [`crate::api`].
    pub async fn scan_code(&self, ask: Text) -> Result<ScanResult, Fault> {
        short(&ask.text)?;
        let code: AppointmentCode = ask.text.parse().map_err(|_| Fault::UnknownCode)?;
        let found = self
            .look(|eyes| {
                if code.office.as_str() != eyes.state.identity.as_ref().map_or("", |i| i.office.as_str()) {
                    return Err(Fault::CodeOfOtherOffice { office: code.office.to_string() });
                }
                let today = eyes.rules.day(eyes.now);
                if code.day != today {
                    return Err(Fault::CodeOfOtherDay { day: code.day });
                }
                let of_today = |v: &&Visit| {
                    v.plan.as_ref().is_some_and(|p| p.day == today && p.applications.contains(&code.application))
                };
                let visit = eyes.work.layers.visits().find(of_today).ok_or(Fault::UnknownCode)?;
                let back = matches!(visit.stage(), Stage::NoShow { .. } | Stage::Held { .. });
                Ok((visit.id.clone(), back))
            })
            .await?;
        let (visit, back) = found;
        let act = if back { Act::Return } else { Act::CheckIn { how: CheckInHow::Qr } };
        let saved = self.save(Subject::Visit(visit.clone()), act).await;
        let row = self.row(&visit).await?;
        let row = Box::new(row);
        match saved {
            Ok(_) => {
                let at = self.now().await;
                *lock(&self.last_check_in) = Some(CheckInView { ticket: row.ticket.clone(), at });
                Ok(if back { ScanResult::CameBack { row } } else { ScanResult::CheckedIn { row } })
            }
            Err(Fault::Refused { refusal: Refusal::AlreadyCheckedIn { at } }) => {
                Ok(ScanResult::AlreadyHere { row, at })
            }
            Err(fault) => Err(fault),
        }
    }

    async fn row(&self, visit: &VisitId) -> Result<QueueRow, Fault> {
        let unknown = Fault::Refused { refusal: Refusal::Unknown };
        self.look(|eyes| eyes.work.layers.visit(visit).and_then(|v| eyes.row(v)).ok_or(unknown)).await
    }

    /// The only write door for acts of an officer.
    ///
    /// # Errors
    /// The rule book's refusal, or what stands in the way of saving.
    pub async fn record(&self, ask: Record) -> Result<Recorded, Fault> {
        if matches!(
            ask.act,
            Act::IssueReceipt { .. } | Act::PrintReceipt { .. } | Act::Undo { .. } | Act::Release { .. }
        ) {
            // These need a number, a file or a clock that only the desk has.
            return Err(Fault::BadRequest { what: "record: this act has a command of its own".to_owned() });
        }
        let arrived = match (&ask.act, &ask.subject) {
            (Act::CheckIn { .. } | Act::Return, Subject::Visit(visit)) => Some(visit.clone()),
            _ => None,
        };
        let recorded = self.save(ask.subject, ask.act).await?;
        if let Some(visit) = arrived {
            let (row, at) = (self.row(&visit).await?, self.now().await);
            *lock(&self.last_check_in) = Some(CheckInView { ticket: row.ticket, at });
        }
        Ok(recorded)
    }

    /// See [`crate::api`]. Online the centre says who is next; when it doesn't within a second, the own share does, and
    /// whatever the centre still answers is void.
    pub async fn call_next(&self, _: Nothing) -> Result<CalledView, Fault> {
        let counter = self.counter().await?;
        let officer = self
            .look(|eyes| {
                let ctx = eyes.work.context(eyes.desk, eyes.rules, eyes.now);
                ctx.counter_is_free(counter)?;
                Ok(eyes.work.session.officer.clone())
            })
            .await?;
        let request = RequestId::new(hex::encode(loket_seal::random::<12>())).map_err(|_| Fault::DatabaseTrouble)?;
        // What was done here before must be there before: the centre decides on what it knows.
        let ask = Ask { request: request.clone(), officer, what: AskWhat::CallNext { counter } };
        match self.courier.ask(ask).await {
            Asked::Answered(AskAnswer::Called { visit }) => {
                *lock(&self.lost_ask) = None;
                let row = self.row(&visit).await?;
                self.tell(Changed::Work);
                Ok(CalledView { visit, ticket: row.ticket, offline: false })
            }
            Asked::Answered(AskAnswer::No { because }) => {
                *lock(&self.lost_ask) = None;
                Err(Fault::Refused { refusal: because })
            }
            Asked::Answered(AskAnswer::Void) | Asked::NotAsked => self.call_from_share(counter).await,
            Asked::Lost => {
                lock(&self.lost_ask).get_or_insert(request);
                self.call_from_share(counter).await
            }
        }
    }

    /// Instead of the ask that was lost, if one was: this call or an earlier one that found nobody may have left it.
    async fn call_from_share(&self, counter: CounterNo) -> Result<CalledView, Fault> {
        let visit = self
            .look(|eyes| {
                let ctx = eyes.work.context(eyes.desk, eyes.rules, eyes.now);
                Ok(next_in_share(&ctx, counter)?.id.clone())
            })
            .await?;
        let instead_of = lock(&self.lost_ask).clone();
        let call = CallHow::Share { instead_of };
        self.save(Subject::Visit(visit.clone()), Act::Call { counter, call }).await?;
        *lock(&self.lost_ask) = None;
        let row = self.row(&visit).await?;
        Ok(CalledView { visit, ticket: row.ticket, offline: true })
    }

    /// See [`crate::api`].
    pub async fn call_chosen(&self, ask: CallChosen) -> Result<CalledView, Fault> {
        let counter = self.counter().await?;
        let call = CallHow::Chosen { reason: ask.reason, instead_of: None };
        self.save(Subject::Visit(ask.visit.clone()), Act::Call { counter, call }).await?;
        let row = self.row(&ask.visit).await?;
        Ok(CalledView { visit: ask.visit, ticket: row.ticket, offline: !self.courier.link().is_online() })
    }

    /// See [`crate::api`].
    pub async fn undo(&self, _: Nothing) -> Result<Recorded, Fault> {
        let newest = lock(&self.newest).clone();
        let Some((command, subject, until)) = newest else {
            return Err(Fault::Refused { refusal: Refusal::NothingToUndo });
        };
        if self.env.stopwatch() > until {
            return Err(Fault::Refused { refusal: Refusal::TooLateToUndo });
        }
        self.save(subject, Act::Undo { command }).await
    }

    /// See [`crate::api`].
    pub async fn issue_receipt(&self, ask: OfApplication) -> Result<ReceiptNo, Fault> {
        let now = self.now().await;
        let number = self.store.issue_receipt(&ask.application, now).await.map_err(|e| fault_of(&e))?;
        *lock(&self.newest) = None;
        self.courier.work.notify_one();
        self.tell(Changed::Work);
        self.tell(Changed::Line);
        Ok(number)
    }

    /// See [`crate::api`].
    pub async fn save_receipt(&self, ask: SaveReceipt) -> Result<SavedReceipt, Fault> {
        let (pdf, copy) = self.receipt(&ask.application, &ask.number, ask.language).await?;
        let suffix = if copy > 0 { format!("-salinan-{copy}") } else { String::new() };
        let suggested = format!("{}{suffix}.pdf", ask.number.to_string().replace('/', "-"));
        let Some(file) = self.dialogs.save_as(&suggested) else { return Ok(SavedReceipt { file: None, copy }) };
        let to = file.clone();
        let written = tokio::task::spawn_blocking(move || std::fs::write(&to, &pdf)).await;
        match written {
            Ok(Ok(())) => {}
            Ok(Err(e)) if e.kind() == std::io::ErrorKind::StorageFull => return Err(Fault::DiskFull),
            Ok(Err(_)) | Err(_) => return Err(Fault::FileTrouble),
        }
        let act = Act::PrintReceipt { number: ask.number, how: PrintHow::Pdf, copy };
        self.save(Subject::Application(ask.application), act).await?;
        Ok(SavedReceipt { file: Some(file.display().to_string()), copy })
    }

    /// The PDF of a receipt as it would be printed next, and which copy that is.
    ///
    /// # Errors
    /// [`Refusal::ReceiptUnknown`] for a number that this desk did not issue.
    pub async fn receipt(
        &self,
        application: &ApplicationNo,
        number: &ReceiptNo,
        language: Language,
    ) -> Result<(Vec<u8>, u32), Fault> {
        let (paper, copy) = self
            .look(|eyes| {
                let refused = |refusal| Fault::Refused { refusal };
                let case = eyes.work.layers.application(application).ok_or(refused(Refusal::Unknown))?;
                let receipt = case.receipts.iter().find(|r| r.number == *number);
                let receipt = receipt.filter(|r| r.number.desk == eyes.desk).ok_or(refused(Refusal::ReceiptUnknown))?;
                let copy = receipt.prints.len() as u32;
                let ticket = eyes.ticket_of(application);
                let given = Given {
                    office: eyes.work.layers.office().info.as_ref(),
                    rules: eyes.rules,
                    number,
                    issued_at: receipt.stamp.at,
                    copy,
                    ticket: ticket.as_ref(),
                    officer: eyes.work.session.name.clone(),
                    counter: eyes.counter,
                    heard_at: eyes.state.heard_at,
                    language,
                };
                Ok((receipt::paper(case, &given), copy))
            })
            .await?;
        let made = tokio::task::spawn_blocking(move || receipt_pdf(&paper)).await;
        match made {
            Ok(Ok(pdf)) => Ok((pdf, copy)),
            Ok(Err(error)) => {
                tracing::error!(?error, "A receipt could not be drawn");
                Err(Fault::FileTrouble)
            }
            Err(_) => Err(Fault::FileTrouble),
        }
    }

    /// See [`crate::api`].
    pub async fn scan_info(&self, ask: OfScan) -> Result<ScanInfo, Fault> {
        let application = self.application_of(ask.hash).await?;
        let pages = self.scans.pages(&application, ask.hash).await.map_err(|e| fault_of(&e))?;
        Ok(ScanInfo { pages })
    }

    async fn application_of(&self, hash: ScanHash) -> Result<ApplicationNo, Fault> {
        self.look(|eyes| {
            let cases = &eyes.work.layers.base.applications;
            let owner = cases.values().find(|c| c.scans.iter().any(|s| s.hash == hash));
            owner.map(|c| c.no.clone()).ok_or(Fault::ScanNotHere)
        })
        .await
    }

    /// A picture by its path: `scan/<hash>/<page>`, `scan/<hash>/<page>/full`, `receipt/<number>/<language>` with `~`
    /// for the slashes of the number.
    ///
    /// # Errors
    /// [`Fault::BadRequest`] for another path; else why there is no picture.
    pub async fn picture(&self, path: &str) -> Result<Picture, Fault> {
        let bad = || Fault::BadRequest { what: "picture path".to_owned() };
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        match parts[..] {
            ["scan", hash, page] | ["scan", hash, page, "full"] => {
                let hash: ScanHash = hash.parse().map_err(|_| bad())?;
                let page: u32 =
                    page.parse().ok().filter(|p| (1..=loket_decode::PAGES_MAX).contains(p)).ok_or_else(bad)?;
                let application = self.application_of(hash).await?;
                let picture = match parts.len() {
                    4 => self.scans.full(&application, hash, page).await,
                    _ => self.scans.picture(&application, hash, page).await,
                };
                picture.map_err(|e| fault_of(&e))
            }
            ["receipt", number, language] => {
                let number: ReceiptNo = number.replace('~', "/").parse().map_err(|_| bad())?;
                let language = match language {
                    "id" => Language::Id,
                    "en" => Language::En,
                    _ => return Err(bad()),
                };
                let application = self
                    .look(|eyes| {
                        // The newest receipt may be on top only: look through the visit being served, then all.
                        let on_top =
                            eyes.state.on_top.values().find_map(|d| match (&d.command.act, &d.command.subject) {
                                (Act::IssueReceipt { number: n }, Subject::Application(no)) if *n == number => {
                                    Some(no.clone())
                                }
                                _ => None,
                            });
                        let cases = &eyes.work.layers.base.applications;
                        let below = || cases.values().find(|c| c.receipts.iter().any(|r| r.number == number));
                        on_top
                            .or_else(|| below().map(|c| c.no.clone()))
                            .ok_or(Fault::Refused { refusal: Refusal::ReceiptUnknown })
                    })
                    .await?;
                let (pdf, _) = self.receipt(&application, &number, language).await?;
                self.scans.paper(pdf, PREVIEW_SIDE_PX).await.map_err(|e| fault_of(&e))
            }
            _ => Err(bad()),
        }
    }

    /// See [`crate::api`].
    pub async fn sync(&self, _: Nothing) -> Result<SyncView, Fault> {
        let journal = self.store.journal(SYNC_ROWS_MAX).await.map_err(|e| fault_of(&e))?;
        let status = self.status(Nothing {}).await?;
        self.look(|eyes| {
            let rows = journal
                .iter()
                .map(|done| SyncRow {
                    n: done.command.n,
                    at: done.command.at,
                    officer: eyes.name_of(&done.command.officer),
                    ticket: eyes.ticket_of_subject(&done.command.subject),
                    act: done.command.act.clone(),
                    sending: match &done.outcome {
                        None => Sending::Waiting,
                        Some(RowOutcome::Applied) => Sending::Applied,
                        Some(RowOutcome::Disputed { because }) => {
                            let settled = settled(
                                eyes,
                                &done.command.subject,
                                CommandRef { desk: done.command.desk, n: done.command.n },
                            );
                            Sending::Disputed { because: because.clone(), settled }
                        }
                        Some(RowOutcome::Refused { because }) => Sending::Refused { because: because.clone() },
                        Some(RowOutcome::Quarantined { why }) => Sending::Quarantined { why: *why },
                    },
                })
                .collect();
            let identity = eyes.state.identity.as_ref().ok_or(Fault::NotEnrolled)?;
            Ok(SyncView {
                now: eyes.now,
                waiting: status.line.unsent,
                line: status.line,
                rows,
                attention: eyes.attention(),
                server: identity.server.clone(),
                desk: identity.desk,
                rules_version: eyes.rules.version.0,
                regions_version: regions::VERSION.to_owned(),
            })
        })
        .await
    }

    /// See [`crate::api`].
    pub async fn sync_now(&self, _: Nothing) -> Result<StatusView, Fault> {
        let before = self.courier.link().heard_at;
        self.courier.nudge();
        // A moment to see whether it works; the line itself is never waited for.
        for _ in 0..10 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            if self.courier.link().heard_at > before {
                break;
            }
        }
        let turned_away = lock(&self.courier.turned_away).clone();
        match turned_away {
            Some(fault) => Err(fault),
            None => self.status(Nothing {}).await,
        }
    }

    /// How far this desk has the office stream; for tests that wait until two desks agree.
    pub async fn cursor(&self) -> u64 {
        self.store.state().await.absorbed.get(&Stream::Office).map_or(0, |c| c.seq)
    }
}

/// Days since the centre was last heard. Setting the clock back does not make them fewer, as far as work has been done since;
/// work from so far ahead that nobody could have signed in for it says only that the clock was wrong.
fn silent_days(state: &State, now: Timestamp) -> i64 {
    let (Some(identity), Some(heard)) = (&state.identity, state.heard_at) else { return 0 };
    let days = |at: Timestamp| at.since(heard).max(0) / DAY_MS;
    let worked = days(state.latest_at);
    if worked <= i64::from(identity.offline_days) + 1 { days(now).max(worked) } else { days(now) }
}

/// Longest side of a receipt's preview.
const PREVIEW_SIDE_PX: u32 = 1_400;

fn holds(eyes: &Eyes<'_>, counter: CounterNo) -> bool {
    let holder = eyes.work.layers.office().holders.get(&counter);
    holder.is_some_and(|h| h.desk == eyes.desk && h.officer == eyes.work.session.officer)
}

fn settled(eyes: &Eyes<'_>, subject: &Subject, command: CommandRef) -> Option<loket_core::act::Settlement> {
    let layers = &eyes.work.layers;
    let disputes = match subject {
        Subject::Visit(id) => &layers.visit(id)?.disputes,
        Subject::Application(no) => &layers.application(no)?.disputes,
        Subject::Office => &layers.office().disputes,
    };
    let dispute = disputes.iter().find(|d| d.stamp.origin.command() == Some(command))?;
    dispute.settled.as_ref().map(|(settlement, _)| *settlement)
}

fn short(text: &str) -> Result<(), Fault> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(Fault::Refused { refusal: Refusal::TextTooLong { max: TEXT_BYTES_MAX as u32 } });
    }
    Ok(())
}

fn office_view(identity: &Identity, state: &State, now: Timestamp) -> OfficeView {
    let rules = state.rules(now);
    let zone_minutes = rules.as_ref().map_or(identity.zone_minutes, |r| r.zone_minutes);
    let zone = match zone_minutes {
        420 => "WIB",
        480 => "WITA",
        540 => "WIT",
        _ => "",
    };
    let at = now.plus_ms(i64::from(zone_minutes) * 60_000);
    let today = chrono::DateTime::from_timestamp_millis(at.0).unwrap_or_default().date_naive();
    OfficeView {
        code: identity.office.clone(),
        name: identity.office_name.clone(),
        zone_minutes,
        zone: rules.map_or_else(|| zone.to_owned(), |r| r.zone_name()),
        today,
    }
}

#[cfg(unix)]
fn free_bytes(folder: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(folder).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

#[cfg(not(unix))]
fn free_bytes(_folder: &Path) -> Option<u64> {
    None
}
