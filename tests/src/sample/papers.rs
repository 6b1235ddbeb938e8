//! The papers as flat drawings (SVG): e-KTP, Kartu Keluarga, akta kelahiran, passport data page, statement, pasfoto.
//!
//! They look like their kind from a step away and like a specimen up close. Text that does not fit is set in two lines
//! or smaller; it never leaves its field.

use chrono::{Datelike, Months, NaiveDate};

use super::draw::{Face, Fonts};
use super::faces::{self, Age};
use super::seed::Seed;
use super::{AgeClass, EarlierPassport, Marital, SampleApplicant, Sex, Story, mrz, people};

/// One side of one paper, in its own units.
pub struct Paper {
    pub width: f32,
    pub height: f32,
    pub body: String,
}

impl Paper {
    pub fn svg(&self) -> String {
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" width="{w}" height="{h}" font-family="Noto Sans">{}</svg>"#,
            self.body,
            w = self.width,
            h = self.height
        )
    }
}

/// Somebody on a paper: the applicant or one of the family.
#[derive(Clone)]
pub struct Person {
    pub name: String,
    pub nik: String,
    pub birth_place: String,
    pub birth: NaiveDate,
    pub sex: Sex,
    pub marital: Marital,
    pub occupation: String,
    pub mother: String,
    pub father: String,
    pub relation: &'static str,
    pub face_seed: u64,
    pub veiled: bool,
}

impl Person {
    pub fn of(applicant: &SampleApplicant) -> Person {
        let form = &applicant.form;
        Person {
            name: form.full_name.clone(),
            nik: form.nik.clone(),
            birth_place: form.birth_place.clone(),
            birth: applicant.on_paper.birth_date,
            sex: form.sex,
            marital: form.marital,
            occupation: form.occupation.clone(),
            mother: form.mother_name.clone(),
            father: form.father_name.clone(),
            relation: match (applicant.age_class, form.sex, form.marital) {
                (AgeClass::Child, _, _) | (_, _, Marital::Single) => "ANAK",
                (_, Sex::Female, Marital::Married) => "ISTRI",
                _ => "KEPALA KELUARGA",
            },
            face_seed: applicant.on_paper.face_seed,
            veiled: applicant.on_paper.veiled,
        }
    }

    fn age(&self) -> Age {
        match self.birth.year() {
            ..=1965 => Age::Grey,
            1966..=2009 => Age::Grown,
            _ => Age::Child,
        }
    }

    fn portrait(&self, background: &str) -> String {
        faces::portrait(self.face_seed, self.sex, self.age(), self.veiled, background)
    }

    fn sex_word(&self) -> &'static str {
        match self.sex {
            Sex::Male => "LAKI-LAKI",
            Sex::Female => "PEREMPUAN",
        }
    }

    fn marital_word(&self) -> &'static str {
        match self.marital {
            Marital::Single => "BELUM KAWIN",
            Marital::Married => "KAWIN",
            Marital::Divorced => "CERAI HIDUP",
            Marital::Widowed => "CERAI MATI",
        }
    }
}

/// Everyone on the applicant's Kartu Keluarga, head of the family first.
pub fn household(applicant: &SampleApplicant, day: &[SampleApplicant]) -> Vec<Person> {
    if let Some(group) = &applicant.group {
        let mut family: Vec<Person> = day.iter().filter(|a| a.group.as_ref() == Some(group)).map(Person::of).collect();
        family.sort_by_key(|p| (p.relation == "ANAK", p.birth));
        if let Some(head) = family.first_mut() {
            head.relation = "KEPALA KELUARGA";
        }
        return family;
    }
    let me = Person::of(applicant);
    let mut seed = Seed::of(&format!("keluarga {}", me.name));
    match me.relation {
        "ANAK" => {
            let mut father = relative(&me, &mut seed, &me.father, Sex::Male, -29);
            let mut mother = relative(&me, &mut seed, &me.mother, Sex::Female, -26);
            (father.relation, mother.relation) = ("KEPALA KELUARGA", "ISTRI");
            mother.occupation = "MENGURUS RUMAH TANGGA".to_owned();
            mother.veiled = me.veiled || father.name.contains("RAMADHAN") || seed.between(0, 3) == 0;
            vec![father, mother, me]
        }
        "ISTRI" => {
            let name = invented(&mut seed, Sex::Male);
            let mut husband = relative(&me, &mut seed, &name, Sex::Male, -3);
            husband.relation = "KEPALA KELUARGA";
            let child = child_of(&husband, &me, &mut seed);
            vec![husband, me, child]
        }
        _ if me.marital == Marital::Married => {
            let name = invented(&mut seed, Sex::Female);
            let mut wife = relative(&me, &mut seed, &name, Sex::Female, 2);
            wife.relation = "ISTRI";
            wife.occupation = "MENGURUS RUMAH TANGGA".to_owned();
            let child = child_of(&me, &wife, &mut seed);
            vec![me, wife, child]
        }
        _ => vec![me],
    }
}

