//! One order after the other at one panel, in simulated time.

use std::time::Duration;

use fastrand::Rng;
use orderwatch::order::{
    delivery::DeliveryTimes,
    schedule::{Known, Schedule, ScheduleRule},
};

/// Orders before the measuring begins.
const LEARNED_FROM: u32 = 2_000;

/// A panel, by how long it takes.
#[derive(Clone, Copy)]
pub(crate) struct Panel {
    pub(crate) name: &'static str,
    /// Seconds from a purchase to its completion.
    takes: fn(&mut Rng) -> f64,
}

pub(crate) const PANELS: [Panel; 3] = [
    Panel {
        name: "3 to 8 s",
        takes: |dice| uniform(dice, 3.0, 8.0),
    },
    Panel {
        name: "lognormal, median 40 s",
        takes: |dice| lognormal(dice, 40.0, 0.8),
    },
    Panel {
        name: "one in four after 20 min",
        takes: |dice| {
            if dice.f64() < 0.25 {
                uniform(dice, 1200.0, 1500.0)
            } else {
                lognormal(dice, 20.0, 0.5)
            }
        },
    },
];

/// What the customers of a panel wait for the question that finds their order done.
#[derive(Clone, Copy)]
pub(crate) struct Waits {
    pub(crate) median: f64,
    pub(crate) p95: f64,
    /// Questions an order, the one that finds it done included.
    pub(crate) checks: f64,
}

impl Panel {
    /// Its own median.
    pub(crate) fn median(&self) -> f64 {
        let mut dice = Rng::with_seed(0);
        let mut all: Vec<f64> = (0..10_001).map(|_| (self.takes)(&mut dice)).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    }
}

pub(crate) fn measure(panel: Panel, schedule: &Schedule, orders: u32, seed: u64) -> Waits {
    let mut dice = Rng::with_seed(seed);
    let mut times = DeliveryTimes::default();
    let mut waits = Vec::new();
    let mut checks = 0_u32;

    for order in 0..LEARNED_FROM + orders {
        let done = Duration::from_secs_f64((panel.takes)(&mut dice));
        let (found, asked) = follow(done, schedule, &mut times, &mut dice);
        if order >= LEARNED_FROM {
            waits.push(found.saturating_sub(done).as_secs_f64());
            checks += asked;
        }
    }

    waits.sort_by(f64::total_cmp);
    Waits {
        median: waits[waits.len() / 2],
        p95: waits[waits.len() * 95 / 100],
        checks: f64::from(checks) / f64::from(orders),
    }
}

/// Asks until the order is found done; returns when, and after how many questions.
fn follow(
    done: Duration,
    schedule: &Schedule,
    times: &mut DeliveryTimes,
    dice: &mut Rng,
) -> (Duration, u32) {
    let (mut at, mut asked) = (Duration::ZERO, 0);
    loop {
        let before = at;
        let delay = next(schedule, before, times).saturating_sub(before);
        at += delay.mul_f64(dice.f64().mul_add(0.1, 1.0));
        asked += 1;

        if at >= done {
            times.learn(before, at);
            return (at, asked);
        }
    }
}

fn next(schedule: &Schedule, at: Duration, times: &DeliveryTimes) -> Duration {
    if schedule.rule == ScheduleRule::Fixed {
        return schedule.fixed(at);
    }
    let known = Known {
        times: Some(times),
        ..Known::default()
    };
    schedule.next(at, known)
}

fn uniform(dice: &mut Rng, from: f64, to: f64) -> f64 {
    dice.f64().mul_add(to - from, from)
}

/// By Box and Muller.
fn lognormal(dice: &mut Rng, median: f64, sigma: f64) -> f64 {
    let (u, v) = (1.0 - dice.f64(), dice.f64());
    let normal = (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos();
    median * (sigma * normal).exp()
}
