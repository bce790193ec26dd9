//! What a seed draws before it begins: the settings, how often each fault comes, and when the large ones do.
//!
//! The ranges are those that the simulator of `TigerBeetle` draws from: a network may lose up to a third of what it
//! carries. One seed may have hardly any fault and another all of them at once.

use std::{sync::OnceLock, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use fastrand::Rng;
use rust_decimal::Decimal;

use super::Flaw;
use crate::{
    breaker::BreakerLimits,
    config::{Config, Sources},
    order::{
        Rules, Settle, UnconfirmedPolicy,
        schedule::{Schedule, ScheduleRule},
    },
    provider::kind::Kind,
};

pub(super) type At = DateTime<Utc>;

pub(super) const ORDERS: usize = 100;
pub(super) const PANELS: usize = 2;
pub(super) const PRODUCTS: usize = 4;
/// The seed goes on for so long at least.
pub(super) const DAY: TimeDelta = TimeDelta::hours(24);
/// From here on nothing fails any more, and what is open must come to its end.
pub(super) const CALM: TimeDelta = TimeDelta::hours(26);
/// The furthest that the server's clock is set from true time.
pub(super) const OFF: TimeDelta = TimeDelta::hours(1);
/// A request that was sent is at the panel by then, or nowhere. Staff who look later see the truth.
pub(super) const LATEST: TimeDelta = TimeDelta::seconds(150);

pub(super) struct Setting {
    pub(super) rules: Rules,
    pub(super) schedule: Schedule,
    pub(super) breaker: BreakerLimits,
    pub(super) lease: Duration,
    pub(super) check_lease: Duration,
    pub(super) longest_call: Duration,
    pub(super) max_order_age: Duration,
    pub(super) min_age: Duration,
    pub(super) sweep_every: Duration,
    pub(super) spread: Duration,
    pub(super) ask_first: bool,
    pub(super) limit: Option<Decimal>,
    pub(super) kinds: [&'static Kind; PANELS],
    /// Whether orders go to the second panel when the first one refuses.
    pub(super) fallback: bool,
    pub(super) replicas: usize,
    pub(super) faults: Faults,
}

/// How often each fault comes: shares, unless said otherwise.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Faults {
    /// Of requests and answers on the wire.
    pub(super) lost: f64,
    /// Of answers that are submitted a second time, and of requests that znet panels get twice.
    pub(super) repeated: f64,
    /// At each step of a process.
    pub(super) crash: f64,
    /// Of commits: they fail, or only the answer to them is lost.
    pub(super) commit: f64,
    /// Of steps: the process stands still for minutes.
    pub(super) stall: f64,
    /// Of orders: somebody in the shop touches the row.
    pub(super) staff: f64,
    /// Of orders: the shop's own database refuses to change the row.
    pub(super) refused_row: f64,
    /// Largest difference of a replica's clock, in seconds.
    pub(super) skew: f64,
    /// How often the server's clock is set, beside what a failover does to it.
    pub(super) clock_sets: usize,
    /// Of the time: a panel is down.
    pub(super) outage: f64,
    /// Databases that fail over, each losing the last seconds of its commits.
    pub(super) failovers: usize,
}

impl Setting {
    pub(super) fn draw(rng: &mut Rng, flaw: Option<Flaw>) -> Self {
        let config = config();
        let faults = Faults::draw(rng, flaw);
        // Only what is sent again can overtake somebody who has read it.
        let resends = flaw == Some(Flaw::StaleVerdict) || rng.bool();
        let kind = |rng: &mut Rng| {
            let name = if rng.bool() { "znet" } else { "barakat" };
            Kind::of(name).unwrap()
        };
        // The fixed rule asks the sweep for help all day long, which takes most of a seed's time.
        let rule = if rng.usize(..5) == 0 {
            ScheduleRule::Fixed
        } else {
            ScheduleRule::Learned
        };

        let ask_first = loses_fallback(flaw)
            || config.dispatch.ask_first
            || rng.f64() < if faults.failovers > 0 { 0.5 } else { 0.2 };

        Self {
            rules: Rules {
                unconfirmed: if resends {
                    UnconfirmedPolicy::Resend
                } else {
                    UnconfirmedPolicy::Hold
                },
                settle: [Settle::Shop, Settle::Status][rng.usize(..2)],
                ..config.rules()
            },
            schedule: Schedule {
                rule,
                ..config.poll.schedule()
            },
            breaker: config.znet.breaker(),
            lease: config.dispatch.lease,
            check_lease: config.poll.lease,
            longest_call: config.znet.longest_call(),
            max_order_age: config.dispatch.max_order_age,
            min_age: config.sweep.min_age,
            sweep_every: config.sweep.interval,
            spread: config.sweep.spread,
            ask_first,
            limit: (rng.f64() < 0.05).then(|| Decimal::new(rng.i64(20_000..60_000), 2)),
            kinds: [kind(rng), kind(rng)],
            // Of an order that went to its second panel the first one knows nothing.
            fallback: loses_fallback(flaw) || (faults.failovers == 0 || ask_first) && rng.bool(),
            replicas: rng.usize(1..=3),
            faults,
        }
    }
}

impl Faults {
    fn draw(rng: &mut Rng, flaw: Option<Flaw>) -> Self {
        let mut share = |most: f64| rng.f64() * most;
        let mut drawn = Self {
            lost: share(0.3),
            repeated: share(0.5),
            crash: share(0.02),
            commit: share(0.1),
            stall: share(0.02),
            staff: share(0.3),
            refused_row: share(0.03),
            skew: share(1.0).powi(3) * 180.0,
            clock_sets: 0,
            outage: share(0.2),
            failovers: 0,
        };
        if rng.bool() || loses_fallback(flaw) {
            drawn.failovers = rng.usize(1..=4);
        }
        if rng.usize(..4) == 0 || flaw == Some(Flaw::DoubtByClock) {
            drawn.clock_sets = rng.usize(1..=3);
        }
        if flaw == Some(Flaw::StaleVerdict) {
            drawn.lost = 0.3;
        }
        drawn
    }

    /// By how much the server's clock may be set back.
    pub(super) fn set_back(&self) -> TimeDelta {
        if self.clock_sets > 0 {
            OFF * 2
        } else {
            TimeDelta::zero()
        }
    }
}

/// Whether the flaw needs a failover that takes back what went to a fallback panel.
fn loses_fallback(flaw: Option<Flaw>) -> bool {
    matches!(flaw, Some(Flaw::LostFallback | Flaw::DoubtByClock))
}

/// The settings as they are shipped.
fn config() -> &'static Config {
    static SHIPPED: OnceLock<Config> = OnceLock::new();
    SHIPPED.get_or_init(|| {
        let address = [("DATABASE_URL", "postgres://localhost/shop")];
        Config::load(&Sources::new(None, address, []))
            .unwrap()
            .config
    })
}

/// A time within these seconds, short ones as likely as long ones.
pub(super) fn span(rng: &mut Rng, least: f64, most: f64) -> TimeDelta {
    let seconds = least * (most / least).powf(rng.f64());
    delta(Duration::from_secs_f64(seconds))
}

pub(super) fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap()
}
