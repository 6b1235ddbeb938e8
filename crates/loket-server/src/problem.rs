//! How this server says no. Every error that leaves it is one [`Problem`] (RFC 9457, `application/problem+json`): a code
//! that a program can branch on, the field it is about, and a sentence in two languages that says what to do next. It
//! tells nothing about the inside. Desks read the same bodies as [`WireError`]; the codes of both are one list.

use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_RANGE, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use loket_core::sync::WireError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const PROBLEM_JSON: &str = "application/problem+json";
/// Set on an answer whose body is a page for people, so that it is left as it is; never sent.
pub(crate) const SPOKEN_FOR: &str = "loket-spoken-for";

/// A sentence in both languages of the program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Sentence {
    /// In Indonesian.
    pub id: String,
    /// In English.
    pub en: String,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident $status:ident $id:literal $en:literal;)*) => {
        /// Why something was not done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Code {
            $($(#[$doc])* $code,)*
        }

        impl Code {
            /// All of them.
            pub const ALL: &[Code] = &[$(Code::$code,)*];

            /// The status of an answer with this code.
            pub fn status(self) -> StatusCode {
                match self { $(Code::$code => StatusCode::$status,)* }
            }

            /// What happened, and what to do next.
            pub fn sentence(self) -> Sentence {
                let (id, en) = match self { $(Code::$code => ($id, $en),)* };
                Sentence { id: id.to_owned(), en: en.to_owned() }
            }
        }
    };
}

