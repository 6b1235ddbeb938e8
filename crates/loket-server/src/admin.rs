//! What an administrator types: offices and people, workstations, places, lists, and the rules that two of them answer for.
//! Each command prints plain lines and can be given while the server runs. Passwords never stand on a command line: they
//! are read from the terminal or from standard input, a line each.

use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use chrono::{NaiveDate, NaiveTime};
use clap::Subcommand;
use loket_core::application::PlaceKind;
use loket_core::id::{CounterNo, DeskId, Digest, OfficeCode, OfficerId, RulesVersion, Timestamp};
use loket_core::office::{CounterInfo, Office, Role};
use loket_core::rules::Rules;
use loket_seal::Cost;

use crate::env::Env;
use crate::ledger::{Denied, Ledger, LedgerError, Places, Proposal, ProposalState, Wanted};
use crate::people::{self, OfficeFile, OfficerChange, role_in_words};
use crate::publish;
use crate::registers::{self, AdapterUrls, post};
use crate::rulebook::{self, RulesRefused};
use crate::updates::{Channel, NewRelease, Notes, Released, Version, release};

#[derive(Debug, Clone, Subcommand)]
pub enum Admin {
    /// Take in an office: counters, roster, and the first version of its rules. The same file again changes nothing.
    Office {
        #[arg(long)]
        file: PathBuf,
    },
    /// List the roster, or add or change one officer. Nothing given but the office lists.
    Officer {
        #[arg(long)]
        office: OfficeCode,
        #[arg(long)]
        officer: Option<OfficerId>,
        #[arg(long, requires = "officer")]
        name: Option<String>,
        /// officer, supervisor, administrator or auditor.
        #[arg(long, requires = "officer", value_parser = role)]
        role: Option<Role>,
        /// Ask for a new one-time password. It makes a new key: what is sealed to the old one stays closed.
        #[arg(long, requires = "officer")]
        new_password: bool,
        /// Let somebody work again who was taken off. `revoke-officer` is the reverse.
        #[arg(long, requires = "officer")]
        active: bool,
    },
    /// Add a counter or change what it serves.
    Counter {
        #[arg(long)]
        office: OfficeCode,
        #[arg(long)]
        no: u8,
        /// What it serves, in words.
        #[arg(long)]
        service: String,
    },
    /// List the workstations.
    Desks {
        #[arg(long)]
        office: OfficeCode,
    },
    /// Print an enrolment code for one machine, good for fifteen minutes.
    Code {
        #[arg(long)]
        office: OfficeCode,
    },
    /// Publish the list of a day. A second time only adds.
    Publish {
        #[arg(long)]
        office: OfficeCode,
        #[arg(long)]
        day: NaiveDate,
    },
    /// Open the places of working days, from the sessions of the rules. What is open already stays as it is.
    Places {
        #[arg(long)]
        office: OfficeCode,
        #[arg(long)]
        from: NaiveDate,
        #[arg(long)]
        to: NaiveDate,
    },
    /// Show or change the places of a day.
    Quota {
        #[command(subcommand)]
        what: Quota,
    },
    /// Print the tariffs and surcharges that hold on a day.
    Tariffs {
        #[arg(long)]
        office: OfficeCode,
        #[arg(long)]
        on: NaiveDate,
    },
    /// List the versions of the rules, or print one of them.
    Rules {
        #[arg(long)]
        office: OfficeCode,
        #[arg(long)]
        version: Option<u32>,
    },
    /// Propose the next version of the rules. Another administrator must approve it.
    Propose {
        #[arg(long)]
        office: OfficeCode,
        /// TOML, as below `[[rules]]` in an office file.
        #[arg(long)]
        file: PathBuf,
        /// Who proposes; the password is asked for.
        #[arg(long)]
        by: OfficerId,
    },
    /// Show what is proposed, and what would change.
    Proposals {
        #[arg(long)]
        office: OfficeCode,
    },
    /// Approve a proposal of somebody else.
    Approve {
        #[arg(long)]
        office: OfficeCode,
        #[arg(long)]
        version: u32,
        /// As `admin proposals` shows it: exactly what was read is approved.
        #[arg(long)]
        digest: Digest,
        /// Who approves; the password is asked for.
        #[arg(long)]
        by: OfficerId,
    },
    /// Reject a proposal, or take back one's own.
    Reject {
        #[arg(long)]
        office: OfficeCode,
        #[arg(long)]
        version: u32,
        /// Who rejects; the password is asked for.
        #[arg(long)]
        by: OfficerId,
    },
    /// What this officer does from now on is quarantined.
    RevokeOfficer {
        #[arg(long)]
        office: OfficeCode,
        #[arg(long)]
        officer: OfficerId,
    },
    /// From now on this desk delivers into quarantine only.
    RevokeDesk {
        #[arg(long)]
        office: OfficeCode,
        /// Such as 1 for W001.
        #[arg(long)]
        desk: u16,
    },
    /// What outside systems have still to be asked: kind, state, how many, and since when the oldest of them.
    Errands,
    /// Hand what lies ready for the post over: makes the list, tells the post, prints it.
    Manifest {
        #[arg(long)]
        office: OfficeCode,
        /// An earlier list, with the numbers it has got since.
        #[arg(long)]
        again: Option<String>,
        /// Also into this file, as CSV.
        #[arg(long)]
        to: Option<PathBuf>,
        #[command(flatten)]
        adapters: AdapterUrls,
    },
    /// Put a version of the desk's program into a channel: its manifest is signed, and whoever asks gets both. Prints
    /// the public half of the key, which desks have to know.
    Release(Release),
}

