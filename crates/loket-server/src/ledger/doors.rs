//! Who may come in and what was handed in: desks and their chains, enrolment codes, scans, and the register of things
//! taken in from outside, so that a repeat changes nothing.

use loket_core::act::{Event, Subject};
use loket_core::application::PaymentState;
use loket_core::id::{ApplicationNo, DeskId, Digest, OfficeCode, ScanHash, Timestamp};
use loket_core::office::DeskInfo;
use loket_core::sync::Stream;
use loket_core::world::Related as _;

use super::db::{Line, Tx, sql};
use super::{Append, Denied, Ledger, LedgerError, Result, ServiceRow, digest, number};

/// Workstations of one office; the number is written with three digits.
const DESKS_MAX: u16 = 999;
/// How often the time a desk was last heard is written down, in milliseconds.
const HEARD_EVERY_MS: i64 = 60_000;

/// A workstation as the server knows it.
#[derive(Debug, Clone)]
pub struct DeskRecord {
    pub desk: DeskId,
    pub name: String,
    /// SHA-256 of its token. The token itself is nowhere.
    pub token_digest: Digest,
    pub signing_key: String,
    /// Its newest command.
    pub n: u64,
    pub digest: Digest,
    pub series_year: u8,
    pub revoked: bool,
    pub scans_waiting: u32,
    pub last_heard: Timestamp,
}

/// A machine that brings a code.
#[derive(Debug)]
pub struct NewDesk {
    pub name: String,
    pub signing_key: String,
    pub token_digest: Digest,
}

/// A scan whose bytes are in the store.
#[derive(Debug, Clone)]
pub struct ScanRecord {
    pub hash: ScanHash,
    pub media_type: String,
    pub bytes: u64,
    /// Its name in the store.
    pub file: String,
    /// 0 if nobody has looked yet.
    pub pages: u32,
    /// Code of the decoder, empty if it can be shown or nobody has looked yet.
    pub unreadable: String,
}

/// What came in is new, or was there already with the same content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrived {
    New,
    Again,
}

fn desk_record(row: &Line) -> Result<DeskRecord> {
    let (token, chain): (Vec<u8>, Vec<u8>) = (row.get("token_digest")?, row.get("digest")?);
    let n: i64 = row.get("n")?;
    Ok(DeskRecord {
        desk: DeskId(row.small("desk")?),
        name: row.get("name")?,
        token_digest: digest(&token)?,
        signing_key: row.get("signing_key")?,
        n: n.unsigned_abs(),
        digest: digest(&chain)?,
        series_year: row.small("series_year")?,
        revoked: row.get::<i64>("revoked")? != 0,
        scans_waiting: row.small("scans_waiting")?,
        last_heard: Timestamp(row.get("last_heard")?),
    })
}

