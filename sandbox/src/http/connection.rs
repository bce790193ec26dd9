//! One connection: requests in, replies out, one at a time.

use std::{io, pin::pin, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    Answer, Greeting, Reply, Request, Service,
    request::{MAX_HEADERS, Parsed, parse},
};

/// Serves a connection until one side ends it.
pub(super) async fn talk<S: Service>(stream: TcpStream, number: u64, service: &S) {
    match service.greet() {
        Greeting::Close => {}
        Greeting::Reset => reset(&stream),
        Greeting::Serve => {
            let mut connection = Connection::new(stream, number);
            while connection.turn(service).await {}
        }
    }
}

/// Makes the coming drop of the socket send a reset.
fn reset(stream: &TcpStream) {
    // A socket that its peer has already ended does not take the option, and need not.
    drop(stream.set_zero_linger());
}

struct Connection {
    stream: TcpStream,
    number: u64,
    input: Vec<u8>,
    output: Vec<u8>,
}

impl Connection {
    fn new(stream: TcpStream, number: u64) -> Self {
        Self {
            stream,
            number,
            input: Vec::with_capacity(4096),
            output: Vec::with_capacity(512),
        }
    }

    /// Reads more bytes or answers a request. Returns whether the connection goes on.
    async fn turn<S: Service>(&mut self, service: &S) -> bool {
        let mut space = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let (request, taken, keep) = match parse(&self.input, &mut space, self.number) {
            Parsed::Whole(request, taken, keep) => (request, taken, keep),
            Parsed::Partial => return self.read().await,
            Parsed::Malformed => {
                let refusal = Reply::Send(Answer::page(400));
                return self.reply(refusal, false).await.unwrap_or(false);
            }
        };

        let Some((reply, ticket)) = serve(service, request, &self.stream).await else {
            return false;
        };
        self.input.drain(..taken);
        let go_on = self.reply(reply, keep).await.unwrap_or(false);
        drop(ticket);

        go_on
    }

    /// Returns whether more bytes came.
    async fn read(&mut self) -> bool {
        self.input.reserve(2048);
        matches!(self.stream.read_buf(&mut self.input).await, Ok(1..))
    }

    /// Returns whether the connection goes on. An error means that the client went away.
    async fn reply(&mut self, reply: Reply, keep: bool) -> io::Result<bool> {
        match reply {
            Reply::Send(answer) => self.send(&answer, keep, usize::MAX, None).await,
            Reply::Drip(answer, pause) => self.send(&answer, keep, usize::MAX, Some(pause)).await,
            Reply::Cut(answer, shown) => {
                let shown = shown.min(answer.body.len().saturating_sub(1));
                self.send(&answer, false, shown, None).await
            }
            Reply::Twice(answer) => {
                self.send(&answer, keep, usize::MAX, None).await?;
                self.send(&answer, keep, usize::MAX, None).await
            }
            Reply::Raw(bytes) => {
                self.stream.write_all(&bytes).await?;
                Ok(false)
            }
            Reply::Close => Ok(false),
            Reply::Reset => {
                reset(&self.stream);
                Ok(false)
            }
            Reply::Hang => {
                while self.read().await {
                    self.input.clear();
                }
                Ok(false)
            }
        }
    }

    async fn send(
        &mut self,
        answer: &Answer,
        keep: bool,
        shown: usize,
        pause: Option<Duration>,
    ) -> io::Result<bool> {
        self.output.clear();
        let keep = answer.write(&mut self.output, keep, shown)?;

        match pause {
            None => self.stream.write_all(&self.output).await?,
            Some(pause) => drip(&mut self.stream, &self.output, pause).await?,
        }

        Ok(keep)
    }
}

/// Has a request answered, or returns `None` when its client has gone away before the answer.
async fn serve<S: Service>(
    service: &S,
    request: Request<'_>,
    stream: &TcpStream,
) -> Option<(Reply, S::Ticket)> {
    let ticket = service.arrive();
    let mut serving = pin!(service.serve(request));

    tokio::select! {
        biased;
        reply = &mut serving => Some((reply, ticket)),
        () = gone(stream) => {
            // Nobody waits any more; the work goes on all the same, as on a real server.
            drop(ticket);
            serving.await;
            None
        }
    }
}

/// Returns when the peer has closed its side. A peer that has sent more is still there.
async fn gone(stream: &TcpStream) {
    if let Ok(1..) = stream.peek(&mut [0]).await {
        std::future::pending::<()>().await;
    }
}

async fn drip(stream: &mut TcpStream, bytes: &[u8], pause: Duration) -> io::Result<()> {
    for byte in bytes {
        stream.write_all(&[*byte]).await?;
        tokio::time::sleep(pause).await;
    }
    Ok(())
}
