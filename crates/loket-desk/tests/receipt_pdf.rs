//! The receipt as a reader, a printer and a scanner meet it. Other people's tools read the file back, so that a
//! mistake is not made twice in the same way.

use std::path::{Path, PathBuf};
use std::process::Command;

use loket_desk::receipt_pdf::{Check, Language, Paper, Payment, ReceiptFault, receipt_pdf, unprintable};

const FILE_BYTES_MAX: usize = 60_000;

fn paper() -> Paper {
    Paper {
        language: Language::Id,
        office_name: "Kantor Imigrasi Kelas I Contoh".into(),
        office_address_lines: vec!["Jalan Contoh No. 12, Kota Contoh 10110".into(), "Telepon (021) 555-0142".into()],
        number: "KNC/26/W001/000412-8".into(),
        copy: None,
        applicant_name: "AGUS PRASETYO".into(),
        application_no: "1234567890123456".into(),
        ticket: "A-028".into(),
        service: "Paspor baru, elektronik 10 tahun".into(),
        documents_received: vec!["Kartu tanda penduduk (e-KTP)".into(), "Kartu keluarga".into()],
        payment: confirmed("0A1B2C3D4E5F6G7H"),
        biometrics: "Foto, sepuluh sidik jari, dan tanda tangan telah diambil".into(),
        exceptions: Vec::new(),
        collect_from: Some("Jumat, 27 November 2026".into()),
        not_yet_checked: Vec::new(),
        officer_name: "Sri Wulandari".into(),
        counter: "Loket 3".into(),
        issued_at: "Senin, 23 November 2026 09.42 WIB".into(),
        issued_at_unix_s: 1_795_401_720,
        // As long as a signed claim is, in the alphabet it uses.
        qr_text: format!("LKT1:{}", "6BFOXN*TS0BI$ZD-PHQ7I9AD66V5B22CH9M9ESI9XBHXK-%69LQ".repeat(4)),
    }
}

fn confirmed(ntpn: &str) -> Payment {
    Payment::PaidPerServer { amount_rp: 950_000, ntpn: ntpn.into(), at: "23 November 2026 08.15 WIB".into() }
}

/// A printed file and the tools that look at it.
struct Printed {
    dir: tempfile::TempDir,
    bytes: Vec<u8>,
}

impl Printed {
    fn of(paper: &Paper) -> Self {
        let bytes = receipt_pdf(paper).expect("a receipt always comes out");
        let dir = tempfile::tempdir().expect("a place for the file");
        std::fs::write(dir.path().join("receipt.pdf"), &bytes).expect("the file is written");
        Self { dir, bytes }
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("receipt.pdf")
    }

