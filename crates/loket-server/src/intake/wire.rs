//! What partners send and read: the JSON of `/v1/intake`, strict in both directions. The types here are the contract;
//! [`crate::openapi`] describes them from the same source, with the examples below. Everything is checked once, on the way
//! in; what can't be so is named by its field.

use chrono::{NaiveDate, NaiveTime};
use loket_core::application::{
    AnswerResult, Delivery, DocumentKind, Form, FormField, Kind, PlaceKind, Priority, Reason, Register, SpecialGround,
    Warning,
};
use loket_core::id::{ApplicationNo, OfficeCode, ScanHash, Timestamp};
use loket_core::nik::{Nik, Sex};
use loket_core::rules::SurchargeFor;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problem::Sentence;

/// `POST /v1/intake/applications`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApplication {
    pub office: OfficeCode,
    #[schema(value_type = String, pattern = "^[A-Za-z0-9]{1,32}$")]
    pub application_no: ApplicationNo,
    /// The account it was filed from. Its people come together, and it may have a few open applications only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, pattern = "^[A-Za-z0-9._/:-]{1,64}$")]
    pub account: Option<String>,
    pub kind: Kind,
    /// Electronic passport?
    pub electronic: bool,
    /// 5 or 10. Ten years are for grown-ups.
    #[schema(minimum = 5, maximum = 10)]
    pub validity_years: u8,
    /// Percepatan, for a further fee and in places of its own.
    #[serde(default)]
    pub same_day: bool,
    /// Whoever is married counts as grown up.
    #[serde(default)]
    pub married: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub priority: Option<Priority>,
    pub form: NewForm,
    /// Scans whose bytes were sent before.
    #[schema(max_items = 20)]
    pub documents: Vec<NewDocument>,
    /// Left out by those who come without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub appointment: Option<NewAppointment>,
    /// Fetched at the office if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub delivery: Option<Delivery>,
    /// When the applicant sent it. The bill can be paid for two hours from then.
    pub submitted_at: Timestamp,
}

/// What the applicant filled in (e-Perdim).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewForm {
    /// As on the identity card.
    #[schema(min_length = 1, max_length = 500)]
    pub full_name: String,
    pub nik: Nik,
    #[schema(max_length = 500)]
    pub birth_place: String,
    pub birth_date: NaiveDate,
    pub sex: Sex,
    #[schema(max_length = 500)]
    pub address: String,
    #[schema(max_length = 500)]
    pub mother_name: String,
    #[schema(max_length = 500)]
    pub father_name: String,
    /// The last digits of the telephone number.
    #[schema(max_length = 500)]
    pub phone_tail: String,
    #[schema(max_length = 500)]
    pub purpose: String,
    #[schema(max_length = 500)]
    pub destination: String,
}

macro_rules! same_fields {
    ($one:ident, $other:ident: $($field:ident)*) => {
        impl From<$one> for $other {
            fn from(from: $one) -> $other {
                $other { $($field: from.$field,)* }
            }
        }
        impl From<$other> for $one {
            fn from(from: $other) -> $one {
                $one { $($field: from.$field,)* }
            }
        }
    };
}

same_fields!(NewForm, Form: full_name nik birth_place birth_date sex address mother_name father_name phone_tail purpose
    destination);

/// A scan of the application; its bytes were sent before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDocument {
    pub document: DocumentKind,
    #[schema(max_length = 500)]
    pub file_name: String,
    /// What the sender says. What it is, the first bytes say.
    #[schema(max_length = 100)]
    pub media_type: String,
    pub hash: ScanHash,
    #[schema(minimum = 1, maximum = 20971520)]
    pub bytes: u64,
}

/// A place that is wanted, on the office's clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAppointment {
    pub day: NaiveDate,
    /// `HH:MM`
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    pub time: String,
    /// What kind of place; left out, the one that fits the applicant, or the one they had before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub kind: Option<PlaceKind>,
}

/// `POST /v1/intake/applications/{no}/appointment`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OtherAppointment {
    pub day: NaiveDate,
    /// `HH:MM`
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    pub time: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub kind: Option<PlaceKind>,
    /// Why the applicant gets it although it is too late or they have moved before: free, and not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub ground: Option<SpecialGround>,
}

/// `POST /v1/intake/applications/{no}/documents`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnotherScan {
    #[schema(inline)]
    pub documents: Vec<NewDocument>,
}

/// `POST /v1/intake/applications/{no}/cancellation`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCancellation {
    #[schema(max_length = 500)]
    pub reason: String,
}

/// `PUT /v1/intake/applications/{no}/delivery`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDelivery {
    pub delivery: Delivery,
}

/// `POST /v1/intake/payments`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPayment {
    pub application_no: ApplicationNo,
    /// Rupiah.
    #[schema(minimum = 1, maximum = 9007199254740992_u64)]
    pub amount_rp: u64,
    /// Nomor Transaksi Penerimaan Negara.
    #[schema(pattern = "^[A-Za-z0-9]{16}$")]
    pub ntpn: String,
    /// Bank, post office, minimarket, marketplace.
    #[schema(min_length = 1, max_length = 500)]
    pub channel: String,
    pub at: Timestamp,
}

/// A payment was taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TakenPayment {
    pub ntpn: String,
    /// It came after the bill ran out: kept and shown, but the place is gone.
    pub late: bool,
}

