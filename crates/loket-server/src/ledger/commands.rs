//! How a command of a desk becomes a row, and how "call next" is answered. The rule book is put the question anew, under
//! the rules that the act names; what it says decides between applied, disputed and refused, never whether the command
//! is kept.

use loket_core::act::{Act, CallHow, Command, Event, Origin, Stamp, Subject};
use loket_core::id::{CounterNo, DeskId, Digest, OfficeCode, OfficerId, RequestId, Timestamp, VisitId};
use loket_core::mutant::{self, Mutant};
use loket_core::refusal::Refusal;
use loket_core::sync::{
    Ask, AskAnswer, AskWhat, CLOCK_AHEAD_MAX_MS, ChainHead, CommandAnswer, Quarantine, ReleaseWanted, RowOutcome,
    Stream,
};
use loket_core::visit::{Stage, Visit};
use loket_core::world::{self, Context, Related};
use serde::Deserialize;

use super::db::sql;
use super::doors::DeskRecord;
use super::errands::may_cause_errands;
use super::{Append, Ledger, LedgerError, Result, ServiceRow, Written, digest, number, open, stored_row};

/// How long a holder is asked to release somebody, in milliseconds.
pub const RELEASE_WISH_MS: i64 = 30_000;

/// A holder is asked to release part of its share. Lives in memory only: whoever asks again wishes again.
#[derive(Debug)]
pub(super) struct Wish {
    wanted: ReleaseWanted,
    until: Timestamp,
    /// The holder was told; it need not be woken once more.
    told: bool,
}

/// What became of the commands of one ask.
#[derive(Debug, Default)]
pub struct Appended {
    pub answers: Vec<CommandAnswer>,
    /// The next number expected, if there was a hole.
    pub gap: Option<u64>,
    /// Another machine stamped the same numbers.
    pub cloned: bool,
}

/// The part of a command that must be legible whatever program stamped it.
#[derive(Deserialize)]
struct Link {
    desk: DeskId,
    n: u64,
    prev: Digest,
}

/// What ends an ask without a call.
struct Decided {
    answer: AskAnswer,
    wish: Option<ReleaseWanted>,
    row: Option<ServiceRow>,
}

fn ask_service(desk: DeskId) -> String {
    format!("ask:{desk}")
}

/// The ask that a call replaces.
fn replaces(act: &Act) -> Option<&RequestId> {
    match act {
        Act::Call { call: CallHow::Share { instead_of } | CallHow::Chosen { instead_of, .. }, .. } => {
            instead_of.as_ref()
        }
        _ => None,
    }
}

impl Ledger {
    /// [`Ledger::append_commands`] for a single command.
    pub async fn append_command(&self, office: &OfficeCode, desk: DeskId, stamped: &str) -> Result<Appended> {
        self.append_commands(office, desk, None, &[stamped.to_owned()]).await
    }

    /// Stores commands of a desk, each with one final outcome; a repeat is answered with the stored one. All in one
    /// transaction. `head` is the newest command the desk says it ever stamped.
    pub async fn append_commands(
        &self,
        office: &OfficeCode,
        desk: DeskId,
        head: Option<ChainHead>,
        stamped: &[String],
    ) -> Result<Appended> {
        let malformed = || LedgerError::Malformed("commands".to_owned());
        let links: Vec<Link> =
            stamped.iter().map(|s| serde_json::from_str(s).map_err(|_| malformed())).collect::<Result<_>>()?;
        if links.iter().any(|l| l.desk != desk || l.n == 0 || i64::try_from(l.n).is_err()) {
            return Err(malformed());
        }
        let seat = self.seat(office).await?;
        let mut append = self.begin(&seat).await?;
        let mut record = append.desk(desk).await?;
        let mut out = Appended::default();
        let mut changed = false;
        if let Some(head) = head
            && (1..=record.n).contains(&head.n)
            && !mutant::on(Mutant::NoCloneDetection)
            && append.stored(desk, head.n).await?.is_none_or(|(found, _)| found != head.digest)
        {
            out.cloned = true;
        }
        for (stamped, link) in stamped.iter().zip(links) {
            let digest = Command::digest_of(stamped);
            if link.n <= record.n && !mutant::on(Mutant::NoIdempotency) {
                match append.stored(desk, link.n).await? {
                    Some((found, answer)) if found == digest || mutant::on(Mutant::NoCloneDetection) => {
                        out.answers.push(answer);
                    }
                    Some(_) | None => {
                        append.set_aside(desk, link.n, digest, stamped).await?;
                        (out.cloned, changed) = (true, true);
                    }
                }
            } else if out.cloned
                || (link.n == record.n + 1 && link.prev != record.digest && !mutant::on(Mutant::NoCloneDetection))
            {
                append.set_aside(desk, link.n, digest, stamped).await?;
                (out.cloned, changed) = (true, true);
            } else if link.n > record.n + 1 && !mutant::on(Mutant::NoOrder) {
                out.gap = Some(record.n + 1);
                break;
            } else {
                let (seq, outcome) = append.command(&record, &link, (stamped, digest)).await?;
                out.answers.push(CommandAnswer { n: link.n, seq, outcome });
                (record.n, record.digest, changed) = (link.n, digest, true);
            }
        }
        if changed {
            append.keep_chain(&record).await?;
            append.commit().await?;
        }
        Ok(out)
    }

