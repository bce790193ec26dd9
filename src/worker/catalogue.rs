//! A panel's price list, read once per TTL and never once per order.
//!
//! Looking never waits: a list that is missing is fetched beside the stream, so that one slow panel
//! does not hold up the orders of the others.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use crate::provider::{Catalogue, Provider, ReadError};

/// After a fetch that failed.
const AFTER_FAILURE: Duration = Duration::from_secs(10);
/// A list this young is not read again because an entry is missing in it.
const YOUNG: Duration = Duration::from_mins(1);

/// The price list of one panel.
#[derive(Debug)]
pub(crate) struct CatalogueCache {
    ttl: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    list: Option<(Arc<Catalogue>, Instant)>,
    fetching: bool,
    failed: Option<Instant>,
}

/// What the cache has.
#[derive(Clone, Debug)]
pub(crate) enum Look {
    List(Arc<Catalogue>),
    /// Nothing yet; the caller is to fetch it ([`CatalogueCache::fetch`]).
    Fetch,
    /// Nothing yet; it is being fetched.
    Wait,
    /// It could not be read a moment ago.
    Failed,
}

impl CatalogueCache {
    /// An empty cache whose list is used for `ttl`.
    #[must_use]
    pub(crate) fn new(ttl: Duration) -> Self {
        Self {
            ttl,
            state: Mutex::default(),
        }
    }

    /// Looks for the list, and for one entry of it.
    #[must_use]
    pub(crate) fn look(&self, entry: &str) -> Look {
        let mut state = self.state.lock();
        if let Some((list, read)) = &state.list {
            let age = read.elapsed();
            // Without the entry only a young list counts: the panel may have added it since.
            if age < self.ttl && (list.products.contains_key(entry) || age < YOUNG) {
                return Look::List(Arc::clone(list));
            }
        }

        if state.fetching {
            return Look::Wait;
        }
        if state.failed.is_some_and(|at| at.elapsed() < AFTER_FAILURE) {
            return Look::Failed;
        }

        // Set at once, so that of all orders in a turn only the first one fetches.
        state.fetching = true;
        Look::Fetch
    }

    /// Reads the list. To be called once for each [`Look::Fetch`].
    pub(crate) async fn fetch(&self, provider: &dyn Provider) -> Result<(), ReadError> {
        let fetching = Fetching(self);
        let read = provider.catalogue().await;

        let mut state = self.state.lock();
        let result = match read {
            Ok(list) => {
                state.list = Some((Arc::new(list), Instant::now()));
                state.failed = None;
                Ok(())
            }
            Err(error) => {
                state.failed = Some(Instant::now());
                Err(error)
            }
        };

        // In this order: the end of the fetch takes the same lock.
        drop(state);
        drop(fetching);
        result
    }
}

/// Ends the fetch, also when it is given up half-way.
struct Fetching<'a>(&'a CatalogueCache);

impl Drop for Fetching<'_> {
    fn drop(&mut self) {
        let state = &self.0.state;
        state.lock().fetching = false;
    }
}
