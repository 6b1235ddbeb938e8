//! One coming to the office: a ticket, one to five applications, and where the person is between the door and the
//! last outcome. Calling is a claim, presence is the lock: whoever stands at a counter can be served there, so a double
//! call can never become a double service. Nothing here decides about a case; that is `application`.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::act::{Act, ApplicationOutcome, CallHow, CommandRef, Event, Origin, Settlement, Stamp};
use crate::application::{Dispute, Kind, Priority, Reason, may_settle, short};
use crate::id::{ApplicationNo, AppointmentId, CounterNo, DeskId, OfficerId, RequestId, Ticket, Timestamp, VisitId};
use crate::refusal::Refusal;
use crate::world::Context;

/// People of one account who come together: M-Paspor allows five.
pub const APPLICATIONS_PER_VISIT_MAX: usize = 5;

/// What a published list says about a visit. Fixed at publication; a published number never goes to another person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Plan {
    /// Service day.
    pub day: NaiveDate,
    pub ticket: Ticket,
    pub appointment: AppointmentId,
    /// Booked time.
    pub slot: Timestamp,
    /// The counter whose share it belongs to at first.
    pub counter: CounterNo,
    pub kind: Kind,
    pub priority: Option<Priority>,
    pub applications: Vec<ApplicationNo>,
}

/// How the officer knows that the right person stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Was called to this counter and came.
    Called,
    /// The QR was scanned at this counter.
    Scanned,
    /// The number was typed and the name confirmed.
    NameConfirmed,
}

/// Why a visit is set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum HoldReason {
    /// Fetches a missing paper.
    MissingPaper,
    /// Pays meanwhile.
    Payment,
    /// Waits for a supervisor.
    Supervisor,
    /// Prayer, child, health.
    Personal,
    Other,
}

/// What became of an application at this visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Complete: goes on to production.
    Accepted,
    /// Waits for a new upload.
    AwaitingReupload,
    /// Ditangguhkan, until a day if one was agreed.
    OnHold { until: Option<NaiveDate> },
    /// Proposed for refusal, with a coded reason.
    Refused { reason: Reason },
    /// The applicant gave it up.
    GivenUp,
}

/// A counter serving some of a visit's applications.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Service {
    pub counter: CounterNo,
    pub desk: DeskId,
    pub officer: OfficerId,
    pub since: Timestamp,
    pub applications: Vec<ApplicationNo>,
}

/// Where the person is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Stage {
    /// Has a place, has not arrived as far as known.
    Expected,
    Waiting {
        since: Timestamp,
    },
    Called {
        counter: CounterNo,
        desk: DeskId,
        officer: OfficerId,
        at: Timestamp,
        /// Calls so far, the first included.
        times: u8,
        last_at: Timestamp,
        request: Option<RequestId>,
    },
    Serving {
        services: Vec<Service>,
    },
    Held {
        at: Timestamp,
        counter: CounterNo,
        reason: HoldReason,
        until: Option<NaiveDate>,
        note: String,
    },
    NoShow {
        at: Timestamp,
        counter: CounterNo,
    },
    Finished {
        at: Timestamp,
    },
    Withdrawn {
        reason: String,
    },
}

/// The part of a visit that an undo puts back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    pub stage: Stage,
    /// When the applicant arrived, as far as known.
    pub arrived: Option<Timestamp>,
    /// A voided call or a return puts somebody before all others of the share.
    pub at_head: bool,
    /// The counter whose share this visit belongs to now.
    pub share: Option<CounterNo>,
    /// The share was taken by a supervisor.
    pub share_reclaimed: bool,
    /// What became of the applications so far.
    pub outcomes: Vec<ApplicationOutcome>,
    /// Note that came with a transfer.
    pub note: String,
}

/// One coming to the office.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    pub id: VisitId,
    /// `None` only while the publication has not arrived here.
    pub plan: Option<Plan>,
    pub state: State,
    /// State before the newest row, for undo. `None` when that can't be undone.
    pub before: Option<Box<State>>,
    /// The newest command on this visit.
    pub last: Option<CommandRef>,
    /// Calls that were voided: the desk that made them shows it.
    pub voided: Vec<Stamp>,
    pub disputes: Vec<Dispute>,
    /// What happened, for the timeline: who, when, which event.
    pub history: Vec<(Stamp, Event)>,
}

