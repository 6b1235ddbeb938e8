//! How much one caller may ask: requests a second, the size of a request's head, the time its body may take. It promises
//! that a limit belongs to one caller and never to all of them together, so that 5,200 desks that come back at once are
//! not refused because of each other; and that "not now" is said to a whole request, never to a command in it.
//!
//! A desk is known by its token once the token has been proven good; until then it counts, with all others that have
//! yet to prove who they are, to its address. Without a token there is only the address. The token buckets are
//! `governor`'s, one for each caller, refilled as time passes.

use std::collections::{HashSet, VecDeque};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};
use http_body::{Frame, SizeHint};
use loket_core::id::Digest;
use percent_encoding::percent_decode_str;
use tokio::time::Sleep;

use crate::http::{Server, bad};
use crate::ledger::same;
use crate::listen::Peer;
use crate::problem::{Code, Problem};

/// Requests a second of one desk...
pub const DESK_PER_S: u32 = 200;
/// ...and how many it may save up: a morning's scans, page by page.
pub const DESK_BURST: u32 = 1_000;
/// Requests a second of the intake side, which speaks for all applicants of the country...
pub const SERVICE_PER_S: u32 = 2_000;
/// ...and how many it may save up: the minute in which a month's places open.
pub const SERVICE_BURST: u32 = 10_000;
/// Requests a second from one address that have yet to prove who sends them...
pub const ARRIVAL_PER_S: u32 = 1_000;
/// ...and how many it may save up: all desks of the country behind one proxy, after a restart.
pub const ARRIVAL_BURST: u32 = 6_000;
/// Requests a second from one address at doors that are open to everybody; `--open-per-second` names another...
pub const OPEN_PER_S: NonZeroU32 = NonZeroU32::new(20).unwrap();
/// ...and how many seconds' worth it may save up: a mobile carrier has many people behind one address.
pub const OPEN_BURST_S: u32 = 10;
/// Bytes of what is asked for: path and query.
pub const TARGET_BYTES_MAX: usize = 16 * 1024;
/// How often callers are forgotten who could ask a full burst again.
pub const FORGET_EVERY: Duration = Duration::from_secs(10);
/// Tokens remembered as good: all desks of the country, twice.
const PROVEN_MAX: usize = 12_000;

/// Whose limit a request counts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caller {
    /// A desk whose token was good before.
    Desk(Digest),
    Service,
    /// Says who it is; not proven yet.
    Arrival(IpAddr),
    Open(IpAddr),
}

impl Caller {
    fn word(self) -> &'static str {
        match self {
            Caller::Desk(_) => "desk",
            Caller::Service => "service",
            Caller::Arrival(_) => "arrival",
            Caller::Open(_) => "open",
        }
    }
}

/// The token buckets of all callers.
pub(crate) struct Limits {
    desks: DefaultKeyedRateLimiter<Digest>,
    service: DefaultDirectRateLimiter,
    arrivals: DefaultKeyedRateLimiter<IpAddr>,
    open: DefaultKeyedRateLimiter<IpAddr>,
    clock: DefaultClock,
    proven: Mutex<Proven>,
    proxies: Vec<IpAddr>,
    body_wait: Duration,
}

/// Tokens that were good; the oldest is forgotten first.
#[derive(Default)]
struct Proven {
    known: HashSet<Digest>,
    order: VecDeque<Digest>,
}

fn quota(per_s: u32, burst: u32) -> Quota {
    let at_least_one = |n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
    Quota::per_second(at_least_one(per_s)).allow_burst(at_least_one(burst))
}

/// The digest of a bearer token.
fn token(headers: &HeaderMap) -> Option<Digest> {
    let token = headers.get(AUTHORIZATION)?.as_bytes().strip_prefix(b"Bearer ")?;
    Some(Digest::of(token))
}

/// Whoever has one IPv6 address has all 2^64 of its network.
fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

impl Limits {
    /// Nobody has asked for anything yet. `proxies` are believed when they say for whom they ask.
    pub(crate) fn new(open_per_s: NonZeroU32, proxies: Vec<IpAddr>, body_wait: Duration) -> Limits {
        let open_burst = open_per_s.get().saturating_mul(OPEN_BURST_S);
        Limits {
            desks: RateLimiter::dashmap(quota(DESK_PER_S, DESK_BURST)),
            service: RateLimiter::direct(quota(SERVICE_PER_S, SERVICE_BURST)),
            arrivals: RateLimiter::dashmap(quota(ARRIVAL_PER_S, ARRIVAL_BURST)),
            open: RateLimiter::dashmap(quota(open_per_s.get(), open_burst)),
            clock: DefaultClock::default(),
            proven: Mutex::default(),
            proxies: proxies.into_iter().map(|ip| ip.to_canonical()).collect(),
            body_wait,
        }
    }

