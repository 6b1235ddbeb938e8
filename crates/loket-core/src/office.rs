//! The office's day: its counters and who holds them, the roster, the enrolled desks, the rules in force. The share of
//! a counter changes only when its holder releases visits or a supervisor reclaims them; both are acts here, and what
//! follows for each visit is worked out by [`crate::world::follow_ups`].

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::act::{Act, CommandRef, Event, Origin, Stamp};
use crate::application::{Dispute, may_settle, short};
use crate::id::{CounterNo, DeskId, OfficeCode, OfficerId, RulesVersion, Timestamp, VisitId};
use crate::refusal::Refusal;
use crate::rules::Rules;
use crate::visit::Stage;
use crate::world::Context;

/// Counters of one office.
pub const COUNTERS_MAX: usize = 99;

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Serves applicants.
    Officer,
    /// Steers the queue, settles disputes.
    Supervisor,
    /// Sets up; has no access to cases.
    Administrator,
    /// Reads the log.
    Auditor,
}

impl Role {
    /// Serves applicants or steers those who do; nobody else has access to cases.
    pub fn serves(self) -> bool {
        match self {
            Role::Officer | Role::Supervisor => true,
            Role::Administrator | Role::Auditor => false,
        }
    }
}

/// Name and address as printed on paper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OfficeInfo {
    pub code: OfficeCode,
    pub name: String,
    pub address: Vec<String>,
    /// X25519 public key of the office's recovery key, hexadecimal. Its private half is at the centre.
    pub recovery_key: String,
}

/// A counter as painted above it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CounterInfo {
    pub no: CounterNo,
    /// What it serves, in words.
    pub service: String,
}

/// Somebody on the roster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Officer {
    pub id: OfficerId,
    pub name: String,
    pub role: Role,
    pub active: bool,
    /// The officer's key pair wrapped under the password: opaque here, opened by `loket-seal`.
    pub envelope: String,
    /// Public half, hexadecimal.
    pub public_key: String,
}

/// An enrolled workstation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DeskInfo {
    pub desk: DeskId,
    pub name: String,
    /// Ed25519 public key, hexadecimal.
    pub signing_key: String,
    /// Year in which its receipt series was granted, two digits.
    pub series_year: u8,
    pub revoked: bool,
}

/// Who sits at a counter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Holder {
    pub desk: DeskId,
    pub officer: OfficerId,
    pub since: Timestamp,
}

/// The office.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Office {
    pub info: Option<OfficeInfo>,
    pub counters: BTreeMap<CounterNo, CounterInfo>,
    pub roster: BTreeMap<OfficerId, Officer>,
    pub desks: BTreeMap<DeskId, DeskInfo>,
    /// All versions ever in force.
    pub rules: BTreeMap<RulesVersion, Rules>,
    /// Open counters.
    pub holders: BTreeMap<CounterNo, Holder>,
    pub disputes: Vec<Dispute>,
    pub last: Option<CommandRef>,
}

impl Office {
    /// The rules in force on a service day: the version with the latest effective date that has come.
    pub fn rules_on(&self, day: NaiveDate) -> Option<&Rules> {
        self.rules.values().filter(|r| r.effective_from <= day).max_by_key(|r| (r.effective_from, r.version))
    }

    /// The rules in force at a moment. The zone itself is in the rules, so the newest version says which day it is.
    pub fn rules_at(&self, now: Timestamp) -> Option<&Rules> {
        let newest = self.rules.values().next_back()?;
        self.rules_on(newest.day(now))
    }

    /// The counter that a desk holds.
    pub fn counter_of(&self, desk: DeskId) -> Option<CounterNo> {
        self.holders.iter().find(|(_, h)| h.desk == desk).map(|(no, _)| *no)
    }

