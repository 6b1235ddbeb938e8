//! The receipt an applicant takes home, as an A5 sheet.
//!
//! Why it exists: the paper is what the applicant holds in a queue months later, and what another counter scans
//! when the line is down, so it has to come out of every case, also an odd one. It promises that the same [`Paper`]
//! gives the same bytes (a reprint can be compared with what was issued), that nothing written on it is cut off
//! (long names wrap, long lists go on to a second sheet), that its text can be selected and searched, and that the
//! fonts travel inside the file. A character the fonts do not know is printed as a replacement mark and named by
//! [`unprintable`]; it never stops a receipt.
//!
//! It never decides anything: numbers, dates and the signed text of the QR arrive finished. And it never says that
//! money was paid unless the server gave an NTPN; the wording lives here so that no caller can say more than is true.

use std::collections::BTreeSet;
use std::fmt;

use allsorts::binary::read::ReadScope;
use allsorts::font::MatchingPresentation;
use allsorts::font_data::{DynamicFontTableProvider, FontData};
use allsorts::gsub::FeatureMask;
use allsorts::subset::{CmapTarget, SubsetProfile, subset};
use fast_qr::{ECL, QRBuilder, QRCode};
use printpdf::{
    Color, CurTransMat, FontId, Greyscale, Line, LinePoint, Mm, Op, PaintMode, ParsedFont, PdfDocument, PdfFont,
    PdfFontHandle, PdfPage, PdfSaveOptions, Point, Polygon, PolygonRing, Pt, Rgb, TextItem, TextMatrix, WindingOrder,
};

/// The language a receipt is printed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Indonesian, what a counter prints unless asked.
    Id,
    /// English, for an applicant who asks for it.
    En,
}

/// What is known about the fee when the receipt is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payment {
    /// The server confirmed the payment. Without an NTPN the paper does not repeat it.
    PaidPerServer {
        /// Whole rupiah.
        amount_rp: u64,
        /// The state's receipt number. Blank means that nothing is confirmed.
        ntpn: String,
        /// When the server learned of it, in words.
        at: String,
    },
    /// The officer saw a proof of payment that no server has confirmed.
    ProofSeen {
        /// What was shown, such as "struk ATM BRI".
        what: String,
        /// The number on it, or nothing.
        reference: String,
    },
    /// The server knows of no payment.
    Unpaid,
    /// Nobody could ask the server.
    NotYetChecked {
        /// How old the newest answer is, in words.
        as_of: String,
    },
}

/// A check that only the centre can make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The travel-ban list.
    BanList,
    /// The population register.
    Dukcapil,
    /// Other applications and passports of the same person.
    Duplicates,
    /// The fee.
    Payment,
}

/// Everything printed on one receipt, already in the words of [`Paper::language`] where it is a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paper {
    /// The language of the fixed words.
    pub language: Language,
    /// The office as it writes itself in its letterhead.
    pub office_name: String,
    /// Street, telephone and so on, one line each; [`ADDRESS_LINES_MAX`] fit.
    pub office_address_lines: Vec<String>,
    /// The receipt number with its check digit, such as "KNC/26/W001/000412-8".
    pub number: String,
    /// `Some(n)` marks the n-th reprint: SALINAN n in the head and across every sheet.
    pub copy: Option<u32>,
    /// The name as on the application.
    pub applicant_name: String,
    /// The application number.
    pub application_no: String,
    /// The queue ticket, such as "A-028".
    pub ticket: String,
    /// The service in words, such as "Paspor baru, elektronik 10 tahun".
    pub service: String,
    /// What the office keeps or has seen, one entry each.
    pub documents_received: Vec<String>,
    /// What may be said about the fee.
    pub payment: Payment,
    /// Photo, fingers and signature in one sentence.
    pub biometrics: String,
    /// Approved departures from the rule, one entry each.
    pub exceptions: Vec<String>,
    /// The first day of collection in words, or `None` while it is not known.
    pub collect_from: Option<String>,
    /// What the centre has still to check.
    pub not_yet_checked: Vec<Check>,
    /// The officer who printed it.
    pub officer_name: String,
    /// The counter, such as "Loket 3".
    pub counter: String,
    /// Date and time in words, such as "Senin, 23 November 2026 09.42 WIB".
    pub issued_at: String,
    /// The same moment in seconds since 1970 (UTC), for the file's own creation date.
    pub issued_at_unix_s: i64,
    /// The signed text of the QR.
    pub qr_text: String,
}

/// Why no receipt could be made. None of these depends on what an applicant is called.
#[derive(Debug)]
pub enum ReceiptFault {
    /// A font compiled into the program cannot be used.
    Font(String),
    /// The text is longer than any QR code holds.
    QrTooLong {
        /// Its length.
        bytes: usize,
    },
    /// The finished pages could not be written as a PDF.
    Pdf(String),
}

impl fmt::Display for ReceiptFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Font(cause) => write!(f, "a font of the receipt cannot be used: {cause}"),
            Self::QrTooLong { bytes } => write!(f, "{bytes} bytes do not fit into the receipt's QR code"),
            Self::Pdf(cause) => write!(f, "the receipt could not be written as a PDF: {cause}"),
        }
    }
}

impl std::error::Error for ReceiptFault {}

/// Address lines that are printed, after wrapping; an office with more has to choose.
pub const ADDRESS_LINES_MAX: usize = 4;
/// Lines of each of the office's name, the counter, the officer and the time. These come from the station's own
/// settings, so a text that needs more is a mistake there and must not push the QR off the sheet. What belongs to
/// the applicant has no such limit.
pub const STATION_LINES_MAX: usize = 3;

/// Prints `paper` and returns the file. Equal papers give equal bytes.
pub fn receipt_pdf(paper: &Paper) -> Result<Vec<u8>, ReceiptFault> {
    let paper = &paper_cleaned(paper);
    let qr = QRBuilder::new(paper.qr_text.as_str())
        .ecl(ECL::M)
        .build()
        .map_err(|_| ReceiptFault::QrTooLong { bytes: paper.qr_text.len() })?;
    let mut press = Press { regular: Face::open(REGULAR)?, bold: Face::open(BOLD)?, sheets: Vec::new() };
    press.compose(paper, &qr);
    press.bind(paper)
}

/// The characters of `paper` that come out as a replacement mark, in the order of their code points.
pub fn unprintable(paper: &Paper) -> Result<Vec<char>, ReceiptFault> {
    let mut face = Face::open(REGULAR)?;
    let mut missing = BTreeSet::new();
    let mut cleaned = paper_cleaned(paper);
    for_each_text(&mut cleaned, |text| missing.extend(text.chars().filter(|c| !face.knows(*c))));
    Ok(missing.into_iter().collect())
}

