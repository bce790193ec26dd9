//! What became of the items of a push: a request that was accepted says nothing about them.

use super::Barcode;

/// Characters kept of one refusal: Trendyol's texts have no limit.
const WORDS: usize = 300;

/// What became of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchItem {
    pub barcode: Barcode,
    pub status: ItemStatus,
}

/// The result of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemStatus {
    /// On sale.
    Success,
    /// Not taken.
    Failed {
        /// Why, in Trendyol's words; may be empty.
        reasons: Vec<String>,
    },
    /// Not taken: the same was sent within the last 15 minutes, and it is not known what became of that.
    DuplicateWindow,
    /// No result yet, or one that nobody knows: Trendyol's word for it.
    Pending(String),
}

impl ItemStatus {
    /// Its name in `stock_sends.result`; `None` while there is no result.
    pub(crate) const fn name(&self) -> Option<&'static str> {
        match self {
            Self::Success => Some("success"),
            Self::DuplicateWindow => Some("repeated"),
            Self::Failed { .. } => Some("failed"),
            Self::Pending(_) => None,
        }
    }

    /// Why it was refused.
    pub(crate) fn words(&self) -> Option<String> {
        match self {
            Self::Failed { reasons } if reasons.is_empty() => Some("no reason given".to_owned()),
            Self::Failed { reasons } => Some(reasons.join("; ").chars().take(WORDS).collect()),
            Self::Success | Self::DuplicateWindow | Self::Pending(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_has_a_name_and_a_refusal_its_reason() {
        let failed = |reasons: &[&str]| ItemStatus::Failed {
            reasons: reasons.iter().map(|&reason| reason.to_owned()).collect(),
        };
        let long = "ş".repeat(WORDS + 1);
        for (status, name, words) in [
            (ItemStatus::Success, Some("success"), None),
            (ItemStatus::DuplicateWindow, Some("repeated"), None),
            (ItemStatus::Pending("QUEUED".to_owned()), None, None),
            (failed(&[]), Some("failed"), Some("no reason given")),
            (
                failed(&["locked", "archived"]),
                Some("failed"),
                Some("locked; archived"),
            ),
            (failed(&[&long]), Some("failed"), Some(&long[..2 * WORDS])),
        ] {
            assert_eq!((status.name(), status.words().as_deref()), (name, words));
        }
    }
}
