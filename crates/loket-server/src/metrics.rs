//! What the server counts of its own work, for Prometheus. It promises that a label is one of a few words known
//! beforehand, the template of a route, or an office's code: no application number, no name, no NIK and no text from
//! outside is ever one. The figures belong to one server, except the troubles of the database, which are noted where no
//! server is in sight and belong to the process.
//!
//! They are read on a listener of their own (`--metrics-listen`), which is off unless it is asked for: the main port is
//! open to partners and applicants, Prometheus brings no secret of its own, and how busy an office is concerns nobody
//! outside.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::atomic::AtomicU64;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use axum::http::Method;
use loket_core::id::{DeskId, OfficeCode, Timestamp};
use loket_core::sync::{AskAnswer, RowOutcome, Stream};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry, Unit};

use crate::ledger::{Arrived, Denied, LedgerError};

/// Upper bounds of the duration histogram, in seconds. A click shall be with the colleague in 25 ms.
const DURATION_S: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
/// A desk that spoke this recently counts as heard. A long poll lasts 25 s, so a desk with a line is heard twice.
pub const HEARD_MS_MAX: i64 = 60_000;
/// The route of a request that found none.
pub const NO_ROUTE: &str = "none";

/// Calls that the database did not answer.
static DATABASE_TROUBLE: LazyLock<Family<Outcome, Counter>> = LazyLock::new(Family::default);

/// The database did not answer: it was busy, or it is broken.
pub(crate) fn database_trouble(busy: bool) {
    one(&DATABASE_TROUBLE, if busy { "busy" } else { "broken" });
}

/// A set of words that share one label.
trait Labels: Clone + Debug + Hash + Eq + EncodeLabelSet + Send + Sync + 'static {}
impl<T: Clone + Debug + Hash + Eq + EncodeLabelSet + Send + Sync + 'static> Labels for T {}

/// Stands in an answer that was held back until there was news: how long it took says nothing about the server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waited;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    route: String,
    method: &'static str,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InOffice {
    office: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InStream {
    office: String,
    stream: &'static str,
}

/// The figures of one server.
pub(crate) struct Metrics {
    registry: Registry,
    started: tokio::time::Instant,
    uptime: Gauge<f64, AtomicU64>,
    requests: Family<Answered, Counter>,
    durations: Family<Route, Histogram>,
    turned_away: Family<Outcome, Counter>,
    pub(crate) connections: Gauge,
    pub(crate) long_polls: Gauge,
    commands: Family<Outcome, Counter>,
    pub(crate) rows_pulled: Counter,
    rows: Family<InStream, Gauge>,
    asks: Family<Outcome, Counter>,
    submissions: Family<Outcome, Counter>,
    places_full: Counter,
    payments: Family<Outcome, Counter>,
    pub(crate) bills_expired: Counter,
    pub(crate) scan_bytes: Counter,
    renditions: Family<Outcome, Counter>,
    desks_heard: Family<InOffice, Gauge>,
    heard: Mutex<HashMap<(OfficeCode, DeskId), Timestamp>>,
}

/// Counts something for as long as it lives.
pub(crate) struct Counted(Gauge);

impl Counted {
    pub(crate) fn one_more(gauge: &Gauge) -> Counted {
        gauge.inc();
        Counted(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn family<L: Labels, M: Clone + Default>(registry: &mut Registry, name: &str, help: &str) -> Family<L, M>
where
    Family<L, M>: Metric,
{
    let family = Family::<L, M>::default();
    registry.register(name, help, family.clone());
    family
}

fn single<M: Metric + Clone + Default>(registry: &mut Registry, name: &str, help: &str) -> M {
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}

/// A method as a label. Anybody can make up a method, so what we have no door for is "other".
pub(crate) fn method_word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "get",
        Method::HEAD => "head",
        Method::POST => "post",
        Method::PUT => "put",
        Method::PATCH => "patch",
        Method::DELETE => "delete",
        Method::OPTIONS => "options",
        _ => "other",
    }
}

fn status_word(status: u16) -> &'static str {
    match status {
        100..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    }
}

