//! The listening side: starts, goes away from its port and comes back to it, stops.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    runtime::Handle,
    task::JoinHandle,
};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

use super::{Service, connection::talk};
use crate::lock;

const BACKLOG: u32 = 1024;

/// A running server; dropping it ends its connections.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    accepting: Accepting,
    port: tokio::sync::Mutex<Port>,
    _all: DropGuard,
}

/// Who holds the port.
#[derive(Debug)]
enum Port {
    Listening(CancellationToken, JoinHandle<()>),
    /// Bound but not listening: connections are refused and nobody else gets the port.
    Held(TcpSocket),
    Stopped,
}

impl Server {
    /// Listens on `addr` (port 0: any free one) and serves what comes.
    pub fn start<S: Service>(addr: SocketAddr, service: Arc<S>) -> io::Result<Self> {
        let listener = bind(addr)?.listen(BACKLOG)?;
        let addr = listener.local_addr()?;
        let accepting = Accepting::new(service);
        let all = accepting.all.clone().drop_guard();
        let port = tokio::sync::Mutex::new(accepting.listen(listener));
        Ok(Self {
            addr,
            accepting,
            port,
            _all: all,
        })
    }

    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// How many connections were accepted so far.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.accepting.accepted.load(Ordering::Relaxed)
    }

    /// Stops listening: new connections are refused, open ones go on.
    pub async fn pause_listening(&self) -> io::Result<()> {
        let mut port = self.port.lock().await;
        if let Port::Listening(token, task) = &mut *port {
            token.cancel();
            let ended = finished(task).await;
            *port = Port::Stopped;
            ended?;
            *port = Port::Held(bind(self.addr)?);
        }
        Ok(())
    }

    /// Listens again on the same port.
    pub async fn resume_listening(&self) -> io::Result<()> {
        let mut port = self.port.lock().await;
        match std::mem::replace(&mut *port, Port::Stopped) {
            Port::Held(socket) => {
                let _on_its_runtime = self.accepting.runtime.enter();
                *port = self.accepting.listen(socket.listen(BACKLOG)?);
            }
            other => *port = other,
        }
        Ok(())
    }

    /// Closes every open connection, whatever it waits for.
    pub fn drop_connections(&self) {
        let fresh = self.accepting.all.child_token();
        std::mem::replace(&mut *lock(&self.accepting.open), fresh).cancel();
    }

    /// Stops listening and ends every connection.
    pub async fn stop(&self) -> io::Result<()> {
        self.accepting.all.cancel();
        let mut port = self.port.lock().await;
        let before = std::mem::replace(&mut *port, Port::Stopped);
        self.accepting.tasks.close();
        self.accepting.tasks.wait().await;
        match before {
            Port::Listening(_, mut task) => finished(&mut task).await,
            Port::Held(_) | Port::Stopped => Ok(()),
        }
    }
}

async fn finished(task: &mut JoinHandle<()>) -> io::Result<()> {
    task.await.map_err(io::Error::other)
}

/// Everything that accepting a connection needs.
#[derive(Clone, Debug)]
struct Accepting {
    all: CancellationToken,
    /// Ends the connections that are open now.
    open: Arc<Mutex<CancellationToken>>,
    tasks: TaskTracker,
    accepted: Arc<AtomicU64>,
    runtime: Handle,
    spawn: Spawn,
}

/// Starts a connection; hides which service it is for.
#[derive(Clone)]
struct Spawn(Arc<SpawnFn>);

type SpawnFn = dyn Fn(&Accepting, TcpStream, u64) + Send + Sync;

impl std::fmt::Debug for Spawn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Spawn")
    }
}

impl Accepting {
    fn new<S: Service>(service: Arc<S>) -> Self {
        let all = CancellationToken::new();
        let spawn = move |to: &Self, stream, number| to.serve(Arc::clone(&service), stream, number);
        Self {
            open: Arc::new(Mutex::new(all.child_token())),
            all,
            tasks: TaskTracker::new(),
            accepted: Arc::default(),
            runtime: Handle::current(),
            spawn: Spawn(Arc::new(spawn)),
        }
    }

    fn listen(&self, listener: TcpListener) -> Port {
        let token = self.all.child_token();
        let task = self.clone().accept(listener, token.clone());
        Port::Listening(token, self.runtime.spawn(task))
    }

    async fn accept(self, listener: TcpListener, token: CancellationToken) {
        while let Some(accepted) = token.run_until_cancelled(listener.accept()).await {
            match accepted {
                Ok((stream, _)) => {
                    let number = self.accepted.fetch_add(1, Ordering::Relaxed) + 1;
                    (self.spawn.0)(&self, stream, number);
                }
                // Out of file descriptors or the like: it passes when a connection ends.
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    }

    fn serve<S: Service>(&self, service: Arc<S>, stream: TcpStream, number: u64) {
        let token = lock(&self.open).clone();
        let task = async move {
            // Without it an answer may wait for an acknowledgement; a socket that is already closed does not
            // take the option and ends on its first read.
            drop(stream.set_nodelay(true));
            token
                .run_until_cancelled(talk(stream, number, &*service))
                .await;
        };
        self.tasks.spawn_on(task, &self.runtime);
    }
}

fn bind(addr: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if addr.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // A port that was just left, with connections still dying on it, can be taken again.
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    Ok(socket)
}