/// The two whose e-KTP goes with a child's application.
pub fn parents(applicant: &SampleApplicant, day: &[SampleApplicant]) -> Vec<Person> {
    household(applicant, day).into_iter().filter(|p| p.relation != "ANAK").take(2).collect()
}

fn relative(me: &Person, seed: &mut Seed, name: &str, sex: Sex, years: i32) -> Person {
    let birth = NaiveDate::from_ymd_opt(me.birth.year() + years, seed.between(1, 13), seed.between(1, 29))
        .expect("no month ends before the 29th");
    Person {
        name: name.to_owned(),
        nik: people::nik(&me.nik[..6], birth, sex),
        birth_place: me.birth_place.clone(),
        birth,
        sex,
        marital: Marital::Married,
        occupation: (*seed.pick(&["KARYAWAN SWASTA", "WIRASWASTA", "PEDAGANG", "GURU"])).to_owned(),
        mother: invented(seed, Sex::Female),
        father: invented(seed, Sex::Male),
        relation: "",
        face_seed: seed.next(),
        veiled: sex == Sex::Female && me.veiled,
    }
}

fn child_of(father: &Person, mother: &Person, seed: &mut Seed) -> Person {
    let sex = *seed.pick(&[Sex::Male, Sex::Female]);
    let name = invented(seed, sex);
    let years = (2021 - mother.birth.year()).min(24);
    let mut child = relative(mother, seed, &name, sex, years);
    child.marital = Marital::Single;
    child.occupation = "BELUM/TIDAK BEKERJA".to_owned();
    child.relation = "ANAK";
    child.father = father.name.clone();
    child.mother = mother.name.clone();
    child
}

fn invented(seed: &mut Seed, sex: Sex) -> String {
    let (first, second): (&[&str], &[&str]) = match sex {
        Sex::Male => (
            &["ANDRE", "RUDI", "HENDRA", "YUDI", "DONI", "FERRY", "TONI", "BENI", "IWAN", "JEFRI"],
            &["SETIAWAN", "KURNIAWAN", "HARTANTO", "SAPUTRA", "WIJAYA", "PRAKOSO", "SUSANTO"],
        ),
        Sex::Female => (
            &["RINA", "YANTI", "LINA", "MAYA", "NOVITA", "WATI", "ERNA", "LUSI", "TINA", "VERA"],
            &["PERMATA", "KARTIKA", "LESTARI", "ANGGRAINI", "MELATI", "SUSANTI", "HANDAYANI"],
        ),
    };
    format!("{} {}", seed.pick(first), seed.pick(second))
}

// ---- the papers ----