    /// Answers "call next". The same request is always answered the same, also after a restart.
    pub async fn ask(&self, office: &OfficeCode, desk: DeskId, ask: &Ask) -> Result<AskAnswer> {
        let seat = self.seat(office).await?;
        let mut append = self.begin(&seat).await?;
        let stored: Option<String> = sql("select answer from ask where office = $1 and desk = $2 and request = $3")
            .bind(office.as_str())
            .bind(desk.0)
            .bind(ask.request.as_str())
            .scalar(&mut append.tx)
            .await?;
        if let Some(stored) = stored {
            return Ok(serde_json::from_str(&stored)?);
        }
        let AskWhat::CallNext { counter } = ask.what;
        let decided = append.call_next(desk, ask, counter).unwrap_or_else(|because| Decided {
            answer: AskAnswer::No { because },
            wish: None,
            row: None,
        });
        if let Some(ServiceRow { stream, external_id, subject, events, .. }) = decided.row {
            append.named_row(stream, ask_service(desk), external_id, &subject, events).await?;
        }
        append.keep_answer(desk, &ask.request, &decided.answer).await?;
        if let Some(wanted) = decided.wish {
            let until = append.now.plus_ms(RELEASE_WISH_MS);
            let wishes = &mut append.kept.wishes;
            wishes.retain(|w| w.wanted.from != wanted.from || w.wanted.to != wanted.to || w.wanted == wanted);
            match wishes.iter_mut().find(|w| w.wanted == wanted) {
                Some(wish) => wish.until = until,
                None => wishes.push(Wish { wanted, until, told: false }),
            }
        }
        append.commit().await?;
        Ok(decided.answer)
    }

    /// What other counters wish this desk to release, and whether it has not been told yet.
    pub async fn wanted(&self, office: &OfficeCode, desk: DeskId) -> Result<(Vec<ReleaseWanted>, bool)> {
        let now = self.env.now();
        let seat = self.seat(office).await?;
        let mut kept = seat.state.lock().await;
        let kept = &mut *kept;
        let base = &kept.layers.base;
        let waits = |id: &VisitId, from: CounterNo| {
            base.visit(id).is_some_and(|v| v.state.share == Some(from) && matches!(v.stage(), Stage::Waiting { .. }))
        };
        kept.wishes.retain_mut(|w| {
            let from = w.wanted.from;
            w.wanted.visits.retain(|v| waits(v, from));
            w.until > now && !w.wanted.visits.is_empty()
        });
        let mut wanted = Vec::new();
        let mut fresh = false;
        for wish in &mut kept.wishes {
            if base.office.holders.get(&wish.wanted.from).is_some_and(|h| h.desk == desk) {
                fresh |= !wish.told;
                wish.told = true;
                wanted.push(wish.wanted.clone());
            }
        }
        Ok((wanted, fresh))
    }
}

