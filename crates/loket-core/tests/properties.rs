//! What must hold whatever happens, in whatever order: history takes everything, the rule book answers everything, the
//! two streams don't disturb each other, and what was stamped or sealed can't be changed unseen.

use chrono::NaiveDate;
use loket_core::act::*;
use loket_core::application::*;
use loket_core::id::*;
use loket_core::nik::{Nik, Sex};
use loket_core::office::*;
use loket_core::refusal::Refusal;
use loket_core::rules::{DocumentRule, Rules};
use loket_core::sync::{Row, RowBody, RowHeader, RowOutcome, Stream};
use loket_core::visit::{HoldReason, Outcome, Plan, Presence};
use loket_core::world::{self, Aggregate, Context, World, allowed, decide, follow_ups, next_in_share};
use proptest::prelude::*;
use proptest::sample::select;

const NOON: i64 = 1_795_410_000_000; // 23 November 2026, 12.00 in Jakarta

fn id<T: std::str::FromStr<Err = BadId>>(text: &str) -> T {
    text.parse().expect("an id")
}

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 23).expect("a real date")
}

fn receipt(desk: u16) -> ReceiptNo {
    ReceiptNo { office: id("KNC"), year: 26, desk: DeskId(desk), serial: 1 }
}

fn rules() -> Rules {
    let kinds = [(Kind::New, AgeClass::Adult), (Kind::New, AgeClass::Child)];
    let documents = vec![DocumentKind::Ktp, DocumentKind::FamilyCard];
    Rules {
        version: RulesVersion(1),
        effective_from: day(),
        zone_minutes: 420,
        letter_regular: "A".to_owned(),
        letter_priority: "P".to_owned(),
        recalls_max: 3,
        recall_gap_s: 15,
        recalls_before_no_show: 2,
        undo_s: 10,
        promise_min: 60,
        service_min: 12,
        collect_after_days: 4,
        fingers_from_age: 6,
        finger_quality_min: 40,
        finger_attempts_max: 3,
        offline_sign_in_days: 14,
        fields: vec![FormField::Nik],
        documents: kinds.map(|(kind, age)| DocumentRule { kind, age, documents: documents.clone() }).to_vec(),
        sessions: Vec::new(),
        reschedules_max: 1,
        tariffs: Vec::new(),
        surcharges: Vec::new(),
        electronic_only: false,
        adult_from_age: 17,
        people_per_account_max: 5,
        publish_from_hour: 18,
    }
}

fn commands() -> Vec<CommandRef> {
    (1..=2).flat_map(|desk| (1..=6).map(move |n| CommandRef { desk: DeskId(desk), n })).collect()
}

fn subjects() -> Vec<Subject> {
    let visits = ["v1", "v2"].map(|v| Subject::Visit(id(v)));
    let cases = ["a1", "a2"].map(|a| Subject::Application(id(a)));
    visits.into_iter().chain(cases).chain([Subject::Office]).collect()
}

/// Times a desk may claim, the absurd ones included.
fn times() -> Vec<Timestamp> {
    let edges = [i64::MIN, i64::MAX, 0, -1, 8_210_266_876_799_999, -8_334_601_228_800_000];
    let near = (0..6).map(|i| NOON + i * 16_000);
    edges.into_iter().chain(near).map(Timestamp).collect()
}