// ---- words ------------------------------------------------------------------------------------------------------

/// The fixed words of one language.
struct Words {
    lang_tag: &'static str,
    title: &'static str,
    number: &'static str,
    copy: &'static str,
    name: &'static str,
    application_no: &'static str,
    ticket: &'static str,
    service: &'static str,
    payment: &'static str,
    biometrics: &'static str,
    collection: &'static str,
    collect_from: &'static str,
    collect_unknown: &'static str,
    exceptions: &'static str,
    documents: &'static str,
    no_documents: &'static str,
    continued: &'static str,
    issued: &'static str,
    counter: &'static str,
    officer: &'static str,
    unchecked: &'static str,
    unchecked_after: &'static str,
    bring: &'static str,
    bring_what: &'static str,
    not_a_proof: &'static str,
    scan: &'static str,
    page: &'static str,
}

const ID: Words = Words {
    lang_tag: "id",
    title: "TANDA TERIMA PERMOHONAN PASPOR",
    number: "Nomor tanda terima",
    copy: "SALINAN",
    name: "Nama pemohon",
    application_no: "No. permohonan",
    ticket: "No. antrean",
    service: "Layanan",
    payment: "Pembayaran",
    biometrics: "Biometrik",
    collection: "Pengambilan",
    collect_from: "Mulai",
    collect_unknown: "Tanggalnya belum ditetapkan",
    exceptions: "Pengecualian",
    documents: "Dokumen diterima",
    no_documents: "Tidak ada",
    continued: "(lanjutan)",
    issued: "Diterbitkan",
    counter: "Loket",
    officer: "Petugas",
    unchecked: "Belum dicek ke pusat:",
    unchecked_after: "Hasilnya dapat memengaruhi permohonan ini.",
    bring: "Saat mengambil paspor",
    bring_what: "bawa tanda terima ini, bukti pembayaran, dan kartu identitas asli.",
    not_a_proof: "Dokumen ini bukan bukti pembayaran.",
    scan: "Pindai untuk cek keaslian",
    page: "Halaman",
};

const EN: Words = Words {
    lang_tag: "en",
    title: "PASSPORT APPLICATION RECEIPT",
    number: "Receipt number",
    copy: "COPY",
    name: "Applicant",
    application_no: "Application no.",
    ticket: "Queue no.",
    service: "Service",
    payment: "Payment",
    biometrics: "Biometrics",
    collection: "Collection",
    collect_from: "From",
    collect_unknown: "The date has not been set yet",
    exceptions: "Exceptions",
    documents: "Documents received",
    no_documents: "None",
    continued: "(continued)",
    issued: "Issued",
    counter: "Counter",
    officer: "Officer",
    unchecked: "Not yet checked with the centre:",
    unchecked_after: "The result may affect this application.",
    bring: "When collecting the passport",
    bring_what: "bring this receipt, your proof of payment and your original identity card.",
    not_a_proof: "This document is not proof of payment.",
    scan: "Scan to verify",
    page: "Page",
};

impl Language {
    fn words(self) -> &'static Words {
        match self {
            Self::Id => &ID,
            Self::En => &EN,
        }
    }

    /// "650.000" in Indonesian, "650,000" in English.
    fn rupiah(self, amount_rp: u64) -> String {
        let separator = match self {
            Self::Id => '.',
            Self::En => ',',
        };
        let digits = amount_rp.to_string();
        let mut grouped = String::from("Rp");
        for (i, digit) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i).is_multiple_of(3) {
                grouped.push(separator);
            }
            grouped.push(digit);
        }
        grouped
    }

    fn check(self, check: Check) -> &'static str {
        match (self, check) {
            (Self::Id, Check::BanList) => "daftar pencegahan",
            (Self::Id, Check::Dukcapil) => "data kependudukan (Dukcapil)",
            (Self::Id, Check::Duplicates) => "permohonan ganda",
            (Self::Id, Check::Payment) => "pembayaran",
            (Self::En, Check::BanList) => "travel-ban list",
            (Self::En, Check::Dukcapil) => "population register (Dukcapil)",
            (Self::En, Check::Duplicates) => "duplicate applications",
            (Self::En, Check::Payment) => "payment",
        }
    }
}

/// The one place that words the fee: the statement, then what it rests on.
///
/// English avoids "unpaid" on purpose: a thumb over two letters should not turn it into its opposite.
fn payment_words(language: Language, payment: &Payment) -> (String, String) {
    use Language::{En, Id};
    let both = |id: &str, en: &str| match language {
        Id => id.to_owned(),
        En => en.to_owned(),
    };
    match payment {
        Payment::PaidPerServer { ntpn, .. } if ntpn.is_empty() => (
            both("Belum dapat dipastikan", "Not yet certain"),
            both("Server belum memberi NTPN", "The server has not given an NTPN"),
        ),
        Payment::PaidPerServer { amount_rp, ntpn, at } => {
            let amount = language.rupiah(*amount_rp);
            (
                match language {
                    Id => format!("Lunas menurut server, {amount}"),
                    En => format!("Paid according to the server, {amount}"),
                },
                format!("NTPN {ntpn}, {at}"),
            )
        }
        Payment::ProofSeen { what, reference } => (
            both(
                "Bukti dilihat petugas, belum dicek ke server",
                "Proof seen by the officer, not checked with the server",
            ),
            [what.as_str(), reference.as_str()].into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join(", "),
        ),
        Payment::Unpaid => (both("Belum dibayar", "No payment on record"), String::new()),
        Payment::NotYetChecked { as_of } => (
            both("Belum dicek ke server", "Not yet checked with the server"),
            match language {
                _ if as_of.is_empty() => String::new(),
                Id => format!("Data server terakhir: {as_of}"),
                En => format!("Latest server data: {as_of}"),
            },
        ),
    }
}

/// A payment counts as confirmed only with an NTPN.
fn is_confirmed(payment: &Payment) -> bool {
    matches!(payment, Payment::PaidPerServer { ntpn, .. } if !ntpn.is_empty())
}

/// The paper with every text on one line and without characters that change how others are read.
fn paper_cleaned(paper: &Paper) -> Paper {
    let mut cleaned = paper.clone();
    for_each_text(&mut cleaned, |text| *text = clean(text));
    for list in [&mut cleaned.office_address_lines, &mut cleaned.documents_received, &mut cleaned.exceptions] {
        list.retain(|entry| !entry.is_empty());
    }
    cleaned
}

