//! The panels' circuits: `src/worker/breaker.rs`, `src/worker/probe.rs` and `src/store/breaker.rs`.

use chrono::TimeDelta;

use super::{
    replica::Process,
    setting::delta,
    tally::Path,
    world::{Event, World},
};
use crate::breaker::Signal;

impl World {
    /// `PanelBreaker::note`.
    pub(super) fn note_signal(&mut self, process: Process, panel: usize, signal: Option<Signal>) {
        let now = self.clock(process.replica);
        let breaker = &mut self.replicas[process.replica].breakers[panel];
        let Some(_reason) = signal.and_then(|it| breaker.after(it, self.setting.breaker)) else {
            return;
        };
        let until = now + delta(self.setting.breaker.cooldown);
        breaker.open(until);
        if self.db_up && self.db.breakers[panel].is_none() {
            self.db.tally.path(Path::CircuitOpened);
            self.db.breakers[panel] = Some(until);
            let at = self.db.true_time(until).max(self.db.now);
            self.at(at, Event::Probe(panel));
        }
    }

    /// `PanelBreaker::follow`.
    pub(super) fn follow_breakers(&mut self, replica: usize) {
        for (panel, until) in self.db.breakers.into_iter().enumerate() {
            let breaker = &mut self.replicas[replica].breakers[panel];
            match until {
                Some(until) => breaker.open(until),
                None if breaker.open_until().is_some() => breaker.close(),
                None => {}
            }
        }
    }

    /// `Probe::look`: one replica asks for the balance, once per cool-down.
    pub(super) fn probe(&mut self, panel: usize) {
        let Some(until) = self.db.breakers[panel] else {
            return;
        };
        let again = TimeDelta::seconds(1);
        let Some(replica) = self.any_replica().filter(|_| self.db_up) else {
            self.after(again, Event::Probe(panel));
            return;
        };
        let now = self.clock(replica);
        if now < until {
            // Its clock is behind that of the replica that opened it, or was set back, and may be set right at any time.
            let wait = (until - now).clamp(again, TimeDelta::minutes(1));
            self.after(wait, Event::Probe(panel));
            return;
        }

        let answers = self.panels[panel].answers_since.is_some();
        if answers && !self.fault(self.setting.faults.lost) {
            self.db.tally.path(Path::CircuitClosed);
            self.db.breakers[panel] = None;
            self.replicas[replica].breakers[panel].close();
            self.wake_both();
        } else {
            let cooldown = delta(self.setting.breaker.cooldown);
            self.db.breakers[panel] = Some(now + cooldown);
            self.after(cooldown, Event::Probe(panel));
        }
    }
}
