//! Wrong credentials, shown to the log-in, the API or the webhook: how often by one address, and what is said of it.
//!
//! What must stay true: right ones are never refused: behind a proxy all come from one address, and nobody must be
//! able to keep the others out. However many wrong ones are shown, a minute has one line of the log, and memory
//! holds no more addresses than have tried lately.

use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
};

use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::problem::{Code, Problem};
use crate::metrics::{
    METRICS,
    label::{Door, Refusal},
};

/// Tries of one address in a minute.
const TRIES_PER_MINUTE: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// The same of programs, several of which may have an old token at one address.
const BEARER_PER_MINUTE: NonZeroU32 = NonZeroU32::new(60).unwrap();
/// Lines of the log in a minute.
const LINES_PER_MINUTE: NonZeroU32 = NonZeroU32::MIN;
/// Addresses that are kept before those that are quiet again are forgotten for the first time.
const ADDRESSES: usize = 1000;

/// The tries at one place; those at another have no part in them.
#[derive(Debug)]
pub(crate) struct Tries {
    door: Door,
    by_network: DefaultKeyedRateLimiter<IpAddr>,
    /// Addresses at which those that are quiet again are forgotten next.
    crowded: AtomicUsize,
    lines: DefaultDirectRateLimiter,
    /// Refused since the last line.
    untold: AtomicU64,
}

impl Tries {
    pub(super) fn at(door: Door) -> Self {
        let tries = match door {
            Door::Login | Door::Webhook => TRIES_PER_MINUTE,
            Door::Bearer => BEARER_PER_MINUTE,
        };
        Self {
            door,
            by_network: RateLimiter::keyed(Quota::per_minute(tries)),
            crowded: AtomicUsize::new(ADDRESSES),
            lines: RateLimiter::direct(Quota::per_minute(LINES_PER_MINUTE)),
            untold: AtomicU64::new(0),
        }
    }

    /// Something wrong was shown; a [`Code::TooManyRequests`] where that was too often.
    pub(super) fn wrong(&self, address: IpAddr) -> Result<(), Problem> {
        if self.may_try(address) {
            self.note(address, Refusal::Wrong);
            return Ok(());
        }

        self.note(address, Refusal::Limited);
        Err(Problem::new(
            Code::TooManyRequests,
            "too many wrong credentials came from this address; try again in a minute",
        ))
    }

    fn may_try(&self, address: IpAddr) -> bool {
        if self.by_network.len() > self.crowded.load(Ordering::Relaxed) {
            // Forgets only addresses that have all their tries again.
            self.by_network.retain_recent();
            // Not with each call, where many are busy: it goes through all of them.
            let next = ADDRESSES.max(2 * self.by_network.len());
            self.crowded.store(next, Ordering::Relaxed);
        }
        self.by_network.check_key(&network(address)).is_ok()
    }

    fn note(&self, address: IpAddr, refusal: Refusal) {
        METRICS.refused(self.door, refusal);
        self.untold.fetch_add(1, Ordering::Relaxed);
        // A flood must not fill the disk: the line stands for all since the one before.
        if self.lines.check().is_ok() {
            let door: &str = self.door.into();
            let refused = self.untold.swap(0, Ordering::Relaxed);
            tracing::warn!(door, peer = %address, refused, "wrong credentials were shown");
        }
    }
}

/// What tries are counted by.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            // Whoever has one address of an IPv6 network has all of them.
            let network = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(network))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_tries() {
        let tries = Tries::at(Door::Login);
        let one: IpAddr = "2001:db8::1".parse().unwrap();
        let beside: IpAddr = "2001:db8::2".parse().unwrap();
        let many = TRIES_PER_MINUTE.get();
        assert!((0..many).all(|_| tries.may_try(one)));
        assert!(!tries.may_try(beside));
        assert!(tries.may_try("192.0.2.1".parse().unwrap()));
    }
}
