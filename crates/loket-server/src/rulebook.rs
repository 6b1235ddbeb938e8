//! How the rules of an office change. Tariffs, document tables, sessions, ages and letters are all in [`Rules`], and a
//! version after the first takes two administrators: one proposes it with the password, another one reads the difference
//! and approves exactly that, with a password of their own. It promises that nobody approves what they proposed, that what
//! was read is what comes into force, and that no day which has passed gets other rules. It never changes a version.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use loket_core::id::{Digest, OfficeCode, OfficerId, RulesVersion};
use loket_core::office::{Office, Role};
use loket_core::rules::{DocumentRule, Rules, Sessions, Surcharge, SurchargeFor, Tariff};
use serde_json::Value;

use crate::ledger::{Ledger, LedgerError, Proposal, ProposalState, Word};
use crate::people::{self, NotVouched};

/// Bytes of a file with rules.
pub const RULES_BYTES_MAX: usize = 64 * 1024;
/// Rows of a table in the rules: tariffs, surcharges, documents, sessions.
pub const TABLE_ROWS_MAX: usize = 200;
/// Times of one day at which people are booked.
pub const TIMES_PER_DAY_MAX: usize = 500;
/// Rupiah of one tariff or surcharge. A tenth of it is more than any fee ever was; ten zeros are a slip of the finger.
pub const AMOUNT_RP_MAX: u64 = 100_000_000;

/// Why rules were not proposed, approved or rejected. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RulesRefused {
    #[error(transparent)]
    NotVouched(#[from] NotVouched),
    #[error("these rules can't be used: {}", .0.join("; "))]
    Complaints(Vec<String>),
    #[error("{0} has no rules yet; `loket-server admin office` takes in its first version")]
    NoFirst(OfficeCode),
    #[error("the next version is {next}, not {found}; write version = {next} into the file")]
    NotNext { next: u32, found: u32 },
    #[error("{from} has passed ({today} is today at the office); rules begin today or later")]
    InThePast { from: NaiveDate, today: NaiveDate },
    #[error("nothing differs from version {0}; there is nothing to approve")]
    NothingNew(u32),
    #[error(
        "version {version} was proposed by {by} and nobody has decided; `admin approve` or `admin reject` it first"
    )]
    AlreadyProposed { version: u32, by: OfficerId },
    #[error("no proposal of version {0} is open; `admin proposals` lists them")]
    NoProposal(u32),
    #[error("{0} proposed this version; another administrator must approve it")]
    OwnProposal(OfficerId),
    #[error(
        "this is not the proposal that was read; look at it with `admin proposals` and give the digest shown there"
    )]
    OtherDigest,
    #[error("the stored proposal is not what was proposed; `admin reject` it and propose the rules anew")]
    Altered,
    #[error("version {0} came into the rules since this was proposed; `admin reject` it and propose the rules anew")]
    BaseMoved(u32),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

type Result<T, E = RulesRefused> = std::result::Result<T, E>;

/// Reads rules written by hand as TOML. A word that rules don't have is a slip, not a comment.
pub fn parse(text: &str) -> Result<Rules> {
    let complaint = |what: String| RulesRefused::Complaints(vec![what]);
    if text.len() > RULES_BYTES_MAX {
        return Err(complaint(format!("the file is longer than {RULES_BYTES_MAX} bytes")));
    }
    let written: Value = toml::from_str(text).map_err(|e| complaint(e.message().to_owned()))?;
    let rules: Rules = toml::from_str(text).map_err(|e| complaint(e.message().to_owned()))?;
    let known = serde_json::to_value(&rules).map_err(LedgerError::from)?;
    let mut unknown = Vec::new();
    strangers(&written, &known, "", &mut unknown);
    if !unknown.is_empty() {
        return Err(RulesRefused::Complaints(unknown));
    }
    Ok(rules)
}

/// Words of the file that nobody reads.
fn strangers(written: &Value, known: &Value, place: &str, out: &mut Vec<String>) {
    match (written, known) {
        (Value::Object(written), Value::Object(known)) => {
            for (name, value) in written {
                let place = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
                match known.get(name) {
                    Some(known) => strangers(value, known, &place, out),
                    None => out.push(format!("{place} is no part of the rules")),
                }
            }
        }
        (Value::Array(written), Value::Array(known)) => {
            for (i, (written, known)) in written.iter().zip(known).enumerate() {
                strangers(written, known, &format!("{place}[{}]", i + 1), out);
            }
        }
        _ => {}
    }
}