impl Visit {
    /// A visit of which nothing is known yet.
    pub fn new(id: VisitId) -> Visit {
        Visit {
            id,
            plan: None,
            state: State {
                stage: Stage::Expected,
                arrived: None,
                at_head: false,
                share: None,
                share_reclaimed: false,
                outcomes: Vec::new(),
                note: String::new(),
            },
            before: None,
            last: None,
            voided: Vec::new(),
            disputes: Vec::new(),
            history: Vec::new(),
        }
    }

    /// Where the person is.
    pub fn stage(&self) -> &Stage {
        &self.state.stage
    }

    /// The service of a counter that is going on.
    pub fn service_at(&self, counter: CounterNo) -> Option<&Service> {
        match self.stage() {
            Stage::Serving { services } => services.iter().find(|s| s.counter == counter),
            _ => None,
        }
    }

    /// Is this counter occupied with this visit: called to it, or served there? A counter whose officer has finished
    /// is free, also while a supervisor has yet to settle how.
    pub fn occupies(&self, counter: CounterNo) -> bool {
        match self.stage() {
            Stage::Called { counter: at, .. } => *at == counter,
            Stage::Serving { .. } => {
                self.service_at(counter).is_some() && !self.open_disputes().any(|d| ended_by(d) == Some(counter))
            }
            _ => false,
        }
    }

    pub(crate) fn called_here(&self, counter: CounterNo) -> Result<(u8, Timestamp), Refusal> {
        match self.stage() {
            Stage::Called { counter: at, times, last_at, .. } if *at == counter => Ok((*times, *last_at)),
            Stage::Called { counter: at, .. } => Err(Refusal::AlreadyCalled { counter: *at }),
            Stage::Serving { services } => Err(being_served(services)),
            Stage::Finished { at } => Err(Refusal::AlreadyFinished { at: *at }),
            Stage::Expected
            | Stage::Waiting { .. }
            | Stage::Held { .. }
            | Stage::NoShow { .. }
            | Stage::Withdrawn { .. } => Err(Refusal::NotCalledHere),
        }
    }

