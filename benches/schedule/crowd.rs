//! Ten thousand orders at once at a panel that takes ten requests a second.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
    time::Duration,
};

use fastrand::Rng;
use orderwatch::order::{
    delivery::DeliveryTimes,
    schedule::{Known, Schedule},
};

use crate::targets::Targets;

const ORDERS: usize = 10_000;
const RATE: u32 = 10;
/// Simulated.
const HOURS: u32 = 4;

/// An order is bought whenever one is found done, so that as many always wait; each takes an hour on
/// average. Seconds stand for themselves.
pub(crate) fn measure(schedule: &Schedule, targets: &mut Targets) {
    let mut dice = Rng::with_seed(7);
    let mut times = DeliveryTimes::default();
    for _ in 0..300 {
        let done = takes(&mut dice);
        times.learn(done, done + Duration::from_mins(1));
    }

    let known = Known {
        times: Some(&times),
        waiting: ORDERS as u64,
        rate: Some(f64::from(RATE)),
    };
    let mut due: BinaryHeap<Reverse<(Duration, Duration, Duration)>> = (0..ORDERS)
        .map(|_| {
            // They have come over the last hour.
            let bought = Duration::from_secs_f64(dice.f64() * 3600.0);
            Reverse((
                bought + schedule.next(Duration::ZERO, known),
                bought,
                takes(&mut dice),
            ))
        })
        .collect();

    let mut late = Vec::new();
    let mut recent: VecDeque<Duration> = VecDeque::new();
    let mut most = 0;
    let mut free = Duration::ZERO;
    while let Some(Reverse((at, bought, takes_time))) = due.pop() {
        if at > Duration::from_hours(HOURS.into()) {
            break;
        }
        // What the panel's pace makes of it.
        let asked = at.max(free);
        free = asked + Duration::from_secs(1) / RATE;
        late.push(asked.saturating_sub(at).as_secs_f64());
        recent.push_back(at);
        while recent
            .front()
            .is_some_and(|first| *first + Duration::from_mins(1) < at)
        {
            recent.pop_front();
        }
        most = most.max(recent.len());

        let elapsed = asked.saturating_sub(bought);
        let (bought, takes_time) = if elapsed >= takes_time {
            (asked, takes(&mut dice))
        } else {
            (bought, takes_time)
        };
        let waited = asked.saturating_sub(bought);
        let delay = schedule.next(waited, known).saturating_sub(waited);
        let delay = delay.mul_f64(dice.f64().mul_add(0.1, 1.0));
        due.push(Reverse((asked + delay, bought, takes_time)));
    }

    late.sort_by(f64::total_cmp);
    let count = u32::try_from(late.len()).unwrap_or(u32::MAX);
    let questions = f64::from(count) / (f64::from(HOURS) * 3600.0);
    println!("{ORDERS} orders in flight, {RATE} requests a second, {HOURS} simulated hours");
    targets.at_most(
        "questions that are due",
        questions,
        f64::from(RATE),
        "a second",
    );
    targets.at_most(
        "lateness of a question, p95",
        late[late.len() * 95 / 100],
        60.0,
        "s",
    );
    println!("  most that were due within a minute: {most}");
}

fn takes(dice: &mut Rng) -> Duration {
    Duration::from_secs_f64(-3600.0 * (1.0 - dice.f64()).ln())
}