    /// Everything that can be selected, with single spaces.
    fn text(&self) -> String {
        let text = tool("pdftotext", "poppler-utils", &["-raw".as_ref(), &self.file(), "-".as_ref()]);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn info(&self) -> String {
        tool("pdfinfo", "poppler-utils", &[&self.file()])
    }

    fn pages(&self) -> usize {
        let info = self.info();
        let pages = info.lines().find_map(|line| line.strip_prefix("Pages:")).expect("pdfinfo counts the pages");
        pages.trim().parse().expect("a number of pages")
    }

    /// What a scanner reads from a picture of the first sheet, at the coarseness of an office scanner.
    fn scanned(&self) -> String {
        let picture = self.dir.path().join("sheet");
        let args: &[&Path] = &["-r".as_ref(), "150".as_ref(), "-png".as_ref(), "-singlefile".as_ref()];
        tool("pdftoppm", "poppler-utils", &[args, &[&self.file(), &picture]].concat());
        let picture = picture.with_extension("png");
        let args: &[&Path] = &["--nodbus".as_ref(), "-q".as_ref(), "--raw".as_ref(), &picture];
        tool("zbarimg", "zbar-tools", args).trim_end().to_owned()
    }

    /// The words with their boxes: page, left, top, right, bottom, text.
    fn boxes(&self) -> Vec<(usize, [f32; 4], String)> {
        let html = tool("pdftotext", "poppler-utils", &["-bbox".as_ref(), &self.file(), "-".as_ref()]);
        let mut page = 0;
        let mut words = Vec::new();
        for line in html.lines().map(str::trim) {
            page += usize::from(line.starts_with("<page "));
            let Some(word) = line.strip_prefix("<word ") else { continue };
            let side = |name: &str| {
                let value = word.split(&format!("{name}=\"")).nth(1).and_then(|rest| rest.split('"').next());
                value.and_then(|value| value.parse().ok()).expect("a side of a box")
            };
            let text = word.split('>').nth(1).unwrap_or_default().trim_end_matches("</word").to_owned();
            words.push((page, [side("xMin"), side("yMin"), side("xMax"), side("yMax")], text));
        }
        words
    }
}

fn tool(name: &str, package: &str, args: &[&Path]) -> String {
    let output = Command::new(name).args(args).output();
    let output = output.unwrap_or_else(|cause| panic!("{name}: {cause}; install it with: apt-get install {package}"));
    assert!(output.status.success(), "{name} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[track_caller]
fn assert_says(text: &str, expected: &[&str]) {
    for part in expected {
        assert!(text.contains(part), "{part:?} is not on the paper:\n{text}");
    }
}

/// Nothing outside the margins, nothing on top of something else.
#[track_caller]
fn assert_well_set(printed: &Printed) {
    let words = printed.boxes();
    for (page, [left, top, right, bottom], word) in &words {
        let inside = *left > 33.0 && *right < 386.5 && *top > 20.0 && *bottom < 585.0;
        assert!(inside, "{word:?} on page {page} at {left}..{right}, {top}..{bottom}");
    }
    // A box is as high as the font's tallest letter; the middle of it is where the word is.
    let middle = |[left, top, right, bottom]: [f32; 4]| {
        let quarter = (bottom - top) * 0.3;
        [left + 0.5, top + quarter, right - 0.5, bottom - quarter]
    };
    for (i, (page, a, word)) in words.iter().enumerate() {
        for (other_page, b, other) in &words[i + 1..] {
            let (a, b) = (middle(*a), middle(*b));
            let apart = page != other_page || a[2] < b[0] || b[2] < a[0] || a[3] < b[1] || b[3] < a[1];
            assert!(apart, "{word:?} and {other:?} lie on each other on page {page}");
        }
    }
}

#[test]
fn the_paper_says_what_happened_at_the_counter() {
    let printed = Printed::of(&paper());
    assert_says(
        &printed.text(),
        &[
            "Kantor Imigrasi Kelas I Contoh",
            "Jalan Contoh No. 12, Kota Contoh 10110",
            "TANDA TERIMA PERMOHONAN PASPOR",
            "KNC/26/W001/000412-8",
            "AGUS PRASETYO",
            "1234567890123456",
            "A-028",
            "Paspor baru, elektronik 10 tahun",
            "Lunas menurut server, Rp950.000",
            "NTPN 0A1B2C3D4E5F6G7H, 23 November 2026 08.15 WIB",
            "Foto, sepuluh sidik jari, dan tanda tangan telah diambil",
            "Mulai Jumat, 27 November 2026",
            "1. Kartu tanda penduduk (e-KTP)",
            "2. Kartu keluarga",
            "Senin, 23 November 2026 09.42 WIB",
            "Loket 3",
            "Sri Wulandari",
            "bawa tanda terima ini",
        ],
    );
    let text = printed.text();
    assert!(!text.contains("SALINAN") && !text.contains("Belum") && !text.contains("bukan bukti"), "{text}");
    assert_well_set(&printed);
}

#[test]
fn the_english_paper_is_english() {
    let mut paper = Paper { language: Language::En, copy: Some(3), ..paper() };
    paper.not_yet_checked = vec![Check::BanList, Check::Duplicates];
    let text = Printed::of(&paper).text();
    assert_says(
        &text,
        &[
            "PASSPORT APPLICATION RECEIPT",
            "COPY 3",
            "Paid according to the server, Rp950,000",
            "From Jumat",
            "Not yet checked with the centre: travel-ban list, duplicate applications.",
            "bring this receipt",
        ],
    );
    assert!(!text.contains("TANDA TERIMA") && !text.contains("Petugas"), "{text}");
}

#[test]
fn it_is_a_sound_a5_file_with_its_fonts_inside() {
    let printed = Printed::of(&paper());
    tool("qpdf", "qpdf", &["--check".as_ref(), &printed.file()]);
    let info = printed.info();
    assert_says(
        &info,
        &[
            "419.528 x 595.276 pts",
            "Title:           TANDA TERIMA PERMOHONAN PASPOR KNC/26/W001/000412-8",
            "Author:          Kantor Imigrasi Kelas I Contoh",
            "2026",
        ],
    );
    assert!(!info.contains("PDF/X"), "it claims to be what it is not: {info}");
    assert_eq!(printed.pages(), 1);

    let fonts = tool("pdffonts", "poppler-utils", &[&printed.file()]);
    let fonts: Vec<&str> = fonts.lines().skip(2).collect();
    assert_eq!(fonts.len(), 2, "two weights: {fonts:?}");
    for font in fonts {
        assert!(font.contains("+NotoSans-"), "{font}");
        assert!(font.contains("yes yes yes"), "embedded, subset, readable as text: {font}");
    }
    let written = String::from_utf8_lossy(&printed.bytes);
    assert!(written.contains("/Lang(id)") || written.contains("/Lang (id)"), "no language in the catalogue");
    assert!(printed.bytes.len() < FILE_BYTES_MAX, "{} bytes", printed.bytes.len());
}

#[test]
fn a_scanner_reads_the_code_also_from_a_copy() {
    for copy in [None, Some(1)] {
        let paper = Paper { copy, ..paper() };
        assert_eq!(Printed::of(&paper).scanned(), paper.qr_text);
    }
}

#[test]
fn a_short_code_and_the_longest_one_are_read_too() {
    for qr_text in ["LKT1:A".to_owned(), format!("LKT1:{}", "Q7I9AD66V5".repeat(60))] {
        let printed = Printed::of(&Paper { qr_text: qr_text.clone(), ..paper() });
        assert_eq!(printed.scanned(), qr_text);
        assert_well_set(&printed);
    }
    let fault = receipt_pdf(&Paper { qr_text: "x".repeat(5_000), ..paper() });
    assert!(matches!(fault, Err(ReceiptFault::QrTooLong { bytes: 5_000 })), "{fault:?}");
}

#[test]
fn a_reprint_is_marked_on_every_sheet_and_keeps_its_number() {
    let documents_received = (1..=60).map(|i| format!("Surat keterangan ke-{i}")).collect();
    let printed = Printed::of(&Paper { copy: Some(2), documents_received, ..paper() });
    let text = printed.text();
    assert!(printed.pages() > 1);
    assert!(text.matches("SALINAN 2").count() >= printed.pages(), "{text}");
    assert!(text.matches("KNC/26/W001/000412-8").count() >= printed.pages(), "{text}");
}

#[test]
fn a_long_name_wraps_and_loses_no_letter() {
    let name = "RADEN AYU SITI KHADIJAH NUR AISYAH PUTRI MAHARANI KUSUMANINGRUM TJOKROADIKOESOEMO BINTI ABDURRAHMAN";
    assert!(name.chars().count() >= 99);
    let one_word = "X".repeat(100);
    for name in [name, one_word.as_str()] {
        let printed = Printed::of(&Paper { applicant_name: name.into(), ..paper() });
        assert_well_set(&printed);
        let squeezed = |text: &str| text.replace(' ', "");
        assert_says(&squeezed(&printed.text()), &[&squeezed(name)]);
        assert_eq!(printed.pages(), 1);
    }
}

#[test]
fn more_documents_than_fit_go_on_to_a_second_sheet() {
    let list = |n: usize| (1..=n).map(|i| format!("Surat keterangan nomor {i} selesai")).collect::<Vec<_>>();
    let tight = Printed::of(&Paper { documents_received: list(10), ..paper() });
    assert_eq!(tight.pages(), 1, "a few more are only set closer");
    assert!(!tight.text().contains("Halaman"));

    let printed = Printed::of(&Paper { documents_received: list(30), ..paper() });
    let text = printed.text();
    assert_eq!(printed.pages(), 2);
    assert_says(&text, &["Halaman 1/2", "Halaman 2/2", "(lanjutan)"]);
    for i in 1..=30 {
        assert_says(&text, &[&format!("{i}. Surat keterangan nomor {i} selesai")]);
    }
    assert_well_set(&printed);
}

#[test]
fn what_the_centre_has_not_checked_is_said_plainly() {
    let paper = Paper {
        not_yet_checked: vec![Check::BanList, Check::Dukcapil, Check::Duplicates, Check::Payment, Check::BanList],
        exceptions: vec!["Telunjuk kanan tidak direkam".into(), "Datang tanpa janji temu".into()],
        collect_from: None,
        ..paper()
    };
    let printed = Printed::of(&paper);
    assert_says(
        &printed.text(),
        &[
            "Belum dicek ke pusat: daftar pencegahan, data kependudukan (Dukcapil), permohonan ganda, pembayaran.",
            "1. Telunjuk kanan tidak direkam 2. Datang tanpa janji temu",
            "Tanggalnya belum ditetapkan",
        ],
    );
    assert_well_set(&printed);
}

#[test]
fn without_an_ntpn_no_paper_says_paid() {
    let seen = Payment::ProofSeen { what: "struk ATM".into(), reference: "820261123465628".into() };
    let unasked = Payment::NotYetChecked { as_of: "23 November 2026 07.55 WIB".into() };
    for payment in [seen, unasked, Payment::Unpaid, confirmed(""), confirmed(" \u{200B}\t")] {
        for language in [Language::Id, Language::En] {
            let text = Printed::of(&Paper { payment: payment.clone(), language, ..paper() }).text();
            let lower = text.to_lowercase();
            assert!(!lower.contains("lunas") && !lower.contains("paid"), "{payment:?}: {text}");
            let honest = match language {
                Language::Id => "Dokumen ini bukan bukti pembayaran.",
                Language::En => "This document is not proof of payment.",
            };
            assert_says(&text, &[honest]);
        }
    }
}

#[test]
fn equal_papers_give_equal_bytes_and_another_paper_does_not() {
    let once = receipt_pdf(&paper()).expect("a receipt");
    assert_eq!(once, receipt_pdf(&paper()).expect("the same receipt"));
    assert_ne!(once, receipt_pdf(&Paper { copy: Some(1), ..paper() }).expect("a copy"));
}

#[test]
fn a_character_without_a_glyph_is_marked_and_named() {
    let paper = Paper { applicant_name: "王小明 WIJAYA O\u{2019}NEIL \u{202E}AB🙂".into(), ..paper() };
    assert_eq!(unprintable(&paper).expect("the fonts open"), vec!['小', '明', '王', '🙂']);
    let text = Printed::of(&paper).text();
    assert_says(&text, &["\u{FFFD}\u{FFFD}\u{FFFD} WIJAYA O\u{2019}NEIL AB\u{FFFD}"]);
    assert!(unprintable(&self::paper()).expect("the fonts open").is_empty());
}

#[test]
fn whatever_is_written_into_it_a_receipt_comes_out() {
    let empty = Paper {
        office_name: String::new(),
        office_address_lines: Vec::new(),
        number: String::new(),
        applicant_name: String::new(),
        application_no: String::new(),
        ticket: String::new(),
        service: String::new(),
        documents_received: vec![String::new(), "\n".into()],
        biometrics: String::new(),
        officer_name: String::new(),
        counter: String::new(),
        issued_at: String::new(),
        issued_at_unix_s: i64::MAX,
        qr_text: String::new(),
        ..paper()
    };
    let crowded = Paper {
        office_name: "KANTOR ".repeat(40),
        office_address_lines: vec!["Jalan ".repeat(60); 30],
        applicant_name: "Å\u{0301}\u{0000}\r\n ".repeat(300),
        biometrics: "a".repeat(20_000),
        exceptions: vec!["(\\) %PDF <</>> ".repeat(20); 50],
        officer_name: "Nama ".repeat(60),
        copy: Some(u32::MAX),
        issued_at_unix_s: i64::MIN,
        ..paper()
    };
    for paper in [empty, crowded] {
        let printed = Printed::of(&paper);
        tool("qpdf", "qpdf", &["--check".as_ref(), &printed.file()]);
        assert!(printed.pages() >= 1);
    }
}
