//! The world of one seed: a clock, a queue of what happens next, and everybody who takes part.
//!
//! One thing happens at a time, in the order of the queue, and all that is random comes from the seed: a seed is always
//! the same run.

use std::{cmp::Ordering, collections::BinaryHeap};

use chrono::TimeDelta;
use fastrand::Rng;

use super::{
    Flaw,
    call::{Call, Doing},
    course::draw_row,
    database::Database,
    panel::{Health, Panel},
    people::{Carrying, ShopAct},
    record::Outcome,
    replica::{Process, Replica},
    setting::{At, CALM, DAY, ORDERS, PANELS, PRODUCTS, Setting},
    sort::Sorted,
};

/// What happens next.
pub(super) enum Event {
    /// A customer orders.
    Placed(usize),
    /// A replica looks for orders to send, or to ask about.
    Turn(Stream),
    /// A process goes on, if it still lives.
    Step(Process, Step),
    /// A request is at its panel; `true` where the process still waits for the answer.
    Arrives(Process, Box<Call>, bool),
    /// Somebody in the shop touches an order's row.
    Shop(usize, ShopAct),
    /// Staff review what is held or unconfirmed.
    Review,
    CarryOut(Box<Carrying>),
    Sweep,
    /// A panel's circuit may be closed.
    Probe(usize),
    Restart(usize),
    ClocksMove,
    ClockSet,
    ReadClock(usize),
    Failover,
    DatabaseBack,
    LookBack(Process),
    Health(usize, Health),
    Pause(usize, bool),
    Reroute(usize),
}

/// A step of a process.
pub(super) enum Step {
    Claim(Box<Sorted>),
    Send(Box<Call>),
    Answer(Box<Call>, super::call::Reply),
    Record(Box<Outcome>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    Dispatch,
    Poll,
}

pub(super) struct World {
    pub(super) setting: Setting,
    pub(super) rng: Rng,
    pub(super) begin: At,
    pub(super) db: Database,
    pub(super) panels: Vec<Panel>,
    pub(super) replicas: Vec<Replica>,
    /// The database answers.
    pub(super) db_up: bool,
    /// Purchases of each order, over all panels.
    pub(super) bought: Vec<u32>,
    /// When each order was claimed or sent last, in true time.
    pub(super) sent: Vec<At>,
    pub(super) tokens: u64,
    turns: [At; 2],
    queue: BinaryHeap<Entry>,
    places: u64,
}

struct Entry(At, u64, Event);

impl World {
    pub(super) fn new(seed: u64, flaw: Option<Flaw>, watched: bool) -> Self {
        let mut rng = Rng::with_seed(seed);
        let setting = Setting::draw(&mut rng, flaw);
        let begin = At::from_timestamp(1_800_000_000, 0).unwrap();
        let rows = (0..=ORDERS).map(|order| draw_row(order, &mut rng, &setting, begin));
        let mut db = Database::new(rows.collect(), begin, flaw);
        db.keeps_undo = setting.faults.failovers > 0;
        db.fallback = setting.fallback;
        db.timeline = watched.then(Vec::new);
        // Where nothing may fall back, half of the products are the second panel's.
        for product in 1..PRODUCTS {
            db.routes[product] = if setting.fallback {
                0
            } else {
                product % PANELS
            };
        }

        let panels = setting.kinds.map(|kind| Panel::new(kind, &mut rng, begin));
        let replicas = (0..setting.replicas).map(|_| Replica::new(&mut rng, &setting, &db));
        Self {
            replicas: replicas.collect(),
            panels: panels.into(),
            db,
            begin,
            db_up: true,
            bought: vec![0; ORDERS + 1],
            sent: vec![begin; ORDERS + 1],
            tokens: 0,
            turns: [At::MAX_UTC; 2],
            queue: BinaryHeap::new(),
            places: 0,
            rng,
            setting,
        }
    }

