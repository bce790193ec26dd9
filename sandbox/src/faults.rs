//! Which request meets which fault: scripted one by one, standing, or by seeded chance.
//!
//! A script comes first, then what stands, then chance. Chance is drawn from one seeded generator
//! in the order of arrival, so a single client repeats a run exactly; with many clients the
//! amount of each fault repeats, not who meets it.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    ops::RangeInclusive,
    sync::{Arc, Mutex},
    time::Duration,
};

use fastrand::Rng;

use super::{http::Greeting, lock, trouble::Fault};

/// What goes wrong by chance.
#[derive(Clone, Debug)]
pub struct FaultPlan<E> {
    /// Faults and how often they happen. Shares of one endpoint add up; beyond 1 nothing is left.
    pub chances: Vec<Chance<E>>,
    /// Share of connections that are closed before anything is read from them, 0 to 1.
    pub closed_unread: f64,
    /// How long every answer takes at least; drawn evenly from the range.
    pub latency: RangeInclusive<Duration>,
}

/// A fault that happens to a share of the requests of an endpoint.
#[derive(Clone, Debug)]
pub struct Chance<E> {
    pub endpoint: E,
    pub fault: Fault,
    /// How often, 0 to 1.
    pub share: f64,
}

impl<E: Copy> Chance<E> {
    /// These faults of one endpoint, each as often as the others and `share` in all.
    pub(super) fn evenly(endpoint: E, faults: &[Fault], share: f64) -> Vec<Self> {
        let count = u32::try_from(faults.len()).map_or(f64::INFINITY, f64::from);
        let chance = |fault: &Fault| Self {
            endpoint,
            fault: fault.clone(),
            share: share / count,
        };
        faults.iter().map(chance).collect()
    }
}

impl<E> Default for FaultPlan<E> {
    fn default() -> Self {
        Self {
            chances: Vec::new(),
            closed_unread: 0.0,
            latency: Duration::ZERO..=Duration::ZERO,
        }
    }
}

/// What one request meets.
#[derive(Clone, Debug, Default)]
pub(super) struct Draw {
    pub(super) fault: Option<Fault>,
    pub(super) latency: Duration,
}

/// Handle to the faults of one server.
#[derive(Debug)]
pub struct Faults<E> {
    state: Arc<Mutex<State<E>>>,
}

impl<E> Clone for Faults<E> {
    fn clone(&self) -> Self {
        Self {
            state: Arc::clone(&self.state),
        }
    }
}

#[derive(Debug)]
struct State<E> {
    plan: FaultPlan<E>,
    rng: Rng,
    script: HashMap<E, VecDeque<Option<Fault>>>,
    standing: HashMap<E, Fault>,
    greetings: VecDeque<Greeting>,
}

