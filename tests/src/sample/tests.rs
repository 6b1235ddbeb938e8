//! What demos and scenarios count on, told as small stories about the day.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate, Timelike};

use super::*;

fn date() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 23).expect("a date")
}

fn day() -> Vec<SampleApplicant> {
    people::day(date())
}

fn named<'a>(day: &'a [SampleApplicant], name: &str) -> &'a SampleApplicant {
    day.iter().find(|a| a.form.full_name == name).expect("the person is in the day")
}

/// Day (women: less 40), month, year of the century, and sex.
fn read_nik(nik: &str) -> (u32, u32, i32, Sex) {
    assert!(nik.len() == 16 && nik.bytes().all(|b| b.is_ascii_digit()) && nik.ends_with("0000"), "{nik}");
    let two = |at: usize| nik[at..at + 2].parse::<u32>().expect("digits");
    let (day, sex) = if two(6) > 40 { (two(6) - 40, Sex::Female) } else { (two(6), Sex::Male) };
    (day, two(8), two(10) as i32, sex)
}

fn orientation(jpeg: &[u8]) -> Option<u8> {
    (jpeg[2..4] == [0xFF, 0xE1] && &jpeg[6..10] == b"Exif").then(|| jpeg[12 + 8 + 2 + 12 + 8])
}

#[test]
fn sixty_people_between_half_past_seven_and_three() {
    let day = day();
    assert_eq!(day.len(), 60);
    assert!(day.is_sorted_by_key(|a| a.slot));
    for a in &day {
        let minutes = a.slot.hour() * 60 + a.slot.minute();
        assert!((450..=900).contains(&minutes) && minutes.is_multiple_of(10), "{}", a.slot);
        assert_eq!(a.appointment.to_rfc3339(), format!("2026-11-23T{}+07:00", a.slot));
    }
    let numbers: BTreeSet<_> = day.iter().map(|a| &a.application_no).collect();
    assert_eq!(numbers.len(), 60);
    assert!(numbers.iter().all(|n| n.len() == 16 && n.bytes().all(|b| b.is_ascii_digit())));
    let niks: BTreeSet<_> = day.iter().map(|a| &a.form.nik).collect();
    assert_eq!(niks.len(), 60);
}

#[test]
fn the_day_holds_every_kind_of_person() {
    let day = day();
    let count = |is: &dyn Fn(&SampleApplicant) -> bool| day.iter().filter(|a| is(a)).count();
    assert!(count(&|a| a.kind == Kind::New) > 20 && count(&|a| a.kind == Kind::Replacement) > 15);
    assert!(count(&|a| a.age_class == AgeClass::Child) >= 10);
    assert_eq!(count(&|a| !a.paid), 2);
    assert_eq!(count(&|a| !a.epassport), 2);
    assert_eq!(count(&|a| a.kind == Kind::New && a.earlier_passport.is_some()), 1);
    assert_eq!(count(&|a| a.kind == Kind::Replacement && a.earlier_passport.is_none()), 0);
    assert_eq!(count(&|a| a.form.full_name.chars().count() >= 60), 1);
    assert_eq!(count(&|a| !a.form.full_name.contains(' ')), 1);
    assert_eq!(count(&|a| a.on_paper.ktp_name != a.form.full_name), 1);
    assert_eq!(named(&day, "AGUS PRASETYO").on_paper.ktp_name, "AGUS PRASETIYO");
    assert_eq!(named(&day, "AGUS PRASETYO").form.nik, "3578101203900000");
    assert!(day.iter().filter(|a| a.age_class == AgeClass::Child).all(|a| a.validity_years == 5));

    assert!(count(&|a| a.priority.is_some()) >= 6);
    let kinds: BTreeSet<_> = day.iter().filter_map(|a| a.priority).collect();
    assert_eq!(kinds.len(), 4);
    for a in &day {
        match a.priority {
            Some(Priority::Elderly) => assert!(a.form.birth_date.year() <= 1966),
            Some(Priority::Toddler) => assert!(a.form.birth_date.year() >= 2023),
            Some(Priority::Pregnant) => assert_eq!(a.form.sex, Sex::Female),
            Some(Priority::Disabled) | None => {}
        }
    }
}

