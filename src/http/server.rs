//! Connections: how many, how long they may take to ask and to read, and how they end.
//!
//! What must stay true: no client, slow or silent, keeps others out for ever or the daemon from ending.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinHandle,
};
use tokio_io_timeout::TimeoutStream;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::config::BasePath;
use crate::telemetry::chain;

/// Connections at once; more wait until one is closed.
const CONNECTIONS: usize = 256;
/// From the opening of a connection, or the end of the answer before, to the end of a request's
/// head. Idle connections are closed after it.
const HEAD_WITHIN: Duration = Duration::from_secs(20);
/// Without a byte of an answer being taken by the client. A stream that has nothing to say writes nothing, and may
/// last.
const TAKEN_WITHIN: Duration = Duration::from_secs(20);
/// A request's head, in bytes.
const HEAD_BYTES: usize = 32 * 1024;
/// Fields in a request's head.
const HEAD_FIELDS: usize = 64;
/// After an error of the system (too many open files), before it is asked again.
const REST: Duration = Duration::from_millis(500);
/// How long answers under way may take when the server ends.
const LAST_ANSWERS: Duration = Duration::from_secs(3);

#[derive(Debug, thiserror::Error)]
#[error("cannot listen at {address} (http.listen): {}", hint(.source))]
pub struct BindError {
    pub(crate) address: SocketAddr,
    #[source]
    pub(crate) source: io::Error,
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "another process has this port; is orderwatch running already? Otherwise choose another one"
        }
        io::ErrorKind::AddrNotAvailable => "no interface of this machine has this address",
        io::ErrorKind::PermissionDenied => "ports below 1024 need a right; choose a higher one",
        _ => "the system refuses",
    }
}

/// An address that is listened at, and nobody is answered yet.
#[derive(Debug)]
pub(crate) struct Listening {
    listener: TcpListener,
    address: SocketAddr,
}

/// The server; it ends when it is stopped.
#[derive(Debug)]
pub(crate) struct Server {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Listening {
    pub(crate) async fn at(address: SocketAddr) -> Result<Self, BindError> {
        let failed = |source| BindError { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        Ok(Self {
            address: listener.local_addr().map_err(failed)?,
            listener,
        })
    }

    #[must_use]
    pub(crate) fn serve(self, router: Router, base: &BasePath) -> Server {
        let stop = CancellationToken::new();
        tracing::info!(address = %self.address, "the page is at http://{}{base}/", self.address);
        Server {
            task: tokio::spawn(accept(self.listener, router, stop.clone())),
            stop,
        }
    }
}

impl Server {
    /// Takes no more requests, lets the answers under way finish for a moment, and ends.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        if let Err(error) = self.task.await {
            tracing::error!(error = chain(&error), "the server failed");
        }
    }
}

async fn accept(listener: TcpListener, router: Router, stop: CancellationToken) {
    let permits = Arc::new(Semaphore::new(CONNECTIONS));
    let connections = TaskTracker::new();
    let ended = CancellationToken::new();

    // The permit comes first: beyond the maximum, connections wait in the system's queue.
    while let Some((stream, peer, permit)) = stop
        .run_until_cancelled(next(&listener, &permits))
        .await
        .flatten()
    {
        let connection = serve(stream, peer, router.clone(), stop.clone());
        let ended = ended.clone();
        connections.spawn(async move {
            // Dropping the connection closes it.
            ended.run_until_cancelled(connection).await;
            drop(permit);
        });
    }
    // From here on the port can be had by the next process.
    drop(listener);
    connections.close();

    // A client that reads slowly must not keep the daemon from ending.
    if tokio::time::timeout(LAST_ANSWERS, connections.wait())
        .await
        .is_err()
    {
        tracing::debug!(connections = connections.len(), "cutting connections off");
        ended.cancel();
        connections.wait().await;
    }
}

/// The next connection, once there is a permit for it. The semaphore is never closed, so it is never `None`.
async fn next(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits).acquire_owned().await.ok()?;

    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return Some((stream, peer, permit)),
            // Says nothing about the next connection.
            Err(error) if is_of_the_connection(&error) => {}
            Err(error) => {
                tracing::warn!(error = chain(&error), "no connection can be taken now");
                // Out of file descriptors, say: asking again at once would keep a processor busy.
                tokio::time::sleep(REST).await;
            }
        }
    }
}

/// The client was gone before it was answered.
fn is_of_the_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

async fn serve(stream: TcpStream, peer: SocketAddr, router: Router, stop: CancellationToken) {
    // Events are small and should not wait for each other.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(error = chain(&error), "no TCP_NODELAY");
    }

    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request: Request = request.map(Body::new);
        let extensions = request.extensions_mut();
        // The log-in counts its tries by address.
        extensions.insert(ConnectInfo(peer));
        tower::ServiceExt::oneshot(router.clone(), request)
    });

    // Neither hyper nor axum gives up on a client that never reads, and its permit would never come back.
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(TAKEN_WITHIN));

    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        // A client that sends its head byte by byte must not hold a permit for ever.
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEAD_FIELDS)
        .serve_connection(TokioIo::new(Box::pin(stream)), service);

    let mut connection = std::pin::pin!(connection);
    // When stopping, an idle connection ends at once, another one after the answer under way.
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };

    // Not a warning: clients go away every day.
    if let Err(error) = ended {
        tracing::debug!(error = chain(&error), "a connection broke off");
    }
}
