//! How many requests are taken: per minute for a group of endpoints, per 10 s for each of them.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use fastrand::Rng;
use tokio::time::Instant;

use super::{Endpoint, times::span};

/// Endpoints that share a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Group {
    /// Stock reports.
    InventoryWrite,
    /// Results of reports and what is on sale.
    ProductRead,
    /// Packages, by page and by cursor.
    OrderRead,
    /// Claims.
    ClaimRead,
    /// Progress of packages.
    PackageWrite,
    /// Registrations, of which no document names a limit.
    Webhooks,
}

impl Endpoint {
    /// The group whose limit the endpoint shares.
    #[must_use]
    pub const fn group(self) -> Group {
        match self {
            Self::PushStock => Group::InventoryWrite,
            Self::BatchResult | Self::ReadBack => Group::ProductRead,
            Self::Orders | Self::OrderStream | Self::RetiredOrders => Group::OrderRead,
            Self::Claims => Group::ClaimRead,
            Self::UpdatePackage => Group::PackageWrite,
            Self::Webhooks => Group::Webhooks,
        }
    }
}

/// How many requests are taken. 0 means that there is no limit.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Stock reports a minute.
    pub inventory_write: usize,
    /// Results and read-backs a minute.
    pub product_read: usize,
    /// Pages of packages a minute.
    pub order_read: usize,
    /// Pages of claims a minute.
    pub claim_read: usize,
    /// Reports of progress a minute.
    pub package_write: usize,
    /// Requests to one endpoint in 10 s.
    pub per_endpoint: usize,
    /// Whether a refusal says in `Retry-After` how long to wait.
    pub says_when: bool,
    /// What the minutes are measured by.
    pub measured_by: Measure,
    /// Refusals by chance.
    pub bursts: Option<Bursts>,
}

/// What the minutes of the limits are measured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// The store's clock: in a simulation, the simulated one.
    Store,
    /// Real time, for clients whose own limits know no other.
    Real,
}

/// Refusals by chance: a group is shut for a while.
#[derive(Clone, Copy, Debug)]
pub struct Bursts {
    /// Share of requests that begin one, 0 to 1.
    pub share: f64,
    /// How long one lasts.
    pub lasts: Duration,
}

impl Default for Limits {
    /// Those of the smallest sellers.
    fn default() -> Self {
        Self {
            inventory_write: 350,
            product_read: 1000,
            order_read: 30,
            claim_read: 1000,
            package_write: 300,
            per_endpoint: 50,
            says_when: false,
            measured_by: Measure::Store,
            bursts: None,
        }
    }
}

impl Limits {
    /// Everything is taken.
    #[must_use]
    pub fn none() -> Self {
        Self {
            inventory_write: 0,
            product_read: 0,
            order_read: 0,
            claim_read: 0,
            package_write: 0,
            per_endpoint: 0,
            ..Self::default()
        }
    }

    const fn of(&self, group: Group) -> usize {
        match group {
            Group::InventoryWrite => self.inventory_write,
            Group::ProductRead => self.product_read,
            Group::OrderRead => self.order_read,
            Group::ClaimRead => self.claim_read,
            Group::PackageWrite => self.package_write,
            Group::Webhooks => 0,
        }
    }
}

/// Counts requests against the limits.
#[derive(Debug)]
pub(super) struct Gatekeeper {
    limits: Limits,
    rng: Rng,
    began: Instant,
    groups: HashMap<Group, VecDeque<DateTime<Utc>>>,
    endpoints: HashMap<Endpoint, VecDeque<DateTime<Utc>>>,
    shut: HashMap<Group, DateTime<Utc>>,
}

/// A refusal: how long to wait, in seconds, where the answer names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooMany(pub(super) Option<u64>);

impl Gatekeeper {
    pub(super) fn new(limits: Limits, seed: u64) -> Self {
        Self {
            limits,
            rng: Rng::with_seed(seed),
            began: Instant::now(),
            groups: HashMap::new(),
            endpoints: HashMap::new(),
            shut: HashMap::new(),
        }
    }

    /// The moment on the clock that the limits are measured by.
    fn moment(&self, store: DateTime<Utc>) -> DateTime<Utc> {
        match self.limits.measured_by {
            Measure::Store => store,
            Measure::Real => DateTime::UNIX_EPOCH + span(self.began.elapsed()),
        }
    }

