//! A phone held over a desk: a flat drawing goes in, a JPEG with tilt, light, shadow and grain comes out.
//!
//! One pass over the frame does all of it, because ten megapixels times two hundred scans leave no time for more.

use std::sync::OnceLock;

use anyhow::Context;
use resvg::tiny_skia::{Pixmap, PremultipliedColorU8};

use super::seed::Seed;

pub struct Shot {
    /// The frame as it should be seen, before it is stored on its side.
    pub width: u32,
    pub height: u32,
    /// Where the corners of the paper fall: top left, top right, bottom right, bottom left.
    pub corners: [(f32, f32); 4],
    pub ground: Ground,
    pub light: f32,
    /// How much the light falls off towards one side.
    pub slope: (f32, f32),
    /// A lamp mirrored in the paper: centre and radius.
    pub glare: Option<(f32, f32, f32)>,
    /// How much less green and blue there is: a warm bulb.
    pub warmth: f32,
    pub grain: i16,
    pub quality: u8,
    pub seed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    LightWood,
    DarkWood,
    Stone,
    Cloth,
    ScannerLid,
    /// No ground: the paper is the picture.
    None,
}

pub fn expose(paper: &Pixmap, shot: &Shot) -> image::RgbImage {
    let (w, h) = (shot.width as usize, shot.height as usize);
    let studio = studio();
    let ground = match shot.ground {
        Ground::LightWood | Ground::None => &studio.grounds[0],
        Ground::DarkWood => &studio.grounds[1],
        Ground::Stone => &studio.grounds[2],
        Ground::Cloth => &studio.grounds[3],
        Ground::ScannerLid => &studio.grounds[4],
    };
    let (pw, ph) = (paper.width() as usize, paper.height() as usize);
    let to_paper = Flattening::new(shot.corners, pw as f32, ph as f32);
    let texels = paper.pixels();
    let (top, bottom) = span(shot.corners.map(|c| c.1), h);
    let (left, right) = span(shot.corners.map(|c| c.0), w);

    let light = Grid::new(w, h, |x, y| {
        let (u, v) = (x / w as f32 - 0.5, y / h as f32 - 0.5);
        let vignette = 1.0 - 0.28 * (u * u + v * v);
        shot.light * vignette * (1.0 + shot.slope.0 * u + shot.slope.1 * v)
    });
    let depth = if shot.ground == Ground::ScannerLid { 0.15 } else { 0.6 };
    let shade = Grid::new(w, h, |x, y| {
        let reach = 0.013 * w as f32;
        let away = outside(shot.corners, x - 0.6 * reach, y - 0.9 * reach);
        1.0 - depth * (-(away / reach).powi(2)).exp()
    });
    let glare = shot.glare.map(|(cx, cy, radius)| {
        Grid::new(w, h, move |x, y| {
            let (dx, dy) = ((x - cx) / radius, (y - cy) / (0.6 * radius));
            265.0 * (-(dx * dx + dy * dy)).exp()
        })
    });

    let tint = [1.0, 1.0 - 0.4 * shot.warmth, 1.0 - shot.warmth];
    let mut seed = Seed::new(shot.seed);
    let (gx, gy) = (seed.next() as usize & 2047, seed.next() as usize & 2047);
    let mut pixels = vec![0u8; w * h * 3];
    let mut light_row = vec![0u16; w * 3];
    let mut shade_row = vec![0u16; w * 3];
    let mut glare_row = vec![0u16; w * 3];
    for (y, row) in pixels.chunks_exact_mut(w * 3).enumerate() {
        if y.is_multiple_of(SLOW_ROWS) {
            light.fill_row(y, tint.map(|t| t * LIGHT_ONE), &mut light_row);
            shade.fill_row(y, [256.0; 3], &mut shade_row);
            if let Some(glare) = &glare {
                glare.fill_row(y, [1.0; 3], &mut glare_row);
            }
        }

        // First what lies there, then how it is lit: apart, the second half runs many bytes at a time.
        let ground_row = &ground[(((y + gy) >> 1) & (GROUND - 1)) * GROUND * 3..][..GROUND * 3];
        let (from, to) = if y >= top && y < bottom { (left, right) } else { (0, 0) };
        let bare = |out: &mut [u8], first: usize| {
            for (n, out) in out.chunks_exact_mut(3).enumerate() {
                let x = first + n;
                let g = &ground_row[(((x + gx) >> 1) & (GROUND - 1)) * 3..][..3];
                let s = u32::from(shade_row[x * 3]);
                (0..3).for_each(|c| out[c] = ((u32::from(g[c]) * s) >> 8) as u8);
            }
        };
        bare(&mut row[..from * 3], 0);
        bare(&mut row[to * 3..], to);
        for x in from..to {
            let (u, v) = to_paper.at(x as f32 + 0.5, y as f32 + 0.5);
            let out = &mut row[x * 3..][..3];
            if u > -0.5 && v > -0.5 && u < pw as f32 - 0.5 && v < ph as f32 - 0.5 {
                let (rgb, cover) = sample(texels, pw, ph, u, v);
                if cover == 255 {
                    out.copy_from_slice(&rgb);
                } else {
                    bare(out, x);
                    (0..3)
                        .for_each(|c| out[c] = rgb[c].saturating_add(((u32::from(out[c]) * (255 - cover)) >> 8) as u8));
                }
            } else {
                bare(out, x);
            }
        }

        let grain_at = 3 * (seed.next() as usize & (GRAIN - 1));
        let grain = &studio.grain[grain_at..][..w * 3];
        for (((out, &light), &glare), &grain) in row.iter_mut().zip(&light_row).zip(&glare_row).zip(grain) {
            // Nothing here can overflow; "wrapping" spares the dev profile's checks, which cost half the day.
            let lit = u16::from(*out).wrapping_mul(light) >> 7;
            let grain = i16::from(grain).wrapping_mul(shot.grain) >> 6;
            let seen = (lit as i16).wrapping_add(glare as i16).wrapping_add(grain);
            *out = seen.clamp(0, 255) as u8;
        }
    }
    image::RgbImage::from_raw(shot.width, shot.height, pixels).expect("the buffer has the size of the frame")
}

