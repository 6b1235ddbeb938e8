//! From an applicant to the files that came with the application.
//!
//! Paper as SVG, SVG as pixels, pixels as a phone or a scanner would have seen them. Only our own fonts are used, so a
//! scan is the same on every machine; nothing here asks for the date.

use anyhow::Context;
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg;

use super::camera::{self, Ground, Shot};
use super::papers::{self, Paper, Person};
use super::seed::Seed;
use super::{Document, SampleApplicant, SampleScan, Trouble, pdf};

pub struct DrawnScan {
    pub document: Document,
    pub file_name: String,
    pub media_type: &'static str,
    pub bytes: Vec<u8>,
}

/// All uploads of one applicant; `day` is everyone, for the family on the Kartu Keluarga.
pub fn scans(applicant: &SampleApplicant, fonts: &Fonts, day: &[SampleApplicant]) -> anyhow::Result<Vec<DrawnScan>> {
    (0..applicant.scans.len()).map(|index| scan(applicant, index, fonts, day)).collect()
}

pub fn scan(
    applicant: &SampleApplicant,
    index: usize,
    fonts: &Fonts,
    day: &[SampleApplicant],
) -> anyhow::Result<DrawnScan> {
    let scan = applicant.scans.get(index).context("No such scan")?;
    let mut seed = Seed::of(&format!("{} {}", applicant.application_no, scan.file_name));
    let bytes = if scan.media_type() == "application/pdf" {
        scanned_pdf(applicant, scan, fonts, day, &mut seed)?
    } else if scan.media_type() == "image/png" {
        let paper = paper(applicant, scan.document, 0, false, fonts, day)?;
        fonts.pixels(&paper, 2480.0 / paper.width)?.encode_png().context("Encoding a PNG")?
    } else {
        photographed(applicant, scan, fonts, day, &mut seed)?
    };
    Ok(DrawnScan { document: scan.document, file_name: scan.file_name.clone(), media_type: scan.media_type(), bytes })
}

/// What lies on the desk. `page` tells the parents' cards apart when each has a page of its own.
fn paper(
    applicant: &SampleApplicant,
    document: Document,
    page: usize,
    printed: bool,
    fonts: &Fonts,
    day: &[SampleApplicant],
) -> anyhow::Result<Paper> {
    let me = Person::of(applicant);
    let address = &applicant.form.address;
    Ok(match document {
        Document::Ktp => papers::ktp(fonts, &me, &applicant.on_paper.ktp_name, address),
        Document::Kk => papers::kk(fonts, &papers::household(applicant, day), address),
        Document::BirthCertificate => papers::birth_certificate(fonts, &me),
        Document::OldPassport => {
            let book = applicant.earlier_passport.as_ref().context("A scan of a passport that never was")?;
            papers::passport(fonts, &me, book)
        }
        Document::Photo if printed => papers::pasfoto_print(fonts, &me),
        Document::Photo => papers::pasfoto(fonts, &me),
        Document::ParentsKtp => {
            let parents = papers::parents(applicant, day);
            match applicant.scans.iter().find(|s| s.document == document).map_or(1, |s| s.pages.len()) {
                1 => papers::ktp_copies(fonts, &parents, address),
                _ => papers::ktp_copies(fonts, parents.get(page..=page).context("A child has two parents")?, address),
            }
        }
        Document::Statement => papers::statement(fonts, applicant, &papers::parents(applicant, day)),
    })
}

fn photographed(
    applicant: &SampleApplicant,
    scan: &SampleScan,
    fonts: &Fonts,
    day: &[SampleApplicant],
    seed: &mut Seed,
) -> anyhow::Result<Vec<u8>> {
    // A passport photo comes from a studio's file, unless somebody photographed the print.
    let printed = scan.document == Document::Photo
        && !matches!(scan.trouble, Trouble::None | Trouble::ExifRotated { .. } | Trouble::Sideways);
    let filling = scan.document == Document::Photo && !printed;
    let paper = paper(applicant, scan.document, 0, printed, fonts, day)?;

    let (long, short) = *seed.pick(&[(3280, 2460), (3280, 2460), (3648, 2736), (4000, 3000), (4032, 3024)]);
    let (width, height) = if paper.width > paper.height { (long, short) } else { (short, long) };
    let (w, h) = (width as f32, height as f32);
    let skewed = scan.trouble == Trouble::Skewed;
    let corners = if filling {
        [(0.0, 0.0), (w, 0.0), (w, h), (0.0, h)]
    } else {
        let room = if skewed { 0.74 } else { 0.84 + 0.05 * seed.sway() };
        lying(&paper, w, h, room, skewed, seed)
    };
    let extent = (corners[1].0 - corners[0].0).hypot(corners[1].1 - corners[0].1);
    let mut pixels = fonts.pixels(&paper, 0.8 * extent / paper.width)?;
    if scan.trouble == Trouble::Blurred {
        let radius = pixels.width() as usize / 300;
        match seed.between(0, 2) {
            0 => camera::blur(&mut pixels, radius, radius),
            _ => camera::blur(&mut pixels, radius * 3, radius / 3),
        }
    }

    let dark = scan.trouble == Trouble::Dark;
    let shot = Shot {
        width,
        height,
        corners,
        ground: match filling {
            true => Ground::None,
            false => *seed.pick(&[Ground::LightWood, Ground::DarkWood, Ground::Stone, Ground::Cloth]),
        },
        light: match () {
            () if filling => 1.0,
            () if dark => 0.34 + 0.05 * seed.sway(),
            () => 0.95 + 0.05 * seed.sway(),
        },
        slope: match () {
            () if filling => (0.0, 0.03),
            () if dark => (0.6 * seed.sway(), 0.3 * seed.sway()),
            () => (0.18 * seed.sway(), 0.12 * seed.sway()),
        },
        glare: (scan.trouble == Trouble::Glare)
            .then(|| (w * (0.5 + 0.18 * seed.sway()), h * (0.45 + 0.12 * seed.sway()), 0.17 * w)),
        warmth: if filling { 0.0 } else { 0.05 + 0.05 * seed.sway() },
        grain: if dark { 8 } else { 6 },
        quality: 86,
        seed: seed.next(),
    };
    let picture = camera::expose(&pixels, &shot);
    let (lie, tag) = match scan.trouble {
        Trouble::ExifRotated { orientation } => (orientation, orientation),
        Trouble::Sideways => (8, 1),
        _ => (1, 1),
    };
    let jpeg = camera::jpeg(&camera::stored_as(picture, lie), shot.quality)?;
    let mut bytes = camera::with_exif(&jpeg, tag);
    if scan.trouble == Trouble::CutOff {
        bytes.truncate(bytes.len() * 6 / 10);
    }
    Ok(bytes)
}

