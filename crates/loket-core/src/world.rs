//! Everything known of one office, and the three things done with it: put an act to the rule book ([`decide`]), write a
//! row into history ([`World::apply`]), and work out what follows for other aggregates ([`follow_ups`]). The desk and
//! the server hold the same `World`; the desk lays its unsent work over it with [`Layers`].

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::act::{Act, CallHow, Event, Stamp, Subject};
use crate::application::Application;
use crate::id::{ApplicationNo, CounterNo, DeskId, OfficerId, Timestamp, VisitId};
use crate::mutant::{self, Mutant};
use crate::office::{Office, Role};
use crate::refusal::Refusal;
use crate::rules::Rules;
use crate::sync::{Quarantine, RowOutcome};
use crate::visit::{Presence, Stage, Visit};

/// Changes whenever folding the same rows would give another result; stored aggregates of another version are folded anew.
pub const FOLD_VERSION: u32 = 3;

/// A read-only view of what belongs together.
pub trait Related {
    fn office(&self) -> &Office;
    fn visit(&self, id: &VisitId) -> Option<&Visit>;
    fn application(&self, no: &ApplicationNo) -> Option<&Application>;
    /// All visits known, in the order of their ids.
    fn visits(&self) -> Box<dyn Iterator<Item = &Visit> + '_>;
}

/// Who asks, when, under which rules, and what they can look at.
pub struct Context<'a> {
    pub rules: &'a Rules,
    pub now: Timestamp,
    pub desk: DeskId,
    pub officer: &'a OfficerId,
    pub role: Role,
    pub related: &'a dyn Related,
}

impl Context<'_> {
    /// A counter takes one visit at a time: nobody else may be called to it or served there today.
    pub fn counter_is_free(&self, counter: CounterNo) -> Result<(), Refusal> {
        let today = self.rules.day(self.now);
        let other =
            self.related.visits().find(|v| v.occupies(counter) && v.plan.as_ref().is_some_and(|p| p.day == today));
        match other.and_then(|v| v.plan.as_ref()) {
            Some(plan) => Err(Refusal::CounterBusy { ticket: plan.ticket.clone() }),
            None => Ok(()),
        }
    }
}

/// One aggregate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub enum Aggregate {
    Visit(Box<Visit>),
    Application(Box<Application>),
    Office(Box<Office>),
}

impl Aggregate {
    /// What it is about.
    pub fn subject(&self) -> Subject {
        match self {
            Aggregate::Visit(v) => Subject::Visit(v.id.clone()),
            Aggregate::Application(a) => Subject::Application(a.no.clone()),
            Aggregate::Office(_) => Subject::Office,
        }
    }
}

/// All aggregates of an office that are at hand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct World {
    pub office: Office,
    pub visits: BTreeMap<VisitId, Visit>,
    pub applications: BTreeMap<ApplicationNo, Application>,
}

impl Related for World {
    fn office(&self) -> &Office {
        &self.office
    }
    fn visit(&self, id: &VisitId) -> Option<&Visit> {
        self.visits.get(id)
    }
    fn application(&self, no: &ApplicationNo) -> Option<&Application> {
        self.applications.get(no)
    }
    fn visits(&self) -> Box<dyn Iterator<Item = &Visit> + '_> {
        Box::new(self.visits.values())
    }
}

impl World {
    /// History: one row on one aggregate. Takes everything.
    pub fn apply(&mut self, subject: &Subject, stamp: &Stamp, events: &[Event]) {
        // A refused claim and a quarantined command are rows of which nothing came: nobody built on anything.
        if events.is_empty() {
            return;
        }
        match subject {
            Subject::Visit(id) => {
                self.visits.entry(id.clone()).or_insert_with(|| Visit::new(id.clone())).apply(stamp, events);
            }
            Subject::Application(no) => {
                let case = self.applications.entry(no.clone()).or_insert_with(|| Application::new(no.clone()));
                events.iter().for_each(|e| case.apply(stamp, e));
            }
            Subject::Office => events.iter().for_each(|e| self.office.apply(stamp, e)),
        }
    }

