//! What can go wrong with an answer, and how that looks on the wire.

use std::{borrow::Cow, io, time::Duration};

use super::http::{Answer, Reply, gzip};

/// Longer than any client should read: 256 KiB and a bit.
const HUGE: usize = (256 << 10) + 4096;
/// What the packed bomb unpacks to: far beyond any limit, small enough to pack quickly.
const BOMB: usize = 8 << 20;

/// What goes wrong with one request, and whether the server did its work before that.
///
/// For a purchase "did its work" means: the panel has sold, provided it would have sold without
/// the fault. Asking [`Fault::works`] is the only way to know what the client cannot see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is done; this happens instead.
    Instead(Trouble),
    /// The work is done; then this happens to its answer.
    After(Trouble),
    /// All is done and answered as it should be, but late.
    Slow(Pace),
}

impl Fault {
    /// Whether the server does its work (a panel sells, a check counts) in spite of the fault.
    #[must_use]
    pub const fn works(&self) -> bool {
        matches!(self, Self::After(_) | Self::Slow(_))
    }
}

/// Where the time goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Before the work.
    Before(Duration),
    /// Between the work and its answer.
    After(Duration),
    /// Between two bytes of the answer.
    Drip(Duration),
}

/// What a client sees in place of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    Reset,
    Close,
    /// Nothing comes until the client gives up.
    Hang,
    /// Only so many bytes of the body come, fewer than announced.
    Cut(usize),
    /// The answer comes, and comes again on the same connection.
    Twice,
    /// A page with this HTTP status, such as 500, 502, 503, or 200 for a wrong address.
    Page(u16),
    /// Status 200 without a body.
    Empty,
    /// A redirect to the same address: who follows it asks twice.
    Redirect,
    /// The body goes on for more than 256 KiB.
    Huge,
    /// A body that is no text.
    Garbage,
    /// Bytes that are no HTTP.
    NotHttp,
    /// A body that claims to be packed and is not.
    BrokenGzip,
    /// A small packed body that unpacks to 8 MiB.
    GzipBomb,
    /// A well-formed answer with this text, such as `8|…`.
    Says(Cow<'static, str>),
    /// This very answer.
    Answer(Answer),
}

impl Trouble {
    /// An answer with this text.
    pub fn says(text: impl Into<Cow<'static, str>>) -> Self {
        Self::Says(text.into())
    }

    /// The same trouble with the work undone and done.
    pub(super) fn both(self) -> [Fault; 2] {
        [Fault::Instead(self.clone()), Fault::After(self)]
    }
}

/// What a trouble happens to.
pub(super) struct Scene<'a> {
    /// The answer to the work, if the work was done.
    pub(super) answer: Option<Answer>,
    /// The target of the request.
    pub(super) target: &'a str,
    /// How this server puts a text into an answer.
    pub(super) text: &'a (dyn Fn(&str) -> Answer + Sync),
}

impl Trouble {
    /// What to do with the connection.
    pub(super) fn reply(&self, scene: Scene<'_>) -> Reply {
        match self {
            Self::Reset => Reply::Reset,
            Self::Close => Reply::Close,
            Self::Hang => Reply::Hang,
            Self::NotHttp => Reply::Raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec()),
            Self::Cut(shown) => Reply::Cut(scene.answer.unwrap_or_else(busy), *shown),
            Self::Twice => Reply::Twice(scene.answer.unwrap_or_else(busy)),
            Self::Says(text) => Reply::Send((scene.text)(text)),
            Self::Answer(answer) => Reply::Send(answer.clone()),
            Self::Page(status) => Reply::Send(Answer::page(*status)),
            Self::Redirect => {
                let to = scene.target.to_owned();
                Reply::Send(Answer::page(302).with_header("Location", to))
            }
            Self::Empty => Reply::Send(body(Vec::new())),
            Self::Garbage => Reply::Send(body(garbage())),
            Self::Huge => Reply::Send(huge(scene)),
            Self::BrokenGzip => Reply::Send(packed(garbage())),
            // Packing to memory does not fail; a server that fails closes the connection.
            Self::GzipBomb => bomb().map_or(Reply::Close, |bytes| Reply::Send(packed(bytes))),
        }
    }
}

fn body(bytes: Vec<u8>) -> Answer {
    Answer::new(200, "text/html; charset=UTF-8", bytes)
}

fn packed(bytes: Vec<u8>) -> Answer {
    body(bytes).with_header("Content-Encoding", "gzip")
}

/// The page of a server that does nothing now.
fn busy() -> Answer {
    Answer::page(503)
}

/// The true answer, or none, followed by more than anyone should read.
fn huge(scene: Scene<'_>) -> Answer {
    let mut answer = scene.answer.unwrap_or_else(|| body(Vec::new()));
    answer.body.resize(answer.body.len() + HUGE, b'x');
    answer
}

/// Bytes that are neither UTF-8 nor an answer; the zero is what real servers send after a crash.
fn garbage() -> Vec<u8> {
    (0..=255_u8).rev().cycle().take(600).collect()
}

fn bomb() -> io::Result<Vec<u8>> {
    gzip(&vec![b'x'; BOMB])
}
