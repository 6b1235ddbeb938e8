//! A bad day at the upload form. Every file here is made in code, the way somebody who means harm (or whose connection
//! broke) would make it. The moral is always the same: a typed answer, in time, and the parent lives.

#![expect(clippy::disallowed_methods, reason = "how long a child may take is a promise about the real clock")]
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod files;

use std::time::{Duration, Instant};

use files::{PdfFile, TinyJpeg};
use image::{Rgb, RgbImage};
use loket_decode::{
    AREA_PX_MAX, Bitmap, CHILD_CPU_S_MAX, Decoder, FILE_BYTES_MAX, JPEG_SCANS_MAX, Kind, PAGE_MS_MAX, PAGES_MAX,
    SIDE_PX_MAX, Trial, Unreadable, WALL_MS_MAX, Want,
};

const RED: Rgb<u8> = Rgb([255, 0, 0]);
const BLUE: Rgb<u8> = Rgb([0, 0, 255]);
const WHITE: Rgb<u8> = Rgb([255, 255, 255]);

fn decoder() -> Decoder {
    Decoder::at(env!("CARGO_BIN_EXE_loket_decode_child"))
}

fn render(file: &[u8]) -> Result<Bitmap, Unreadable> {
    decoder().render(file, Want { page: 0, max_side: 400 })
}

/// Both doors must give the same reason.
#[track_caller]
fn check_refused(file: &[u8], why: Unreadable) {
    assert_eq!(decoder().probe(file).expect_err("probe must refuse"), why);
    assert_eq!(render(file).expect_err("render must refuse"), why);
}

#[track_caller]
fn check_colour(bitmap: &Bitmap, x: u32, y: u32, wanted: Rgb<u8>) {
    let at = (y * bitmap.width() + x) as usize * 3;
    let found = &bitmap.rgb()[at..at + 3];
    let near = found.iter().zip(wanted.0).all(|(found, wanted)| found.abs_diff(wanted) < 40);
    assert!(near, "at {x},{y} of {bitmap:?}: {found:?} instead of {wanted:?}");
}

/// White, with a red mark in the upper left and a blue one in the upper right.
fn marked(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| match (x, y) {
        (0..16, 0..16) => RED,
        (x, 0..16) if x >= width - 16 => BLUE,
        _ => WHITE,
    })
}

#[test]
fn a_decent_jpeg_png_and_pdf_are_shown() {
    for (file, kind) in [(files::jpeg(&marked(96, 64)), Kind::Jpeg), (files::png(&marked(96, 64)), Kind::Png)] {
        let probe = decoder().probe(&file).unwrap();
        assert_eq!((probe.kind, probe.pages, probe.width, probe.height), (kind, 1, 96, 64));
        let bitmap = render(&file).unwrap();
        assert_eq!((bitmap.width(), bitmap.height()), (96, 64));
        check_colour(&bitmap, 4, 4, RED);
        check_colour(&bitmap, 91, 4, BLUE);
        check_colour(&bitmap, 48, 40, WHITE);
    }
    let pdf = PdfFile::with_pages(2, 300, 200, "1 0 0 rg 0 100 150 100 re f").bytes();
    let probe = decoder().probe(&pdf).unwrap();
    assert_eq!((probe.kind, probe.pages, probe.width, probe.height), (Kind::Pdf, 2, 300, 200));
    let bitmap = decoder().render(&pdf, Want { page: 1, max_side: 600 }).unwrap();
    assert_eq!((bitmap.width(), bitmap.height()), (600, 400));
    check_colour(&bitmap, 100, 100, RED);
    check_colour(&bitmap, 100, 300, WHITE);
    check_colour(&bitmap, 500, 100, WHITE);
}

#[test]
fn what_leaves_is_encoded_anew() {
    let bitmap = render(&files::jpeg(&marked(96, 64))).unwrap();
    for (bytes, format) in [(bitmap.to_jpeg(85), image::ImageFormat::Jpeg), (bitmap.to_png(), image::ImageFormat::Png)]
    {
        let again = image::load_from_memory_with_format(&bytes, format).unwrap().into_rgb8();
        let again = Bitmap::new(again.width(), again.height(), again.into_raw()).unwrap();
        check_colour(&again, 4, 4, RED);
        check_colour(&again, 91, 4, BLUE);
    }
    assert_eq!(image::load_from_memory(&bitmap.to_png()).unwrap().into_rgb8().into_raw(), bitmap.rgb());
    assert_eq!(Bitmap::new(2, 2, vec![0; 11]), None);
    assert_eq!(Bitmap::new(0, 2, vec![]), None);
}

