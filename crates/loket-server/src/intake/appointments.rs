//! Offices, what is left at them, and another place for somebody who has one.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use chrono::{NaiveDate, NaiveTime};
use loket_core::application::AgeClass;
use loket_core::id::{OfficeCode, Timestamp};
use loket_core::world::World;
use serde::Deserialize;

use super::{
    APPLICATION_BYTES_MAX, DocumentsLine, OfficeDetails, OfficeLine, OfficeList, OtherAppointment, PlacesLine,
    PlacesList, SessionLine, Status, SurchargeLine, TariffLine, admitted, clock, number, unfit,
};
use crate::http::{Answer, No, Server, bad, json, parse_naming, read};
use crate::ledger::{DAYS_MAX, LedgerError, NewPlace};
use crate::problem::Code;
use crate::status;

/// `HH:MM`
pub(super) fn time_of(text: &str, field: &str) -> Result<NaiveTime, No> {
    // The parser also takes `9:00`, of which a booking would have two spellings.
    let time = NaiveTime::parse_from_str(text, "%H:%M").ok().filter(|time| clock(*time) == text);
    time.ok_or_else(|| unfit(field))
}

/// An office code in a path.
fn office_of(text: String) -> Result<OfficeCode, No> {
    OfficeCode::new(text).map_err(|_| Code::NotFound.into())
}

fn absent(error: LedgerError) -> No {
    match error {
        LedgerError::OfficeUnknown(_) => Code::NotFound.into(),
        other => other.into(),
    }
}

fn line(world: &World, now: Timestamp) -> Option<OfficeLine> {
    let (info, rules) = (world.office.info.as_ref()?, world.office.rules_at(now)?);
    let (office, name, address) = (info.code.clone(), info.name.clone(), info.address.clone());
    Some(OfficeLine { office, name, address, zone: rules.zone_name() })
}

fn details(world: &World, now: Timestamp) -> Option<OfficeDetails> {
    let OfficeLine { office, name, address, zone } = line(world, now)?;
    let rules = world.office.rules_at(now)?;
    let today = rules.day(now);
    let sessions = rules.sessions.iter();
    let documents = rules.documents.iter();
    let mut tariffs = BTreeMap::new();
    let mut surcharges = BTreeMap::new();
    let mut by_date: Vec<_> = rules.tariffs.iter().filter(|t| t.from <= today).collect();
    by_date.sort_by_key(|t| t.from);
    for tariff in by_date {
        tariffs.insert((tariff.electronic, tariff.validity_years), tariff.amount_rp);
    }
    let mut by_date: Vec<_> = rules.surcharges.iter().filter(|s| s.from <= today).collect();
    by_date.sort_by_key(|s| s.from);
    for surcharge in by_date {
        surcharges.insert(surcharge.what, surcharge.amount_rp);
    }
    Some(OfficeDetails {
        office,
        name,
        address,
        zone,
        today,
        electronic_only: rules.electronic_only,
        adult_from_age: rules.adult_from_age,
        people_per_account_max: rules.people_per_account_max,
        reschedules_max: rules.reschedules_max,
        sessions: sessions
            .map(|s| SessionLine { from: clock(s.from), to: clock(s.to), every_min: s.every_min })
            .collect(),
        documents: documents
            .map(|d| DocumentsLine { kind: d.kind, child: d.age == AgeClass::Child, documents: d.documents.clone() })
            .collect(),
        tariffs: tariffs
            .into_iter()
            .filter(|((electronic, _), _)| *electronic || !rules.electronic_only)
            .map(|((electronic, validity_years), amount_rp)| TariffLine { electronic, validity_years, amount_rp })
            .collect(),
        surcharges: surcharges.into_iter().map(|(what, amount_rp)| SurchargeLine { what, amount_rp }).collect(),
    })
}