    /// Puts a folded aggregate in its place.
    pub fn put(&mut self, aggregate: Aggregate) {
        match aggregate {
            Aggregate::Visit(v) => {
                self.visits.insert(v.id.clone(), *v);
            }
            Aggregate::Application(a) => {
                self.applications.insert(a.no.clone(), *a);
            }
            Aggregate::Office(o) => self.office = *o,
        }
    }

    /// A copy of one aggregate, if it is known.
    pub fn get(&self, subject: &Subject) -> Option<Aggregate> {
        match subject {
            Subject::Visit(id) => self.visits.get(id).map(|v| Aggregate::Visit(Box::new(v.clone()))),
            Subject::Application(no) => self.applications.get(no).map(|a| Aggregate::Application(Box::new(a.clone()))),
            Subject::Office => Some(Aggregate::Office(Box::new(self.office.clone()))),
        }
    }
}

/// History below, something newer on top: a desk's unsent work, or a server's transaction that is not committed yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Layers {
    /// What is settled.
    pub base: World,
    over: World,
    office_over: bool,
}

/// What was taken off the top, to be put back later.
#[derive(Debug, Default)]
pub struct Lifted {
    over: World,
    office_over: bool,
}

impl Related for Layers {
    fn office(&self) -> &Office {
        if self.office_over { &self.over.office } else { &self.base.office }
    }
    fn visit(&self, id: &VisitId) -> Option<&Visit> {
        self.over.visits.get(id).or_else(|| self.base.visits.get(id))
    }
    fn application(&self, no: &ApplicationNo) -> Option<&Application> {
        self.over.applications.get(no).or_else(|| self.base.applications.get(no))
    }
    fn visits(&self) -> Box<dyn Iterator<Item = &Visit> + '_> {
        let below = self.base.visits.values().filter(|v| !self.over.visits.contains_key(&v.id));
        Box::new(below.chain(self.over.visits.values()))
    }
}

impl Layers {
    /// Nothing on top yet.
    pub fn on(base: World) -> Layers {
        Layers { base, over: World::default(), office_over: false }
    }

    fn lift(&mut self, subject: &Subject) {
        match subject {
            Subject::Visit(id) => {
                if let (false, Some(v)) = (self.over.visits.contains_key(id), self.base.visits.get(id)) {
                    self.over.visits.insert(id.clone(), v.clone());
                }
            }
            Subject::Application(no) => {
                if let (false, Some(a)) = (self.over.applications.contains_key(no), self.base.applications.get(no)) {
                    self.over.applications.insert(no.clone(), a.clone());
                }
            }
            Subject::Office => {
                if !self.office_over {
                    self.over.office = self.base.office.clone();
                    self.office_over = true;
                }
            }
        }
    }

    /// Writes a row on top.
    pub fn apply_over(&mut self, subject: &Subject, stamp: &Stamp, events: &[Event]) {
        self.lift(subject);
        self.over.apply(subject, stamp, events);
    }

    /// Takes everything off the top.
    pub fn clear_over(&mut self) {
        self.lift_over();
    }

    /// Takes everything off the top, to be put back with [`Layers::put_back`].
    pub fn lift_over(&mut self) -> Lifted {
        Lifted { over: std::mem::take(&mut self.over), office_over: std::mem::take(&mut self.office_over) }
    }

    /// Puts back what was taken off, without what lies over these subjects: they have changed below, or what was done to
    /// them is no longer on top. What lies on top now is gone.
    pub fn put_back(&mut self, lifted: Lifted, without: &BTreeSet<Subject>) {
        (self.over, self.office_over) = (lifted.over, lifted.office_over);
        for subject in without {
            match subject {
                Subject::Visit(id) => drop(self.over.visits.remove(id)),
                Subject::Application(no) => drop(self.over.applications.remove(no)),
                Subject::Office => (self.over.office, self.office_over) = (Office::default(), false),
            }
        }
    }

    /// What lies on top, to be written down: the aggregates as they now are.
    pub fn over(&self) -> Vec<Aggregate> {
        let visits = self.over.visits.values().map(|v| Aggregate::Visit(Box::new(v.clone())));
        let cases = self.over.applications.values().map(|a| Aggregate::Application(Box::new(a.clone())));
        let office = self.office_over.then(|| Aggregate::Office(Box::new(self.over.office.clone())));
        visits.chain(cases).chain(office).collect()
    }

