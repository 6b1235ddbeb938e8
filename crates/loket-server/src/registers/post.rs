//! The post (PT Pos): booklets are handed over with a manifest, each gets a number, and is asked after until it was
//! delivered or comes back. A manifest is made whether the post answers or not, and told to it as soon as it does. What
//! happens to a passport that came back is decided at the office; it is not sent again by itself.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use loket_core::act::Event;
use loket_core::application::{PostReport, PostStage};
use loket_core::id::{ApplicationNo, OfficeCode, Timestamp};
use serde::{Deserialize, Serialize};

use super::line::{Connection, Trouble};
use super::{Adapters, Run, Said, Stop, System, check as holds, is_plausible, is_word};
use crate::ledger::{ErrandCase, Ledger, Manifest, Next};

/// How often a consignment is asked after, in milliseconds.
pub const ASK_AGAIN_MS: i64 = 10 * 60_000;
/// Steps in one answer; the next answer has the rest.
pub const STEPS_MAX: usize = 50;

/// A booklet on a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcel {
    pub application_no: ApplicationNo,
    pub recipient: String,
    pub address: String,
    pub phone: String,
}

/// `POST /manifests`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandOver {
    /// The same manifest is taken in once, however often it is sent.
    pub manifest: String,
    pub office: OfficeCode,
    pub parcels: Vec<Parcel>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Consigned {
    pub application_no: ApplicationNo,
    pub tracking_no: String,
}

/// The answer to a [`HandOver`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TakenIn {
    pub manifest: String,
    /// Each booklet once.
    pub consignments: Vec<Consigned>,
}

/// `POST /steps`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WhereIs {
    pub tracking_no: String,
    /// Steps up to this one are known here.
    pub after: u64,
}

/// Something that happened to a consignment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Step {
    /// 1, 2, 3... within a consignment.
    pub id: u64,
    pub stage: PostStage,
    pub at: Timestamp,
}

/// The answer to [`WhereIs`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Steps {
    pub tracking_no: String,
    pub steps: Vec<Step>,
}

/// Tells the post of a manifest; the number of each booklet.
async fn hand_over(line: &Connection, manifest: &Manifest) -> Result<Vec<(ApplicationNo, String)>, Trouble> {
    let parcels = manifest.parcels.iter().map(|p| Parcel {
        application_no: p.application.clone(),
        recipient: p.recipient.clone(),
        address: p.address.clone(),
        phone: p.phone.clone(),
    });
    let (id, office) = (manifest.id.clone(), manifest.office.clone());
    let question = HandOver { manifest: id, office, parcels: parcels.collect() };
    let said: TakenIn = line.ask("/manifests", &question).await?;
    holds(said.manifest == question.manifest, "other_manifest")?;
    let mut numbers: BTreeMap<ApplicationNo, String> = BTreeMap::new();
    for Consigned { application_no, tracking_no } in said.consignments {
        holds(is_word(&tracking_no), "tracking_no")?;
        holds(!numbers.values().any(|n| *n == tracking_no), "tracking_no")?;
        holds(numbers.insert(application_no, tracking_no).is_none(), "consignments")?;
    }
    let mut ours = question.parcels.iter().map(|p| &p.application_no);
    holds(numbers.len() == question.parcels.len() && ours.all(|no| numbers.contains_key(no)), "consignments")?;
    Ok(numbers.into_iter().collect())
}

pub(super) async fn manifest(run: &Run<'_>) -> Result<Said, Stop> {
    let manifest = run.ledger.manifest(&run.errand.about).await?;
    let sent = hand_over(run.line, &manifest).await?;
    // It closes the errand itself: whoever made the manifest may have come first.
    run.ledger.dispatch(&manifest.id, &manifest.office, &sent).await?;
    Ok(Said { rows: Vec::new(), next: Next::Done })
}

pub(super) async fn track(run: &Run<'_>, case: &ErrandCase) -> Result<Said, Stop> {
    let consignment = case.application.consignment.as_ref().ok_or(Stop::HeldBack("not_dispatched"))?;
    let after = run.errand.about.parse().unwrap_or(0);
    let question = WhereIs { tracking_no: consignment.tracking_no.clone(), after };
    let said: Steps = run.line.ask("/steps", &question).await?;
    holds(said.tracking_no == question.tracking_no, "other_consignment")?;
    holds(said.steps.len() <= STEPS_MAX, "too_many_steps")?;
    let (mut last, mut ended) = (after, false);
    let mut rows = Vec::new();
    for step in said.steps {
        holds(Some(step.id) == last.checked_add(1), "step_out_of_order")?;
        holds(!ended, "stage")?;
        holds(is_plausible(step.at, run.now), "at")?;
        (last, ended) = (step.id, step.stage != PostStage::InTransit);
        let report = PostReport { stage: step.stage, at: step.at };
        let external_id = format!("{}/{last}", consignment.tracking_no);
        rows.push(run.row("post", &case.application.no, &external_id, vec![Event::PostReported { report }]));
    }
    let next = if ended { Next::Done } else { run.later(ASK_AGAIN_MS, last.to_string()) };
    Ok(Said { rows, next })
}

