mod moved;

use proptest::prelude::*;

use super::*;

const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn schedule() -> Schedule {
    Schedule {
        rule: ScheduleRule::Learned,
        checks_per_order: 6.0,
        first_check_after: secs(60),
        backoff: Backoff::new(secs(30), secs(600), 0.1).unwrap(),
    }
}

/// A panel that delivers between these times.
fn learned(from: u64, to: u64) -> DeliveryTimes {
    let mut times = DeliveryTimes::default();
    for _ in 0..200 {
        times.learn(secs(from), secs(to));
    }
    times
}

fn plan(times: Option<&DeliveryTimes>, until: Duration) -> Vec<Duration> {
    let known = Known {
        times,
        ..Known::default()
    };
    let next = |at: &Duration| Some(schedule().next(*at, known));
    std::iter::successors(Some(Duration::ZERO), next)
        .skip(1)
        .take_while(|at| *at < until)
        .collect()
}

#[test]
fn without_knowledge_it_is_the_fixed_rule_and_an_early_probe() {
    let want = [5, 60, 90, 150, 270, 510, 990, 1590, 2190].map(secs);
    assert_eq!(plan(None, secs(2500)), want);
    let mut few = DeliveryTimes::default();
    for _ in 0..29 {
        few.learn(secs(3), secs(4));
    }
    assert_eq!(plan(Some(&few), secs(2500)), want);
}

#[test]
fn questions_stand_where_deliveries_are_and_the_tail_is_as_ever() {
    let times = learned(4, 8);
    let plan = plan(Some(&times), secs(2500));
    let within = plan
        .iter()
        .filter(|at| (secs(3)..secs(9)).contains(*at))
        .count();
    assert!(within >= 4, "{plan:?}");
    let late: Vec<_> = plan.iter().filter(|at| **at > secs(12)).collect();
    assert_eq!(
        late,
        [60, 90, 150, 270, 510, 990, 1590, 2190]
            .map(secs)
            .iter()
            .collect::<Vec<_>>()
    );
}

#[test]
fn many_that_wait_are_asked_about_less_often_each() {
    let times = learned(4, 8);
    let known = Known {
        times: Some(&times),
        waiting: 10_000,
        rate: Some(10.0),
    };
    let next = schedule().next(Duration::ZERO, known);
    assert!(next >= secs(1428) && next < secs(1429), "{next:?}");
}

#[test]
fn an_order_is_asked_about_as_often_as_is_configured_on_average() {
    for (from, to) in [(60, 600), (180, 2900), (0, 60_000)] {
        let times = learned(from, to);
        let waiting = |at: &Duration| {
            let shares = (0..1000).map(|part| f64::from(part) / 1000.0);
            let later = shares.filter(|share| times.quantile(*share).unwrap() > *at);
            later.fold(0.0, |sum, _| sum + 0.001)
        };
        // The question that finds it done, and those before it.
        let before: f64 = plan(Some(&times), tail(&times).unwrap())
            .iter()
            .map(waiting)
            .sum();
        let asked = before + 1.0;
        assert!(
            (asked - schedule().checks_per_order).abs() < 0.4,
            "{from} to {to}: {asked}"
        );
    }
}

#[test]
fn four_times_the_chance_is_worth_twice_the_questions_and_a_long_wait_fewer() {
    let at = |seconds: f64, rate: f64| {
        let hazard = Hazard {
            from: seconds - 1.0,
            to: seconds + 1.0,
            waiting: 1.0,
            rate,
        };
        density(&hazard)
    };
    assert!((at(10.0, 4.0) / at(10.0, 1.0) - 2.0).abs() < 1e-9);
    // A second after ten seconds counts for less than one at the start, by 2 to the power of 0.9.
    let less = at(0.0, 1.0) / at(10.0, 1.0);
    assert!((less * less - 0.9_f64.exp2()).abs() < 1e-9, "{less}");
}

#[test]
fn the_fixed_rule_holds_for_the_last_of_a_hundred() {
    let times = learned(4, 8);
    assert_eq!(tail(&times), times.quantile(0.99));
    let last = tail(&times).unwrap();
    let known = Known {
        times: Some(&times),
        ..Known::default()
    };
    assert_eq!(schedule().next(last, known), schedule().fixed(last));
}

#[test]
fn after_many_checks_the_fixed_rule_goes_on_at_its_longest_delay() {
    for (elapsed, next) in [
        (17_189, 17_190),
        (17_190, 17_790),
        (17_789, 17_790),
        (17_790, 18_390),
        (19_000, 19_590),
    ] {
        assert_eq!(schedule().fixed(secs(elapsed)), secs(next), "{elapsed}");
    }
}

proptest! {
    #[test]
    fn the_next_question_is_always_later_and_never_too_soon(
        samples in prop::collection::vec((0_u64..5_000_000, 0_u64..5_000_000), 0..80),
        elapsed_ms in 0_u64..90_000_000,
        checks in 1.0..50.0_f64,
    ) {
        let mut times = DeliveryTimes::default();
        for (after, until) in samples {
            times.learn(Duration::from_millis(after), Duration::from_millis(until));
        }
        let elapsed = Duration::from_millis(elapsed_ms);
        let schedule = Schedule { checks_per_order: checks, ..schedule() };
        let known = Known { times: Some(&times), ..Known::default() };
        let next = schedule.next(elapsed, known);
        prop_assert!(next >= EARLIEST && next >= elapsed + CLOSEST);
        prop_assert!(next <= elapsed + LONGEST_GAP, "{next:?} after {elapsed:?}");
        prop_assert!(next <= schedule.fixed(elapsed).max(times.quantile(1.0).unwrap_or_default()).max(elapsed + CLOSEST));
    }
}
