//! Who works where: offices, counters, the roster, desks, and the rules in force. What an office looks like is written by
//! hand in a TOML file and taken in with `loket-server admin office`; taking the same file in again changes nothing, and
//! what has changed becomes new registry rows. Passwords are never stored: they wrap an officer's key and are forgotten.
//! Whoever answers for something at the server itself shows the password ([`vouch`]), and wrong ones cost time.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, bail, ensure};
use loket_core::act::{Event, Subject};
use loket_core::id::{Digest, OfficeCode, OfficerId, RulesVersion};
use loket_core::office::{COUNTERS_MAX, CounterInfo, Office, OfficeInfo, Officer, Role};
use loket_core::rules::Rules;
use loket_core::sync::{EnrolAnswer, EnrolAsk, Stream};
use loket_seal::{BoxSecret, Cost, Envelope};
use serde::Deserialize;

use crate::env::Env;
use crate::ledger::{Ledger, LedgerError, NewDesk, ServiceRow};

/// How long an enrolment code can be used, in milliseconds.
pub const CODE_VALID_MS: i64 = 15 * 60 * 1000;
/// Characters of an officer's password.
pub const PASSWORD_CHARS_MIN: usize = 12;
/// Characters of a machine's name.
pub const DESK_NAME_CHARS_MAX: usize = 80;
/// Characters of an officer's name.
pub const OFFICER_NAME_CHARS_MAX: usize = 80;
/// Characters of what a counter serves.
pub const SERVICE_CHARS_MAX: usize = 80;
/// Thirty signs that nobody reads as another one: no 0 O, 1 I L, and no U.
const CODE_SIGNS: &[u8; 30] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";

/// An office as it is written by hand.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfficeFile {
    /// Invented people with published passwords. Only then may passwords stand in the file.
    #[serde(default)]
    pub sample: bool,
    pub code: OfficeCode,
    pub name: String,
    pub address: Vec<String>,
    pub counters: Vec<CounterInfo>,
    pub officers: Vec<OfficerEntry>,
    pub rules: Vec<Rules>,
}

/// A line of the roster.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfficerEntry {
    pub id: OfficerId,
    pub name: String,
    pub role: Role,
    #[serde(default = "yes")]
    pub active: bool,
    /// In a sample only.
    pub password: Option<String>,
}

fn yes() -> bool {
    true
}

impl OfficeFile {
    /// Reads and checks a file.
    pub fn parse(text: &str) -> anyhow::Result<OfficeFile> {
        let file: OfficeFile = toml::from_str(text).context("Reading the office file")?;
        ensure!(file.counters.len() <= COUNTERS_MAX, "an office has at most {COUNTERS_MAX} counters");
        ensure!(!file.counters.is_empty(), "an office without a counter can serve nobody");
        for officer in &file.officers {
            ensure!(
                file.sample || officer.password.is_none(),
                "{}: a password may stand in a file only where `sample = true` says that everybody in it is invented",
                officer.id
            );
        }
        for rules in &file.rules {
            let complaints = rules.complaints();
            ensure!(complaints.is_empty(), "rules version {}: {}", rules.version.0, complaints.join("; "));
        }
        Ok(file)
    }
}

/// Takes in an office file; how many registry rows were written. `ask_password` is called for each officer who is new
/// and has none in the file. Of rules only the first version is taken in, while there are none: [`crate::rulebook`] has the
/// way of all later ones.
pub async fn set_up(
    ledger: &Ledger,
    data: &Path,
    file: &OfficeFile,
    cost: Cost,
    mut ask_password: impl FnMut(&OfficerId) -> anyhow::Result<String>,
) -> anyhow::Result<usize> {
    ledger.add_office(&file.code).await?;
    let standing = ledger.view(&file.code, |world| world.office.clone()).await?;
    let mut items: Vec<(String, Event)> = Vec::new();

    let recovery_key = match &standing.info {
        Some(info) => info.recovery_key.clone(),
        None => recovery_key(data, &file.code)?,
    };
    let info =
        OfficeInfo { code: file.code.clone(), name: file.name.clone(), address: file.address.clone(), recovery_key };
    if standing.info.as_ref() != Some(&info) {
        items.push(("office".to_owned(), Event::OfficeSet { info }));
    }
    for counter in &file.counters {
        if standing.counters.get(&counter.no) != Some(counter) {
            items.push((format!("counter/{}", counter.no), Event::CounterSet { counter: counter.clone() }));
        }
    }
    let first = file.rules.iter().map(|r| r.version).min().unwrap_or(RulesVersion(1));
    for rules in &file.rules {
        match standing.rules.get(&rules.version) {
            // Somebody has to begin; from then on it takes two.
            None if standing.rules.is_empty() && rules.version == first => {
                items.push((format!("rules/{}", rules.version.0), Event::RulesSet { rules: Box::new(rules.clone()) }))
            }
            Some(known) if known == rules => {}
            Some(_) => bail!(
                "rules version {} is in force and acts name it; write what changed as a new version",
                rules.version.0
            ),
            None => bail!(
                "rules version {}: only the first version comes with the office file. A later one takes two \
                 administrators: put it into a file of its own and run `loket-server admin propose`",
                rules.version.0
            ),
        }
    }
    for entry in &file.officers {
        if let Some(officer) = officer(&standing, entry, cost, &mut ask_password)? {
            items.push((format!("officer/{}", officer.id), Event::OfficerSet { officer }));
        }
    }
    write_items(ledger, &file.code, items).await
}