pub(super) async fn desk_of(db: &mut Tx, office: &OfficeCode, desk: DeskId) -> Result<DeskRecord> {
    let row =
        sql("select desk, name, token_digest, signing_key, n, digest, series_year, revoked, scans_waiting, last_heard
         from desk where office = $1 and desk = $2")
        .bind(office.as_str())
        .bind(desk.0)
        .first(db)
        .await?;
    desk_record(&row.ok_or(LedgerError::Absent("desk"))?)
}

/// Compares without telling by the time it takes how much was right.
pub(crate) fn same(a: &Digest, b: &Digest) -> bool {
    a.0.iter().zip(b.0).fold(0, |acc, (a, b)| acc | (a ^ b)) == 0
}

pub(super) async fn insert_scan(tx: &mut Tx, scan: &ScanRecord, now: Timestamp) -> Result<Arrived> {
    let done =
        sql("insert into scan (hash, media_type, bytes, file, at) values ($1, $2, $3, $4, $5) on conflict do nothing")
            .bind(&scan.hash.0[..])
            .bind(&scan.media_type)
            .bind(number(scan.bytes))
            .bind(&scan.file)
            .bind(now.0)
            .run(tx)
            .await?;
    Ok(if done == 1 { Arrived::New } else { Arrived::Again })
}

impl Append<'_> {
    pub(super) async fn desk(&mut self, desk: DeskId) -> Result<DeskRecord> {
        desk_of(&mut self.tx, &self.seat.code, desk).await
    }

    /// Writes down how far the chain of a desk has got.
    pub(super) async fn keep_chain(&mut self, desk: &DeskRecord) -> Result<()> {
        sql("update desk set n = $3, digest = $4 where office = $1 and desk = $2")
            .bind(self.seat.code.as_str())
            .bind(desk.desk.0)
            .bind(number(desk.n))
            .bind(&desk.digest.0[..])
            .run(&mut self.tx)
            .await?;
        Ok(())
    }

    /// Registers what came in from outside.
    pub(super) async fn take_in(&mut self, kind: &str, external_id: &str, content: &Digest) -> Result<Arrived> {
        let number = if kind == "payment" { "ntpn" } else { "application_no" };
        // Another office may take the same number in at this moment: the first one stands, and the second one sees it.
        let new = sql(
            "insert into taken_in (kind, external_id, office, digest, at) values ($1, $2, $3, $4, $5) on conflict do nothing",
        )
        .bind(kind)
        .bind(external_id)
        .bind(self.seat.code.as_str())
        .bind(&content.0[..])
        .bind(self.now.0)
        .run(&mut self.tx)
        .await?;
        if new == 1 {
            return Ok(Arrived::New);
        }
        let row = sql("select office, digest from taken_in where kind = $1 and external_id = $2")
            .bind(kind)
            .bind(external_id)
            .first(&mut self.tx)
            .await?;
        let row = row.ok_or(LedgerError::Absent("number"))?;
        let (office, found): (String, Vec<u8>) = (row.get("office")?, row.get("digest")?);
        if office == self.seat.code.as_str() && digest(&found)? == *content {
            return Ok(Arrived::Again);
        }
        Err(Denied::DiffersFromBefore(number).into())
    }
}

impl Ledger {
    /// A workstation of an office.
    pub async fn desk(&self, office: &OfficeCode, desk: DeskId) -> Result<DeskRecord> {
        let mut db = self.database.read().await?;
        desk_of(&mut db, office, desk).await
    }

    /// All workstations of an office.
    pub async fn desks(&self, office: &OfficeCode) -> Result<Vec<DeskRecord>> {
        let mut db = self.database.read().await?;
        let rows = sql(
            "select desk, name, token_digest, signing_key, n, digest, series_year, revoked, scans_waiting, last_heard
             from desk where office = $1 order by desk",
        )
        .bind(office.as_str())
        .all(&mut db)
        .await?;
        rows.iter().map(desk_record).collect()
    }

    /// A desk was heard. Written down at most once a minute, unless its number of waiting scans changed.
    pub async fn heard(&self, office: &OfficeCode, desk: DeskId, scans_waiting: u32) -> Result<()> {
        let now = self.env.now();
        {
            let mut heard = self.heard.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let kept = heard.entry((office.clone(), desk)).or_insert((Timestamp(0), u32::MAX));
            if kept.1 == scans_waiting && now.since(kept.0).abs() < HEARD_EVERY_MS {
                return Ok(());
            }
            *kept = (now, scans_waiting);
        }
        let mut tx = self.database.write().await?;
        sql("update desk set last_heard = $3, scans_waiting = $4 where office = $1 and desk = $2")
            .bind(office.as_str())
            .bind(desk.0)
            .bind(now.0)
            .bind(scans_waiting)
            .run(&mut tx)
            .await?;
        tx.commit().await
    }

    /// Keeps a one-time code, as its digest.
    pub async fn add_code(&self, office: &OfficeCode, code: &Digest, expires_at: Timestamp) -> Result<()> {
        self.seat(office).await?;
        let mut tx = self.database.write().await?;
        sql("insert into enrolment_code (digest, office, expires_at) values ($1, $2, $3)")
            .bind(&code.0[..])
            .bind(office.as_str())
            .bind(expires_at.0)
            .run(&mut tx)
            .await?;
        tx.commit().await
    }

