//! Brings a machine to where everything else can run: system packages, Node, the UI's packages and its built page, the
//! crates. It installs only what is missing and only where it has the right to; elsewhere it prints the one command to
//! type and stops. It never touches anything outside the package manager, `ui/`, `target/` and cargo's own store.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

use crate::python;
use crate::run::{NeedsHand, Place, answer, minutes, run};

/// Vite's own floor.
const NODE_MIN: (u32, u32) = (20, 19);
const FETCH_TRIES: u32 = 3;

/// What the machine is being prepared for; each includes the ones before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum For {
    Build,
    Demo,
    Tests,
}

const PACKAGES: &[(&str, For, &str)] = &[
    ("build-essential", For::Build, "linker and C compiler, for SQLite and zstd"),
    ("pkg-config", For::Build, "finds the libraries below"),
    ("libwebkit2gtk-4.1-dev", For::Build, "the web view of the window"),
    ("libgtk-3-dev", For::Build, "the window itself and its file dialogs"),
    ("librsvg2-dev", For::Build, "icons of the window"),
    ("fonts-noto-core", For::Demo, "names with any diacritic on screen"),
    ("fonts-noto-mono", For::Demo, "passport and receipt numbers on screen"),
    ("git", For::Tests, "the history that migrations are compared with"),
    ("webkit2gtk-driver", For::Tests, "drives the real window in tests"),
    ("postgresql", For::Tests, "the ledger's other database"),
    ("python3-venv", For::Tests, "test servers from PyPI, in a folder of their own"),
    ("xvfb", For::Tests, "a display where there is none"),
    ("x11-utils", For::Tests, "tells which window is in front"),
    ("chromium", For::Tests, "the same UI in a plain browser: accessibility, keyboard, screenshots"),
    ("poppler-utils", For::Tests, "reads receipts back as text and pixels"),
    ("qpdf", For::Tests, "judges whether a receipt is a sound PDF"),
    ("zbar-tools", For::Tests, "reads the receipt's QR code as a phone would"),
    ("imagemagick", For::Tests, "screenshots and their comparison"),
];

pub fn setup(place: &Place, goal: For) -> Result<()> {
    packages(place, goal)?;
    node()?;
    crates(place)?;
    if goal >= For::Tests {
        python::programs(place)?;
    }
    page(place)
}

fn packages(place: &Place, goal: For) -> Result<()> {
    let wanted: Vec<_> = PACKAGES.iter().filter(|(_, needed, _)| *needed <= goal).collect();
    if answer("dpkg-query", &["--version"]).is_none() || answer("apt-get", &["--version"]).is_none() {
        println!("No apt here, so nothing was checked. Loket needs what Debian 12 calls:");
        for (name, _, why) in wanted {
            println!("  {name:<24}{why}");
        }
        println!("If the build stops at a missing library, it is one of these.");
        return Ok(());
    }
    let names: Vec<&str> = wanted.iter().map(|(name, _, _)| *name).collect();
    let missing = missing(&names, &installed(&names)?);
    if missing.is_empty() {
        return Ok(());
    }
    for (name, _, why) in wanted.iter().filter(|(name, _, _)| missing.contains(name)) {
        println!("Missing: {name:<24}{why}");
    }
    let by_hand = format!("apt-get update && apt-get install -y --no-install-recommends {}", missing.join(" "));
    let Some(prefix) = right_to_install() else {
        bail!(NeedsHand(format!(
            "These packages are missing and need root. Run this, then try again:\n\n  sudo sh -c '{by_hand}'"
        )));
    };
    let apt = |words: &[&str]| {
        let words = [prefix, &["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"], words].concat();
        run(&mut place.command(words[0], &words[1..]), minutes(30))
    };
    apt(&["update"])
        .and_then(|()| apt(&[&["install", "-y", "--no-install-recommends"], &missing[..]].concat()))
        .map_err(|error| NeedsHand(format!("{error:#}\nInstalling packages failed. By hand:\n\n  {by_hand}")).into())
}

/// dpkg-query exits with 1 when it knows one name of many not at all, but still lists the others.
fn installed(names: &[&str]) -> Result<String> {
    let mut query = Command::new("dpkg-query");
    query.args(["-W", "-f", "${db:Status-Abbrev}|${Package}\n"]).args(names);
    Ok(String::from_utf8_lossy(&query.output().context("Asking dpkg-query")?.stdout).into_owned())
}