    /// The rule book of a visit. Looks only.
    pub fn decide(&self, ctx: &Context<'_>, act: &Act) -> Result<Vec<Event>, Refusal> {
        let Some(plan) = &self.plan else { return Err(Refusal::Unknown) };
        let events = match act.clone() {
            Act::CheckIn { how } => {
                if plan.day != ctx.rules.day(ctx.now) {
                    return Err(Refusal::OtherDay);
                }
                match self.stage() {
                    Stage::Expected => vec![Event::CheckedIn { how }],
                    Stage::NoShow { .. } => vec![Event::CameBack],
                    Stage::Withdrawn { .. } => return Err(Refusal::PlaceGivenUp),
                    Stage::Finished { at } => return Err(Refusal::AlreadyFinished { at: *at }),
                    Stage::Serving { services } => return Err(being_served(services)),
                    // Called before the desk at the door heard of the arrival: the person is here, that is all.
                    Stage::Called { .. } if self.state.arrived.is_none() => vec![Event::CheckedIn { how }],
                    Stage::Waiting { .. } | Stage::Called { .. } | Stage::Held { .. } => {
                        let at = self.state.arrived.unwrap_or(plan.slot);
                        return Err(Refusal::AlreadyCheckedIn { at });
                    }
                }
            }
            Act::Call { counter, call } => {
                self.may_call(ctx, plan, counter)?;
                if let CallHow::Chosen { reason, .. } = &call {
                    short(reason)?;
                    if reason.trim().is_empty() {
                        return Err(Refusal::ReasonNeeded);
                    }
                }
                vec![Event::Called { counter, desk: ctx.desk, officer: ctx.officer.clone(), call }]
            }
            Act::Recall { counter } => {
                let (times, last_at) = self.called_here(counter)?;
                if times > ctx.rules.recalls_max {
                    return Err(Refusal::RecallsUsedUp { max: ctx.rules.recalls_max });
                }
                let waited_ms = ctx.now.since(last_at);
                let gap_ms = i64::from(ctx.rules.recall_gap_s) * 1000;
                if waited_ms < gap_ms {
                    let wait_s = gap_ms.saturating_sub(waited_ms).saturating_add(999) / 1000;
                    return Err(Refusal::RecallTooSoon { wait_s: wait_s.clamp(1, 3600) as u32 });
                }
                vec![Event::Recalled { counter }]
            }
            Act::Start { counter, applications, presence } => self.start(ctx, plan, counter, applications, presence)?,
            Act::NoShow { counter } => {
                let (times, _) = self.called_here(counter)?;
                let needed = ctx.rules.recalls_before_no_show;
                if times.saturating_sub(1) < needed {
                    return Err(Refusal::TooFewRecalls { needed: needed - times.saturating_sub(1) });
                }
                vec![Event::WentMissing { counter }]
            }
            Act::Return => match self.stage() {
                Stage::NoShow { .. } | Stage::Held { .. } => vec![Event::CameBack],
                Stage::Finished { at } => return Err(Refusal::AlreadyFinished { at: *at }),
                Stage::Serving { services } => return Err(being_served(services)),
                Stage::Called { counter, .. } => return Err(Refusal::AlreadyCalled { counter: *counter }),
                Stage::Withdrawn { .. } => return Err(Refusal::PlaceGivenUp),
                Stage::Expected => return Err(Refusal::NotYetDue { slot: plan.slot }),
                Stage::Waiting { since } => return Err(Refusal::AlreadyCheckedIn { at: *since }),
            },
            Act::Hold { counter, reason, until, note } => {
                short(&note)?;
                if reason == HoldReason::Other && note.trim().is_empty() {
                    return Err(Refusal::ReasonNeeded);
                }
                if !self.occupies(counter) {
                    self.called_here(counter)?;
                }
                vec![Event::Held { counter, reason, until, note }]
            }
            Act::Transfer { to, note } => {
                short(&note)?;
                if !ctx.related.office().counters.contains_key(&to) {
                    return Err(Refusal::CounterUnknown { counter: to });
                }
                match self.stage() {
                    Stage::Waiting { .. } | Stage::Held { .. } | Stage::Expected => {}
                    Stage::Called { desk, counter, .. } if *desk != ctx.desk => {
                        return Err(Refusal::AlreadyCalled { counter: *counter });
                    }
                    Stage::Called { .. } => {}
                    Stage::Serving { services } if services.iter().any(|s| s.desk != ctx.desk) => {
                        return Err(being_served(services));
                    }
                    Stage::Serving { .. } => {}
                    Stage::NoShow { at, .. } => return Err(Refusal::MarkedNoShow { at: *at }),
                    Stage::Finished { at } => return Err(Refusal::AlreadyFinished { at: *at }),
                    Stage::Withdrawn { .. } => return Err(Refusal::PlaceGivenUp),
                }
                vec![Event::Transferred { to, note }]
            }
            Act::Finish { counter, outcomes } => {
                let Some(service) = self.service_at(counter) else {
                    return match self.stage() {
                        Stage::Finished { at } => Err(Refusal::AlreadyFinished { at: *at }),
                        Stage::Serving { services } => Err(being_served(services)),
                        _ => Err(Refusal::NotServedHere),
                    };
                };
                if outcomes.len() != service.applications.len() {
                    return Err(Refusal::OutcomeDoesNotFit);
                }
                for served in &service.applications {
                    let Some(given) = outcomes.iter().find(|o| o.application == *served) else {
                        return Err(Refusal::OutcomeDoesNotFit);
                    };
                    fits(ctx, given)?;
                }
                vec![Event::Finished { counter, outcomes }]
            }
            Act::Undo { command } => {
                if command.desk != ctx.desk {
                    return Err(Refusal::NotYours);
                }
                if self.last != Some(command) {
                    return Err(Refusal::BuiltUpon);
                }
                if self.before.is_none() {
                    return Err(Refusal::NothingToUndo);
                }
                let made_by = self.history.iter().rev().find(|(s, _)| s.origin.command() == Some(command));
                if made_by.is_some_and(|(s, _)| s.origin.officer() != Some(ctx.officer)) {
                    return Err(Refusal::NotYours);
                }
                vec![Event::Undone { command }]
            }
            Act::Settle { command, settlement, reason } => {
                may_settle(&self.disputes, ctx.role, command, &reason)?;
                vec![Event::Settled { command, settlement, reason }]
            }
            Act::Correct { .. } => return Err(Refusal::NothingToUndo),
            Act::Verdict { .. }
            | Act::CheckField { .. }
            | Act::Biometrics { .. }
            | Act::JudgeFace { .. }
            | Act::Interview { .. }
            | Act::ProofSeen { .. }
            | Act::IssueReceipt { .. }
            | Act::PrintReceipt { .. }
            | Act::OpenCounter { .. }
            | Act::CloseCounter { .. }
            | Act::Release { .. }
            | Act::Reclaim { .. } => return Err(Refusal::WrongSubject),
        };
        Ok(events)
    }

