//! A statement at which a session stands still, so that the program can be found exactly there.
//!
//! A statement is known by a part of its text. Drivers send that once per session and a name for it from
//! then on, so the names are followed.

use std::{collections::HashMap, sync::Mutex};

use tokio::sync::watch;

use super::COMMITTED;

/// How far the statement has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The server has not heard of it.
    Before,
    /// It is carried out, and its transaction is open.
    Open,
    /// It is committed, and the program has not heard of that.
    Committed,
}

/// Where a session is to stand still.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stop {
    /// A part of the text of this statement and no other.
    pub(crate) statement: &'static str,
    /// A text that stands among the values, where only some of them are meant.
    pub(crate) value: Option<&'static str>,
    pub(crate) phase: Phase,
}

/// The stop of a proxy. The first session that comes there takes it.
#[derive(Default)]
pub(super) struct Stops {
    armed: Mutex<Option<Stop>>,
    reached: watch::Sender<bool>,
}

/// What is known of one session.
#[derive(Default)]
pub(super) struct Session {
    texts: HashMap<Vec<u8>, Vec<u8>>,
    at: Option<(Stop, Answered)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Answered {
    NotYet,
    Yes,
}

impl Stops {
    pub(super) fn arm(&self, stop: Stop) {
        self.reached.send_replace(false);
        *self.armed.lock().unwrap() = Some(stop);
    }

    /// Waits until a session stands still.
    pub(super) async fn reached(&self) {
        let mut reached = self.reached.subscribe();
        // The sender lives in self.
        drop(reached.wait_for(|reached| *reached).await);
    }
}

impl Session {
    /// What the program sends. Returns whether it goes no further.
    pub(super) fn sends(&mut self, bytes: &[u8], stops: &Stops) -> bool {
        let stays = messages(bytes).any(|(kind, body)| match kind {
            b'P' => {
                self.prepare(body);
                false
            }
            b'B' => self.begins(body, stops),
            b'Q' if body.starts_with(b"COMMIT") => {
                matches!(&self.at, Some((stop, Answered::Yes)) if stop.phase == Phase::Open)
            }
            _ => false,
        });
        if stays {
            stops.reached.send_replace(true);
        }
        stays
    }

    /// What the server answers. Returns whether it goes no further.
    pub(super) fn hears(&mut self, bytes: &[u8], stops: &Stops) -> bool {
        let Some((stop, answered)) = &mut self.at else {
            return false;
        };
        if *answered == Answered::NotYet {
            if !ends_an_answer(bytes) {
                return false;
            }
            // One that found nothing to do is not the one that is meant.
            if touched_nothing(bytes) {
                let stop = *stop;
                self.at = None;
                stops.arm(stop);
                return false;
            }
            *answered = Answered::Yes;
        }

        let stays = stop.phase == Phase::Committed && bytes.ends_with(COMMITTED);
        if stays {
            stops.reached.send_replace(true);
        }
        stays
    }

    /// `Parse`: a name and a text.
    fn prepare(&mut self, body: &[u8]) {
        let mut parts = body.split(|byte| *byte == 0);
        if let (Some(name), Some(text)) = (parts.next(), parts.next()) {
            self.texts.insert(name.to_owned(), text.to_owned());
        }
    }

    /// `Bind`: the name of a portal, that of a statement, and values.
    fn begins(&mut self, body: &[u8], stops: &Stops) -> bool {
        let mut armed = stops.armed.lock().unwrap();
        let name = body.split(|byte| *byte == 0).nth(1).unwrap_or_default();
        let text = self.texts.get(name).map_or(&[][..], Vec::as_slice);
        let is_meant = |stop: &mut Stop| {
            holds(text, stop.statement) && stop.value.is_none_or(|value| holds(body, value))
        };
        let Some(stop) = armed.take_if(is_meant) else {
            return false;
        };
        self.at = Some((stop, Answered::NotYet));
        stop.phase == Phase::Before
    }
}

/// The messages of a client that are whole: the kind of each, and what it says.
fn messages(mut bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (kind, rest) = bytes.split_first()?;
        let length = rest.first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let body = rest.get(4..length)?;
        bytes = rest.get(length..)?;
        Some((*kind, body))
    })
}

fn holds(bytes: &[u8], text: &str) -> bool {
    let text = text.as_bytes();
    bytes.windows(text.len()).any(|window| window == text)
}

/// `ReadyForQuery`, in whatever state.
fn ends_an_answer(bytes: &[u8]) -> bool {
    matches!(bytes, [.., b'Z', 0, 0, 0, 5, _])
}

/// `CommandComplete` with no row.
fn touched_nothing(bytes: &[u8]) -> bool {
    matches!(bytes, [.., b' ', b'0', 0, b'Z', 0, 0, 0, 5, _])
}