fn for_each_text(paper: &mut Paper, mut each: impl FnMut(&mut String)) {
    let Paper { office_address_lines, documents_received, exceptions, collect_from, payment, .. } = paper;
    office_address_lines.iter_mut().for_each(&mut each);
    documents_received.iter_mut().for_each(&mut each);
    exceptions.iter_mut().for_each(&mut each);
    collect_from.iter_mut().for_each(&mut each);
    match payment {
        Payment::PaidPerServer { ntpn, at, .. } => [ntpn, at].into_iter().for_each(&mut each),
        Payment::ProofSeen { what, reference } => [what, reference].into_iter().for_each(&mut each),
        Payment::Unpaid => {}
        Payment::NotYetChecked { as_of } => each(as_of),
    }
    [
        &mut paper.office_name,
        &mut paper.number,
        &mut paper.applicant_name,
        &mut paper.application_no,
        &mut paper.ticket,
        &mut paper.service,
        &mut paper.biometrics,
        &mut paper.officer_name,
        &mut paper.counter,
        &mut paper.issued_at,
    ]
    .into_iter()
    .for_each(each);
}

fn clean(text: &str) -> String {
    let words = text.split_whitespace().map(|word| word.chars().filter(|c| !is_invisible(*c)).collect::<String>());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Controls, joiners and the marks that turn the direction of reading: on paper they can only deceive.
fn is_invisible(c: char) -> bool {
    let in_a_family = matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}');
    c.is_control() || in_a_family || matches!(c, '\u{AD}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}')
}

// ---- measures ---------------------------------------------------------------------------------------------------

/// All lengths are points, counted from the top left corner.
const PAGE_WIDTH: f32 = 419.528;
const PAGE_HEIGHT: f32 = 595.276;
const LEFT: f32 = 34.0;
const RIGHT: f32 = PAGE_WIDTH - 34.0;
const TOP: f32 = 30.0;
const BOTTOM: f32 = PAGE_HEIGHT - 28.0;
/// Where values begin.
const VALUES: f32 = LEFT + 92.0;
/// A list's text stands this far right of its number.
const LIST_INDENT: f32 = 14.0;

/// 30 mm, and more when the modules would get smaller than a cheap printer and an old scanner agree on.
const QR_SIDE_MIN: f32 = 85.04;
const QR_MODULE_MIN: f32 = 1.2;
const QR_QUIET_MODULES: f32 = 4.0;

#[derive(Clone, Copy, PartialEq)]
enum Weight {
    Regular,
    Bold,
}

#[derive(Clone, Copy)]
enum Ink {
    Black,
    /// Labels and what may be read last. 5.9:1 on white.
    Muted,
    Hairline,
    /// The mark of a copy: seen at arm's length, out of the way of reading.
    Veil,
    Ground,
    Navy,
    White,
}

impl Ink {
    fn color(self) -> Color {
        let grey = |percent| Color::Greyscale(Greyscale { percent, icc_profile: None });
        match self {
            Self::Black => grey(0.05),
            Self::Muted => grey(0.37),
            Self::Hairline => grey(0.80),
            Self::Veil => grey(0.915),
            Self::Ground => grey(0.955),
            Self::White => grey(1.0),
            Self::Navy => Color::Rgb(Rgb { r: 0.043, g: 0.239, b: 0.431, icc_profile: None }),
        }
    }
}

/// `tracking` is the extra space between letters in thousandths of an em.
#[derive(Clone, Copy)]
struct Style {
    weight: Weight,
    size: f32,
    ink: Ink,
    tracking: f32,
}

const fn plain(size: f32) -> Style {
    Style { weight: Weight::Regular, size, ink: Ink::Black, tracking: 0.0 }
}

impl Style {
    const fn bold(self) -> Self {
        Self { weight: Weight::Bold, ..self }
    }
    const fn ink(self, ink: Ink) -> Self {
        Self { ink, ..self }
    }
    const fn tracked(self, tracking: f32) -> Self {
        Self { tracking, ..self }
    }
}

/// How closely the rows are set. A longer case is first set tighter, then carried to a second sheet.
#[derive(Clone, Copy)]
struct Density {
    size: f32,
    leading: f32,
    row_gap: f32,
}

const COMFORTABLE: Density = Density { size: 9.5, leading: 13.0, row_gap: 7.0 };
const TIGHT: Density = Density { size: 8.5, leading: 11.2, row_gap: 4.5 };

/// One line of a value, wrapped already.
struct Setting {
    text: String,
    style: Style,
    /// A list number in front of it, or nothing.
    marker: String,
    indent: f32,
    leading: f32,
    /// How many lines from this one on belong on one sheet.
    kept: usize,
}

/// A longer passage may be divided.
const KEPT_LINES_MAX: usize = 4;

/// A label and the lines of its value.
struct Row {
    label: &'static str,
    lines: Vec<Setting>,
}

impl Row {
    fn height(&self, density: Density) -> f32 {
        self.lines.iter().map(|line| line.leading).sum::<f32>() + density.row_gap
    }
}

// ---- composing --------------------------------------------------------------------------------------------------

/// Two faces and the sheets printed so far.
struct Press {
    regular: Face,
    bold: Face,
    sheets: Vec<Vec<Op>>,
}

impl Press {
    fn compose(&mut self, paper: &Paper, qr: &QRCode) {
        self.new_sheet(paper);
        let rows_top = self.first_head(paper);
        let foot_top = self.foot(paper, qr);
        let rows_bottom = self.notes(paper, foot_top);

        let height = |rows: &[Row], density| rows.iter().map(|row| row.height(density)).sum::<f32>();
        let mut density = COMFORTABLE;
        let mut rows = self.rows(paper, density);
        if rows_top + height(&rows, density) > rows_bottom {
            density = TIGHT;
            rows = self.rows(paper, density);
        }
        self.flow(paper, rows, density, rows_top, rows_bottom);
        self.number_the_sheets(paper);
    }

    /// Begins a sheet; the mark of a copy lies under everything else on it.
    fn new_sheet(&mut self, paper: &Paper) {
        self.sheets.push(Vec::new());
        if let Some(n) = paper.copy {
            let mark = format!("{} {n}", paper.language.words().copy);
            self.mark_across(&mark);
        }
    }