    /// The visits on top.
    pub fn visits_over(&self) -> impl Iterator<Item = &Visit> {
        self.over.visits.values()
    }

    /// The top becomes part of what is settled: a committed transaction.
    pub fn settle_over(&mut self) {
        let Lifted { over, office_over } = self.lift_over();
        self.base.visits.extend(over.visits);
        self.base.applications.extend(over.applications);
        if office_over {
            self.base.office = over.office;
        }
    }
}

/// The rule book: may this be done to this subject, and what has then happened? Looks only.
pub fn decide(ctx: &Context<'_>, subject: &Subject, act: &Act) -> Result<Vec<Event>, Refusal> {
    if !ctx.role.serves() {
        return Err(Refusal::RoleForbids);
    }
    match subject {
        Subject::Visit(id) => ctx.related.visit(id).ok_or(Refusal::Unknown)?.decide(ctx, act),
        Subject::Application(no) => ctx.related.application(no).ok_or(Refusal::Unknown)?.decide(ctx, act),
        Subject::Office => ctx.related.office().decide(ctx, act),
    }
}

/// The authority's word on a stamped act. A claim may be refused; a fact never is: it is applied, or kept as disputed for
/// a supervisor where two of them exclude each other, or quarantined where whoever did it has no access to cases.
pub fn judge(ctx: &Context<'_>, subject: &Subject, act: &Act) -> (RowOutcome, Vec<Event>) {
    match decide(ctx, subject, act) {
        Ok(events) => (RowOutcome::Applied, events),
        // Done by somebody who must not: no dispute between two who may. It is kept, and a supervisor looks at it.
        Err(Refusal::RoleForbids) => (RowOutcome::Quarantined { why: Quarantine::RoleForbids }, Vec::new()),
        Err(because) if act.is_claim() || mutant::on(Mutant::RefusesFacts) => {
            (RowOutcome::Refused { because }, Vec::new())
        }
        Err(because) if is_overtaken(act, &because) => (RowOutcome::Applied, Vec::new()),
        Err(because) => {
            let (act, why) = (Box::new(act.clone()), Box::new(because.clone()));
            (RowOutcome::Disputed { because }, vec![Event::Disputed { act, because: why }])
        }
    }
}

/// A fact that is true and changes nothing any more, because the person has been seen since: nobody has to settle it.
/// Arriving twice is arriving once, and against a no-show presence wins.
fn is_overtaken(act: &Act, because: &Refusal) -> bool {
    use Refusal::{AlreadyCalled, AlreadyCheckedIn, AlreadyFinished, BeingServed, NotCalledHere};
    match act {
        Act::CheckIn { .. } | Act::Return => {
            matches!(
                because,
                AlreadyCheckedIn { .. } | AlreadyCalled { .. } | BeingServed { .. } | AlreadyFinished { .. }
            )
        }
        Act::Recall { .. } | Act::NoShow { .. } => {
            matches!(because, NotCalledHere | AlreadyCalled { .. } | BeingServed { .. } | AlreadyFinished { .. })
        }
        _ => false,
    }
}

/// What events on one aggregate mean for others. The authority writes these as rows of a service in the same
/// transaction; a desk lays them over its own view until they arrive.
pub fn follow_ups(subject: &Subject, events: &[Event]) -> Vec<(Subject, Vec<Event>)> {
    let share = |visits: &[VisitId], counter: CounterNo, reclaimed: bool| -> Vec<(Subject, Vec<Event>)> {
        let set = || vec![Event::ShareSet { counter, reclaimed }];
        visits.iter().map(|v| (Subject::Visit(v.clone()), set())).collect()
    };
    if *subject != Subject::Office {
        return Vec::new();
    }
    events
        .iter()
        .flat_map(|event| match event {
            Event::Released { visits, to } => share(visits, *to, false),
            Event::Reclaimed { visits, to, .. } => share(visits, *to, true),
            _ => Vec::new(),
        })
        .collect()
}