impl<E: Copy + Eq + Hash> Faults<E> {
    pub(super) fn new(seed: u64, plan: FaultPlan<E>) -> Self {
        let state = State {
            plan,
            rng: Rng::with_seed(seed),
            script: HashMap::new(),
            standing: HashMap::new(),
            greetings: VecDeque::new(),
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// The next unscripted request to the endpoint meets this fault.
    pub fn next(&self, endpoint: E, fault: Fault) {
        self.script(endpoint, [Some(fault)]);
    }

    /// The next unscripted requests to the endpoint meet these, one each; `None` goes well.
    pub fn script(&self, endpoint: E, faults: impl IntoIterator<Item = Option<Fault>>) {
        let mut state = lock(&self.state);
        state.script.entry(endpoint).or_default().extend(faults);
    }

    /// How many scripted requests to the endpoint are still to come.
    #[must_use]
    pub fn scripted(&self, endpoint: E) -> usize {
        lock(&self.state)
            .script
            .get(&endpoint)
            .map_or(0, VecDeque::len)
    }

    /// Every request to the endpoint meets this fault until [`Self::lift`].
    pub fn stand(&self, endpoint: E, fault: Fault) {
        lock(&self.state).standing.insert(endpoint, fault);
    }

    /// Ends the standing fault of the endpoint.
    pub fn lift(&self, endpoint: E) {
        lock(&self.state).standing.remove(&endpoint);
    }

    /// The next connection is greeted so.
    pub fn next_connection(&self, greeting: Greeting) {
        lock(&self.state).greetings.push_back(greeting);
    }

    /// Replaces what goes wrong by chance; scripts and standing faults stay.
    pub fn set_plan(&self, plan: FaultPlan<E>) {
        lock(&self.state).plan = plan;
    }

    pub(super) fn greet(&self) -> Greeting {
        let mut state = lock(&self.state);
        if let Some(greeting) = state.greetings.pop_front() {
            return greeting;
        }
        let share = state.plan.closed_unread;
        if share > 0.0 && state.rng.f64() < share {
            Greeting::Close
        } else {
            Greeting::Serve
        }
    }

    pub(super) fn draw(&self, endpoint: E) -> Draw {
        let mut state = lock(&self.state);
        let latency = state.latency();

        let scripted = state
            .script
            .get_mut(&endpoint)
            .and_then(VecDeque::pop_front);

        let fault = match scripted {
            Some(fault) => fault,
            None => match state.standing.get(&endpoint) {
                Some(fault) => Some(fault.clone()),
                None => state.chance(endpoint),
            },
        };

        Draw { fault, latency }
    }
}

impl<E: Copy + Eq> State<E> {
    fn latency(&mut self) -> Duration {
        let (low, high) = (*self.plan.latency.start(), *self.plan.latency.end());
        match high.checked_sub(low) {
            Some(spread) if !spread.is_zero() => low + spread.mul_f64(self.rng.f64()),
            _ => low,
        }
    }

    fn chance(&mut self, endpoint: E) -> Option<Fault> {
        let mut here = self.plan.chances.iter().filter(|c| c.endpoint == endpoint);
        let first = here.next()?;
        let mut left = self.rng.f64();
        std::iter::once(first).chain(here).find_map(|chance| {
            left -= chance.share;
            (left < 0.0).then(|| chance.fault.clone())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trouble::Trouble;

    const fn fault(status: u16) -> Fault {
        Fault::Instead(Trouble::Page(status))
    }

    fn drawn(faults: &Faults<u8>, endpoint: u8) -> Option<Fault> {
        faults.draw(endpoint).fault
    }

    #[test]
    fn a_script_comes_before_what_stands_and_that_before_chance() {
        let chances = vec![Chance {
            endpoint: 1,
            fault: fault(500),
            share: 1.0,
        }];

        let plan = FaultPlan {
            chances,
            ..FaultPlan::default()
        };

        let faults = Faults::new(7, plan);
        faults.stand(1, fault(503));
        faults.script(1, [None, Some(fault(502))]);
        assert_eq!(drawn(&faults, 1), None);
        assert_eq!(faults.scripted(1), 1);
        assert_eq!(drawn(&faults, 1), Some(fault(502)));
        assert_eq!(drawn(&faults, 1), Some(fault(503)));
        faults.lift(1);
        assert_eq!(drawn(&faults, 1), Some(fault(500)));

        assert_eq!(drawn(&faults, 2), None);
    }

    #[test]
    fn one_seed_gives_one_sequence_with_the_asked_shares() {
        let plan = || FaultPlan {
            chances: [(500, 0.1), (503, 0.3)]
                .map(|(status, share)| Chance {
                    endpoint: 1,
                    fault: fault(status),
                    share,
                })
                .to_vec(),
            ..FaultPlan::default()
        };

        let run = |seed| {
            let faults = Faults::new(seed, plan());
            (0..4000).map(|_| drawn(&faults, 1)).collect::<Vec<_>>()
        };

        assert_eq!(run(3), run(3));
        assert_ne!(run(3), run(4));

        let count = |status| {
            let wanted = Some(fault(status));
            run(3).iter().filter(|f| **f == wanted).count()
        };
        assert!((300..500).contains(&count(500)), "{}", count(500));

        assert!((1000..1400).contains(&count(503)), "{}", count(503));
    }

    #[test]
    fn latency_stays_in_its_range() {
        let (low, high) = (Duration::from_millis(5), Duration::from_millis(9));
        let plan = FaultPlan {
            latency: low..=high,
            ..FaultPlan::default()
        };
        let faults = Faults::<u8>::new(1, plan);
        for _ in 0..500 {
            let latency = faults.draw(1).latency;
            assert!((low..=high).contains(&latency), "{latency:?}");
        }
    }
}