    /// This token is a desk's: from now on the desk has a limit of its own.
    pub(crate) fn proven(&self, token: &Digest) {
        let mut proven = self.proven.lock().unwrap_or_else(PoisonError::into_inner);
        if proven.known.insert(*token) {
            proven.order.push_back(*token);
            if proven.order.len() > PROVEN_MAX
                && let Some(oldest) = proven.order.pop_front()
            {
                proven.known.remove(&oldest);
            }
        }
    }

    /// The address that asks. A proxy we know appends the one that it asks for; what stands before was said by a
    /// stranger.
    fn address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let named = || {
            let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?.rsplit(',').next()?;
            last.trim().parse().ok()
        };
        let is_proxy = self.proxies.contains(&peer.to_canonical());
        network(is_proxy.then(named).flatten().unwrap_or(peer))
    }

    fn caller(&self, peer: IpAddr, headers: &HeaderMap, intake_key: &Digest) -> Caller {
        let address = || self.address(peer, headers);
        match token(headers) {
            Some(token) if same(&token, intake_key) => Caller::Service,
            Some(token) if self.proven.lock().unwrap_or_else(PoisonError::into_inner).known.contains(&token) => {
                Caller::Desk(token)
            }
            Some(_) if headers.contains_key("loket-desk") => Caller::Arrival(address()),
            // The payment channel signs instead of showing a token.
            None if headers.contains_key("loket-signature") => Caller::Arrival(address()),
            Some(_) | None => Caller::Open(address()),
        }
    }

    /// Counts a request; if it is one too many, how long until the next may come.
    fn count(&self, caller: Caller) -> Result<(), Duration> {
        let counted = match caller {
            Caller::Desk(token) => self.desks.check_key(&token),
            Caller::Service => self.service.check(),
            Caller::Arrival(address) => self.arrivals.check_key(&address),
            Caller::Open(address) => self.open.check_key(&address),
        };
        counted.map_err(|not_until| not_until.wait_time_from(self.clock.now()))
    }

    /// Forgets callers who could ask a full burst again.
    pub(crate) fn forget(&self) {
        self.desks.retain_recent();
        self.arrivals.retain_recent();
        self.open.retain_recent();
    }
}

/// Doors at which no token is looked at: whatever stands in the headers, the address counts.
fn is_open(route: Option<&MatchedPath>) -> bool {
    let signed_in = ["/v1/sync", "/v1/snapshot", "/v1/scans", "/v1/intake"];
    route.is_none_or(|route| !signed_in.iter().any(|door| route.as_str().starts_with(door)))
}

