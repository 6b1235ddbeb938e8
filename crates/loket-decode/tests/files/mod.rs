//! Files made by hand: the smallest JPEG and PDF that can be bent in every direction, and PNGs with parts that no decent
//! encoder would write.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use image::codecs::jpeg::JpegEncoder;
use image::{ImageFormat, RgbImage};

/// A JPEG as a phone would write it.
pub fn jpeg(picture: &RgbImage) -> Vec<u8> {
    let mut file = Vec::new();
    JpegEncoder::new_with_quality(&mut file, 90).encode_image(picture).unwrap();
    file
}

/// The same as PNG.
pub fn png(picture: &RgbImage) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, ImageFormat::Png).unwrap();
    file.into_inner()
}

/// Puts a segment with these EXIF bytes right behind the start mark.
pub fn jpeg_with_exif(jpeg: &[u8], tiff: &[u8]) -> Vec<u8> {
    let mut file = jpeg[..2].to_vec();
    file.extend_from_slice(&[0xFF, 0xE1]);
    file.extend_from_slice(&(2 + 6 + tiff.len() as u16).to_be_bytes());
    file.extend_from_slice(b"Exif\0\0");
    file.extend_from_slice(tiff);
    file.extend_from_slice(&jpeg[2..]);
    file
}

pub fn jpeg_with_orientation(jpeg: &[u8], orientation: u16) -> Vec<u8> {
    jpeg_with_exif(jpeg, &tiff_with_orientation(orientation))
}

pub fn png_with_orientation(png: &[u8], orientation: u16) -> Vec<u8> {
    // Behind the signature and the header, whose length is always the same.
    let (header, rest) = png.split_at(8 + 25);
    [header, &chunk(b"eXIf", &tiff_with_orientation(orientation)), rest].concat()
}

/// A little-endian TIFF directory with one entry: tag 0x0112, type "short", one of it.
fn tiff_with_orientation(orientation: u16) -> Vec<u8> {
    let mut tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    tiff.extend_from_slice(&orientation.to_le_bytes());
    tiff.extend_from_slice(&[0; 6]);
    tiff
}

/// A PNG that promises much and holds nothing.
pub fn png_header_only(width: u32, height: u32) -> Vec<u8> {
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend_from_slice(&[8, 2, 0, 0, 0]);
    [b"\x89PNG\r\n\x1a\n".as_slice(), &chunk(b"IHDR", &header), &chunk(b"IEND", b"")].concat()
}

/// Transparent black, row by row, so that the test itself needs no memory for it.
pub fn png_rgba_blank(width: u32, height: u32) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header().unwrap();
    let mut rows = writer.stream_writer().unwrap();
    let row = vec![0; width as usize * 4];
    (0..height).for_each(|_| rows.write_all(&row).unwrap());
    rows.finish().unwrap();
    drop(writer);
    file
}

pub fn png_with_text_bomb(bytes: usize) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 16, 16);
    encoder.set_color(png::ColorType::Rgb);
    encoder.add_ztxt_chunk("Comment".into(), "a".repeat(bytes)).unwrap();
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&[9; 16 * 16 * 3]).unwrap();
    drop(writer);
    file
}

fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let checked = [name, data].concat();
    let crc = checked.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    });
    [&(data.len() as u32).to_be_bytes(), checked.as_slice(), &(!crc).to_be_bytes()].concat()
}

/// One block of 8 x 8 pixels in one colour, with every field of the headers open to abuse.
pub struct TinyJpeg {
    pub width: u16,
    pub height: u16,
    pub bits: u8,
    /// 0xC0 baseline, 0xC2 progressive, 0xC9 arithmetic.
    pub start_of_frame: u8,
    pub scans: u32,
    /// A restart mark behind every block, as cameras write them.
    pub restarts: bool,
    /// One value for each component.
    pub colour: Vec<u8>,
}

impl TinyJpeg {
    pub fn rgb() -> Self {
        Self {
            width: 8,
            height: 8,
            bits: 8,
            start_of_frame: 0xC0,
            scans: 1,
            restarts: false,
            colour: vec![200, 128, 128],
        }
    }

    /// With the first, coarsest scan only, which is a complete picture if all there is is one colour.
    pub fn progressive() -> Self {
        Self { start_of_frame: 0xC2, ..Self::rgb() }
    }

    /// As Photoshop writes it: upside down, 255 is no ink.
    pub fn cmyk_red() -> Self {
        Self { colour: vec![255, 0, 0, 255], ..Self::rgb() }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut file = vec![0xFF, 0xD8];
        let mut segment = |code: u8, data: &[u8]| {
            file.extend_from_slice(&[0xFF, code]);
            file.extend_from_slice(&(2 + data.len() as u16).to_be_bytes());
            file.extend_from_slice(data);
        };
        let components = self.colour.len() as u8;
        if components == 4 {
            segment(0xEE, b"Adobe\0\x64\0\0\0\0\0");
        }
        // Eight everywhere, so that a coefficient is the pixel's value itself.
        segment(0xDB, &[&[0][..], &[8; 64]].concat());
        let mut frame = vec![self.bits];
        frame.extend_from_slice(&self.height.to_be_bytes());
        frame.extend_from_slice(&self.width.to_be_bytes());
        frame.push(components);
        (1..=components).for_each(|id| frame.extend_from_slice(&[id, 0x11, 0]));
        segment(self.start_of_frame, &frame);
        // Twelve codes of four bits for the first coefficient; one code of one bit, "no more", for the others.
        segment(0xC4, &[&[0x00, 0, 0, 0, 12][..], &[0; 12], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]].concat());
        segment(0xC4, &[&[0x10, 1][..], &[0; 15], &[0]].concat());

