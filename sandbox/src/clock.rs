//! What time it is at the store. A test passes its own clock; without one time stands still.

use std::sync::Arc;

use chrono::{DateTime, Utc};

/// Says what time it is.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// A clock that always shows the same time.
#[must_use]
pub fn still(time: DateTime<Utc>) -> Clock {
    Arc::new(move || time)
}

/// This machine's clock.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the wall clock"
)]
pub fn running() -> Clock {
    Arc::new(Utc::now)
}