impl Append<'_> {
    /// A stored command of a desk: its digest and what it was answered.
    async fn stored(&mut self, desk: DeskId, n: u64) -> Result<Option<(Digest, CommandAnswer)>> {
        self.write_rows().await?;
        let row =
            sql("select seq, digest, header, salt, body, leaf from row where office = $1 and desk = $2 and n = $3")
                .bind(self.seat.code.as_str())
                .bind(desk.0)
                .bind(number(n))
                .first(&mut self.tx)
                .await?;
        let Some(row) = row else { return Ok(None) };
        let (header, _) = open(&stored_row(&row)?)?;
        let found: Vec<u8> = row.get("digest")?;
        Ok(Some((digest(&found)?, CommandAnswer { n, seq: header.seq, outcome: header.outcome })))
    }

    /// Keeps a command that another machine stamped. Nothing is lost, nothing is done.
    async fn set_aside(&mut self, desk: DeskId, n: u64, digest: Digest, stamped: &str) -> Result<()> {
        tracing::warn!(office = %self.seat.code, %desk, n, "Command {n} of {desk} set aside: its line split");
        sql(
            "insert into set_aside (office, desk, n, digest, stamped, why, at) values ($1, $2, $3, $4, $5, 'clone', $6)
             on conflict do nothing",
        )
        .bind(self.seat.code.as_str())
        .bind(desk.0)
        .bind(number(n))
        .bind(&digest.0[..])
        .bind(stamped)
        .bind(self.now.0)
        .run(&mut self.tx)
        .await?;
        Ok(())
    }

    /// The next command of a desk: what follows from it before its own row, the row, and what follows after.
    async fn command(&mut self, desk: &DeskRecord, link: &Link, stamped: (&str, Digest)) -> Result<(u64, RowOutcome)> {
        let Ok(command) = serde_json::from_str::<Command>(stamped.0) else {
            return Ok(self.illegible(desk, link, stamped));
        };
        let stamp = Stamp::of(&command);
        let subject = command.subject.clone();
        let quarantine = self.quarantine(desk, &command);
        if quarantine.is_none()
            && let Some(request) = replaces(&command.act)
            && !mutant::on(Mutant::NotVoided)
        {
            self.void(command.desk, request).await?;
        }
        let (outcome, events) = match quarantine {
            Some(why) => (RowOutcome::Quarantined { why }, Vec::new()),
            None => self.outcome(&command),
        };
        let follow_ups = world::follow_ups(&subject, &events);
        let may_cause_errands = may_cause_errands(&events);
        let written = Written {
            stream: Stream::Office,
            subject: &subject,
            origin: stamp.origin,
            at: stamp.at,
            outcome: outcome.clone(),
            stamped: Some(stamped),
        };
        self.outcomes_known(&events).await?;
        let seq = self.row(written, events);
        for (i, (subject, events)) in follow_ups.into_iter().enumerate() {
            let external_id = format!("{}/{}/{i}", command.desk, command.n);
            self.named_row(Stream::Office, "follow-up".to_owned(), external_id, &subject, events).await?;
        }
        if may_cause_errands {
            self.errands_after(&subject).await?;
        }
        Ok((seq, outcome))
    }

    /// A command of a newer program is kept as it is, under the subject it names if that can be read.
    fn illegible(&mut self, desk: &DeskRecord, link: &Link, stamped: (&str, Digest)) -> (u64, RowOutcome) {
        let loose: serde_json::Value = serde_json::from_str(stamped.0).unwrap_or_default();
        let part = |name: &str| loose.get(name).cloned().unwrap_or_default();
        let subject = serde_json::from_value(part("subject")).unwrap_or(Subject::Office);
        let officer = serde_json::from_value(part("officer"))
            .unwrap_or_else(|_| OfficerId::new("unknown").expect("a fixed word is an id"));
        let at = part("at").as_i64().map_or(self.now, Timestamp);
        let why = if desk.revoked { Quarantine::DeskRevoked } else { Quarantine::UnknownKind };
        let outcome = RowOutcome::Quarantined { why };
        let origin = Origin::Desk { desk: link.desk, n: link.n, officer };
        let stamped = Some(stamped);
        let written =
            Written { stream: Stream::Office, subject: &subject, origin, at, outcome: outcome.clone(), stamped };
        (self.row(written, Vec::new()), outcome)
    }

    /// Why a legible command is kept without effect, if it is.
    fn quarantine(&self, desk: &DeskRecord, command: &Command) -> Option<Quarantine> {
        let office = self.kept.layers.office();
        if desk.revoked {
            return Some(Quarantine::DeskRevoked);
        }
        match office.roster.get(&command.officer) {
            None => return Some(Quarantine::OfficerUnknown),
            Some(officer) if !officer.active => return Some(Quarantine::OfficerRevoked),
            // The rule book says so too; here it also keeps an ask from being voided in such a name.
            Some(officer) if !officer.role.serves() => return Some(Quarantine::RoleForbids),
            Some(_) => {}
        }
        if !office.rules.contains_key(&command.rules) {
            return Some(Quarantine::UnknownRules);
        }
        (command.at.since(self.now) > CLOCK_AHEAD_MAX_MS).then_some(Quarantine::FutureClock)
    }

    /// The authority's own decision about a command that is not quarantined.
    fn outcome(&self, command: &Command) -> (RowOutcome, Vec<Event>) {
        let related = &self.kept.layers;
        let (Some(rules), Some(officer)) =
            (related.office().rules.get(&command.rules), related.office().roster.get(&command.officer))
        else {
            return (RowOutcome::Quarantined { why: Quarantine::UnknownRules }, Vec::new());
        };
        let Command { desk, officer: ref who, at, .. } = *command;
        let ctx = Context { rules, now: at, desk, officer: who, role: officer.role, related };
        world::judge(&ctx, &command.subject, &command.act)
    }

    /// Takes back whatever an ask did, and answers it "void" if it should still come.
    async fn void(&mut self, desk: DeskId, request: &RequestId) -> Result<()> {
        self.keep_answer(desk, request, &AskAnswer::Void).await?;
        self.write_rows().await?;
        let row =
            sql("select header, salt, body, leaf from row where office = $1 and service = $2 and external_id = $3")
                .bind(self.seat.code.as_str())
                .bind(ask_service(desk))
                .bind(request.as_str())
                .first(&mut self.tx)
                .await?;
        let Some(row) = row else { return Ok(()) };
        let (header, body) = open(&stored_row(&row)?)?;
        let called = body.events.iter().find_map(|e| match e {
            Event::Called { counter, .. } => Some(*counter),
            _ => None,
        });
        if let Some(counter) = called {
            let events = vec![Event::CallVoided { counter, request: Some(request.clone()) }];
            let external_id = format!("{desk}/{request}");
            self.named_row(Stream::Office, "void".to_owned(), external_id, &header.subject, events).await?;
        }
        Ok(())
    }

    async fn keep_answer(&mut self, desk: DeskId, request: &RequestId, answer: &AskAnswer) -> Result<()> {
        sql("insert into ask (office, desk, request, answer) values ($1, $2, $3, $4)
             on conflict (office, desk, request) do update set answer = excluded.answer")
        .bind(self.seat.code.as_str())
        .bind(desk.0)
        .bind(request.as_str())
        .bind(serde_json::to_string(answer)?)
        .run(&mut self.tx)
        .await?;
        Ok(())
    }

    /// Whom a counter shall call. From its own share first; then from the shares of counters that nobody holds; from a
    /// held share nobody is taken, its holder is asked to release.
    fn call_next(&self, desk: DeskId, ask: &Ask, counter: CounterNo) -> Result<Decided, Refusal> {
        let related = &self.kept.layers;
        let office = related.office();
        let officer = office.roster.get(&ask.officer).filter(|o| o.active).ok_or(Refusal::NotYours)?;
        if office.holders.get(&counter).is_none_or(|h| h.desk != desk) {
            return Err(Refusal::CounterNotOpen);
        }
        let rules = office.rules_at(self.now).ok_or(Refusal::Unknown)?;
        let ctx = Context { rules, now: self.now, desk, officer: &ask.officer, role: officer.role, related };
        if !officer.role.serves() {
            return Err(Refusal::RoleForbids);
        }
        ctx.counter_is_free(counter)?;
        let today = rules.day(self.now);
        // Online only those are called who are known to have arrived.
        let waiting: Vec<&Visit> = related
            .visits()
            .filter(|v| matches!(v.stage(), Stage::Waiting { .. }))
            .filter(|v| v.plan.as_ref().is_some_and(|p| p.day == today))
            .collect();
        let first = |of: &dyn Fn(CounterNo) -> bool| {
            waiting.iter().filter(|v| v.state.share.is_some_and(of)).min_by(|a, b| a.order().cmp(&b.order()))
        };
        let called = Event::Called {
            counter,
            desk,
            officer: ask.officer.clone(),
            call: CallHow::Asked { request: ask.request.clone() },
        };
        let call = |visit: &Visit, events: Vec<Event>| Decided {
            answer: AskAnswer::Called { visit: visit.id.clone() },
            wish: None,
            row: Some(ServiceRow {
                stream: Stream::Office,
                name: "ask",
                external_id: ask.request.to_string(),
                subject: Subject::Visit(visit.id.clone()),
                events,
            }),
        };
        if let Some(visit) = first(&|share| share == counter) {
            return Ok(call(visit, vec![called]));
        }
        if let Some(visit) = first(&|share| !office.holders.contains_key(&share)) {
            return Ok(call(visit, vec![Event::ShareSet { counter, reclaimed: false }, called]));
        }
        // The counter with the longest line is asked for the last of it.
        let from = office
            .holders
            .keys()
            .map(|no| (waiting.iter().filter(|v| v.state.share == Some(*no)).count(), *no))
            .filter(|(count, no)| *count > 0 && *no != counter)
            .max_by_key(|(count, no)| (*count, std::cmp::Reverse(*no)));
        let wish = from.and_then(|(_, from)| {
            let in_share = waiting.iter().filter(|v| v.state.share == Some(from));
            let last = in_share.max_by(|a, b| a.order().cmp(&b.order()))?;
            Some(ReleaseWanted { from, to: counter, visits: vec![last.id.clone()] })
        });
        Ok(Decided { answer: AskAnswer::No { because: Refusal::NobodyWaiting }, wish, row: None })
    }
}