impl Metrics {
    /// All at nothing.
    pub(crate) fn new() -> Metrics {
        let mut registry = Registry::with_prefix("loket");
        let r = &mut registry;
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        r.register("build", "The program that answers", build);
        r.register("database_trouble", "Calls the database did not answer: busy, or broken", DATABASE_TROUBLE.clone());
        let durations: Family<Route, Histogram> = Family::new_with_constructor(|| Histogram::new(DURATION_S));
        let what = "Time to an answer, without requests that waited for news";
        r.register_with_unit("request_duration", what, Unit::Seconds, durations.clone());
        let uptime = Gauge::<f64, AtomicU64>::default();
        r.register_with_unit("uptime", "Time since this server started", Unit::Seconds, uptime.clone());
        Metrics {
            started: tokio::time::Instant::now(),
            uptime,
            durations,
            requests: family(r, "requests", "Requests answered"),
            turned_away: family(r, "requests_turned_away", "Requests answered with 429, by whose limit it was"),
            connections: single(r, "connections", "Connections open"),
            long_polls: single(r, "long_polls", "Desks that wait for news"),
            commands: family(r, "commands", "Commands of desks answered, repeats among them"),
            rows_pulled: single(r, "rows_pulled", "Rows given to desks"),
            rows: family(r, "stream_rows", "Number of the newest row of a stream, in the whole database"),
            asks: family(r, "asks", "Calls for the next, answered"),
            submissions: family(r, "submissions", "Applications taken in"),
            places_full: single(r, "places_full", "Bookings and moves refused because nothing was left"),
            payments: family(r, "payments", "Payments taken in: in time, late, or told again"),
            bills_expired: single(r, "bills_expired", "Bills that ran out and gave their place back"),
            scan_bytes: single(r, "scan_bytes", "Bytes of scans that came in"),
            renditions: family(
                r,
                "renditions",
                "Pages of scans given, made now or before, and those that can't be shown",
            ),
            desks_heard: family(r, "desks_heard", "Desks that spoke to this server in the last minute"),
            heard: Mutex::default(),
            registry,
        }
    }

    /// A request was answered; `took` is `None` if it waited for news.
    pub(crate) fn answered(&self, route: &str, method: &Method, status: u16, took: Option<Duration>) {
        let (method, status) = (method_word(method), status_word(status));
        self.requests.get_or_create(&Answered { route: route.to_owned(), method, status }).inc();
        if let Some(took) = took {
            self.durations.get_or_create(&Route { route: route.to_owned() }).observe(took.as_secs_f64());
        }
    }

    /// Somebody asked too often; `whose` limit it was.
    pub(crate) fn turned_away(&self, whose: &'static str) {
        one(&self.turned_away, whose);
    }

    /// A command was answered.
    pub(crate) fn command(&self, outcome: &RowOutcome) {
        one(&self.commands, outcome.as_str());
    }

    /// A call for the next was answered.
    pub(crate) fn ask(&self, answer: &AskAnswer) {
        let word = match answer {
            AskAnswer::Called { .. } => "called",
            AskAnswer::No { .. } => "no",
            AskAnswer::Void => "void",
        };
        one(&self.asks, word);
    }

    /// An application came in, or came again.
    pub(crate) fn submission(&self, arrived: Arrived) {
        one(&self.submissions, arrived_word(arrived));
    }

    /// Somebody wanted a place; counts if nothing was left of it.
    pub(crate) fn booking<T>(&self, booked: &Result<T, LedgerError>) {
        if matches!(booked, Err(LedgerError::Denied(Denied::NoPlaceLeft))) {
            self.places_full.inc();
        }
    }

    /// A payment came in, or came again.
    pub(crate) fn payment(&self, arrived: Arrived, late: bool) {
        let word = match (arrived, late) {
            (Arrived::Again, _) => "again",
            (Arrived::New, true) => "late",
            (Arrived::New, false) => "timely",
        };
        one(&self.payments, word);
    }

    /// A page of a scan was asked for.
    pub(crate) fn rendition<T, E>(&self, given: &Result<T, E>) {
        one(&self.renditions, if given.is_ok() { "given" } else { "failed" });
    }

    /// A desk spoke.
    pub(crate) fn heard(&self, office: &OfficeCode, desk: DeskId, now: Timestamp) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.insert((office.clone(), desk), now);
    }

    /// Everything, as Prometheus reads it. `rows`: the newest number of each stream.
    pub(crate) fn text(&self, now: Timestamp, rows: &[(OfficeCode, Stream, u64)]) -> Result<String, std::fmt::Error> {
        self.uptime.set(self.started.elapsed().as_secs_f64());
        for (office, stream, seq) in rows {
            let labels = InStream { office: office.to_string(), stream: stream.as_str() };
            self.rows.get_or_create(&labels).set(i64::try_from(*seq).unwrap_or(i64::MAX));
        }
        // An office whose last desk fell silent goes on being told, with a zero.
        let mut offices: BTreeMap<String, i64> = BTreeMap::new();
        for ((office, _), at) in self.heard.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            *offices.entry(office.to_string()).or_default() += i64::from(now.since(*at) <= HEARD_MS_MAX);
        }
        for (office, desks) in offices {
            self.desks_heard.get_or_create(&InOffice { office }).set(desks);
        }
        let mut out = String::new();
        text::encode(&mut out, &self.registry)?;
        Ok(out)
    }
}

fn arrived_word(arrived: Arrived) -> &'static str {
    match arrived {
        Arrived::New => "new",
        Arrived::Again => "again",
    }
}

fn one(family: &Family<Outcome, Counter>, outcome: &'static str) {
    family.get_or_create(&Outcome { outcome }).inc();
}
