//! How much one panel is asked at once and how fast, whoever asks.
//!
//! Buying goes before asking: some of the places are kept for purchases, and a question does not
//! take its turn while a purchase waits for one.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::pace::Pace;

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestKind {
    /// A purchase.
    Buy,
    /// A question.
    Ask,
}

/// The limits of one panel in this process.
#[derive(Debug)]
pub(crate) struct ConcurrencyLimit {
    all: Arc<Semaphore>,
    asking: Arc<Semaphore>,
    pace: Option<Pace>,
}

/// A place at the panel; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    limit: Arc<ConcurrencyLimit>,
    kind: RequestKind,
    _all: OwnedSemaphorePermit,
    _asking: Option<OwnedSemaphorePermit>,
}

impl ConcurrencyLimit {
    /// A limit for `max_in_flight` requests at once (0 means no limit), at this pace.
    #[must_use]
    pub(crate) fn new(max_in_flight: usize, pace: Option<Pace>) -> Self {
        let places = if max_in_flight == 0 {
            Semaphore::MAX_PERMITS
        } else {
            max_in_flight
        };
        Self {
            all: Arc::new(Semaphore::new(places)),
            asking: Arc::new(Semaphore::new(places - kept_for_buying(places))),
            pace,
        }
    }

    /// Places that are free for such a request now.
    #[must_use]
    pub(crate) fn free(&self, kind: RequestKind) -> usize {
        let all = self.all.available_permits();
        match kind {
            RequestKind::Buy => all,
            RequestKind::Ask => all.min(self.asking.available_permits()),
        }
    }

    /// Waits for a place. `None` never comes while the limit stands.
    pub(crate) async fn acquire(self: &Arc<Self>, kind: RequestKind) -> Option<Permit> {
        // First the scarcer one: a question that waits for it must keep no place from a purchase.
        let asking = match kind {
            RequestKind::Buy => None,
            RequestKind::Ask => Some(Arc::clone(&self.asking).acquire_owned().await.ok()?),
        };
        Some(Permit {
            _all: Arc::clone(&self.all).acquire_owned().await.ok()?,
            _asking: asking,
            limit: Arc::clone(self),
            kind,
        })
    }

    /// Takes a place, if there is one.
    #[must_use]
    pub(crate) fn try_acquire(self: &Arc<Self>, kind: RequestKind) -> Option<Permit> {
        let asking = match kind {
            RequestKind::Buy => None,
            RequestKind::Ask => Some(Arc::clone(&self.asking).try_acquire_owned().ok()?),
        };
        Some(Permit {
            _all: Arc::clone(&self.all).try_acquire_owned().ok()?,
            _asking: asking,
            limit: Arc::clone(self),
            kind,
        })
    }
}

/// A quarter of the places, at least one where there is more than one.
const fn kept_for_buying(places: usize) -> usize {
    if places < 2 {
        // A single place serves both, or nothing could be asked.
        0
    } else if places < 8 {
        1
    } else {
        places / 4
    }
}

impl Permit {
    /// Waits until the panel's pace allows the request.
    pub(crate) async fn wait_for_pace(&self) {
        if let Some(pace) = &self.limit.pace {
            match self.kind {
                RequestKind::Buy => pace.buy().await,
                RequestKind::Ask => pace.ask().await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_leave_places_for_purchases() {
        for (places, asking) in [(1, 1), (2, 1), (4, 3), (8, 6), (100, 75)] {
            let limit = Arc::new(ConcurrencyLimit::new(places, None));
            let permits: Vec<_> =
                std::iter::from_fn(|| limit.try_acquire(RequestKind::Ask)).collect();
            assert_eq!(permits.len(), asking, "of {places}");
            assert_eq!(limit.free(RequestKind::Ask), 0);
            assert_eq!(limit.free(RequestKind::Buy), places - asking);
            drop(permits);
            let buys: Vec<_> = std::iter::from_fn(|| limit.try_acquire(RequestKind::Buy)).collect();
            assert_eq!(buys.len(), places);
        }
    }
}