#[test]
fn pictures_are_made_smaller_but_never_larger() {
    let file = files::png(&marked(1000, 500));
    for (max_side, sides) in [(100, (100, 50)), (999, (999, 500)), (1000, (1000, 500)), (u32::MAX, (1000, 500))] {
        let bitmap = decoder().render(&file, Want { page: 0, max_side }).unwrap();
        assert_eq!((bitmap.width(), bitmap.height()), sides);
    }
    assert_eq!(decoder().render(&file, Want { page: 0, max_side: 0 }).unwrap().width(), 1);
    let thread = files::png(&RgbImage::from_pixel(SIDE_PX_MAX, 1, RED));
    assert_eq!(render(&thread).unwrap().height(), 1);
}

#[test]
fn names_lie_so_only_the_first_bytes_count() {
    check_refused(b"", Unreadable::Empty);
    for no_scan in [
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".as_slice(),
        b"<!DOCTYPE html><script>alert(1)</script>",
        b"PK\x03\x04 a zip or a docx",
        b"GIF89a",
        b"RIFF\0\0\0\0WEBPVP8 ",
        b"MZ",
        b"<html>%PDF-1.7",
        b"\xFF\xD8",
        b"\x89PNG\r\n",
        b"%PDF",
        b"\0",
    ] {
        check_refused(no_scan, Unreadable::NotAScan);
    }
}

#[test]
fn the_largest_file_passes_and_one_byte_more_does_not() {
    let mut file = files::jpeg(&marked(96, 64));
    file.resize(FILE_BYTES_MAX, b'x');
    assert_eq!(render(&file).unwrap().width(), 96);
    file.push(b'x');
    check_refused(&file, Unreadable::TooLarge);
}

#[test]
fn a_hundred_thousand_pixels_a_side_in_a_few_bytes() {
    check_refused(&files::png_header_only(100_000, 100_000), Unreadable::TooManyPixels);
    check_refused(&files::png_header_only(u32::MAX, u32::MAX), Unreadable::TooManyPixels);
    check_refused(&files::png_header_only(SIDE_PX_MAX + 1, 1), Unreadable::TooManyPixels);
    check_refused(&files::png_header_only(1, SIDE_PX_MAX + 1), Unreadable::TooManyPixels);
    let tall = (AREA_PX_MAX / u64::from(SIDE_PX_MAX)) as u32;
    check_refused(&files::png_header_only(SIDE_PX_MAX, tall + 1), Unreadable::TooManyPixels);
    // Within the limits, so the next thing that's wrong with it is told.
    check_refused(&files::png_header_only(SIDE_PX_MAX, tall), Unreadable::Damaged);
    check_refused(&files::png_header_only(0, 5), Unreadable::Damaged);

    let mut jpeg = TinyJpeg::rgb();
    for (width, height, why) in [
        (65_535, 65_535, Unreadable::TooManyPixels),
        (12_001, 8, Unreadable::TooManyPixels),
        (12_000, 6_667, Unreadable::TooManyPixels),
        (0, 8, Unreadable::Damaged),
        (8, 0, Unreadable::Damaged),
    ] {
        (jpeg.width, jpeg.height) = (width, height);
        check_refused(&jpeg.bytes(), why);
    }
}

#[test]
fn the_largest_picture_allowed_fits_into_the_childs_memory() {
    let bitmap = decoder().render(&files::png_rgba_blank(8_000, 10_000), Want { page: 0, max_side: 100 }).unwrap();
    assert_eq!((bitmap.width(), bitmap.height()), (80, 100));
    check_colour(&bitmap, 40, 50, WHITE);
}

#[test]
fn a_text_chunk_that_would_unpack_to_a_hundred_megabytes_is_skipped() {
    let file = files::png_with_text_bomb(128 << 20);
    assert!(file.len() < FILE_BYTES_MAX);
    assert_eq!(render(&file).unwrap().width(), 16);
}

