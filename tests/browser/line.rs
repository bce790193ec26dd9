//! A door that stays open while daemons come and go behind it.

use std::sync::{
    Arc,
    atomic::{AtomicU16, Ordering},
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// Carries connections to the daemon behind it; where there is none, they end at once.
pub(crate) struct Line {
    port: u16,
    behind: Arc<AtomicU16>,
    task: JoinHandle<()>,
}

impl Line {
    /// To the daemon on that port.
    pub(crate) async fn to(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let behind = Arc::new(AtomicU16::new(port));
        Self {
            port: listener.local_addr().unwrap().port(),
            behind: Arc::clone(&behind),
            task: tokio::spawn(serve(listener, behind)),
        }
    }

    /// From here on to that port.
    pub(crate) fn lead_to(&self, port: u16) {
        self.behind.store(port, Ordering::Relaxed);
    }

    pub(crate) fn at(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, behind: Arc<AtomicU16>) {
    while let Ok((mut near, _)) = listener.accept().await {
        let port = behind.load(Ordering::Relaxed);
        tokio::spawn(async move {
            if let Ok(mut far) = TcpStream::connect(("127.0.0.1", port)).await {
                // How it ends is for the two to see.
                drop(copy_bidirectional(&mut near, &mut far).await);
            }
        });
    }
}
