//! A server below HTTP, for panels and the marketplace: it counts connections, keeps every byte it gets and breaks off at will.

use std::{net::SocketAddr, sync::Arc};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

/// Makes the bytes of an answer from a request.
type MakeAnswer = Arc<dyn Fn(&str) -> Vec<u8> + Send + Sync>;

/// What a connection does when a whole request has come.
#[derive(Clone)]
pub(crate) struct Script {
    /// The bytes that are sent, made from the request.
    pub(crate) answer: MakeAnswer,
    /// And then.
    pub(crate) then: Then,
}

/// How a connection goes on after the answer.
#[derive(Clone, Copy)]
pub(crate) enum Then {
    /// Waits for the next request.
    Stay,
    /// Closes.
    Close,
    /// Ends its own side and goes on reading.
    HalfClose,
    /// Resets.
    Reset,
}

/// A listening panel. It ends when [`Panel::connections`] is called.
pub(crate) struct Panel {
    pub(crate) address: SocketAddr,
    accepting: JoinHandle<Vec<String>>,
}

/// The first byte of the connection that ends a panel; no client begins so.
const END: u8 = 0;

impl Panel {
    pub(crate) async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepting = tokio::spawn(accept(listener, script));
        Self { address, accepting }
    }

    pub(crate) async fn answering(answer: impl Into<Vec<u8>>, then: Then) -> Self {
        let answer = answer.into();
        Self::start(Script {
            answer: Arc::new(move |_| answer.clone()),
            then,
        })
        .await
    }

    /// What came on each connection, in the order of their coming.
    ///
    /// Connections are accepted in order, so one of our own is the last: nothing that was begun
    /// before this call is missed, and no time passes in waiting.
    pub(crate) async fn connections(self) -> Vec<String> {
        let mut last = TcpStream::connect(self.address).await.unwrap();
        last.write_all(&[END]).await.unwrap();
        self.accepting.await.unwrap()
    }
}

async fn accept(listener: TcpListener, script: Script) -> Vec<String> {
    let mut serving = JoinSet::new();
    let mut first = [1];
    for number in 0.. {
        let (stream, _) = listener.accept().await.unwrap();
        if stream.peek(&mut first).await.is_ok_and(|read| read == 1) && first == [END] {
            break;
        }
        let script = script.clone();
        serving.spawn(async move { (number, serve(stream, script).await) });
    }
    let mut got = serving.join_all().await;
    got.sort();
    got.into_iter()
        .map(|(_, bytes)| String::from_utf8_lossy(&bytes).into_owned())
        .collect()
}

/// Serves one connection to its end and returns all that came.
async fn serve(mut stream: TcpStream, script: Script) -> Vec<u8> {
    let mut all = Vec::new();
    loop {
        let begin = all.len();
        // A client that speaks TLS never sends a blank line: its first bytes are its request.
        while !is_whole(&all[begin..]) && all.first() != Some(&0x16) {
            if stream.read_buf(&mut all).await.unwrap_or(0) == 0 {
                return all;
            }
        }
        let request = String::from_utf8_lossy(&all[begin..]).into_owned();
        // The client may be gone already, having read enough.
        let _ = stream.write_all(&(script.answer)(&request)).await;
        match script.then {
            Then::Stay if all.first() == Some(&0x16) => {
                let _ = stream.read_to_end(&mut all).await;
                return all;
            }
            Then::Stay => {}
            Then::Close => return all,
            Then::HalfClose => {
                let _ = stream.shutdown().await;
                let _ = stream.read_to_end(&mut all).await;
                return all;
            }
            Then::Reset => {
                stream.set_zero_linger().unwrap();
                return all;
            }
        }
    }
}

/// Whether a request has come with all of its body.
fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}

/// An answer with status 200 and its length.
pub(crate) fn ok(body: impl AsRef<[u8]>) -> Vec<u8> {
    http("200 OK", "", body)
}

/// An answer with a status line, headers (each ending in a line break) and its length.
pub(crate) fn http(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// A body in gzip.
pub(crate) fn gzip(body: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(body).unwrap();
    packed.finish().unwrap()
}