#[test]
fn a_file_cut_off_anywhere_is_never_shown() {
    let photo = RgbImage::from_fn(200, 150, |x, y| Rgb([x as u8, y as u8, (x * y) as u8]));
    let pdf = PdfFile::with_pages(5, 300, 200, "1 0 0 rg 0 100 150 100 re f").bytes();
    for file in [files::jpeg(&photo), files::png(&photo), TinyJpeg::progressive().bytes(), pdf] {
        assert!(render(&file).is_ok());
        let cuts = (0..100).map(|percent| file.len() * percent / 100).chain([file.len() - 2]);
        for cut in cuts {
            let part = &file[..cut];
            let door = match part.len() {
                0 => Unreadable::Empty,
                1..=8 if Kind::sniff(part).is_err() => Unreadable::NotAScan,
                _ => Unreadable::Damaged,
            };
            check_refused(part, door);
        }
    }
}

#[test]
fn a_pdf_for_the_web_that_was_cut_behind_its_first_end_mark_is_noticed() {
    let mut file = b"%PDF-1.5\n9 0 obj\n<</Linearized 1/L 99999 /N 1>>\nendobj\n%%EOF\n".to_vec();
    file.extend_from_slice(&PdfFile::with_pages(1, 9, 9, "").bytes()[9..]);
    check_refused(&file, Unreadable::Damaged);
}

#[test]
fn a_flat_jpeg_whose_rows_are_a_few_bits_each_is_not_taken_for_a_short_one() {
    for (width, height) in [(8, 8), (16, 2000), (700, 500), (17, 33)] {
        assert!(render(&files::jpeg(&RgbImage::from_pixel(width, height, WHITE))).is_ok(), "{width} x {height}");
        let grey = image::GrayImage::from_pixel(width, height, image::Luma([200]));
        let mut file = std::io::Cursor::new(Vec::new());
        grey.write_to(&mut file, image::ImageFormat::Jpeg).unwrap();
        assert!(render(file.get_ref()).is_ok(), "{width} x {height}");
    }
}

#[test]
fn restart_marks_are_no_damage_but_a_missing_piece_is() {
    let mut jpeg = TinyJpeg::rgb();
    (jpeg.width, jpeg.height, jpeg.restarts) = (80, 160, true);
    let mut file = jpeg.bytes();
    let bitmap = render(&file).unwrap();
    check_colour(&bitmap, 79, 159, Rgb([200; 3]));
    file.drain(file.len() - 402..file.len() - 2);
    check_render_refused(&file, Unreadable::Damaged);
}

#[test]
fn a_jpeg_without_its_middle_is_not_shown_whole() {
    let photo = RgbImage::from_fn(800, 600, |x, y| Rgb([(x * 7) as u8, (y * 3) as u8, (x * y) as u8]));
    let mut file = files::jpeg(&photo);
    let (from, to) = (file.len() / 2, file.len() - 2);
    file.drain(from..to);
    check_render_refused(&file, Unreadable::Damaged);
}

#[track_caller]
fn check_render_refused(file: &[u8], why: Unreadable) {
    assert_eq!(render(file).expect_err("render must refuse"), why);
}

#[test]
fn png_pixels_with_a_wrong_checksum_are_not_shown() {
    let mut file = files::png(&marked(96, 64));
    let middle = file.len() / 2;
    file[middle] ^= 0x10;
    check_render_refused(&file, Unreadable::Damaged);
}

#[test]
fn grey_alpha_sixteen_bit_and_cmyk_all_become_rgb() {
    let grey = image::DynamicImage::ImageLuma8(image::GrayImage::from_pixel(20, 20, image::Luma([90])));
    let clear = image::DynamicImage::ImageRgba8(image::RgbaImage::from_pixel(20, 20, image::Rgba([255, 0, 0, 0])));
    let half = image::DynamicImage::ImageLumaA8(image::GrayAlphaImage::from_pixel(20, 20, image::LumaA([0, 128])));
    let deep = image::DynamicImage::ImageRgb16(image::ImageBuffer::from_pixel(20, 20, Rgb([65535, 0, 0])));
    for (picture, colour) in [(&grey, Rgb([90; 3])), (&clear, WHITE), (&half, Rgb([127; 3])), (&deep, RED)] {
        let mut file = std::io::Cursor::new(Vec::new());
        picture.write_to(&mut file, image::ImageFormat::Png).unwrap();
        let bitmap = render(file.get_ref()).unwrap();
        assert_eq!(bitmap.rgb().len(), 20 * 20 * 3);
        check_colour(&bitmap, 10, 10, colour);
    }
    let mut file = std::io::Cursor::new(Vec::new());
    grey.write_to(&mut file, image::ImageFormat::Jpeg).unwrap();
    check_colour(&render(file.get_ref()).unwrap(), 10, 10, Rgb([90; 3]));
    check_colour(&render(&TinyJpeg::cmyk_red().bytes()).unwrap(), 4, 4, RED);
    check_colour(&render(&TinyJpeg::progressive().bytes()).unwrap(), 4, 4, Rgb([200; 3]));
}

