//! The command list: everything a window, a browser test or a benchmark can ask of a desk. One list makes the dispatch
//! for every host and the TypeScript of `ui/src/gen/api.ts`. `call` and `dispatch` only carry; what happens is in
//! [`crate::desk`].

use loket_core::act::{Act, Subject};
use loket_core::id::{ApplicationNo, CounterNo, OfficerId, ReceiptNo, ScanHash, VisitId};
use loket_core::refusal::Fault;
use serde::Deserialize;
use serde_json::Value;
use ts_rs::TS;

use crate::desk::Desk;
use crate::view::{
    CalledView, Changed, CountersView, Language, QueueRow, QueueView, Recorded, SavedReceipt, ScanInfo, ScanResult,
    ServeView, StatusView, SyncView,
};

/// A request without arguments.
#[derive(Debug, Deserialize, TS)]
pub struct Nothing {}

/// Makes this machine a workstation of an office.
#[derive(Debug, Deserialize, TS)]
pub struct Enrol {
    /// Address of the server, such as `http://10.1.2.3:8080`.
    pub server: String,
    /// The one-time code.
    pub code: String,
    /// What people call the machine.
    pub name: String,
}

/// User name and password.
#[derive(Deserialize, TS)]
pub struct SignIn {
    pub officer: OfficerId,
    pub password: String,
}

/// A counter.
#[derive(Debug, Deserialize, TS)]
pub struct AtCounter {
    pub counter: CounterNo,
}

/// A case to be shown; the first open application of the visit if none is named.
#[derive(Debug, Deserialize, TS)]
pub struct ServeCase {
    pub visit: VisitId,
    pub application: Option<ApplicationNo>,
}

/// Text of a scanner or of a search field.
#[derive(Debug, Deserialize, TS)]
pub struct Text {
    pub text: String,
}

/// An act of the officer.
// TypeScript has a `Record` of its own.
#[derive(Debug, Deserialize, TS)]
#[ts(rename = "RecordAct")]
pub struct Record {
    pub subject: Subject,
    pub act: Act,
}

/// Call somebody out of order.
#[derive(Debug, Deserialize, TS)]
pub struct CallChosen {
    pub visit: VisitId,
    pub reason: String,
}

/// A case.
#[derive(Debug, Deserialize, TS)]
pub struct OfApplication {
    pub application: ApplicationNo,
}

/// A receipt to be written to a file that the officer chooses.
#[derive(Debug, Deserialize, TS)]
pub struct SaveReceipt {
    pub application: ApplicationNo,
    pub number: ReceiptNo,
    pub language: Language,
}

/// A scan.
#[derive(Debug, Deserialize, TS)]
pub struct OfScan {
    pub hash: ScanHash,
}

macro_rules! commands {
    ($($(#[doc = $doc:literal])* $name:ident: $request:ty => $reply:ty;)*) => {
        /// Names of all commands, for tests that must reach each of them.
        pub const COMMANDS: &[&str] = &[$(stringify!($name)),*];

        /// Carries a call to the desk.
        ///
        /// # Errors
        /// What the command answers, or [`Fault::BadRequest`] for an unknown name or malformed arguments.
        pub async fn dispatch(desk: &Desk, name: &str, body: Value) -> Result<Value, Fault> {
            match name {
                $(stringify!($name) => {
                    let request: $request = serde_json::from_value(body)
                        .map_err(|e| Fault::BadRequest { what: format!("{name}: {e}") })?;
                    let reply: $reply = desk.$name(request).await?;
                    Ok(serde_json::to_value(reply).expect("views are plain data"))
                })*
                _ => Err(Fault::BadRequest { what: format!("unknown command {name:?}") }),
            }
        }

        fn command_lines(cfg: &ts_rs::Config) -> String {
            let mut out = String::new();
            $(
                $(out += &format!("  /** {} */\n", $doc.trim());)*
                out += &format!(
                    "  {}: {{ request: {}; reply: {} }};\n",
                    stringify!($name), <$request>::name(cfg), <$reply>::name(cfg),
                );
            )*
            out
        }

        fn visit_all(visitor: &mut impl ts_rs::TypeVisitor) {
            $(visitor.visit::<$request>(); visitor.visit::<$reply>();)*
            visitor.visit::<Fault>();
            visitor.visit::<Changed>();
        }
    };
}

commands! {
    /// What stands on every screen.
    status: Nothing => StatusView;
    /// Makes this machine a workstation of an office.
    enrol: Enrol => StatusView;
    /// Signs an officer in; offline too.
    sign_in: SignIn => StatusView;
    /// Locks the desk: data is gone from memory until the next sign-in. Unsent work goes on being sent.
    sign_out: Nothing => StatusView;
    /// The counters of the office and what this desk has prepared.
    counters: Nothing => CountersView;
    /// Opens a counter here.
    open_counter: AtCounter => StatusView;
    /// Closes the counter here.
    close_counter: Nothing => StatusView;
    /// The queue as this counter sees it.
    queue: Nothing => QueueView;
    /// A case.
    serve: ServeCase => ServeView;
    /// Visits of today by ticket, name, application number, or tail of the NIK or telephone number.
    find: Text => Vec<QueueRow>;
    /// A code that a scanner typed: checks the visit in.
    scan_code: Text => ScanResult;
    /// Saves an act of the officer.
    record: Record => Recorded;
    /// Calls the next of the queue to this counter: asks the centre, or takes from the own share.
    call_next: Nothing => CalledView;
    /// Calls somebody out of order, from the own share, with a reason.
    call_chosen: CallChosen => CalledView;
    /// Takes back the newest act of this officer at this desk, within seconds.
    undo: Nothing => Recorded;
    /// Makes a receipt: takes the next number of this desk's series.
    issue_receipt: OfApplication => ReceiptNo;
    /// Writes a receipt to a PDF that the officer names in a native dialog.
    save_receipt: SaveReceipt => SavedReceipt;
    /// Can this scan be shown, and how many pages has it?
    scan_info: OfScan => ScanInfo;
    /// What was done here and where it is.
    sync: Nothing => SyncView;
    /// Speaks to the centre at once.
    sync_now: Nothing => StatusView;
}

/// The TypeScript of the command list and of every type in it. Committed as `ui/src/gen/api.ts`; a test writes it anew
/// and fails when it had drifted.
pub fn typescript() -> String {
    struct Collect {
        cfg: ts_rs::Config,
        found: std::collections::BTreeMap<String, String>,
    }
    impl ts_rs::TypeVisitor for Collect {
        fn visit<T: TS + 'static + ?Sized>(&mut self) {
            // Only types of ours have a place to be exported to; the others are built into TypeScript.
            if T::output_path().is_none() {
                T::visit_generics(self);
                T::visit_dependencies(self);
                return;
            }
            let name = T::ident(&self.cfg);
            if self.found.contains_key(&name) {
                return;
            }
            self.found.insert(name, T::decl(&self.cfg));
            T::visit_generics(self);
            T::visit_dependencies(self);
        }
    }
    // Numbers that cross are below 2^53: times in milliseconds, sizes of files, counts.
    let cfg = ts_rs::Config::new().with_large_int("number");
    let mut collect = Collect { cfg, found: Default::default() };
    visit_all(&mut collect);
    let mut out = String::from("// Written by `cargo test -p loket-desk` from api.rs. Don't edit.\n\n");
    for decl in collect.found.values() {
        out += &format!("export {decl}\n");
    }
    out += "\n/** Everything that can be asked of a desk. */\nexport interface Api {\n";
    out += &command_lines(&collect.cfg);
    out + "}\n"
}
