//! What the handlers work with.
//!
//! There is a [`World`] while the daemon works, neither before nor after it: a request asks for it
//! when it begins, and a stream of events asks again for each event, so that no client keeps the
//! daemon alive.

use std::{fmt, sync::Arc};

use parking_lot::RwLock;
use tokio::sync::Notify;

use super::{
    auth::Access,
    health::Readiness,
    metrics::LastRead,
    problem::{Code, Problem},
    tries::Tries,
};
use crate::{
    attention,
    clock::{Clock, DatabaseClock},
    config::{self, BasePath, Config},
    doctor::Means,
    metrics::{METRICS, label::Door},
    overview::Situation,
    store::{Store, StoreError},
    worker::{
        jobs::runner::Runner,
        overview::{Asking, situation},
        pulse::Pulses,
        trendyol::Seller,
        wakeup::Wakeup,
    },
};

/// What the daemon runs.
pub(crate) struct World {
    pub(crate) config: Config,
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    /// Wakes the dispatcher.
    pub(crate) sends: Arc<Wakeup>,
    /// Wakes the poller.
    pub(crate) checks: Arc<Wakeup>,
    /// Which workers are alive.
    pub(crate) pulses: Pulses,
    /// What is asked of the database to see the whole.
    pub(crate) asking: Asking,
    /// From when on something is worth a warning.
    pub(crate) limits: attention::Limits,
    /// What the settings mean for the doctor.
    pub(crate) means: Means,
    /// Runs jobs on request.
    pub(crate) runner: Runner,
    /// Rung when Trendyol has called about an order.
    pub(crate) bell: Arc<Notify>,
    /// The Trendyol store, if one is configured.
    pub(crate) seller: Option<Seller>,
}

impl World {
    /// Everything that there is to see now.
    pub(crate) async fn situation(&self) -> Result<Situation, StoreError> {
        let mut situation = situation(&self.store, &self.asking, self.clock.now()).await?;
        // Not in the database: only the process itself knows.
        situation.reload_refused = METRICS.last_reload_successful.get() == 0;
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
pub(crate) struct AppState(Arc<Inner>);

struct Inner {
    world: RwLock<Option<Arc<World>>>,
    access: Access,
    base: BasePath,
    clock: Arc<DatabaseClock>,
    log_ins: Tries,
    bearers: Tries,
    calls: Tries,
    last_read: LastRead,
    readiness: Readiness,
    doctor: tokio::sync::Mutex<()>,
}

impl AppState {
    /// Without a world yet: the daemon waits for its database.
    #[must_use]
    pub(crate) fn new(settings: &config::Http, clock: Arc<DatabaseClock>) -> Self {
        Self(Arc::new(Inner {
            world: RwLock::default(),
            access: Access::new(settings),
            base: settings.base_path.clone(),
            clock,
            log_ins: Tries::at(Door::Login),
            bearers: Tries::at(Door::Bearer),
            calls: Tries::at(Door::Webhook),
            last_read: LastRead::default(),
            readiness: Readiness::default(),
            doctor: tokio::sync::Mutex::default(),
        }))
    }

    /// From here on this is what requests see.
    pub(crate) fn enter(&self, world: World) {
        *self.0.world.write() = Some(Arc::new(world));
    }

    /// From here on there is nothing to see any more.
    pub(crate) fn leave(&self) {
        *self.0.world.write() = None;
    }

    /// What there is to see and to do; [`Code::Unavailable`] while the daemon starts and stops.
    pub(crate) fn world(&self) -> Result<Arc<World>, Problem> {
        let world = self.0.world.read();
        // A clone: the lock must not be held for as long as a request takes.
        world.clone().ok_or_else(|| {
            Problem::new(
                Code::Unavailable,
                "orderwatch is starting or stopping; try again in a moment",
            )
        })
    }

    #[must_use]
    pub(crate) fn access(&self) -> &Access {
        &self.0.access
    }

    /// Before every address that leaves for a browser.
    #[must_use]
    pub(crate) fn base(&self) -> &BasePath {
        &self.0.base
    }

    /// The time, also while there is no world.
    #[must_use]
    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    pub(super) fn last_read(&self) -> &LastRead {
        &self.0.last_read
    }

    pub(super) fn readiness(&self) -> &Readiness {
        &self.0.readiness
    }

    /// Held by the one request that runs the doctor.
    pub(super) fn doctor(&self) -> &tokio::sync::Mutex<()> {
        &self.0.doctor
    }

    /// Tries to log in.
    pub(super) fn log_ins(&self) -> &Tries {
        &self.0.log_ins
    }

    /// Programs that show a token.
    pub(super) fn bearers(&self) -> &Tries {
        &self.0.bearers
    }

    /// Calls of the webhook with a wrong password.
    pub(super) fn calls(&self) -> &Tries {
        &self.0.calls
    }
}