/// An officer as the roster should have them, if that differs from what it has.
fn officer(
    standing: &Office,
    entry: &OfficerEntry,
    cost: Cost,
    ask_password: &mut impl FnMut(&OfficerId) -> anyhow::Result<String>,
) -> anyhow::Result<Option<Officer>> {
    let OfficerEntry { id, name, role, active, password } = entry.clone();
    let known = standing.roster.get(&id);
    if let Some(known) = known {
        if password.as_deref().is_none_or(|password| opens(known, password)) {
            let (envelope, public_key) = (known.envelope.clone(), known.public_key.clone());
            let officer = Officer { id, name, role, active, envelope, public_key };
            return Ok((officer != *known).then_some(officer));
        }
        // Another password without the old one is a new person to all that was sealed to the old key.
        tracing::warn!(officer = %id, "Officer {id} gets a new key: the password in the file is not the one in force");
    }
    let password = match password {
        Some(password) => password,
        None => ask_password(&id)?,
    };
    let (envelope, public_key) = envelope(&id, &password, cost)?;
    Ok(Some(Officer { id, name, role, active, envelope, public_key }))
}

/// A new key under a password: the envelope, and the public half.
fn envelope(id: &OfficerId, password: &str, cost: Cost) -> anyhow::Result<(String, String)> {
    ensure!(
        password.chars().count() >= PASSWORD_CHARS_MIN,
        "{id}: a password has at least {PASSWORD_CHARS_MIN} characters"
    );
    let secret = BoxSecret::random();
    let envelope = serde_json::to_string(&Envelope::make(password, &secret, cost)).context("Wrapping a key")?;
    Ok((envelope, secret.public()))
}

/// Is this the officer's password?
pub(crate) fn opens(officer: &Officer, password: &str) -> bool {
    let secret = serde_json::from_str::<Envelope>(&officer.envelope).ok().and_then(|e| e.open(password).ok());
    // Whoever puts an envelope of their own into the roster does not have the key that it stands beside.
    secret.is_some_and(|secret| secret.public() == officer.public_key)
}

/// Why somebody can't answer for something.
#[derive(Debug, thiserror::Error)]
pub enum NotVouched {
    #[error("{officer} is not an active {} of {office}", role_in_words(*.role))]
    NotInRole { office: OfficeCode, officer: OfficerId, role: Role },
    #[error("this is not the password of {0}; wrong ones are counted")]
    WrongPassword(OfficerId),
    #[error("too many wrong passwords for {officer}; try again in {wait_s} seconds")]
    Wait { officer: OfficerId, wait_s: i64 },
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// A role as people say it.
pub fn role_in_words(role: Role) -> &'static str {
    match role {
        Role::Officer => "officer",
        Role::Supervisor => "supervisor",
        Role::Administrator => "administrator",
        Role::Auditor => "auditor",
    }
}

/// Somebody answers for something with their own password: active, of this role, on the roster of this office. Wrong
/// passwords are counted over restarts and cost more and more time; then the right one is not looked at either.
pub async fn vouch(
    ledger: &Ledger,
    office: &OfficeCode,
    officer: &OfficerId,
    password: &str,
    role: Role,
) -> Result<Officer, NotVouched> {
    let found = ledger.view(office, |world| world.office.roster.get(officer).cloned()).await?;
    let not_in_role = || NotVouched::NotInRole { office: office.clone(), officer: officer.clone(), role };
    let found = found.filter(|o| o.active && o.role == role).ok_or_else(not_in_role)?;
    if let Some(wait_ms) = ledger.count_try(office, officer).await? {
        return Err(NotVouched::Wait { officer: officer.clone(), wait_s: (wait_ms + 999) / 1000 });
    }
    let (asked, password) = (found.clone(), password.to_owned());
    let right = tokio::task::spawn_blocking(move || opens(&asked, &password)).await.unwrap_or(false);
    if !right {
        tracing::warn!(%office, %officer, "A wrong password for {officer}");
        return Err(NotVouched::WrongPassword(officer.clone()));
    }
    ledger.forget_tries(office, officer).await?;
    Ok(found)
}