#[test]
fn a_family_of_four_comes_together() {
    let day = day();
    let family: Vec<_> = day.iter().filter(|a| a.group.is_some()).collect();
    assert_eq!(family.len(), 4);
    assert_eq!(family.iter().filter(|a| a.age_class == AgeClass::Child).count(), 2);
    assert!(family.iter().all(|a| a.group == family[0].group && a.slot == family[0].slot));
    assert!(family.iter().all(|a| a.form.address == family[0].form.address));
}

#[test]
fn every_nik_reads_as_the_papers_say_and_one_form_is_a_digit_off() {
    let day = day();
    let mut off = Vec::new();
    for a in &day {
        let (d, m, y, sex) = read_nik(&a.form.nik);
        let papers = a.on_paper.birth_date;
        assert_eq!((d, m, y, sex), (papers.day(), papers.month(), papers.year() % 100, a.form.sex));
        if papers != a.form.birth_date {
            off.push((papers.format("%d%m%Y").to_string(), a.form.birth_date.format("%d%m%Y").to_string()));
        }
    }
    assert_eq!(off.len(), 1);
    let (papers, form) = &off[0];
    assert_eq!(papers.bytes().zip(form.bytes()).filter(|(p, f)| p != f).count(), 1, "{papers} {form}");
}

#[test]
fn the_date_moves_appointments_and_nothing_else() {
    let later = NaiveDate::from_ymd_opt(2027, 2, 1).expect("a date");
    for (a, b) in day().into_iter().zip(people::day(later)) {
        assert_eq!(b.appointment.date_naive(), later);
        assert_eq!(
            (a.application_no, a.slot, a.form, a.earlier_passport),
            (b.application_no, b.slot, b.form, b.earlier_passport)
        );
        assert_eq!(a.on_paper, b.on_paper);
        let names = |scans: Vec<SampleScan>| {
            scans.into_iter().map(|s| (s.document, s.file_name, s.trouble)).collect::<Vec<_>>()
        };
        assert_eq!(names(a.scans), names(b.scans));
    }
}

#[test]
fn uploads_are_as_people_send_them() {
    let day = day();
    let scans: Vec<_> = day.iter().flat_map(|a| &a.scans).collect();
    assert!((230..=270).contains(&scans.len()), "{}", scans.len());
    for a in &day {
        assert!((3..=6).contains(&a.scans.len()), "{}", a.form.full_name);
        let names: BTreeSet<_> = a.scans.iter().map(|s| &s.file_name).collect();
        assert_eq!(names.len(), a.scans.len(), "{}", a.form.full_name);
        let old_passport = a.scans.iter().any(|s| s.document == Document::OldPassport);
        assert_eq!(old_passport, a.kind == Kind::Replacement);
        let card = a.scans.iter().any(|s| s.document == Document::Ktp);
        assert_eq!(card, a.age_class == AgeClass::Adult);
    }
    assert_eq!(scans.iter().filter(|s| s.media_type() == "image/png").count(), 1);
    assert_eq!(scans.iter().filter(|s| s.trouble == Trouble::CutOff).count(), 1);
    assert!(scans.iter().filter(|s| s.media_type() == "application/pdf").count() >= 8);
    assert!(scans.iter().all(|s| (s.media_type() == "application/pdf") == (s.pages.len() > 1)));
    let mut troubles: BTreeMap<String, usize> = BTreeMap::new();
    for scan in &scans {
        *troubles.entry(format!("{:?}", scan.trouble)).or_default() += 1;
    }
    for trouble in ["Dark", "Skewed", "Blurred", "Glare", "Sideways"] {
        assert!(troubles.get(trouble).is_some_and(|&n| n >= 3), "{troubles:?}");
    }
    for orientation in [3, 6, 8] {
        assert!(scans.iter().any(|s| s.trouble == Trouble::ExifRotated { orientation }), "{troubles:?}");
    }
}

