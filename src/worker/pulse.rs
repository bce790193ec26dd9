//! Heartbeats of the loops. The watchdog is fed by finished turns and not by a timer: alive means working.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

/// The loops of this process.
#[derive(Clone, Debug, Default)]
pub struct Pulses(Arc<Mutex<Vec<Pulse>>>);

/// One loop, which says when it has finished a turn.
#[derive(Clone, Debug)]
pub struct Pulse {
    name: &'static str,
    limit: Duration,
    last: Arc<Mutex<Instant>>,
}

impl Pulses {
    /// A new loop, which must finish a turn within `limit`.
    #[must_use]
    pub fn add(&self, name: &'static str, limit: Duration) -> Pulse {
        let pulse = Pulse {
            name,
            limit,
            last: Arc::new(Mutex::new(Instant::now())),
        };
        self.0.lock().push(pulse.clone());
        pulse
    }

    /// The loops that have not finished a turn in time.
    #[must_use]
    pub(crate) fn stuck(&self) -> Vec<&'static str> {
        self.0
            .lock()
            .iter()
            .filter(|pulse| pulse.is_late())
            .map(|pulse| pulse.name)
            .collect()
    }
}

impl Pulse {
    /// A turn is finished.
    pub(crate) fn beat(&self) {
        *self.last.lock() = Instant::now();
    }

    fn is_late(&self) -> bool {
        let last = *self.last.lock();
        last.elapsed() > self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_that_does_not_turn_is_named() {
        let pulses = Pulses::default();
        let stuck = pulses.add("stuck", Duration::ZERO);
        pulses.add("fine", Duration::from_hours(1)).beat();
        std::hint::black_box(&stuck);
        while !stuck.is_late() {}
        assert_eq!(pulses.stuck(), ["stuck"]);
    }
}
