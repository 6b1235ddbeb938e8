//! The server's log: where it goes and in which form. It promises a line that a person can read, or with
//! `LOKET_LOG_FORMAT=json` one JSON object per line for a machine. Who writes to it keeps to ids: no name, no NIK, no
//! query string and no body is ever logged.

use std::io::IsTerminal as _;

use anyhow::bail;
use tracing_subscriber::EnvFilter;

/// `json` for JSON lines, `text` or nothing for lines to read.
pub const LOG_FORMAT_VAR: &str = "LOKET_LOG_FORMAT";
/// What is logged if `RUST_LOG` doesn't say.
const USUAL: &str = "info,sqlx=warn";

/// Begins to log to standard error. Called once, by the program.
///
/// # Errors
/// When [`LOG_FORMAT_VAR`] names a form that there isn't.
pub fn start() -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(USUAL));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match std::env::var(LOG_FORMAT_VAR).as_deref() {
        Ok("json") => log.json().init(),
        Ok("text" | "") | Err(_) => log.with_ansi(std::io::stderr().is_terminal()).init(),
        Ok(_) => bail!("{LOG_FORMAT_VAR} is json or text"),
    }
    Ok(())
}
