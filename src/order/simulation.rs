//! An order's whole life against everything that may go wrong, a million times: panels, a shop, staff, clocks,
//! crashes, replicas, and a database that loses commits, without any of them.
//!
//! The rules are the real ones: [`decide`](super::decide), [`schedule`](super::schedule), [`person`](super::person),
//! [`Naming`](super::Naming), [`Breaker`](crate::breaker::Breaker), and the settings as they are shipped. Modelled is
//! what stands around them: the guards of the statements in `src/store`, the order of the steps in `src/worker`, and
//! the network. Each part names its counterpart; who changes one changes the other. What must stay true:
//!
//! * after each step: no order is bought twice, over all panels; nothing is bought that no row knows; no order gets the
//!   code of another, and none one that staff had rejected; stages move along their arrows; waiting ends when it should,
//! * all the time: no order is left where it could go on, since its panel answers and is done with it, or would sell it,
//! * a purchase that a failover took is known again once a replica that knew of it has reached the database,
//! * at the end: each order has come to one, the panels' ledgers say the same, and the money adds up,
//! * a checker that finds nothing proves nothing: each [`Flaw`] is found.
//!
//! What it takes for granted: staff who look a purchase up tell the truth; where a failover loses commits, no request
//! is on its way for longer than it takes; and where orders fall back to a second panel then, `dispatch.ask_first` is on
//! (`docs/operations.md`). A second dispatcher and the price list are not part of it: they are tested with the real
//! database.
//!
//! `ORDERWATCH_SIM_SEEDS` sets how many seeds are run or, as `7..9`, which; `ORDERWATCH_SIM_SEED=7` runs that one
//! alone and prints the steps of the order that went wrong.

mod audit;
mod breakers;
mod call;
mod check;
mod claims;
mod clocks;
mod constraints;
mod course;
mod database;
mod failover;
mod holds;
mod jobs;
mod network;
mod panel;
mod people;
mod person;
mod record;
mod recorder;
mod replica;
mod restore;
mod send;
mod setting;
mod sort;
mod sweep;
mod tally;
mod world;

use std::{
    any::Any,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread,
    time::Instant,
};

use self::{
    setting::ORDERS,
    tally::{Path, Tally},
    world::World,
};

const SEEDS: &str = "ORDERWATCH_SIM_SEEDS";
const SEED: &str = "ORDERWATCH_SIM_SEED";
/// With so many each path is taken at least once. `.ci/run` asks for ten times as many: a million orders.
const ENOUGH: u64 = 1000;
/// How the words begin of a seed that panicked.
const PANICKED: &str = "panicked";
/// Within so many seeds each flaw is found.
const SOON: u64 = 1000;

named! {
    /// A mistake that is put into the model, which the audit has to find.
    pub(super) enum Flaw {
        RecordWithoutToken = "a result is written without its lease",
        NameByTime = "the reference depends on the time",
        SendAfterLease = "what may have been bought is sent again when its lease ends",
        UnsureIsRefused = "no sure answer counts as a refusal",
        UnsureIsNotSent = "no sure answer counts as not sent",
        BuyUnasked = "a panel that takes repetitions is not asked before",
        SendUnclaimed = "an order is sent although its claim failed",
        ClaimUnchecked = "a claim does not check the order again",
        CodeForRejected = "a code goes into a row that staff rejected",
        CodeNotMissed = "delivered without the code that belongs to it is completed",
        GiveUpEarly = "waiting ends an hour early",
        NeverAskedAgain = "after a check that failed the panel is not asked before the time limit",
        NeverSentAgain = "what could not be sent is not sent again before the time limit",
        NoRevival = "the sweep forgets orders whose checks ran out",
        StaleVerdict = "a person's word counts although the order was sent again since the person read it",
        LostFallback = "after a failover nobody asks the panel that orders fall back to",
        DoubtByClock = "after a failover our clock alone says which orders were there before",
        ForgetLost = "an answer about an order that the database has lost is only logged",
    }
}

/// Runs a seed to its end, or to the first thing that must not happen.
fn run(seed: u64, flaw: Option<Flaw>, watched: bool) -> (World, Result<(), String>) {
    let mut world = World::new(seed, flaw, watched);
    // A panic of the rules is a failure of this seed, which nobody would know from a thread that panicked.
    let ended = catch_unwind(AssertUnwindSafe(|| world.run()));
    (world, ended.unwrap_or_else(|panic| Err(panicked(&*panic))))
}