/// Complaints beyond [`Rules::complaints`]: what a slip of the finger does to amounts and times.
pub fn complaints(rules: &Rules) -> Vec<String> {
    let mut out = rules.complaints();
    let tables = [
        ("tariffs", rules.tariffs.len()),
        ("surcharges", rules.surcharges.len()),
        ("documents", rules.documents.len()),
        ("sessions", rules.sessions.len()),
    ];
    for (name, rows) in tables {
        if rows > TABLE_ROWS_MAX {
            out.push(format!("{name} has {rows} rows; at most {TABLE_ROWS_MAX} are possible"));
        }
    }
    let mut seen = BTreeMap::new();
    for (label, value) in tables_in_words(rules) {
        if let Some(first) = seen.insert(label.clone(), value) {
            out.push(format!("{label} stands there twice, once as {first}"));
        }
    }
    let amounts = rules.tariffs.iter().map(|t| t.amount_rp).chain(rules.surcharges.iter().map(|s| s.amount_rp));
    for amount in amounts.filter(|a| *a == 0 || *a > AMOUNT_RP_MAX) {
        out.push(format!("an amount of {amount} rupiah; it must be above 0 and at most {AMOUNT_RP_MAX}"));
    }
    for years in rules.tariffs.iter().map(|t| t.validity_years).filter(|y| ![5, 10].contains(y)) {
        out.push(format!("a tariff for {years} years; passports are good for 5 or 10"));
    }
    // A passport that can be applied for must have a price on the first day.
    for electronic in [false, true].into_iter().filter(|electronic| *electronic || !rules.electronic_only) {
        for years in [5, 10] {
            let fits =
                |t: &Tariff| t.electronic == electronic && t.validity_years == years && t.from <= rules.effective_from;
            if !rules.tariffs.iter().any(fits) {
                let sort = passport_in_words(electronic, years);
                out.push(format!("no tariff holds on {} for {sort}", rules.effective_from));
            }
        }
    }
    if rules.sessions.iter().all(|s| s.every_min > 0) {
        let times: Vec<_> = rules.sessions.iter().flat_map(Sessions::places).collect();
        if times.len() / 3 > TIMES_PER_DAY_MAX {
            out.push(format!(
                "sessions have {} times a day; at most {TIMES_PER_DAY_MAX} are possible",
                times.len() / 3
            ));
        }
        let mut seen = std::collections::BTreeSet::new();
        if let Some((time, ..)) = times.iter().find(|(time, kind, _)| !seen.insert((*time, kind.as_str()))) {
            out.push(format!("two sessions have the time {}", time.format("%H:%M")));
        }
    }
    out
}

fn passport_in_words(electronic: bool, years: u8) -> String {
    format!("{} passport, {years} years", if electronic { "electronic" } else { "ordinary" })
}

fn rupiah(amount: u64) -> String {
    let digits = amount.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('.');
        }
        out.push(digit);
    }
    format!("Rp {out}")
}

/// The word by which an enum is written in the file.
fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(text)) => text,
        Ok(other) => other.to_string(),
        Err(error) => error.to_string(),
    }
}

fn words<T: serde::Serialize>(values: &[T]) -> String {
    values.iter().map(word).collect::<Vec<_>>().join(", ")
}

/// The tables of the rules, a line for each row.
fn tables_in_words(rules: &Rules) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for DocumentRule { kind, age, documents } in &rules.documents {
        out.push((format!("documents for {}, {}", word(kind), word(age)), words(documents)));
    }
    for Tariff { from, electronic, validity_years, amount_rp } in &rules.tariffs {
        let sort = passport_in_words(*electronic, *validity_years);
        out.push((format!("tariff from {from}, {sort}"), rupiah(*amount_rp)));
    }
    for Surcharge { from, what, amount_rp } in &rules.surcharges {
        let what = match what {
            SurchargeFor::SameDay => "same-day service",
            SurchargeFor::Lost => "a lost booklet",
            SurchargeFor::Damaged => "a damaged booklet",
        };
        out.push((format!("surcharge from {from}, {what}"), rupiah(*amount_rp)));
    }
    for Sessions { from, to, every_min, regular, priority, same_day } in &rules.sessions {
        let label = format!("session from {}", from.format("%H:%M"));
        let value = format!(
            "to {}, every {every_min} minutes: {regular} regular, {priority} priority, {same_day} same-day",
            to.format("%H:%M")
        );
        out.push((label, value));
    }
    out
}

