//! What time it is for whom: `src/clock.rs` and `daemon::build::follow_clock`.
//!
//! The queue of events keeps true time. The server's clock may be set, to somewhere within an hour of it; each replica
//! carries on the time that it has read there, and is off by a little more or less.

use chrono::TimeDelta;
use fastrand::Rng;

use super::{
    database::Database,
    setting::{At, OFF, Setting, span},
    tally::Path,
    world::{Event, Stream, World},
};

/// `daemon::build::CLOCK_INTERVAL`, in seconds.
const INTERVAL: f64 = 30.0;

impl Database {
    /// The server's clock.
    pub(super) fn clock(&self) -> At {
        self.now + self.clock_off
    }

    /// The true time at which the server's clock will show this.
    pub(super) fn true_time(&self, shown: At) -> At {
        shown - self.clock_off
    }
}

impl World {
    pub(super) fn clock(&self, replica: usize) -> At {
        let replica = &self.replicas[replica];
        self.db.now + replica.clock_read + replica.skew
    }

    /// A turn of the stream when that is due, by the server's clock.
    pub(super) fn wake_due(&mut self, stream: Stream, due: At) {
        let at = self.db.true_time(due);
        self.wake(stream, at);
    }

    pub(super) fn move_clocks(&mut self) {
        self.db.tally.path(Path::ClockMoved);
        for replica in 0..self.replicas.len() {
            self.replicas[replica].skew = draw_skew(&mut self.rng, &self.setting);
        }
        self.wake_both();
    }

    /// Somebody sets the server's clock, or another server takes over whose clock is another one.
    pub(super) fn set_clock(&mut self) {
        self.db.tally.path(Path::ClockSet);
        let is_off = !self.db.clock_off.is_zero();
        self.db.clock_off = if is_off && self.rng.bool() {
            TimeDelta::zero()
        } else {
            let most = OFF.num_milliseconds();
            TimeDelta::milliseconds(self.rng.i64(-most..most))
        };

        for replica in 0..self.replicas.len() {
            // A reading that takes long does not count, so behind a slow connection it may be much later.
            let longest = if self.rng.usize(..10) == 0 {
                3600.0
            } else {
                INTERVAL
            };
            let delay = span(&mut self.rng, 0.1, longest);
            self.after(delay, Event::ReadClock(replica));
        }
        self.wake_both();
    }

    pub(super) fn read_clock(&mut self, replica: usize) {
        if self.db_up {
            self.replicas[replica].clock_read = self.db.clock_off;
            self.wake_both();
        } else {
            let again = span(&mut self.rng, 0.1, INTERVAL);
            self.after(again, Event::ReadClock(replica));
        }
    }
}

pub(super) fn draw_skew(rng: &mut Rng, setting: &Setting) -> TimeDelta {
    let seconds = setting.faults.skew * (rng.f64() - 0.5);
    #[expect(clippy::cast_possible_truncation, reason = "some minutes")]
    let millis = (seconds * 1000.0) as i64;
    TimeDelta::milliseconds(millis)
}
