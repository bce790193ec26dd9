//! What the handlers work with.
//!
//! There is a [`World`] while the daemon works, neither before nor after it: a request asks for it
//! when it begins, and a stream of events asks again for each event, so that no client keeps the
//! daemon alive.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use tokio::sync::Notify;

use super::{
    auth::Access,
    login::Tries,
    metrics::LastLook,
    problem::{Code, Problem},
};
use crate::{
    attention,
    clock::{Clock, DatabaseClock},
    config::{self, Config},
    doctor::Means,
    meter::Meter,
    overview::Situation,
    store::{Store, StoreError},
    worker::{
        by_hand::Runner,
        panels::Panels,
        pulse::Pulses,
        situation::{Asking, situation},
        trendyol::{PushRules, Seller},
        wakeup::Wakeup,
    },
};

/// What the daemon runs.
pub struct World {
    /// The settings in force.
    pub config: Config,
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What this process counts and measures.
    pub meter: Arc<Meter>,
    /// The panels as this process sees them.
    pub panels: Arc<Panels>,
    /// Wakes the dispatcher.
    pub sends: Arc<Wakeup>,
    /// Wakes the poller.
    pub checks: Arc<Wakeup>,
    /// Whether the loops turn.
    pub pulses: Pulses,
    /// What is asked of the database to see the whole.
    pub asking: Asking,
    /// From when on something is worth a warning.
    pub limits: attention::Limits,
    /// How stock is sent.
    pub push_rules: PushRules,
    /// What is meant by them when somebody looks for what is wrong.
    pub means: Means,
    /// Runs passes of jobs by hand.
    pub runner: Runner,
    /// Rung when Trendyol has called about an order.
    pub bell: Arc<Notify>,
    /// The Trendyol store, if one is configured.
    pub seller: Option<Seller>,
}

impl World {
    /// Everything that there is to see now.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or a row cannot be understood.
    pub async fn situation(&self) -> Result<Situation, StoreError> {
        let mut situation = situation(&self.store, &self.asking, self.clock.now()).await?;
        // Only the process itself knows.
        situation.reload_refused = self.meter.last_reload_successful.get() == 0;
        Ok(situation)
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").finish_non_exhaustive()
    }
}

/// Shared by all handlers; cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<Inner>);

struct Inner {
    world: RwLock<Option<Arc<World>>>,
    access: Access,
    clock: Arc<DatabaseClock>,
    meter: Arc<Meter>,
    tries: Tries,
    last_look: LastLook,
    doctor: tokio::sync::Mutex<()>,
}

impl AppState {
    /// Without a world yet: the daemon waits for its database.
    #[must_use]
    pub fn new(settings: &config::Http, clock: Arc<DatabaseClock>, meter: Arc<Meter>) -> Self {
        Self(Arc::new(Inner {
            world: RwLock::default(),
            access: Access::new(settings),
            clock,
            meter,
            tries: Tries::default(),
            last_look: LastLook::default(),
            doctor: tokio::sync::Mutex::default(),
        }))
    }

    /// From here on this is what requests see.
    pub fn enter(&self, world: World) {
        *write(&self.0.world) = Some(Arc::new(world));
    }

    /// From here on there is nothing to see any more.
    pub fn leave(&self) {
        *write(&self.0.world) = None;
    }

    /// What there is to see and to do.
    ///
    /// # Errors
    /// [`Code::Unavailable`] while the daemon starts and stops.
    pub fn world(&self) -> Result<Arc<World>, Problem> {
        let world = self.0.world.read().unwrap_or_else(PoisonError::into_inner);
        world.clone().ok_or_else(|| {
            Problem::new(
                Code::Unavailable,
                "orderwatch is starting or stopping; try again in a moment",
            )
        })
    }

    /// Who is let in.
    #[must_use]
    pub fn access(&self) -> &Access {
        &self.0.access
    }

    /// The time, also while there is no world.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    /// What this process counts and measures.
    #[must_use]
    pub fn meter(&self) -> &Meter {
        &self.0.meter
    }

    pub(super) fn last_look(&self) -> &LastLook {
        &self.0.last_look
    }

    /// Held by the one request that looks for what is wrong.
    pub(super) fn doctor(&self) -> &tokio::sync::Mutex<()> {
        &self.0.doctor
    }

    pub(super) fn tries(&self) -> &Tries {
        &self.0.tries
    }
}

/// Both are replaced whole: a panic elsewhere cannot have left them half written.
fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
