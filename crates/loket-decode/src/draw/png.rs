//! PNG. Texts and colour profiles, where bombs hide, are skipped unread; checksums must be right and the end mark must be
//! there. Sixteen bits become eight, palettes become colours, and what was transparent is laid on white, like paper.

use std::io::Cursor;

use png::{ColorType, DecodeOptions, Decoder, DecodingError, Limits, Transformations};

use super::{Raster, Sides, check_sides, orientation, zeroed};
use crate::{PNG_CHUNK_BYTES_MAX, Unreadable};

type Reader<'a> = png::Reader<Cursor<&'a [u8]>>;

pub(super) fn probe(file: &[u8]) -> Result<Sides, Unreadable> {
    Ok(sides(&opened(file)?))
}

pub(super) fn decode(file: &[u8]) -> Result<Raster, Unreadable> {
    let mut reader = opened(file)?;
    let length = reader.output_buffer_size().ok_or(Unreadable::TooManyPixels)?;
    let mut bytes = zeroed(length)?;
    reader.next_frame(&mut bytes).map_err(why)?;
    reader.finish().map_err(why)?;
    let grey = match reader.output_color_type().0 {
        ColorType::Grayscale => true,
        ColorType::GrayscaleAlpha => {
            lay_on_white::<2, 1>(&mut bytes);
            true
        }
        ColorType::Rgb => false,
        ColorType::Rgba => {
            lay_on_white::<4, 3>(&mut bytes);
            false
        }
        // Palettes are expanded by the transformation asked for below.
        ColorType::Indexed => return Err(Unreadable::Damaged),
    };
    Ok(Raster { sides: sides(&reader), grey, bytes })
}

fn opened(file: &[u8]) -> Result<Reader<'_>, Unreadable> {
    let (width, height) = declared_sides(file).ok_or(Unreadable::Damaged)?;
    check_sides(width, height)?;
    if !has_its_end(file) {
        return Err(Unreadable::Damaged);
    }
    let mut options = DecodeOptions::default();
    options.set_ignore_adler32(false);
    options.set_ignore_text_chunk(true);
    options.set_ignore_iccp_chunk(true);
    let mut decoder = Decoder::new_with_options(Cursor::new(file), options);
    decoder.set_limits(Limits { bytes: PNG_CHUNK_BYTES_MAX });
    decoder.set_transformations(Transformations::normalize_to_color8());
    decoder.read_info().map_err(why)
}

fn sides(reader: &Reader<'_>) -> Sides {
    let info = reader.info();
    Sides { width: info.width, height: info.height, orientation: orientation(info.exif_metadata.as_deref()) }
}

fn why(error: DecodingError) -> Unreadable {
    match error {
        DecodingError::LimitsExceeded => Unreadable::TooMuchMemory,
        DecodingError::IoError(_) | DecodingError::Format(_) | DecodingError::Parameter(_) => Unreadable::Damaged,
    }
}

/// Length of the signature.
const FIRST_CHUNK: usize = 8;

/// The sides in the header, read by hand: a picture that is too large is told so even if all the rest of it is missing.
fn declared_sides(file: &[u8]) -> Option<(u32, u32)> {
    let header = file.get(FIRST_CHUNK..FIRST_CHUNK + 16)?;
    let number = |at: usize| header.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
    (header.get(4..8)? == b"IHDR").then_some((number(8)?, number(12)?))
}

/// From chunk to chunk until the end mark, without a look inside.
fn has_its_end(file: &[u8]) -> bool {
    let mut at = FIRST_CHUNK;
    while let Some([l0, l1, l2, l3, name @ ..]) = file.get(at..at + 8) {
        let length = u32::from_be_bytes([*l0, *l1, *l2, *l3]) as usize;
        // Eight before the chunk's data, four of checksum behind it.
        at += 8 + length + 4;
        if name == b"IEND" {
            return at <= file.len();
        }
    }
    false
}

/// Blends pixels of `FROM` bytes, the last of them alpha, onto white, and packs them to `TO` bytes in the same memory.
fn lay_on_white<const FROM: usize, const TO: usize>(bytes: &mut Vec<u8>) {
    let pixels = bytes.len() / FROM;
    for pixel in 0..pixels {
        let alpha = u32::from(bytes[pixel * FROM + TO]);
        for channel in 0..TO {
            let colour = u32::from(bytes[pixel * FROM + channel]);
            bytes[pixel * TO + channel] = ((colour * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
        }
    }
    bytes.truncate(pixels * TO);
}