        let blocks = if self.restarts {
            segment(0xDD, &[0, 1]);
            usize::from(self.width.div_ceil(8)) * usize::from(self.height.div_ceil(8))
        } else {
            1
        };
        let progressive = self.start_of_frame == 0xC2;
        let mut scan = vec![components];
        (1..=components).for_each(|id| scan.extend_from_slice(&[id, 0]));
        scan.extend_from_slice(&[0, if progressive { 0 } else { 63 }, 0]);
        for _ in 0..self.scans {
            let mut header = vec![0xFF, 0xDA];
            header.extend_from_slice(&(2 + scan.len() as u16).to_be_bytes());
            header.extend_from_slice(&scan);
            file.extend_from_slice(&header);
            for block in 0..blocks {
                if block > 0 {
                    file.extend_from_slice(&[0xFF, 0xD0 + (block - 1) as u8 % 8]);
                }
                file.extend_from_slice(&self.entropy_coded(progressive));
            }
        }
        file.extend_from_slice(&[0xFF, 0xD9]);
        file
    }

    fn entropy_coded(&self, progressive: bool) -> Vec<u8> {
        let mut bits = String::new();
        for value in &self.colour {
            let coefficient = i32::from(*value) - 128;
            let length = 32 - coefficient.unsigned_abs().leading_zeros();
            write!(bits, "{length:04b}").unwrap();
            let coded = if coefficient < 0 { coefficient + (1 << length) - 1 } else { coefficient };
            if length > 0 {
                write!(bits, "{coded:0width$b}", width = length as usize).unwrap();
            }
            if !progressive {
                bits.push('0');
            }
        }
        let mut bytes = Vec::new();
        for eight in bits.as_bytes().chunks(8) {
            let byte = (0..8).fold(0, |byte, at| byte << 1 | u8::from(eight.get(at) != Some(&b'0')));
            bytes.push(byte);
            if byte == 0xFF {
                bytes.push(0);
            }
        }
        bytes
    }
}

/// A PDF with room for nonsense in the places where people put it.
pub struct PdfFile {
    pages: u32,
    media_box: String,
    content: String,
    pub catalog: String,
    pub trailer: String,
    pub more_kids: String,
    pub resources: String,
    pub extra: Vec<(u32, String)>,
}

impl PdfFile {
    pub fn with_pages(pages: u32, width: u32, height: u32, content: &str) -> Self {
        Self {
            pages,
            media_box: format!("0 0 {width} {height}"),
            content: content.into(),
            catalog: String::new(),
            trailer: String::new(),
            more_kids: String::new(),
            resources: String::new(),
            extra: Vec::new(),
        }
    }

    pub fn with_media_box(media_box: &str) -> Self {
        Self { media_box: media_box.into(), ..Self::with_pages(1, 1, 1, "1 0 0 rg 0 0 9 9 re f") }
    }

    /// Forms that draw forms that draw forms: a few hundred bytes, and `times` to the power of `levels` rectangles.
    pub fn of_nested_forms(levels: u32, times: usize) -> Self {
        let form = |level: u32| {
            let (content, resources) = match level {
                0 => ("0 0 9 9 re f".into(), String::new()),
                _ => ("/X Do ".repeat(times), format!("/XObject<</X {} 0 R>>", 90 + level - 1)),
            };
            let length = content.len();
            let head = format!("/Type/XObject/Subtype/Form/BBox[0 0 99 99]/Resources<<{resources}>>/Length {length}");
            (90 + level, format!("<<{head}>>\nstream\n{content}\nendstream"))
        };
        let mut pdf = Self::with_pages(1, 99, 99, "/X Do");
        pdf.resources = format!("/XObject<</X {} 0 R>>", 90 + levels);
        pdf.extra = (0..=levels).map(form).collect();
        pdf
    }

    pub fn bytes(&self) -> Vec<u8> {
        // 1 the catalogue, 2 the tree, then the pages, and one content for all of them at 89.
        let kids: String = (0..self.pages).map(|page| format!("{} 0 R ", 3 + page)).collect();
        let mut objects = vec![
            (1, format!("<</Type/Catalog/Pages 2 0 R{}>>", self.catalog)),
            (2, format!("<</Type/Pages/Count {}/Kids[{kids}{}]>>", self.pages, self.more_kids)),
        ];
        for page in 0..self.pages {
            let (media_box, resources) = (&self.media_box, &self.resources);
            let page_object =
                format!("<</Type/Page/Parent 2 0 R/MediaBox[{media_box}]/Resources<<{resources}>>/Contents 89 0 R>>");
            objects.push((3 + page, page_object));
        }
        objects.push((89, format!("<</Length {}>>\nstream\n{}\nendstream", self.content.len(), self.content)));
        objects.extend_from_slice(&self.extra);

        let mut file = b"%PDF-1.7\n".to_vec();
        let mut xref = String::new();
        for (number, body) in &objects {
            writeln!(xref, "{number} 1\n{:010} 00000 n ", file.len()).unwrap();
            write!(file, "{number} 0 obj\n{body}\nendobj\n").unwrap();
        }
        let start = file.len();
        let trailer = &self.trailer;
        write!(file, "xref\n{xref}trailer\n<</Size 200/Root 1 0 R{trailer}>>\nstartxref\n{start}\n%%EOF\n").unwrap();
        file
    }
}

/// Chance that repeats itself.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit.max(1)
    }
}