fn panicked(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    format!("{PANICKED}: {}", text.unwrap_or("without a word"))
}

fn seeds() -> Range<u64> {
    let number = |text: &str| text.parse::<u64>().unwrap();
    if let Ok(seed) = std::env::var(SEED) {
        return number(&seed)..number(&seed) + 1;
    }
    let seeds = std::env::var(SEEDS).unwrap_or_else(|_| ENOUGH.to_string());
    match seeds.split_once("..") {
        Some((from, to)) => number(from)..number(to),
        None => 0..number(&seeds),
    }
}

/// Runs all seeds on all cores; the first that fails ends it.
fn run_all(seeds: Range<u64>) -> Result<Tally, (u64, String)> {
    let next = AtomicU64::new(seeds.start);
    let work = || {
        let mut sum = Tally::default();
        loop {
            let seed = next.fetch_add(1, Relaxed);
            if seed >= seeds.end {
                return Ok(sum);
            }
            let started = Instant::now();
            let (world, ended) = run(seed, None, false);
            if let Err(wrong) = ended {
                next.store(seeds.end, Relaxed);
                return Err((seed, wrong));
            }
            sum += &world.db.tally;
            sum.simulated += world.db.now - world.begin;
            sum.took += started.elapsed();
        }
    };

    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        let mut sum = Tally::default();
        for thread in threads {
            sum += &thread.join().unwrap()?;
        }
        Ok(sum)
    })
}

/// The steps of the order that went wrong.
fn timeline(seed: u64) -> String {
    let (world, ended) = run(seed, None, true);
    let steps = world.db.timeline.unwrap_or_default();
    let wrong = steps.iter().find(|(_, _, what)| what.starts_with("WRONG"));
    // After a panic, the one that took the last step.
    let wrong = wrong.or(steps.last());
    let order = wrong.map(|(_, order, _)| *order);
    let of_order = steps.iter().filter(|(_, of, _)| Some(*of) == order);
    let lines = of_order.map(|(at, order, what)| format!("{at}  order {order}  {what}\n"));
    lines.chain(ended.err()).collect()
}

#[test]
fn each_order_is_bought_once_and_comes_to_its_end() {
    let seeds = seeds();
    let count = seeds.end - seeds.start;
    let started = Instant::now();
    let tally = match run_all(seeds) {
        Ok(tally) => tally,
        Err((seed, wrong)) => panic!(
            "{wrong}\nagain: {SEED}={seed} cargo test --lib order::simulation::each_order\n{}",
            timeline(seed)
        ),
    };

    println!(
        "{count} seeds of {ORDERS} orders in {:.1?}\n{tally}",
        started.elapsed()
    );
    let of = |path| tally.of(path);
    println!(
        "figures: {count} seeds: {} orders, {} purchases, {} crashes, {} failovers, {} answers lost, 0 bought twice, \
         0 lost; 24 simulated hours take {:.0?}",
        of(Path::Placed),
        of(Path::Bought),
        of(Path::Crash),
        of(Path::Failover),
        of(Path::AnswerLost),
        tally.per_day()
    );
    assert!(tally.of(Path::Placed) >= count * ORDERS as u64);
    if count >= ENOUGH {
        assert_eq!(tally.missing(), Vec::<String>::new(), "never happened");
    }
}

#[test]
fn a_seed_is_always_the_same_run() {
    let steps = |seed| run(seed, None, true).0.db.timeline;
    for seed in 0..3 {
        assert_eq!(steps(seed), steps(seed));
    }
    assert_ne!(steps(0), steps(1));
}

#[test]
fn each_mistake_is_found() {
    let mut missed = Vec::new();
    for flaw in Flaw::ALL {
        let found = (0..SOON).find_map(|seed| Some((seed, run(seed, Some(flaw), false).1.err()?)));
        match found {
            // As it may without the mistake.
            Some((seed, wrong)) if wrong.starts_with(PANICKED) => {
                panic!("{flaw}: seed {seed} {wrong}")
            }
            Some((seed, wrong)) => println!("{flaw}: seed {seed}, {wrong}"),
            None => missed.push(flaw),
        }
    }
    assert_eq!(missed, [], "nothing is wrong with these in {SOON} seeds");
    let flaws = Flaw::ALL.len();
    println!("figures: {flaws} mistakes put into the model, each found");
}
