//! When what was bought at a practice panel is ready.

use std::time::Duration;

use tokio::time::Instant;

/// When a purchase is ready: both conditions must hold. The default is "at once".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// So many questions about it are answered with "waiting" first.
    pub waits: u32,
    /// So much time has passed since the sale.
    pub after: Duration,
}

impl Readiness {
    /// Never ready, unless settled by hand.
    pub const NEVER: Self = Self {
        waits: u32::MAX,
        after: Duration::MAX,
    };

    /// Ready after so many answers of "waiting".
    #[must_use]
    pub const fn after_waits(waits: u32) -> Self {
        Self {
            waits,
            after: Duration::ZERO,
        }
    }

    /// Ready when this time has passed since the sale.
    #[must_use]
    pub const fn after(after: Duration) -> Self {
        Self { waits: 0, after }
    }

    /// Whether it is ready for a purchase that was made `at` and asked about so often since.
    pub(super) fn reached(&self, asked: u32, at: Instant, now: Instant) -> bool {
        asked >= self.waits && now.saturating_duration_since(at) >= self.after
    }
}
