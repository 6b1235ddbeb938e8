//! What a receipt says: a case becomes a [`Paper`], in one of two languages. The paper never says more than is true:
//! "paid" only with the state's number, "not yet checked" for what only the centre can know.

use chrono::{DateTime, Datelike as _, FixedOffset, NaiveDate, Timelike as _};
use loket_core::application::{
    AnswerResult, Application, BiometricPart, BiometricStatus, DocumentKind, DocumentState, InterviewResult, Kind,
    PaymentState, Reason, Register,
};
use loket_core::id::{CounterNo, ReceiptNo, Ticket, Timestamp};
use loket_core::office::OfficeInfo;
use loket_core::rules::Rules;

use crate::receipt_pdf::{Check, Language as PaperLanguage, Paper, Payment};
use crate::view::Language;

/// What belongs on the paper besides the case.
pub struct Given<'a> {
    pub office: Option<&'a OfficeInfo>,
    pub rules: &'a Rules,
    pub number: &'a ReceiptNo,
    pub issued_at: Timestamp,
    /// 0 the original, 1 the first SALINAN.
    pub copy: u32,
    pub ticket: Option<&'a Ticket>,
    pub officer: String,
    pub counter: Option<CounterNo>,
    pub heard_at: Option<Timestamp>,
    pub language: Language,
}

/// Puts the paper together.
pub fn paper(case: &Application, given: &Given<'_>) -> Paper {
    let Given { rules, language, .. } = given;
    let language = *language;
    let issued = rules.local(given.issued_at);
    let today = issued.date_naive();
    let submission = case.submission.as_ref();
    let held_up = case.is_held_up(rules);
    Paper {
        language: match language {
            Language::Id => PaperLanguage::Id,
            Language::En => PaperLanguage::En,
        },
        office_name: given.office.map(|o| o.name.clone()).unwrap_or_default(),
        office_address_lines: given.office.map(|o| o.address.clone()).unwrap_or_default(),
        number: given.number.to_string(),
        copy: (given.copy > 0).then_some(given.copy),
        applicant_name: submission.map(|s| s.form.full_name.clone()).unwrap_or_default(),
        application_no: case.no.to_string(),
        ticket: given.ticket.map(ToString::to_string).unwrap_or_default(),
        service: submission.map(|s| service(language, s.kind, s.electronic, s.validity_years)).unwrap_or_default(),
        documents_received: case
            .documents(rules)
            .into_iter()
            .map(|d| format!("{}: {}", document(language, d), state(language, case.document_state(d))))
            .collect(),
        payment: payment(case, given),
        biometrics: biometrics(case, rules, today, language),
        exceptions: exceptions(case, language),
        collect_from: (!held_up && case.interview().is_some()).then(|| long_date(language, rules.collect_from(today))),
        not_yet_checked: unchecked(case),
        officer_name: given.officer.clone(),
        counter: match (given.counter, language) {
            (Some(no), Language::Id) => format!("Loket {no}"),
            (Some(no), Language::En) => format!("Counter {no}"),
            (None, _) => String::new(),
        },
        issued_at: long_time(language, rules, issued),
        issued_at_unix_s: given.issued_at.0.div_euclid(1000),
        qr_text: given.number.to_string(),
    }
}

/// What only the centre can know and has not said.
pub fn unchecked(case: &Application) -> Vec<Check> {
    let silent = |register| case.answer(register).is_none_or(|a| a.result == AnswerResult::NoAnswer);
    let mut out = Vec::new();
    if silent(Register::BanList) {
        out.push(Check::BanList);
    }
    if silent(Register::Population) {
        out.push(Check::Dukcapil);
    }
    if silent(Register::TravelDocuments) && case.earlier.is_empty() {
        out.push(Check::Duplicates);
    }
    if !matches!(case.payment(), PaymentState::Paid { .. }) {
        out.push(Check::Payment);
    }
    out
}