    /// The rule book of the office's day. Looks only.
    pub fn decide(&self, ctx: &Context<'_>, act: &Act) -> Result<Vec<Event>, Refusal> {
        let event = match act.clone() {
            Act::OpenCounter { counter } => {
                if !self.counters.contains_key(&counter) {
                    return Err(Refusal::CounterUnknown { counter });
                }
                match self.holders.get(&counter) {
                    Some(h) if h.officer != *ctx.officer && h.desk != ctx.desk => {
                        return Err(Refusal::CounterTaken { officer: h.officer.clone() });
                    }
                    Some(_) | None => {}
                }
                Event::CounterOpened { counter, desk: ctx.desk, officer: ctx.officer.clone() }
            }
            Act::CloseCounter { counter } => {
                match self.holders.get(&counter) {
                    Some(h) if h.desk == ctx.desk => {}
                    Some(h) => return Err(Refusal::CounterTaken { officer: h.officer.clone() }),
                    None => return Err(Refusal::CounterNotOpen),
                }
                ctx.counter_is_free(counter)?;
                Event::CounterClosed { counter }
            }
            Act::Release { visits, from, to } => {
                if !self.counters.contains_key(&to) {
                    return Err(Refusal::CounterUnknown { counter: to });
                }
                match self.holders.get(&from) {
                    Some(h) if h.desk == ctx.desk => {}
                    _ => return Err(Refusal::CounterNotOpen),
                }
                let visits: Vec<VisitId> = visits.into_iter().filter(|v| movable(ctx, v, from)).collect();
                if visits.is_empty() {
                    return Err(Refusal::NobodyWaiting);
                }
                Event::Released { visits, to }
            }
            Act::Reclaim { from, to, reason } => {
                if ctx.role != Role::Supervisor {
                    return Err(Refusal::SupervisorOnly);
                }
                short(&reason)?;
                if reason.trim().is_empty() {
                    return Err(Refusal::ReasonNeeded);
                }
                for counter in [from, to] {
                    if !self.counters.contains_key(&counter) {
                        return Err(Refusal::CounterUnknown { counter });
                    }
                }
                let today = ctx.rules.day(ctx.now);
                let visits: Vec<VisitId> = ctx
                    .related
                    .visits()
                    .filter(|v| v.plan.as_ref().is_some_and(|p| p.day == today))
                    .filter(|v| movable(ctx, &v.id, from))
                    .map(|v| v.id.clone())
                    .collect();
                if visits.is_empty() {
                    return Err(Refusal::NobodyWaiting);
                }
                Event::Reclaimed { visits, from, to, reason }
            }
            Act::Settle { command, settlement, reason } => {
                may_settle(&self.disputes, ctx.role, command, &reason)?;
                Event::Settled { command, settlement, reason }
            }
            Act::Undo { .. } | Act::Correct { .. } => return Err(Refusal::NothingToUndo),
            Act::CheckIn { .. }
            | Act::Call { .. }
            | Act::Recall { .. }
            | Act::Start { .. }
            | Act::NoShow { .. }
            | Act::Return
            | Act::Hold { .. }
            | Act::Transfer { .. }
            | Act::Finish { .. }
            | Act::Verdict { .. }
            | Act::CheckField { .. }
            | Act::Biometrics { .. }
            | Act::JudgeFace { .. }
            | Act::Interview { .. }
            | Act::ProofSeen { .. }
            | Act::IssueReceipt { .. }
            | Act::PrintReceipt { .. } => return Err(Refusal::WrongSubject),
        };
        Ok(vec![event])
    }

    /// One officer sits at one counter: opening the next closes the one before.
    fn sit(&mut self, counter: CounterNo, holder: Holder) {
        self.holders.retain(|_, h| h.desk != holder.desk && h.officer != holder.officer);
        self.holders.insert(counter, holder);
    }

    /// History. Changes only.
    pub fn apply(&mut self, stamp: &Stamp, event: &Event) {
        match event.clone() {
            Event::CounterOpened { counter, desk, officer } => {
                self.sit(counter, Holder { desk, officer, since: stamp.at });
            }
            Event::CounterClosed { counter } => {
                self.holders.remove(&counter);
            }
            Event::OfficeSet { info } => self.info = Some(info),
            Event::CounterSet { counter } => {
                self.counters.insert(counter.no, counter);
            }
            Event::OfficerSet { officer } => {
                self.roster.insert(officer.id.clone(), officer);
            }
            Event::DeskSet { desk } => {
                self.desks.insert(desk.desk, desk);
            }
            Event::RulesSet { rules } => {
                self.rules.insert(rules.version, *rules);
            }
            Event::Disputed { act, because } => {
                self.disputes.push(Dispute { stamp: stamp.clone(), act: *act, because: *because, settled: None });
            }
            Event::Settled { command, settlement, .. } => {
                if let Some(d) = self.disputes.iter_mut().find(|d| d.stamp.origin.command() == Some(command)) {
                    d.settled = Some((settlement, stamp.clone()));
                    if settlement == crate::act::Settlement::TakeDisputed
                        && let (Act::OpenCounter { counter }, Origin::Desk { desk, officer, .. }) =
                            (d.act.clone(), d.stamp.origin.clone())
                    {
                        let since = d.stamp.at;
                        self.sit(counter, Holder { desk, officer, since });
                    }
                }
            }
            // Who answers for the rules stands in the log; it changes nothing at the counters.
            Event::RulesApproved { .. } => {}
            // So does who answers for a new epoch; the numbers of the rows say which one it is.
            Event::EpochDeclared { .. } => {}
            // What these mean for each visit follows as rows of the visits.
            Event::Released { .. } | Event::Reclaimed { .. } => {}
            Event::Published { .. }
            | Event::Withdrawn { .. }
            | Event::CheckedIn { .. }
            | Event::Called { .. }
            | Event::CallVoided { .. }
            | Event::Recalled { .. }
            | Event::Started { .. }
            | Event::WentMissing { .. }
            | Event::CameBack
            | Event::Held { .. }
            | Event::Transferred { .. }
            | Event::ShareSet { .. }
            | Event::Finished { .. }
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
            | Event::Undone { .. }
            | Event::Corrected { .. } => {}
        }
        if let Some(command) = stamp.origin.command() {
            self.last = Some(command);
        }
    }
}

/// May this visit change hands: it is in this share and nobody called or serves it?
fn movable(ctx: &Context<'_>, visit: &VisitId, from: CounterNo) -> bool {
    ctx.related.visit(visit).is_some_and(|v| {
        v.state.share == Some(from)
            && matches!(v.stage(), Stage::Expected | Stage::Waiting { .. } | Stage::NoShow { .. })
    })
}