/// Every act there is, with the few names that can meet.
fn acts() -> Vec<Act> {
    let interview = |result| {
        let (destination, note) = ("MALAYSIA".to_owned(), "kata \"kutip\" \u{0}é".to_owned());
        Act::Interview { interview: Interview { purpose: Purpose::Hajj, destination, result, note } }
    };
    let verdict = |scan: &str, verdict| Act::Verdict {
        document: DocumentKind::Ktp,
        scan: Digest::of(scan.as_bytes()),
        verdict,
        to_applicant: "foto buram".to_owned(),
        note: String::new(),
    };
    let mark = |status, quality, reason| Act::Biometrics {
        part: BiometricPart::LeftThumb,
        mark: BiometricMark { status, quality, attempts: 1, reason },
    };
    let mut out = vec![
        Act::CheckIn { how: CheckInHow::Qr },
        Act::Return,
        verdict("one", Verdict::Accept),
        verdict("one", Verdict::Reject { reason: Reason::Expired }),
        verdict("two", Verdict::AskReupload { reason: Reason::Other }),
        Act::CheckField { field: FormField::Nik, against: DocumentKind::Ktp, agrees: true },
        mark(BiometricStatus::Captured, Some(20), None),
        mark(BiometricStatus::Exception, None, Some(ExceptionReason::Worn)),
        mark(BiometricStatus::Exception, None, None),
        Act::JudgeFace { judgement: FaceJudgement::Match },
        interview(InterviewResult::Passed),
        interview(InterviewResult::Held { until: None }),
        interview(InterviewResult::Held { until: Some(day()) }),
        interview(InterviewResult::Refused),
        Act::ProofSeen { what: "slip".to_owned(), reference: "1".to_owned() },
        Act::IssueReceipt { number: receipt(1) },
        Act::IssueReceipt { number: receipt(2) },
        Act::PrintReceipt { number: receipt(1), how: PrintHow::Pdf, copy: 1 },
    ];
    for command in commands() {
        let reason = || "salah".to_owned();
        out.push(Act::Undo { command });
        out.push(Act::Correct { command, reason: reason() });
        out.push(Act::Settle { command, settlement: Settlement::KeepStanding, reason: reason() });
        out.push(Act::Settle { command, settlement: Settlement::TakeDisputed, reason: reason() });
    }
    for (counter, other) in [(CounterNo(1), CounterNo(2)), (CounterNo(2), CounterNo(1))] {
        let (note, reason) = ("n".to_owned(), "r".to_owned());
        let asked = RequestId::new("ask").expect("an id");
        out.extend(
            [CallHow::Share { instead_of: Some(asked.clone()) }, CallHow::Asked { request: asked }]
                .map(|call| Act::Call { counter, call }),
        );
        let call = CallHow::Chosen { reason: reason.clone(), instead_of: None };
        out.push(Act::Call { counter, call });
        out.push(Act::Recall { counter });
        out.push(Act::NoShow { counter });
        out.push(Act::Hold { counter, reason: HoldReason::Other, until: Some(day()), note: note.clone() });
        out.push(Act::Transfer { to: other, note });
        for applications in [vec![id("a1")], vec![id("a2")], vec![id("a1"), id("a2")], Vec::new()] {
            for presence in [Presence::Called, Presence::Scanned] {
                out.push(Act::Start { counter, applications: applications.clone(), presence });
            }
            for outcome in [Outcome::Accepted, Outcome::GivenUp, Outcome::OnHold { until: None }] {
                let one =
                    |application: &ApplicationNo| ApplicationOutcome { application: application.clone(), outcome };
                out.push(Act::Finish { counter, outcomes: applications.iter().map(one).collect() });
            }
        }
        out.push(Act::OpenCounter { counter });
        out.push(Act::CloseCounter { counter });
        out.push(Act::Release { visits: vec![id("v1"), id("v2")], from: counter, to: other });
        out.push(Act::Reclaim { from: counter, to: other, reason });
    }
    out
}

/// What the centre writes about a case.
fn registry_events() -> Vec<Event> {
    let at = Timestamp(NOON);
    let form = Form {
        full_name: "RINA".to_owned(),
        nik: Nik::parse("3174025203900000").expect("a NIK"),
        birth_place: "JAKARTA".to_owned(),
        birth_date: NaiveDate::from_ymd_opt(2024, 2, 29).expect("a real date"),
        sex: Sex::Female,
        address: String::new(),
        mother_name: String::new(),
        father_name: String::new(),
        phone_tail: "0000".to_owned(),
        purpose: String::new(),
        destination: String::new(),
    };
    let submission = |age| {
        let (group, priority, form) = (None, Some(Priority::Toddler), form.clone());
        let submission = Submission {
            kind: Kind::New,
            age,
            electronic: true,
            validity_years: 5,
            same_day: false,
            married: false,
            form,
            group,
            priority,
            at,
        };
        Event::Submitted { submission: Box::new(submission) }
    };
    let uploaded = |scan: &str| {
        let (hash, document) = (Digest::of(scan.as_bytes()), DocumentKind::Ktp);
        let (file_name, media_type) = ("ktp.jpg".to_owned(), "image/jpeg".to_owned());
        Event::ScanUploaded { scan: UploadedScan { document, hash, file_name, media_type, bytes: 1, at } }
    };
    let payment = Payment { amount_rp: 650_000, ntpn: "A1".to_owned(), channel: "Pos".to_owned(), at };
    let answer = Answer {
        register: Register::BanList,
        result: AnswerResult::Clear,
        source: String::new(),
        differs: Vec::new(),
        at,
    };
    vec![
        submission(AgeClass::Adult),
        uploaded("one"),
        Event::Billed { bill: Bill { code: "8".to_owned(), amount_rp: 650_000, due: at } },
        Event::PaymentExpired,
        uploaded("two"),
        Event::Paid { payment },
        Event::Booked { appointment: Appointment { id: id("k1"), day: day(), slot: at }, ground: None },
        Event::RegisterAnswered { answer },
        submission(AgeClass::Child),
        Event::EarlierPassportsFound {
            passports: vec![EarlierPassport { number: "A1234567".to_owned(), issued: day(), expires: day() }],
        },
        Event::DuplicateFound { duplicate: Duplicate { office: id("KNC"), application: id("a2") } },
        Event::DeliveryChosen { delivery: Delivery::PickUp },
        Event::ProductionReported {
            report: ProductionReport {
                stage: ProductionStage::Ready,
                booklet: "X1".to_owned(),
                shelf: "B4".to_owned(),
                at,
            },
        },
        Event::Dispatched { consignment: Consignment { manifest: "m1".to_owned(), tracking_no: "t1".to_owned(), at } },
        Event::PostReported { report: PostReport { stage: PostStage::Returned, at } },
        Event::Cancelled { cancellation: Cancellation { by: CancelledBy::Applicant, reason: "r".to_owned(), at } },
    ]
}

