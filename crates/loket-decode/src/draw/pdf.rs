//! PDF. The reader repairs broken files by guessing; a file that lost its second half would become a shorter document, with
//! nobody the wiser. So a PDF must end as PDFs end, and a page of which a picture or a font couldn't be read isn't shown.
//! Scripts, actions, forms' behaviour and attachments are never run nor opened: there's no code here that could.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hayro::hayro_interpret::{InterpreterSettings, InterpreterWarning};
use hayro::hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use hayro::kurbo::Affine;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::vello_cpu::{Pixmap, RasterizerSettings, RenderContext, Resources, TargetInit};
use hayro::{RenderCache, RenderSettings, render_into};

use super::zeroed;
use crate::bitmap::rgb_bytes;
use crate::{PAGE_DPI_MAX, PAGES_MAX, Unreadable};

/// Pages, and the first one's width and height in points.
pub(super) fn probe(file: Vec<u8>) -> Result<(u32, u32, u32), Unreadable> {
    let pdf = opened(file)?;
    let (width, height) = points(pdf.pages().first().ok_or(Unreadable::Damaged)?.render_dimensions())?;
    Ok((pdf.pages().len() as u32, width.ceil() as u32, height.ceil() as u32))
}

pub(super) fn render(file: Vec<u8>, page: u32, max_side: u32) -> Result<(u32, u32, Vec<u8>), Unreadable> {
    let pdf = opened(file)?;
    let page = pdf.pages().get(page as usize).ok_or(Unreadable::PageAbsent)?;
    let (width, height) = points(page.render_dimensions())?;
    let scale = (f64::from(max_side) / width.max(height)).min(f64::from(PAGE_DPI_MAX) / 72.0);
    // At most `max_side`, which is far below the 65,535 the canvas can take.
    let pixels = |points: f64| ((points * scale).round() as u32).clamp(1, max_side) as u16;
    let (width_px, height_px) = (pixels(width), pixels(height));

    let trouble = Arc::new(Trouble::default());
    let settings = InterpreterSettings {
        warning_sink: Arc::new({
            let trouble = Arc::clone(&trouble);
            move |warning| trouble.note(warning)
        }),
        ..InterpreterSettings::default()
    };
    let fit = Affine::scale_non_uniform(f64::from(width_px) / width, f64::from(height_px) / height);
    let mut canvas = RenderContext::new(width_px, height_px);
    render_into(
        page,
        &RenderCache::new(),
        &settings,
        &RenderSettings::default(),
        &mut canvas,
        fit * Affine::new(page.initial_transform(true).as_coeffs()),
    );
    canvas.flush();
    let mut pixmap = Pixmap::new(width_px, height_px);
    let on_white = RasterizerSettings { target_init: TargetInit::Clear(WHITE), ..RasterizerSettings::default() };
    canvas.render_with(&mut pixmap, &mut Resources::default(), on_white);
    trouble.none_or_why()?;

    let (width, height) = (u32::from(width_px), u32::from(height_px));
    let mut rgb = zeroed(rgb_bytes(width, height))?;
    for (to, from) in rgb.chunks_exact_mut(3).zip(pixmap.data()) {
        to.copy_from_slice(&[from.r, from.g, from.b]);
    }
    Ok((width, height, rgb))
}

fn opened(file: Vec<u8>) -> Result<Pdf, Unreadable> {
    if !ends_like_a_pdf(&file) || is_shorter_than_it_says(&file) {
        return Err(Unreadable::Damaged);
    }
    let pdf = Pdf::new(file).map_err(|error| match error {
        LoadPdfError::Decryption(
            DecryptionError::PasswordProtected
            | DecryptionError::UnsupportedAlgorithm
            | DecryptionError::InvalidEncryption
            | DecryptionError::MissingIDEntry,
        ) => Unreadable::Encrypted,
        LoadPdfError::Invalid => Unreadable::Damaged,
    })?;
    match pdf.pages().len() {
        0 => Err(Unreadable::Damaged),
        pages if pages > PAGES_MAX as usize => Err(Unreadable::TooManyPages),
        _ => Ok(pdf),
    }
}

fn points((width, height): (f32, f32)) -> Result<(f64, f64), Unreadable> {
    let (width, height) = (f64::from(width), f64::from(height));
    // The largest page the format knows at its largest unit is 381 km; beyond a million points somebody is playing.
    let sensible = |side: f64| side.is_finite() && side > 0.0 && side <= 1_000_000.0;
    if sensible(width) && sensible(height) { Ok((width, height)) } else { Err(Unreadable::Damaged) }
}

/// What couldn't be drawn. The warnings come from deep inside, where nothing can be returned.
#[derive(Default)]
struct Trouble {
    picture: AtomicBool,
    other: AtomicBool,
}

impl Trouble {
    fn note(&self, warning: InterpreterWarning) {
        let which = match warning {
            InterpreterWarning::ImageDecodeFailure => &self.picture,
            InterpreterWarning::UnsupportedFont | InterpreterWarning::UnresolvedAnnotationAppearance => &self.other,
            // A newer reader may warn of more; whatever it is, the page isn't as its author meant it.
            _ => &self.other,
        };
        which.store(true, Ordering::Relaxed);
    }

    fn none_or_why(&self) -> Result<(), Unreadable> {
        if self.picture.load(Ordering::Relaxed) {
            return Err(Unreadable::Damaged);
        }
        if self.other.load(Ordering::Relaxed) {
            return Err(Unreadable::Unsupported);
        }
        Ok(())
    }
}

/// How far from the end the end mark may be: other readers allow the same.
const END_MARK_BYTES_MAX: usize = 1024;

fn ends_like_a_pdf(file: &[u8]) -> bool {
    find(&file[file.len().saturating_sub(END_MARK_BYTES_MAX)..], b"%%EOF").is_some()
}

/// A PDF made for the web has an end mark near its beginning as well, but it also says how long it is.
fn is_shorter_than_it_says(file: &[u8]) -> bool {
    let start = &file[..file.len().min(1024)];
    let Some(at) = find(start, b"/Linearized") else { return false };
    let dictionary = &start[at..];
    let dictionary = &dictionary[..find(dictionary, b">>").unwrap_or(dictionary.len())];
    let Some(at) = find(dictionary, b"/L ") else { return false };
    let digits = dictionary[at + 3..].iter().skip_while(|byte| **byte == b' ').take_while(|byte| byte.is_ascii_digit());
    let said = digits.fold(0_usize, |sum, digit| sum.saturating_mul(10).saturating_add(usize::from(digit - b'0')));
    said > file.len()
}

fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len()).position(|some| some == needle)
}