pub fn jpeg(picture: &image::RgbImage, quality: u8) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(4 << 20);
    let (width, height) = (u16::try_from(picture.width())?, u16::try_from(picture.height())?);
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, quality);
    // As phones do it; it also halves the work.
    encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_2_2);
    encoder.encode(picture.as_raw(), width, height, jpeg_encoder::ColorType::Rgb).context("Encoding a JPEG")?;
    Ok(bytes)
}

/// Lays the picture so that a viewer that obeys `orientation` sees it upright.
pub fn stored_as(picture: image::RgbImage, orientation: u8) -> image::RgbImage {
    match orientation {
        3 => image::imageops::rotate180(&picture),
        6 => image::imageops::rotate270(&picture),
        8 => image::imageops::rotate90(&picture),
        _ => picture,
    }
}

/// Puts an Exif segment with the maker and the orientation right after the start of image.
pub fn with_exif(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut tiff = b"II*\0\x08\0\0\0".to_vec();
    let maker = b"Kamera Contoh\0";
    tiff.extend_from_slice(&2u16.to_le_bytes());
    let values_at = 8 + 2 + 2 * 12 + 4;
    for (tag, kind, count, value) in
        [(0x010F_u16, 2_u16, maker.len() as u32, values_at), (0x0112, 3, 1, u32::from(orientation))]
    {
        tiff.extend_from_slice(&tag.to_le_bytes());
        tiff.extend_from_slice(&kind.to_le_bytes());
        tiff.extend_from_slice(&count.to_le_bytes());
        tiff.extend_from_slice(&value.to_le_bytes());
    }
    tiff.extend_from_slice(&0u32.to_le_bytes());
    tiff.extend_from_slice(maker);

    let mut out = Vec::with_capacity(jpeg.len() + tiff.len() + 10);
    out.extend_from_slice(&jpeg[..2]);
    out.extend_from_slice(&[0xFF, 0xE1]);
    out.extend_from_slice(&(tiff.len() as u16 + 8).to_be_bytes());
    out.extend_from_slice(b"Exif\0\0");
    out.extend_from_slice(&tiff);
    out.extend_from_slice(&jpeg[2..]);
    out
}