fn payment(case: &Application, given: &Given<'_>) -> Payment {
    let time = |at: Timestamp| {
        let at = given.rules.local(at);
        format!("{}, {:02}.{:02} {}", short_date(at.date_naive()), at.hour(), at.minute(), given.rules.zone_name())
    };
    match case.payment() {
        PaymentState::Paid { payment } => {
            Payment::PaidPerServer { amount_rp: payment.amount_rp, ntpn: payment.ntpn, at: time(payment.at) }
        }
        PaymentState::ProofSeen { what, reference } => Payment::ProofSeen { what, reference },
        PaymentState::Unpaid | PaymentState::PaidInPart { .. } | PaymentState::Expired { .. } => Payment::Unpaid,
        PaymentState::Unknown => {
            Payment::NotYetChecked { as_of: given.heard_at.map(time).unwrap_or_else(|| "—".to_owned()) }
        }
    }
}

fn biometrics(case: &Application, rules: &Rules, today: NaiveDate, language: Language) -> String {
    let count = |status: BiometricStatus| {
        let marks = BiometricPart::ALL.iter().filter_map(|p| case.biometric(rules, today, *p));
        marks.filter(|m| m.status == status).count()
    };
    let captured = count(BiometricStatus::Captured);
    let excepted = count(BiometricStatus::Exception);
    let needed = BiometricPart::ALL.len() - count(BiometricStatus::NotRequired);
    match (language, captured + excepted >= needed, captured) {
        (Language::Id, _, 0) => "Belum direkam".to_owned(),
        (Language::En, _, 0) => "Not captured yet".to_owned(),
        (Language::Id, true, _) => format!("Foto, sidik jari, dan tanda tangan: {captured} dari {needed} terekam"),
        (Language::En, true, _) => format!("Photo, fingerprints and signature: {captured} of {needed} captured"),
        (Language::Id, false, _) => format!("Belum lengkap: {captured} dari {needed} terekam"),
        (Language::En, false, _) => format!("Incomplete: {captured} of {needed} captured"),
    }
}

fn exceptions(case: &Application, language: Language) -> Vec<String> {
    use loket_core::application::ExceptionReason as R;
    let mut out = Vec::new();
    for part in BiometricPart::ALL {
        let newest = case.biometrics.iter().rev().find(|e| !e.withdrawn && e.value.0 == part);
        let Some(reason) =
            newest.filter(|e| e.value.1.status == BiometricStatus::Exception).and_then(|e| e.value.1.reason)
        else {
            continue;
        };
        let why = match (reason, language) {
            (R::Missing, Language::Id) => "tidak ada",
            (R::Missing, Language::En) => "absent",
            (R::Injured, Language::Id) => "luka",
            (R::Injured, Language::En) => "injured",
            (R::Worn, Language::Id) => "tidak terbaca",
            (R::Worn, Language::En) => "worn",
            (R::Medical, Language::Id) => "kondisi medis",
            (R::Medical, Language::En) => "medical condition",
            (R::CannotSign, Language::Id) => "tidak dapat menandatangani",
            (R::CannotSign, Language::En) => "cannot sign",
        };
        out.push(format!("{}: {why}", part_name(language, part)));
    }
    if let Some(interview) = case.interview() {
        let until = |day: NaiveDate| long_date(language, day);
        match (interview.value.result, language) {
            (InterviewResult::Held { until: Some(day) }, Language::Id) => {
                out.push(format!("Ditangguhkan sampai {}", until(day)));
            }
            (InterviewResult::Held { until: Some(day) }, Language::En) => {
                out.push(format!("On hold until {}", until(day)));
            }
            (InterviewResult::Held { until: None }, Language::Id) => out.push("Ditangguhkan".to_owned()),
            (InterviewResult::Held { until: None }, Language::En) => out.push("On hold".to_owned()),
            (InterviewResult::Refused, Language::Id) => out.push("Diusulkan ditolak".to_owned()),
            (InterviewResult::Refused, Language::En) => out.push("Proposed for refusal".to_owned()),
            (InterviewResult::Passed, _) => {}
        }
        let held = interview.value.result != InterviewResult::Passed;
        if held && !interview.value.note.is_empty() {
            out.push(interview.value.note.clone());
        }
    }
    out
}