#[test]
fn a_twelve_bit_jpeg_is_unsupported_not_damaged() {
    let mut jpeg = TinyJpeg::rgb();
    jpeg.bits = 12;
    check_refused(&jpeg.bytes(), Unreadable::Unsupported);
    jpeg.bits = 8;
    jpeg.start_of_frame = 0xC9;
    check_refused(&jpeg.bytes(), Unreadable::Unsupported);
}

#[test]
fn ten_thousand_scans_are_counted_not_decoded() {
    let mut jpeg = TinyJpeg::progressive();
    jpeg.scans = 10_000;
    check_refused(&jpeg.bytes(), Unreadable::Damaged);
    jpeg.scans = JPEG_SCANS_MAX + 1;
    check_refused(&jpeg.bytes(), Unreadable::Damaged);
}

#[test]
fn a_photo_is_turned_the_way_its_camera_was_held() {
    let [left_top, right_top, left_bottom, right_bottom] = [(0, 0), (1, 0), (0, 1), (1, 1)];
    let stored = files::jpeg(&marked(96, 64));
    // For each orientation: is it turned on its side, and which corners do the red and the blue mark end in?
    for (orientation, on_its_side, red, blue) in [
        (0, false, left_top, right_top),
        (1, false, left_top, right_top),
        (2, false, right_top, left_top),
        (3, false, right_bottom, left_bottom),
        (4, false, left_bottom, right_bottom),
        (5, true, left_top, left_bottom),
        (6, true, right_top, right_bottom),
        (7, true, right_bottom, right_top),
        (8, true, left_bottom, left_top),
        (9, false, left_top, right_top),
        (65_535, false, left_top, right_top),
    ] {
        let png = files::png(&marked(96, 64));
        for file in [files::jpeg_with_orientation(&stored, orientation), files::png_with_orientation(&png, orientation)]
        {
            let (width, height) = if on_its_side { (64, 96) } else { (96, 64) };
            let probe = decoder().probe(&file).unwrap();
            assert_eq!((probe.width, probe.height), (width, height), "orientation {orientation}");
            let bitmap = render(&file).unwrap();
            assert_eq!((bitmap.width(), bitmap.height()), (width, height), "orientation {orientation}");
            check_colour(&bitmap, red.0 * (width - 9) + 4, red.1 * (height - 9) + 4, RED);
            check_colour(&bitmap, blue.0 * (width - 9) + 4, blue.1 * (height - 9) + 4, BLUE);
            check_colour(&bitmap, width / 2, height / 2, WHITE);
        }
    }
}

#[test]
fn an_exif_directory_that_points_at_itself_is_left_alone() {
    let stored = files::jpeg(&marked(96, 64));
    // One entry whose type is "directory" and whose value is the directory itself; then a next directory: itself again.
    let mut tiff = b"II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\x08\0\0\0".to_vec();
    tiff.extend_from_slice(&[8, 0, 0, 0]);
    assert_eq!(render(&files::jpeg_with_exif(&stored, &tiff)).unwrap().width(), 96);
    tiff[4..8].copy_from_slice(&[0xFF; 4]);
    assert_eq!(render(&files::jpeg_with_exif(&stored, &tiff)).unwrap().width(), 96);
}

