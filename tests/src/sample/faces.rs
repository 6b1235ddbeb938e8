//! Drawn faces. They vary in skin, hair, veil and clothes by a seed, and are nobody's face.

use super::Sex;
use super::seed::Seed;

/// How old the hair is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    Child,
    Grown,
    Grey,
}

const SKINS: [(&str, &str); 9] = [
    ("#E7C3A0", "#D2A681"),
    ("#D6AA86", "#C4966F"),
    ("#DDB28C", "#C99B74"),
    ("#C8946A", "#B28058"),
    ("#B98058", "#A36D47"),
    ("#D0A078", "#BB8A62"),
    ("#E0B892", "#CBA07A"),
    ("#8F5F40", "#7B4F34"),
    ("#6F4A33", "#5E3D29"),
];
const CLOTHES: [&str; 9] =
    ["#2E3B47", "#5B3A5E", "#1F4E5F", "#6B2F33", "#37503A", "#20324F", "#7A5A2B", "#444444", "#8A3F5A"];
const VEILS: [&str; 6] = ["#33475B", "#6D5A7A", "#7B4B4B", "#2F5D57", "#8C7A5C", "#3A3A3A"];

/// A portrait in a box of 142 x 200, `background` behind it.
pub fn portrait(face_seed: u64, sex: Sex, age: Age, veiled: bool, background: &str) -> String {
    let mut seed = Seed::new(face_seed);
    let (skin, shade) = *seed.pick(&SKINS);
    let hair = match age {
        Age::Grey => *seed.pick(&["#9A9692", "#7F7B78", "#B9B5B0"]),
        Age::Child | Age::Grown => *seed.pick(&["#241C18", "#1A1614", "#2E221B", "#3A2A20"]),
    };
    let clothes = *seed.pick(&CLOTHES);
    let (rx, ry, cy) = match age {
        Age::Child => (34.0 + seed.sway(), 37.0 + seed.sway(), 93.0),
        Age::Grown | Age::Grey => (32.5 + 2.0 * seed.sway(), 41.0 + 2.0 * seed.sway(), 88.0),
    };
    let style = seed.between(0, 3);
    let mut s = format!(r#"<rect width="142" height="200" fill="{background}"/>"#);

    let woman = sex == Sex::Female;
    if veiled {
        let veil = *seed.pick(&VEILS);
        s += &format!(r#"<path d="M12 200c2-42 22-58 59-58s57 16 59 58z" fill="{clothes}"/>"#);
        s += &format!(
            r#"<path d="M71 34c-38 0-50 28-49 58 1 34-4 58-14 108h126c-10-50-15-74-14-108 1-30-11-58-49-58z" fill="{veil}"/>"#
        );
        s += r##"<path d="M38 128c10 26 56 26 66 0 6 20 2 44-33 52-35-8-39-32-33-52z" fill="#000" fill-opacity=".12"/>"##;
        s += &format!(r#"<ellipse cx="71" cy="{}" rx="{}" ry="{}" fill="{skin}"/>"#, cy + 2.0, rx - 2.0, ry - 3.0);
    } else {
        if woman && style != 0 {
            s += &format!(
                r#"<path d="M71 36c-36 0-46 26-44 56 1 24-2 42-7 60h102c-5-18-8-36-7-60 2-30-8-56-44-56z" fill="{hair}"/>"#
            );
        }
        s += &format!(r#"<path d="M12 200c2-42 22-58 59-58s57 16 59 58z" fill="{clothes}"/>"#);
        s += &format!(r#"<path d="M55 118h32v30c-8 9-24 9-32 0z" fill="{shade}"/>"#);
        match seed.between(0, 3) {
            0 => s += r##"<path d="M55 146c8 10 24 10 32 0l9 6-25 22-25-22z" fill="#F1EEE8"/>"##,
            1 => {
                s += r##"<path d="M53 146c6 14 30 14 36 0" fill="none" stroke="#000" stroke-opacity=".25" stroke-width="3"/>"##
            }
            _ => {}
        }
        s += &format!(r#"<ellipse cx="{}" cy="{}" rx="6" ry="9" fill="{shade}"/>"#, 71.0 - rx, cy + 2.0);
        s += &format!(r#"<ellipse cx="{}" cy="{}" rx="6" ry="9" fill="{shade}"/>"#, 71.0 + rx, cy + 2.0);
        if woman || style != 2 || age != Age::Grey {
            // Hair behind the temples, so that no light shows between hair and head.
            s += &format!(
                r#"<path d="M{} {y}A{a} {b} 0 0 1 {} {y}z" fill="{hair}"/>"#,
                71.0 - rx - 1.5,
                71.0 + rx + 1.5,
                y = cy - 5.0,
                a = rx + 1.5,
                b = cy - 5.0 - 35.0
            );
        }
        s += &format!(r#"<ellipse cx="71" cy="{cy}" rx="{rx}" ry="{ry}" fill="{skin}"/>"#);
        s += &match (woman, style) {
            (true, 0) => format!(
                r#"<circle cx="71" cy="34" r="14" fill="{hair}"/><path d="M36 88c-3-40 14-52 35-52s38 12 35 52c-5-24-14-32-35-32s-30 8-35 32z" fill="{hair}"/>"#
            ),
            (true, 1) => format!(
                r#"<path d="M34 100c-4-48 12-65 37-65s41 17 37 65c-4-24-22-34-40-42-12 6-30 20-34 42z" fill="{hair}"/>"#
            ),
            (true, _) => format!(
                r#"<path d="M33 98c-4-46 14-63 38-63s42 17 38 63c-6-22-12-30-38-30s-32 8-38 30z" fill="{hair}"/>"#
            ),
            (false, 0) => format!(
                r#"<path d="M36 84c-3-36 14-51 36-51s38 15 34 51c-5-21-15-29-35-29s-30 8-35 29z" fill="{hair}"/>"#
            ),
            (false, 1) => format!(
                r#"<path d="M37 80c-6-30 14-46 36-46s36 12 33 46c-3-10-6-18-14-22-16 4-38 0-46-4-4 6-7 14-9 26z" fill="{hair}"/>"#
            ),
            (false, _) if age == Age::Grey => format!(
                r#"<path d="M37 92c-4-16-3-26 3-34 2 8 2 14 1 22zM105 92c4-16 3-26-3-34-2 8-2 14-1 22z" fill="{hair}"/>"#
            ),
            (false, _) => format!(
                r#"<path d="M38 78c-2-32 14-44 33-44s35 12 33 44c-4-14-8-24-33-24s-29 10-33 24z" fill="{hair}"/>"#
            ),
        };
    }

    // Brows, eyes, nose and mouth: little, so that it stays a drawing.
    let eyes = cy + 1.0;
    let spread = 13.0 + seed.sway();
    for x in [71.0 - spread, 71.0 + spread] {
        s += &format!(
            r##"<ellipse cx="{x}" cy="{eyes}" rx="4.6" ry="2.8" fill="#F7F3EE"/><circle cx="{x}" cy="{eyes}" r="2.5" fill="#2A1D16"/>"##
        );
        let (a, b) = (x - 7.0, x + 7.0);
        s += &format!(
            r#"<path d="M{a} {y}Q{x} {t} {b} {y}" fill="none" stroke="{hair}" stroke-width="{w}" stroke-linecap="round"/>"#,
            y = eyes - 7.5,
            t = eyes - 11.5,
            w = if woman { 1.8 } else { 2.8 }
        );
    }
    s += &format!(
        r#"<path d="M71 {}q-5 13 0 14.5q3 .5 4.5-1.5" fill="none" stroke="{shade}" stroke-width="2" stroke-linecap="round"/>"#,
        eyes + 3.0
    );
    let lip = if woman { "#A8505A" } else { "#8E5446" };
    let y = cy + ry * 0.56;
    s += &format!(
        r#"<path d="M60 {y}q11 {} 22 0" fill="none" stroke="{lip}" stroke-width="3" stroke-linecap="round"/>"#,
        4.0 + 2.0 * seed.sway()
    );
    if !woman && age != Age::Child && seed.between(0, 4) == 0 {
        s += &format!(
            r#"<path d="M58 {a}q13-7 26 0" fill="none" stroke="{hair}" stroke-width="3.2" stroke-linecap="round"/>"#,
            a = y - 5.0
        );
    }
    s
}

/// A signature nobody could copy from anyone.
pub fn signature(face_seed: u64, x: f32, y: f32, scale: f32) -> String {
    let mut seed = Seed::new(face_seed ^ 0x51);
    let mut path = "M0 10".to_owned();
    for _ in 0..seed.between(4, 7) {
        path += &format!(
            "c{} {} {} {} {} {}",
            seed.between(2, 9),
            -(seed.between(8, 26) as i32),
            seed.between(12, 20),
            seed.between(2, 20),
            seed.between(9, 17),
            seed.sway() * 6.0
        );
    }
    path += "q12 6 24-10";
    format!(
        r##"<path transform="translate({x} {y}) scale({scale})" d="{path}" fill="none" stroke="#14224E" stroke-width="2" stroke-linecap="round"/>"##
    )
}