#[derive(Debug, Clone, clap::Args)]
pub struct Release {
    /// stable or pilot
    #[arg(long)]
    channel: Channel,
    /// Such as 1.4.0; newer than the one before.
    #[arg(long)]
    version: Version,
    /// The installer.
    #[arg(long)]
    file: PathBuf,
    /// What is new, in Indonesian.
    #[arg(long, default_value = "")]
    notes_id: String,
    /// What is new, in English.
    #[arg(long, default_value = "")]
    notes_en: String,
}

#[derive(Debug, Clone, Subcommand)]
pub enum Quota {
    /// What is open and what is taken, by day and kind; with --times, by time too.
    Show {
        #[arg(long)]
        office: OfficeCode,
        #[arg(long)]
        from: NaiveDate,
        #[arg(long)]
        to: NaiveDate,
        #[arg(long)]
        times: bool,
    },
    /// Change how many places one time has; never below what is taken.
    Set {
        #[arg(long)]
        office: OfficeCode,
        #[arg(long)]
        day: NaiveDate,
        /// HH:MM on the office's clock.
        #[arg(long, value_parser = time)]
        time: NaiveTime,
        /// regular, priority or same_day.
        #[arg(long, value_parser = kind, default_value = "regular")]
        kind: PlaceKind,
        #[arg(long)]
        places: u32,
    },
    /// Take no further bookings for a day. Whoever has a place keeps it.
    Close {
        #[arg(long)]
        office: OfficeCode,
        #[arg(long)]
        day: NaiveDate,
    },
    /// Take bookings for a closed day again.
    Reopen {
        #[arg(long)]
        office: OfficeCode,
        #[arg(long)]
        day: NaiveDate,
    },
}

fn role(text: &str) -> Result<Role, String> {
    let all = [Role::Officer, Role::Supervisor, Role::Administrator, Role::Auditor];
    let found = all.into_iter().find(|r| role_in_words(*r) == text);
    found.ok_or_else(|| "a role is officer, supervisor, administrator or auditor".to_owned())
}

fn kind(text: &str) -> Result<PlaceKind, String> {
    let found = PlaceKind::ALL.into_iter().find(|k| k.as_str() == text);
    found.ok_or_else(|| "a kind of place is regular, priority or same_day".to_owned())
}

fn time(text: &str) -> Result<NaiveTime, String> {
    NaiveTime::parse_from_str(text, "%H:%M").map_err(|_| "a time is written HH:MM, such as 09:30".to_owned())
}

/// Needs no ledger: a release belongs to no office.
fn put_into_channel(data: &Path, env: &Env, new: Release) -> anyhow::Result<Vec<String>> {
    let Release { channel, version, file, notes_id, notes_en } = new;
    let notes = Notes { id: notes_id, en: notes_en };
    let Released { manifest, again, public_key } =
        release(data, env, &NewRelease { channel, version, file: &file, notes })?;
    let was = if again { "stands already" } else { "released" };
    Ok(vec![
        format!("{} {} {was}: {}", channel.as_str(), manifest.version, manifest.file),
        format!("public key: {public_key}"),
    ])
}

