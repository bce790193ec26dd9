//! The kinds of panels that orderwatch talks to; every other one is left to the shop.

use std::sync::LazyLock;

use super::{barakat, kind::Kind, znet};

static KINDS: [&Kind; 2] = [&znet::KIND, &barakat::KIND];

/// Every name of a kind, as queries compare `integrations.provider` with them.
static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let names = KINDS.iter().flat_map(|kind| kind.names);
    names.map(|&name| name.to_owned()).collect()
});

impl Kind {
    /// The kind of an integration; `None` for one that orderwatch does not talk to.
    #[must_use]
    pub(crate) fn of(provider: &str) -> Option<&'static Self> {
        let mut kinds = KINDS.into_iter();
        kinds.find(|kind| kind.names.contains(&provider))
    }

    /// `integrations.provider` of all panels that orderwatch talks to.
    #[must_use]
    pub(crate) fn names() -> &'static [String] {
        &NAMES
    }
}