/// Everything that the rules say, a line for each thing, in the order in which people read it.
pub fn in_words(rules: &Rules) -> Vec<(String, String)> {
    let Rules {
        version: _,
        effective_from,
        zone_minutes: _,
        letter_regular,
        letter_priority,
        recalls_max,
        recall_gap_s,
        recalls_before_no_show,
        undo_s,
        promise_min,
        service_min,
        collect_after_days,
        fingers_from_age,
        finger_quality_min,
        finger_attempts_max,
        offline_sign_in_days,
        fields,
        documents: _,
        tariffs: _,
        surcharges: _,
        electronic_only,
        adult_from_age,
        people_per_account_max,
        publish_from_hour,
        sessions: _,
        reschedules_max,
    } = rules;
    let yes_no = if *electronic_only { "yes" } else { "no" };
    let mut out: Vec<(String, String)> = [
        ("first day in force", effective_from.to_string()),
        ("zone", rules.zone_name()),
        ("letter of regular tickets", letter_regular.clone()),
        ("letter of priority tickets", letter_priority.clone()),
        ("calls repeated at most", format!("{recalls_max} times")),
        ("pause between two calls", format!("{recall_gap_s} s")),
        ("calls repeated before a no-show", format!("{recalls_before_no_show} times")),
        ("time to undo", format!("{undo_s} s")),
        ("called at the latest after", format!("{promise_min} min")),
        ("service takes as a rule", format!("{service_min} min")),
        ("passport ready after", format!("{collect_after_days} working days")),
        ("fingerprints from age", fingers_from_age.to_string()),
        ("finger taken again below quality", finger_quality_min.to_string()),
        ("attempts per finger", finger_attempts_max.to_string()),
        ("sign-in without the centre", format!("{offline_sign_in_days} days")),
        ("fields held against documents", words(fields)),
        ("electronic passports only", yes_no.to_owned()),
        ("ten years from age", adult_from_age.to_string()),
        ("open applications per account", people_per_account_max.to_string()),
        ("next day's list published from", format!("{publish_from_hour:02}.00")),
        ("applicant may move", format!("{reschedules_max} times")),
    ]
    .map(|(label, value)| (label.to_owned(), value))
    .into();
    out.extend(tables_in_words(rules));
    out
}

/// One thing that two versions say differently; `None` where one of them says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub what: String,
    pub old: Option<String>,
    pub new: Option<String>,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let or_nothing = |side: &Option<String>| side.clone().unwrap_or_else(|| "(nothing)".to_owned());
        write!(f, "{}: {} -> {}", self.what, or_nothing(&self.old), or_nothing(&self.new))
    }
}

/// What differs, thing by thing. The version number itself is none of it.
pub fn differences(old: &Rules, new: &Rules) -> Vec<Difference> {
    let mut before: Vec<(String, String)> = in_words(old);
    let mut out = Vec::new();
    for (what, new) in in_words(new) {
        let old = before.iter().position(|(label, _)| *label == what).map(|at| before.remove(at).1);
        if old.as_ref() != Some(&new) {
            out.push(Difference { what, old, new: Some(new) });
        }
    }
    out.extend(before.into_iter().map(|(what, old)| Difference { what, old: Some(old), new: None }));
    out
}

/// What an approval is given to.
fn digest(office: &OfficeCode, base: RulesVersion, rules: &str) -> Digest {
    Digest::of(format!("loket-rules-1\n{office}\n{}\n{rules}", base.0).as_bytes())
}

/// May this version follow what stands, from today's point of view?
fn check(office: &Office, rules: &Rules, now: loket_core::id::Timestamp) -> Result<RulesVersion> {
    let (Some(newest), Some(in_force)) = (office.rules.values().next_back(), office.rules_at(now)) else {
        let code = office.info.as_ref().map(|i| i.code.clone());
        return Err(code.map_or(LedgerError::Absent("office").into(), RulesRefused::NoFirst));
    };
    let complaints = complaints(rules);
    if !complaints.is_empty() {
        return Err(RulesRefused::Complaints(complaints));
    }
    let next = newest.version.0 + 1;
    if rules.version.0 != next {
        return Err(RulesRefused::NotNext { next, found: rules.version.0 });
    }
    let today = in_force.day(now);
    if rules.effective_from < today {
        return Err(RulesRefused::InThePast { from: rules.effective_from, today });
    }
    Ok(newest.version)
}

