//! Pixels that came out of the child, and the only way they leave this crate: encoded anew by our own encoders, so that no
//! byte the applicant wrote reaches the web view.

use image::ExtendedColorType::Rgb8;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};

use crate::SIDE_PX_MAX;

/// An upright picture in RGB, 8 bits a channel, without alpha. Its length always fits its sides.
#[derive(Clone, PartialEq, Eq)]
pub struct Bitmap {
    width: u32,
    height: u32,
    rgb: Vec<u8>,
}

impl Bitmap {
    /// `None` unless both sides are in 1..=[`SIDE_PX_MAX`] and there are exactly three bytes a pixel.
    pub fn new(width: u32, height: u32, rgb: Vec<u8>) -> Option<Self> {
        let sides = 1..=SIDE_PX_MAX;
        let fits = sides.contains(&width) && sides.contains(&height) && rgb.len() == rgb_bytes(width, height);
        fits.then_some(Self { width, height, rgb })
    }

    /// Pixels from left to right.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Pixels from top to bottom.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Red, green, blue, row by row from the top, no padding.
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// The pixels themselves, for a caller that has no use for the rest.
    pub fn into_rgb(self) -> Vec<u8> {
        self.rgb
    }

    /// A JPEG of these pixels; `quality` from 1 to 100.
    pub fn to_jpeg(&self, quality: u8) -> Vec<u8> {
        self.encoded(|out, rgb, width, height, colour| {
            JpegEncoder::new_with_quality(out, quality.clamp(1, 100)).write_image(rgb, width, height, colour)
        })
    }

    /// A PNG of these pixels: larger than a JPEG, but every pixel as it is. For small pictures and for printing.
    pub fn to_png(&self) -> Vec<u8> {
        self.encoded(|out, rgb, width, height, colour| {
            PngEncoder::new_with_quality(out, CompressionType::Fast, FilterType::Adaptive)
                .write_image(rgb, width, height, colour)
        })
    }

    fn encoded(
        &self,
        encode: impl FnOnce(&mut Vec<u8>, &[u8], u32, u32, ExtendedColorType) -> image::ImageResult<()>,
    ) -> Vec<u8> {
        let mut out = Vec::new();
        encode(&mut out, &self.rgb, self.width, self.height, Rgb8)
            .expect("a Vec takes every byte, and `new` has checked the sides and the length");
        out
    }
}

impl std::fmt::Debug for Bitmap {
    // A test that fails shouldn't print a citizen's passport as eight million numbers.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bitmap({} x {})", self.width, self.height)
    }
}

/// The bytes a picture of these sides takes. Both sides are below 2^14 wherever this is called.
pub(crate) fn rgb_bytes(width: u32, height: u32) -> usize {
    width as usize * height as usize * 3
}
