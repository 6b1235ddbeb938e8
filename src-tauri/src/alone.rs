//! One window per data folder. The first holds a lock on a file and listens on a socket of this machine; a second finds
//! the lock taken, knocks, and ends, and the first comes to the front. A lock goes with its process, however that ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tauri::{AppHandle, Manager as _};

/// This process is the one.
pub struct Alone {
    _lock: File,
    listener: TcpListener,
    secret: String,
}

/// Who has the data folder.
pub enum Taken {
    Ours(Alone),
    /// Another process, which has been told.
    Theirs,
}

fn knock_file(folder: &Path) -> PathBuf {
    folder.join("window.knock")
}

impl Alone {
    /// Takes the folder, or knocks at the window that has it.
    pub fn take(folder: &Path) -> anyhow::Result<Taken> {
        std::fs::create_dir_all(folder)?;
        let lock = OpenOptions::new().write(true).create(true).truncate(false).open(folder.join("window.lock"))?;
        match lock.try_lock() {
            Ok(()) => {
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
                // Whoever can read the data folder may knock, nobody else.
                let secret = loket_desk::vault::nonce();
                let address = listener.local_addr()?;
                std::fs::write(knock_file(folder), format!("{address}\n{secret}"))?;
                Ok(Taken::Ours(Alone { _lock: lock, listener, secret }))
            }
            Err(TryLockError::WouldBlock) => {
                knock(folder);
                Ok(Taken::Theirs)
            }
            Err(TryLockError::Error(e)) => Err(e.into()),
        }
    }

    /// Brings the window to the front whenever somebody knocks.
    pub fn listen(self, app: AppHandle) {
        std::thread::spawn(move || {
            // Whole, with the lock: a closure takes along only the fields that it names.
            let first = self;
            for stream in first.listener.incoming() {
                let Ok(mut stream) = stream else { continue };
                let mut said = vec![0; first.secret.len()];
                let heard =
                    stream.set_read_timeout(Some(Duration::from_secs(1))).and_then(|()| stream.read_exact(&mut said));
                if heard.is_ok() && said == first.secret.as_bytes() {
                    if let Some(window) = app.get_webview_window("main") {
                        for step in [window.unminimize(), window.show(), window.set_focus()] {
                            if let Err(error) = step {
                                tracing::warn!(%error, "The window could not come to the front");
                            }
                        }
                    }
                    tracing::info!("Another start was answered by this window");
                    let _ = stream.write_all(b"ok");
                }
            }
        });
    }
}

fn knock(folder: &Path) {
    let Ok(text) = std::fs::read_to_string(knock_file(folder)) else { return };
    let Some((address, secret)) = text.split_once('\n') else { return };
    if let Ok(mut stream) = TcpStream::connect(address) {
        let _ = stream.write_all(secret.as_bytes());
        let mut ok = [0; 2];
        let _ = stream.set_read_timeout(Some(Duration::from_secs(1)));
        let _ = stream.read_exact(&mut ok);
    }
}