/// The version that a proposal would take the place of on its first day.
pub fn replaced<'a>(office: &'a Office, rules: &Rules) -> Option<&'a Rules> {
    office.rules_on(rules.effective_from).or_else(|| office.rules.values().next())
}

/// An administrator proposes the next version. It comes into force only when another one approves it.
pub async fn propose(
    ledger: &Ledger,
    office: &OfficeCode,
    rules: &Rules,
    by: &OfficerId,
    password: &str,
) -> Result<Proposal> {
    let by = people::vouch(ledger, office, by, password, Role::Administrator).await?.id;
    let text = serde_json::to_string(rules).map_err(LedgerError::from)?;
    ledger
        .propose(office, |standing, before, now| {
            let base = check(standing, rules, now)?;
            if let Some(old) = replaced(standing, rules)
                && differences(old, rules).iter().all(|d| d.what == "first day in force")
            {
                return Err(RulesRefused::NothingNew(old.version.0));
            }
            let open = |p: &&Proposal| p.version == rules.version && p.state == ProposalState::Open;
            if let Some(open) = before.iter().find(open) {
                let by = open.proposed_by.clone();
                return Err(RulesRefused::AlreadyProposed { version: rules.version.0, by });
            }
            Ok(Proposal {
                version: rules.version,
                base,
                digest: digest(office, base, &text),
                rules: text,
                proposed_by: by,
                proposed_at: now,
                state: ProposalState::Open,
                decided_by: None,
                decided_at: loket_core::id::Timestamp(0),
            })
        })
        .await
}

/// The rules of a proposal, if they are still what was proposed.
pub fn rules_of(office: &OfficeCode, proposal: &Proposal) -> Result<Rules> {
    if digest(office, proposal.base, &proposal.rules) != proposal.digest {
        return Err(RulesRefused::Altered);
    }
    serde_json::from_str(&proposal.rules).map_err(|_| RulesRefused::Altered)
}

fn none_open(version: RulesVersion) -> impl FnOnce(RulesRefused) -> RulesRefused {
    move |refused| match refused {
        RulesRefused::Ledger(LedgerError::Absent("proposal")) => RulesRefused::NoProposal(version.0),
        other => other,
    }
}

/// Another administrator approves what they read, named by its digest. From then on it is in the registry.
pub async fn approve(
    ledger: &Ledger,
    office: &OfficeCode,
    version: RulesVersion,
    read: &Digest,
    by: &OfficerId,
    password: &str,
) -> Result<Proposal> {
    let by = people::vouch(ledger, office, by, password, Role::Administrator).await?.id;
    let word = |standing: &Office, proposal: &Proposal, now| {
        if proposal.proposed_by == by {
            return Err(RulesRefused::OwnProposal(by.clone()));
        }
        if proposal.digest != *read {
            return Err(RulesRefused::OtherDigest);
        }
        let rules = rules_of(office, proposal)?;
        if let Some(newest) = standing.rules.keys().next_back().filter(|newest| **newest != proposal.base) {
            return Err(RulesRefused::BaseMoved(newest.0));
        }
        // A proposal may lie for weeks: what was a day ahead may have passed.
        check(standing, &rules, now)?;
        Ok(Word::Approved(Box::new(rules)))
    };
    let approved = ledger.close_proposal(office, version, &by, word).await.map_err(none_open(version))?;
    tracing::info!(%office, version = version.0, proposed_by = %approved.proposed_by, approved_by = %by,
        "Rules version {} of {office} approved", version.0);
    Ok(approved)
}