    /// Shuts a group for a while.
    pub(super) fn shut(&mut self, group: Group, lasts: Duration, now: DateTime<Utc>) {
        let until = self.moment(now) + span(lasts);
        self.shut.insert(group, until);
    }

    /// Takes a request or refuses it. One that is refused does not count.
    pub(super) fn admit(&mut self, endpoint: Endpoint, now: DateTime<Utc>) -> Result<(), TooMany> {
        let (group, at) = (endpoint.group(), self.moment(now));
        self.burst(group, now);
        let until = self.shut.get(&group).copied().filter(|until| *until > at);
        let minute = TimeDelta::minutes(1);
        let seen = self.groups.entry(group).or_default();
        let by_group = full(seen, self.limits.of(group), at, minute);
        let ten = TimeDelta::seconds(10);
        let here = self.endpoints.entry(endpoint).or_default();
        let by_endpoint = full(here, self.limits.per_endpoint, at, ten);

        if let Some(free) = until.max(by_group).max(by_endpoint) {
            let says_when = self.limits.says_when;
            return Err(TooMany(says_when.then(|| seconds(free - at))));
        }

        seen.push_back(at);
        here.push_back(at);

        Ok(())
    }

    fn burst(&mut self, group: Group, now: DateTime<Utc>) {
        if let Some(bursts) = self.limits.bursts
            && self.rng.f64() < bursts.share
        {
            self.shut(group, bursts.lasts, now);
        }
    }
}

/// When there is room again, if there is none now.
fn full(
    seen: &mut VecDeque<DateTime<Utc>>,
    most: usize,
    now: DateTime<Utc>,
    window: TimeDelta,
) -> Option<DateTime<Utc>> {
    while seen.front().is_some_and(|at| now - *at >= window) {
        seen.pop_front();
    }
    if most == 0 || seen.len() < most {
        return None;
    }
    seen.front().map(|at| *at + window)
}

/// Whole seconds that are not too few.
fn seconds(wait: TimeDelta) -> u64 {
    let millis = wait.num_milliseconds().unsigned_abs();
    millis.div_ceil(1000).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(millis).unwrap()
    }

    #[test]
    fn counts_by_minute_and_group_and_by_ten_seconds_and_endpoint() {
        let mut limits = Limits::none();
        (limits.order_read, limits.per_endpoint) = (3, 2);
        limits.says_when = true;
        let mut keeper = Gatekeeper::new(limits, 1);

        for (millis, endpoint, want) in [
            (0, Endpoint::Orders, Ok(())),
            (100, Endpoint::Orders, Ok(())),
            (200, Endpoint::Orders, Err(10)),
            (300, Endpoint::OrderStream, Ok(())),
            (400, Endpoint::OrderStream, Err(60)),
            (400, Endpoint::Claims, Ok(())),
            (59_999, Endpoint::OrderStream, Err(1)),
            (60_000, Endpoint::OrderStream, Ok(())),
        ] {
            let got = keeper.admit(endpoint, at(millis));
            let want = want.map_err(|wait| TooMany(Some(wait)));
            assert_eq!(got, want, "{endpoint:?} at {millis} ms");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn real_time_counts_where_the_limits_say_so() {
        let mut limits = Limits::none();
        (limits.claim_read, limits.measured_by) = (1, Measure::Real);
        let mut keeper = Gatekeeper::new(limits, 1);
        let mut ask = || keeper.admit(Endpoint::Claims, at(0)).is_ok();
        assert!(ask() && !ask());
        tokio::time::advance(Duration::from_mins(1)).await;
        assert!(ask());
    }

    #[test]
    fn a_shut_group_opens_again() {
        let mut keeper = Gatekeeper::new(Limits::none(), 1);
        keeper.shut(Group::InventoryWrite, Duration::from_secs(5), at(0));
        let push = |keeper: &mut Gatekeeper, t| keeper.admit(Endpoint::PushStock, at(t));
        assert_eq!(push(&mut keeper, 4999), Err(TooMany(None)));
        assert!(keeper.admit(Endpoint::Claims, at(4999)).is_ok());
        assert!(push(&mut keeper, 5000).is_ok());
    }
}