    /// Letterhead, title and number. Answers where the rows may begin.
    fn first_head(&mut self, paper: &Paper) -> f32 {
        let words = paper.language.words();
        let beside_emblem = LEFT + EMBLEM_WIDTH + 12.0;
        self.emblem(LEFT, TOP + 1.0);
        let mut y = TOP + 10.0;
        let office = plain(13.0).bold();
        for line in self.wrap(&paper.office_name, office, RIGHT - beside_emblem).into_iter().take(STATION_LINES_MAX) {
            self.write(beside_emblem, y, &line, office);
            y += 15.5;
        }
        y -= 3.5;
        let address = plain(8.0).ink(Ink::Muted);
        let mut parts = Vec::new();
        for line in &paper.office_address_lines {
            parts.extend(self.wrap(line, address, RIGHT - beside_emblem));
        }
        for part in parts.iter().take(ADDRESS_LINES_MAX) {
            self.write(beside_emblem, y, part, address);
            y += 10.5;
        }
        y = (y - 3.0).max(TOP + EMBLEM_HEIGHT + 7.0);
        self.rule(LEFT, RIGHT, y, 0.9, Ink::Navy);

        y += 22.0;
        self.write(LEFT, y, words.title, plain(11.5).bold().ink(Ink::Navy).tracked(30.0));
        if let Some(n) = paper.copy {
            self.badge(RIGHT, y, &format!("{} {n}", words.copy));
        }
        y += 17.0;
        self.write(LEFT, y, words.number, plain(8.0).ink(Ink::Muted));
        y += 21.0;
        let number = plain(21.0).bold();
        for line in self.wrap(&paper.number, number, RIGHT - LEFT) {
            self.write(LEFT, y, &line, number);
            y += 24.0;
        }
        y - 24.0 + 12.0
    }

    /// The short head of a further sheet: enough to put two loose sheets together again.
    fn next_head(&mut self, paper: &Paper) -> f32 {
        let words = paper.language.words();
        let mut y = TOP + 10.0;
        let title = plain(8.5).bold().ink(Ink::Navy).tracked(30.0);
        self.write(LEFT, y, words.title, title);
        if let Some(n) = paper.copy {
            self.badge(RIGHT, y, &format!("{} {n}", words.copy));
        }
        y += 16.0;
        for line in self.wrap(&paper.number, plain(13.0).bold(), RIGHT - LEFT) {
            self.write(LEFT, y, &line, plain(13.0).bold());
            y += 15.0;
        }
        // The whole name is on the first sheet.
        for line in self.wrap(&paper.applicant_name, plain(9.0), RIGHT - LEFT).into_iter().take(STATION_LINES_MAX) {
            self.write(LEFT, y, &line, plain(9.0));
            y += 12.0;
        }
        y -= 4.0;
        self.rule(LEFT, RIGHT, y, 0.9, Ink::Navy);
        y + 6.0
    }

    /// Who issued it, what to bring, and the QR, at the bottom of the first sheet. Answers where that begins.
    fn foot(&mut self, paper: &Paper, qr: &QRCode) -> f32 {
        let words = paper.language.words();
        let side = QR_SIDE_MIN.max(qr.size as f32 * QR_MODULE_MIN);
        let module = side / qr.size as f32;
        let quiet = module * QR_QUIET_MODULES;

        let caption = plain(7.0).ink(Ink::Muted);
        let caption_lines = self.wrap(words.scan, caption, side + 8.0);
        let number = plain(7.5).bold();
        let number_lines = self.wrap(&paper.number, number, side + 8.0);
        let under_qr = quiet + 9.0 * (number_lines.len() + caption_lines.len()) as f32;
        let qr_height = side + under_qr;

        let column = RIGHT - side - quiet.max(12.0) - LEFT;
        let mut lines: Vec<(&str, String, Style, f32)> = Vec::new();
        let value = plain(8.5);
        for (label, text) in
            [(words.issued, &paper.issued_at), (words.counter, &paper.counter), (words.officer, &paper.officer_name)]
        {
            let wrapped = self.wrap(text, value, column - (VALUES - LEFT));
            for (i, line) in wrapped.into_iter().take(STATION_LINES_MAX).enumerate() {
                lines.push((if i == 0 { label } else { "" }, line, value, 12.0));
            }
        }
        let mut sentences = vec![(format!("{}, {}", words.bring, words.bring_what), plain(8.5))];
        if !is_confirmed(&paper.payment) {
            sentences.push((words.not_a_proof.to_owned(), plain(8.5).bold()));
        }
        let issue_lines = lines.len();
        for (sentence, style) in sentences {
            for line in self.wrap(&sentence, style, column) {
                lines.push(("", line, style, 11.5));
            }
        }
        let gap = 8.0;
        let left_height = lines.iter().map(|line| line.3).sum::<f32>() + gap;

        let top = BOTTOM - qr_height.max(left_height + 2.0);
        self.rule(LEFT, RIGHT, top - 12.0, 0.5, Ink::Hairline);

        let mut y = top + 7.0;
        for (i, (label, text, style, leading)) in lines.iter().enumerate() {
            if i == issue_lines {
                y += gap;
            }
            self.write(LEFT, y, label, plain(8.5).ink(Ink::Muted));
            self.write(if i < issue_lines { VALUES } else { LEFT }, y, text, *style);
            y += leading;
        }

        let qr_left = RIGHT - side;
        self.block(qr_left - quiet, top - quiet, side + 2.0 * quiet, side + 2.0 * quiet, Ink::White);
        self.qr(qr, qr_left, top, module);
        let mut y = top + side + quiet + 6.5;
        for (line, style) in
            number_lines.iter().map(|line| (line, number)).chain(caption_lines.iter().map(|line| (line, caption)))
        {
            let width = self.measure(line, style);
            self.write((qr_left + (side - width) / 2.0).min(RIGHT - width), y, line, style);
            y += 9.0;
        }
        top - 12.0
    }