    /// Whether this visit could be called to a counter at all, share and order aside.
    fn callable(&self, ctx: &Context<'_>, plan: &Plan) -> Result<(), Refusal> {
        match self.stage() {
            Stage::Waiting { .. } | Stage::Expected if plan.day != ctx.rules.day(ctx.now) => Err(Refusal::OtherDay),
            Stage::Waiting { .. } => Ok(()),
            Stage::Expected if ctx.now < plan.slot => Err(Refusal::NotYetDue { slot: plan.slot }),
            Stage::Expected => Ok(()),
            Stage::Called { counter, .. } => Err(Refusal::AlreadyCalled { counter: *counter }),
            Stage::Serving { services } => Err(being_served(services)),
            Stage::Held { .. } => Err(Refusal::OnHold),
            Stage::NoShow { at, .. } => Err(Refusal::MarkedNoShow { at: *at }),
            Stage::Finished { at } => Err(Refusal::AlreadyFinished { at: *at }),
            Stage::Withdrawn { .. } => Err(Refusal::PlaceGivenUp),
        }
    }

    fn may_call(&self, ctx: &Context<'_>, plan: &Plan, counter: CounterNo) -> Result<(), Refusal> {
        self.callable(ctx, plan)?;
        match self.state.share {
            Some(share) if share != counter && self.state.share_reclaimed => {
                return Err(Refusal::ShareReclaimed { counter: share });
            }
            Some(share) if share != counter => return Err(Refusal::InOtherShare { counter: share }),
            Some(_) | None => {}
        }
        ctx.counter_is_free(counter)
    }

    fn start(
        &self,
        ctx: &Context<'_>,
        plan: &Plan,
        counter: CounterNo,
        applications: Vec<ApplicationNo>,
        presence: Presence,
    ) -> Result<Vec<Event>, Refusal> {
        if applications.is_empty() || applications.iter().any(|a| !plan.applications.contains(a)) {
            return Err(Refusal::Unknown);
        }
        let done = |a: &ApplicationNo| self.state.outcomes.iter().any(|o| o.application == *a);
        let mut voided = None;
        match self.stage() {
            Stage::Finished { at } => return Err(Refusal::AlreadyFinished { at: *at }),
            Stage::Withdrawn { .. } => return Err(Refusal::PlaceGivenUp),
            Stage::Serving { services } => {
                let same = |s: &&Service| s.applications.iter().any(|a| applications.contains(a));
                if let Some(service) = services.iter().find(same) {
                    let Service { counter, officer, .. } = service.clone();
                    return Err(Refusal::BeingServed { counter, officer });
                }
            }
            Stage::Called { counter: at, request, .. } => {
                if *at != counter {
                    voided = Some(Event::CallVoided { counter: *at, request: request.clone() });
                }
            }
            // Presence is the lock: whoever stands here can be served here, even when the call that brought the person
            // was made without a line and refused since.
            Stage::Expected | Stage::Waiting { .. } | Stage::Held { .. } | Stage::NoShow { .. } => {}
        }
        if applications.iter().any(done) {
            return Err(Refusal::AlreadyFinished { at: ctx.now });
        }
        if !self.occupies(counter) {
            ctx.counter_is_free(counter)?;
        }
        let started = Event::Started { counter, applications, presence };
        Ok(voided.into_iter().chain([started]).collect())
    }