/// Writes changed items of an office as registry rows of `admin`.
async fn write_items(ledger: &Ledger, office: &OfficeCode, items: Vec<(String, Event)>) -> anyhow::Result<usize> {
    if items.is_empty() {
        return Ok(0);
    }
    let written = ledger.append_service(office, |_, heads| {
        // The place in the stream makes the id unique: an item may go back to what it once was.
        let next = heads.get(&Stream::Registry).map_or(0, |h| h.seq) + 1;
        Ok(items
            .into_iter()
            .map(|(item, event)| ServiceRow {
                stream: Stream::Registry,
                name: "admin",
                external_id: format!("{item}@{next}"),
                subject: Subject::Office,
                events: vec![event],
            })
            .collect())
    });
    Ok(written.await?)
}

/// The public half of an office's recovery key. The private half lies in a file that only the server's user can read,
/// until two persons take it into custody.
fn recovery_key(data: &Path, office: &OfficeCode) -> anyhow::Result<String> {
    let path = data.join("keys").join(format!("{}.recovery", office.as_str().replace(['/', ':'], "_")));
    let text = secret_file(&path, || hex::encode(BoxSecret::random().bytes()))?;
    let bytes = hex::decode(text.trim()).context("Reading the recovery key")?;
    let secret = BoxSecret::from_bytes(&bytes).ok().context("The recovery key is not a key")?;
    Ok(secret.public())
}

/// The text in a file that only its owner can read; made on first use.
pub fn secret_file(path: &Path, make: impl FnOnce() -> String) -> anyhow::Result<String> {
    let doing = || format!("Keeping a secret in {}", path.display());
    if path.exists() {
        return fs::read_to_string(path).with_context(doing);
    }
    fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).with_context(doing)?;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let text = make();
    let mut file = options.open(path).with_context(doing)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).with_context(doing)?;
    Ok(text)
}

/// An officer may no longer work here; what they do from now on is quarantined.
pub async fn revoke_officer(ledger: &Ledger, office: &OfficeCode, id: &OfficerId) -> anyhow::Result<()> {
    let roster: BTreeMap<OfficerId, Officer> = ledger.view(office, |world| world.office.roster.clone()).await?;
    let officer = roster.get(id).with_context(|| format!("{id} is not on the roster of {office}"))?;
    if officer.active {
        let officer = Officer { active: false, ..officer.clone() };
        write_items(ledger, office, vec![(format!("officer/{id}"), Event::OfficerSet { officer })]).await?;
    }
    Ok(())
}

/// What is said about one officer; what is left out stays as it is.
#[derive(Debug, Clone, Default)]
pub struct OfficerChange {
    pub name: Option<String>,
    pub role: Option<Role>,
    pub active: Option<bool>,
    /// A new password is a new key: what was sealed to the old one stays closed to it.
    pub password: Option<String>,
}

/// Adds an officer to the roster or changes one; whether anything was written.
pub async fn change_officer(
    ledger: &Ledger,
    office: &OfficeCode,
    id: &OfficerId,
    change: OfficerChange,
    cost: Cost,
) -> anyhow::Result<bool> {
    let known = ledger.view(office, |world| world.office.roster.get(id).cloned()).await?;
    let OfficerChange { name, role, active, password } = change;
    let name = name.or_else(|| known.as_ref().map(|k| k.name.clone())).unwrap_or_default().trim().to_owned();
    ensure!(!name.is_empty(), "{id} is not on the roster yet: --name says what colleagues call them");
    ensure!(
        name.chars().count() <= OFFICER_NAME_CHARS_MAX && !name.chars().any(char::is_control),
        "a name has at most {OFFICER_NAME_CHARS_MAX} characters and no line breaks"
    );
    let role = role.or(known.as_ref().map(|k| k.role));
    let role = role.with_context(|| format!("{id} is not on the roster yet: --role says what they do"))?;
    let active = active.or(known.as_ref().map(|k| k.active)).unwrap_or(true);
    let (envelope, public_key) = match (&known, password) {
        (Some(known), None) => (known.envelope.clone(), known.public_key.clone()),
        (None, None) => bail!("{id} is not on the roster yet: a one-time password is needed"),
        (known, Some(password)) => {
            if known.is_some() {
                tracing::warn!(officer = %id, "Officer {id} gets a new key: the password is not the one in force");
            }
            envelope(id, &password, cost)?
        }
    };
    let officer = Officer { id: id.clone(), name, role, active, envelope, public_key };
    if known.as_ref() == Some(&officer) {
        return Ok(false);
    }
    Ok(write_items(ledger, office, vec![(format!("officer/{id}"), Event::OfficerSet { officer })]).await? > 0)
}

