//! A daemon: the turns of `src/worker/dispatch.rs` and `src/worker/poll.rs`, and the claims that follow from them.
//!
//! What it knows beside the database dies with it. Between any two steps it may crash, stand still, or find that the
//! database does not answer.

use chrono::TimeDelta;
use fastrand::Rng;

use super::{
    call::{Call, Doing},
    check::DueOrder,
    clocks::draw_skew,
    database::Database,
    record::Outcome,
    setting::{At, PANELS, PRODUCTS, Setting, span},
    sort::SHARE,
    tally::Path,
    world::{Event, Step, Stream, World},
};
use crate::{breaker::Breaker, order::delivery::DeliveryTimes};

pub(super) struct Replica {
    pub(super) up: bool,
    /// Which of its lives this is.
    pub(super) life: u32,
    /// By how much the server's clock was off when it read that last.
    pub(super) clock_read: TimeDelta,
    /// How far its own is off from that.
    pub(super) skew: TimeDelta,
    pub(super) breakers: [Breaker; PANELS],
    /// What it has learned of each panel's products; at last of the panel as a whole.
    pub(super) learned: Vec<[DeliveryTimes; PRODUCTS + 1]>,
    /// `dispatch::elsewhere::ServerWatch`.
    pub(super) server_since: At,
    /// `recorder::lost::Recent`.
    pub(super) recent: Vec<Outcome>,
}

/// Who goes on: one life of one replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) replica: usize,
    life: u32,
}

impl Replica {
    pub(super) fn new(rng: &mut Rng, setting: &Setting, db: &Database) -> Self {
        let skew = draw_skew(rng, setting);
        Self {
            up: true,
            life: 0,
            clock_read: db.clock_off,
            skew,
            server_since: db.seen_since(db.clock() + skew),
            breakers: [Breaker::default(); PANELS],
            learned: vec![std::array::from_fn(|_| DeliveryTimes::default()); PANELS],
            recent: Vec::new(),
        }
    }
}

impl World {
    pub(super) fn process(&self, replica: usize) -> Process {
        let life = self.replicas[replica].life;
        Process { replica, life }
    }

    pub(super) fn lives(&self, process: Process) -> bool {
        let replica = &self.replicas[process.replica];
        replica.up && replica.life == process.life
    }

    /// One that is up, if there is one.
    pub(super) fn any_replica(&mut self) -> Option<usize> {
        let first = self.rng.usize(..self.replicas.len());
        let all = (0..self.replicas.len()).map(|place| (first + place) % self.replicas.len());
        all.into_iter().find(|&replica| self.replicas[replica].up)
    }

    /// The next step of a process, mostly at once.
    pub(super) fn go_on(&mut self, process: Process, step: Step) {
        let stands_still = self.fault(self.setting.faults.stall);
        let delay = if stands_still {
            self.db.tally.path(Path::Stall);
            span(&mut self.rng, 1.0, 1000.0)
        } else {
            TimeDelta::milliseconds(self.rng.i64(1..20))
        };
        self.after(delay, Event::Step(process, step));
    }

    pub(super) fn step(&mut self, process: Process, step: Step) {
        if !self.lives(process) || self.crashes(process) {
            return;
        }
        match step {
            Step::Claim(sorted) => self.claim(process, *sorted),
            Step::Send(call) => self.send(process, call),
            Step::Answer(call, reply) => self.answer(process, call, reply),
            Step::Record(outcome) => self.record(process, outcome),
        }
    }

    /// Whether it crashes here.
    pub(super) fn crashes(&mut self, process: Process) -> bool {
        let crashes = self.fault(self.setting.faults.crash);
        if crashes {
            self.crash(process.replica);
        }
        crashes
    }

    pub(super) fn crash(&mut self, place: usize) {
        self.db.tally.path(Path::Crash);
        let replica = &mut self.replicas[place];
        replica.up = false;
        replica.life += 1;
        let down = span(&mut self.rng, 0.2, 120.0);
        self.after(down, Event::Restart(place));
    }

    pub(super) fn restart(&mut self, replica: usize) {
        let life = self.replicas[replica].life;
        let fresh = Replica::new(&mut self.rng, &self.setting, &self.db);
        self.replicas[replica] = Replica { life, ..fresh };
        self.wake_both();
    }

    pub(super) fn wake_both(&mut self) {
        let now = self.db.now;
        self.wake(Stream::Dispatch, now);
        self.wake(Stream::Poll, now);
    }

    /// Whether a statement is committed, and whether the process hears of it.
    pub(super) fn commits(&mut self) -> (bool, bool) {
        if !self.db_up {
            return (false, false);
        }
        if !self.fault(self.setting.faults.commit) {
            return (true, true);
        }
        let done = self.rng.bool();
        self.db.tally.path(if done {
            Path::CommitUnsure
        } else {
            Path::CommitFailed
        });
        (done, false)
    }

    pub(super) fn take_turn(&mut self, stream: Stream) {
        let Some(replica) = self.any_replica().filter(|_| self.db_up) else {
            // Woken again when somebody is there.
            return;
        };
        self.take_turn_of(stream, replica);
        // Often another one has been woken by the same notice.
        if self.replicas.len() > 1
            && self.rng.usize(..4) == 0
            && let Some(other) = self.any_replica()
        {
            self.take_turn_of(stream, other);
        }

        let next = self.db.next(stream == Stream::Dispatch);
        let scan = self.db.now + TimeDelta::seconds(30);
        if let Some(next) = next {
            // What is due and was not taken waits for something: the scan looks again.
            let at = self.db.true_time(next);
            let at = if at <= self.db.now { scan } else { at };
            self.wake(stream, at);
        }
    }

    fn take_turn_of(&mut self, stream: Stream, replica: usize) {
        self.follow_breakers(replica);
        match stream {
            Stream::Dispatch => self.dispatch(replica),
            Stream::Poll => self.poll(replica),
        }
    }

    /// The panels that the replica may ask: `Panel::may_ask`.
    pub(super) fn askable(&self, replica: usize) -> Vec<usize> {
        let breakers = &self.replicas[replica].breakers;
        let closed = |panel: &usize| breakers[*panel].open_until().is_none();
        (0..PANELS).filter(closed).collect()
    }

    /// `Poll::take`.
    fn poll(&mut self, replica: usize) {
        let now = self.clock(replica);
        let asking = self.askable(replica);
        let (done, heard) = self.commits();
        if !done {
            return;
        }
        let until = Database::until(now, self.setting.check_lease);
        let token = self.token();
        let due = self.db.claim_due(&asking, token, now, until, SHARE);
        for due in due.into_iter().filter(|_| heard) {
            let call = Call::check(due, token);
            self.go_on(self.process(replica), Step::Send(Box::new(call)));
        }
    }
}

impl Call {
    fn check(due: DueOrder, token: u64) -> Self {
        Self {
            order: due.order,
            panel: due.panel,
            reference: due.reference,
            token,
            watched: due.watched,
            doing: Doing::Check,
            deadline: At::MAX_UTC,
            fallback: None,
            elsewhere: None,
            is_doubtful: false,
            asked: false,
            ours: due.ours,
            sent_by: None,
            waited_at: due.waited_at,
        }
    }
}
