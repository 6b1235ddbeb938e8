//! The sample day: one invented service day of "Kantor Imigrasi Contoh" (KNC, WIB), as M-Paspor would send it.
//!
//! Sixty people, their forms and their uploads, so that demos, scenarios and benchmarks meet the troubles of a real
//! counter: dark, skewed and cut-off scans, a wrong digit, one who has a passport and asks for a new one. Everything is
//! made from fixed seeds, so two machines make the same day. Nobody here exists: every NIK ends in 0000, a serial that
//! is never issued, and every paper carries "CONTOH". Only the appointments depend on the date; the scans never do.

mod camera;
pub mod draw;
mod faces;
pub mod mrz;
mod papers;
mod pdf;
pub mod people;
mod seed;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};

/// Goes up whenever a person or a drawing changes, so that kept scans are drawn anew.
pub const VERSION: u32 = 1;
pub const OFFICE_CODE: &str = "KNC";
pub const OFFICE_NAME: &str = "Kantor Imigrasi Contoh";
/// More threads would not help: the demo machine has two cores.
const THREADS: usize = 2;

/// The zone of the office, WIB.
pub fn zone() -> FixedOffset {
    FixedOffset::east_opt(7 * 3600).expect("+07:00 is a zone")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    New,
    Replacement,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgeClass {
    Adult,
    Child,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    Elderly,
    Disabled,
    Pregnant,
    Toddler,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sex {
    Male,
    Female,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Marital {
    Single,
    Married,
    Divorced,
    Widowed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    Tourism,
    Umrah,
    Hajj,
    Medical,
    Study,
    Work,
    Family,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Document {
    Ktp,
    Kk,
    BirthCertificate,
    OldPassport,
    Photo,
    ParentsKtp,
    Statement,
}

impl Document {
    pub fn as_str(self) -> &'static str {
        match self {
            Document::Ktp => "ktp",
            Document::Kk => "kk",
            Document::BirthCertificate => "birth_certificate",
            Document::OldPassport => "old_passport",
            Document::Photo => "photo",
            Document::ParentsKtp => "parents_ktp",
            Document::Statement => "statement",
        }
    }
}

/// What is the matter with one upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    None,
    Dark,
    Skewed,
    Blurred,
    Glare,
    /// The pixels lie on their side and the EXIF tag says how to turn them.
    ExifRotated {
        orientation: u8,
    },
    /// The pixels lie on their side and nothing says so.
    Sideways,
    /// The file stops at about 60 % of its bytes.
    CutOff,
}

/// Why a demo or a scenario would look this person up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Story {
    /// The e-KTP spells the name one letter off against the form.
    NameOneLetterOff,
    /// The birth date on the form is one digit off; NIK and papers agree with each other.
    NikDisagrees,
    /// Has an earlier passport and still asks for a new one.
    AppliedAsNew,
    Unpaid,
    Family,
    LongName,
    SingleName,
    /// One upload is a JPEG that stops in the middle.
    CutOffScan,
    /// One upload is the only PNG of the day.
    PngScan,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SampleForm {
    pub full_name: String,
    pub nik: String,
    pub birth_place: String,
    pub birth_date: NaiveDate,
    pub sex: Sex,
    pub address: String,
    pub mother_name: String,
    pub father_name: String,
    /// The last four digits only; the office never gets the whole number.
    pub phone_tail: String,
    pub purpose: Purpose,
    pub destination: String,
    pub marital: Marital,
    pub occupation: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EarlierPassport {
    pub number: String,
    pub issued: NaiveDate,
    pub expires: NaiveDate,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SampleScan {
    pub document: Document,
    pub file_name: String,
    pub trouble: Trouble,
    pub uploaded: DateTime<FixedOffset>,
    /// What each page shows: one for a picture, two or three for a PDF from a scanner.
    pub pages: Vec<Document>,
}

impl SampleScan {
    pub fn media_type(&self) -> &'static str {
        match self.file_name.rsplit('.').next() {
            Some("pdf") => "application/pdf",
            Some("png") => "image/png",
            _ => "image/jpeg",
        }
    }
}

/// Where the papers say something else than the form, and how the person looks on them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OnPaper {
    pub ktp_name: String,
    pub birth_date: NaiveDate,
    pub face_seed: u64,
    pub veiled: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SampleApplicant {
    pub application_no: String,
    pub slot: NaiveTime,
    pub appointment: DateTime<FixedOffset>,
    pub kind: Kind,
    pub age_class: AgeClass,
    pub epassport: bool,
    pub validity_years: u8,
    /// The account that filed for several people; they share the slot.
    pub group: Option<String>,
    pub priority: Option<Priority>,
    pub paid: bool,
    pub fee_rp: u32,
    pub ntpn: Option<String>,
    pub form: SampleForm,
    pub earlier_passport: Option<EarlierPassport>,
    pub on_paper: OnPaper,
    pub scans: Vec<SampleScan>,
    pub story: Option<Story>,
}

/// `day.json`: what `write_day` leaves behind and `load_day` reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SampleDay {
    pub version: u32,
    pub date: NaiveDate,
    pub applicants: Vec<SampleApplicant>,
}

pub fn scan_path(dir: &Path, applicant: &SampleApplicant, scan: &SampleScan) -> PathBuf {
    dir.join("scans").join(&applicant.application_no).join(&scan.file_name)
}

/// Writes `day.json` and `scans/<application_no>/<file_name>`; what is already there and current is kept.
pub fn write_day(dir: &Path, date: NaiveDate) -> anyhow::Result<()> {
    let day_file = dir.join("day.json");
    let drawn_file = dir.join("scans").join("version");
    let drawn = fs::read_to_string(&drawn_file).is_ok_and(|v| v.trim() == VERSION.to_string());
    if drawn && load_day(dir).is_ok_and(|day| day.version == VERSION && day.date == date) {
        return Ok(());
    }

    let applicants = people::day(date);
    if !drawn {
        let scans = dir.join("scans");
        if scans.exists() {
            fs::remove_dir_all(&scans).context("Clearing scans of an older version")?;
        }
        draw_all(dir, &applicants)?;
        // Last, so that a drawing broken off halfway is begun anew.
        fs::write(&drawn_file, VERSION.to_string()).context("Marking scans as drawn")?;
    }
    let day = SampleDay { version: VERSION, date, applicants };
    let half_written = dir.join("day.json.part");
    fs::write(&half_written, serde_json::to_vec_pretty(&day)?).context("Writing the sample day")?;
    fs::rename(&half_written, &day_file).context("Putting the sample day in place")
}

pub fn load_day(dir: &Path) -> anyhow::Result<SampleDay> {
    let path = dir.join("day.json");
    let text = fs::read(&path).with_context(|| format!("Reading {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("Understanding {}", path.display()))
}

fn draw_all(dir: &Path, applicants: &[SampleApplicant]) -> anyhow::Result<()> {
    let fonts = draw::Fonts::load()?;
    let next = std::sync::atomic::AtomicUsize::new(0);
    let worker = || -> anyhow::Result<()> {
        while let Some(applicant) = applicants.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
            let folder = dir.join("scans").join(&applicant.application_no);
            fs::create_dir_all(&folder).with_context(|| format!("Making {}", folder.display()))?;
            for index in 0..applicant.scans.len() {
                let drawn = draw::scan(applicant, index, &fonts, applicants)?;
                fs::write(folder.join(&drawn.file_name), &drawn.bytes).context("Writing a scan")?;
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().try_for_each(|w| w.join().map_err(|_| anyhow::anyhow!("A drawing thread broke"))?)
    })
}
