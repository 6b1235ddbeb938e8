//! What one person alone can't do, as it is written down: proposals of rules with the word of a second administrator, and
//! the passwords that were tried. It promises that a decision is made about what is stored at that moment, in the
//! transaction that writes the rows which follow from it. What may be proposed or approved is the business of
//! [`crate::rulebook`].

use loket_core::act::{Event, Subject};
use loket_core::id::{Digest, OfficeCode, OfficerId, RulesVersion, Timestamp};
use loket_core::office::Office;
use loket_core::rules::Rules;
use loket_core::sync::Stream;

use super::db::{Line, Tx, sql};
use super::{Ledger, LedgerError, Result, ServiceRow, digest, number};

/// Passwords that may be tried in a row without a pause.
pub const TRIES_FREE: u32 = 3;
/// The pause after them, in milliseconds; it doubles with every further one...
pub const TRY_PAUSE_MS_MIN: i64 = 30_000;
/// ...up to this.
pub const TRY_PAUSE_MS_MAX: i64 = 15 * 60 * 1000;

/// What became of a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProposalState {
    Open,
    Approved,
    Rejected,
}

/// A version of the rules that somebody proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    pub version: RulesVersion,
    /// The newest version when it was proposed.
    pub base: RulesVersion,
    /// JSON of the rules, as it was proposed.
    pub rules: String,
    /// Of office, base and rules, as it was when it was proposed.
    pub digest: Digest,
    pub proposed_by: OfficerId,
    pub proposed_at: Timestamp,
    pub state: ProposalState,
    /// Who approved or rejected it.
    pub decided_by: Option<OfficerId>,
    pub decided_at: Timestamp,
}

/// What the second administrator says.
#[derive(Debug)]
pub enum Word {
    Approved(Box<Rules>),
    Rejected,
}

/// Milliseconds to wait after so many passwords without the right one.
fn pause_ms(tries: u32) -> i64 {
    match tries.checked_sub(TRIES_FREE) {
        None => 0,
        Some(more) => (TRY_PAUSE_MS_MIN << more.min(16)).min(TRY_PAUSE_MS_MAX),
    }
}

fn proposal(line: &Line) -> Result<Proposal> {
    let unread = |what: &str| LedgerError::Stored(format!("a proposal with {what}"));
    let officer = |id: String| OfficerId::new(id).map_err(|_| unread("no officer"));
    let found: Vec<u8> = line.get("digest")?;
    let decided_by: String = line.get("decided_by")?;
    Ok(Proposal {
        version: RulesVersion(line.small("version")?),
        base: RulesVersion(line.small("base")?),
        rules: line.get("rules")?,
        digest: digest(&found)?,
        proposed_by: officer(line.get("proposed_by")?)?,
        proposed_at: Timestamp(line.get("proposed_at")?),
        state: match line.get::<String>("state")?.as_str() {
            "open" => ProposalState::Open,
            "approved" => ProposalState::Approved,
            "rejected" => ProposalState::Rejected,
            _ => return Err(unread("no state")),
        },
        decided_by: if decided_by.is_empty() { None } else { Some(officer(decided_by)?) },
        decided_at: Timestamp(line.get("decided_at")?),
    })
}

