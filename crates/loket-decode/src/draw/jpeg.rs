//! JPEG. Decoders are forgiving: of a file that was cut off in transit they show the top and call it a day, and the officer
//! would decide on half a form. So the file's skeleton is walked first, and only one that reaches its end mark is decoded,
//! strictly. Bytes after the end mark are ignored (phones put depth maps there); they are never looked at.

use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::{Raster, Sides, check_sides, orientation, zeroed};
use crate::{JPEG_SCANS_MAX, Unreadable};

type Reader<'a> = JpegDecoder<ZCursor<&'a [u8]>>;

pub(super) fn probe(file: &[u8]) -> Result<Sides, Unreadable> {
    walk_to_the_end(file)?;
    Ok(opened(file)?.1)
}

pub(super) fn decode(mut file: Vec<u8>) -> Result<Raster, Unreadable> {
    let skeleton = walk_to_the_end(&file)?;
    // At an end mark that comes too early the decoder would fill up with grey and be content. Without the mark it runs out
    // of bytes and says so. (Progressive files need their mark: there only the skeleton is checked.)
    if !skeleton.progressive && skeleton.scans == 1 {
        file.truncate(skeleton.end);
        file.extend_from_slice(&READ_AHEAD);
    }
    let (mut decoder, sides) = opened(&file)?;
    let grey = decoder.input_colorspace() == Some(ColorSpace::Luma);
    let colours = if grey { ColorSpace::Luma } else { ColorSpace::RGB };
    decoder.set_options(decoder.options().jpeg_set_out_colorspace(colours));
    let length = sides.width as usize * sides.height as usize * colours.num_components();
    // A file whose components change their meaning along the way would leave the decoder with another idea of the length.
    if decoder.output_buffer_size() != Some(length) {
        return Err(Unreadable::Damaged);
    }
    let mut bytes = zeroed(length)?;
    decoder.decode_into(&mut bytes).map_err(why)?;
    Ok(Raster { sides, grey, bytes })
}

/// What the decoder may read ahead of what it needs, so that a sound file whose last rows are a few bits each isn't taken
/// for a short one.
const READ_AHEAD: [u8; 16] = [0x55; 16];

fn opened(file: &[u8]) -> Result<(Reader<'_>, Sides), Unreadable> {
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        // The sides are checked below, where they get a reason of their own.
        .set_max_width(usize::MAX)
        .set_max_height(usize::MAX)
        .jpeg_set_max_scans(JPEG_SCANS_MAX as usize);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(file), options);
    decoder.decode_headers().map_err(why)?;
    let (width, height) = decoder.dimensions().ok_or(Unreadable::Damaged)?;
    let (width, height) = (width as u32, height as u32);
    check_sides(width, height)?;
    let orientation = orientation(decoder.exif().map(Vec::as_slice));
    Ok((decoder, Sides { width, height, orientation }))
}

fn why(error: DecodeErrors) -> Unreadable {
    match error {
        DecodeErrors::Unsupported(_) => Unreadable::Unsupported,
        _ => Unreadable::Damaged,
    }
}

/// What the walk has seen.
struct Skeleton {
    /// Where the end mark begins.
    end: usize,
    scans: u32,
    progressive: bool,
}

const MARK: u8 = 0xFF;
const END_OF_IMAGE: u8 = 0xD9;
const START_OF_SCAN: u8 = 0xDA;
/// The frames below it are baseline and extended; those above are lossless, hierarchical or arithmetic.
const PROGRESSIVE: u8 = 0xC2;

/// From segment to segment until the end mark of this image. Thumbnails with an end mark of their own lie inside segments
/// and are jumped over.
fn walk_to_the_end(file: &[u8]) -> Result<Skeleton, Unreadable> {
    let mut at = 2;
    let mut scans = 0;
    let mut progressive = false;
    loop {
        let end = at;
        let code = mark_at(file, &mut at)?;
        match code {
            END_OF_IMAGE if scans > 0 => return Ok(Skeleton { end, scans, progressive }),
            // Marks without a segment, and marks that can't stand here.
            0x00..=0x01 | 0xD0..=END_OF_IMAGE => return Err(Unreadable::Damaged),
            START_OF_SCAN => {
                scans += 1;
                if scans > JPEG_SCANS_MAX {
                    return Err(Unreadable::Damaged);
                }
                at = after_segment(file, at)?;
                at = after_entropy_coded_data(file, at)?;
            }
            // Tables; in the midst of the frames' codes for historical reasons.
            0xC4 | 0xC8 | 0xCC => at = after_segment(file, at)?,
            // A frame. Behind its length stand the bits of a sample.
            0xC0..=0xCF => {
                let after = after_segment(file, at)?;
                if code > PROGRESSIVE || file.get(at + 2) != Some(&8) {
                    return Err(Unreadable::Unsupported);
                }
                progressive |= code == PROGRESSIVE;
                at = after;
            }
            _ => at = after_segment(file, at)?,
        }
    }
}

/// The code of the mark at `at`, which moves behind it. Any number of fill bytes may precede it.
fn mark_at(file: &[u8], at: &mut usize) -> Result<u8, Unreadable> {
    if file.get(*at) != Some(&MARK) {
        return Err(Unreadable::Damaged);
    }
    while file.get(*at) == Some(&MARK) {
        *at += 1;
    }
    let code = *file.get(*at).ok_or(Unreadable::Damaged)?;
    *at += 1;
    Ok(code)
}

fn after_segment(file: &[u8], at: usize) -> Result<usize, Unreadable> {
    let length = file.get(at..at + 2).ok_or(Unreadable::Damaged)?;
    let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
    if length < 2 || at + length > file.len() {
        return Err(Unreadable::Damaged);
    }
    Ok(at + length)
}

/// Up to the next mark that is neither a stuffed zero nor a restart.
fn after_entropy_coded_data(file: &[u8], mut at: usize) -> Result<usize, Unreadable> {
    loop {
        let rest = file.get(at..).ok_or(Unreadable::Damaged)?;
        at += rest.iter().position(|byte| *byte == MARK).ok_or(Unreadable::Damaged)?;
        match file.get(at + 1) {
            None => return Err(Unreadable::Damaged),
            Some(0x00 | 0xD0..=0xD7) => at += 2,
            Some(&MARK) => at += 1,
            Some(_) => return Ok(at),
        }
    }
}
