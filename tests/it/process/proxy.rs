//! A line to Postgres that can be cut, and stopped at a statement.

pub(crate) mod statement;

use std::{
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
    sync::watch,
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use self::statement::{Session, Stop, Stops};
use super::{
    halt::Halt,
    roles::{self, DAEMON},
};

/// `ReadyForQuery`, outside of a transaction: what was asked is committed.
const COMMITTED: &[u8] = b"Z\0\0\0\x05I";

/// A proxy before a Postgres server, on the same kind of socket as the server's.
pub(crate) struct Proxy {
    upstream: PgConnectOptions,
    place: Place,
    state: Arc<State>,
    listening: Option<Listening>,
}

enum Place {
    Tcp(SocketAddr),
    Unix(TempDir),
}

struct Listening {
    task: JoinHandle<()>,
    line: CancellationToken,
}

/// What becomes of the connection whose answer is lost.
#[derive(Clone, Copy)]
enum Then {
    Cut,
    Silence,
}

#[derive(Default)]
struct State {
    trap: Mutex<Option<(Vec<u8>, Then)>>,
    sprung: watch::Sender<usize>,
    silenced: watch::Sender<usize>,
    changes: Halt,
    stops: Stops,
}

trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Proxy {
    /// A proxy that does not listen yet.
    pub(crate) async fn before(upstream: PgConnectOptions) -> Self {
        let place = if upstream.get_socket().is_some() {
            Place::Unix(tempfile::tempdir().unwrap())
        } else {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            Place::Tcp(listener.local_addr().unwrap())
        };
        Self {
            upstream,
            place,
            state: Arc::default(),
            listening: None,
        }
    }

    /// The address of the database behind it, for the daemon.
    pub(crate) fn url(&self) -> String {
        let options = self.upstream.clone();
        let options = match &self.place {
            Place::Tcp(address) => options.host("127.0.0.1").port(address.port()),
            Place::Unix(folder) => options.socket(folder.path()).port(5432),
        };
        // Without TLS, so that the end of an answer can be seen.
        roles::url_as(&options.ssl_mode(PgSslMode::Disable), DAEMON)
    }

    /// Lets connections through.
    pub(crate) async fn open(&mut self) {
        let listener = self.place.listen().await.unwrap();
        let line = CancellationToken::new();
        let task = tokio::spawn(serve(
            listener,
            self.upstream.clone(),
            Arc::clone(&self.state),
            line.clone(),
        ));
        self.listening = Some(Listening { task, line });
    }

    /// Cuts every connection and refuses new ones.
    pub(crate) async fn cut(&mut self) {
        if let Some(listening) = self.listening.take() {
            listening.line.cancel();
            listening.task.await.unwrap();
        }
        if let Place::Unix(folder) = &self.place {
            std::fs::remove_file(folder.path().join(".s.PGSQL.5432")).unwrap();
        }
    }

    /// The connections that are there fall silent without an end, as after a firewall or a standby
    /// took over; new ones are carried.
    pub(crate) fn silence(&self) {
        self.state.silenced.send_modify(|before| *before += 1);
    }

    /// The answer to the next statement that carries these bytes is lost, and its connection with
    /// it, once the server has committed.
    pub(crate) fn lose_answer_to(&self, bytes: &[u8]) {
        self.set_trap(bytes, Then::Cut);
    }

    /// The same, but the connection does not end: it falls silent.
    pub(crate) fn fall_silent_after(&self, bytes: &[u8]) {
        self.set_trap(bytes, Then::Silence);
    }

    /// What stops a change before the server hears of it. What stands in a transaction changes nothing
    /// before its `COMMIT`.
    pub(crate) fn changes(&self) -> &Halt {
        &self.state.changes
    }

    /// The first session that comes there stands still, until it is cut.
    pub(crate) fn stop_at(&self, stop: Stop) {
        self.state.stops.arm(stop);
    }

    /// Waits until one does.
    pub(crate) async fn stopped(&self) {
        self.state.stops.reached().await;
    }

    fn set_trap(&self, bytes: &[u8], then: Then) {
        *self.state.trap.lock().unwrap() = Some((bytes.to_owned(), then));
    }

    /// Waits until so many answers were lost.
    pub(crate) async fn lost(&self, count: usize) {
        let mut sprung = self.state.sprung.subscribe();
        let lost = sprung.wait_for(|lost| *lost >= count);
        super::within("an answer to be lost", lost).await.unwrap();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(listening) = self.listening.take() {
            listening.line.cancel();
        }
    }
}

impl Place {
    async fn listen(&self) -> io::Result<Listener> {
        match self {
            Self::Tcp(address) => TcpListener::bind(address).await.map(Listener::Tcp),
            Self::Unix(folder) => {
                UnixListener::bind(folder.path().join(".s.PGSQL.5432")).map(Listener::Unix)
            }
        }
    }
}

impl Listener {
    async fn accept(&self) -> io::Result<Box<dyn Wire>> {
        Ok(match self {
            Self::Tcp(listener) => Box::new(listener.accept().await?.0),
            Self::Unix(listener) => Box::new(listener.accept().await?.0),
        })
    }
}

async fn connect(server: &PgConnectOptions) -> io::Result<Box<dyn Wire>> {
    let port = server.get_port();
    Ok(match server.get_socket() {
        Some(folder) => {
            let path: PathBuf = folder.join(format!(".s.PGSQL.{port}"));
            Box::new(UnixStream::connect(path).await?)
        }
        None => Box::new(TcpStream::connect((server.get_host(), port)).await?),
    })
}

async fn serve(
    listener: Listener,
    server: PgConnectOptions,
    state: Arc<State>,
    line: CancellationToken,
) {
    while let Some(Ok(client)) = line.run_until_cancelled(listener.accept()).await {
        let (server, state, line) = (server.clone(), Arc::clone(&state), line.clone());
        tokio::spawn(async move {
            let mut silenced = state.silenced.subscribe();
            let carried = carry(client, &server, &state);
            let carried = async {
                tokio::pin!(carried);
                tokio::select! {
                    ended = &mut carried => drop(ended),
                    _ = silenced.changed() => std::future::pending().await,
                }
            };
            // However it ends, both connections end with it.
            line.run_until_cancelled(carried).await;
        });
    }
}

async fn carry(client: Box<dyn Wire>, server: &PgConnectOptions, state: &State) -> io::Result<()> {
    let (mut from_client, mut to_client) = tokio::io::split(client);
    let (mut from_server, mut to_server) = tokio::io::split(connect(server).await?);
    let caught = watch::Sender::new(None);
    let outside = AtomicBool::new(false);
    let session = Mutex::new(Session::default());
    let up = async {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let count = from_client.read(&mut buffer).await?;
            if let Some(then) = state.springs(&buffer[..count]) {
                caught.send_replace(Some(then));
            }
            if count == 0 {
                return Ok(());
            }
            let stays = session
                .lock()
                .unwrap()
                .sends(&buffer[..count], &state.stops);
            if stays {
                std::future::pending::<()>().await;
            }
            if changes(&buffer[..count], outside.load(Ordering::Relaxed)) {
                state.changes.pass().await;
            }
            to_server.write_all(&buffer[..count]).await?;
        }
    };
    let down = async {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let count = from_server.read(&mut buffer).await?;
            if count == 0 {
                return Ok(());
            }
            let stays = session
                .lock()
                .unwrap()
                .hears(&buffer[..count], &state.stops);
            if stays {
                std::future::pending::<()>().await;
            }
            outside.store(buffer[..count].ends_with(COMMITTED), Ordering::Relaxed);
            let caught = *caught.borrow();
            // Inside of a transaction the answers go through: only what was committed is lost.
            let lost = caught.filter(|_| buffer[..count].ends_with(COMMITTED));
            let Some(then) = lost else {
                to_client.write_all(&buffer[..count]).await?;
                continue;
            };
            state.sprung.send_modify(|lost| *lost += 1);
            match then {
                Then::Cut => return Ok(()),
                Then::Silence => std::future::pending().await,
            }
        }
    };
    tokio::select! {
        ended = up => ended,
        ended = down => ended,
    }
}

/// Whether a message may change something for good: a statement outside of a transaction, or the end
/// of one.
fn changes(message: &[u8], outside: bool) -> bool {
    match message {
        [b'B', ..] => outside,
        [b'Q', rest @ ..] => rest.windows(6).any(|word| word == b"COMMIT"),
        _ => false,
    }
}

impl State {
    fn springs(&self, sent: &[u8]) -> Option<Then> {
        let mut trap = self.trap.lock().unwrap();
        let is_in = |bytes: &[u8]| sent.windows(bytes.len()).any(|window| window == bytes);
        let sprung = trap.take_if(|(bytes, _)| is_in(bytes));
        sprung.map(|(_, then)| then)
    }
}
