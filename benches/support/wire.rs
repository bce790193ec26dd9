//! Counts what is asked of the database, on the wire between the daemon and the server.
//!
//! The server's own counters know transactions, and some of them hold several statements. Whatever
//! is asked, `BEGIN` and `COMMIT` too, is one message here. It costs both sides time, so nothing
//! else is measured through it but a daemon with nothing to do.

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::{Context, bail};
use reqwest::Url;
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy, split},
    net::{TcpStream, UnixListener, UnixStream},
    task::JoinHandle,
};

/// Version 3.0 of the protocol: the message with it is the last one without a type.
const STARTUP: u32 = 196_608;

/// A way to the database that counts.
pub(crate) struct Wire {
    folder: TempDir,
    asked: Arc<AtomicU64>,
    doorman: JoinHandle<()>,
}

#[derive(Clone)]
enum Server {
    Socket(PathBuf),
    Address(String, u16),
}

impl Wire {
    /// Opens a way to the server of this address.
    pub(crate) fn open(url: &Url) -> anyhow::Result<Self> {
        let server = Server::of(url)?;
        let folder = tempfile::tempdir()?;
        let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432"))?;
        let asked = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&asked);
        let doorman = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (server, counter) = (server.clone(), Arc::clone(&counter));
                // A connection that breaks is the daemon's to notice.
                tokio::spawn(async move { server.carry(client, &counter).await });
            }
        });
        Ok(Self {
            folder,
            asked,
            doorman,
        })
    }

    /// The same address by this way.
    pub(crate) fn url(&self, url: &Url) -> anyhow::Result<Url> {
        let folder = self.folder.path().to_str().context("a temporary folder")?;
        let mut url = url.clone();
        url.set_host(Some(&folder.replace('/', "%2F")))?;
        if url.set_port(Some(5432)).is_err() {
            bail!("the address of the database takes no port");
        }
        Ok(url)
    }

    /// Statements so far.
    pub(crate) fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.doorman.abort();
    }
}

impl Server {
    fn of(url: &Url) -> anyhow::Result<Self> {
        let host = url.host_str().context("DATABASE_URL names no host")?;
        let host = host.replace("%2F", "/").replace("%2f", "/");
        let port = url.port().unwrap_or(5432);
        Ok(if host.starts_with('/') {
            Self::Socket(PathBuf::from(host).join(format!(".s.PGSQL.{port}")))
        } else {
            Self::Address(host, port)
        })
    }

    async fn carry(self, client: UnixStream, asked: &AtomicU64) -> io::Result<()> {
        match self {
            Self::Socket(path) => both_ways(client, UnixStream::connect(path).await?, asked).await,
            Self::Address(host, port) => {
                both_ways(client, TcpStream::connect((host, port)).await?, asked).await
            }
        }
    }
}

async fn both_ways(
    client: UnixStream,
    server: impl AsyncRead + AsyncWrite,
    asked: &AtomicU64,
) -> io::Result<()> {
    let (from_client, mut to_client) = split(client);
    let (mut from_server, to_server) = split(server);
    tokio::select! {
        asking = count(from_client, to_server, asked) => asking,
        answering = copy(&mut from_server, &mut to_client) => answering.map(drop),
    }
}

/// Passes messages on, and counts those that have something done.
async fn count(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    asked: &AtomicU64,
) -> io::Result<()> {
    loop {
        let length = from.read_u32().await?;
        let code = from.read_u32().await?;
        to.write_u32(length).await?;
        to.write_u32(code).await?;
        pass(&mut from, &mut to, length.saturating_sub(8)).await?;
        if code == STARTUP {
            break;
        }
    }
    loop {
        let kind = from.read_u8().await?;
        let length = from.read_u32().await?;
        if matches!(kind, b'Q' | b'E') {
            asked.fetch_add(1, Ordering::Relaxed);
        }
        to.write_u8(kind).await?;
        to.write_u32(length).await?;
        pass(&mut from, &mut to, length.saturating_sub(4)).await?;
    }
}

async fn pass(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    length: u32,
) -> io::Result<()> {
    copy(&mut from.take(u64::from(length)), to).await?;
    to.flush().await
}