    /// History, one row at a time: what an undo puts back is the state before the whole row.
    pub fn apply(&mut self, stamp: &Stamp, events: &[Event]) {
        if events.is_empty() {
            return;
        }
        let before = self.state.clone();
        for event in events {
            self.apply_event(stamp, event);
        }
        let command = stamp.origin.command();
        let moved = before != self.state && !events.iter().any(|e| matches!(e, Event::Undone { .. }));
        self.before = (moved && command.is_some()).then(|| Box::new(before));
        self.last = command;
    }

    fn apply_event(&mut self, stamp: &Stamp, event: &Event) {
        let at = stamp.at;
        let state = &mut self.state;
        match event.clone() {
            Event::Published { plan } => {
                state.share = Some(plan.counter);
                self.plan = Some(plan);
            }
            Event::Withdrawn { reason } => {
                if matches!(state.stage, Stage::Expected | Stage::Waiting { .. } | Stage::NoShow { .. }) {
                    state.stage = Stage::Withdrawn { reason };
                }
            }
            Event::CheckedIn { .. } => {
                state.arrived = Some(at);
                if matches!(state.stage, Stage::Expected) {
                    state.stage = Stage::Waiting { since: at };
                }
            }
            Event::Called { counter, desk, officer, call } => {
                let request = match call {
                    CallHow::Asked { request } => Some(request),
                    CallHow::Share { .. } | CallHow::Chosen { .. } => None,
                };
                state.at_head = false;
                state.stage = Stage::Called { counter, desk, officer, at, times: 1, last_at: at, request };
            }
            Event::CallVoided { counter, request } => {
                self.voided.push(stamp.clone());
                let hit = match &state.stage {
                    Stage::Called { counter: c, request: r, .. } => *c == counter && *r == request,
                    _ => false,
                };
                if hit {
                    state.at_head = true;
                    state.stage = match state.arrived {
                        Some(since) => Stage::Waiting { since },
                        None => Stage::Expected,
                    };
                }
            }
            Event::Recalled { .. } => {
                if let Stage::Called { times, last_at, .. } = &mut state.stage {
                    *times = times.saturating_add(1);
                    *last_at = at;
                }
            }
            Event::Started { counter, applications, .. } => {
                if let Origin::Desk { desk, officer, .. } = &stamp.origin {
                    let service = Service { counter, desk: *desk, officer: officer.clone(), since: at, applications };
                    state.arrived.get_or_insert(at);
                    match &mut state.stage {
                        Stage::Serving { services } => services.push(service),
                        stage => *stage = Stage::Serving { services: vec![service] },
                    }
                }
            }
            Event::WentMissing { counter } => {
                // Presence wins: somebody who is being served is not missing.
                if !matches!(state.stage, Stage::Serving { .. } | Stage::Finished { .. } | Stage::Withdrawn { .. }) {
                    state.stage = Stage::NoShow { at, counter };
                }
            }
            Event::CameBack => {
                state.at_head = true;
                state.arrived = Some(state.arrived.unwrap_or(at));
                state.stage = Stage::Waiting { since: at };
            }
            Event::Held { counter, reason, until, note } => {
                // The rest of a family that is served elsewhere stays there.
                let others = services_elsewhere(&state.stage, counter);
                state.stage = if others.is_empty() {
                    Stage::Held { at, counter, reason, until, note }
                } else {
                    Stage::Serving { services: others }
                };
            }
            Event::Transferred { to, note } => {
                state.share = Some(to);
                state.share_reclaimed = false;
                state.note = note;
                if !matches!(state.stage, Stage::Expected) {
                    state.at_head = true;
                    state.stage = Stage::Waiting { since: state.arrived.unwrap_or(at) };
                }
            }
            Event::ShareSet { counter, reclaimed } => {
                state.share = Some(counter);
                state.share_reclaimed = reclaimed;
            }
            Event::Finished { counter, outcomes } => {
                state.outcomes.extend(outcomes);
                let all = self.plan.as_ref().map_or(0, |p| p.applications.len());
                let others = services_elsewhere(&state.stage, counter);
                state.stage = if !others.is_empty() {
                    Stage::Serving { services: others }
                } else if state.outcomes.len() >= all {
                    Stage::Finished { at }
                } else {
                    state.at_head = true;
                    Stage::Waiting { since: state.arrived.unwrap_or(at) }
                };
            }
            Event::Undone { command } => {
                if self.last == Some(command)
                    && let Some(before) = self.before.take()
                {
                    *state = *before;
                }
            }
            Event::Disputed { act, because } => {
                self.disputes.push(Dispute { stamp: stamp.clone(), act: *act, because: *because, settled: None });
            }
            Event::Settled { command, settlement, .. } => self.settle(stamp, command, settlement),
            Event::Corrected { .. }
            | Event::VerdictGiven { .. }
            | Event::FieldChecked { .. }
            | Event::BiometricsMarked { .. }
            | Event::FaceJudged { .. }
            | Event::Interviewed { .. }
            | Event::ProofOfPaymentSeen { .. }
            | Event::ReceiptIssued { .. }
            | Event::ReceiptPrinted { .. }
            | Event::Submitted { .. }
            | Event::ScanUploaded { .. }
            | Event::Billed { .. }
            | Event::Paid { .. }
            | Event::PaymentExpired
            | Event::Booked { .. }
            | Event::RegisterAnswered { .. }
            | Event::EarlierPassportsFound { .. }
            | Event::DuplicateFound { .. }
            | Event::Cancelled { .. }
            | Event::DeliveryChosen { .. }
            | Event::ProductionReported { .. }
            | Event::Dispatched { .. }
            | Event::PostReported { .. }
            | Event::CounterOpened { .. }
            | Event::CounterClosed { .. }
            | Event::Released { .. }
            | Event::Reclaimed { .. }
            | Event::OfficeSet { .. }
            | Event::CounterSet { .. }
            | Event::OfficerSet { .. }
            | Event::DeskSet { .. }
            | Event::RulesSet { .. }
            | Event::RulesApproved { .. }
            | Event::EpochDeclared { .. } => return,
        }
        if !matches!(event, Event::Published { .. }) {
            self.history.push((stamp.clone(), event.clone()));
        }
    }