    /// The plain note on what the centre has still to check. Answers where the rows must end.
    fn notes(&mut self, paper: &Paper, foot_top: f32) -> f32 {
        let words = paper.language.words();
        let mut checks: Vec<Check> = Vec::new();
        for check in &paper.not_yet_checked {
            if !checks.contains(check) {
                checks.push(*check);
            }
        }
        if checks.is_empty() {
            return foot_top - 4.0;
        }
        let named = checks.iter().map(|check| paper.language.check(*check)).collect::<Vec<_>>().join(", ");
        let style = plain(8.5);
        let inset = 9.0;
        let width = RIGHT - LEFT - 2.0 * inset;
        let head = self.wrap(words.unchecked, style.bold(), width);
        let head_width = head.last().map_or(0.0, |line| self.measure(line, style.bold())) + 3.5;
        let lines = self.wrap_after(&format!("{named}. {}", words.unchecked_after), style, width, head_width);
        let height = 11.5 * lines.len() as f32 + 10.5;
        let top = foot_top - 10.0 - height;
        self.block(LEFT, top, RIGHT - LEFT, height, Ink::Ground);
        self.block(LEFT, top, 2.0, height, Ink::Black);
        let mut y = top + 14.0;
        for (i, line) in lines.iter().enumerate() {
            if i == 0 {
                self.write(LEFT + inset, y, words.unchecked, style.bold());
            }
            self.write(LEFT + inset + if i == 0 { head_width } else { 0.0 }, y, line, style);
            y += 11.5;
        }
        top - 4.0
    }

    fn rows(&mut self, paper: &Paper, density: Density) -> Vec<Row> {
        let words = paper.language.words();
        let value = plain(density.size);
        let name = plain(density.size + 2.0).bold();
        let (statement, ground) = payment_words(paper.language, &paper.payment);
        let collection = match &paper.collect_from {
            Some(day) => format!("{} {day}", words.collect_from),
            None => words.collect_unknown.to_owned(),
        };
        let mut rows = vec![
            self.row(words.name, density, &[(&paper.applicant_name, name)]),
            self.row(words.application_no, density, &[(&paper.application_no, value)]),
            self.row(words.ticket, density, &[(&paper.ticket, value)]),
            self.row(words.service, density, &[(&paper.service, value)]),
            self.row(words.payment, density, &[(&statement, value.bold()), (&ground, value)]),
            self.row(words.biometrics, density, &[(&paper.biometrics, value)]),
            self.row(words.collection, density, &[(&collection, value.bold())]),
        ];
        if !paper.exceptions.is_empty() {
            rows.push(self.list(words.exceptions, density, &paper.exceptions));
        }
        if paper.documents_received.is_empty() {
            rows.push(self.row(words.documents, density, &[(words.no_documents, value)]));
        } else {
            rows.push(self.list(words.documents, density, &paper.documents_received));
        }
        rows.retain(|row| !row.lines.is_empty());
        rows
    }

    fn row(&mut self, label: &'static str, density: Density, texts: &[(&str, Style)]) -> Row {
        let mut lines = Vec::new();
        for (text, style) in texts {
            let leading = density.leading + (style.size - density.size);
            for text in self.wrap(text, *style, RIGHT - VALUES) {
                lines.push(Setting { text, style: *style, marker: String::new(), indent: 0.0, leading, kept: 1 });
            }
        }
        let whole = lines.len().min(KEPT_LINES_MAX);
        if let Some(first) = lines.first_mut() {
            first.kept = whole;
        }
        Row { label, lines }
    }

    /// One entry stands alone; more are numbered, so that the applicant can count what was handed over.
    fn list(&mut self, label: &'static str, density: Density, entries: &[String]) -> Row {
        let style = plain(density.size);
        if let [only] = entries {
            return self.row(label, density, &[(only, style)]);
        }
        let indent = if entries.len() < 10 { LIST_INDENT } else { LIST_INDENT + 5.0 };
        let mut lines = Vec::new();
        for (i, entry) in entries.iter().enumerate() {
            let parts = self.wrap(entry, style, RIGHT - VALUES - indent);
            let whole = parts.len().min(KEPT_LINES_MAX);
            for (j, text) in parts.into_iter().enumerate() {
                let (marker, kept) = if j == 0 { (format!("{}.", i + 1), whole) } else { (String::new(), 1) };
                lines.push(Setting { text, style, marker, indent, leading: density.leading, kept });
            }
        }
        Row { label, lines }
    }

    /// Sets the rows from `top` down to `bottom`, and on as many further sheets as they need.
    fn flow(&mut self, paper: &Paper, rows: Vec<Row>, density: Density, top: f32, bottom: f32) {
        let words = paper.language.words();
        let label_style = plain(density.size - 0.7).ink(Ink::Muted);
        let (mut y, mut bottom) = (top, bottom);
        for row in rows {
            let mut label = Some(String::from(row.label));
            let mut label_end = y;
            for line in row.lines {
                if y + line.leading * line.kept as f32 > bottom {
                    self.new_sheet(paper);
                    y = self.next_head(paper);
                    bottom = BOTTOM - 4.0;
                    label = Some(match label {
                        Some(whole) => whole,
                        None => format!("{} {}", row.label, words.continued),
                    });
                }
                let baseline = y + line.leading;
                if let Some(label) = label.take() {
                    let parts = self.wrap(&label, label_style, VALUES - LEFT - 6.0);
                    for (i, part) in parts.iter().enumerate() {
                        label_end = baseline + i as f32 * density.leading;
                        self.write(LEFT, label_end, part, label_style);
                    }
                }
                self.write(VALUES, baseline, &line.marker, line.style.ink(Ink::Muted));
                self.write(VALUES + line.indent, baseline, &line.text, line.style);
                y = baseline;
            }
            y = y.max(label_end) + density.row_gap;
        }
    }

    /// "Halaman 1/2", only where there is more than one.
    fn number_the_sheets(&mut self, paper: &Paper) {
        let of = self.sheets.len();
        if of == 1 {
            return;
        }
        let style = plain(8.0).ink(Ink::Muted);
        let sheets = std::mem::take(&mut self.sheets);
        for (i, sheet) in sheets.into_iter().enumerate() {
            self.sheets.push(sheet);
            let text = format!("{} {}/{of}", paper.language.words().page, i + 1);
            let width = self.measure(&text, style);
            self.write((LEFT + RIGHT - width) / 2.0, BOTTOM + 10.0, &text, style);
        }
    }

    // ---- drawing ----

    fn draw(&mut self, ops: impl IntoIterator<Item = Op>) {
        if let Some(sheet) = self.sheets.last_mut() {
            sheet.extend(ops);
        }
    }

    fn face(&mut self, weight: Weight) -> &mut Face {
        match weight {
            Weight::Regular => &mut self.regular,
            Weight::Bold => &mut self.bold,
        }
    }

    fn measure(&mut self, text: &str, style: Style) -> f32 {
        self.face(style.weight).width_em(text, style.tracking) * style.size
    }

