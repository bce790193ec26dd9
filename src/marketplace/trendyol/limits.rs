//! Trendyol's rate limits: one bucket for each group of calls, one for each path.
//!
//! What must stay true: within the limits below no minute and no ten seconds see more calls than Trendyol
//! allows, and a group that was asked to slow down slows down alone.

use std::{num::NonZeroU32, time::Duration};

use governor::{
    Quota, RateLimiter,
    clock::Clock,
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::{backoff::Backoff, metrics::label::Group};

const MINUTE: Duration = Duration::from_mins(1);
const TEN_SECONDS: Duration = Duration::from_secs(10);
/// Whatever Trendyol asks for, a group waits no longer than this before it tries again.
const LONGEST_PAUSE: Duration = Duration::from_mins(2);
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
/// The first pause where Trendyol names none. Each further refusal doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const JITTER: f64 = 0.2;

/// Calls that are made in the long run; 0 is no limit. The defaults are 70 % of what Trendyol allows its
/// smallest sellers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimits {
    /// Order look-ups per minute, of both kinds together (Trendyol: 30).
    pub orders: u32,
    /// From one page of the stream to the next (Trendyol recommends 5 s); zero is no pause.
    pub stream_every: Duration,
    /// Stock pushes per minute (Trendyol: 350).
    pub push: u32,
    /// Batch results and read-backs per minute (Trendyol: 1000).
    pub read: u32,
    /// Questions about returns per minute (Trendyol: 1000).
    pub claims: u32,
    /// Status reports per minute (Trendyol: 300).
    pub packages: u32,
    /// Calls of one path in ten seconds, whatever its group (Trendyol: 50). A fifth may be made at once.
    pub path: u32,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self {
            orders: 21,
            stream_every: Duration::from_secs(5),
            push: 245,
            read: 700,
            claims: 700,
            packages: 210,
            path: 40,
        }
    }
}

/// A path that can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Stream,
    Orders,
    Push,
    Batch,
    ReadBack,
    Claims,
    Picking,
    Webhooks,
}

impl Call {
    pub(super) const ALL: [Self; 8] = [
        Self::Stream,
        Self::Orders,
        Self::Push,
        Self::Batch,
        Self::ReadBack,
        Self::Claims,
        Self::Picking,
        Self::Webhooks,
    ];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Stream => "orders/stream",
            Self::Orders => "orders",
            Self::Push => "price-and-inventory",
            Self::Batch => "batch-requests",
            Self::ReadBack => "inventory-and-price",
            Self::Claims => "claims",
            Self::Picking => "shipment-packages",
            Self::Webhooks => "webhooks",
        }
    }

    pub(super) const fn group(self) -> Group {
        match self {
            Self::Stream | Self::Orders => Group::Orders,
            Self::Push => Group::Push,
            Self::Batch | Self::ReadBack => Group::Read,
            Self::Claims => Group::Claims,
            Self::Picking => Group::Packages,
            Self::Webhooks => Group::Webhooks,
        }
    }
}

/// The buckets of one account.
#[derive(Debug)]
pub(super) struct Limits {
    groups: [Lane; 6],
    paths: [Option<Bucket>; Call::ALL.len()],
    stream: Option<Bucket>,
}

impl Limits {
    pub(super) fn new(limits: &RateLimits) -> Self {
        let clock = Ticks(Instant::now());
        // A burst and the calls of the minute after it must stay within what is allowed: 3/7 and the whole of
        // 70 % are 100 %.
        let lane = |calls: u32| Lane {
            bucket: bucket(calls, MINUTE, calls.saturating_mul(3) / 7, clock),
            brake: Mutex::default(),
        };

        Self {
            groups: [
                lane(limits.orders),
                lane(limits.push),
                lane(limits.read),
                lane(limits.claims),
                lane(limits.packages),
                // No document names a limit of theirs.
                lane(limits.packages),
            ],
            paths: Call::ALL.map(|_| bucket(limits.path, TEN_SECONDS, limits.path / 5, clock)),
            stream: bucket(1, limits.stream_every, 1, clock),
        }
    }