#[test]
fn a_jpeg_that_is_also_a_zip_is_shown_as_the_jpeg() {
    let mut file = files::jpeg(&marked(96, 64));
    file.extend_from_slice(b"PK\x03\x04evil.exe PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    let bitmap = render(&file).unwrap();
    check_colour(&bitmap, 4, 4, RED);
    for bytes in [bitmap.to_jpeg(85), bitmap.to_png()] {
        assert!(!bytes.windows(4).any(|some| some == b"evil"));
    }
}

#[test]
fn a_pdf_that_is_also_html_with_scripts_and_launch_actions_is_only_drawn() {
    let mut pdf = PdfFile::with_pages(1, 300, 200, "1 0 0 rg 0 0 300 200 re f");
    pdf.catalog = "/OpenAction<</S/Launch/F(/bin/sh)>>/AA<</WC<</S/JavaScript/JS(app.alert\\(1\\))>>>>\
        /Names<</JavaScript<</Names[(a)<</S/JavaScript/JS(while\\(1\\){})>>]>>>>"
        .into();
    let mut file = pdf.bytes();
    file.extend_from_slice(b"<html><script>alert(1)</script></html>");
    check_colour(&render(&file).unwrap(), 100, 100, RED);
}

#[test]
fn an_encrypted_pdf_says_so() {
    let mut pdf = PdfFile::with_pages(1, 300, 200, "");
    let zeros = "00".repeat(32);
    pdf.trailer = format!(
        "/ID[<00112233445566778899aabbccddeeff><00112233445566778899aabbccddeeff>]\
         /Encrypt<</Filter/Standard/V 1/R 2/O<{zeros}>/U<{zeros}>/P -4>>"
    );
    check_refused(&pdf.bytes(), Unreadable::Encrypted);
    pdf.trailer = pdf.trailer.replace("/V 1", "/V 99");
    check_refused(&pdf.bytes(), Unreadable::Encrypted);
}

#[test]
fn fifty_pages_pass_and_one_more_does_not() {
    let fifty = PdfFile::with_pages(PAGES_MAX, 30, 20, "").bytes();
    assert_eq!(decoder().probe(&fifty).unwrap().pages, PAGES_MAX);
    assert!(decoder().render(&fifty, Want { page: PAGES_MAX - 1, max_side: 50 }).is_ok());
    check_refused(&PdfFile::with_pages(PAGES_MAX + 1, 30, 20, "").bytes(), Unreadable::TooManyPages);
}

#[test]
fn a_million_pages_are_refused_one_way_or_another() {
    let mut pdf = PdfFile::with_pages(1, 30, 20, "");
    pdf.more_kids = "<<>>".repeat(1_000_000);
    let why = decoder().probe(&pdf.bytes()).expect_err("nobody reads a million pages");
    assert!(matches!(why, Unreadable::TooManyPages | Unreadable::TooMuchMemory), "{why:?}");
}

#[test]
fn a_page_tree_that_bites_its_tail_ends() {
    let mut pdf = PdfFile::with_pages(2, 300, 200, "");
    pdf.more_kids = " 2 0 R 3 0 R".into();
    assert_eq!(decoder().probe(&pdf.bytes()).unwrap().pages, 2);
    let mut only_itself = PdfFile::with_pages(0, 300, 200, "");
    only_itself.more_kids = "2 0 R".into();
    check_refused(&only_itself.bytes(), Unreadable::Damaged);
}

#[test]
fn no_such_page() {
    let pdf = PdfFile::with_pages(2, 300, 200, "").bytes();
    for (file, page) in [(pdf, 2), (files::png(&marked(96, 64)), 1), (files::jpeg(&marked(96, 64)), u32::MAX)] {
        let why = decoder().render(&file, Want { page, max_side: 100 }).unwrap_err();
        assert_eq!(why, Unreadable::PageAbsent);
    }
}

#[test]
fn a_page_that_takes_for_ever_is_given_its_time_and_no_more() {
    let pdf = PdfFile::of_nested_forms(8, 30).bytes();
    assert_eq!(decoder().probe(&pdf).unwrap().pages, 1);
    let start = Instant::now();
    check_render_refused(&pdf, Unreadable::TookTooLong);
    let took = start.elapsed();
    assert!(took < Duration::from_millis(PAGE_MS_MAX + 1500), "{took:?}");
}

#[test]
fn a_picture_inside_a_pdf_that_cannot_be_read_is_not_left_out_silently() {
    let mut pdf = PdfFile::with_pages(1, 300, 200, "300 0 0 200 0 0 cm /X Do");
    let length = 20;
    pdf.resources = "/XObject<</X 90 0 R>>".into();
    pdf.extra = vec![(
        90,
        format!(
            "<</Type/XObject/Subtype/Image/Width 10/Height 10/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode\
             /Length {length}>>\nstream\n{}\nendstream",
            "x".repeat(length)
        ),
    )];
    check_render_refused(&pdf.bytes(), Unreadable::Damaged);
}

#[test]
fn paper_of_mad_sizes_is_drawn_small_or_refused() {
    for (size, sides) in [("14400 14400", Some((400, 400))), ("14400 1", Some((400, 1))), ("3 3", Some((25, 25)))] {
        let bitmap = render(&PdfFile::with_media_box(&format!("0 0 {size}")).bytes()).ok();
        assert_eq!(bitmap.map(|bitmap| (bitmap.width(), bitmap.height())), sides, "{size}");
    }
    for media_box in ["0 0 99999999999 5", "0 0 1e30 1e30", "5 5 5 5", "0 0 -7 -9", "a b c d"] {
        // Whatever the reader makes of it, it must come back.
        let _ = render(&PdfFile::with_media_box(media_box).bytes());
    }
}

#[test]
fn ten_thousand_brackets_deep() {
    for (open, close) in [("[", "]"), ("<<", ">>"), ("<</a ", ">>"), ("(", ")")] {
        let mut pdf = PdfFile::with_pages(1, 300, 200, "");
        pdf.catalog = format!("/Deep {}{}", open.repeat(10_000), close.repeat(10_000));
        let _ = render(&pdf.bytes());
        let content = format!("{}{} 1 0 0 rg q ", open.repeat(10_000), close.repeat(10_000));
        let _ = render(&PdfFile::with_pages(1, 300, 200, &content).bytes());
        let _ = render(&PdfFile::with_pages(1, 300, 200, &"q 0 0 9 9 re W n ".repeat(10_000)).bytes());
    }
}

#[test]
fn rubbish_of_every_sort_only_ever_gives_an_answer() {
    let whole = [
        files::jpeg(&marked(96, 64)),
        files::png(&marked(96, 64)),
        PdfFile::with_pages(3, 300, 200, "1 0 0 rg 0 0 300 200 re f").bytes(),
        TinyJpeg::cmyk_red().bytes(),
        TinyJpeg::progressive().bytes(),
    ];
    for seed in 1..=400_u64 {
        let mut dice = files::Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut file = whole[seed as usize % whole.len()].clone();
        match seed % 3 {
            // A few bytes changed.
            0 => (0..1 + dice.below(8)).for_each(|_| {
                let at = dice.below(file.len());
                file[at] = dice.below(256) as u8;
            }),
            // The signature, and noise behind it.
            1 => {
                file.truncate(8 + dice.below(40));
                (0..dice.below(3000)).for_each(|_| file.push(dice.below(256) as u8));
            }
            // A piece of it somewhere else.
            _ => {
                let (from, to) = (dice.below(file.len()), dice.below(file.len()));
                let piece = file[from..].to_vec();
                file.splice(to.max(8).min(file.len()).., piece);
            }
        }
        let start = Instant::now();
        let _ = decoder().probe(&file);
        if let Ok(bitmap) = render(&file) {
            assert!(bitmap.width() <= 400 && bitmap.height() <= 400, "seed {seed}");
        }
        assert!(start.elapsed() < Duration::from_millis(2 * WALL_MS_MAX + 1000), "seed {seed}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn every_door_of_the_childs_room_is_locked() {
    let held = decoder().try_walls(Trial::Doors).unwrap();
    assert_eq!(held.len(), 9);
    for held in held {
        // "Not permitted", which is the system call filter speaking; the limits behind it would say something else.
        assert_eq!(held.errno, Some(1), "{}", held.door);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn whatever_the_child_does_to_itself_has_a_name() {
    for (trial, why) in [
        (Trial::Panic, Unreadable::Crashed),
        (Trial::Stack, Unreadable::Crashed),
        (Trial::Memory, Unreadable::TooMuchMemory),
    ] {
        assert_eq!(decoder().try_walls(trial), Err(why), "{trial:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_child_that_burns_its_processor_time_is_stopped_before_the_clock_would() {
    let start = Instant::now();
    assert_eq!(decoder().try_walls(Trial::Spin), Err(Unreadable::TookTooLong));
    // On a machine with nothing else to do these are the processor seconds; on a busy one the clock comes first.
    assert!(start.elapsed() >= Duration::from_secs(CHILD_CPU_S_MAX - 1));
}

#[test]
fn a_child_that_just_waits_is_stopped_by_the_clock() {
    let start = Instant::now();
    assert_eq!(decoder().try_walls(Trial::Hang), Err(Unreadable::TookTooLong));
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(WALL_MS_MAX), "{took:?}");
    assert!(took < Duration::from_millis(WALL_MS_MAX + 2000), "{took:?}");
}

#[test]
fn twenty_at_once_do_not_get_in_each_others_way() {
    let file = files::jpeg(&marked(960, 640));
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| assert_eq!(render(&file).unwrap().width(), 400));
        }
    });
}