    /// Writes one line with its baseline at `y`.
    fn write(&mut self, x: f32, y: f32, text: &str, style: Style) {
        self.write_turned([1.0, 0.0, 0.0, 1.0, x, PAGE_HEIGHT - y], text, style);
    }

    fn write_turned(&mut self, matrix: [f32; 6], text: &str, style: Style) {
        if text.is_empty() {
            return;
        }
        let items = self.face(style.weight).set(text, style.tracking);
        let font = PdfFontHandle::External(FontId(style.weight.resource().to_owned()));
        let [_, _, _, _, x, y] = matrix;
        let place = match matrix {
            [1.0, 0.0, 0.0, 1.0, ..] => Op::SetTextCursor { pos: Point { x: Pt(x), y: Pt(y) } },
            _ => Op::SetTextMatrix { matrix: TextMatrix::Raw(matrix) },
        };
        self.draw([
            Op::SetFillColor { col: style.ink.color() },
            Op::StartTextSection,
            Op::SetFont { font, size: Pt(style.size) },
            place,
            Op::ShowText { items },
            Op::EndTextSection,
        ]);
    }

    /// SALINAN n from corner to corner.
    fn mark_across(&mut self, text: &str) {
        let em = self.bold.width_em(text, 40.0);
        let size = (500.0 / em.max(1.0)).min(92.0);
        let (sin, cos) = PAGE_HEIGHT.atan2(PAGE_WIDTH).sin_cos();
        let (along, down) = (em * size / 2.0, size * CAP_HEIGHT_EM / 2.0);
        let x = PAGE_WIDTH / 2.0 - along * cos + down * sin;
        let y = PAGE_HEIGHT / 2.0 - along * sin - down * cos;
        let style = plain(size).bold().ink(Ink::Veil).tracked(40.0);
        self.write_turned([cos, sin, -sin, cos, x, y], text, style);
    }

    /// A framed word whose right edge is `right`, on the baseline `y`.
    fn badge(&mut self, right: f32, y: f32, text: &str) {
        let style = plain(9.5).bold().tracked(60.0);
        let width = self.measure(text, style) + 14.0;
        self.frame(right - width, y - 11.5, width, 16.5);
        self.write(right - width + 7.0, y, text, style);
    }

    fn rule(&mut self, from: f32, to: f32, y: f32, thickness: f32, ink: Ink) {
        let line = Line { points: vec![corner(from, PAGE_HEIGHT - y), corner(to, PAGE_HEIGHT - y)], is_closed: false };
        self.draw([
            Op::SetOutlineColor { col: ink.color() },
            Op::SetOutlineThickness { pt: Pt(thickness) },
            Op::DrawLine { line },
        ]);
    }

    fn block(&mut self, x: f32, y: f32, width: f32, height: f32, ink: Ink) {
        self.draw([
            Op::SetFillColor { col: ink.color() },
            Op::DrawPolygon { polygon: polygon(vec![rectangle(x, y, width, height)], PaintMode::Fill) },
        ]);
    }

    fn frame(&mut self, x: f32, y: f32, width: f32, height: f32) {
        self.draw([
            Op::SetOutlineColor { col: Ink::Black.color() },
            Op::SetOutlineThickness { pt: Pt(1.0) },
            Op::DrawPolygon { polygon: polygon(vec![rectangle(x, y, width, height)], PaintMode::Stroke) },
        ]);
    }

    /// The code as one shape: separate squares leave white hairlines between them on some printers.
    fn qr(&mut self, qr: &QRCode, x: f32, y: f32, module: f32) {
        let outlines = outlines(qr.size as i32, |column, row| qr[row as usize][column as usize].value());
        let rings =
            outlines.into_iter().map(|ring| ring.into_iter().map(|(x, y)| corner(x as f32, y as f32)).collect());
        self.scaled(x, y, module, Ink::Black, rings.collect());
    }

    /// The mark of Loket, a queue ticket. The emblem of the state belongs to the office's own stationery.
    fn emblem(&mut self, x: f32, y: f32) {
        let bend = |x: f32, y: f32| LinePoint { p: Point { x: Pt(x), y: Pt(y) }, bezier: true };
        #[rustfmt::skip]
        let ticket = vec![
            corner(0.0, 1.0), corner(20.0, 1.0), corner(20.0, 5.5),
            bend(18.62, 5.5), bend(17.5, 6.62), corner(17.5, 8.0),
            bend(17.5, 9.38), bend(18.62, 10.5), corner(20.0, 10.5),
            corner(20.0, 15.0), corner(0.0, 15.0), corner(0.0, 10.5),
            bend(1.38, 10.5), bend(2.5, 9.38), corner(2.5, 8.0),
            bend(2.5, 6.62), bend(1.38, 5.5), corner(0.0, 5.5),
        ];
        let hole = |y: f32| vec![corner(12.4, y), corner(13.6, y), corner(13.6, y + 2.0), corner(12.4, y + 2.0)];
        self.scaled(x, y, EMBLEM_SCALE, Ink::Navy, vec![ticket, hole(3.5), hole(7.0), hole(10.5)]);
    }

    /// Fills rings given in small units from their own top left corner.
    fn scaled(&mut self, x: f32, y: f32, scale: f32, ink: Ink, rings: Vec<Vec<LinePoint>>) {
        self.draw([
            Op::SaveGraphicsState,
            Op::SetFillColor { col: ink.color() },
            Op::SetTransformationMatrix { matrix: CurTransMat::Raw([scale, 0.0, 0.0, -scale, x, PAGE_HEIGHT - y]) },
            Op::DrawPolygon { polygon: polygon(rings, PaintMode::Fill) },
            Op::RestoreGraphicsState,
        ]);
    }

    // ---- lines ----

    fn wrap(&mut self, text: &str, style: Style, width: f32) -> Vec<String> {
        self.wrap_after(text, style, width, 0.0)
    }

