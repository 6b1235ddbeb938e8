//! The sixty people, in the order of their appointments. The table is the truth; the rest is filled in from seeds.

use chrono::{Datelike, Days, Months, NaiveDate, NaiveTime, TimeZone};

use super::Document as D;
use super::seed::Seed;
use super::{
    AgeClass, Document, EarlierPassport, Kind, Marital, OnPaper, Priority, Purpose, SampleApplicant, SampleForm,
    SampleScan, Sex, Story, Trouble, zone,
};
use AgeClass::{Adult, Child};
use Kind::{New, Replacement};
use Marital::{Divorced, Married, Single, Widowed};
use Purpose::{Family, Hajj, Medical, Study, Tourism, Umrah, Work};
use Sex::{Female, Male};

/// Everyone with an appointment on `date`. The date decides the appointments and when things were sent, nothing else.
pub fn day(date: NaiveDate) -> Vec<SampleApplicant> {
    rows().into_iter().enumerate().map(|(index, row)| row.applicant(index, date)).collect()
}

/// A NIK whose serial is never issued: region of first registration, DDMMYY (day + 40 for women), 0000.
pub fn nik(region: &str, birth: NaiveDate, sex: Sex) -> String {
    let day = match sex {
        Male => birth.day(),
        Female => birth.day() + 40,
    };
    format!("{region}{day:02}{:02}{:02}0000", birth.month(), birth.year() % 100)
}

#[derive(Clone, Copy)]
struct Born(i32, u32, u32, &'static str, &'static str);

impl Born {
    fn on(self) -> NaiveDate {
        NaiveDate::from_ymd_opt(self.0, self.1, self.2).expect("the table holds real dates")
    }
}