#[test]
fn the_machine_readable_zone_is_right() {
    // The specimen of ICAO 9303, part 4.
    assert_eq!(mrz::check_digit("L898902C3"), '6');
    assert_eq!(mrz::check_digit("740812"), '2');
    assert_eq!(mrz::check_digit("ZE184226B<<<<<"), '1');
    assert_eq!(mrz::name_line("SUPARMIN"), format!("{:<<44}", "P<IDNSUPARMIN"));
    assert_eq!(mrz::name_line("I GEDE NGURAH ADNYANA"), format!("{:<<44}", "P<IDNADNYANA<<I<GEDE<NGURAH"));
    for a in day() {
        let Some(book) = &a.earlier_passport else { continue };
        assert!(book.number.len() == 8 && book.number.as_bytes()[0].is_ascii_uppercase());
        assert!(book.number[1..].bytes().all(|b| b.is_ascii_digit()));
        assert!(book.issued < book.expires);
        assert_eq!(mrz::name_line(&a.form.full_name).len(), mrz::LINE_CHARS);
        let line = mrz::data_line(&book.number, a.form.birth_date, a.form.sex, book.expires);
        assert_eq!(line.len(), mrz::LINE_CHARS);
        for (field, digit) in [(0..9, 9), (13..19, 19), (21..27, 27), (28..42, 42)] {
            assert_eq!(mrz::check_digit(&line[field]), char::from(line.as_bytes()[digit]), "{line}");
        }
        let all = format!("{}{}{}", &line[0..10], &line[13..20], &line[21..43]);
        assert_eq!(mrz::check_digit(&all), char::from(line.as_bytes()[43]), "{line}");
    }
}

#[test]
fn a_scan_on_its_side_says_so_and_has_the_size_of_a_phone_picture() {
    let day = day();
    let fonts = draw::Fonts::load().expect("our fonts are there");
    let agus = named(&day, "AGUS PRASETYO");
    let index = |d: Document| agus.scans.iter().position(|s| s.document == d).expect("he sent it");

    let card = draw::scan(agus, index(Document::Ktp), &fonts, &day).expect("it is drawn");
    let photo = draw::scan(agus, index(Document::Photo), &fonts, &day).expect("it is drawn");
    assert_eq!((orientation(&card.bytes), orientation(&photo.bytes)), (Some(1), Some(6)));
    for drawn in [&card, &photo] {
        let picture = image::load_from_memory(&drawn.bytes).expect("a whole JPEG");
        let pixels = picture.width() * picture.height();
        assert!((8_000_000..12_300_000).contains(&pixels), "{pixels}");
        assert!((700_000..4_500_000).contains(&drawn.bytes.len()), "{}", drawn.bytes.len());
    }
    let again = draw::scan(agus, index(Document::Ktp), &fonts, &day).expect("it is drawn");
    assert!(again.bytes == card.bytes, "two drawings of one card differ");
}

#[test]
fn one_jpeg_stops_in_the_middle_and_one_picture_is_a_png() {
    let day = day();
    let fonts = draw::Fonts::load().expect("our fonts are there");
    let drawn = |is: &dyn Fn(&SampleScan) -> bool| {
        day.iter()
            .find_map(|a| a.scans.iter().position(is).map(|n| draw::scan(a, n, &fonts, &day).expect("it is drawn")))
            .expect("there is one")
    };
    let cut = drawn(&|s| s.trouble == Trouble::CutOff);
    assert_eq!(&cut.bytes[..2], b"\xFF\xD8");
    assert_ne!(&cut.bytes[cut.bytes.len() - 2..], b"\xFF\xD9");
    let png = drawn(&|s| s.media_type() == "image/png");
    assert_eq!(image::guess_format(&png.bytes).ok(), Some(image::ImageFormat::Png));
    let pdf = drawn(&|s| s.pages.len() == 3);
    assert!(pdf.bytes.starts_with(b"%PDF-1.4") && pdf.bytes.ends_with(b"%%EOF\n"));
}

#[test]
fn a_day_already_drawn_is_only_given_its_date() {
    let dir = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(dir.path().join("scans")).expect("a folder");
    fs::write(dir.path().join("scans").join("version"), VERSION.to_string()).expect("a file");
    write_day(dir.path(), date()).expect("it is written");
    let first = load_day(dir.path()).expect("it is read");
    assert_eq!(first, SampleDay { version: VERSION, date: date(), applicants: day() });
    let next = date().succ_opt().expect("a date");
    write_day(dir.path(), next).expect("it is written");
    assert_eq!(load_day(dir.path()).expect("it is read").date, next);
}