fn service(language: Language, kind: Kind, electronic: bool, years: u8) -> String {
    let kind = match (kind, language) {
        (Kind::New, Language::Id) => "Paspor baru",
        (Kind::New, Language::En) => "New passport",
        (Kind::Replacement, Language::Id) => "Penggantian paspor",
        (Kind::Replacement, Language::En) => "Passport replacement",
        (Kind::Lost, Language::Id) => "Penggantian paspor hilang",
        (Kind::Lost, Language::En) => "Replacement of a lost passport",
        (Kind::Damaged, Language::Id) => "Penggantian paspor rusak",
        (Kind::Damaged, Language::En) => "Replacement of a damaged passport",
        (Kind::DataChange, Language::Id) => "Perubahan data paspor",
        (Kind::DataChange, Language::En) => "Change of passport data",
    };
    match (language, electronic) {
        (Language::Id, true) => format!("{kind}, elektronik {years} tahun"),
        (Language::Id, false) => format!("{kind}, nonelektronik {years} tahun"),
        (Language::En, true) => format!("{kind}, electronic, {years} years"),
        (Language::En, false) => format!("{kind}, not electronic, {years} years"),
    }
}

fn document(language: Language, document: DocumentKind) -> &'static str {
    match (document, language) {
        (DocumentKind::Ktp, Language::Id) => "e-KTP",
        (DocumentKind::Ktp, Language::En) => "Identity card (e-KTP)",
        (DocumentKind::FamilyCard, Language::Id) => "Kartu Keluarga",
        (DocumentKind::FamilyCard, Language::En) => "Family card (KK)",
        (DocumentKind::BirthCertificate, Language::Id) => "Akta kelahiran",
        (DocumentKind::BirthCertificate, Language::En) => "Birth certificate",
        (DocumentKind::OldPassport, Language::Id) => "Paspor lama",
        (DocumentKind::OldPassport, Language::En) => "Old passport",
        (DocumentKind::Photo, Language::Id) => "Pasfoto",
        (DocumentKind::Photo, Language::En) => "Photograph",
        (DocumentKind::ParentsKtp, Language::Id) => "e-KTP orang tua",
        (DocumentKind::ParentsKtp, Language::En) => "Parents' identity cards",
        (DocumentKind::MarriageCertificate, Language::Id) => "Buku nikah",
        (DocumentKind::MarriageCertificate, Language::En) => "Marriage certificate",
        (DocumentKind::Statement, Language::Id) => "Surat pernyataan",
        (DocumentKind::Statement, Language::En) => "Statement letter",
        (DocumentKind::Other, Language::Id) => "Dokumen lain",
        (DocumentKind::Other, Language::En) => "Other document",
    }
}

fn state(language: Language, state: DocumentState) -> String {
    match (state, language) {
        (DocumentState::Accepted, Language::Id) => "diterima".to_owned(),
        (DocumentState::Accepted, Language::En) => "accepted".to_owned(),
        (DocumentState::ReuploadAsked { reason: r }, Language::Id) => {
            format!("diminta unggah ulang ({})", reason(language, r))
        }
        (DocumentState::ReuploadAsked { reason: r }, Language::En) => {
            format!("new upload needed ({})", reason(language, r))
        }
        (DocumentState::Rejected { reason: r }, Language::Id) => format!("ditolak ({})", reason(language, r)),
        (DocumentState::Rejected { reason: r }, Language::En) => format!("rejected ({})", reason(language, r)),
        (DocumentState::Undecided | DocumentState::NotUploaded, Language::Id) => "belum ada".to_owned(),
        (DocumentState::Undecided | DocumentState::NotUploaded, Language::En) => "not provided".to_owned(),
    }
}