/// All offices where people can apply
#[utoipa::path(
    get, path = "/v1/intake/offices", tag = "offices", operation_id = "offices", security(("intake" = [])),
    responses((status = 200, body = OfficeList, description = "Offices, by their codes"))
)]
pub(crate) async fn offices(State(server): State<Arc<Server>>, request: Request) -> Answer {
    let (parts, _) = request.into_parts();
    admitted(&server, &parts)?;
    let now = server.env.now();
    let mut offices = Vec::new();
    for office in server.ledger.offices().await? {
        offices.extend(server.ledger.view(&office, |world| line(world, now)).await?);
    }
    json(&parts.headers, StatusCode::OK, &OfficeList { offices })
}

/// An office and its rules
#[utoipa::path(
    get, path = "/v1/intake/offices/{office}", tag = "offices", operation_id = "office", security(("intake" = [])),
    params(("office" = OfficeCode, Path, description = "Code of the office")),
    responses((status = 200, body = OfficeDetails, description = "What an applicant meets there today"))
)]
pub(crate) async fn office(State(server): State<Arc<Server>>, Path(office): Path<String>, request: Request) -> Answer {
    let (parts, _) = request.into_parts();
    admitted(&server, &parts)?;
    let now = server.env.now();
    let found = server.ledger.view(&office_of(office)?, |world| details(world, now)).await.map_err(absent)?;
    json(&parts.headers, StatusCode::OK, &found.ok_or(Code::NotFound)?)
}

/// Which days are asked about.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Days {
    /// First day.
    from: NaiveDate,
    /// Last day, at most 92 days in all.
    to: NaiveDate,
}

/// What is left on some days
#[utoipa::path(
    get, path = "/v1/intake/offices/{office}/places", tag = "offices", operation_id = "places", security(("intake" = [])),
    params(("office" = OfficeCode, Path, description = "Code of the office"), Days),
    responses((status = 200, body = PlacesList, description = "Places by day, time and kind"))
)]
pub(crate) async fn places(
    State(server): State<Arc<Server>>,
    Path(office): Path<String>,
    days: Result<Query<Days>, QueryRejection>,
    request: Request,
) -> Answer {
    let (parts, _) = request.into_parts();
    admitted(&server, &parts)?;
    let Query(Days { from, to }) = days.map_err(|_| bad("from, to"))?;
    if to < from || to.signed_duration_since(from).num_days() >= DAYS_MAX as i64 {
        return Err(unfit("to"));
    }
    let office = office_of(office)?;
    let found = server.ledger.places(&office, from..=to).await.map_err(absent)?;
    let lines = found.iter().map(|p| PlacesLine {
        day: p.day,
        time: clock(p.time),
        kind: p.kind,
        places: p.places,
        left: p.places.saturating_sub(p.taken),
    });
    json(&parts.headers, StatusCode::OK, &PlacesList { office, places: lines.collect() })
}

/// Another place
///
/// By the applicant: once it is paid for, not later than the day before, and as often as the rules say. With a ground:
/// free, at any time, and not counted. Whoever paid too late takes a place again this way, and whoever applied without an
/// appointment takes the first one.
#[utoipa::path(
    post, path = "/v1/intake/applications/{no}/appointment", tag = "applications", operation_id = "reschedule",
    security(("intake" = [])),
    params(("no" = loket_core::id::ApplicationNo, Path, description = "Application number")),
    request_body(content = OtherAppointment, content_type = "application/json"),
    responses((status = 200, body = Status, description = "The place was changed"))
)]
pub(crate) async fn reschedule(State(server): State<Arc<Server>>, Path(no): Path<String>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    admitted(&server, &parts)?;
    let no = number(no)?;
    let OtherAppointment { day, time, kind, ground } = parse_naming(&read(body, APPLICATION_BYTES_MAX).await?)?;
    let time = time_of(&time, "time")?;
    let moved = server.ledger.reschedule(&no, &NewPlace { day, time, kind, ground }).await;
    server.metrics.booking(&moved);
    moved?;
    status::answer(&server, &parts.headers, StatusCode::OK, &no).await
}