codes! {
    // Whoever calls
    /// The key is missing or another one, or the signature is not of this key or not of now.
    KeyUnknown UNAUTHORIZED
        "Kunci atau tanda tangan tidak dikenal. Periksa pengaturan sistem pemanggil."
        "The key or signature is not known here. Check the settings of the calling system.";
    DeskUnknown UNAUTHORIZED
        "Komputer loket ini tidak terdaftar di server. Daftarkan ulang."
        "This workstation is not enrolled here. Enrol it again.";
    DeskRevoked FORBIDDEN
        "Komputer loket ini sudah dicabut. Hubungi administrator."
        "This workstation was revoked. Ask the administrator.";
    OtherOffice FORBIDDEN
        "Server ini tidak melayani kantor tersebut."
        "This server does not answer for that office.";
    CodeRefused FORBIDDEN
        "Kode pendaftaran salah, sudah dipakai, atau kedaluwarsa. Minta kode baru."
        "The enrolment code is wrong, used or too old. Ask for a new one.";
    // The request
    /// Not JSON of the form that is described, or a parameter that can't be read.
    BadRequest BAD_REQUEST
        "Permintaan tidak terbaca. Perbaiki bagian yang disebut lalu kirim lagi."
        "The request can't be read. Mend the part that is named and send it again.";
    NotFound NOT_FOUND
        "Data yang diminta tidak ada. Periksa nomornya."
        "There is no such thing here. Check the number.";
    MethodNotAllowed METHOD_NOT_ALLOWED
        "Alamat ini tidak mengenal metode tersebut."
        "This address does not know that method.";
    AddressTooLong URI_TOO_LONG
        "Alamat permintaan terlalu panjang."
        "The address of the request is too long.";
    TooLarge PAYLOAD_TOO_LARGE
        "Data terlalu besar. Kirim dalam bagian yang lebih kecil."
        "That is too large. Send it in smaller pieces.";
    RangeNotSatisfiable RANGE_NOT_SATISFIABLE
        "Bagian yang diminta tidak ada di berkas."
        "The range that was asked for is not in the file.";
    TooManyRequests TOO_MANY_REQUESTS
        "Terlalu banyak permintaan. Tunggu sebentar lalu coba lagi."
        "Too many requests. Wait a moment and try again.";
    ProtocolTooOld UPGRADE_REQUIRED
        "Versi Loket ini terlalu lama untuk server. Perbarui Loket; pekerjaan di komputer ini aman."
        "This Loket is too old for the server. Update it; the work on this machine is safe.";
    // What was sent can't be so
    Unfit UNPROCESSABLE_ENTITY
        "Isi bagian yang disebut tidak dapat diterima. Perbaiki lalu kirim lagi."
        "The part that is named can't be accepted as it is. Correct it and send it again.";
    DocumentMissing UNPROCESSABLE_ENTITY
        "Dokumen wajib belum diunggah. Unggah dokumen yang disebut."
        "A required document was not uploaded. Upload the one that is named.";
    ScanUnknown UNPROCESSABLE_ENTITY
        "Hasil pindai belum ada di server. Unggah berkasnya dahulu."
        "The bytes of this scan are not here. Upload the file first.";
    Unreadable UNPROCESSABLE_ENTITY
        "Berkas tidak dapat ditampilkan. Unggah JPG, PNG, atau PDF yang utuh."
        "The file can't be shown. Upload a whole JPEG, PNG or PDF.";
    HashDiffers UNPROCESSABLE_ENTITY
        "Isi berkas tidak sama dengan namanya. Unggah ulang dari awal."
        "The bytes are not those of the name. Upload the file again from the start.";
    PlaceUnknown UNPROCESSABLE_ENTITY
        "Jadwal itu tidak dibuka. Pilih jadwal dari daftar."
        "That time is not open. Choose one from the list.";
    // What stands in the way
    DiffersFromBefore CONFLICT
        "Nomor ini sudah dipakai dengan isi lain. Periksa nomornya."
        "This number came with other content before. Check the number.";
    NoPlaceLeft CONFLICT
        "Kuota jadwal ini habis. Pilih jadwal lain."
        "No place is left at this time. Choose another one.";
    TooLate CONFLICT
        "Jadwal hanya dapat diubah sampai sehari sebelumnya."
        "An appointment can be moved until the day before.";
    MovesUsedUp CONFLICT
        "Jadwal sudah diubah sebanyak yang diizinkan."
        "The appointment was moved as often as it may be.";
    NotPaid CONFLICT
        "Bayar dahulu, lalu ubah jadwal."
        "Pay first, then move the appointment.";
    PlaceLost CONFLICT
        "Tidak ada pembayaran sampai batas waktunya, jadwal sudah dilepas. Ajukan permohonan baru."
        "No payment came in time and the place is gone. Apply again.";
    AccountFull CONFLICT
        "Akun ini sudah memiliki permohonan sebanyak yang diizinkan."
        "This account has as many open applications as it may have.";
    AlreadyServed CONFLICT
        "Permohonan sudah dilayani di kantor. Hubungi kantor imigrasi."
        "The application was served already. Ask the immigration office.";
    Cancelled CONFLICT
        "Permohonan sudah dibatalkan. Ajukan permohonan baru."
        "The application was cancelled. Apply again.";
    NotAsked CONFLICT
        "Dokumen ini tidak diminta diunggah ulang."
        "Nobody asked for this document again.";
    SameScan CONFLICT
        "Berkas sama dengan yang sudah ditolak. Unggah foto yang baru."
        "This is the file that was turned down. Upload a new picture.";
    TooManyScans CONFLICT
        "Jumlah unggahan sudah mencapai batas. Bawa dokumen asli ke kantor."
        "The number of uploads is at its limit. Bring the original to the office.";
    /// A piece that does not begin where the upload stands, or is of another whole.
    UploadElsewhere CONFLICT
        "Bagian ini tidak menyambung. Lanjutkan dari Upload-Offset."
        "This piece does not follow. Go on from Upload-Offset.";
    AlreadyDispatched CONFLICT
        "Paspor sudah diserahkan kepada pos."
        "The passport is with the post already.";
    // The server
    Overloaded SERVICE_UNAVAILABLE
        "Server sedang sibuk. Coba lagi sebentar; tidak ada yang hilang."
        "The server is busy. Try again in a moment; nothing was lost.";
    Internal INTERNAL_SERVER_ERROR
        "Terjadi gangguan di server. Coba lagi nanti."
        "Something broke in the server. Try again later.";
}

/// The body of every error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// `urn:loket:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The English sentence, for logs.
    pub title: String,
    /// The status of the answer.
    pub status: u16,
    pub code: Code,
    /// Which part of the request, as `form.nik` or `documents[2].hash`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    pub sentence: Sentence,
    /// More about an unreadable file: a code of the decoder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The limit that was passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u64>,
    /// Seconds to wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_s: Option<u32>,
    /// Bytes of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// The oldest protocol that is spoken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs: Option<u32>,
}