    /// Waits until this call may be made.
    pub(super) async fn turn(&self, call: Call) {
        let lane = self.lane(call);
        lane.pause().await;

        turn(self.paths[call as usize].as_ref()).await;
        turn(lane.bucket.as_ref()).await;
        if call == Call::Stream {
            turn(self.stream.as_ref()).await;
        }

        // Another call may have been refused meanwhile.
        lane.pause().await;
    }

    /// Waits no longer than `most`. The error is how long the wait still is, as far as that is known.
    pub(super) async fn turn_within(&self, call: Call, most: Duration) -> Result<(), Duration> {
        let lane = self.lane(call);
        let pause = || {
            let until = lane.paused_until();
            until.map(|until| until.saturating_duration_since(Instant::now()))
        };
        // What is known to be in vain is not waited for.
        if let Some(pause) = pause().filter(|pause| *pause > most) {
            return Err(pause);
        }
        let turn = tokio::time::timeout(most, self.turn(call)).await;
        turn.map_err(|_| pause().unwrap_or(most))
    }

    /// Trendyol refused the call as one too many. Returns how long its group now waits.
    pub(super) fn slow_down(&self, call: Call, asked: Option<Duration>) -> Duration {
        let mut brake = self.lane(call).brake.lock();
        brake.refusals = brake.refusals.saturating_add(1);
        let pause = asked.unwrap_or_else(|| own_pause(brake.refusals));
        let pause = pause.clamp(SHORTEST_PAUSE, LONGEST_PAUSE);

        // Calls under way may be refused one after the other; none of them shortens the pause.
        let until = Instant::now() + pause;
        brake.until = Some(brake.until.map_or(until, |before| before.max(until)));
        pause
    }

    /// Trendyol took the call, whatever it said to it.
    pub(super) fn was_taken(&self, call: Call) {
        self.lane(call).brake.lock().refusals = 0;
    }

    const fn lane(&self, call: Call) -> &Lane {
        &self.groups[call.group() as usize]
    }
}

#[derive(Debug)]
struct Lane {
    bucket: Option<Bucket>,
    brake: Mutex<Brake>,
}

/// What Trendyol asked of a group.
#[derive(Debug, Default)]
struct Brake {
    until: Option<Instant>,
    /// In a row.
    refusals: u32,
}

impl Lane {
    async fn pause(&self) {
        // In a loop: the pause may be prolonged while it lasts.
        while let Some(until) = self.paused_until() {
            tokio::time::sleep_until(until).await;
        }
    }

    fn paused_until(&self) -> Option<Instant> {
        self.brake
            .lock()
            .until
            .filter(|until| *until > Instant::now())
    }
}

type Bucket = RateLimiter<NotKeyed, InMemoryState, Ticks, NoOpMiddleware<Duration>>;

/// The clock that sleeping follows, so that a bucket and the sleep for it agree.
#[derive(Clone, Copy, Debug)]
struct Ticks(Instant);

impl Clock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

fn bucket(calls: u32, span: Duration, burst: u32, clock: Ticks) -> Option<Bucket> {
    let period = span.checked_div(calls)?;
    let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
    let quota = Quota::with_period(period)?.allow_burst(burst);
    Some(RateLimiter::direct_with_clock(quota, clock))
}

async fn turn(bucket: Option<&Bucket>) {
    let Some(bucket) = bucket else { return };
    // In a loop: another call may take the place that was waited for.
    while let Err(not_yet) = bucket.check() {
        let wait = not_yet.wait_time_from(bucket.clock().now());
        tokio::time::sleep(wait).await;
    }
}

