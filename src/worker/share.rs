//! Who gets how much of the free room: fair between panels, and none of it left unused.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::{gate::Errand, panels::Panel};
use crate::{
    order::{IntegrationId, TenantId},
    store::Share,
};

/// What a stream remembers of its last turn, to divide its room well.
#[derive(Debug, Default)]
pub struct Appetite {
    turns: AtomicUsize,
    hungry: Mutex<HashSet<IntegrationId>>,
}

impl Appetite {
    /// Divides `room` among these panels.
    pub fn shares<'a>(
        &self,
        room: usize,
        panels: impl Iterator<Item = &'a Panel>,
        errand: Errand,
    ) -> Vec<Share> {
        let hungry = self.hungry.lock().unwrap_or_else(PoisonError::into_inner);
        let guests: Vec<Guest> = panels
            .map(|panel| Guest {
                integration: panel.id(),
                tenant: panel.tenant(),
                free: panel.gate.free(errand),
                hungry: hungry.contains(&panel.id()),
            })
            .collect();
        drop(hungry);
        shares(room, &guests, self.turns.fetch_add(1, Ordering::Relaxed))
    }

    /// Whether a panel took all that it was given the last time.
    pub fn is_hungry(&self) -> bool {
        let hungry = self.hungry.lock().unwrap_or_else(PoisonError::into_inner);
        !hungry.is_empty()
    }

    /// Remembers which panels took all that they were given; true when there is one.
    pub fn remember(&self, shares: &[Share], found: impl Iterator<Item = IntegrationId>) -> bool {
        let mut counts: HashMap<IntegrationId, usize> = HashMap::new();
        for integration in found {
            *counts.entry(integration).or_default() += 1;
        }
        let mut hungry = self.hungry.lock().unwrap_or_else(PoisonError::into_inner);
        for share in shares {
            let full = counts
                .get(&share.integration)
                .is_some_and(|&count| count >= share.limit);
            if full {
                hungry.insert(share.integration);
            } else {
                hungry.remove(&share.integration);
            }
        }
        !hungry.is_empty()
    }
}

/// A panel that may have work.
#[derive(Clone, Copy, Debug)]
pub struct Guest {
    /// The panel.
    pub integration: IntegrationId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Requests that it takes now.
    pub free: usize,
    /// Whether it took all that it was given the last time, so more is likely to wait.
    pub hungry: bool,
}

/// Divides `room` among the guests.
///
/// Every guest gets one place to show that it has work, as far as the room goes, beginning with
/// another one each `turn`; the rest goes evenly to the hungry ones, and what they cannot take to
/// the others. Nobody gets more than it takes.
#[must_use]
pub fn shares(room: usize, guests: &[Guest], turn: usize) -> Vec<Share> {
    let mut given: Vec<usize> = vec![0; guests.len()];
    let mut left = room;
    for place in 0..guests.len() {
        let guest = (place + turn) % guests.len();
        if left > 0 && guests[guest].free > 0 {
            given[guest] = 1;
            left -= 1;
        }
    }
    for hungry in [true, false] {
        left = pour(left, guests, &mut given, hungry);
    }
    guests
        .iter()
        .zip(given)
        .filter(|(_, limit)| *limit > 0)
        .map(|(guest, limit)| Share {
            integration: guest.integration,
            tenant: guest.tenant,
            limit,
        })
        .collect()
}

/// Pours `left` evenly into those of one kind that take more; returns what is still left.
fn pour(mut left: usize, guests: &[Guest], given: &mut [usize], hungry: bool) -> usize {
    loop {
        let open: Vec<usize> = (0..guests.len())
            .filter(|&i| guests[i].hungry == hungry && given[i] > 0 && given[i] < guests[i].free)
            .collect();
        if left == 0 || open.is_empty() {
            return left;
        }
        let each = (left / open.len()).max(1);
        for guest in open {
            let more = each.min(left).min(guests[guest].free - given[guest]);
            given[guest] += more;
            left -= more;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn guest(name: u128, free: usize, hungry: bool) -> Guest {
        Guest {
            integration: IntegrationId(Uuid::from_u128(name)),
            tenant: TenantId(Uuid::nil()),
            free,
            hungry,
        }
    }

    fn limits(room: usize, guests: &[Guest], turn: usize) -> Vec<(u128, usize)> {
        shares(room, guests, turn)
            .iter()
            .map(|share| (share.integration.0.as_u128(), share.limit))
            .collect()
    }

    #[test]
    fn a_single_panel_gets_all_that_it_takes() {
        assert_eq!(limits(64, &[guest(1, 8, false)], 0), [(1, 8)]);
        assert_eq!(limits(5, &[guest(1, 8, false)], 0), [(1, 5)]);
    }

    #[test]
    fn hungry_panels_share_what_the_quiet_ones_do_not_need() {
        let guests = [
            guest(1, 100, true),
            guest(2, 100, false),
            guest(3, 100, true),
        ];
        assert_eq!(limits(21, &guests, 0), [(1, 10), (2, 1), (3, 10)]);
    }

    #[test]
    fn nobody_starves_when_there_is_less_room_than_panels() {
        let guests: Vec<_> = (0..5).map(|name| guest(name, 9, name == 0)).collect();
        let mut seen: Vec<u128> = (0..5)
            .flat_map(|turn| limits(2, &guests, turn))
            .map(|(name, _)| name)
            .collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, [0, 1, 2, 3, 4]);
    }

    proptest! {
        #[test]
        fn never_more_than_the_room_or_than_a_panel_takes(
            room in 0_usize..500,
            turn: usize,
            panels in prop::collection::vec((0_usize..50, any::<bool>()), 0..20),
        ) {
            let turn = turn % 1000;
            let guests: Vec<_> = panels.iter().enumerate()
                .map(|(name, &(free, hungry))| guest(name as u128, free, hungry)).collect();
            let got = shares(room, &guests, turn);
            let total: usize = got.iter().map(|share| share.limit).sum();
            let takes: usize = guests.iter().map(|guest| guest.free).sum();
            prop_assert_eq!(total, room.min(takes), "all room is used");
            for share in got {
                let name = usize::try_from(share.integration.0.as_u128()).unwrap();
                prop_assert!(share.limit <= guests[name].free);
            }
        }
    }
}