/// What the counters write about a case: every fact, also as a dispute, and what takes facts back.
fn office_events() -> Vec<Event> {
    let (mut out, because) = (Vec::new(), Box::new(Refusal::BuiltUpon));
    for act in acts() {
        out.extend(match act.clone() {
            Act::Verdict { document, scan, verdict, to_applicant, note } => {
                Some(Event::VerdictGiven { document, scan, verdict, to_applicant, note })
            }
            Act::CheckField { field, against, agrees } => Some(Event::FieldChecked { field, against, agrees }),
            Act::Biometrics { part, mark } => Some(Event::BiometricsMarked { part, mark }),
            Act::JudgeFace { judgement } => Some(Event::FaceJudged { judgement }),
            Act::Interview { interview } => Some(Event::Interviewed { interview }),
            Act::ProofSeen { what, reference } => Some(Event::ProofOfPaymentSeen { what, reference }),
            Act::IssueReceipt { number } => Some(Event::ReceiptIssued { number }),
            Act::PrintReceipt { number, how, copy } => Some(Event::ReceiptPrinted { number, how, copy }),
            Act::Undo { command } => Some(Event::Undone { command }),
            Act::Correct { command, reason } => Some(Event::Corrected { command, reason }),
            Act::Settle { command, settlement, reason } => Some(Event::Settled { command, settlement, reason }),
            _ => None,
        });
        out.push(Event::Disputed { act: Box::new(act), because: because.clone() });
    }
    out
}

/// Everything else that can stand in a row.
fn other_events() -> Vec<Event> {
    let plan = Plan {
        day: day(),
        ticket: id("A-001"),
        appointment: id("k1"),
        slot: Timestamp(NOON),
        counter: CounterNo(1),
        kind: Kind::New,
        priority: None,
        applications: vec![id("a1"), id("a2")],
    };
    let officer = |name: &str| OfficerId::new(name).expect("an id");
    let mut out = vec![
        Event::Published { plan },
        Event::Withdrawn { reason: "r".to_owned() },
        Event::CheckedIn { how: CheckInHow::Name },
        Event::CameBack,
        Event::RulesSet { rules: Box::new(rules()) },
        Event::EpochDeclared {
            epoch: Epoch(2),
            office: OfficeCode::new("KNC").expect("an id"),
            by: officer("sri"),
            and: officer("adi"),
        },
        Event::RulesApproved { version: RulesVersion(1), proposed_by: officer("sri"), approved_by: officer("adi") },
    ];
    for (counter, desk, who) in [(CounterNo(1), DeskId(1), "sari"), (CounterNo(2), DeskId(2), "budi")] {
        let (officer, note, request) = (officer(who), "n".to_owned(), RequestId::new("ask").expect("an id"));
        let call = CallHow::Asked { request: request.clone() };
        let outcome = Outcome::GivenUp;
        out.extend([
            Event::Called { counter, desk, officer: officer.clone(), call },
            Event::CallVoided { counter, request: Some(request) },
            Event::Recalled { counter },
            Event::Started { counter, applications: vec![id("a1")], presence: Presence::Scanned },
            Event::Started { counter, applications: Vec::new(), presence: Presence::Called },
            Event::WentMissing { counter },
            Event::Held { counter, reason: HoldReason::Payment, until: None, note: note.clone() },
            Event::Transferred { to: counter, note },
            Event::ShareSet { counter, reclaimed: true },
            Event::Finished { counter, outcomes: vec![ApplicationOutcome { application: id("a1"), outcome }] },
            Event::CounterSet { counter: CounterInfo { no: counter, service: "s".to_owned() } },
            Event::CounterOpened { counter, desk, officer },
            Event::CounterClosed { counter },
            Event::Released { visits: vec![id("v1")], to: counter },
            Event::Reclaimed { visits: vec![id("v2")], from: counter, to: counter, reason: "r".to_owned() },
        ]);
    }
    out
}