fn missing<'a>(names: &[&'a str], listing: &str) -> Vec<&'a str> {
    let has = |name: &str| {
        listing
            .lines()
            .filter_map(|line| line.split_once('|'))
            .any(|(status, package)| package == name && status.starts_with("ii"))
    };
    names.iter().copied().filter(|name| !has(name)).collect()
}

fn right_to_install() -> Option<&'static [&'static str]> {
    if answer("id", &["-u"]).as_deref() == Some("0") {
        return Some(&[]);
    }
    answer("sudo", &["-n", "true"]).map(|_| &["sudo", "-n"] as &[&str])
}

fn node() -> Result<()> {
    let (major, minor) = NODE_MIN;
    let Some(said) = answer("node", &["--version"]) else {
        bail!(NeedsHand(format!(
            "Node {major}.{minor} or newer is needed for ui/ and `node` was not found. See nodejs.org."
        )));
    };
    if version(&said).is_none_or(|found| found < NODE_MIN) {
        bail!(NeedsHand(format!(
            "Node {major}.{minor} or newer is needed for ui/; this one is {said}. See nodejs.org."
        )));
    }
    if answer("npm", &["--version"]).is_none() {
        bail!(NeedsHand(
            "npm was not found beside Node. It comes with Node from nodejs.org, as a package of its own with Debian."
                .into()
        ));
    }
    Ok(())
}

fn version(said: &str) -> Option<(u32, u32)> {
    let mut numbers = said.trim_start_matches('v').split('.').map(|part| part.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

/// Tried more than once: a registry's index has answered with half an update before, and was right a second later.
fn crates(place: &Place) -> Result<()> {
    for left in (0..FETCH_TRIES).rev() {
        match run(&mut place.cargo(&["fetch"]), minutes(15)) {
            Ok(()) => return Ok(()),
            Err(error) if left == 0 => return Err(error),
            Err(error) => println!("{error:#}\nTrying again."),
        }
    }
    Ok(())
}

/// The UI's packages, and the built page that the window embeds.
fn page(place: &Place) -> Result<()> {
    let ui = place.ui();
    let lock = ui.join("package-lock.json");
    let asked_for = changed_at(&lock).context("ui/package-lock.json is not there; it belongs in the repository")?;
    // npm writes this file last, so it also says that the previous install came to its end.
    if changed_at(&ui.join("node_modules/.package-lock.json")).is_none_or(|installed| installed < asked_for) {
        run(&mut place.npm(&["ci", "--no-audit", "--no-fund"]), minutes(15))?;
    }
    let built = changed_at(&ui.join("dist/index.html"));
    if built.is_none_or(|built| newest(&ui).is_some_and(|source| source > built)) {
        build_page(place)?;
    }
    Ok(())
}

pub fn build_page(place: &Place) -> Result<()> {
    run(&mut place.npm(&["run", "build"]), minutes(5))
}

fn changed_at(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}

fn newest(folder: &Path) -> Option<SystemTime> {
    let entries = fs::read_dir(folder).ok()?.flatten();
    entries
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            !name.starts_with('.') && name != "node_modules" && name != "dist"
        })
        .filter_map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => newest(&entry.path()),
            _ => changed_at(&entry.path()),
        })
        .max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removed_or_unknown_packages_are_missing() {
        let listing = "ii |xvfb\nrc |qpdf\nun |chromium\n";
        assert_eq!(missing(&["xvfb", "qpdf", "chromium", "zbar-tools"], listing), ["qpdf", "chromium", "zbar-tools"]);
    }

    #[test]
    fn node_is_compared_by_number_not_by_letter() {
        assert_eq!(version("v20.20.2"), Some((20, 20)));
        assert!(version("v9.9.0").is_some_and(|found| found < NODE_MIN));
        assert!(version("v100.0.0").is_some_and(|found| found > NODE_MIN));
        assert_eq!(version("nonsense"), None);
    }

    #[test]
    fn a_demo_does_not_ask_for_a_browser() {
        assert!(For::Build < For::Demo && For::Demo < For::Tests);
        assert!(
            PACKAGES
                .iter()
                .all(|(name, needed, why)| (*name != "chromium" || *needed == For::Tests) && !why.is_empty())
        );
    }
}