/// Does what was typed; the lines to print.
pub async fn obey(
    ledger: &Ledger,
    data: &Path,
    what: Admin,
    cost: Cost,
    mut ask_password: impl FnMut(&OfficerId) -> anyhow::Result<String>,
) -> anyhow::Result<Vec<String>> {
    Ok(match what {
        Admin::Office { file } => {
            let text = std::fs::read_to_string(&file).with_context(|| format!("Reading {}", file.display()))?;
            let office = OfficeFile::parse(&text)?;
            let rows = people::set_up(ledger, data, &office, cost, ask_password).await?;
            vec![format!("{}: {rows} changes", office.code)]
        }
        Admin::Officer { office, officer: None, .. } => ledger.view(&office, roster).await?,
        Admin::Officer { office, officer: Some(id), name, role, new_password, active } => {
            let known = ledger.view(&office, |world| world.office.roster.contains_key(&id)).await?;
            let password = if new_password || !known { Some(ask_password(&id)?) } else { None };
            let change = OfficerChange { name, role, active: active.then_some(true), password };
            let changed = people::change_officer(ledger, &office, &id, change, cost).await?;
            vec![format!("{id}: {}", if changed { "changed; the desks hear of it" } else { "nothing to change" })]
        }
        Admin::Counter { office, no, service } => {
            let counter = CounterInfo { no: CounterNo(no), service };
            let changed = people::set_counter(ledger, &office, counter).await?;
            vec![format!("Counter {no}: {}", if changed { "changed" } else { "nothing to change" })]
        }
        Admin::Desks { office } => desks(ledger, &office).await?,
        Admin::Code { office } => vec![people::enrolment_code(ledger, &office).await?],
        Admin::Publish { office, day } => {
            vec![format!("{} visits added to {day}", publish::publish_day(ledger, &office, day).await?)]
        }
        Admin::Places { office, from, to } => {
            vec![format!("{} places opened", ledger.open_places(&office, from..=to).await?)]
        }
        Admin::Quota { what } => quota(ledger, what).await?,
        Admin::Tariffs { office, on } => {
            let rules = ledger.view(&office, |world| world.office.rules_on(on).cloned()).await?;
            tariffs(&rules.with_context(|| format!("{office} has no rules for {on} yet"))?, on)
        }
        Admin::Rules { office, version } => rules(ledger, &office, version).await?,
        Admin::Propose { office, file, by } => {
            let text = std::fs::read_to_string(&file).with_context(|| format!("Reading {}", file.display()))?;
            let rules = rulebook::parse(&text).with_context(|| format!("Reading {}", file.display()))?;
            let password = ask_password(&by)?;
            let proposal = rulebook::propose(ledger, &office, &rules, &by, &password).await?;
            let mut out = ledger.view(&office, |world| in_lines(&office, &world.office, &proposal)).await?;
            out.push("Another administrator reads this and approves it with `admin approve`.".to_owned());
            out
        }
        Admin::Proposals { office } => {
            let open: Vec<Proposal> =
                ledger.proposals(&office).await?.into_iter().filter(|p| p.state == ProposalState::Open).collect();
            match open.is_empty() {
                true => vec![format!("{office}: nothing is proposed")],
                false => {
                    let all = |standing: &Office| open.iter().flat_map(|p| in_lines(&office, standing, p)).collect();
                    ledger.view(&office, |world| all(&world.office)).await?
                }
            }
        }
        Admin::Approve { office, version, digest, by } => {
            let password = ask_password(&by)?;
            let done = rulebook::approve(ledger, &office, RulesVersion(version), &digest, &by, &password).await?;
            let from = rulebook::rules_of(&office, &done)?.effective_from;
            vec![format!("Version {version}, proposed by {}, approved by {by}: in force from {from}", done.proposed_by)]
        }
        Admin::Reject { office, version, by } => {
            let password = ask_password(&by)?;
            let done = rulebook::reject(ledger, &office, RulesVersion(version), &by, &password).await?;
            vec![format!("Version {version}, proposed by {}, rejected by {by}", done.proposed_by)]
        }
        Admin::RevokeOfficer { office, officer } => {
            people::revoke_officer(ledger, &office, &officer).await?;
            vec![format!("{officer}: what comes in from now on is quarantined")]
        }
        Admin::Errands => registers::admin_errands(ledger).await?,
        Admin::Manifest { office, again, to, adapters } => {
            let adapters = adapters.adapters(data, ledger.env())?;
            post::admin_manifest(ledger, &adapters, &office, again.as_deref(), to.as_deref()).await?
        }
        Admin::Release(new) => put_into_channel(data, ledger.env(), new)?,
        Admin::RevokeDesk { office, desk } => {
            ledger.revoke_desk(&office, DeskId(desk)).await?;
            vec![format!("{}: what comes in from now on is quarantined", DeskId(desk))]
        }
    })
}

fn roster(world: &loket_core::world::World) -> Vec<String> {
    let line = |o: &loket_core::office::Officer| {
        let gone = if o.active { "" } else { ", taken off" };
        format!("{}: {}, {}{gone}", o.id, o.name, role_in_words(o.role))
    };
    world.office.roster.values().map(line).collect()
}