/// Out of focus (both ways) or moved (sideways only).
pub fn blur(paper: &mut Pixmap, radius_x: usize, radius_y: usize) {
    let (w, h) = (paper.width() as usize, paper.height() as usize);
    let mut line = Vec::new();
    for _ in 0..2 {
        let data = paper.data_mut();
        if radius_x > 0 {
            for y in 0..h {
                smear(data, y * w * 4, 4, w, radius_x, &mut line);
            }
        }
        if radius_y > 0 {
            for x in 0..w {
                smear(data, x * 4, w * 4, h, radius_y, &mut line);
            }
        }
    }
}

fn smear(data: &mut [u8], start: usize, stride: usize, count: usize, radius: usize, line: &mut Vec<[u8; 4]>) {
    line.clear();
    line.extend((0..count).map(|n| {
        let at = start + n * stride;
        [data[at], data[at + 1], data[at + 2], data[at + 3]]
    }));
    let window = (2 * radius + 1) as u32;
    let last = count - 1;
    let mut sum = [0u32; 4];
    for n in 0..=2 * radius {
        let from = line[n.saturating_sub(radius).min(last)];
        (0..4).for_each(|c| sum[c] += u32::from(from[c]));
    }
    for n in 0..count {
        let at = start + n * stride;
        (0..4).for_each(|c| data[at + c] = (sum[c] / window) as u8);
        let (enters, leaves) = (line[(n + radius + 1).min(last)], line[n.saturating_sub(radius)]);
        (0..4).for_each(|c| sum[c] = sum[c] + u32::from(enters[c]) - u32::from(leaves[c]));
    }
}

/// The colour between four pixels; two channels ride in one word, eight bits of room each.
#[inline]
fn sample(texels: &[PremultipliedColorU8], w: usize, h: usize, u: f32, v: f32) -> ([u8; 3], u32) {
    const PAIR: u32 = 0x00FF_00FF;
    let (u, v) = ((u.max(0.0) * 256.0) as i32 as u32, (v.max(0.0) * 256.0) as i32 as u32);
    let (x, y) = (((u >> 8) as usize).min(w - 1), ((v >> 8) as usize).min(h - 1));
    let (fx, fy) = (u & 255, v & 255);
    let right = usize::from(x + 1 < w);
    let first = y.wrapping_mul(w).wrapping_add(x);
    let upper = &texels[first..];
    let lower = if y + 1 < h { &texels[first.wrapping_add(w)..] } else { upper };
    let at = |row: &[PremultipliedColorU8], n: usize| {
        let p = row[n];
        u32::from_le_bytes([p.red(), p.green(), p.blue(), p.alpha()])
    };
    let lerp = |a: u32, b: u32, f: u32| (a.wrapping_mul(256 - f).wrapping_add(b.wrapping_mul(f)) >> 8) & PAIR;
    let (a, b, c, d) = (at(upper, 0), at(upper, right), at(lower, 0), at(lower, right));
    let pair = |shift: u32| {
        let of = |p: u32| (p >> shift) & PAIR;
        lerp(lerp(of(a), of(b), fx), lerp(of(c), of(d), fx), fy)
    };
    let (red_blue, green_alpha) = (pair(0), pair(8));
    let rgb = [red_blue & 255, green_alpha & 255, red_blue >> 16].map(|c| c as u8);
    (rgb, green_alpha >> 16)
}

fn span(values: [f32; 4], limit: usize) -> (usize, usize) {
    let low = values.iter().copied().fold(f32::MAX, f32::min).max(0.0) as usize;
    let high = values.iter().copied().fold(f32::MIN, f32::max).max(0.0).ceil() as usize + 1;
    (low, high.min(limit))
}

/// How far a point lies outside the four corners; 0 inside.
fn outside(corners: [(f32, f32); 4], x: f32, y: f32) -> f32 {
    let mut inside = true;
    let mut nearest = f32::MAX;
    for n in 0..4 {
        let ((ax, ay), (bx, by)) = (corners[n], corners[(n + 1) % 4]);
        let (ex, ey, px, py) = (bx - ax, by - ay, x - ax, y - ay);
        inside &= ex * py - ey * px >= 0.0;
        let along = ((px * ex + py * ey) / (ex * ex + ey * ey)).clamp(0.0, 1.0);
        nearest = nearest.min((px - along * ex).hypot(py - along * ey));
    }
    if inside { 0.0 } else { nearest }
}

