//! Places at the offices. It promises that no place is given twice, however many ask at once, that a place whose bill ran
//! out goes back to the others, and that whoever moves has the new place before the old one is free. A place is counted
//! in the transaction that writes the rows of whoever takes it.

use std::ops::RangeInclusive;

use chrono::{Datelike, NaiveDate, NaiveTime};
use loket_core::act::{Event, Subject};
use loket_core::application::{Appointment, PaymentState, PlaceKind, SpecialGround};
use loket_core::id::{ApplicationNo, AppointmentId, OfficeCode, Timestamp};
use loket_core::sync::Stream;
use loket_core::world::Related;

use super::db::{Line, Sql, sql};
use super::{Append, Denied, Ledger, LedgerError, Result, ServiceRow};
use crate::intake::PAYMENT_REPORT_MS;

/// Days that are opened or listed at once.
pub const DAYS_MAX: usize = 92;
/// Places of one kind at one time.
pub const PLACES_MAX: u32 = 1_000;

/// The places of an office at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    pub day: NaiveDate,
    /// On the office's clock.
    pub time: NaiveTime,
    pub kind: PlaceKind,
    pub places: u32,
    pub taken: u32,
}

/// A place that somebody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub day: NaiveDate,
    pub time: NaiveTime,
    pub kind: PlaceKind,
}

/// Another place for an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewPlace {
    pub day: NaiveDate,
    pub time: NaiveTime,
    /// The kind it had if none is named.
    pub kind: Option<PlaceKind>,
    pub ground: Option<SpecialGround>,
}

/// The place of an application.
struct Booking {
    wanted: Wanted,
    state: Tenure,
    due: Timestamp,
    /// How often the applicant has moved, and how often they were given another place on a special ground.
    moves: u32,
    special: u32,
}

/// What became of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tenure {
    /// Held, and not paid for yet.
    Unpaid,
    Paid,
    /// It went back to the others.
    Freed,
}

fn day_text(day: NaiveDate) -> String {
    day.format("%Y-%m-%d").to_string()
}

fn time_text(time: NaiveTime) -> String {
    time.format("%H:%M").to_string()
}

fn wanted(line: &Line) -> Result<Wanted> {
    let unread = |what: &str| LedgerError::Stored(format!("a place with {what}"));
    let (day, time): (String, String) = (line.get("day")?, line.get("time")?);
    let kind: String = line.get("kind")?;
    Ok(Wanted {
        day: NaiveDate::parse_from_str(&day, "%Y-%m-%d").map_err(|_| unread("no day"))?,
        time: NaiveTime::parse_from_str(&time, "%H:%M").map_err(|_| unread("no time"))?,
        kind: PlaceKind::ALL.into_iter().find(|k| k.as_str() == kind).ok_or_else(|| unread("no kind"))?,
    })
}

fn is_working_day(day: NaiveDate) -> bool {
    day.weekday().num_days_from_monday() < 5
}

/// The id of a booked place. One application has each of its places once.
fn appointment_id(office: &OfficeCode, no: &ApplicationNo, place: &Wanted, moves: u32) -> Result<AppointmentId> {
    let Wanted { day, time, .. } = place;
    let moved = if moves == 0 { String::new() } else { format!("-{moves}") };
    let id = format!("{office}-{}-{}-{no}{moved}", day.format("%Y%m%d"), time.format("%H%M"));
    AppointmentId::new(id).map_err(|_| LedgerError::Malformed("application_no".to_owned()))
}