pub fn ktp(fonts: &Fonts, who: &Person, name: &str, address: &str) -> Paper {
    let mut s = String::from(r##"<rect width="640" height="404" rx="16" fill="#C9DFEC"/>"##);
    s += &waves(640.0, 404.0, "#B4D0E1", 7, 30.0);
    s += &middle(fonts, 320.0, 34.0, 19.0, Face::Bold, "PROVINSI CONTOH TIMUR");
    s += &middle(fonts, 320.0, 57.0, 19.0, Face::Bold, "KOTA CONTOH RAYA");
    s += &text(26.0, 97.0, 23.0, Face::Bold, "NIK");
    s += &format!(
        r##"<text x="168" y="97" font-size="25" font-weight="700" letter-spacing="1" fill="{INK}">: {}</text>"##,
        who.nik
    );

    let home = Home::of(address);
    let name_lines = wrapped(fonts, name, 274.0, 16.0, Face::Bold, 2);
    let extra = name_lines.lines.len() - 1;
    let step = if extra > 0 { 22.0 } else { 24.0 };
    let mut y = 131.0 - 2.0 * extra as f32;
    s += &text(26.0, y, 16.0, Face::Regular, "Nama");
    s += &text(168.0, y, 16.0, Face::Regular, ":");
    for (n, line) in name_lines.lines.iter().enumerate() {
        y += if n > 0 { 19.0 } else { 0.0 };
        s += &text(178.0, y, name_lines.size, Face::Bold, line);
    }
    let born = format!("{}, {}", who.birth_place, dmy(who.birth));
    let blood = ["O", "A", "B", "AB", "—"][(who.face_seed % 5) as usize];
    for (indent, label, value) in [
        (0.0, "Tempat/Tgl Lahir", born.as_str()),
        (0.0, "Jenis kelamin", who.sex_word()),
        (0.0, "Alamat", &home.street),
        (24.0, "RT/RW", &home.rt_rw),
        (24.0, "Kel/Desa", home.village),
        (24.0, "Kecamatan", home.district),
        (0.0, "Agama", "—"),
        (0.0, "Status kawin", who.marital_word()),
        (0.0, "Pekerjaan", &who.occupation),
        (0.0, "Berlaku hingga", "SEUMUR HIDUP"),
    ] {
        y += step;
        s += &text(26.0 + indent, y, 16.0, Face::Regular, label);
        s += &fitted(fonts, 168.0, y, 280.0, 16.0, Face::Regular, &format!(": {value}"));
        if label == "Jenis kelamin" {
            s += &text(322.0, y, 16.0, Face::Regular, &format!("Gol. darah : {blood}"));
        }
    }
    let ground = if who.birth.year() % 2 == 1 { "#B8473F" } else { "#2F62A8" };
    s += &format!(r#"<g transform="translate(462 92)">{}</g>"#, who.portrait(ground));
    s += &middle(fonts, 533.0, 316.0, 13.0, Face::Regular, "KOTA CONTOH RAYA");
    // The electronic card came in 2011; Agus's is the one in our pictures.
    let made = match who.nik.as_str() {
        "3578101203900000" => "14-08-2018".to_owned(),
        _ => format!("{:02}-{:02}-{}", 1 + who.face_seed % 28, 1 + who.face_seed % 12, 2012 + who.face_seed % 13),
    };
    s += &middle(fonts, 533.0, 333.0, 13.0, Face::Regular, &made);
    s += &faces::signature(who.face_seed, 488.0, 368.0, 0.9);
    s += &watermark(320.0, 262.0, -24.0, 112.0, 0.11);
    s += &middle(fonts, 320.0, 396.0, 10.5, Face::Regular, NOTICE);
    Paper { width: 640.0, height: 404.0, body: s }
}

/// Both parents' cards copied on one A4 sheet.
pub fn ktp_copies(fonts: &Fonts, people: &[Person], address: &str) -> Paper {
    let mut s = sheet(840.0, 1188.0, "#F6F5F1");
    for (n, who) in people.iter().enumerate() {
        let card = ktp(fonts, who, &who.name, address);
        let y = 120.0 + 500.0 * n as f32;
        s += &format!(r#"<g transform="translate(100 {y})">{}</g>"#, card.body);
    }
    s += &middle(fonts, 420.0, 1120.0, 18.0, Face::Regular, "Fotokopi e-KTP orang tua");
    Paper { width: 840.0, height: 1188.0, body: s }
}

pub fn kk(fonts: &Fonts, family: &[Person], address: &str) -> Paper {
    let (w, h) = (1188.0, 840.0);
    let mut s = sheet(w, h, "#F3F6EE");
    s += &waves(w, h, "#DDE8DC", 14, 42.0);
    s += &format!(
        r##"<rect x="22" y="22" width="{}" height="{}" fill="none" stroke="#6F8F7A" stroke-width="3"/>"##,
        w - 44.0,
        h - 44.0
    );
    let home = Home::of(address);
    let head = &family[0];
    s += &middle(fonts, w / 2.0, 80.0, 40.0, Face::Bold, "KARTU KELUARGA");
    s += &middle(
        fonts,
        w / 2.0,
        114.0,
        24.0,
        Face::Bold,
        &format!("No. {}0101{}0000", &head.nik[..6], &head.nik[8..10]),
    );
    for (row, (label, value)) in
        [("Nama Kepala Keluarga", head.name.as_str()), ("Alamat", &home.street), ("RT/RW", &home.rt_rw)]
            .iter()
            .enumerate()
    {
        let y = 152.0 + 26.0 * row as f32;
        s += &text(48.0, y, 18.0, Face::Regular, label);
        s += &fitted(fonts, 250.0, y, 420.0, 18.0, Face::Regular, &format!(": {value}"));
    }
    for (row, (label, value)) in
        [("Desa/Kelurahan", home.village), ("Kecamatan", home.district), ("Kabupaten/Kota", "CONTOH RAYA")]
            .iter()
            .enumerate()
    {
        let y = 152.0 + 26.0 * row as f32;
        s += &text(740.0, y, 18.0, Face::Regular, label);
        s += &text(910.0, y, 18.0, Face::Regular, &format!(": {value}"));
    }
    let first: Vec<Vec<String>> = family
        .iter()
        .map(|p| {
            vec![
                p.name.clone(),
                p.nik.clone(),
                p.sex_word().into(),
                p.birth_place.clone(),
                dmy(p.birth),
                p.occupation.clone(),
            ]
        })
        .collect();
    s += &table(
        fonts,
        228.0,
        &[
            ("No", 40.0),
            ("Nama Lengkap", 330.0),
            ("NIK", 196.0),
            ("Jenis Kelamin", 124.0),
            ("Tempat Lahir", 152.0),
            ("Tanggal Lahir", 118.0),
            ("Jenis Pekerjaan", 140.0),
        ],
        &first,
    );
    let second: Vec<Vec<String>> = family
        .iter()
        .map(|p| vec![p.marital_word().into(), p.relation.into(), "WNI".into(), p.father.clone(), p.mother.clone()])
        .collect();
    s += &table(
        fonts,
        458.0,
        &[
            ("No", 40.0),
            ("Status Perkawinan", 160.0),
            ("Hubungan Keluarga", 200.0),
            ("Kewarga-negaraan", 120.0),
            ("Nama Ayah", 290.0),
            ("Nama Ibu", 290.0),
        ],
        &second,
    );
    s += &text(60.0, 716.0, 17.0, Face::Regular, "Dikeluarkan tanggal : 11-06-2024");
    s += &middle(fonts, 480.0, 716.0, 17.0, Face::Regular, "KEPALA KELUARGA");
    s += &faces::signature(head.face_seed, 425.0, 752.0, 1.1);
    s += &boxed(fonts, 480.0, 792.0, 300.0, 17.0, &head.name);
    s += &middle(fonts, 880.0, 716.0, 17.0, Face::Regular, "KEPALA DINAS KEPENDUDUKAN CONTOH RAYA");
    s += &block_code(head.face_seed, 850.0, 728.0, 52.0);
    s += &middle(fonts, 880.0, 796.0, 17.0, Face::Regular, "Drs. CONTOH PEJABAT");
    s += &watermark(w / 2.0, h / 2.0 + 90.0, -26.0, 240.0, 0.08);
    s += &middle(fonts, w / 2.0, h - 7.0, 12.0, Face::Regular, NOTICE);
    Paper { width: w, height: h, body: s }
}

pub fn birth_certificate(fonts: &Fonts, who: &Person) -> Paper {
    let (w, h) = (840.0, 1188.0);
    let mut s = sheet(w, h, "#F7F3E6");
    s += &waves(w, h, "#EADFC4", 20, 40.0);
    s += r##"<rect x="30" y="30" width="780" height="1128" fill="none" stroke="#8A6D2F" stroke-width="8"/><rect x="44" y="44" width="752" height="1100" fill="none" stroke="#8A6D2F" stroke-width="2"/>"##;
    for (x, y) in [(56.0, 56.0), (784.0, 56.0), (56.0, 1132.0), (784.0, 1132.0)] {
        s += &format!(
            r##"<circle cx="{x}" cy="{y}" r="24" fill="#F7F3E6" stroke="#8A6D2F" stroke-width="3"/><circle cx="{x}" cy="{y}" r="12" fill="#C9AE6B"/>"##
        );
    }
    // An emblem of no state: a star in a ring.
    s += r##"<circle cx="420" cy="112" r="40" fill="none" stroke="#8A6D2F" stroke-width="4"/><path d="M420 82l9 21 23 2-17 15 5 23-20-12-20 12 5-23-17-15 23-2z" fill="#C9AE6B" stroke="#8A6D2F" stroke-width="2"/>"##;
    s += &middle(fonts, 420.0, 190.0, 24.0, Face::Bold, "PENCATATAN SIPIL");
    s += &middle(fonts, 420.0, 218.0, 20.0, Face::Regular, "WARGA NEGARA INDONESIA");
    s += &middle(fonts, 420.0, 282.0, 36.0, Face::Bold, "KUTIPAN AKTA KELAHIRAN");
    let number =
        format!("{}-LT-{:02}{:02}{}-0000", &who.nik[..4], who.birth.day(), who.birth.month(), who.birth.year() + 1);
    let order = ["SATU", "DUA", "TIGA"][(who.face_seed % 3) as usize];
    let kind = match who.sex {
        Sex::Male => "laki-laki",
        Sex::Female => "perempuan",
    };
    let mut y = 346.0;
    let lead = |s: &mut String, y: f32, line: &str| *s += &text(92.0, y, 21.0, Face::Regular, line);
    lead(&mut s, y, &format!("Berdasarkan Akta Kelahiran Nomor {number}"));
    y += 36.0;
    lead(&mut s, y, "bahwa di");
    s += &fitted(fonts, 190.0, y, 550.0, 22.0, Face::Bold, &who.birth_place);
    y += 36.0;
    lead(&mut s, y, "pada tanggal");
    s += &fitted(fonts, 230.0, y, 520.0, 22.0, Face::Bold, &long_date(who.birth));
    y += 36.0;
    lead(&mut s, y, "telah lahir");
    y += 56.0;
    let name = wrapped(fonts, &who.name, 640.0, 32.0, Face::Bold, 2);
    for line in &name.lines {
        s += &middle(fonts, 420.0, y, name.size, Face::Bold, line);
        y += 40.0;
    }
    y += 14.0;
    lead(&mut s, y, &format!("anak ke {order}, {kind}, dari ayah"));
    for (label, person) in [(None, &who.father), (Some("dan ibu"), &who.mother)] {
        if let Some(label) = label {
            lead(&mut s, y, label);
        }
        y += 44.0;
        let parent = wrapped(fonts, person, 640.0, 26.0, Face::Bold, 2);
        for line in &parent.lines {
            s += &middle(fonts, 420.0, y, parent.size, Face::Bold, line);
            y += 34.0;
        }
        y += 12.0;
    }
    lead(&mut s, y, &format!("NIK {}", who.nik));
    let x = 560.0;
    let issued = who.birth + Months::new(2);
    s += &middle(fonts, x, 892.0, 19.0, Face::Regular, "Kutipan ini dikeluarkan di CONTOH RAYA");
    s += &middle(fonts, x, 918.0, 19.0, Face::Regular, &format!("pada tanggal {}", dmy(issued)));
    s += &middle(fonts, x, 944.0, 19.0, Face::Regular, "Pejabat Pencatatan Sipil");
    s += &block_code(who.face_seed ^ 7, x - 44.0, 962.0, 88.0);
    s += &middle(fonts, x, 1082.0, 19.0, Face::Bold, "CONTOH PEJABAT, S.H.");
    s += &middle(fonts, x, 1106.0, 17.0, Face::Regular, "NIP. 0000000000000000");
    s += r##"<circle cx="410" cy="1010" r="72" fill="none" stroke="#5B3FA0" stroke-opacity=".55" stroke-width="4"/><circle cx="410" cy="1010" r="52" fill="none" stroke="#5B3FA0" stroke-opacity=".55" stroke-width="2"/><text x="410" y="1018" text-anchor="middle" font-size="22" font-weight="700" fill="#5B3FA0" fill-opacity=".55">CONTOH</text>"##;
    s += &watermark(420.0, 640.0, -45.0, 230.0, 0.08);
    s += &middle(fonts, 420.0, 1180.0, 13.0, Face::Regular, NOTICE);
    Paper { width: w, height: h, body: s }
}

pub fn passport(fonts: &Fonts, who: &Person, book: &EarlierPassport) -> Paper {
    let (w, h) = (1250.0, 880.0);
    let mut s = sheet(w, h, "#E3EDE8");
    s += &waves(w, h, "#C7DCD3", 18, 44.0);
    s += r##"<rect width="1250" height="74" fill="#0E5A55"/>"##;
    s += r##"<text x="40" y="50" font-size="32" font-weight="700" fill="#F2E7B8">REPUBLIK INDONESIA (CONTOH)</text><text x="1210" y="50" text-anchor="end" font-size="28" fill="#F2E7B8">PASPOR / PASSPORT</text>"##;
    s += &format!(r#"<g transform="translate(48 116) scale(2.36)">{}</g>"#, who.portrait("#F4F4F1"));
    s += &faces::signature(who.face_seed, 110.0, 640.0, 2.0);
    let field = |s: &mut String, x: f32, y: f32, width: f32, label: &str, value: &str| {
        *s += &format!(r##"<text x="{x}" y="{y}" font-size="19" fill="#4B6660">{label}</text>"##);
        *s += &fitted(fonts, x, y + 32.0, width, 28.0, Face::Bold, value);
    };
    field(&mut s, 430.0, 124.0, 120.0, "Jenis / Type", "P");
    field(&mut s, 590.0, 124.0, 200.0, "Kode Negara / Code", "IDN");
    field(&mut s, 860.0, 124.0, 340.0, "No. Paspor / Passport No.", &book.number);
    s += r##"<text x="430" y="204" font-size="19" fill="#4B6660">Nama Lengkap / Full Name</text>"##;
    let name = wrapped(fonts, &who.name, 780.0, 28.0, Face::Bold, 2);
    for (n, line) in name.lines.iter().enumerate() {
        s += &text(430.0, 236.0 + 32.0 * n as f32, name.size, Face::Bold, line);
    }
    field(&mut s, 430.0, 314.0, 400.0, "Kewarganegaraan / Nationality", "INDONESIA");
    field(
        &mut s,
        860.0,
        314.0,
        340.0,
        "Jenis Kelamin / Sex",
        match who.sex {
            Sex::Male => "L / M",
            Sex::Female => "P / F",
        },
    );
    field(&mut s, 430.0, 394.0, 400.0, "Tgl. Lahir / Date of Birth", &mon(who.birth));
    field(&mut s, 860.0, 394.0, 350.0, "Tempat Lahir / Place of Birth", &who.birth_place);
    field(&mut s, 430.0, 474.0, 400.0, "Tgl. Pengeluaran / Date of Issue", &mon(book.issued));
    field(&mut s, 860.0, 474.0, 340.0, "Tgl. Habis Berlaku / Expiry", &mon(book.expires));
    field(&mut s, 430.0, 554.0, 400.0, "No. Reg.", &format!("1A11KNC{}-CTH", &book.number[1..5]));
    field(&mut s, 860.0, 554.0, 350.0, "Kantor yang Mengeluarkan", "CONTOH RAYA");
    s += r##"<rect y="690" width="1250" height="190" fill="#F3F5F1"/>"##;
    for (row, line) in
        [mrz::name_line(&who.name), mrz::data_line(&book.number, who.birth, who.sex, book.expires)].iter().enumerate()
    {
        // Each character in its own place: a reader measures the pitch.
        let xs: Vec<String> = (0..line.len()).map(|n| format!("{:.1}", 40.0 + 26.7 * n as f32)).collect();
        s += &format!(
            r##"<text x="{}" y="{}" font-family="Noto Sans Mono" font-size="42" fill="#111">{}</text>"##,
            xs.join(" "),
            764 + 64 * row,
            escaped(line)
        );
    }
    s += &watermark(640.0, 470.0, -22.0, 230.0, 0.09);
    s += &middle(fonts, w / 2.0, 680.0, 16.0, Face::Regular, NOTICE);
    Paper { width: w, height: h, body: s }
}

pub fn statement(fonts: &Fonts, applicant: &SampleApplicant, parents: &[Person]) -> Paper {
    let (w, h) = (840.0, 1188.0);
    let form = &applicant.form;
    let me = Person::of(applicant);
    let mut s = sheet(w, h, "#FBFAF7");
    let child = applicant.age_class == AgeClass::Child;
    let title = if child { "SURAT PERNYATAAN ORANG TUA" } else { "SURAT PERNYATAAN" };
    s += &middle(fonts, 420.0, 112.0, 30.0, Face::Bold, title);
    s += r##"<path d="M150 128h540" stroke="#222" stroke-width="2"/>"##;
    let mut y = 186.0;
    s += &text(90.0, y, 20.0, Face::Regular, "Yang bertanda tangan di bawah ini:");
    y += 14.0;
    let mut rows: Vec<(&str, String)> = Vec::new();
    if child {
        for (label, p) in ["Ayah", "Ibu"].iter().zip(parents) {
            rows.push((label, p.name.clone()));
            rows.push(("NIK", p.nik.clone()));
        }
        rows.push(("Alamat", form.address.clone()));
        rows.push(("Orang tua dari", me.name.clone()));
        rows.push(("Lahir", format!("{}, {}", me.birth_place, dmy(me.birth))));
    } else {
        rows.push(("Nama", me.name.clone()));
        rows.push(("NIK", me.nik.clone()));
        rows.push(("Lahir", format!("{}, {}", me.birth_place, dmy(me.birth))));
        rows.push(("Pekerjaan", me.occupation.clone()));
        rows.push(("Alamat", form.address.clone()));
    }
    for (label, value) in &rows {
        y += 36.0;
        s += &text(110.0, y, 20.0, Face::Regular, label);
        s += &text(270.0, y, 20.0, Face::Regular, ":");
        let set = wrapped(fonts, value, 480.0, 20.0, Face::Bold, 2);
        for (n, line) in set.lines.iter().enumerate() {
            y += if n > 0 { 26.0 } else { 0.0 };
            s += &text(286.0, y, set.size, Face::Bold, line);
        }
    }
    y += 60.0;
    let said = if child {
        "Dengan ini kami menyatakan setuju anak kami tersebut dibuatkan paspor, dan kami bertanggung jawab atas keberangkatan serta kepulangannya."
    } else {
        "Dengan ini menyatakan bahwa semua keterangan dan berkas yang saya serahkan adalah benar, dan paspor ini tidak akan saya gunakan untuk bekerja di luar negeri secara tidak resmi."
    };
    let whither = format!("Tujuan perjalanan: {} ({}).", purpose_word(applicant), form.destination);
    for paragraph in
        [said, &whither, "Demikian surat pernyataan ini dibuat dengan sebenarnya tanpa paksaan dari pihak mana pun."]
    {
        for line in wrapped(fonts, paragraph, 660.0, 20.0, Face::Regular, 9).lines {
            s += &text(90.0, y, 20.0, Face::Regular, &line);
            y += 30.0;
        }
        y += 14.0;
    }
    y = y.max(820.0) + 30.0;
    s += &middle(fonts, 600.0, y, 20.0, Face::Regular, "Contoh Raya, yang menyatakan,");
    s += &format!(
        r##"<g transform="translate(470 {})"><rect width="120" height="84" fill="#E9C9D6" stroke="#9C4A6E" stroke-width="3" stroke-dasharray="5 3"/><text x="60" y="34" text-anchor="middle" font-size="15" font-weight="700" fill="#7A2F52">METERAI</text><text x="60" y="54" text-anchor="middle" font-size="15" font-weight="700" fill="#7A2F52">CONTOH</text><text x="60" y="74" text-anchor="middle" font-size="14" fill="#7A2F52">0000</text></g>"##,
        y + 18.0
    );
    let signers: Vec<(&str, u64)> = if child {
        parents.iter().map(|p| (p.name.as_str(), p.face_seed)).collect()
    } else {
        vec![(me.name.as_str(), me.face_seed)]
    };
    for ((name, seed), x) in signers.iter().zip([600.0, 230.0]) {
        s += &faces::signature(*seed, x - 70.0, y + 84.0, 1.7);
        s += &boxed(fonts, x, y + 150.0, 340.0, 20.0, name);
    }
    s += &watermark(420.0, 620.0, -50.0, 210.0, 0.08);
    s += &middle(fonts, 420.0, 1164.0, 14.0, Face::Regular, NOTICE);
    Paper { width: w, height: h, body: s }
}

/// The passport photo itself: light ground, the head large.
pub fn pasfoto(fonts: &Fonts, who: &Person) -> Paper {
    let (w, h) = (600.0, 800.0);
    let portrait = who.portrait("#ECEEF0");
    let mut s = r##"<rect width="600" height="800" fill="#ECEEF0"/>"##.to_owned();
    s += &format!(r#"<g transform="translate(13 -8) scale(4.04)">{portrait}</g>"#);
    s += &watermark(300.0, 440.0, -32.0, 120.0, 0.12);
    s += &middle(fonts, 300.0, 784.0, 15.0, Face::Bold, "CONTOH GAMBAR BUATAN").replace(INK, "#FFFFFF");
    Paper { width: w, height: h, body: s }
}

/// A print of the passport photo with its white rim.
pub fn pasfoto_print(fonts: &Fonts, who: &Person) -> Paper {
    let inner = pasfoto(fonts, who);
    let s = format!(
        r##"<rect width="660" height="860" fill="#FBFBF9"/><g transform="translate(30 30)">{}</g>"##,
        inner.body
    );
    Paper { width: 660.0, height: 860.0, body: s }
}

// ---- setting text ----

const INK: &str = "#14222E";
const NOTICE: &str = "Contoh buatan untuk peragaan, bukan dokumen asli";

fn text(x: f32, y: f32, size: f32, face: Face, words: &str) -> String {
    format!(
        r#"<text x="{x}" y="{y}" font-size="{size}" font-weight="{}" fill="{INK}">{}</text>"#,
        face.weight(),
        escaped(words)
    )
}

fn middle(fonts: &Fonts, x: f32, y: f32, size: f32, face: Face, words: &str) -> String {
    text(x - fonts.width(words, size, face) / 2.0, y, size, face, words)
}

/// One line, set smaller where it must be.
fn fitted(fonts: &Fonts, x: f32, y: f32, width: f32, size: f32, face: Face, words: &str) -> String {
    let size = size * (width / fonts.width(words, size, face)).min(1.0);
    text(x, y, size, face, words)
}

/// Centred, in one or two lines that stay inside `width`.
fn boxed(fonts: &Fonts, x: f32, y: f32, width: f32, size: f32, words: &str) -> String {
    let set = wrapped(fonts, words, width, size, Face::Regular, 2);
    let lift = 0.6 * set.size * (set.lines.len() - 1) as f32;
    set.lines
        .iter()
        .enumerate()
        .map(|(n, line)| middle(fonts, x, y - lift + 1.2 * set.size * n as f32, set.size, Face::Regular, line))
        .collect()
}

struct Set {
    lines: Vec<String>,
    size: f32,
}

/// As large as it goes, at most `lines_max` lines of at most `width`.
fn wrapped(fonts: &Fonts, words: &str, width: f32, size: f32, face: Face, lines_max: usize) -> Set {
    let mut size = size;
    loop {
        let mut lines: Vec<String> = Vec::new();
        for word in words.split(' ') {
            match lines.last_mut() {
                Some(line) if fonts.width(&format!("{line} {word}"), size, face) <= width => {
                    line.push(' ');
                    line.push_str(word);
                }
                _ => lines.push(word.to_owned()),
            }
        }
        let fits = lines.len() <= lines_max && lines.iter().all(|line| fonts.width(line, size, face) <= width);
        if fits || size < 6.0 {
            return Set { lines, size };
        }
        size *= 0.96;
    }
}

fn table(fonts: &Fonts, top: f32, columns: &[(&str, f32)], rows: &[Vec<String>]) -> String {
    const LEFT: f32 = 44.0;
    const ROW: f32 = 38.0;
    let width: f32 = columns.iter().map(|c| c.1).sum();
    let bottom = top + ROW * (rows.len() + 1) as f32;
    let mut s = format!(r##"<rect x="{LEFT}" y="{top}" width="{width}" height="{ROW}" fill="#D5E3D6"/>"##);
    for n in 0..=rows.len() + 1 {
        let y = top + ROW * n as f32;
        s += &format!(r##"<path d="M{LEFT} {y}h{width}" stroke="#587262" stroke-width="1.5"/>"##);
    }
    let mut x = LEFT;
    for (column, (title, column_width)) in columns.iter().enumerate() {
        s += &format!(r##"<path d="M{x} {top}V{bottom}" stroke="#587262" stroke-width="1.5"/>"##);
        let title_size = 16.0 * ((column_width - 10.0) / fonts.width(title, 16.0, Face::Bold)).min(1.0);
        s += &middle(fonts, x + column_width / 2.0, top + 25.0, title_size, Face::Bold, title);
        for (row, cells) in rows.iter().enumerate() {
            let y = top + ROW * (row + 1) as f32;
            let value = if column == 0 { (row + 1).to_string() } else { cells[column - 1].clone() };
            let one_line = fonts.width(&value, 17.0, Face::Regular) <= (column_width - 12.0) * 1.25;
            if one_line {
                s += &fitted(fonts, x + 7.0, y + 25.0, column_width - 12.0, 17.0, Face::Regular, &value);
            } else {
                let set = wrapped(fonts, &value, column_width - 12.0, 14.0, Face::Regular, 2);
                for (n, line) in set.lines.iter().enumerate() {
                    s += &text(x + 7.0, y + 17.0 + 16.0 * n as f32, set.size, Face::Regular, line);
                }
            }
        }
        x += column_width;
    }
    s + &format!(r##"<path d="M{x} {top}V{bottom}" stroke="#587262" stroke-width="1.5"/>"##)
}

fn escaped(words: &str) -> String {
    words.replace('&', "&amp;").replace('<', "&lt;")
}

// ---- grounds and marks ----

fn sheet(w: f32, h: f32, fill: &str) -> String {
    format!(r#"<rect width="{w}" height="{h}" fill="{fill}"/>"#)
}

fn waves(w: f32, h: f32, stroke: &str, count: usize, step: f32) -> String {
    let mut s = format!(r#"<g fill="none" stroke="{stroke}" stroke-width="1.5">"#);
    let top = (h - step * count as f32) / 2.0;
    for n in 0..count {
        let y = top + step * n as f32 + 40.0;
        s += &format!(
            "<path d=\"M0 {y}C{} {} {} {} {} {}S{} {} {} {}\"/>",
            w * 0.19,
            y - 80.0,
            w * 0.3,
            y + 70.0,
            w * 0.52,
            y - 20.0,
            w * 0.88,
            y - 70.0,
            w,
            y - 10.0
        );
    }
    s + "</g>"
}

fn watermark(x: f32, y: f32, degrees: f32, size: f32, opacity: f32) -> String {
    format!(
        r##"<text x="{x}" y="{y}" transform="rotate({degrees} {x} {y})" text-anchor="middle" dominant-baseline="central" font-size="{size}" font-weight="700" letter-spacing="{}" fill="#0B3D6E" fill-opacity="{opacity}">CONTOH</text>"##,
        size * 0.13
    )
}

/// Squares that look like a code and say nothing.
fn block_code(seed: u64, x: f32, y: f32, size: f32) -> String {
    let mut seed = Seed::new(seed);
    let cell = size / 17.0;
    let mut path = String::new();
    for row in 0..17 {
        for column in 0..17 {
            if seed.next().is_multiple_of(2) {
                path += &format!(
                    "M{:.1} {:.1}h{cell:.1}v{cell:.1}h-{cell:.1}z",
                    x + cell * column as f32,
                    y + cell * row as f32
                );
            }
        }
    }
    format!(r##"<path d="{path}" fill="#222"/>"##)
}

// ---- words ----

struct Home {
    street: String,
    rt_rw: String,
    village: &'static str,
    district: &'static str,
}

impl Home {
    fn of(address: &str) -> Home {
        let (street, rest) = address.split_once(", RT ").unwrap_or((address, ""));
        if street == "JL. MELATI CONTOH 12" {
            return Home {
                street: street.into(),
                rt_rw: "003/005".into(),
                village: "CONTOHREJO",
                district: "CONTOH UTARA",
            };
        }
        let mut seed = Seed::of(address);
        Home {
            street: street.to_owned(),
            rt_rw: rest.replace(" / RW ", "/"),
            village: seed.pick::<&str>(&[
                "CONTOHREJO",
                "CONTOHSARI",
                "SUKACONTOH",
                "CONTOH INDAH",
                "TANJUNG CONTOH",
                "CONTOH BARU",
            ]),
            district: seed.pick::<&str>(&["CONTOH UTARA", "CONTOH SELATAN", "CONTOH BARAT", "CONTOH TENGAH"]),
        }
    }
}

fn purpose_word(applicant: &SampleApplicant) -> &'static str {
    use super::Purpose as P;
    match applicant.form.purpose {
        P::Tourism => "wisata",
        P::Umrah => "umrah",
        P::Hajj => "haji",
        P::Medical => "berobat",
        P::Study => "belajar",
        P::Work if applicant.story == Some(Story::Unpaid) => "bekerja lewat penempatan resmi",
        P::Work => "bekerja",
        P::Family => "mengunjungi keluarga",
    }
}

fn dmy(date: NaiveDate) -> String {
    format!("{:02}-{:02}-{}", date.day(), date.month(), date.year())
}

fn mon(date: NaiveDate) -> String {
    const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    format!("{:02} {} {}", date.day(), MONTHS[date.month0() as usize], date.year())
}

fn long_date(date: NaiveDate) -> String {
    const MONTHS: [&str; 12] = [
        "JANUARI",
        "FEBRUARI",
        "MARET",
        "APRIL",
        "MEI",
        "JUNI",
        "JULI",
        "AGUSTUS",
        "SEPTEMBER",
        "OKTOBER",
        "NOVEMBER",
        "DESEMBER",
    ];
    format!("{} {} {}", date.day(), MONTHS[date.month0() as usize], date.year())
}