/// From a place in the frame to a place on the paper (the inverse of a square-to-quadrilateral mapping).
struct Flattening([f32; 9]);

impl Flattening {
    fn new(q: [(f32, f32); 4], width: f32, height: f32) -> Self {
        let [(x0, y0), (x1, y1), (x2, y2), (x3, y3)] = q;
        let (dx1, dx2, sx) = (x1 - x2, x3 - x2, x0 - x1 + x2 - x3);
        let (dy1, dy2, sy) = (y1 - y2, y3 - y2, y0 - y1 + y2 - y3);
        let det = dx1 * dy2 - dx2 * dy1;
        let g = (sx * dy2 - dx2 * sy) / det;
        let k = (dx1 * sy - sx * dy1) / det;
        let m = [x1 - x0 + g * x1, x3 - x0 + k * x3, x0, y1 - y0 + g * y1, y3 - y0 + k * y3, y0, g, k, 1.0];
        // The adjugate serves as inverse: the common factor falls out in the division.
        let inverse = [
            m[4] * m[8] - m[5] * m[7],
            m[2] * m[7] - m[1] * m[8],
            m[1] * m[5] - m[2] * m[4],
            m[5] * m[6] - m[3] * m[8],
            m[0] * m[8] - m[2] * m[6],
            m[2] * m[3] - m[0] * m[5],
            m[3] * m[7] - m[4] * m[6],
            m[1] * m[6] - m[0] * m[7],
            m[0] * m[4] - m[1] * m[3],
        ];
        let mut scaled = inverse;
        (0..3).for_each(|n| scaled[n] *= width);
        (3..6).for_each(|n| scaled[n] *= height);
        Flattening(scaled)
    }

    #[inline]
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        let m = &self.0;
        let depth = 1.0 / (m[6] * x + m[7] * y + m[8]);
        ((m[0] * x + m[1] * y + m[2]) * depth - 0.5, (m[3] * x + m[4] * y + m[5]) * depth - 0.5)
    }
}

/// Slow changes (light, shade) are worked out every 32 pixels and drawn out between.
struct Grid {
    columns: usize,
    values: Vec<f32>,
}

const CELL: usize = 32;
/// The eye does not see slow changes taken in steps of four rows.
const SLOW_ROWS: usize = 4;
/// Full light; at most twice that much fits beside a byte in sixteen bits.
const LIGHT_ONE: f32 = 128.0;

impl Grid {
    fn new(w: usize, h: usize, value: impl Fn(f32, f32) -> f32) -> Self {
        let (columns, rows) = (w / CELL + 2, h / CELL + 2);
        let values =
            (0..rows * columns).map(|n| value((n % columns * CELL) as f32, (n / columns * CELL) as f32)).collect();
        Grid { columns, values }
    }

    /// One row of three channels, each with its own scale.
    fn fill_row(&self, y: usize, scale: [f32; 3], row: &mut [u16]) {
        let (cell_y, part) = (y / CELL, (y % CELL) as f32 / CELL as f32);
        let upper = &self.values[cell_y * self.columns..][..self.columns];
        let lower = &self.values[(cell_y + 1) * self.columns..][..self.columns];
        let at = |n: usize| upper[n] * (1.0 - part) + lower[n] * part;
        for (n, cell) in row.chunks_mut(CELL * 3).enumerate() {
            let (mut value, end) = (at(n), at(n + 1));
            let step = (end - value) / CELL as f32;
            for out in cell.chunks_exact_mut(3) {
                (0..3).for_each(|c| out[c] = (value * scale[c]) as i32 as u16);
                value += step;
            }
        }
    }
}

// ---- the desks and the grain, made once ----

const GROUND: usize = 1024;
const GRAIN: usize = 1 << 16;
const FRAME_WIDTH_MAX: usize = 4096;

struct Studio {
    grounds: [Vec<u8>; 5],
    grain: Vec<i8>,
}

