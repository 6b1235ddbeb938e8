//! A line between desks and their server that can be cut, go silent, or lose an answer on its way back. It knows nothing
//! of what is said on it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What happens to whatever is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// It arrives.
    Good,
    /// Nobody is there: connections are closed, new ones too.
    Cut,
    /// Connections stay open, and nothing arrives any more in either direction.
    Silent,
    /// Whatever desks say arrives, and no answer comes back.
    Deaf,
}

/// A line to a server.
pub struct Line {
    /// Where desks find it.
    pub address: SocketAddr,
    weather: watch::Sender<Weather>,
    lose: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Line {
    /// A line to a server, in good weather.
    ///
    /// # Errors
    /// When there is no port to be had.
    pub async fn to(server: SocketAddr) -> anyhow::Result<Line> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (address, weather) = (listener.local_addr()?, watch::Sender::new(Weather::Good));
        let lose = Arc::new(AtomicUsize::new(0));
        let task = tokio::spawn({
            let (weather, lose) = (weather.clone(), Arc::clone(&lose));
            async move {
                while let Ok((desk, _)) = listener.accept().await {
                    tokio::spawn(carry(desk, server, weather.subscribe(), Arc::clone(&lose)));
                }
            }
        });
        Ok(Line { address, weather, lose, task })
    }

    /// Changes the weather, for connections that are open as well.
    pub fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }

    /// Of the requests that come from now on, so many arrive and are not answered.
    pub fn lose_answers(&self, count: usize) {
        self.lose.store(count, Ordering::SeqCst);
    }

    /// Answers that are still to be lost.
    pub fn left_to_lose(&self) -> usize {
        self.lose.load(Ordering::SeqCst)
    }

    /// As desks write it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Carries one connection until an end closes it or the weather does.
async fn carry(mut desk: TcpStream, server: SocketAddr, mut weather: watch::Receiver<Weather>, lose: Arc<AtomicUsize>) {
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    let (mut asked, mut said) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    // An answer that began to be lost does not go on in the middle.
    let (mut is_lost, mut is_deaf) = (false, false);
    loop {
        let now = *weather.borrow_and_update();
        if now == Weather::Cut {
            return;
        }
        tokio::select! {
            changed = weather.changed() => {
                if changed.is_err() {
                    return;
                }
            }
            read = desk.read(&mut asked), if now != Weather::Silent => {
                let Ok(read @ 1..) = read else { return };
                let one = |left: usize| left.checked_sub(1);
                is_lost = is_lost || lose.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one).is_ok();
                if server.write_all(&asked[..read]).await.is_err() {
                    return;
                }
            }
            read = server.read(&mut said), if now != Weather::Silent => {
                let Ok(read @ 1..) = read else { return };
                is_deaf |= now == Weather::Deaf;
                if is_lost || (!is_deaf && desk.write_all(&said[..read]).await.is_err()) {
                    return;
                }
            }
        }
    }
}