    fn settle(&mut self, by: &Stamp, command: CommandRef, settlement: Settlement) {
        let Some(dispute) = self.disputes.iter_mut().find(|d| d.stamp.origin.command() == Some(command)) else {
            return;
        };
        dispute.settled = Some((settlement, by.clone()));
        let (stamp, act, ended) = (dispute.stamp.clone(), dispute.act.clone(), ended_by(dispute));
        match (settlement, act) {
            (Settlement::TakeDisputed, Act::Finish { counter, outcomes }) => {
                self.state.outcomes.retain(|o| !outcomes.iter().any(|new| new.application == o.application));
                self.apply_event(&stamp, &Event::Finished { counter, outcomes });
            }
            (Settlement::TakeDisputed, Act::Hold { counter, reason, until, note }) => {
                self.apply_event(&stamp, &Event::Held { counter, reason, until, note });
            }
            (Settlement::TakeDisputed, Act::NoShow { counter }) => {
                self.apply_event(&stamp, &Event::WentMissing { counter });
            }
            (Settlement::TakeDisputed, Act::Start { counter, applications, presence }) => {
                if let Stage::Serving { services } = &mut self.state.stage {
                    services.retain(|s| !s.applications.iter().any(|a| applications.contains(a)));
                }
                self.apply_event(&stamp, &Event::Started { counter, applications, presence });
            }
            // The officer has left the case and it isn't finished: somebody has to take it up again.
            (Settlement::KeepStanding, _) => {
                if let Some(counter) = ended
                    && self.service_at(counter).is_some()
                {
                    let others = services_elsewhere(&self.state.stage, counter);
                    self.state.at_head = true;
                    self.state.stage = if others.is_empty() {
                        Stage::Waiting { since: self.state.arrived.unwrap_or(by.at) }
                    } else {
                        Stage::Serving { services: others }
                    };
                }
            }
            // The others only say that the person was seen; nothing takes the place of anything.
            (Settlement::TakeDisputed, _) => {}
        }
    }

