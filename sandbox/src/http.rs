//! A small HTTP/1.1 server whose socket misbehaves on demand.
//!
//! It is written by hand because faults need the socket itself: a reset, half an answer, silence.
//! What must stay true: an answer goes out exactly as the service described it, one request of a
//! connection is served at a time, and a client that went away ends its request.

mod answer;
mod client;
mod connection;
mod request;
mod server;

use std::{future::Future, time::Duration};

pub use self::{
    answer::{Answer, Framing, gzip},
    client::{Answered, Call},
    request::Request,
    server::Server,
};

/// What answers the requests of a [`Server`].
pub trait Service: Send + Sync + 'static {
    /// Held from the arrival of a request until its answer is out or its client is gone.
    type Ticket: Send;

    /// Decides about a new connection before anything is read from it.
    fn greet(&self) -> Greeting {
        Greeting::Serve
    }

    /// Notes that a request has arrived whole.
    fn arrive(&self) -> Self::Ticket;

    /// Answers a request. Runs to its end even when the client goes away meanwhile.
    fn serve<'a>(&'a self, request: Request<'a>) -> impl Future<Output = Reply> + Send + 'a;
}

/// What happens to a new connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Greeting {
    /// Its requests are read and answered.
    Serve,
    /// It is closed before anything is read.
    Close,
    /// It is reset before anything is read.
    Reset,
}

/// What happens to the connection after a request.
#[derive(Clone, Debug)]
pub enum Reply {
    Send(Answer),
    /// An answer is sent byte by byte, with this pause between two bytes.
    Drip(Answer, Duration),
    /// An answer is sent of which only so many bytes of the body arrive; then the connection closes.
    Cut(Answer, usize),
    /// An answer is sent, and sent again at once: the second belongs to no request.
    Twice(Answer),
    /// These bytes are sent, which need not be HTTP; then the connection closes.
    Raw(Vec<u8>),
    /// The connection closes without an answer.
    Close,
    /// The connection is reset without an answer.
    Reset,
    /// Nothing is sent until the client gives up.
    Hang,
}