impl Append<'_> {
    /// A statement about the places of one time and kind: `$1` to `$4` are office, day, time and kind.
    fn at(&self, place: &Wanted, text: &'static str) -> Sql {
        let statement = sql(text).bind(self.seat.code.as_str()).bind(day_text(place.day));
        statement.bind(time_text(place.time)).bind(place.kind.as_str())
    }

    /// Takes a place, if one is left.
    async fn take_place(&mut self, place: &Wanted) -> Result<()> {
        let take = "update place set taken = taken + 1
             where office = $1 and day = $2 and time = $3 and kind = $4 and taken < places
             and not exists (select 1 from closed_day c where c.office = $1 and c.day = $2)";
        if self.at(place, take).run(&mut self.tx).await? == 1 {
            return Ok(());
        }
        let look = "select places from place where office = $1 and day = $2 and time = $3 and kind = $4";
        let there: Option<i64> = self.at(place, look).scalar(&mut self.tx).await?;
        Err(match there {
            Some(_) => Denied::NoPlaceLeft.into(),
            None => Denied::PlaceUnknown.into(),
        })
    }

    async fn give_back(&mut self, place: &Wanted) -> Result<()> {
        let give = "update place set taken = taken - 1
             where office = $1 and day = $2 and time = $3 and kind = $4 and taken > 0";
        self.at(place, give).run(&mut self.tx).await?;
        Ok(())
    }

    async fn booking(&mut self, no: &ApplicationNo) -> Result<Option<Booking>> {
        let line = sql("select day, time, kind, state, due, moves, special from booking where application = $1")
            .bind(no.as_str())
            .first(&mut self.tx)
            .await?;
        let Some(line) = line else { return Ok(None) };
        Ok(Some(Booking {
            wanted: wanted(&line)?,
            state: match line.get::<String>("state")?.as_str() {
                "held" => Tenure::Unpaid,
                "paid" => Tenure::Paid,
                _ => Tenure::Freed,
            },
            due: Timestamp(line.get("due")?),
            moves: line.small("moves")?,
            special: line.small("special")?,
        }))
    }

    /// Takes a place for an application that has none yet, until `due` unless it is paid for; the row that says so.
    pub(super) async fn book(
        &mut self,
        no: &ApplicationNo,
        place: &Wanted,
        due: Timestamp,
        ground: Option<SpecialGround>,
    ) -> Result<ServiceRow> {
        self.take_place(place).await?;
        let book = "insert into booking (office, day, time, kind, application, state, due)
             values ($1, $2, $3, $4, $5, 'held', $6)";
        self.at(place, book).bind(no.as_str()).bind(due.0).run(&mut self.tx).await?;
        self.booked(no, place, 0, ground)
    }

    /// Writes the row that says so; the appointment.
    async fn has_now(&mut self, booked: ServiceRow) -> Result<Appointment> {
        let Some(Event::Booked { appointment, .. }) = booked.events.first().cloned() else {
            return Err(LedgerError::Absent("appointment"));
        };
        self.service_row(booked).await?;
        Ok(appointment)
    }

    fn booked(
        &self,
        no: &ApplicationNo,
        place: &Wanted,
        moves: u32,
        ground: Option<SpecialGround>,
    ) -> Result<ServiceRow> {
        let id = appointment_id(&self.seat.code, no, place, moves)?;
        let rules = self.kept.layers.office().rules_on(place.day).ok_or(LedgerError::Absent("rules"))?;
        let appointment = Appointment { id: id.clone(), day: place.day, slot: rules.moment(place.day, place.time) };
        Ok(ServiceRow {
            stream: Stream::Registry,
            name: "booking",
            external_id: id.to_string(),
            subject: Subject::Application(no.clone()),
            events: vec![Event::Booked { appointment, ground }],
        })
    }

    /// Gives the place of an application back to the others, if it has one.
    pub(super) async fn free_place(&mut self, no: &ApplicationNo) -> Result<()> {
        let Some(booking) = self.booking(no).await? else { return Ok(()) };
        if booking.state != Tenure::Freed {
            self.give_back(&booking.wanted).await?;
            sql("update booking set state = 'freed' where application = $1")
                .bind(no.as_str())
                .run(&mut self.tx)
                .await?;
        }
        Ok(())
    }

    /// It is paid for. Changes nothing for a place that went back to the others before.
    pub(super) async fn is_paid(&mut self, no: &ApplicationNo) -> Result<()> {
        sql("update booking set state = 'paid' where application = $1 and state = 'held'")
            .bind(no.as_str())
            .run(&mut self.tx)
            .await?;
        self.is_billed_no_longer(no).await
    }

    /// The code to pay with is there: from now on it may be unpaid until the bill runs out. What is paid after the photo
    /// has no such end.
    pub(super) async fn is_billed(&mut self, no: &ApplicationNo, due: Timestamp) -> Result<()> {
        let held_until = due.max(self.now.plus_ms(PAYMENT_REPORT_MS));
        for billed in [
            "update booking set due = $2 where application = $1 and state = 'held' and due > 0",
            "update unplaced_bill set due = $2 where application = $1",
        ] {
            sql(billed).bind(no.as_str()).bind(held_until.0).run(&mut self.tx).await?;
        }
        Ok(())
    }

    /// The bill of somebody without a place can run out no longer.
    pub(super) async fn is_billed_no_longer(&mut self, no: &ApplicationNo) -> Result<()> {
        sql("delete from unplaced_bill where application = $1").bind(no.as_str()).run(&mut self.tx).await?;
        Ok(())
    }
}