    /// Open disputes.
    pub fn open_disputes(&self) -> impl Iterator<Item = &Dispute> {
        self.disputes.iter().filter(|d| d.settled.is_none())
    }

    /// Waiting to be called, or due although nobody saw them arrive.
    pub fn can_be_called(&self, ctx: &Context<'_>) -> bool {
        self.plan.as_ref().is_some_and(|plan| self.callable(ctx, plan).is_ok())
    }

    /// Place in the line of a share, smallest first: whoever was put at the head; those known to have arrived, priority
    /// before others, by booked time and arrival; then those whose hour has come.
    pub fn order(&self) -> (bool, bool, bool, Timestamp, Timestamp, &VisitId) {
        let slot = self.plan.as_ref().map_or(Timestamp(i64::MAX), |p| p.slot);
        let priority = self.plan.as_ref().is_some_and(|p| p.priority.is_some());
        let arrived = self.state.arrived;
        (!self.state.at_head, arrived.is_none(), !priority, slot, arrived.unwrap_or(slot), &self.id)
    }
}

/// The counter at which a service ended, although not everybody agrees on what came of it.
fn ended_by(dispute: &Dispute) -> Option<CounterNo> {
    match (&dispute.act, &dispute.because) {
        (Act::Finish { counter, .. }, Refusal::NotReady { .. } | Refusal::OutcomeDoesNotFit) => Some(*counter),
        _ => None,
    }
}

fn services_elsewhere(stage: &Stage, counter: CounterNo) -> Vec<Service> {
    match stage {
        Stage::Serving { services } => services.iter().filter(|s| s.counter != counter).cloned().collect(),
        _ => Vec::new(),
    }
}

fn being_served(services: &[Service]) -> Refusal {
    let Service { counter, officer, .. } = services.first().expect("serving means that somebody serves").clone();
    Refusal::BeingServed { counter, officer }
}

/// Does this outcome agree with what was decided about the case?
fn fits(ctx: &Context<'_>, given: &ApplicationOutcome) -> Result<(), Refusal> {
    use crate::application::{DocumentState, InterviewResult};
    use crate::refusal::Missing;

    let Some(case) = ctx.related.application(&given.application) else { return Err(Refusal::Unknown) };
    let states: Vec<DocumentState> = case.documents(ctx.rules).into_iter().map(|d| case.document_state(d)).collect();
    let result = case.interview().map(|i| i.value.result);
    let fits = match given.outcome {
        Outcome::Accepted => {
            let mut missing = case.missing_for_receipt(ctx.rules, ctx.now);
            if missing.is_empty() && case.is_held_up(ctx.rules) {
                return Err(Refusal::OutcomeDoesNotFit);
            }
            // Receipts of two desks are both valid: one on paper is enough.
            if case.receipts.is_empty() {
                missing.push(Missing::Receipt);
            } else if case.receipts.iter().all(|r| r.prints.is_empty()) {
                missing.push(Missing::Print);
            }
            if !missing.is_empty() {
                return Err(Refusal::NotReady { missing });
            }
            true
        }
        Outcome::AwaitingReupload => states.iter().any(|s| matches!(s, DocumentState::ReuploadAsked { .. })),
        Outcome::OnHold { .. } => true,
        Outcome::Refused { .. } => {
            result == Some(InterviewResult::Refused)
                || states.iter().any(|s| matches!(s, DocumentState::Rejected { .. }))
        }
        Outcome::GivenUp => true,
    };
    if fits { Ok(()) } else { Err(Refusal::OutcomeDoesNotFit) }
}