    /// Runs to the end, or to the first thing that must not happen.
    pub(super) fn run(&mut self) -> Result<(), String> {
        self.share_names();
        self.schedule();
        let end = self.begin + DAY;
        while let Some(Entry(at, _, event)) = self.queue.pop() {
            self.db.now = self.db.now.max(at);
            self.happen(event);
            self.audit();
            if let Some(wrong) = self.db.wrong.take() {
                return Err(wrong);
            }
            if self.db.now > end && self.is_done() {
                break;
            }
            if self.db.now > self.begin + CALM + DAY * 3 {
                let open = self.db.open.first().copied().unwrap_or_default();
                self.db.fail(open, "never ends");
                return Err(format!("{:?} never end", self.db.open));
            }
        }
        self.audit_end()
    }

    /// Whether nothing is left to do. Steps that are still in the queue may be of processes that live.
    fn is_done(&self) -> bool {
        let works = |entry: &Entry| matches!(entry.2, Event::Step(..) | Event::Arrives(..));
        self.db.open.is_empty() && !self.queue.iter().any(works)
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Placed(order) => self.place(order),
            Event::Turn(stream) => self.turn(stream),
            Event::Step(process, step) => self.step(process, step),
            Event::Arrives(process, call, awaited) => self.arrive(process, call, awaited),
            Event::Shop(order, act) => self.shop_acts(order, act),
            Event::Review => self.review(),
            Event::CarryOut(carrying) => self.carry_out(&carrying),
            Event::Sweep => self.sweep(),
            Event::Probe(panel) => self.probe(panel),
            Event::Restart(replica) => self.restart(replica),
            Event::ClocksMove => self.move_clocks(),
            Event::ClockSet => self.set_clock(),
            Event::ReadClock(replica) => self.read_clock(replica),
            Event::Failover => self.fail_over(),
            Event::DatabaseBack => self.database_back(),
            Event::LookBack(process) => self.look_back(process),
            Event::Health(panel, health) => self.panels[panel].turn(health, self.db.now),
            Event::Pause(panel, paused) => self.pause(panel, paused),
            Event::Reroute(product) => self.reroute(product),
        }
    }

    pub(super) fn at(&mut self, at: At, event: Event) {
        self.places += 1;
        self.queue.push(Entry(at, self.places, event));
    }

    pub(super) fn after(&mut self, delay: TimeDelta, event: Event) {
        self.at(self.db.now + delay, event);
    }

    /// A turn of the stream by then.
    pub(super) fn wake(&mut self, stream: Stream, at: At) {
        let at = at.max(self.db.now + TimeDelta::milliseconds(5));
        if at < self.turns[stream as usize] {
            self.turns[stream as usize] = at;
            self.at(at, Event::Turn(stream));
        }
    }

    fn turn(&mut self, stream: Stream) {
        // An earlier one was asked for meanwhile, and has taken place.
        if self.turns[stream as usize] != self.db.now {
            return;
        }
        self.turns[stream as usize] = At::MAX_UTC;
        self.take_turn(stream);
    }

    /// Whether a call of the process about the order is under way, or its result not written yet.
    pub(super) fn is_at_work(&self, process: Process, order: usize) -> bool {
        let mut events = self.queue.iter();
        events.any(|entry| entry.2.order_of(process) == Some(order))
    }

    /// Whether a fault of such a rate happens now.
    pub(super) fn fault(&mut self, rate: f64) -> bool {
        self.rng.f64() < rate && self.db.now < self.begin + CALM
    }

    pub(super) fn token(&mut self) -> u64 {
        self.tokens += 1;
        self.tokens
    }
}

impl Event {
    /// The order that the process buys, or has a result of. Of one that it asks about it knows when it has the answer.
    fn order_of(&self, process: Process) -> Option<usize> {
        let call = match self {
            Self::Step(of, Step::Record(outcome)) if *of == process => return Some(outcome.order),
            Self::Step(of, Step::Send(call) | Step::Answer(call, _)) if *of == process => call,
            Self::Arrives(of, call, true) if *of == process => call,
            _ => return None,
        };
        (call.doing != Doing::Check).then_some(call.order)
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    /// The earliest is the greatest, which the heap gives first.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.0, other.1).cmp(&(self.0, self.1))
    }
}