impl Ledger {
    /// Opens the places of working days from the sessions of the rules; how many were added. What is open already stays as
    /// it is.
    pub async fn open_places(&self, office: &OfficeCode, days: RangeInclusive<NaiveDate>) -> Result<usize> {
        let days: Vec<NaiveDate> =
            days.start().iter_days().take_while(|d| d <= days.end()).take(DAYS_MAX + 1).collect();
        if days.len() > DAYS_MAX {
            return Err(LedgerError::Malformed("days".to_owned()));
        }
        let seat = self.seat(office).await?;
        let mut append = self.begin(&seat).await?;
        let mut added = 0;
        for day in days.into_iter().filter(|d| is_working_day(*d)) {
            let rules = append.kept.layers.base.office.rules_on(day).ok_or(LedgerError::Absent("rules"))?;
            let open: Vec<_> = rules.sessions.iter().flat_map(|s| s.places()).filter(|(_, _, n)| *n > 0).collect();
            for (time, kind, places) in open {
                added += sql("insert into place (office, day, time, kind, places) values ($1, $2, $3, $4, $5)
                     on conflict do nothing")
                .bind(office.as_str())
                .bind(day_text(day))
                .bind(time_text(time))
                .bind(kind.as_str())
                .bind(places)
                .run(&mut append.tx)
                .await?;
            }
        }
        append.commit().await?;
        Ok(usize::try_from(added).unwrap_or(usize::MAX))
    }

    /// The places of some days, by day, time and kind.
    pub async fn places(&self, office: &OfficeCode, days: RangeInclusive<NaiveDate>) -> Result<Vec<Places>> {
        self.seat(office).await?;
        let mut db = self.database.read().await?;
        // Of a closed day only those places are left that somebody has.
        let lines = sql("select day, time, kind, taken,
             case when exists (select 1 from closed_day c where c.office = place.office and c.day = place.day)
             then taken else places end as places
             from place where office = $1 and day >= $2 and day <= $3 order by day, time, kind")
        .bind(office.as_str())
        .bind(day_text(*days.start()))
        .bind(day_text(*days.end()))
        .all(&mut db)
        .await?;
        let read = |line: &Line| {
            let Wanted { day, time, kind } = wanted(line)?;
            Ok(Places { day, time, kind, places: line.small("places")?, taken: line.small("taken")? })
        };
        lines.iter().map(read).collect()
    }

    /// Sets how many places one time has; opened if there was none. Whoever has a place keeps it.
    ///
    /// # Errors
    /// `Denied::MoreAreTaken` when more are taken than there would be.
    pub async fn set_places(&self, office: &OfficeCode, at: &Wanted, places: u32) -> Result<()> {
        if places > PLACES_MAX {
            return Err(LedgerError::Malformed("places".to_owned()));
        }
        let seat = self.seat(office).await?;
        let mut append = self.begin(&seat).await?;
        let set = "insert into place (office, day, time, kind, places) values ($1, $2, $3, $4, $5)
             on conflict (office, day, time, kind) do update set places = excluded.places
             where place.taken <= excluded.places";
        if append.at(at, set).bind(places).run(&mut append.tx).await? != 1 {
            return Err(Denied::MoreAreTaken.into());
        }
        append.commit().await
    }

    /// Nobody is booked for this day any more; whoever has a place keeps it. How many those are.
    pub async fn close_day(&self, office: &OfficeCode, day: NaiveDate) -> Result<u32> {
        self.note_day(office, day, "insert into closed_day (office, day) values ($1, $2) on conflict do nothing")
            .await?;
        let places = self.places(office, day..=day).await?;
        Ok(places.iter().map(|p| p.taken).sum())
    }

    /// Takes bookings for a closed day again, into the places that it had.
    pub async fn reopen_day(&self, office: &OfficeCode, day: NaiveDate) -> Result<()> {
        self.note_day(office, day, "delete from closed_day where office = $1 and day = $2").await
    }

    async fn note_day(&self, office: &OfficeCode, day: NaiveDate, text: &'static str) -> Result<()> {
        let seat = self.seat(office).await?;
        // Behind the same lock as every booking: none slips in beside it.
        let mut append = self.begin(&seat).await?;
        sql(text).bind(office.as_str()).bind(day_text(day)).run(&mut append.tx).await?;
        append.commit().await
    }

    /// The days among these that take no further bookings.
    pub async fn closed_days(&self, office: &OfficeCode, days: RangeInclusive<NaiveDate>) -> Result<Vec<NaiveDate>> {
        let mut db = self.database.read().await?;
        let found: Vec<String> =
            sql("select day from closed_day where office = $1 and day >= $2 and day <= $3 order by day")
                .bind(office.as_str())
                .bind(day_text(*days.start()))
                .bind(day_text(*days.end()))
                .scalars(&mut db)
                .await?;
        let read = |day: String| NaiveDate::parse_from_str(&day, "%Y-%m-%d");
        found.into_iter().map(|d| read(d).map_err(|_| LedgerError::Stored("a closed day".to_owned()))).collect()
    }

    /// Ends what was not paid in time, and gives its place back; how many there were.
    pub async fn expire_due(&self) -> Result<usize> {
        let mut db = self.database.read().await?;
        let lines = sql("select application, office, due from booking where state = 'held' and due > 0 and due <= $1
             union all select application, office, due from unplaced_bill where due <= $1 order by due")
        .bind(self.env.now().0)
        .all(&mut db)
        .await?;
        drop(db);
        let mut expired = 0;
        for line in lines {
            let unread = |e: loket_core::id::BadId| LedgerError::Stored(e.to_string());
            let office = OfficeCode::new(line.get::<String>("office")?).map_err(unread)?;
            let no = ApplicationNo::new(line.get::<String>("application")?).map_err(unread)?;
            expired += usize::from(self.expire(&office, &no).await?);
        }
        Ok(expired)
    }

    async fn expire(&self, office: &OfficeCode, no: &ApplicationNo) -> Result<bool> {
        let seat = self.seat(office).await?;
        let mut append = self.begin(&seat).await?;
        // Somebody may have paid, or another server may have been here, since the list was read.
        let mut ended = 0;
        for end in [
            "update booking set state = 'freed' where application = $1 and state = 'held' and due > 0 and due <= $2",
            "delete from unplaced_bill where application = $1 and due <= $2",
        ] {
            ended += sql(end).bind(no.as_str()).bind(append.now.0).run(&mut append.tx).await?;
        }
        if ended == 0 {
            return Ok(false);
        }
        let booking = append.booking(no).await?;
        if let Some(booking) = &booking {
            append.give_back(&booking.wanted).await?;
        }
        let row = ServiceRow {
            stream: Stream::Registry,
            name: "timer",
            external_id: format!("expired/{no}/{}", booking.map_or(0, |b| b.due.0)),
            subject: Subject::Application(no.clone()),
            events: vec![Event::PaymentExpired],
        };
        append.service_row(row).await?;
        append.is_over(no).await?;
        append.commit().await?;
        tracing::info!(%office, application = %no, "{no} was not paid in time; a place it had is free");
        Ok(true)
    }

    /// Gives an application another place, of the kind it had if none is named: once it is paid for, not later than the day
    /// before the old one, and as often as the rules say. On a special ground at any time, and not counted. Whoever paid
    /// too late and lost the place takes one again, and whoever applied without one takes the first.
    ///
    /// # Errors
    /// `Denied` names why not.
    pub async fn reschedule(&self, no: &ApplicationNo, wanted: &NewPlace) -> Result<Appointment> {
        let office = self.office_of(no).await?;
        let seat = self.seat(&office).await?;
        let mut append = self.begin(&seat).await?;
        let booking = append.booking(no).await?;
        let NewPlace { day, time, kind, ground } = *wanted;
        let rules = append.kept.layers.base.office.rules_at(append.now).ok_or(LedgerError::Absent("rules"))?;
        let case = append.kept.layers.application(no).ok_or(LedgerError::Absent("application"))?;
        let submission = case.submission.as_ref().ok_or(LedgerError::Absent("application"))?;
        let (is_urgent, has_priority) = (submission.same_day, submission.priority.is_some());
        let before = booking.as_ref().map(|b| b.wanted.kind);
        let kind = kind.or(before).unwrap_or(PlaceKind::fitting(is_urgent, has_priority));
        let place = &Wanted { day, time, kind };
        let (today, is_paid) = (rules.day(append.now), matches!(case.payment(), PaymentState::Paid { .. }));
        let pays_later = submission.kind.is_paid_after_photo();
        if case.cancelled.is_some() {
            return Err(Denied::Cancelled.into());
        }
        if append.was_served(no) {
            return Err(Denied::AlreadyServed.into());
        }
        // The answer to the first time was lost.
        if let Some(old) = &booking
            && old.state != Tenure::Freed
            && old.wanted == *place
            && let Some(appointment) = case.appointment.clone()
        {
            return Ok(appointment);
        }
        if !kind.fits(is_urgent, has_priority) {
            return Err(Denied::KindUnfit.into());
        }
        if !is_paid && case.payment_expired.is_some() {
            return Err(Denied::PlaceLost.into());
        }
        if !is_paid && !pays_later {
            return Err(Denied::NotPaid.into());
        }
        // A move by the applicant: not of somebody who holds no place any more, nor on a ground.
        let moved = booking.as_ref().filter(|old| old.state != Tenure::Freed && ground.is_none());
        let first_day = if ground.is_some() { Some(today) } else { today.succ_opt() };
        if first_day.is_none_or(|first| place.day < first) || moved.is_some_and(|old| today >= old.wanted.day) {
            return Err(Denied::TooLate.into());
        }
        if moved.is_some_and(|old| old.moves >= u32::from(rules.reschedules_max)) {
            return Err(Denied::MovesUsedUp.into());
        }
        let counts = moved.is_some();
        let Some(old) = booking else {
            let row = append.book(no, place, Timestamp(0), ground).await?;
            if is_paid {
                append.is_paid(no).await?;
            }
            let appointment = append.has_now(row).await?;
            append.commit().await?;
            return Ok(appointment);
        };
        append.take_place(place).await?;
        if old.state != Tenure::Freed {
            append.give_back(&old.wanted).await?;
        }
        let (moves, special) = if counts { (old.moves + 1, old.special) } else { (old.moves, old.special + 1) };
        let book =
            "update booking set office = $1, day = $2, time = $3, kind = $4, moves = $5, special = $6, state = $7
             where application = $8";
        let state = if old.state == Tenure::Unpaid { "held" } else { "paid" };
        let book = append.at(place, book).bind(moves).bind(special).bind(state).bind(no.as_str());
        book.run(&mut append.tx).await?;
        let row = append.booked(no, place, moves + special, ground)?;
        let appointment = append.has_now(row).await?;
        // Tomorrow's list may be out already: nobody is called who has gone to another day.
        append.withdraw_visits(no, old.wanted.day, "rescheduled", &format!("moved/{}", moves + special)).await?;
        append.commit().await?;
        Ok(appointment)
    }
}
