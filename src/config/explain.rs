//! What the explanation of an order and a person's step take from the settings.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Config, DispatchMode};
use crate::order::explain::{Buying, Settings};

impl Config {
    /// The settings that decide about waiting.
    #[must_use]
    pub(crate) const fn explaining(&self) -> Settings {
        Settings {
            buying: match (self.dispatch.mode, self.dispatch.enabled) {
                (DispatchMode::Shadow, _) => Buying::Shadow,
                (DispatchMode::Live, false) => Buying::Off,
                (DispatchMode::Live, true) => Buying::On,
            },
            max_order_age: self.dispatch.max_order_age,
            give_up_after: self.poll.give_up_after,
            sweep: if self.sweep.enabled {
                Some(self.sweep.interval)
            } else {
                None
            },
            learned: self.poll.learns(),
        }
    }

    /// When an order that goes on now is given up.
    #[must_use]
    pub(crate) fn give_up_at(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        // Beyond the calendar is as good as never.
        TimeDelta::from_std(self.poll.give_up_after)
            .ok()
            .and_then(|patience| now.checked_add_signed(patience))
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}