/// The corners of a paper that somebody put down by hand.
fn lying(paper: &Paper, w: f32, h: f32, room: f32, skewed: bool, seed: &mut Seed) -> [(f32, f32); 4] {
    let scale = (room * w / paper.width).min(room * h / paper.height);
    let (half_w, half_h) = (scale * paper.width / 2.0, scale * paper.height / 2.0);
    let (turn, tilt) = match skewed {
        true => ((0.16 + 0.04 * seed.sway()).copysign(seed.sway()), 0.07),
        false => (0.03 * seed.sway(), 0.012),
    };
    // A turned paper needs more room; what is cut off would be another trouble than the one meant.
    let snug = 1.0 / (1.0 + 0.8 * f32::abs(turn));
    let (sin, cos) = turn.sin_cos();
    [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)].map(|(sx, sy): (f32, f32)| {
        let x = sx * half_w * snug * (1.0 + tilt * seed.sway());
        let y = sy * half_h * snug * (1.0 + tilt * seed.sway());
        (w / 2.0 + x * cos - y * sin, h / 2.0 + x * sin + y * cos)
    })
}

fn scanned_pdf(
    applicant: &SampleApplicant,
    scan: &SampleScan,
    fonts: &Fonts,
    day: &[SampleApplicant],
    seed: &mut Seed,
) -> anyhow::Result<Vec<u8>> {
    const DPI: u32 = 200;
    let mut pages = Vec::new();
    for (number, &document) in scan.pages.iter().enumerate() {
        let paper = paper(applicant, document, number, false, fonts, day)?;
        let (width, height) = if paper.width > paper.height { (2339, 1654) } else { (1654, 2339) };
        let (w, h) = (width as f32, height as f32);
        let corners = lying(&paper, w, h, 0.985, false, seed);
        let pixels = fonts.pixels(&paper, w / paper.width)?;
        let shot = Shot {
            width,
            height,
            corners,
            ground: Ground::ScannerLid,
            light: 1.02,
            slope: (0.0, 0.02),
            glare: None,
            warmth: 0.0,
            grain: 3,
            quality: 80,
            seed: seed.next(),
        };
        let jpeg = camera::jpeg(&camera::expose(&pixels, &shot), shot.quality)?;
        pages.push(pdf::Page { jpeg, width_px: width, height_px: height, dpi: DPI });
    }
    Ok(pdf::write(&pages))
}

// ---- fonts ----

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    Regular,
    Bold,
}

impl Face {
    pub fn weight(self) -> u16 {
        match self {
            Face::Regular => 400,
            Face::Bold => 700,
        }
    }
}

const REGULAR: &[u8] = include_bytes!("../../../assets/fonts/NotoSans-Regular.ttf");
const BOLD: &[u8] = include_bytes!("../../../assets/fonts/NotoSans-Bold.ttf");
const MONO: &[u8] = include_bytes!("../../../assets/fonts/NotoSansMono-Regular.ttf");

/// Noto from `assets/fonts`, never what the machine happens to have.
pub struct Fonts {
    options: usvg::Options<'static>,
    regular: ttf_parser::Face<'static>,
    bold: ttf_parser::Face<'static>,
}

impl Fonts {
    pub fn load() -> anyhow::Result<Fonts> {
        let mut options = usvg::Options { font_family: "Noto Sans".to_owned(), ..usvg::Options::default() };
        for bytes in [REGULAR, BOLD, MONO] {
            options.fontdb_mut().load_font_data(bytes.to_vec());
        }
        Ok(Fonts {
            options,
            regular: ttf_parser::Face::parse(REGULAR, 0).context("Reading NotoSans-Regular.ttf")?,
            bold: ttf_parser::Face::parse(BOLD, 0).context("Reading NotoSans-Bold.ttf")?,
        })
    }

    /// How wide the words would be, kerning aside.
    pub fn width(&self, words: &str, size: f32, face: Face) -> f32 {
        let font = match face {
            Face::Regular => &self.regular,
            Face::Bold => &self.bold,
        };
        let advance = |c: char| font.glyph_index(c).and_then(|g| font.glyph_hor_advance(g)).unwrap_or(600);
        let units: u32 = words.chars().map(|c| u32::from(advance(c))).sum();
        size * units as f32 / f32::from(font.units_per_em())
    }

    fn pixels(&self, paper: &Paper, scale: f32) -> anyhow::Result<Pixmap> {
        let tree = usvg::Tree::from_str(&paper.svg(), &self.options).context("Understanding our own drawing")?;
        let (w, h) = ((paper.width * scale).round() as u32, (paper.height * scale).round() as u32);
        let mut pixmap = Pixmap::new(w, h).context("A paper without size")?;
        resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixmap.as_mut());
        Ok(pixmap)
    }
}