/// Adds a counter or changes what it serves; whether anything was written.
pub async fn set_counter(ledger: &Ledger, office: &OfficeCode, counter: CounterInfo) -> anyhow::Result<bool> {
    let there = ledger.view(office, |world| world.office.counters.clone()).await?;
    ensure!((1..=COUNTERS_MAX).contains(&usize::from(counter.no.0)), "counters are numbered from 1 to {COUNTERS_MAX}");
    let words = counter.service.chars().count();
    ensure!((1..=SERVICE_CHARS_MAX).contains(&words), "what a counter serves has 1 to {SERVICE_CHARS_MAX} characters");
    if there.get(&counter.no) == Some(&counter) {
        return Ok(false);
    }
    let item = (format!("counter/{}", counter.no), Event::CounterSet { counter });
    Ok(write_items(ledger, office, vec![item]).await? > 0)
}

fn code_digest(code: &str) -> Digest {
    let signs: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    Digest::of(signs.to_ascii_uppercase().as_bytes())
}

/// A new enrolment code, `XXXX-XXXX-XXXX`. Kept only as its digest; good for one machine and fifteen minutes.
pub async fn enrolment_code(ledger: &Ledger, office: &OfficeCode) -> Result<String, LedgerError> {
    let env = ledger.env();
    let mut signs = String::new();
    while signs.len() < 12 {
        // 240 is the largest multiple of 30 in a byte: beyond it some signs would come more often.
        let usable = env.chance::<32>().into_iter().filter(|b| *b < 240);
        signs.extend(usable.map(|b| char::from(CODE_SIGNS[usize::from(b) % CODE_SIGNS.len()])));
    }
    let code = format!("{}-{}-{}", &signs[..4], &signs[4..8], &signs[8..12]);
    ledger.add_code(office, &code_digest(&code), env.now().plus_ms(CODE_VALID_MS)).await?;
    Ok(code)
}

/// Makes a machine a workstation. Its token leaves the server here and is kept only as a digest.
pub async fn enrol(ledger: &Ledger, env: &Env, ask: EnrolAsk) -> Result<EnrolAnswer, LedgerError> {
    let EnrolAsk { code, name, signing_key } = ask;
    let name = name.trim().to_owned();
    if name.is_empty() || name.chars().count() > DESK_NAME_CHARS_MAX || name.chars().any(char::is_control) {
        return Err(LedgerError::Malformed("name".to_owned()));
    }
    if !hex::decode(&signing_key).is_ok_and(|k| k.len() == 32) {
        return Err(LedgerError::Malformed("signing_key".to_owned()));
    }
    let token = hex::encode(env.chance::<32>());
    let new = NewDesk { name, signing_key, token_digest: Digest::of(token.as_bytes()) };
    let (office, info) = ledger.enrol(&code_digest(&code), new).await?;
    tracing::info!(%office, desk = %info.desk, "{} of {office} enrolled", info.desk);
    Ok(EnrolAnswer { office, desk: info.desk, token, series_year: info.series_year, receipts_used: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = include_str!("../../../assets/sample/office.toml");

    #[test]
    fn the_sample_office_can_be_used() {
        let file = OfficeFile::parse(SAMPLE).unwrap();
        assert_eq!(file.counters.len(), 3);
        assert!(file.officers.iter().all(|o| o.password.is_some()));
    }

    #[test]
    fn a_password_in_a_file_of_real_people_is_refused() {
        let text = SAMPLE.replace("sample = true", "sample = false");
        assert!(OfficeFile::parse(&text).unwrap_err().to_string().contains("invented"));
    }

    #[test]
    fn a_code_may_be_typed_in_small_letters_and_without_hyphens() {
        assert_eq!(code_digest("ABCD-2345-EFGH"), code_digest("abcd 2345efgh"));
    }
}
