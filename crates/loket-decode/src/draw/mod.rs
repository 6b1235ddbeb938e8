//! From a file to upright RGB pixels, inside the child. The three kinds of files each have a module that knows its format;
//! what they have in common is here: limits before any pixel is decoded, scaling before turning (fewer pixels to turn), and
//! grey turned to colour last. Nothing here needs to be safe against the file by itself, but it is strict: half a picture is
//! no picture.

mod jpeg;
mod pdf;
mod png;

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, RgbImage};

use crate::line::Probe;
use crate::{AREA_PX_MAX, Kind, SIDE_PX_MAX, Unreadable};

/// What the file says about itself.
pub(crate) fn probe(kind: Kind, file: Vec<u8>) -> Result<Probe, Unreadable> {
    let (pages, width, height) = match kind {
        Kind::Jpeg => one_page(jpeg::probe(&file)?),
        Kind::Png => one_page(png::probe(&file)?),
        Kind::Pdf => pdf::probe(file)?,
    };
    Ok(Probe { kind, pages, width, height })
}

/// Width, height and pixels of one page.
pub(crate) fn render(kind: Kind, file: Vec<u8>, page: u32, max_side: u32) -> Result<(u32, u32, Vec<u8>), Unreadable> {
    if kind != Kind::Pdf && page != 0 {
        return Err(Unreadable::PageAbsent);
    }
    match kind {
        Kind::Jpeg => finish(jpeg::decode(file)?, max_side),
        Kind::Png => finish(png::decode(&file)?, max_side),
        Kind::Pdf => pdf::render(file, page, max_side),
    }
}

/// Sides as the file stores them, and how it wants to be held.
struct Sides {
    width: u32,
    height: u32,
    orientation: Orientation,
}

/// Decoded pixels as the file stores them: one byte each if grey, three if not.
struct Raster {
    sides: Sides,
    grey: bool,
    bytes: Vec<u8>,
}

fn one_page(sides: Sides) -> (u32, u32, u32) {
    use Orientation::{
        FlipHorizontal, FlipVertical, NoTransforms, Rotate90, Rotate90FlipH, Rotate180, Rotate270, Rotate270FlipH,
    };
    match sides.orientation {
        NoTransforms | FlipHorizontal | FlipVertical | Rotate180 => (1, sides.width, sides.height),
        Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH => (1, sides.height, sides.width),
    }
}

/// To be asked before a single pixel is decoded, or memory is reserved for it.
fn check_sides(width: u32, height: u32) -> Result<(), Unreadable> {
    if width == 0 || height == 0 {
        return Err(Unreadable::Damaged);
    }
    let area = u64::from(width) * u64::from(height);
    if width.max(height) > SIDE_PX_MAX || area > AREA_PX_MAX {
        return Err(Unreadable::TooManyPixels);
    }
    Ok(())
}

/// Memory for pixels, asked for politely: a refusal is an answer, not an abort.
fn zeroed(bytes: usize) -> Result<Vec<u8>, Unreadable> {
    let mut memory = Vec::new();
    memory.try_reserve_exact(bytes).map_err(|_| Unreadable::TooMuchMemory)?;
    memory.resize(bytes, 0);
    Ok(memory)
}

/// Words of EXIF that make no sense leave the picture as it is; cameras write many.
fn orientation(exif: Option<&[u8]>) -> Orientation {
    exif.and_then(Orientation::from_exif_chunk).unwrap_or(Orientation::NoTransforms)
}

fn finish(raster: Raster, max_side: u32) -> Result<(u32, u32, Vec<u8>), Unreadable> {
    let Raster { sides: Sides { width, height, orientation }, grey, bytes } = scaled_down(raster, max_side)?;
    if !grey && orientation == Orientation::NoTransforms {
        return Ok((width, height, bytes));
    }
    let image = match grey {
        true => GrayImage::from_raw(width, height, bytes).map(DynamicImage::ImageLuma8),
        false => RgbImage::from_raw(width, height, bytes).map(DynamicImage::ImageRgb8),
    };
    let mut image = image.ok_or(Unreadable::Damaged)?;
    image.apply_orientation(orientation);
    let rgb = image.into_rgb8();
    Ok((rgb.width(), rgb.height(), rgb.into_raw()))
}

fn scaled_down(raster: Raster, max_side: u32) -> Result<Raster, Unreadable> {
    let Raster { sides: Sides { width, height, orientation }, grey, bytes } = raster;
    let longest = width.max(height);
    if longest <= max_side {
        return Ok(Raster { sides: Sides { width, height, orientation }, grey, bytes });
    }
    // Rounded to the nearest pixel; a hair-thin picture keeps one.
    let scaled = |side: u32| (u64::from(side) * u64::from(max_side) + u64::from(longest) / 2) / u64::from(longest);
    let (small_width, small_height) = (scaled(width).max(1) as u32, scaled(height).max(1) as u32);

    let pixel = if grey { PixelType::U8 } else { PixelType::U8x3 };
    let from = ImageRef::new(width, height, &bytes, pixel).map_err(|_| Unreadable::Damaged)?;
    let mut to = Image::new(small_width, small_height, pixel);
    // Hamming keeps small print about as sharp as the bicubic filters, at half of their price.
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Hamming)).use_alpha(false);
    Resizer::new().resize(&from, &mut to, &options).map_err(|_| Unreadable::Damaged)?;
    let sides = Sides { width: small_width, height: small_height, orientation };
    Ok(Raster { sides, grey, bytes: to.into_vec() })
}