/// A moment on the office's clock; in UTC where there are no rules yet.
fn moment(rules: Option<&Rules>, at: Timestamp) -> String {
    match rules {
        _ if at.0 == 0 => "never".to_owned(),
        Some(rules) => format!("{} {}", rules.local(at).format("%Y-%m-%d %H.%M"), rules.zone_name()),
        None => format!("{} ms UTC", at.0),
    }
}

async fn desks(ledger: &Ledger, office: &OfficeCode) -> anyhow::Result<Vec<String>> {
    let now = ledger.env().now();
    let rules = ledger.view(office, |world| world.office.rules_at(now).cloned()).await?;
    let line = |desk: crate::ledger::DeskRecord| {
        let revoked = if desk.revoked { ", revoked" } else { "" };
        let heard = moment(rules.as_ref(), desk.last_heard);
        let scans = match desk.scans_waiting {
            0 => String::new(),
            some => format!(", {some} scans on their way"),
        };
        format!("{}: {}, {} commands, heard {heard}{scans}{revoked}", desk.desk, desk.name, desk.n)
    };
    Ok(ledger.desks(office).await?.into_iter().map(line).collect())
}

async fn quota(ledger: &Ledger, what: Quota) -> anyhow::Result<Vec<String>> {
    match what {
        Quota::Show { office, from, to, times } => {
            let closed = ledger.closed_days(&office, from..=to).await?;
            let places = ledger.places(&office, from..=to).await?;
            let mut out = Vec::new();
            for day in from.iter_days().take_while(|d| *d <= to) {
                let of_day: Vec<&Places> = places.iter().filter(|p| p.day == day).collect();
                let word = if closed.contains(&day) { " (closed: no further bookings)" } else { "" };
                for kind in PlaceKind::ALL {
                    let of_kind: Vec<&Places> = of_day.iter().copied().filter(|p| p.kind == kind).collect();
                    if of_kind.is_empty() {
                        continue;
                    }
                    let sum = |of: fn(&Places) -> u32| of_kind.iter().map(|p| of(p)).sum::<u32>();
                    let (taken, all) = (sum(|p| p.taken), sum(|p| p.places));
                    out.push(format!("{day} {}: {taken} of {all} taken{word}", kind.as_str()));
                    for p in of_kind.iter().filter(|_| times) {
                        out.push(format!("  {} {} of {} taken", p.time.format("%H:%M"), p.taken, p.places));
                    }
                }
            }
            if out.is_empty() {
                out.push(format!("No places are open from {from} to {to}; `admin places` opens them"));
            }
            Ok(out)
        }
        Quota::Set { office, day, time, kind, places } => {
            let at = Wanted { day, time, kind };
            match ledger.set_places(&office, &at, places).await {
                Ok(()) => Ok(vec![format!("{day} {} {}: {places} places", time.format("%H:%M"), kind.as_str())]),
                Err(LedgerError::Denied(Denied::MoreAreTaken)) => {
                    let there = ledger.places(&office, day..=day).await?;
                    let taken = there.iter().find(|p| p.time == time && p.kind == kind).map_or(0, |p| p.taken);
                    bail!("{taken} places are taken at that time; fewer can't be set. Nothing was changed")
                }
                Err(LedgerError::Malformed(_)) => {
                    bail!("one time has at most {} places of a kind", crate::ledger::PLACES_MAX)
                }
                Err(other) => Err(other.into()),
            }
        }
        Quota::Close { office, day } => {
            let taken = ledger.close_day(&office, day).await?;
            Ok(vec![format!("{day}: closed to further bookings; {taken} places are taken and stay so")])
        }
        Quota::Reopen { office, day } => {
            ledger.reopen_day(&office, day).await?;
            Ok(vec![format!("{day}: takes bookings again")])
        }
    }
}

/// What holds on a day: of several amounts for one thing the newest that has begun.
fn tariffs(rules: &Rules, on: NaiveDate) -> Vec<String> {
    let mut in_force = rules.clone();
    let tariffs = &rules.tariffs;
    let begun = |from: NaiveDate| from <= on;
    in_force.tariffs.retain(|t| {
        let same = |o: &&loket_core::rules::Tariff| {
            o.electronic == t.electronic && o.validity_years == t.validity_years && begun(o.from)
        };
        begun(t.from) && tariffs.iter().filter(same).all(|o| o.from <= t.from)
    });
    let surcharges = &rules.surcharges;
    in_force.surcharges.retain(|s| {
        begun(s.from) && surcharges.iter().filter(|o| o.what == s.what && begun(o.from)).all(|o| o.from <= s.from)
    });
    let mut out = vec![format!("On {on}, by rules version {}:", rules.version.0)];
    let lines = rulebook::in_words(&in_force).into_iter();
    let of_money = lines.filter(|(what, _)| what.starts_with("tariff ") || what.starts_with("surcharge "));
    out.extend(of_money.map(|(what, value)| format!("  {what}: {value}")));
    out
}