    /// Breaks `text` into lines of at most `width`, the first shorter by `taken`. A word longer than a line is cut
    /// where the line ends: a reader puts it together again, a word outside the paper is lost.
    fn wrap_after(&mut self, text: &str, style: Style, width: f32, taken: f32) -> Vec<String> {
        let space = self.measure(" ", style);
        let mut lines = Vec::new();
        let (mut line, mut used) = (String::new(), taken);
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let word_width = self.measure(word, style);
            let mut word = word;
            let gap = if line.is_empty() { 0.0 } else { space };
            if used + gap + word_width <= width {
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(word);
                used += gap + word_width;
                continue;
            }
            if !line.is_empty() || used > 0.0 {
                lines.push(std::mem::take(&mut line));
            }
            let mut end = self.fitting(word, style, width);
            while end < word.len() {
                lines.push(word[..end].to_owned());
                word = &word[end..];
                end = self.fitting(word, style, width);
            }
            line.push_str(word);
            used = self.measure(word, style);
        }
        if !line.is_empty() {
            lines.push(line);
        }
        lines
    }

    /// How many bytes of `word` fit into `width`; at least one character.
    fn fitting(&mut self, word: &str, style: Style, width: f32) -> usize {
        let mut used = 0.0;
        let mut end = 0;
        for (at, c) in word.char_indices() {
            used += self.face(style.weight).advance_em(c) * style.size;
            if used > width && at > 0 {
                return at;
            }
            end = at + c.len_utf8();
        }
        end
    }

    // ---- binding ----

    /// Puts the sheets and the glyphs they use into one file.
    fn bind(self, paper: &Paper) -> Result<Vec<u8>, ReceiptFault> {
        let words = paper.language.words();
        let title = format!("{} {}", words.title, paper.number);
        let mut pdf = PdfDocument::new(&title);
        let issued = printpdf::OffsetDateTime::from_unix_timestamp(paper.issued_at_unix_s)
            .or_else(|_| printpdf::OffsetDateTime::from_unix_timestamp(0))
            .map_err(|cause| ReceiptFault::Pdf(cause.to_string()))?;
        let info = &mut pdf.metadata.info;
        info.author.clone_from(&paper.office_name);
        info.creator = String::from("Loket");
        info.producer = String::from("Loket");
        info.subject.clone_from(&paper.number);
        (info.creation_date, info.modification_date, info.metadata_date) = (issued, issued, issued);

        for (weight, face) in [(Weight::Regular, &self.regular), (Weight::Bold, &self.bold)] {
            let font = face.as_printed(weight)?;
            pdf.resources.fonts.map.insert(FontId(weight.resource().to_owned()), PdfFont::new(font));
        }
        pdf.with_pages(self.sheets.into_iter().map(|ops| PdfPage::new(Mm(148.0), Mm(210.0), ops)).collect());

        let options = PdfSaveOptions { subset_fonts: false, ..PdfSaveOptions::default() };
        let mut file = pdf.to_lopdf_document(&options, &mut Vec::new());
        file.version = String::from("1.7");

        // printpdf draws the file's two identifiers by lot. They say: this number, and exactly this paper.
        let fault = |cause: &dyn fmt::Display| ReceiptFault::Pdf(cause.to_string());
        let fixed = [fingerprint(&paper.number), fingerprint(&format!("{paper:?}"))];
        let ids = file.trailer.get_mut(b"ID").and_then(|ids| ids.as_array_mut()).map_err(|cause| fault(&cause))?;
        for (id, fixed) in ids.iter_mut().zip(fixed) {
            *id.as_str_mut().map_err(|cause| fault(&cause))? = format!("{fixed:016x}").into_bytes();
        }
        let mut lang = ids.first().cloned().ok_or_else(|| fault(&"no file identifier"))?;
        *lang.as_str_mut().map_err(|cause| fault(&cause))? = words.lang_tag.as_bytes().to_vec();
        // It also signs every file as a PDF/X for a printing house, which this is not.
        let info = file.trailer.get(b"Info").and_then(|info| info.as_reference()).map_err(|cause| fault(&cause))?;
        file.get_dictionary_mut(info).map_err(|cause| fault(&cause))?.remove(b"GTS_PDFXVersion");
        // Scaling to fit would shrink the QR and the margins of a sheet that already has the printer's size.
        let mut viewing = empty_like(&file.trailer);
        viewing.set("PrintScaling", "None");
        viewing.set("DisplayDocTitle", true);
        let catalog = file.catalog_mut().map_err(|cause| fault(&cause))?;
        catalog.set("Lang", lang);
        catalog.set("ViewerPreferences", viewing);

        file.compress();
        let mut bytes = Vec::new();
        file.save_to(&mut bytes).map_err(|cause| ReceiptFault::Pdf(cause.to_string()))?;
        Ok(bytes)
    }
}

/// A second, empty value of a type that printpdf hands out without naming it.
fn empty_like<T: Default>(_: &T) -> T {
    T::default()
}

/// FNV-1a. Only to tell papers apart in a PDF viewer's history; the QR is what proves one genuine.
fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

// ---- fonts ------------------------------------------------------------------------------------------------------

const REGULAR: &[u8] = include_bytes!("../../../assets/fonts/NotoSans-Regular.ttf");
const BOLD: &[u8] = include_bytes!("../../../assets/fonts/NotoSans-Bold.ttf");
/// True of both faces above.
const UNITS_PER_EM: f32 = 1000.0;
const CAP_HEIGHT_EM: f32 = 0.714;
/// What stands in for a character that the faces do not have.
const REPLACEMENT: char = '\u{FFFD}';

impl Weight {
    /// The name by which a page refers to the face.
    fn resource(self) -> &'static str {
        match self {
            Self::Regular => "Regular",
            Self::Bold => "Bold",
        }
    }

    fn postscript_name(self) -> &'static str {
        match self {
            Self::Regular => "NotoSans-Regular",
            Self::Bold => "NotoSans-Bold",
        }
    }
}

/// A font compiled into the program, and the characters printed with it so far.
struct Face {
    bytes: &'static [u8],
    font: allsorts::Font<DynamicFontTableProvider<'static>>,
    printed: BTreeSet<char>,
}

impl Face {
    fn open(bytes: &'static [u8]) -> Result<Self, ReceiptFault> {
        let font = allsorts::Font::new(tables(bytes)?).map_err(|cause| ReceiptFault::Font(cause.to_string()))?;
        Ok(Self { bytes, font, printed: BTreeSet::new() })
    }

    fn glyph(&mut self, c: char) -> u16 {
        self.font.lookup_glyph_index(c, MatchingPresentation::NotRequired, None).0
    }

    fn knows(&mut self, c: char) -> bool {
        self.glyph(c) != 0
    }

    fn known(&mut self, text: &str) -> String {
        text.chars().map(|c| if self.knows(c) { c } else { REPLACEMENT }).collect()
    }