/// A scan was taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TakenScan {
    pub hash: ScanHash,
}

/// An office where people can apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfficeLine {
    pub office: OfficeCode,
    pub name: String,
    pub address: Vec<String>,
    /// WIB, WITA or WIT.
    pub zone: String,
}

/// All offices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfficeList {
    pub offices: Vec<OfficeLine>,
}

/// An office with the rules that an applicant meets there today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfficeDetails {
    pub office: OfficeCode,
    pub name: String,
    pub address: Vec<String>,
    pub zone: String,
    /// The office's service day.
    pub today: NaiveDate,
    /// Only electronic passports are made here.
    pub electronic_only: bool,
    /// Age from which a passport may be good for ten years.
    pub adult_from_age: u8,
    pub people_per_account_max: u8,
    /// How often an applicant may take another place.
    pub reschedules_max: u8,
    pub sessions: Vec<SessionLine>,
    pub documents: Vec<DocumentsLine>,
    /// In force today.
    pub tariffs: Vec<TariffLine>,
    pub surcharges: Vec<SurchargeLine>,
}

/// Times of a day at equal distances.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionLine {
    /// `HH:MM`
    pub from: String,
    /// `HH:MM`
    pub to: String,
    pub every_min: u16,
}

/// What must be uploaded for one kind of application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentsLine {
    pub kind: Kind,
    /// For those who don't count as grown up.
    pub child: bool,
    pub documents: Vec<DocumentKind>,
}

/// A fee.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TariffLine {
    pub electronic: bool,
    pub validity_years: u8,
    pub amount_rp: u64,
}

/// A fee on top.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SurchargeLine {
    #[serde(rename = "for")]
    pub what: SurchargeFor,
    pub amount_rp: u64,
}

/// What is left at one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlacesLine {
    pub day: NaiveDate,
    /// `HH:MM`
    pub time: String,
    pub kind: PlaceKind,
    pub places: u32,
    pub left: u32,
}

/// The places of some days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlacesList {
    pub office: OfficeCode,
    pub places: Vec<PlacesLine>,
}

/// Where an application stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    AwaitingPayment,
    /// No payment came in time; a place it had is gone.
    PaymentExpired,
    /// Paid after the bill ran out: kept, and another place can be taken.
    PaidLate,
    Booked,
    /// Nothing is due before an appointment is chosen.
    WithoutAppointment,
    /// Arrived, and not called yet.
    WaitingAtTheOffice,
    /// Called, or being served.
    AtTheOffice,
    AwaitingReupload,
    /// What was asked for is here and waits for an officer.
    ReuploadSent,
    OnHold,
    InProcess,
    /// Lies at the office.
    ReadyForCollection,
    /// Given to the post.
    Dispatched,
    Delivered,
    /// The post brought it back to the office.
    Returned,
    Refused,
    GivenUp,
    /// Given up by the applicant, or by the office, before it was served.
    Cancelled,
}

/// Something that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    Submitted,
    Billed,
    Paid,
    PaymentExpired,
    Booked,
    Rescheduled,
    ReuploadAsked,
    Reuploaded,
    Arrived,
    Served,
    Finished,
    DeliveryChosen,
    Printing,
    Printed,
    Ready,
    Dispatched,
    Delivered,
    Returned,
    Cancelled,
}

/// What is told about an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Status {
    pub application_no: ApplicationNo,
    pub office: OfficeCode,
    pub standing: Standing,
    /// The standing in words.
    pub sentence: Sentence,
    pub appointment: Option<Place>,
    pub bill: Option<BillLine>,
    /// Until when it has to be paid, while it is unpaid.
    pub pay_until: Option<Timestamp>,
    /// Documents that an officer asked for once more.
    pub reuploads: Vec<Reupload>,
    /// What the applicant should know before anything else: a wrong kind, a second application.
    pub warnings: Vec<Warning>,
    /// What registers have answered; a register that is not listed has not answered yet.
    pub checks: Vec<Check>,
    pub delivery: Option<Delivery>,
    /// Number under which the post can be asked.
    pub tracking_no: Option<String>,
    /// Oldest first.
    pub history: Vec<Done>,
}

/// A booked place on the office's clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Place {
    pub day: NaiveDate,
    /// `HH:MM`
    pub time: String,
    /// WIB, WITA or WIT.
    pub zone: String,
}

/// What is to be paid, and under which code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BillLine {
    pub code: String,
    pub amount_rp: u64,
    pub due: Timestamp,
}

/// A document that was asked for once more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reupload {
    pub document: DocumentKind,
    pub reason: Reason,
    /// What is wrong and what to do, in both languages.
    pub sentence: Sentence,
    /// What the officer wrote to the applicant, as written; empty if nothing.
    pub note: String,
    /// Uploads of this document so far.
    pub attempts: u32,
}

/// What a register said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Check {
    pub register: Register,
    pub result: AnswerResult,
    /// Fields of the form that it has otherwise.
    pub differs: Vec<FormField>,
    pub source: String,
    pub at: Timestamp,
}

/// A step and its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Done {
    pub at: Timestamp,
    pub step: Step,
}

/// `HH:MM`, as all times of day are written here.
pub(crate) fn clock(time: NaiveTime) -> String {
    time.format("%H:%M").to_string()
}
