//! Who gets how much of the free capacity: fair between panels, and none of it left unused.

use std::{
    collections::{HashMap, HashSet},
    sync::atomic::{AtomicUsize, Ordering},
};

use parking_lot::Mutex;

use super::{concurrency::RequestKind, panels::Panel};
use crate::{
    order::{IntegrationId, TenantId},
    store::Share,
};

/// What a stream remembers of its last turn, to divide its capacity well.
#[derive(Debug, Default)]
pub(crate) struct FairShare {
    turns: AtomicUsize,
    saturated: Mutex<HashSet<IntegrationId>>,
}

impl FairShare {
    /// Divides `capacity` among these panels.
    pub(crate) fn shares<'a>(
        &self,
        capacity: usize,
        panels: impl Iterator<Item = &'a Panel>,
        kind: RequestKind,
    ) -> Vec<Share> {
        let saturated = self.saturated.lock();
        let panels: Vec<PanelDemand> = panels
            .map(|panel| PanelDemand {
                integration: panel.id(),
                tenant: panel.tenant(),
                free: panel.concurrency.free(kind),
                saturated: saturated.contains(&panel.id()),
            })
            .collect();
        drop(saturated);

        shares(
            capacity,
            &panels,
            self.turns.fetch_add(1, Ordering::Relaxed),
        )
    }

    /// Whether a panel took all that it was given the last time.
    pub(crate) fn is_saturated(&self) -> bool {
        let saturated = self.saturated.lock();
        !saturated.is_empty()
    }

    /// Remembers which panels took all that they were given; true when there is one.
    pub(crate) fn remember(
        &self,
        shares: &[Share],
        found: impl Iterator<Item = IntegrationId>,
    ) -> bool {
        let mut counts: HashMap<IntegrationId, usize> = HashMap::new();
        for integration in found {
            *counts.entry(integration).or_default() += 1;
        }

        // A panel that got no share was not asked, so what is known of it stays.
        let mut saturated = self.saturated.lock();
        for share in shares {
            let full = counts
                .get(&share.integration)
                .is_some_and(|&count| count >= share.limit);
            if full {
                saturated.insert(share.integration);
            } else {
                saturated.remove(&share.integration);
            }
        }

        !saturated.is_empty()
    }
}

/// A panel that may have work.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PanelDemand {
    pub(crate) integration: IntegrationId,
    pub(crate) tenant: TenantId,
    /// Requests that it takes now.
    pub(crate) free: usize,
    /// Whether it took all that it was given the last time, so more is likely to wait.
    pub(crate) saturated: bool,
}

/// Divides `capacity` among the panels: one for each as far as it goes, the rest evenly to the saturated
/// ones, and what they cannot take to the others. Nobody gets more than it takes.
#[must_use]
pub(crate) fn shares(capacity: usize, panels: &[PanelDemand], turn: usize) -> Vec<Share> {
    let mut given: Vec<usize> = vec![0; panels.len()];
    let mut left = capacity;

    // With one a panel shows that it has work. Another panel comes first each turn: where the capacity
    // is smaller than the number of panels, none is left out for long.
    for place in 0..panels.len() {
        let panel = (place + turn) % panels.len();
        if left > 0 && panels[panel].free > 0 {
            given[panel] = 1;
            left -= 1;
        }
    }

    for saturated in [true, false] {
        left = pour(left, panels, &mut given, saturated);
    }

    panels
        .iter()
        .zip(given)
        .filter(|(_, limit)| *limit > 0)
        .map(|(panel, limit)| Share {
            integration: panel.integration,
            tenant: panel.tenant,
            limit,
        })
        .collect()
}

/// Pours `left` evenly into those of one kind that take more; returns what is still left.
fn pour(mut left: usize, panels: &[PanelDemand], given: &mut [usize], saturated: bool) -> usize {
    loop {
        let open: Vec<usize> = (0..panels.len())
            .filter(|&i| {
                panels[i].saturated == saturated && given[i] > 0 && given[i] < panels[i].free
            })
            .collect();
        if left == 0 || open.is_empty() {
            return left;
        }

        // At least one, or a rest smaller than the number of panels would never be given.
        let each = (left / open.len()).max(1);
        for panel in open {
            let more = each.min(left).min(panels[panel].free - given[panel]);
            given[panel] += more;
            left -= more;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn panel(name: u128, free: usize, saturated: bool) -> PanelDemand {
        PanelDemand {
            integration: IntegrationId(Uuid::from_u128(name)),
            tenant: TenantId(Uuid::nil()),
            free,
            saturated,
        }
    }

    fn limits(capacity: usize, panels: &[PanelDemand], turn: usize) -> Vec<(u128, usize)> {
        shares(capacity, panels, turn)
            .iter()
            .map(|share| (share.integration.0.as_u128(), share.limit))
            .collect()
    }

    #[test]
    fn a_single_panel_gets_all_that_it_takes() {
        assert_eq!(limits(64, &[panel(1, 8, false)], 0), [(1, 8)]);
        assert_eq!(limits(5, &[panel(1, 8, false)], 0), [(1, 5)]);
    }

    #[test]
    fn hungry_panels_share_what_the_quiet_ones_do_not_need() {
        let panels = [
            panel(1, 100, true),
            panel(2, 100, false),
            panel(3, 100, true),
        ];
        assert_eq!(limits(21, &panels, 0), [(1, 10), (2, 1), (3, 10)]);
    }

    #[test]
    fn nobody_starves_when_there_is_less_room_than_panels() {
        let panels: Vec<_> = (0..5).map(|name| panel(name, 9, name == 0)).collect();
        let mut seen: Vec<u128> = (0..5)
            .flat_map(|turn| limits(2, &panels, turn))
            .map(|(name, _)| name)
            .collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, [0, 1, 2, 3, 4]);
    }

    proptest! {
        #[test]
        fn never_more_than_the_room_or_than_a_panel_takes(
            capacity in 0_usize..500,
            turn: usize,
            panels in prop::collection::vec((0_usize..50, any::<bool>()), 0..20),
        ) {
            let turn = turn % 1000;
            let panels: Vec<_> = panels.iter().enumerate()
                .map(|(name, &(free, saturated))| panel(name as u128, free, saturated)).collect();
            let got = shares(capacity, &panels, turn);
            let total: usize = got.iter().map(|share| share.limit).sum();
            let takes: usize = panels.iter().map(|panel| panel.free).sum();
            prop_assert_eq!(total, capacity.min(takes), "all capacity is used");
            for share in got {
                let name = usize::try_from(share.integration.0.as_u128()).unwrap();
                prop_assert!(share.limit <= panels[name].free);
            }
        }
    }
}