struct Row {
    slot: (u32, u32),
    name: &'static str,
    sex: Sex,
    born: Born,
    parents: [&'static str; 2],
    kind: Kind,
    marital: Marital,
    occupation: &'static str,
    purpose: Purpose,
    destination: &'static str,
    priority: Option<Priority>,
    story: Option<Story>,
    veiled: bool,
    child: bool,
}

#[rustfmt::skip]
fn rows() -> Vec<Row> {
    let p = |slot: u32, name, sex, born, mother, father, kind, marital, occupation, purpose, destination| Row {
        slot: (slot / 100, slot % 100), name, sex, born, parents: [mother, father], kind, marital, occupation, purpose, destination,
        priority: None, story: None, veiled: false, child: false,
    };
    let c = |slot: u32, name, sex, born, mother, father, kind, purpose, destination| Row {
        slot: (slot / 100, slot % 100), name, sex, born, parents: [mother, father], kind, marital: Single, occupation: "BELUM/TIDAK BEKERJA", purpose, destination,
        priority: None, story: None, veiled: false, child: true,
    };
    vec![
        p(730, "SITI MARYATUN", Female, Born(1958, 4, 17, "SEMARANG", "337405"), "SARINAH", "KARTO DIMEJO", Replacement, Widowed, "MENGURUS RUMAH TANGGA", Umrah, "ARAB SAUDI").priority(Priority::Elderly).veiled(),
        p(730, "BAMBANG WIRYANTO SAPUTRA", Male, Born(1984, 9, 2, "SURAKARTA", "337203"), "SUMARNI", "WIRYO SAPUTRA", New, Married, "KARYAWAN SWASTA", Work, "KOREA SELATAN"),
        p(740, "NI LUH PUTU SARASWATI DEWI", Female, Born(1996, 1, 25, "GIANYAR", "510402"), "NI MADE RASMINI", "I WAYAN SUDIARTA", New, Single, "WIRASWASTA", Tourism, "THAILAND"),
        p(750, "TOGAR HASIHOLAN SIMANULLANG", Male, Born(1979, 6, 11, "PEMATANGSIANTAR", "127203"), "ROMINTA SIHOTANG", "MANGATUR SIMANULLANG", Replacement, Married, "PELAUT", Work, "SINGAPURA"),
        p(800, "ASEP KURNIAWAN SUTISNA", Male, Born(1991, 12, 5, "BANDUNG", "327308"), "ICIH SUKAESIH", "ENTIS SUTISNA", New, Married, "PEDAGANG", Umrah, "ARAB SAUDI"),
        p(800, "NENG RINI KOMALASARI", Female, Born(1993, 8, 19, "GARUT", "320505"), "EUIS KARTIKA", "DADANG SUHENDI", Replacement, Married, "KARYAWAN SWASTA", Tourism, "JEPANG").veiled(),
        p(810, "YULIARNI CHANIAGO", Female, Born(1988, 7, 30, "BUKITTINGGI", "137501"), "NURHAYATI", "SYAMSUL BAHRI", New, Married, "GURU", Tourism, "MALAYSIA").veiled(),
        p(820, "ANDI BASO MAPPASESSU", Male, Born(1976, 3, 14, "WATAMPONE", "730810"), "ANDI TENRI ABENG", "ANDI MAPPANYOMPA", Replacement, Married, "PEGAWAI NEGERI SIPIL", Hajj, "ARAB SAUDI"),
        p(820, "YOSEPHINA WAROMI", Female, Born(1999, 5, 21, "JAYAPURA", "917102"), "MARTHA AWOITAUW", "LUKAS WAROMI", New, Single, "PELAJAR/MAHASISWA", Study, "AUSTRALIA"),
        p(830, "JOHANIS MATULATUWA", Male, Born(1986, 10, 8, "AMBON", "817103"), "ADRIANA LEKAHENA", "FREDRIK MATULATUWA", Replacement, Married, "KARYAWAN SWASTA", Family, "BELANDA"),
        p(840, "HENDRAWAN TANUJAYA LIEMAN", Male, Born(1972, 2, 28, "PONTIANAK", "617104"), "TJOA LANNY", "LIEMAN SUSANTO", Replacement, Married, "WIRASWASTA", Tourism, "TIONGKOK"),
        p(840, "MEILIANA KUSUMA TJANDRADINATA", Female, Born(1995, 11, 16, "SEMARANG", "337401"), "OEI SWANNY", "TJANDRADINATA KUSUMA", New, Single, "AKUNTAN", Tourism, "TAIWAN"),
        c(850, "MUHAMMAD FAIZ RAMADHAN", Male, Born(2024, 3, 15, "TANGERANG", "367105"), "RINA OKTAVIANTI", "DENI RAMADHAN", New, Umrah, "ARAB SAUDI").priority(Priority::Toddler),
        p(900, "SUPARMIN", Male, Born(1968, 8, 9, "KLATEN", "331014"), "PAINEM", "ATMO SUWITO", Replacement, Married, "PETANI/PEKEBUN", Umrah, "ARAB SAUDI").story(Story::SingleName),
        p(900, "CUT RAHMAWATI ZAINUN", Female, Born(1990, 1, 7, "BANDA ACEH", "117103"), "CUT MARIANI", "TEUKU ZAINUN", New, Married, "PERAWAT", Work, "KUWAIT").veiled(),
        p(910, "DEWI ANGGRAENI PUSPITASARI", Female, Born(1994, 6, 18, "JAKARTA", "317106"), "TITIN SUHARTINI", "HERMAN SUBAGIO", New, Married, "KARYAWAN SWASTA", Family, "MALAYSIA").priority(Priority::Pregnant).veiled(),
        c(920, "REYHAN ARKANANTA PUTRA", Male, Born(2014, 5, 9, "DEPOK", "327606"), "MELATI ARUM SEKAR", "GALIH PUTRA UTAMA", New, Tourism, "SINGAPURA"),
        p(930, "I GEDE NGURAH ADNYANA", Male, Born(1981, 9, 27, "DENPASAR", "517104"), "NI KETUT SUKERTI", "I NYOMAN ADNYA", Replacement, Married, "PEMANDU WISATA", Tourism, "VIETNAM"),
        p(930, "FRANSISKA OKTAVIANI LAMALERA", Female, Born(1997, 10, 3, "LARANTUKA", "530603"), "KATHARINA BARE", "YOSEF LAMALERA", New, Single, "BIDAN", Family, "TIMOR LESTE"),
        p(940, "AGUS PRASETYO", Male, Born(1990, 3, 12, "SURABAYA", "357810"), "ENDANG LESTARI", "SUTRISNO", New, Married, "KARYAWAN SWASTA", Tourism, "JEPANG").story(Story::NameOneLetterOff),
        p(950, "MUHAMMAD ABDURRAHMAN NURFADHILLAH KUSUMAWARDHANA HADININGRAT SOSROWIJOYO", Male, Born(1987, 4, 21, "YOGYAKARTA", "347105"), "RADEN RORO SITI KUSUMANINGTYAS WULANDARI HADININGRAT", "RADEN MAS SOSROWIJOYO HADININGRAT", Replacement, Married, "DOSEN", Study, "BELANDA").story(Story::LongName),
        p(1000, "RIZAL FIRMANSYAH TANJUNG", Male, Born(1985, 2, 11, "PADANG", "137106"), "YENI MARLINA", "FIRMAN TANJUNG", Replacement, Married, "KARYAWAN SWASTA", Tourism, "SINGAPURA").story(Story::Family),
        p(1000, "ANITA RAHMADANI LUBIS", Female, Born(1987, 9, 23, "MEDAN", "127109"), "MASDALIFAH", "ZULKIFLI LUBIS", New, Married, "MENGURUS RUMAH TANGGA", Tourism, "SINGAPURA").story(Story::Family).veiled(),
        c(1000, "AISYAH KHAIRUNNISA TANJUNG", Female, Born(2015, 7, 14, "JAKARTA", "317402"), "ANITA RAHMADANI LUBIS", "RIZAL FIRMANSYAH TANJUNG", New, Tourism, "SINGAPURA").story(Story::Family),
        c(1000, "DAFFA ALFARIZI TANJUNG", Male, Born(2018, 12, 30, "JAKARTA", "317402"), "ANITA RAHMADANI LUBIS", "RIZAL FIRMANSYAH TANJUNG", New, Tourism, "SINGAPURA").story(Story::Family),
        p(1010, "HERLINA PANJAITAN", Female, Born(1961, 5, 2, "BALIGE", "121204"), "TIURMA SILAEN", "OSTEN PANJAITAN", Replacement, Widowed, "PENSIUNAN", Medical, "MALAYSIA").priority(Priority::Elderly),
        p(1020, "THERESIA BENEDIKTA KAUNANG", Female, Born(1998, 12, 12, "MANADO", "717104"), "MAGDALENA WOWOR", "FERDINAN KAUNANG", New, Single, "KARYAWAN SWASTA", Tourism, "FILIPINA"),
        p(1020, "DIMAS ARYO WICAKSONO", Male, Born(2001, 7, 7, "MALANG", "357303"), "RETNO WIDYASTUTI", "HARYO WICAKSONO", New, Single, "PELAJAR/MAHASISWA", Study, "AUSTRALIA"),
        p(1030, "NUR AINI HASANAH", Female, Born(1989, 3, 29, "BANJARMASIN", "637102"), "SITI JUMANTAN", "HASAN BASERI", Replacement, Married, "PEDAGANG", Umrah, "ARAB SAUDI").veiled(),
        p(1040, "PETRUS KANISIUS TABUNI", Male, Born(1983, 1, 19, "WAMENA", "910201"), "YULIANA WENDA", "SEMUEL TABUNI", New, Single, "WIRASWASTA", Medical, "SINGAPURA").priority(Priority::Disabled),
        c(1040, "KEZIA ABIGAIL SITOMPUL", Female, Born(2012, 4, 26, "MEDAN", "127111"), "DEBORA HUTAGALUNG", "JONATAN SITOMPUL", Replacement, Tourism, "KOREA SELATAN"),
        p(1050, "LALU MUHAMMAD ZULKARNAEN", Male, Born(1992, 2, 14, "MATARAM", "527102"), "BAIQ NURUL HIDAYATI", "LALU WIRAJAYA", New, Married, "BURUH HARIAN LEPAS", Work, "MALAYSIA"),
        p(1100, "RATNA JUWITA MARPAUNG", Female, Born(1980, 8, 8, "TEBING TINGGI", "127604"), "HOTMAULI GULTOM", "SAHAT MARPAUNG", New, Divorced, "PEDAGANG", Tourism, "THAILAND"),
        p(1100, "EKO SULISTYO NUGRAHANTO", Male, Born(1978, 11, 11, "SLEMAN", "340406"), "TUGINAH", "NUGROHO HADI", Replacement, Married, "PEGAWAI NEGERI SIPIL", Study, "JEPANG"),
        p(1110, "SRI WAHYUNINGSIH", Female, Born(1970, 5, 15, "NGAWI", "352104"), "LASMI", "SUKIMAN", Replacement, Married, "MENGURUS RUMAH TANGGA", Work, "HONG KONG").story(Story::Unpaid).veiled(),
        c(1120, "BRYAN CHRISTOPHER WIJAYAKUSUMA", Male, Born(2010, 9, 1, "SURABAYA", "357826"), "VERONICA HALIM", "DANIEL WIJAYAKUSUMA", Replacement, Study, "SINGAPURA"),
        p(1120, "FATMAWATI DAENG NGAI", Female, Born(1985, 6, 20, "MAKASSAR", "737109"), "HALIMAH DAENG KANANG", "ABDUL RASYID DAENG SIJA", New, Married, "PEDAGANG", Umrah, "ARAB SAUDI").veiled(),
        p(1130, "YANCE RUMBINO", Male, Born(1994, 3, 3, "BIAK", "910603"), "SELFINA KORWA", "DEMIANUS RUMBINO", New, Single, "PELAUT", Work, "TAIWAN"),
        // The papers say the 31st; the form says the 21st.
        p(1140, "GALUH CANDRA KIRANA", Female, Born(2003, 1, 31, "CIREBON", "327402"), "NANI SURYANI", "CECEP RUHIYAT", New, Single, "PELAJAR/MAHASISWA", Study, "JERMAN").story(Story::NikDisagrees),
        p(1140, "ABDUL GANI HARAHAP", Male, Born(1957, 10, 20, "PADANGSIDIMPUAN", "127701"), "NURSAIDAH", "MARA HALIM HARAHAP", Replacement, Married, "PENSIUNAN", Umrah, "ARAB SAUDI").priority(Priority::Elderly),
        p(1150, "VINCENTIA MARGARETHA TANEO", Female, Born(1991, 4, 4, "KUPANG", "537103"), "YUSTINA BANOET", "ARNOLDUS TANEO", New, Married, "PERAWAT", Work, "JEPANG"),
        p(1200, "PURWADI HARJOKUSUMO", Male, Born(1974, 12, 24, "KEDIRI", "357101"), "SUTINEM", "HARJO KUSUMO", Replacement, Married, "WIRASWASTA", Tourism, "TURKI"),
        p(1300, "INTAN PERMATASARI SIREGAR", Female, Born(1996, 5, 5, "JAKARTA", "317508"), "ROSLINA NASUTION", "PARLINDUNGAN SIREGAR", New, Single, "KARYAWAN SWASTA", Tourism, "INGGRIS").story(Story::AppliedAsNew),
        c(1300, "ALMIRA SHAKILA PUTRI", Female, Born(2023, 11, 2, "BEKASI", "327506"), "FITRIA HANDAYANI", "YOGA PRATOMO", New, Family, "QATAR").priority(Priority::Toddler),
        p(1310, "KADEK ARIASIH", Female, Born(1982, 10, 10, "SINGARAJA", "510806"), "NI WAYAN SARI", "I MADE ARSANA", Replacement, Married, "WIRASWASTA", Tourism, "JEPANG"),
        p(1320, "MARKUS SOUISA", Male, Born(1969, 7, 1, "SAPARUA", "810107"), "DOMINGGAS PATTIASINA", "ELIAS SOUISA", Replacement, Married, "GURU", Family, "BELANDA"),
        p(1320, "LINDA SUSANTI GUNADHARMA", Female, Born(1977, 3, 8, "PALEMBANG", "167104"), "KWEE LIAN NIO", "GUNADHARMA SALIM", Replacement, Divorced, "WIRASWASTA", Medical, "SINGAPURA"),
        c(1330, "FADHIL AKBAR MAULANA", Male, Born(2013, 1, 20, "BOGOR", "327104"), "LIA NURMALIA", "IRFAN MAULANA", New, Umrah, "ARAB SAUDI"),
        p(1330, "ROSMIATI LATOMBO", Female, Born(1990, 9, 9, "KENDARI", "747102"), "WA ODE SALMAH", "LA TOMBO", New, Married, "KARYAWAN SWASTA", Umrah, "ARAB SAUDI").story(Story::Unpaid).veiled(),
        p(1340, "SYAHRIL EFENDI PILIANG", Male, Born(1984, 5, 25, "PAYAKUMBUH", "137602"), "ASNIMAR", "EFENDI SUTAN MARAJO", New, Married, "WIRASWASTA", Tourism, "MALAYSIA"),
        c(1340, "HANA KIRANA TEDJASUKMANA", Female, Born(2016, 8, 22, "BANDUNG", "327312"), "SHERLY ANGELINA", "RUDI TEDJASUKMANA", Replacement, Tourism, "JEPANG"),
        p(1350, "MARIA GORETI UNIPLAITA", Female, Born(1993, 7, 17, "TUAL", "817201"), "ELISABETH RENYAAN", "KOSMAS UNIPLAITA", New, Single, "GURU", Family, "AUSTRALIA"),
        p(1400, "UJANG SUHERMAN", Male, Born(1975, 2, 2, "SUKABUMI", "320211"), "ENOK JUBAEDAH", "OMAN SUHERMAN", New, Married, "PEDAGANG", Umrah, "ARAB SAUDI").priority(Priority::Disabled),
        p(1400, "OKTOVIANUS MAMBRASAR", Male, Born(1988, 10, 15, "MANOKWARI", "920212"), "ORPA KAIKATUI", "YAKOB MAMBRASAR", Replacement, Married, "PEGAWAI NEGERI SIPIL", Study, "SELANDIA BARU"),
        p(1410, "DIAH AYU LARASATI", Female, Born(1999, 9, 19, "SALATIGA", "337302"), "WORO ASTUTI", "SIGIT LARASTO", New, Single, "KARYAWAN SWASTA", Tourism, "KOREA SELATAN").story(Story::PngScan),
        c(1420, "GREGORIUS ADITYA LUHUKAY", Male, Born(2011, 11, 11, "AMBON", "817101"), "STEFANI TUHUMURY", "BENONI LUHUKAY", New, Family, "BELANDA"),
        p(1430, "NURJANNAH MUSTAFA", Female, Born(1986, 6, 16, "GORONTALO", "757103"), "HADIJAH POLAPA", "MUSTAFA ABDULLAH", New, Married, "PEDAGANG", Umrah, "ARAB SAUDI").story(Story::CutOffScan).veiled(),
        p(1440, "STEVEN HARTONO KURNIADI", Male, Born(1989, 12, 1, "TANJUNGPINANG", "217201"), "TAN SIEW HWA", "HARTONO KURNIADI", Replacement, Single, "KARYAWAN SWASTA", Work, "SINGAPURA"),
        c(1450, "ZAHRA NAYLA AZZAHIRA", Female, Born(2017, 2, 27, "JAKARTA", "317304"), "INDAH KUMALASARI", "FAJAR NURDIANSYAH", New, Tourism, "THAILAND"),
        p(1500, "WAHYU TRI CAHYONO", Male, Born(1995, 8, 23, "MAGELANG", "337103"), "SRI MULYANTI", "CAHYO WIDODO", New, Married, "KARYAWAN SWASTA", Work, "JEPANG"),
    ]
}

impl Row {
    fn priority(mut self, priority: Priority) -> Self {
        self.priority = Some(priority);
        self
    }

