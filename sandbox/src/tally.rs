//! Counting what must not happen twice.

use std::{collections::HashMap, hash::Hash};

pub(super) fn tally<K: Eq + Hash>(keys: impl Iterator<Item = K>) -> HashMap<K, usize> {
    let mut counts = HashMap::new();
    for key in keys {
        *counts.entry(key).or_default() += 1;
    }
    counts
}

/// The keys that were counted more than once, in order.
pub(super) fn repeated<K: Ord>(counts: HashMap<K, usize>) -> Vec<K> {
    let twice = counts.into_iter().filter(|(_, count)| *count > 1);
    let mut keys: Vec<K> = twice.map(|(key, _)| key).collect();
    keys.sort();
    keys
}