async fn all(db: &mut Tx, office: &OfficeCode) -> Result<Vec<Proposal>> {
    let lines = sql("select version, base, rules, digest, proposed_by, proposed_at, state, decided_by, decided_at
         from proposal where office = $1 order by n")
    .bind(office.as_str())
    .all(db)
    .await?;
    lines.iter().map(proposal).collect()
}

impl Ledger {
    /// All proposals there ever were, oldest first.
    pub async fn proposals(&self, office: &OfficeCode) -> Result<Vec<Proposal>> {
        self.seat(office).await?;
        let mut db = self.database.read().await?;
        all(&mut db, office).await
    }

    /// Writes a proposal down. `make` sees the office and the proposals before it, as they are at that moment.
    pub async fn propose<E: From<LedgerError>>(
        &self,
        office: &OfficeCode,
        make: impl FnOnce(&Office, &[Proposal], Timestamp) -> Result<Proposal, E>,
    ) -> Result<Proposal, E> {
        let seat = self.seat(office).await?;
        let mut append = self.begin(&seat).await?;
        let before = all(&mut append.tx, office).await?;
        let made = make(&append.kept.layers.base.office, &before, append.now)?;
        sql("insert into proposal (office, n, version, base, rules, digest, proposed_by, proposed_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(office.as_str())
        .bind(number(before.len() as u64 + 1))
        .bind(made.version.0)
        .bind(made.base.0)
        .bind(&made.rules)
        .bind(&made.digest.0[..])
        .bind(made.proposed_by.as_str())
        .bind(made.proposed_at.0)
        .run(&mut append.tx)
        .await?;
        append.commit().await?;
        Ok(made)
    }

    /// Closes the open proposal of a version with the word of `by`; approved, it becomes registry rows in the same
    /// transaction.
    pub async fn close_proposal<E: From<LedgerError>>(
        &self,
        office: &OfficeCode,
        version: RulesVersion,
        by: &OfficerId,
        word: impl FnOnce(&Office, &Proposal, Timestamp) -> Result<Word, E>,
    ) -> Result<Proposal, E> {
        let seat = self.seat(office).await?;
        let mut append = self.begin(&seat).await?;
        let open = all(&mut append.tx, office).await?.into_iter();
        let mut open = open.filter(|p| p.version == version && p.state == ProposalState::Open);
        let mut proposal = open.next().ok_or(LedgerError::Absent("proposal"))?;
        let word = word(&append.kept.layers.base.office, &proposal, append.now)?;
        proposal.state = match word {
            Word::Approved(_) => ProposalState::Approved,
            Word::Rejected => ProposalState::Rejected,
        };
        (proposal.decided_by, proposal.decided_at) = (Some(by.clone()), append.now);
        sql("update proposal set state = $3, decided_by = $4, decided_at = $5
             where office = $1 and version = $2 and state = 'open'")
        .bind(office.as_str())
        .bind(version.0)
        .bind(if proposal.state == ProposalState::Approved { "approved" } else { "rejected" })
        .bind(by.as_str())
        .bind(append.now.0)
        .run(&mut append.tx)
        .await?;
        if let Word::Approved(rules) = word {
            let (proposed_by, approved_by) = (proposal.proposed_by.clone(), by.clone());
            let row = ServiceRow {
                stream: Stream::Registry,
                name: "rules",
                external_id: version.0.to_string(),
                subject: Subject::Office,
                events: vec![Event::RulesSet { rules }, Event::RulesApproved { version, proposed_by, approved_by }],
            };
            append.service_row(row).await?;
        }
        append.commit().await?;
        Ok(proposal)
    }

    /// Counts a password before anybody looks at it, so that pulling the plug gives none away. `Some` says for how many
    /// milliseconds none is looked at; that try is not counted.
    pub async fn count_try(&self, office: &OfficeCode, officer: &OfficerId) -> Result<Option<i64>> {
        let now = self.env.now();
        // Locked by the head row: two who try at once are counted one after the other.
        let seat = self.seat(office).await?;
        let mut append = self.begin(&seat).await?;
        let line = sql("select tries, at from vouching where office = $1 and officer = $2")
            .bind(office.as_str())
            .bind(officer.as_str())
            .first(&mut append.tx)
            .await?;
        let (tries, at) = match line {
            Some(line) => (line.small::<u32>("tries")?, Timestamp(line.get("at")?)),
            None => (0, now),
        };
        // A clock that went back gains nobody a try and costs nobody more than one pause.
        let wait = pause_ms(tries) - now.since(at).max(0);
        if wait > 0 {
            return Ok(Some(wait));
        }
        sql("insert into vouching (office, officer, tries, at) values ($1, $2, $3, $4)
             on conflict (office, officer) do update set tries = excluded.tries, at = excluded.at")
        .bind(office.as_str())
        .bind(officer.as_str())
        .bind(tries.saturating_add(1))
        .bind(now.0)
        .run(&mut append.tx)
        .await?;
        append.commit().await?;
        Ok(None)
    }

    /// The right password came: what was tried before is forgotten.
    pub async fn forget_tries(&self, office: &OfficeCode, officer: &OfficerId) -> Result<()> {
        let mut tx = self.database.write().await?;
        sql("delete from vouching where office = $1 and officer = $2")
            .bind(office.as_str())
            .bind(officer.as_str())
            .run(&mut tx)
            .await?;
        tx.commit().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_are_free_then_the_pause_doubles_up_to_a_quarter_of_an_hour() {
        assert_eq!([0, 2, 3, 4, 5].map(pause_ms), [0, 0, 30_000, 60_000, 120_000]);
        assert_eq!([8, 200, u32::MAX].map(pause_ms), [TRY_PAUSE_MS_MAX; 3]);
    }
}