    /// Makes a machine the next workstation of the office that gave out this code.
    pub async fn enrol(&self, code: &Digest, new: NewDesk) -> Result<(OfficeCode, DeskInfo)> {
        let now = self.env.now();
        let mut db = self.database.read().await?;
        let open = sql("select digest, office from enrolment_code where used_at = 0 and expires_at > $1")
            .bind(now.0)
            .all(&mut db)
            .await?;
        drop(db);
        let mut office = None;
        for row in open {
            let found: Vec<u8> = row.get("digest")?;
            if same(&digest(&found)?, code) {
                office = Some(row.get::<String>("office")?);
            }
        }
        let office = office.ok_or(LedgerError::Absent("enrolment code"))?;
        let office = OfficeCode::new(office).map_err(|e| LedgerError::Stored(e.to_string()))?;
        let seat = self.seat(&office).await?;
        let mut append = self.begin(&seat).await?;
        let used = sql("update enrolment_code set used_at = $2 where digest = $1 and used_at = 0 and expires_at > $2")
            .bind(&code.0[..])
            .bind(now.0)
            .run(&mut append.tx)
            .await?;
        if used != 1 {
            return Err(LedgerError::Absent("enrolment code"));
        }
        let last: Option<i64> = sql("select max(used.desk) from (select desk from desk where office = $1
             union all select desks_from from office where code = $1) used")
        .bind(office.as_str())
        .scalar(&mut append.tx)
        .await?;
        let last = last.and_then(|n| u16::try_from(n).ok()).unwrap_or(DESKS_MAX);
        if last >= DESKS_MAX {
            return Err(LedgerError::Malformed("desks".to_owned()));
        }
        let desk = DeskId(last + 1);
        let series_year = append.kept.layers.base.office.rules_at(now).map_or(0, |r| {
            use chrono::Datelike;
            u8::try_from(r.day(now).year().rem_euclid(100)).unwrap_or(0)
        });
        let NewDesk { name, signing_key, token_digest } = new;
        sql("insert into desk (office, desk, name, token_digest, signing_key, digest, series_year, last_heard)
             values ($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(office.as_str())
        .bind(desk.0)
        .bind(&name)
        .bind(&token_digest.0[..])
        .bind(&signing_key)
        .bind(&Digest::ZERO.0[..])
        .bind(series_year)
        .bind(now.0)
        .run(&mut append.tx)
        .await?;
        let info = DeskInfo { desk, name, signing_key, series_year, revoked: false };
        let row = ServiceRow {
            stream: Stream::Registry,
            name: "enrolment",
            external_id: desk.to_string(),
            subject: Subject::Office,
            events: vec![Event::DeskSet { desk: info.clone() }],
        };
        append.service_row(row).await?;
        append.commit().await?;
        Ok((office, info))
    }

    /// From now on this desk delivers into quarantine only.
    pub async fn revoke_desk(&self, office: &OfficeCode, desk: DeskId) -> Result<()> {
        let seat = self.seat(office).await?;
        let mut append = self.begin(&seat).await?;
        let record = append.desk(desk).await?;
        if record.revoked {
            return Ok(());
        }
        sql("update desk set revoked = 1 where office = $1 and desk = $2")
            .bind(office.as_str())
            .bind(desk.0)
            .run(&mut append.tx)
            .await?;
        let DeskRecord { name, signing_key, series_year, .. } = record;
        let row = ServiceRow {
            stream: Stream::Registry,
            name: "admin",
            external_id: format!("revoke/{desk}"),
            subject: Subject::Office,
            events: vec![Event::DeskSet { desk: DeskInfo { desk, name, signing_key, series_year, revoked: true } }],
        };
        append.service_row(row).await?;
        append.commit().await
    }

    /// Did this very application come in before?
    ///
    /// # Errors
    /// `Denied::DiffersFromBefore` if another one came under its number.
    pub async fn was_taken_in(&self, no: &ApplicationNo, content: &Digest) -> Result<bool> {
        let mut db = self.database.read().await?;
        let found: Option<Vec<u8>> = sql("select digest from taken_in where kind = 'application' and external_id = $1")
            .bind(no.as_str())
            .scalar(&mut db)
            .await?;
        match found {
            None => Ok(false),
            Some(found) if digest(&found)? == *content => Ok(true),
            Some(_) => Err(Denied::DiffersFromBefore("application_no").into()),
        }
    }

    /// The office that an application was handed in to.
    pub async fn office_of(&self, no: &ApplicationNo) -> Result<OfficeCode> {
        let mut db = self.database.read().await?;
        let office: Option<String> = sql("select office from taken_in where kind = 'application' and external_id = $1")
            .bind(no.as_str())
            .scalar(&mut db)
            .await?;
        OfficeCode::new(office.ok_or(LedgerError::Absent("application"))?)
            .map_err(|e| LedgerError::Stored(e.to_string()))
    }

    /// Takes in a payment for an application; also whether its bill had run out before. Idempotent by its NTPN.
    pub async fn take_payment(
        &self,
        no: &ApplicationNo,
        ntpn: &str,
        content: &Digest,
        event: Event,
    ) -> Result<(Arrived, bool)> {
        let office = self.office_of(no).await?;
        let seat = self.seat(&office).await?;
        let mut append = self.begin(&seat).await?;
        let case = append.kept.layers.base.applications.get(no);
        let late = case.is_some_and(|a| a.payment_expired.is_some() || a.cancelled.is_some());
        // Whoever paid too late goes on after all; what was given up or turned down stays so.
        let goes_on = case.is_some_and(|a| a.payment_expired.is_some() && a.cancelled.is_none());
        if append.take_in("payment", ntpn, content).await? == Arrived::Again {
            return Ok((Arrived::Again, late));
        }
        let row = ServiceRow {
            stream: Stream::Registry,
            name: "payment",
            external_id: ntpn.to_owned(),
            subject: Subject::Application(no.clone()),
            events: vec![event],
        };
        append.service_row(row).await?;
        // Too little is kept and shown, and buys no place.
        let case = append.kept.layers.application(no);
        if case.is_some_and(|a| matches!(a.payment(), PaymentState::Paid { .. })) {
            append.is_paid(no).await?;
            if goes_on {
                append.is_open_again(no).await?;
            }
        }
        append.commit().await?;
        Ok((Arrived::New, late))
    }

    /// Notes that the bytes of a scan are in the store.
    pub async fn keep_scan(&self, scan: &ScanRecord) -> Result<Arrived> {
        let mut tx = self.database.write().await?;
        let arrived = insert_scan(&mut tx, scan, self.env.now()).await?;
        tx.commit().await?;
        Ok(arrived)
    }

    /// A scan whose bytes are here.
    pub async fn scan(&self, hash: &ScanHash) -> Result<ScanRecord> {
        let mut db = self.database.read().await?;
        let row = sql("select media_type, bytes, file, pages, unreadable from scan where hash = $1")
            .bind(&hash.0[..])
            .first(&mut db)
            .await?;
        let row = row.ok_or(LedgerError::Absent("scan"))?;
        let bytes: i64 = row.get("bytes")?;
        Ok(ScanRecord {
            hash: *hash,
            media_type: row.get("media_type")?,
            bytes: bytes.unsigned_abs(),
            file: row.get("file")?,
            pages: row.small("pages")?,
            unreadable: row.get("unreadable")?,
        })
    }

    /// A scan, if it belongs to an application of this office. Of another office's scan not even the existence is told.
    pub async fn scan_of_office(&self, hash: &ScanHash, office: &OfficeCode) -> Result<ScanRecord> {
        let mut db = self.database.read().await?;
        let there: Option<i64> = sql("select count(*) from scan_of where hash = $1 and office = $2")
            .bind(&hash.0[..])
            .bind(office.as_str())
            .scalar(&mut db)
            .await?;
        if there.unwrap_or(0) == 0 {
            return Err(LedgerError::Absent("scan"));
        }
        self.scan(hash).await
    }

    /// What the decoder found out about a scan.
    pub async fn keep_look(&self, hash: &ScanHash, pages: u32, unreadable: &str) -> Result<()> {
        let mut tx = self.database.write().await?;
        sql("update scan set pages = $2, unreadable = $3 where hash = $1")
            .bind(&hash.0[..])
            .bind(pages)
            .bind(unreadable)
            .run(&mut tx)
            .await?;
        tx.commit().await
    }
}