fn own_pause(refusals: u32) -> Duration {
    Backoff::new(FIRST_PAUSE, LONGEST_PAUSE, JITTER).map_or(LONGEST_PAUSE, |backoff| {
        backoff.delay(refusals, fastrand::f64())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When each of so many calls was allowed.
    async fn times(limits: &Limits, call: Call, calls: usize) -> Vec<Duration> {
        let start = Instant::now();
        let mut times = Vec::new();
        for _ in 0..calls {
            limits.turn(call).await;
            times.push(start.elapsed());
        }
        times
    }

    fn most_within(times: &[Duration], span: Duration) -> usize {
        let within = |from: &Duration| {
            times
                .iter()
                .filter(|time| (*from..*from + span).contains(*time))
                .count()
        };
        times.iter().map(within).max().unwrap_or(0)
    }

    #[tokio::test(start_paused = true)]
    async fn no_span_sees_more_calls_than_trendyol_allows() {
        for (call, per_minute) in [
            (Call::Stream, 30),
            (Call::Push, 350),
            (Call::Batch, 1000),
            (Call::Claims, 1000),
            (Call::Picking, 300),
        ] {
            let limits = Limits::new(&RateLimits::default());
            let times = times(&limits, call, 700).await;
            let name = call.as_str();
            assert!(most_within(&times, MINUTE) <= per_minute, "{name}");
            assert!(most_within(&times, TEN_SECONDS) <= 50, "{name}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn both_kinds_of_order_look_ups_share_a_bucket() {
        let limits = Limits::new(&RateLimits::default());
        let mut times = times(&limits, Call::Stream, 20).await;
        let start = Instant::now();
        let before = times.last().copied().unwrap();
        for _ in 0..20 {
            limits.turn(Call::Orders).await;
            times.push(before + start.elapsed());
        }
        assert!(most_within(&times, MINUTE) <= 30);
    }

    #[tokio::test(start_paused = true)]
    async fn pages_of_the_stream_keep_their_distance_and_nothing_else_waits_for_it() {
        let limits = Limits::new(&RateLimits::default());
        let stream = times(&limits, Call::Stream, 5).await;
        assert_eq!(stream[0], Duration::ZERO);
        let pauses = stream
            .windows(2)
            .map(|pair| pair[1].saturating_sub(pair[0]));
        for pause in pauses {
            assert!(pause >= Duration::from_millis(4_999), "{pause:?}");
        }
        let others = times(&limits, Call::Orders, 2).await;
        assert_eq!(others, [Duration::ZERO; 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn without_limits_nothing_waits() {
        let limits = Limits::new(&RateLimits {
            push: 0,
            path: 0,
            ..RateLimits::default()
        });
        let times = times(&limits, Call::Push, 5000).await;
        assert_eq!(times.last(), Some(&Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_pauses_its_group_alone_and_within_bounds() {
        let secs = Duration::from_secs;
        for (asked, want) in [(30, 30), (0, 1), (100_000, 120)] {
            let limits = Limits::new(&RateLimits::default());
            let pause = limits.slow_down(Call::Batch, Some(secs(asked)));
            assert_eq!(pause, secs(want));
            let start = Instant::now();
            limits.turn(Call::Push).await;
            assert_eq!(start.elapsed(), Duration::ZERO);
            limits.turn(Call::ReadBack).await;
            assert!(start.elapsed() >= secs(want), "{:?}", start.elapsed());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_cannot_wait_is_told_at_once_and_takes_no_turn() {
        let secs = Duration::from_secs;
        let limits = Limits::new(&RateLimits::default());
        let start = Instant::now();
        limits.slow_down(Call::Push, Some(secs(90)));
        assert_eq!(limits.turn_within(Call::Push, secs(5)).await, Err(secs(90)));
        assert_eq!(start.elapsed(), Duration::ZERO);
        tokio::time::sleep(secs(86)).await;
        assert_eq!(limits.turn_within(Call::Push, secs(5)).await, Ok(()));
        assert!(start.elapsed() >= secs(90));

        // Two pushes in a minute: the bucket has the second one's turn too late.
        let limits = Limits::new(&RateLimits {
            push: 2,
            ..RateLimits::default()
        });
        assert_eq!(limits.turn_within(Call::Push, secs(5)).await, Ok(()));
        let start = Instant::now();
        assert_eq!(limits.turn_within(Call::Push, secs(5)).await, Err(secs(5)));
        limits.turn(Call::Push).await;
        assert!(start.elapsed() <= secs(31), "{:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_word_the_pauses_grow_until_a_call_is_taken() {
        let limits = Limits::new(&RateLimits::default());
        let pause = || limits.slow_down(Call::Push, None).as_secs_f64();
        for around in [5.0, 10.0, 20.0, 40.0, 80.0, 120.0, 120.0] {
            let got: f64 = pause();
            assert!((around * 0.79..=around * 1.21).contains(&got), "{got}");
            assert!(got <= 120.0);
        }
        limits.was_taken(Call::Push);
        assert!(pause() < 7.0);
    }
}