    /// Each character with the space that follows it beyond its own width, in thousandths of an em: the pair
    /// kerning of the font and `tracking`. `text` holds known characters only.
    fn spaced(&mut self, text: &str, tracking: f32) -> Vec<(char, f32)> {
        let glyphs = self.font.map_glyphs(text, allsorts::tag::LATN, MatchingPresentation::NotRequired);
        let shaped = self
            .font
            .shape(glyphs, allsorts::tag::LATN, None, FeatureMask::empty(), &[], None, true)
            .unwrap_or_else(|(_, unfinished)| unfinished);
        let mut spaced: Vec<(char, f32)> = text.chars().map(|c| (c, tracking)).collect();
        // Accents that the shaper joined to their letter leave fewer glyphs than characters: then no kerning.
        if shaped.len() == spaced.len() {
            for ((_, space), info) in spaced.iter_mut().zip(shaped) {
                *space += f32::from(info.kerning);
            }
        }
        if let Some((_, last)) = spaced.last_mut() {
            *last = 0.0;
        }
        spaced
    }

    fn width_em(&mut self, text: &str, tracking: f32) -> f32 {
        let known = self.known(text);
        let spaced = self.spaced(&known, tracking);
        spaced.into_iter().map(|(c, space)| self.advance_em(c) + space / UNITS_PER_EM).sum()
    }

    /// The width of one known character by itself; an unknown one is as wide as its replacement.
    fn advance_em(&mut self, c: char) -> f32 {
        let glyph = match self.glyph(c) {
            0 => self.glyph(REPLACEMENT),
            glyph => glyph,
        };
        f32::from(self.font.horizontal_advance(glyph).unwrap_or(0)) / UNITS_PER_EM
    }

    /// `text` as a PDF shows it: runs of characters with the spacing between them.
    fn set(&mut self, text: &str, tracking: f32) -> Vec<TextItem> {
        let known = self.known(text);
        self.printed.extend(known.chars());
        let mut items = Vec::new();
        let mut run = String::new();
        for (c, space) in self.spaced(&known, tracking) {
            run.push(c);
            if space != 0.0 {
                items.push(TextItem::Text(std::mem::take(&mut run)));
                items.push(TextItem::Offset(-space));
            }
        }
        if !run.is_empty() {
            items.push(TextItem::Text(run));
        }
        items
    }

    /// The face cut down to what was printed, under the name that tells readers so.
    fn as_printed(&self, weight: Weight) -> Result<ParsedFont, ReceiptFault> {
        let fault = |cause: &dyn fmt::Display| ReceiptFault::Font(cause.to_string());
        let mut whole = Self::open(self.bytes)?;
        let glyphs: BTreeSet<u16> = self.printed.iter().map(|c| whole.glyph(*c)).chain([0]).collect();
        let glyphs: Vec<u16> = glyphs.into_iter().collect();
        let bytes = subset(&tables(self.bytes)?, &glyphs, &SubsetProfile::Minimal, CmapTarget::Unicode)
            .map_err(|cause| fault(&cause))?;
        let mut font = ParsedFont::from_bytes(&bytes, 0, &mut Vec::new())
            .ok_or_else(|| fault(&"its subset cannot be read back"))?;
        let mut seed = fingerprint(&format!("{glyphs:?}"));
        let mut tag = String::new();
        for _ in 0..6 {
            tag.push(char::from(b'A' + (seed % 26) as u8));
            seed /= 26;
        }
        font.font_name = Some(format!("{tag}+{}", weight.postscript_name()));
        Ok(font)
    }
}

fn tables(bytes: &'static [u8]) -> Result<DynamicFontTableProvider<'static>, ReceiptFault> {
    let fault = |cause: &dyn fmt::Display| ReceiptFault::Font(cause.to_string());
    let file = ReadScope::new(bytes).read::<FontData<'static>>().map_err(|cause| fault(&cause))?;
    file.table_provider(0).map_err(|cause| fault(&cause))
}

// ---- shapes -----------------------------------------------------------------------------------------------------

/// The ticket is drawn in units of 20 by 16.
const EMBLEM_SCALE: f32 = 1.7;
const EMBLEM_WIDTH: f32 = 20.0 * EMBLEM_SCALE;
const EMBLEM_HEIGHT: f32 = 16.0 * EMBLEM_SCALE;

fn corner(x: f32, y: f32) -> LinePoint {
    LinePoint { p: Point { x: Pt(x), y: Pt(y) }, bezier: false }
}

fn rectangle(x: f32, y: f32, width: f32, height: f32) -> Vec<LinePoint> {
    let (top, bottom) = (PAGE_HEIGHT - y, PAGE_HEIGHT - y - height);
    vec![corner(x, bottom), corner(x + width, bottom), corner(x + width, top), corner(x, top)]
}

fn polygon(rings: Vec<Vec<LinePoint>>, mode: PaintMode) -> Polygon {
    let rings = rings.into_iter().map(|points| PolygonRing { points }).collect();
    Polygon { rings, mode, winding_order: WindingOrder::EvenOdd }
}

/// The closed lines around the dark cells of a square grid, corners only; holes are lines of their own.
fn outlines(side: i32, is_dark: impl Fn(i32, i32) -> bool) -> Vec<Vec<(i32, i32)>> {
    let dark = |x: i32, y: i32| (0..side).contains(&x) && (0..side).contains(&y) && is_dark(x, y);
    // Every border between dark and light, walked with the dark cell on the right hand.
    let mut steps: BTreeSet<((i32, i32), (i32, i32))> = BTreeSet::new();
    for (x, y) in (0..side).flat_map(|y| (0..side).map(move |x| (x, y))).filter(|(x, y)| dark(*x, *y)) {
        let corners = [(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)];
        let beyond = [(x, y - 1), (x + 1, y), (x, y + 1), (x - 1, y)];
        for i in 0..4 {
            if !dark(beyond[i].0, beyond[i].1) {
                steps.insert((corners[i], corners[(i + 1) % 4]));
            }
        }
    }
    let mut rings = Vec::new();
    while let Some((start, mut here)) = steps.pop_first() {
        let mut ring = vec![start];
        while here != start {
            ring.push(here);
            // As many borders leave a corner as reach it, so the walk comes home.
            let Some(step) = steps.range((here, (i32::MIN, i32::MIN))..).next().copied().filter(|s| s.0 == here) else {
                break;
            };
            steps.remove(&step);
            here = step.1;
        }
        let is_turn = |i: usize| {
            let (before, at, after) = (ring[(i + ring.len() - 1) % ring.len()], ring[i], ring[(i + 1) % ring.len()]);
            (before.0 == at.0) != (at.0 == after.0)
        };
        rings.push((0..ring.len()).filter(|i| is_turn(*i)).map(|i| ring[i]).collect());
    }
    rings
}
