//! An S3 server of one's own, for as long as a command runs: moto, which keeps everything in memory, reached on this
//! machine only. Tests find it through `LOKET_TEST_S3`. It takes any credentials and keeps nothing.

use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::python;
use crate::run::{Background, Place, free_port, wait_until};

/// The name of the variable that carries its address.
pub const ADDRESS: &str = "LOKET_TEST_S3";
const START: Duration = Duration::from_secs(60);

/// A server that ends with this value.
pub struct S3 {
    _server: Background,
    /// `http://127.0.0.1:...`
    pub url: String,
}

impl S3 {
    /// Starts one.
    pub fn start(place: &Place) -> Result<S3> {
        let port = free_port()?;
        let moto = python::programs(place)?.join("moto_server");
        let server = Background::start(&mut place.command(moto, &["-H", "127.0.0.1", "-p", &port.to_string()]))?;
        if !wait_until(START, || TcpStream::connect(("127.0.0.1", port)).is_ok()) {
            bail!("moto's S3 server did not start");
        }
        Ok(S3 { _server: server, url: format!("http://127.0.0.1:{port}") })
    }
}

/// Runs a command that finds an S3 server of its own: `cargo xtask s3 cargo nextest run -p loket-server`.
pub fn with(place: &Place, words: &[&str]) -> Result<()> {
    let [program, arguments @ ..] = words else { bail!("`s3` takes the command that needs it.") };
    let s3 = S3::start(place)?;
    crate::run::run_in_foreground(place.command(*program, arguments).env(ADDRESS, &s3.url))
}