    fn story(mut self, story: Story) -> Self {
        self.story = Some(story);
        self
    }

    fn veiled(mut self) -> Self {
        self.veiled = true;
        self
    }

    fn applicant(self, index: usize, date: NaiveDate) -> SampleApplicant {
        let mut seed = Seed::of(self.name);
        let slot = NaiveTime::from_hms_opt(self.slot.0, self.slot.1, 0).expect("the table holds real times");
        let at = |date: NaiveDate, time: NaiveTime| {
            zone().from_local_datetime(&date.and_time(time)).single().expect("WIB has no summer time")
        };
        let group = (self.story == Some(Story::Family)).then(|| "AKUN-0417".to_owned());
        let age_class = if self.child { Child } else { Adult };

        let true_birth = self.born.on();
        let form_birth = match self.story {
            Some(Story::NikDisagrees) => true_birth - Days::new(10),
            _ => true_birth,
        };
        let ktp_name = match self.story {
            Some(Story::NameOneLetterOff) => self.name.replace("SETYO", "SETIYO"),
            _ => self.name.to_owned(),
        };
        let validity_years = if self.child || seed.between(0, 6) == 0 { 5 } else { 10 };
        // Two people chose the old kind while their office still made it.
        let epassport = !matches!(self.name, "PURWADI HARJOKUSUMO" | "UJANG SUHERMAN");
        let paid = self.story != Some(Story::Unpaid);
        let fee_rp = match (epassport, validity_years) {
            (true, 10) => 950_000,
            (true, _) | (false, 10) => 650_000,
            (false, _) => 350_000,
        };
        let ntpn = paid.then(|| (0..16).map(|_| *seed.pick(&NTPN_CHARS)).map(char::from).collect());
        let earlier_passport =
            (self.kind == Replacement || self.story == Some(Story::AppliedAsNew)).then(|| earlier_passport(&mut seed));

        let form = SampleForm {
            full_name: self.name.to_owned(),
            nik: nik(self.born.4, true_birth, self.sex),
            birth_place: self.born.3.to_owned(),
            birth_date: form_birth,
            sex: self.sex,
            address: address(match group {
                Some(_) => "RIZAL",
                None => self.name,
            }),
            mother_name: self.parents[0].to_owned(),
            father_name: self.parents[1].to_owned(),
            phone_tail: seed.digits(4),
            purpose: self.purpose,
            destination: self.destination.to_owned(),
            marital: self.marital,
            occupation: self.occupation.to_owned(),
        };
        let uploaded_on = date - Days::new(u64::from(seed.between(2, 12)));
        let mut uploaded =
            at(uploaded_on, NaiveTime::MIN) + chrono::TimeDelta::minutes(i64::from(seed.between(1100, 1270)));
        let mut scans = uploads(&self, index);
        for scan in &mut scans {
            uploaded += chrono::TimeDelta::seconds(i64::from(seed.between(40, 200)));
            scan.uploaded = uploaded;
        }
        SampleApplicant {
            // Sixteen digits like M-Paspor's; what they mean is not public, so ours mean nothing.
            application_no: format!("1126{}{:04}", seed.digits(8), 1001 + index * 7),
            slot,
            appointment: at(date, slot),
            kind: self.kind,
            age_class,
            epassport,
            validity_years,
            group,
            priority: self.priority,
            paid,
            fee_rp,
            ntpn,
            form,
            earlier_passport,
            on_paper: OnPaper { ktp_name, birth_date: true_birth, face_seed: seed.next(), veiled: self.veiled },
            scans,
            story: self.story,
        }
    }
}

const NTPN_CHARS: [u8; 32] = *b"0123456789ABCDEFGHJKLMNPQRSTUVWX";

fn earlier_passport(seed: &mut Seed) -> EarlierPassport {
    let issued = NaiveDate::from_ymd_opt(2016, 3, 1).expect("a date") + Days::new(u64::from(seed.between(0, 2090)));
    EarlierPassport {
        number: format!("{}{}", seed.pick(&["A", "B", "C"]), seed.digits(7)),
        issued,
        expires: issued + Months::new(5 * 12),
    }
}

const STREETS: [&str; 14] = [
    "JL. MELATI CONTOH",
    "JL. KENANGA CONTOH",
    "JL. CEMPAKA CONTOH",
    "JL. MAWAR CONTOH",
    "JL. FLAMBOYAN CONTOH",
    "JL. ANGGREK CONTOH",
    "JL. TERATAI CONTOH",
    "GG. SALAK CONTOH",
    "JL. MERPATI CONTOH",
    "JL. RAJAWALI CONTOH",
    "JL. BOUGENVILLE CONTOH",
    "JL. CENDANA CONTOH",
    "GG. MANGGIS CONTOH",
    "JL. WIJAYA CONTOH",
];

fn address(household: &str) -> String {
    if household == "AGUS PRASETYO" {
        return "JL. MELATI CONTOH 12, RT 003 / RW 005".to_owned();
    }
    let mut seed = Seed::of(&format!("alamat {household}"));
    format!(
        "{} {}, RT {:03} / RW {:03}",
        seed.pick(&STREETS),
        seed.between(1, 149),
        seed.between(1, 14),
        seed.between(1, 12)
    )
}

fn uploads(row: &Row, index: usize) -> Vec<SampleScan> {
    let mut seed = Seed::new(7_000 + index as u64);
    let wanted: &[Document] = match (row.child, row.kind) {
        (false, New) if index.is_multiple_of(2) && row.story.is_none() => {
            &[D::Ktp, D::Kk, D::BirthCertificate, D::Photo]
        }
        (false, New) => &[D::Ktp, D::Kk, D::BirthCertificate, D::Statement, D::Photo],
        (false, Replacement) if matches!(index % 5, 0 | 2) => &[D::Ktp, D::OldPassport, D::Photo],
        (false, Replacement) => &[D::Ktp, D::Kk, D::OldPassport, D::Photo],
        (true, New) => &[D::Kk, D::BirthCertificate, D::ParentsKtp, D::Statement, D::Photo],
        (true, Replacement) => &[D::Kk, D::BirthCertificate, D::ParentsKtp, D::OldPassport, D::Statement, D::Photo],
    };
    let first_name = row.name.split(' ').next().unwrap_or(row.name).to_lowercase();
    let mut camera_roll = seed.between(1200, 8800);
    // How this one person handles files: by name, by the camera's number, by the messenger, by an old camera.
    let habit = seed.between(0, 4);
    let placeholder = zone().timestamp_opt(0, 0).single().expect("the epoch");
    wanted
        .iter()
        .map(|&document| {
            let scanner = index % 5 == 3 && document == D::Kk || document == D::ParentsKtp && index.is_multiple_of(2);
            let pages = match document {
                D::Kk if scanner && row.kind == New && index.is_multiple_of(2) => {
                    vec![D::Kk, D::BirthCertificate, D::Statement]
                }
                D::Kk if scanner => vec![D::Kk, D::BirthCertificate],
                D::ParentsKtp if scanner => vec![D::ParentsKtp, D::ParentsKtp],
                one => vec![one],
            };
            camera_roll += seed.between(1, 4);
            let plain = match document {
                D::Ktp => "ktp",
                D::Kk => "kk",
                D::BirthCertificate => "akta",
                D::OldPassport => "paspor-lama",
                D::Photo => "pasfoto",
                D::ParentsKtp => "ktp-ortu",
                D::Statement => "pernyataan",
            };
            let pinned = match (row.story, document) {
                (Some(Story::NameOneLetterOff), D::Photo) => Some(Trouble::ExifRotated { orientation: 6 }),
                (Some(Story::NameOneLetterOff), D::Statement) => Some(Trouble::Glare),
                (Some(Story::NameOneLetterOff | Story::NikDisagrees), _) => Some(Trouble::None),
                (Some(Story::LongName), D::Ktp | D::OldPassport) => Some(Trouble::None),
                (Some(Story::CutOffScan), D::BirthCertificate) => Some(Trouble::CutOff),
                (Some(Story::PngScan), D::Statement) => Some(Trouble::None),
                _ => None,
            };
            let chance = seed.between(0, 100);
            let trouble = pinned.unwrap_or(match chance {
                0..6 => Trouble::Dark,
                6..14 => Trouble::Skewed,
                14..19 => Trouble::Blurred,
                19..23 => Trouble::Glare,
                23..26 => Trouble::ExifRotated { orientation: 3 },
                26..32 => Trouble::ExifRotated { orientation: 6 },
                32..35 => Trouble::ExifRotated { orientation: 8 },
                35..38 => Trouble::Sideways,
                _ => Trouble::None,
            });
            let (trouble, file_name) = if pages.len() > 1 {
                let name = if document == D::Kk { format!("{plain}-dan-akta.pdf") } else { format!("{plain}.pdf") };
                (Trouble::None, name)
            } else if row.story == Some(Story::PngScan) && document == D::Statement {
                (trouble, format!("{plain}-{first_name}.png"))
            } else {
                let name = match habit {
                    _ if row.story == Some(Story::NameOneLetterOff) => format!("{plain}-{first_name}.jpg"),
                    0 => format!("IMG_{camera_roll:04}.jpg"),
                    1 => format!("{plain} {first_name}.jpeg"),
                    2 => format!("DSC_{camera_roll:04}.JPG"),
                    _ => format!("{plain}-{first_name}.jpg"),
                };
                (trouble, name)
            };
            SampleScan { document, file_name, trouble, uploaded: placeholder, pages }
        })
        .collect()
}
