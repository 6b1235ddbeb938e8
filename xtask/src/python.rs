//! Programs from PyPI that only tests need, in an environment of their own below `target`. It holds exactly the versions
//! that `tests/requirements.txt` names and is made anew when that file changes. It never touches the machine's Python.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::run::{Place, minutes, run};

const REQUIREMENTS: &str = "tests/requirements.txt";
const VENV_MINUTES: u64 = 3;
const PIP_MINUTES: u64 = 15;

/// The folder of the programs, made if need be.
pub fn programs(place: &Place) -> Result<PathBuf> {
    let folder = place.target.join("python");
    let wanted = fs::read_to_string(place.root.join(REQUIREMENTS)).context("Reading tests/requirements.txt")?;
    // Written last, so it also says that the installation came to its end.
    let made_from = folder.join("requirements.txt");
    if fs::read_to_string(&made_from).ok().as_ref() != Some(&wanted) {
        let path = folder.to_string_lossy().into_owned();
        run(&mut place.command("python3", &["-m", "venv", "--clear", &path]), minutes(VENV_MINUTES))?;
        let words = ["install", "--quiet", "--disable-pip-version-check", "--no-input", "-r", REQUIREMENTS];
        run(&mut place.command(folder.join("bin/pip"), &words), minutes(PIP_MINUTES))?;
        fs::write(&made_from, &wanted).with_context(|| format!("Writing {}", made_from.display()))?;
    }
    Ok(folder.join("bin"))
}
