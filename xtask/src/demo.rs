//! The sample office, for a person to look at or for a machine to play through. It builds what `test` builds, with the
//! same features, and hands over to `office_demo` of the tests crate. It never holds any of the day's story itself.

use anyhow::{Result, bail};

use crate::run::{FEATURES, NeedsHand, Place, minutes, run, run_in_foreground};
use crate::setup::{self, For};

const BUILD_MINUTES: u64 = 60;
const CHECK_MINUTES: u64 = 15;

const NO_DISPLAY: &str = "\
There is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set), and the demo opens windows. Any of these helps:

  on a desktop           open a terminal inside the session and run it there
  over ssh               ssh -X HOST, then `cargo xtask demo`
  to look from afar      Xvfb :9 -screen 0 1280x900x24 & x11vnc -display :9 -localhost & DISPLAY=:9 cargo xtask demo
  without watching       xvfb-run -a cargo xtask demo, or better `cargo xtask demo --check`, which brings its own display
";

pub fn demo(place: &Place) -> Result<()> {
    if ["DISPLAY", "WAYLAND_DISPLAY"].iter().all(|name| std::env::var_os(name).is_none_or(|value| value.is_empty())) {
        bail!(NeedsHand(NO_DISPLAY.into()));
    }
    setup::setup(place, For::Demo)?;
    build(place)?;
    // Run directly: `cargo run -p` would select other features than the build above and compile the tree again.
    run_in_foreground(&mut place.command(place.debug_programs().join("office_demo"), &[]))
}

pub fn check_from_scratch(place: &Place) -> Result<()> {
    setup::setup(place, For::Tests)?;
    build(place)?;
    check(place)
}

pub fn check(place: &Place) -> Result<()> {
    run(&mut place.command(place.debug_programs().join("office_demo"), &["--check"]), minutes(CHECK_MINUTES))
}

/// Every program of the workspace in one invocation, so that cargo joins their features once.
pub fn build(place: &Place) -> Result<()> {
    run(&mut place.cargo(&["build", "--workspace", "--bins", "--features", FEATURES]), minutes(BUILD_MINUTES))
}
