//! Live pages: a browser is notified that something has changed, and reads its page again.
//!
//! What must stay true: however many pages are open, the database is asked once a second at most, and
//! only while one is. A stream carries nothing but the news that there is something new, so it holds
//! no state, and one that is cut loses nothing.

use std::{
    convert::Infallible,
    sync::{Arc, Weak},
    time::Duration,
};

use axum::{
    Extension,
    extract::State,
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures::{Stream, stream};
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::http::{
    AppState,
    problem::{Code, Problem},
};
use crate::telemetry::chain;

/// Between two questions.
const EVERY: Duration = Duration::from_secs(1);
/// A page is read again after this time even if nothing has happened: what is due becomes late.
const AT_LEAST: Duration = Duration::from_secs(15);
/// Streams at the same time; a page has one.
const STREAMS: usize = 200;
/// Between two signs of life, so that proxies and browsers keep the connection.
const ALIVE: Duration = Duration::from_secs(15);

/// The streams of one process.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    permits: Arc<Semaphore>,
    /// What the one watcher reports, while anybody looks.
    changes: Arc<Mutex<Weak<Changes>>>,
}

/// What a stream holds on to: with the last of them the watcher ends.
type Changes = watch::Receiver<u64>;

impl Default for Live {
    fn default() -> Self {
        Self {
            permits: Arc::new(Semaphore::new(STREAMS)),
            changes: Arc::default(),
        }
    }
}

impl Live {
    /// Joins those who look; the first one starts the watcher.
    fn join(&self, state: &AppState) -> Arc<Changes> {
        let mut shared = self.changes.lock();
        // A watcher that has ended with the daemon's earlier world reports nothing any more.
        if let Some(changes) = shared.upgrade()
            && changes.has_changed().is_ok()
        {
            return changes;
        }

        let (sender, changes) = watch::channel(0);
        let changes = Arc::new(changes);
        *shared = Arc::downgrade(&changes);
        tokio::spawn(watch_changes(state.clone(), sender));
        changes
    }
}

/// Asks until nobody looks any more, or the daemon ends.
async fn watch_changes(state: AppState, changes: watch::Sender<u64>) {
    // No mark is empty, so the first one counts as a change.
    let mut known = Some(String::new());
    let mut settled = true;
    let mut sent_at = tokio::time::Instant::now();

    loop {
        tokio::select! {
            () = changes.closed() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        let Ok(world) = state.world() else { return };

        // That the database does not answer is a change as well: the pages say so when they are
        // read again, instead of showing old figures as if they were new.
        let mark = match world.store.change_mark().await {
            Ok(mark) => Some(mark),
            Err(error) => {
                tracing::debug!(error = chain(&error), "the change mark cannot be read");
                None
            }
        };

        let moved = mark != known;
        // A sequence moves before its row can be seen, so a change is reported twice.
        if moved || !settled || sent_at.elapsed() >= AT_LEAST {
            settled = !moved;
            known = mark;
            sent_at = tokio::time::Instant::now();
            changes.send_modify(|count| *count += 1);
        }
    }
}

/// One stream.
struct Looking {
    state: AppState,
    changes: watch::Receiver<u64>,
    first: bool,
    /// Held as long as the stream lasts.
    _shared: Arc<Changes>,
    _permit: OwnedSemaphorePermit,
}

/// `GET /live`
pub(super) async fn stream(
    State(state): State<AppState>,
    Extension(live): Extension<Live>,
) -> Result<Response, Problem> {
    // Before a permit is taken: while the daemon starts or stops there is nothing to watch.
    state.world()?;
    let permit = Arc::clone(&live.permits).try_acquire_owned().map_err(|_| {
        Problem::new(
            Code::Unavailable,
            "the maximum number of pages is live already; this one is not",
        )
    })?;

    let shared = live.join(&state);
    let looking = Looking {
        state,
        changes: Changes::clone(&shared),
        first: true,
        _shared: shared,
        _permit: permit,
    };
    let alive = KeepAlive::new().interval(ALIVE);
    Ok(Sse::new(events(looking)).keep_alive(alive).into_response())
}

/// The first event comes at once: what happened while there was no connection is read then.
fn events(looking: Looking) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(looking, |mut looking| async move {
        if !std::mem::take(&mut looking.first) {
            looking.changes.changed().await.ok()?;
        }
        // The end of the daemon ends the streams.
        looking.state.world().ok()?;
        let count = *looking.changes.borrow_and_update();
        let event = Event::default().event("changed").data(count.to_string());
        Some((Ok(event), looking))
    })
}