/// An administrator rejects a proposal, or takes back their own.
pub async fn reject(
    ledger: &Ledger,
    office: &OfficeCode,
    version: RulesVersion,
    by: &OfficerId,
    password: &str,
) -> Result<Proposal> {
    let by = people::vouch(ledger, office, by, password, Role::Administrator).await?.id;
    let word = |_: &Office, _: &Proposal, _| Ok(Word::Rejected);
    ledger.close_proposal(office, version, &by, word).await.map_err(none_open(version))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Rules {
        crate::people::OfficeFile::parse(include_str!("../../../assets/sample/office.toml")).unwrap().rules.remove(0)
    }

    fn lines(new: &Rules) -> Vec<String> {
        differences(&sample(), new).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_difference_reads_like_a_sentence_of_the_decree() {
        let mut new = sample();
        new.tariffs[7].amount_rp = 1_050_000;
        new.surcharges.pop();
        new.reschedules_max = 2;
        new.sessions[0].regular = 25;
        new.documents[0].documents.pop();
        assert_eq!(
            lines(&new),
            [
                "applicant may move: 1 times -> 2 times",
                "documents for new, adult: ktp, family_card, birth_certificate -> ktp, family_card",
                "tariff from 2024-12-17, electronic passport, 10 years: Rp 950.000 -> Rp 1.050.000",
                "session from 07:00: to 15:30, every 5 minutes: 20 regular, 10 priority, 5 same-day -> to 15:30, every \
                 5 minutes: 25 regular, 10 priority, 5 same-day",
                "surcharge from 2019-05-03, a damaged booklet: Rp 500.000 -> (nothing)",
            ]
        );
        assert!(lines(&sample()).is_empty());
    }

    #[test]
    fn nothing_in_the_rules_changes_without_a_line_that_says_so() {
        let standing = serde_json::to_value(sample()).unwrap();
        for (name, value) in standing.as_object().unwrap() {
            let mut changed = standing.clone();
            changed[name] = match value {
                Value::Number(n) => (n.as_i64().unwrap() + 1).into(),
                Value::Bool(b) => (!b).into(),
                Value::String(s) if s.len() == 1 => "Z".into(),
                Value::String(_) => "2027-03-01".into(),
                Value::Array(rows) => rows[1..].into(),
                other => panic!("{name}: {other}"),
            };
            let new: Rules = serde_json::from_value(changed).unwrap();
            assert_eq!(lines(&new).is_empty(), name == "version", "{name}");
        }
    }

    #[test]
    fn a_slip_of_the_finger_is_named() {
        let named = |change: &dyn Fn(&mut Rules), part: &str| {
            let mut rules = sample();
            change(&mut rules);
            let found = complaints(&rules);
            assert!(found.iter().any(|c| c.contains(part)), "{part}: {found:?}");
        };
        assert!(complaints(&sample()).is_empty(), "{:?}", complaints(&sample()));
        named(&|r| r.tariffs[0].amount_rp = AMOUNT_RP_MAX + 1, "rupiah");
        named(&|r| r.surcharges[0].amount_rp = 0, "rupiah");
        named(&|r| r.tariffs[0].validity_years = 7, "7 years");
        named(&|r| r.tariffs.retain(|t| t.electronic), "ordinary passport, 5 years");
        named(&|r| r.tariffs.push(r.tariffs[0].clone()), "twice");
        named(&|r| r.sessions.push(r.sessions[0].clone()), "07:00");
        named(&|r| r.sessions[0].every_min = 1, "times a day");
        named(&|r| r.documents = vec![r.documents[0].clone(); TABLE_ROWS_MAX + 1], "at most 200");
    }

    #[test]
    fn a_stored_proposal_that_somebody_changed_is_none() {
        let office = OfficeCode::new("KNC").unwrap();
        let rules = serde_json::to_string(&sample()).unwrap();
        let mut proposal = Proposal {
            version: RulesVersion(2),
            base: RulesVersion(1),
            digest: digest(&office, RulesVersion(1), &rules),
            rules,
            proposed_by: OfficerId::new("ratih.wibowo").unwrap(),
            proposed_at: loket_core::id::Timestamp(0),
            state: ProposalState::Open,
            decided_by: None,
            decided_at: loket_core::id::Timestamp(0),
        };
        assert_eq!(rules_of(&office, &proposal).unwrap(), sample());
        proposal.rules = proposal.rules.replacen("950000", "90000", 1);
        assert!(matches!(rules_of(&office, &proposal), Err(RulesRefused::Altered)));
        proposal.rules = serde_json::to_string(&sample()).unwrap();
        proposal.base = RulesVersion(2);
        assert!(matches!(rules_of(&office, &proposal), Err(RulesRefused::Altered)), "another ground");
    }

    #[test]
    fn a_word_that_rules_do_not_have_is_not_read_over() {
        let sample = include_str!("../../../assets/sample/office.toml");
        let text = sample.split_once("[[rules]]").unwrap().1;
        assert_eq!(parse(text).unwrap(), self::sample());
        let why = |text: &str| parse(text).unwrap_err().to_string();
        assert!(why(&text.replace("sessions =", "sesions =")).contains("sesions is no part"));
        assert!(
            why(&text.replacen("same_day = 5", "same_days = 5, same_day = 5", 1)).contains("sessions[1].same_days")
        );
        assert!(why(&format!("{text}\n#{}", "x".repeat(RULES_BYTES_MAX))).contains("longer"));
        assert!(why("version = 1").contains("missing"));
    }
}