fn studio() -> &'static Studio {
    static STUDIO: OnceLock<Studio> = OnceLock::new();
    STUDIO.get_or_init(|| {
        let wood = |light: [f32; 3], dark: [f32; 3], seed: u64| {
            let bumps = Bumps::new(seed);
            ground(move |x, y| {
                let bend = 0.5 * bumps.at(x, y, 2, 4);
                let veins = bumps.at(x, y + bend, 2, 64) * 0.5 + bumps.at(x, y + bend, 4, 256) * 0.3;
                let board = if ((y * 4.0) as u32).is_multiple_of(2) { 0.05 } else { 0.0 };
                let seam = if (y * 4.0).fract() < 0.012 { 0.5 } else { 0.0 };
                mix(light, dark, (0.25 + veins + board + seam).clamp(0.0, 1.0))
            })
        };
        let stone = Bumps::new(5);
        let cloth = Bumps::new(9);
        let grounds = [
            wood([203.0, 170.0, 128.0], [146.0, 108.0, 70.0], 1),
            wood([104.0, 72.0, 50.0], [52.0, 34.0, 24.0], 2),
            ground(move |x, y| {
                let t = 0.4 * stone.at(x, y, 8, 8) + 0.3 * stone.at(x, y, 32, 32) + 0.5 * stone.at(x, y, 256, 256);
                mix([196.0, 198.0, 200.0], [128.0, 132.0, 138.0], t.clamp(0.0, 1.0))
            }),
            ground(move |x, y| {
                let weave = ((x * 512.0) as u32 + (y * 512.0) as u32) % 2;
                let t = 0.35 * cloth.at(x, y, 4, 4) + 0.4 * cloth.at(x, y, 256, 256) + 0.2 * weave as f32;
                mix([74.0, 98.0, 128.0], [34.0, 50.0, 76.0], t.clamp(0.0, 1.0))
            }),
            ground(|_, _| [236.0, 236.0, 234.0]),
        ];
        let mut seed = Seed::new(77);
        let rough: Vec<i32> = (0..GRAIN).map(|_| (0..4).map(|_| (seed.next() & 63) as i32 - 32).sum::<i32>()).collect();
        // A sensor's grain is a little wider than one pixel, and a little coloured.
        let soft = |n: usize| (rough[n % GRAIN] * 2 + rough[(n + 1) % GRAIN] + rough[(n + GRAIN - 1) % GRAIN]) / 3;
        let grain = (0..GRAIN + FRAME_WIDTH_MAX)
            .flat_map(|n| {
                let (luma, tone) = (soft(n), soft(n * 3 + 977) / 2);
                [luma + tone, luma, luma - tone].map(|v| v.clamp(-127, 127) as i8)
            })
            .collect();
        Studio { grounds, grain }
    })
}

fn ground(colour: impl Fn(f32, f32) -> [f32; 3]) -> Vec<u8> {
    let mut out = Vec::with_capacity(GROUND * GROUND * 3);
    for y in 0..GROUND {
        for x in 0..GROUND {
            let rgb = colour(x as f32 / GROUND as f32, y as f32 / GROUND as f32);
            out.extend(rgb.map(|c| c as u8));
        }
    }
    out
}

fn mix(a: [f32; 3], b: [f32; 3], t: f32) -> [f32; 3] {
    [0, 1, 2].map(|n| a[n] + (b[n] - a[n]) * t)
}

/// Smooth noise that repeats at the edges.
struct Bumps(Vec<f32>);

impl Bumps {
    fn new(seed: u64) -> Self {
        let mut seed = Seed::new(seed);
        Bumps((0..256 * 256).map(|_| seed.sway() * 0.5 + 0.5).collect())
    }

    /// From 0 to 1, with so many bumps across and down.
    fn at(&self, x: f32, y: f32, across: usize, down: usize) -> f32 {
        let (x, y) = (x.rem_euclid(1.0) * across as f32, y.rem_euclid(1.0) * down as f32);
        let ease = |t: f32| t * t * (3.0 - 2.0 * t);
        let (fx, fy) = (ease(x.fract()), ease(y.fract()));
        let value = |cx: usize, cy: usize| self.0[(cy % down) * 256 + cx % across];
        let (cx, cy) = (x as usize, y as usize);
        let upper = value(cx, cy) * (1.0 - fx) + value(cx + 1, cy) * fx;
        let lower = value(cx, cy + 1) * (1.0 - fx) + value(cx + 1, cy + 1) * fx;
        upper * (1.0 - fy) + lower * fy
    }
}