fn reason(language: Language, reason: Reason) -> &'static str {
    match (reason, language) {
        (Reason::Blurred, Language::Id) => "buram",
        (Reason::Blurred, Language::En) => "blurred",
        (Reason::CutOff, Language::Id) => "terpotong",
        (Reason::CutOff, Language::En) => "cut off",
        (Reason::Glare, Language::Id) => "silau",
        (Reason::Glare, Language::En) => "glare",
        (Reason::WrongDocument, Language::Id) => "bukan dokumen yang diminta",
        (Reason::WrongDocument, Language::En) => "not the document asked for",
        (Reason::PagesMissing, Language::Id) => "halaman kurang",
        (Reason::PagesMissing, Language::En) => "pages missing",
        (Reason::Expired, Language::Id) => "kedaluwarsa",
        (Reason::Expired, Language::En) => "expired",
        (Reason::DataDiffers, Language::Id) => "data berbeda",
        (Reason::DataDiffers, Language::En) => "data differs",
        (Reason::NotOriginal, Language::Id) => "bukan asli",
        (Reason::NotOriginal, Language::En) => "not an original",
        (Reason::Other, Language::Id) => "alasan lain",
        (Reason::Other, Language::En) => "other reason",
    }
}

fn part_name(language: Language, part: BiometricPart) -> &'static str {
    use BiometricPart as P;
    match (part, language) {
        (P::Face, Language::Id) => "Wajah",
        (P::Face, Language::En) => "Face",
        (P::LeftLittle, Language::Id) => "Kelingking kiri",
        (P::LeftLittle, Language::En) => "Left little finger",
        (P::LeftRing, Language::Id) => "Jari manis kiri",
        (P::LeftRing, Language::En) => "Left ring finger",
        (P::LeftMiddle, Language::Id) => "Jari tengah kiri",
        (P::LeftMiddle, Language::En) => "Left middle finger",
        (P::LeftIndex, Language::Id) => "Telunjuk kiri",
        (P::LeftIndex, Language::En) => "Left index finger",
        (P::LeftThumb, Language::Id) => "Ibu jari kiri",
        (P::LeftThumb, Language::En) => "Left thumb",
        (P::RightThumb, Language::Id) => "Ibu jari kanan",
        (P::RightThumb, Language::En) => "Right thumb",
        (P::RightIndex, Language::Id) => "Telunjuk kanan",
        (P::RightIndex, Language::En) => "Right index finger",
        (P::RightMiddle, Language::Id) => "Jari tengah kanan",
        (P::RightMiddle, Language::En) => "Right middle finger",
        (P::RightRing, Language::Id) => "Jari manis kanan",
        (P::RightRing, Language::En) => "Right ring finger",
        (P::RightLittle, Language::Id) => "Kelingking kanan",
        (P::RightLittle, Language::En) => "Right little finger",
        (P::Signature, Language::Id) => "Tanda tangan",
        (P::Signature, Language::En) => "Signature",
    }
}

const DAYS: [(&str, &str); 7] = [
    ("Senin", "Monday"),
    ("Selasa", "Tuesday"),
    ("Rabu", "Wednesday"),
    ("Kamis", "Thursday"),
    ("Jumat", "Friday"),
    ("Sabtu", "Saturday"),
    ("Minggu", "Sunday"),
];
const MONTHS: [(&str, &str); 12] = [
    ("Januari", "January"),
    ("Februari", "February"),
    ("Maret", "March"),
    ("April", "April"),
    ("Mei", "May"),
    ("Juni", "June"),
    ("Juli", "July"),
    ("Agustus", "August"),
    ("September", "September"),
    ("Oktober", "October"),
    ("November", "November"),
    ("Desember", "December"),
];

fn long_date(language: Language, day: NaiveDate) -> String {
    let (day_id, day_en) = DAYS[day.weekday().num_days_from_monday() as usize];
    let (month_id, month_en) = MONTHS[day.month0() as usize];
    match language {
        Language::Id => format!("{day_id}, {} {month_id} {}", day.day(), day.year()),
        Language::En => format!("{day_en}, {} {month_en} {}", day.day(), day.year()),
    }
}

fn short_date(day: NaiveDate) -> String {
    day.format("%d-%m-%Y").to_string()
}

fn long_time(language: Language, rules: &Rules, at: DateTime<FixedOffset>) -> String {
    let date = long_date(language, at.date_naive());
    format!("{date} {:02}.{:02} {}", at.hour(), at.minute(), rules.zone_name())
}