fn stamps() -> impl Strategy<Value = Stamp> {
    let desk = (select(commands()), select(vec!["sari", "budi"])).prop_map(|(c, who)| Origin::Desk {
        desk: c.desk,
        n: c.n,
        officer: id(who),
    });
    let service = (0..9_u32).prop_map(|n| Origin::Service { name: "centre".to_owned(), external_id: n.to_string() });
    (prop_oneof![desk, service], select(times())).prop_map(|(origin, at)| Stamp { origin, at })
}

fn rows() -> impl Strategy<Value = Vec<(Subject, Stamp, Vec<Event>)>> {
    let events = [registry_events(), office_events(), other_events()];
    let [registry, office, other] = events.map(|pool| select(pool).boxed());
    let event = prop_oneof![1 => registry, 1 => office, 6 => other];
    prop::collection::vec((select(subjects()), stamps(), prop::collection::vec(event, 0..4)), 0..60)
}

/// A world that can come about: rows in any order, on an office whose plan and counters are known.
fn worlds() -> impl Strategy<Value = World> {
    rows().prop_map(|rows| {
        let mut world = World::default();
        let stamp = |n: usize| {
            let origin = Origin::Service { name: "morning".to_owned(), external_id: n.to_string() };
            Stamp { origin, at: Timestamp(NOON) }
        };
        for (n, event) in other_events().into_iter().enumerate() {
            match &event {
                Event::Published { .. } => {
                    world.apply(&subjects()[0], &stamp(n), std::slice::from_ref(&event));
                    world.apply(&subjects()[1], &stamp(n), &[event]);
                }
                Event::CounterSet { .. } | Event::CounterOpened { .. } => {
                    world.apply(&Subject::Office, &stamp(n), &[event]);
                }
                _ => {}
            }
        }
        rows.iter().for_each(|(subject, stamp, events)| world.apply(subject, stamp, events));
        world
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn history_takes_everything_and_can_be_stored_and_read_back(rows in rows()) {
        let mut world = World::default();
        for (subject, stamp, events) in &rows {
            world.apply(subject, stamp, events);
            for (subject, events) in follow_ups(subject, events) {
                world.apply(&subject, stamp, &events);
            }
        }
        for aggregate in subjects().iter().filter_map(|s| world.get(s)) {
            let text = serde_json::to_string(&aggregate).expect("an aggregate is plain data");
            prop_assert_eq!(serde_json::from_str::<Aggregate>(&text).expect("readable"), aggregate);
        }
    }

    #[test]
    fn the_rule_book_answers_everything(world in worlds(), now in select(times()), supervisor: bool) {
        let (rules, officer) = (rules(), id("sari"));
        let role = if supervisor { Role::Supervisor } else { Role::Officer };
        let ctx = Context { rules: &rules, now, desk: DeskId(1), officer: &officer, role, related: &world };
        let stamp = Stamp { origin: Origin::Desk { desk: DeskId(1), n: 99, officer: officer.clone() }, at: now };
        for counter in [CounterNo(1), CounterNo(2)] {
            let _ = next_in_share(&ctx, counter);
            for visit in world.visits.values() {
                let _ = allowed(&ctx, Some(visit), counter);
            }
        }
        for subject in subjects() {
            for act in acts() {
                if let Ok(events) = decide(&ctx, &subject, &act) {
                    prop_assert!(!events.is_empty(), "a yes says what happened: {act:?}");
                    let mut after = World::default();
                    if let Some(aggregate) = world.get(&subject) {
                        after.put(aggregate);
                    }
                    after.apply(&subject, &stamp, &events);
                }
            }
        }
    }

    #[test]
    fn the_order_of_the_two_streams_never_matters(registry_first in prop::collection::vec(any::<bool>(), 0..40)) {
        let case = Subject::Application(id("a1"));
        let stamp = |name: &str, n: usize| {
            let external_id = n.to_string();
            Stamp { origin: Origin::Service { name: name.to_owned(), external_id }, at: Timestamp(NOON + n as i64) }
        };
        let registry: Vec<_> =
            registry_events().into_iter().enumerate().map(|(n, e)| (stamp("centre", n), e)).collect();
        let office: Vec<_> = office_events().into_iter().enumerate().map(|(n, e)| {
            let origin = Origin::Desk { desk: DeskId(1), n: n as u64 % 7, officer: id("sari") };
            (Stamp { origin, at: Timestamp(NOON) }, e)
        }).collect();
        let mut expected = World::default();
        for (stamp, event) in registry.iter().chain(&office) {
            expected.apply(&case, stamp, std::slice::from_ref(event));
        }
        let mut mixed = World::default();
        let (mut registry, mut office) = (registry.into_iter(), office.into_iter());
        let mut turns = registry_first.into_iter();
        loop {
            let next = match turns.next() {
                Some(true) => registry.next().or_else(|| office.next()),
                Some(false) | None => office.next().or_else(|| registry.next()),
            };
            let Some((stamp, event)) = next else { break };
            mixed.apply(&case, &stamp, &[event]);
        }
        prop_assert_eq!(mixed, expected);
    }

    #[test]
    fn a_stamp_is_read_back_as_the_same_command(
        act in select(acts()), subject in select(subjects()), n: u64, at: i64, prev: [u8; 32], desk: u16, rules: u32,
    ) {
        let (officer, prev) = (id("sari"), Digest(prev));
        let (desk, at, rules) = (DeskId(desk), Timestamp(at), RulesVersion(rules));
        let command = Command { desk, n, prev, officer, at, rules, subject, act };
        let stamped = command.stamp();
        let again: Command = serde_json::from_str(&stamped).expect("readable");
        prop_assert_eq!(Command::digest_of(&again.stamp()), Command::digest_of(&stamped));
        prop_assert_eq!(again, command);
    }
}

/// Every place of every part, with signs that keep the JSON readable where they can: only the leaf can tell.
#[test]
fn one_changed_character_of_a_row_is_seen() {
    let row = row([7; 16]);
    assert!(row.open().is_ok());
    let body = row.body.clone().expect("a row is made with its body");
    for by in "0123456789abcdefzA \"}\u{e9}".chars() {
        let changed = |text: &str, put: &dyn Fn(&mut Row, String)| {
            for at in 0..text.len() {
                let mut changed = row.clone();
                put(&mut changed, text.chars().enumerate().map(|(i, c)| if i == at { by } else { c }).collect());
                assert_eq!(changed.open().is_ok(), changed == row, "{by:?} at {at} of {text}");
            }
        };
        changed(&row.header, &|row, text| row.header = text);
        changed(&row.salt, &|row, text| row.salt = text);
        changed(&body, &|row, text| row.body = Some(text));
    }
    for at in 0..32 {
        let mut changed = row.clone();
        changed.leaf.0[at] ^= 1;
        assert!(changed.open().is_err());
    }
}

fn row(salt: [u8; 16]) -> Row {
    let origin = Origin::Desk { desk: DeskId(7), n: 412, officer: id("sari") };
    let (epoch, seq, at) = (Epoch(1), 9, Timestamp(NOON));
    let (subject, outcome) = (Subject::Application(id("a1")), RowOutcome::Applied);
    let header = RowHeader { stream: Stream::Office, epoch, seq, subject, origin: origin.clone(), outcome, at };
    let body = RowBody { stamped: None, stamp: Stamp { origin, at }, events: vec![Event::CameBack] };
    Row::new(&header, &body, salt)
}

#[test]
fn an_empty_hand_changes_nothing() {
    let stamp = Stamp { origin: Origin::Desk { desk: DeskId(1), n: 1, officer: id("sari") }, at: Timestamp(NOON) };
    let mut world = World::default();
    subjects().iter().for_each(|subject| world.apply(subject, &stamp, &[]));
    assert_eq!(world, World::default());
    assert!(world::follow_ups(&Subject::Office, &[]).is_empty());
}
