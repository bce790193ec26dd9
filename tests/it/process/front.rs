//! A proxy that shows a daemon below a path, as nginx does: `location /orderwatch/`.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What becomes of the path on the way to the daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handing {
    /// `proxy_pass http://127.0.0.1:8787/;`
    Off,
    /// `proxy_pass http://127.0.0.1:8787;`
    On,
}

/// Nothing but what lies below the path is passed on.
pub(crate) struct Front {
    /// `127.0.0.1:PORT`
    pub(crate) address: String,
    task: JoinHandle<()>,
}

impl Front {
    /// Before the daemon at that address.
    pub(crate) async fn before(daemon: String, base: &'static str, handing: Handing) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let task = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(carry(near, daemon.clone(), base, handing));
            }
        });
        Self { address, task }
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn carry(mut near: TcpStream, daemon: String, base: &str, handing: Handing) -> Option<()> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if near.read_buf(&mut head).await.ok()? == 0 {
            return None;
        }
    }

    // A connection carries one request, so only this head is to be changed.
    let text = String::from_utf8(head).unwrap();
    let (line, rest) = text.split_once("\r\n").unwrap();
    let Some(line) = passed_on(line, base, handing) else {
        let gone = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        return near.write_all(gone.as_bytes()).await.ok();
    };
    let rest = rest.replace("Connection: keep-alive\r\n", "");
    let head = format!("{line}\r\nConnection: close\r\n{rest}");

    let mut far = TcpStream::connect(daemon).await.ok()?;
    far.write_all(head.as_bytes()).await.ok()?;
    copy_bidirectional(&mut near, &mut far).await.ok()?;
    Some(())
}

/// The first line of a request as the daemon gets it; `None` for one that is not below the path.
fn passed_on(line: &str, base: &str, handing: Handing) -> Option<String> {
    let (method, target) = line.split_once(' ')?;
    let below = target.strip_prefix(base)?;
    below.starts_with('/').then(|| match handing {
        Handing::Off => format!("{method} {below}"),
        Handing::On => line.to_owned(),
    })
}
