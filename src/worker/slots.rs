//! How much a stream may have in flight, over all panels.

use std::sync::Arc;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::gate::Pass;

/// The room of one stream.
#[derive(Clone, Debug)]
pub struct Slots {
    all: Arc<Semaphore>,
    size: usize,
    released: Arc<Notify>,
}

/// Room for one piece of work, at the stream and where it is done: for an order, at its panel.
/// Given back when it is dropped.
#[derive(Debug)]
pub struct Slot<P = Pass> {
    // Fields are dropped in this order: the stream is told when there really is room.
    /// The place where it is done.
    pub pass: P,
    room: Room,
}

/// Room for one piece of work at the stream alone.
#[derive(Debug)]
pub struct Room {
    _permit: OwnedSemaphorePermit,
    _released: Released,
}

impl Slot {
    /// Gives the place at the panel back, and keeps the room: an order whose result nobody has
    /// taken yet still takes up memory.
    #[must_use]
    pub fn leave_panel(self) -> Room {
        self.room
    }
}

/// Tells the stream that there is room again.
#[derive(Debug)]
struct Released(Arc<Notify>);

impl Drop for Released {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

impl Slots {
    /// Room for `size` orders.
    #[must_use]
    pub fn new(size: usize) -> Self {
        Self {
            all: Arc::new(Semaphore::new(size)),
            size,
            released: Arc::new(Notify::new()),
        }
    }

    /// How many more orders there is room for.
    #[must_use]
    pub fn free(&self) -> usize {
        self.all.available_permits()
    }

    /// How many orders there is room for altogether.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// Takes room for work that has a place where it is done.
    #[must_use]
    pub fn take<P>(&self, pass: P) -> Option<Slot<P>> {
        let permit = Arc::clone(&self.all).try_acquire_owned().ok()?;
        Some(Slot {
            pass,
            room: Room {
                _released: Released(Arc::clone(&self.released)),
                _permit: permit,
            },
        })
    }

    /// Waits until some room was given back since the last call.
    pub async fn released(&self) {
        self.released.notified().await;
    }
}
