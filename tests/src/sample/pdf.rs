//! The smallest PDF an office scanner would write: one JPEG to a page.

pub struct Page {
    pub jpeg: Vec<u8>,
    pub width_px: u32,
    pub height_px: u32,
    pub dpi: u32,
}

pub fn write(pages: &[Page]) -> Vec<u8> {
    let mut out = b"%PDF-1.4\n%\xE2\xE3\xCF\xD3\n".to_vec();
    let mut offsets = Vec::new();
    let mut object = |out: &mut Vec<u8>, body: &[u8]| {
        offsets.push(out.len());
        out.extend_from_slice(format!("{} 0 obj\n", offsets.len()).as_bytes());
        out.extend_from_slice(body);
        out.extend_from_slice(b"\nendobj\n");
    };
    let kids: Vec<String> = (0..pages.len()).map(|n| format!("{} 0 R", 3 + 3 * n)).collect();
    object(&mut out, b"<< /Type /Catalog /Pages 2 0 R >>");
    object(&mut out, format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), pages.len()).as_bytes());
    for (n, page) in pages.iter().enumerate() {
        let points = |px: u32| 72.0 * px as f32 / page.dpi as f32;
        let (w, h) = (points(page.width_px), points(page.height_px));
        let first = 3 + 3 * n;
        object(
            &mut out,
            format!(
                "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {w:.2} {h:.2}] /Resources << /XObject << /Im0 {} 0 R >> >> /Contents {} 0 R >>",
                first + 2, first + 1
            )
            .as_bytes(),
        );
        object(&mut out, &stream("", format!("q {w:.2} 0 0 {h:.2} 0 0 cm /Im0 Do Q").as_bytes()));
        let about = format!(
            "/Type /XObject /Subtype /Image /Width {} /Height {} /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode ",
            page.width_px, page.height_px
        );
        object(&mut out, &stream(&about, &page.jpeg));
    }
    let table_at = out.len();
    out.extend_from_slice(format!("xref\n0 {}\n0000000000 65535 f \n", offsets.len() + 1).as_bytes());
    for offset in &offsets {
        out.extend_from_slice(format!("{offset:010} 00000 n \n").as_bytes());
    }
    let end = format!("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table_at}\n%%EOF\n", offsets.len() + 1);
    out.extend_from_slice(end.as_bytes());
    out
}

fn stream(about: &str, bytes: &[u8]) -> Vec<u8> {
    let mut body = format!("<< {about}/Length {} >>\nstream\n", bytes.len()).into_bytes();
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\nendstream");
    body
}