/// What an administrator does at the end of a day: makes the manifest of everything that lies ready and goes by post,
/// tells the post if it answers, and prints the list. With `again` an earlier list, with the numbers it has got since.
///
/// # Errors
/// A ledger or a file that can't be written. A post that does not answer is none: the server goes on asking it.
pub async fn admin_manifest(
    ledger: &Ledger,
    adapters: &Adapters,
    office: &OfficeCode,
    again: Option<&str>,
    to: Option<&Path>,
) -> anyhow::Result<Vec<String>> {
    let id = match again {
        Some(id) => id.to_owned(),
        None => match ledger.make_manifest(office).await? {
            Some(made) => made.id,
            None => {
                return Ok(vec![format!("{office}: nothing lies ready for the post")]);
            }
        },
    };
    let mut manifest = ledger.manifest(&id).await?;
    anyhow::ensure!(manifest.office == *office, "{id} is not a manifest of {office}");
    let is_waiting = manifest.parcels.iter().any(|p| p.tracking_no.is_empty());
    if let (true, Some(line)) = (is_waiting, adapters.connection(System::Post)?) {
        match hand_over(&line, &manifest).await {
            Ok(sent) => {
                ledger.dispatch(&id, office, &sent).await?;
                manifest = ledger.manifest(&id).await?;
            }
            Err(trouble) => {
                eprintln!("The post did not take it in yet ({}); the server goes on trying", trouble.code())
            }
        }
    }
    if let Some(to) = to {
        let mut file = std::fs::File::create(to).with_context(|| format!("Writing {}", to.display()))?;
        file.write_all(csv(&manifest).as_bytes()).with_context(|| format!("Writing {}", to.display()))?;
    }
    Ok(vec![lines(&manifest)])
}

/// As it is read at a desk.
fn lines(manifest: &Manifest) -> String {
    let waits = |number: &str| if number.is_empty() { "no number yet".to_owned() } else { number.to_owned() };
    let parcels =
        manifest.parcels.iter().map(|p| format!("{}  {}  {}", p.application, waits(&p.tracking_no), p.recipient));
    let head = format!("{}: {} booklets", manifest.id, manifest.parcels.len());
    std::iter::once(head).chain(parcels).collect::<Vec<_>>().join("\n")
}

/// One cell. A text that a spreadsheet would take for a formula gets an apostrophe in front.
fn cell(text: &str) -> String {
    let is_formula = text.trim_start().starts_with(['=', '+', '-', '@']) || text.starts_with(['\t', '\r']);
    let guarded = if is_formula { format!("'{text}") } else { text.to_owned() };
    if guarded.contains([',', '"', '\n', '\r']) { format!("\"{}\"", guarded.replace('"', "\"\"")) } else { guarded }
}

fn csv(manifest: &Manifest) -> String {
    let mut out = "manifest,application_no,tracking_no,recipient,address,phone\r\n".to_owned();
    for p in &manifest.parcels {
        let cells = [manifest.id.as_str(), p.application.as_str(), &p.tracking_no, &p.recipient, &p.address, &p.phone];
        out.push_str(&cells.map(cell).join(","));
        out.push_str("\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn a_spreadsheet_never_takes_an_address_for_a_formula() {
        assert_eq!(cell("=HYPERLINK(\"http://x\")"), "\"'=HYPERLINK(\"\"http://x\"\")\"");
        assert_eq!(cell("+62812"), "'+62812");
        assert_eq!(cell("-1"), "'-1");
        assert_eq!(cell("@SUM"), "'@SUM");
        assert_eq!(cell(" =1"), "' =1");
        assert_eq!(cell("Jalan Contoh 2, Jakarta"), "\"Jalan Contoh 2, Jakarta\"");
        assert_eq!(cell("Jalan Contoh-2"), "Jalan Contoh-2");
    }
}