/// Who is next in the share of a counter, or why nobody is.
pub fn next_in_share<'a>(ctx: &'a Context<'_>, counter: CounterNo) -> Result<&'a Visit, Refusal> {
    if !ctx.role.serves() {
        return Err(Refusal::RoleForbids);
    }
    ctx.counter_is_free(counter)?;
    ctx.related
        .visits()
        .filter(|v| v.state.share == Some(counter) && v.can_be_called(ctx))
        .min_by(|a, b| a.order().cmp(&b.order()))
        .ok_or(Refusal::NobodyWaiting)
}

/// Something an officer may want to do now, and why not if not. Travels with every view, so that no screen works out a
/// rule of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Allowed {
    pub action: Action,
    /// `None` when it can be done.
    pub why_not: Option<Refusal>,
}

/// Things on the key bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    CallNext,
    Call,
    CheckIn,
    Recall,
    NoShow,
    Start,
    StartHere,
    Return,
    Hold,
    Transfer,
    IssueReceipt,
    FinishAccepted,
}

/// What can be done with a visit at a counter. Each answer is the rule book's own.
pub fn allowed(ctx: &Context<'_>, visit: Option<&Visit>, counter: CounterNo) -> Vec<Allowed> {
    let next = next_in_share(ctx, counter).err();
    let mut out = vec![Allowed { action: Action::CallNext, why_not: next }];
    let Some(visit) = visit else { return out };
    let subject = Subject::Visit(visit.id.clone());
    let applications = visit.plan.as_ref().map(|p| p.applications.clone()).unwrap_or_default();
    let open: Vec<ApplicationNo> =
        applications.into_iter().filter(|a| !visit.state.outcomes.iter().any(|o| o.application == *a)).collect();
    let chosen = CallHow::Chosen { reason: "?".to_owned(), instead_of: None };
    let note = String::new();
    let start = |presence| Act::Start { counter, applications: open.clone(), presence };
    let hold = Act::Hold { counter, reason: crate::visit::HoldReason::Personal, until: None, note: note.clone() };
    for (action, act) in [
        (Action::Call, Act::Call { counter, call: chosen }),
        (Action::CheckIn, Act::CheckIn { how: crate::act::CheckInHow::Name }),
        (Action::Recall, Act::Recall { counter }),
        (Action::NoShow, Act::NoShow { counter }),
        (Action::Start, start(Presence::Called)),
        (Action::StartHere, start(Presence::NameConfirmed)),
        (Action::Return, Act::Return),
        (Action::Hold, hold),
        (Action::Transfer, Act::Transfer { to: counter, note }),
    ] {
        // Starting is always possible for whoever is here; "start" alone means the one who was called to this counter.
        let not_called = if action == Action::Start { visit.called_here(counter).err() } else { None };
        out.push(Allowed { action, why_not: not_called.or_else(|| decide(ctx, &subject, &act).err()) });
    }
    if let Some(served) = visit.service_at(counter).and_then(|s| s.applications.first())
        && let Some(case) = ctx.related.application(served)
    {
        let missing = case.missing_for_receipt(ctx.rules, ctx.now);
        let why_not = match (case.receipts.iter().find(|r| r.number.desk == ctx.desk), missing.is_empty()) {
            _ if !ctx.role.serves() => Some(Refusal::RoleForbids),
            (Some(own), _) => Some(Refusal::ReceiptExists { number: own.number.clone() }),
            (None, false) => Some(Refusal::NotReady { missing }),
            (None, true) => None,
        };
        out.push(Allowed { action: Action::IssueReceipt, why_not });
        let outcome = crate::visit::Outcome::Accepted;
        let outcomes = vec![crate::act::ApplicationOutcome { application: served.clone(), outcome }];
        let why_not = decide(ctx, &subject, &Act::Finish { counter, outcomes }).err();
        out.push(Allowed { action: Action::FinishAccepted, why_not });
    }
    out
}

/// Is this visit at a stage in which it is on the day's list of people who still have to be served?
pub fn is_open(visit: &Visit) -> bool {
    !matches!(visit.stage(), Stage::Finished { .. } | Stage::Withdrawn { .. })
}
