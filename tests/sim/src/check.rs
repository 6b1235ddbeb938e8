//! What must hold, whatever happened: the invariants of a day, each under its letter.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::ensure;
use loket_core::act::{Act, CallHow, Command, Origin};
use loket_core::id::{DeskId, Digest, ReceiptNo};
use loket_core::sync::{RowBody, RowHeader, RowOutcome, Stream};
use loket_core::visit::Stage;
use loket_core::world::{Related, World};
use loket_tests::office::office_code;

use crate::day::Day;

impl Day<'_> {
    /// What must hold at the centre at any moment: (b) no fact is refused, (c) one service at a time, (d) dense numbers,
    /// (g) what is stored is what the rows come to.
    pub async fn centre_holds(&self) -> anyhow::Result<BTreeMap<(DeskId, u64), Digest>> {
        let ledger = &self.ledgers[0];
        let office = office_code();
        let (stored, refolded) = (ledger.stored(&office).await?, ledger.refold(&office).await?);
        ensure!(stored == refolded, "(g) the stored aggregates are not what the rows come to");
        for ledger in &self.ledgers {
            ensure!(ledger.view(&office, World::clone).await? == refolded, "(g) a process has another view");
        }
        let (mut there, mut replaced) = (BTreeMap::new(), BTreeSet::new());
        let mut last: BTreeMap<DeskId, u64> = BTreeMap::new();
        let mut cursors = BTreeMap::new();
        let mut seqs: BTreeMap<Stream, u64> = BTreeMap::new();
        loop {
            let since = ledger.since(&office, &cursors).await?;
            if since.rows.is_empty() {
                break;
            }
            for row in &since.rows {
                let header: RowHeader = serde_json::from_str(&row.header)?;
                let body: Option<RowBody> = row.body.as_deref().map(serde_json::from_str).transpose()?;
                let seq = seqs.entry(header.stream).or_insert(0);
                ensure!(header.seq == *seq + 1, "(d) row {} of {:?} after {seq}", header.seq, header.stream);
                *seq = header.seq;
                if let Origin::Desk { desk, n, .. } = header.origin {
                    let last = last.entry(desk).or_insert(0);
                    ensure!(n == *last + 1, "(d) command {n} of {desk} after {last}");
                    *last = n;
                    let stamped = body.as_ref().and_then(|b| b.stamped.as_deref()).unwrap_or_default();
                    there.insert((desk, n), Command::digest_of(stamped));
                    let command: Command = serde_json::from_str(stamped)?;
                    if let Act::Call { call: CallHow::Share { instead_of: Some(request) }, .. } = &command.act
                        && !matches!(header.outcome, RowOutcome::Quarantined { .. })
                    {
                        replaced.insert(request.clone());
                    }
                    if let RowOutcome::Refused { because } = &header.outcome {
                        ensure!(command.act.is_claim(), "(b) a fact was refused: {:?}, {because:?}", command.act);
                    }
                }
                // A cursor names the epoch of the head, whatever epoch its row is of.
                let epoch = since.heads.get(&header.stream).map_or(header.epoch, |h| h.epoch);
                cursors.insert(header.stream, loket_core::sync::Cursor { epoch, seq: header.seq, leaf: row.leaf });
            }
        }
        for visit in refolded.visits() {
            let Stage::Called { request: Some(request), .. } = visit.stage() else { continue };
            ensure!(!replaced.contains(request), "(c) {} is called by {request}, which was replaced", visit.id);
        }
        serving_holds(&refolded)?;
        Ok(there)
    }

    /// What must hold when everything was heard: (a) nothing that was saved is lost, (e) receipt numbers, (f) everybody
    /// sees the same.
    pub async fn everybody_agrees(&self) -> anyhow::Result<()> {
        let there = self.centre_holds().await?;
        let ledger = &self.ledgers[0];
        let office = office_code();
        let mut receipts: BTreeMap<ReceiptNo, Digest> = BTreeMap::new();
        for (index, machine) in self.machines.iter().enumerate() {
            let Some(store) = &machine.store else { continue };
            let journal = store.journal(usize::MAX >> 1).await?;
            let kept: BTreeMap<u64, Digest> =
                journal.iter().map(|done| (done.command.n, Command::digest_of(&done.stamped))).collect();
            for (n, digest) in &machine.saved {
                ensure!(kept.get(n) == Some(digest), "(a) act {n} of machine {index} was saved and is gone");
            }
            ensure!(kept.len() as u64 == kept.keys().max().copied().unwrap_or(0), "(d) holes in the outbox of {index}");
            if machine.is_copy {
                continue;
            }
            let state = store.state().await;
            ensure!(state.unsent().count() == 0, "(h) machine {index} has unsent work");
            let Some(desk) = state.identity.as_ref().map(|i| i.desk) else { continue };
            for (n, digest) in &kept {
                ensure!(
                    there.get(&(desk, *n)) == Some(digest),
                    "(a) act {n} of machine {index} is another one at the centre"
                );
            }
            let mut serial = 0;
            for done in journal.iter().rev() {
                if let Act::IssueReceipt { number } = &done.command.act {
                    serial += 1;
                    ensure!(number.serial == serial, "(e) receipt {number} after {}", serial - 1);
                    // A machine that was copied and has done nothing since holds the same paper, not another one.
                    let paper = Command::digest_of(&done.stamped);
                    let other = receipts.insert(number.clone(), paper);
                    ensure!(other.is_none_or(|other| other == paper), "(e) receipt {number} on two papers");
                }
            }
            let snapshot = ledger.snapshot(&office, desk).await?;
            ensure!(snapshot.cursors == state.absorbed, "(f) machine {index} is at other rows");
            let Some(work) = &state.work else { continue };
            for aggregate in &snapshot.aggregates {
                let subject = aggregate.subject();
                ensure!(
                    work.layers.base.get(&subject).as_ref() == Some(aggregate),
                    "(f) machine {index} has another {subject:?}"
                );
            }
            ensure!(work.layers.over().is_empty(), "(h) work of machine {index} still lies on top");
        }
        Ok(())
    }
}

/// (c) No case is served at two counters.
fn serving_holds(world: &World) -> anyhow::Result<()> {
    for visit in world.visits() {
        let Stage::Serving { services } = visit.stage() else { continue };
        let mut cases = BTreeSet::new();
        for no in services.iter().flat_map(|s| &s.applications) {
            ensure!(cases.insert(no), "(c) {no} is served at two counters");
        }
    }
    Ok(())
}