impl From<Code> for Problem {
    fn from(code: Code) -> Problem {
        let word = serde_json::to_value(code).ok().and_then(|w| w.as_str().map(str::to_owned)).unwrap_or_default();
        let sentence = code.sentence();
        Problem {
            kind: format!("urn:loket:problem:{word}"),
            title: sentence.en.clone(),
            status: code.status().as_u16(),
            code,
            field: None,
            sentence,
            why: None,
            max: None,
            retry_s: None,
            bytes: None,
            needs: None,
        }
    }
}

impl Problem {
    /// About one part of the request.
    pub fn of(code: Code, field: impl Into<String>) -> Problem {
        Problem { field: Some(field.into()), ..code.into() }
    }
}

impl From<WireError> for Problem {
    fn from(error: WireError) -> Problem {
        let of = |code: Code| Problem::from(code);
        match error {
            WireError::DeskUnknown => of(Code::DeskUnknown),
            WireError::DeskRevoked => of(Code::DeskRevoked),
            WireError::OtherOffice => of(Code::OtherOffice),
            WireError::CodeRefused => of(Code::CodeRefused),
            WireError::BadRequest { field } => Problem::of(Code::BadRequest, field),
            WireError::TooLarge { max } => Problem { max: Some(max), ..of(Code::TooLarge) },
            WireError::Overloaded { retry_s } => Problem { retry_s: Some(retry_s), ..of(Code::Overloaded) },
            WireError::NotFound => of(Code::NotFound),
            WireError::RangeNotSatisfiable { bytes } => Problem { bytes: Some(bytes), ..of(Code::RangeNotSatisfiable) },
            WireError::ProtocolTooOld { needs } => Problem { needs: Some(needs), ..of(Code::ProtocolTooOld) },
            WireError::Internal => of(Code::Internal),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.code.status(), axum::Json(&self)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(retry_s) = self.retry_s {
            headers.insert(RETRY_AFTER, HeaderValue::from(retry_s));
        }
        if let Some(value) = self.bytes.and_then(|bytes| HeaderValue::from_str(&format!("bytes */{bytes}")).ok()) {
            headers.insert(CONTENT_RANGE, value);
        }
        response
    }
}

/// What the router answers by itself has no body of ours: an unknown method, a path that is no text.
pub(crate) async fn said_by_the_router(mut response: Response) -> Response {
    let status = response.status();
    let ours = response.headers().get(CONTENT_TYPE).is_some_and(|t| t == PROBLEM_JSON);
    if !status.is_client_error() || ours || response.headers().contains_key(SPOKEN_FOR) {
        response.headers_mut().remove(SPOKEN_FOR);
        return response;
    }
    let code = match status {
        StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
        StatusCode::NOT_FOUND => Code::NotFound,
        _ => Code::BadRequest,
    };
    let mut problem = Problem::from(code).into_response();
    if let Some(allowed) = response.headers_mut().remove(ALLOW) {
        problem.headers_mut().insert(ALLOW, allowed);
    }
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_desk_reads_a_problem_as_its_own_error() {
        for error in [
            WireError::DeskRevoked,
            WireError::BadRequest { field: "desk".to_owned() },
            WireError::TooLarge { max: 7 },
            WireError::Overloaded { retry_s: 2 },
            WireError::RangeNotSatisfiable { bytes: 9 },
            WireError::ProtocolTooOld { needs: 3 },
        ] {
            let text = serde_json::to_string(&Problem::from(error.clone())).unwrap();
            assert_eq!(serde_json::from_str::<WireError>(&text).unwrap(), error);
        }
    }

    #[test]
    fn every_code_has_a_sentence_of_its_own_in_both_languages() {
        let mut seen = std::collections::BTreeSet::new();
        for code in Code::ALL {
            let Sentence { id, en } = code.sentence();
            assert!(id.ends_with('.') && en.ends_with('.') && id != en, "{code:?}");
            assert!(seen.insert(id) && seen.insert(en), "{code:?} says what another code says");
        }
    }
}