async fn rules(ledger: &Ledger, office: &OfficeCode, version: Option<u32>) -> anyhow::Result<Vec<String>> {
    let now = ledger.env().now();
    let (all, in_force) = ledger
        .view(office, |world| (world.office.rules.clone(), world.office.rules_at(now).map(|r| r.version)))
        .await?;
    ensure!(!all.is_empty(), "{office} has no rules yet; `admin office` takes in the first version");
    if let Some(version) = version {
        let rules = all.get(&RulesVersion(version));
        let rules = rules.with_context(|| format!("{office} has no version {version}; it has {}", all.len()))?;
        return Ok(rulebook::in_words(rules).into_iter().map(|(what, value)| format!("{what}: {value}")).collect());
    }
    let proposals = ledger.proposals(office).await?;
    let line = |rules: &Rules| {
        let approved = proposals.iter().find(|p| p.version == rules.version && p.state == ProposalState::Approved);
        let by = match approved.and_then(|p| Some((&p.proposed_by, p.decided_by.as_ref()?))) {
            Some((proposed, approved)) => format!("proposed by {proposed}, approved by {approved}"),
            None => "taken in with the office".to_owned(),
        };
        let now = if Some(rules.version) == in_force { ", in force now" } else { "" };
        format!("Version {} from {}: {by}{now}", rules.version.0, rules.effective_from)
    };
    Ok(all.values().map(line).collect())
}

/// A proposal as the second administrator reads it.
fn in_lines(office: &OfficeCode, standing: &Office, proposal: &Proposal) -> Vec<String> {
    let clock = standing.rules_at(proposal.proposed_at);
    let at = moment(clock, proposal.proposed_at);
    let mut out = vec![format!("Version {}, proposed by {} on {at}", proposal.version.0, proposal.proposed_by)];
    match rulebook::rules_of(office, proposal) {
        Ok(rules) => match rulebook::replaced(standing, &rules) {
            Some(old) => {
                out.push(format!("Instead of version {}, from {}:", old.version.0, rules.effective_from));
                out.extend(rulebook::differences(old, &rules).iter().map(|d| format!("  {d}")));
                // Whoever reads should know what comes after it.
                let later = standing.rules.values().filter(|r| r.effective_from > rules.effective_from);
                out.extend(later.map(|r| format!("Version {} follows on {}", r.version.0, r.effective_from)));
            }
            None => out.push(RulesRefused::NoFirst(office.clone()).to_string()),
        },
        Err(refused) => out.push(refused.to_string()),
    }
    out.push(format!("Digest {}", proposal.digest));
    out
}

/// A password from the terminal, where nobody sees it, or a line of standard input.
pub fn ask_password(officer: &OfficerId) -> anyhow::Result<String> {
    let stdin = std::io::stdin();
    let mut line = String::new();
    if stdin.is_terminal() {
        eprint!("Password of {officer}: ");
        let unseen = Unseen::begin();
        stdin.lock().read_line(&mut line).context("Reading a password from the terminal")?;
        drop(unseen);
        eprintln!();
    } else {
        stdin.lock().read_line(&mut line).context("Reading a password from standard input")?;
    }
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    ensure!(!password.is_empty(), "no password came for {officer}: a line of standard input for each, in order");
    Ok(password)
}

/// While it lives, what is typed is not shown. Ends with the terminal as it was.
struct Unseen {
    #[cfg(unix)]
    before: Option<rustix::termios::Termios>,
}

impl Unseen {
    fn begin() -> Unseen {
        #[cfg(unix)]
        {
            use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
            let before = tcgetattr(std::io::stdin()).ok();
            if let Some(mut quiet) = before.clone() {
                quiet.local_modes.remove(LocalModes::ECHO);
                let _ = tcsetattr(std::io::stdin(), OptionalActions::Flush, &quiet);
            }
            Unseen { before }
        }
        #[cfg(not(unix))]
        Unseen {}
    }
}

impl Drop for Unseen {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(before) = &self.before {
            let now = rustix::termios::OptionalActions::Now;
            let _ = rustix::termios::tcsetattr(std::io::stdin(), now, before);
        }
    }
}