/// The layer that all requests come through.
pub(crate) async fn within_limits(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response {
    if target_bytes(request.uri()) > TARGET_BYTES_MAX {
        return Problem { max: Some(TARGET_BYTES_MAX as u64), ..Code::AddressTooLong.into() }.into_response();
    }
    if percent_decode_str(request.uri().path()).decode_utf8().is_err() {
        return bad("path").into_response();
    }
    let limits = &server.limits;
    // Only a caller that didn't come through our own listener has no address, and there is no such door.
    let peer = request.extensions().get::<Peer>().map_or(IpAddr::V4([0; 4].into()), |peer| peer.0);
    let caller = if is_open(request.extensions().get::<MatchedPath>()) {
        Caller::Open(limits.address(peer, request.headers()))
    } else {
        limits.caller(peer, request.headers(), &server.intake_key)
    };
    if let Err(wait) = limits.count(caller) {
        server.metrics.turned_away(caller.word());
        return not_now(wait);
    }
    let deadline = Box::pin(tokio::time::sleep(limits.body_wait));
    next.run(request.map(|body| Body::new(Timely { body, deadline }))).await
}

fn target_bytes(uri: &Uri) -> usize {
    uri.path_and_query().map_or(0, |target| target.as_str().len())
}

/// To the caller it is what "overloaded" is: the same request again, later.
fn not_now(wait: Duration) -> Response {
    let retry_s = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
    Problem { retry_s: Some(retry_s), ..Code::TooManyRequests.into() }.into_response()
}

/// A body that has to be here in time.
struct Timely {
    body: Body,
    deadline: Pin<Box<Sleep>>,
}

impl http_body::Body for Timely {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            return Poll::Ready(frame);
        }
        match self.deadline.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Some(Err(axum::Error::new("the body did not come in time")))),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const INTAKE: &[u8] = b"intake";
    const DOOR: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 7));
    const PROXY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 1));

    fn limits() -> Limits {
        Limits::new(OPEN_PER_S, vec![PROXY], Duration::from_secs(1))
    }

    fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
        list.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap())).collect()
    }

    fn caller(limits: &Limits, list: &[(&'static str, &str)]) -> Caller {
        limits.caller(DOOR, &headers(list), &Digest::of(INTAKE))
    }

    /// How many requests get through at once.
    fn burst(limits: &Limits, caller: Caller) -> u32 {
        (0..20_000).take_while(|_| limits.count(caller).is_ok()).count() as u32
    }

    #[test]
    fn a_made_up_token_buys_nothing_and_a_good_one_a_limit_of_its_own() {
        let limits = limits();
        let desk = [("authorization", "Bearer t"), ("loket-desk", "KNC/W001")];
        assert_eq!(caller(&limits, &[("authorization", "Bearer t")]), Caller::Open(DOOR));
        assert_eq!(caller(&limits, &desk), Caller::Arrival(DOOR));
        limits.proven(&Digest::of(b"t"));
        assert_eq!(caller(&limits, &desk), Caller::Desk(Digest::of(b"t")));
        assert_eq!(caller(&limits, &[("authorization", "Bearer intake")]), Caller::Service);
        assert_eq!(caller(&limits, &[("loket-signature", "s")]), Caller::Arrival(DOOR));
    }

    #[test]
    fn each_caller_has_a_burst_and_the_next_has_another() {
        let limits = limits();
        let (one, other) = (Caller::Desk(Digest::of(b"1")), Caller::Desk(Digest::of(b"2")));
        // While it is counted the bucket fills up a little.
        assert!((DESK_BURST..DESK_BURST + DESK_PER_S).contains(&burst(&limits, one)));
        assert!(limits.count(one).is_err() && limits.count(other).is_ok());
        let open = OPEN_PER_S.get() * OPEN_BURST_S;
        assert!((open..open + OPEN_PER_S.get()).contains(&burst(&limits, Caller::Open(DOOR))));
        assert!((SERVICE_BURST..SERVICE_BURST + SERVICE_PER_S).contains(&burst(&limits, Caller::Service)));
    }

    #[test]
    fn all_desks_of_the_country_may_come_back_through_one_address() {
        let limits = limits();
        let got_in = burst(&limits, Caller::Arrival(DOOR));
        assert!(got_in >= 5_200, "{got_in}");
        assert!(got_in < ARRIVAL_BURST + ARRIVAL_PER_S, "{got_in}");
    }

    #[test]
    fn only_a_proxy_we_know_is_believed_and_only_in_its_own_words() {
        let limits = limits();
        let said = headers(&[("x-forwarded-for", "192.0.2.66, 192.0.2.1")]);
        assert_eq!(limits.address(DOOR, &said), DOOR);
        assert_eq!(limits.address(PROXY, &said), "192.0.2.1".parse::<IpAddr>().unwrap());
        assert_eq!(limits.address(PROXY, &headers(&[("x-forwarded-for", "nobody")])), PROXY);
        assert_eq!(limits.address(PROXY, &headers(&[])), PROXY);
    }

    #[test]
    fn a_network_of_ipv6_is_one_caller() {
        let ip = |text: &str| network(text.parse().unwrap());
        assert_eq!(ip("2001:db8::1"), ip("2001:db8::ffff:1"));
        assert_ne!(ip("2001:db8::1"), ip("2001:db8:0:1::1"));
        assert_eq!(ip("::ffff:192.0.2.1"), ip("192.0.2.1"));
    }

    #[test]
    fn who_is_quiet_is_forgotten_and_so_is_the_oldest_token() {
        let limits = limits();
        assert!(limits.count(Caller::Open(DOOR)).is_ok());
        std::thread::park_timeout(Duration::from_millis(200));
        limits.forget();
        assert!(limits.open.is_empty());
        for n in 0..=PROVEN_MAX {
            limits.proven(&Digest::of(&n.to_be_bytes()));
        }
        let proven = limits.proven.lock().unwrap();
        assert_eq!((proven.known.len(), proven.order.len()), (PROVEN_MAX, PROVEN_MAX));
        assert!(!proven.known.contains(&Digest::of(&0_usize.to_be_bytes())));
    }
}
