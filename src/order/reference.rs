//! The number by which the panel knows one purchase (`referans`).

use std::fmt;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{IntegrationId, OrderId};

/// A numeric name of one purchase; the panel keeps it unique per account.
///
/// Digits stay text: a number of this size loses digits in browsers, and a leading zero counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Reference(String);

/// The text is not a usable reference.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "a reference has 1 to {} digits and nothing else",
    Reference::MAX_DIGITS
)]
pub struct InvalidReference;

impl Reference {
    /// Longest reference that is taken over from rows which the shop sent itself.
    pub(crate) const MAX_DIGITS: usize = 32;
    /// Derived references start here, above the older ones made of Unix milliseconds.
    const LOWEST: u64 = 2_000_000_000_000_000;
    /// One past the largest derived reference: 16 digits.
    const END: u64 = 10_000_000_000_000_000;

    /// The reference of an order at an integration.
    ///
    /// `round` is 0 unless another order already has the number.
    #[must_use]
    pub fn derive(order: OrderId, integration: IntegrationId, round: u16) -> Self {
        // Of the arguments alone: even in a database that was restored from yesterday's backup the same
        // purchase has the same name.
        let mut hash = Sha256::new();
        hash.update(b"orderwatch reference 1");
        hash.update(order.0.as_bytes());
        hash.update(integration.0.as_bytes());
        hash.update(round.to_be_bytes());
        let digest = hash.finalize();

        let mut first = [0_u8; 8];
        first.copy_from_slice(&digest[..8]);
        let folded = u64::from_be_bytes(first) % (Self::END - Self::LOWEST);
        Self((Self::LOWEST + folded).to_string())
    }

    /// Reads a reference that was given before, blanks around it removed.
    pub fn parse(text: &str) -> Result<Self, InvalidReference> {
        let text = text.trim();
        let fits = !text.is_empty() && text.len() <= Self::MAX_DIGITS;
        if fits && text.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidReference)
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn derive(order: u128, integration: u128, round: u16) -> Reference {
        Reference::derive(
            OrderId(Uuid::from_u128(order)),
            IntegrationId(Uuid::from_u128(integration)),
            round,
        )
    }

    #[test]
    fn the_function_never_changes() {
        // A changed value would give an order that was already bought a second name.
        assert_eq!(derive(1, 2, 0).as_str(), "3254111450256053");
        assert_eq!(derive(1, 2, 1).as_str(), "9827823443867684");
        assert_eq!(derive(u128::MAX, 0, 0).as_str(), "4831358421665459");
    }

    #[test]
    fn only_digits_are_a_reference() {
        for (text, good) in [
            ("1700000000000123", true),
            (" 007 ", true),
            ("", false),
            ("12a", false),
            ("-1", false),
            ("٣٤", false),
            ("550e8400-e29b-41d4-a716-446655440000", false),
            ("123456789012345678901234567890123", false),
        ] {
            assert_eq!(Reference::parse(text).is_ok(), good, "{text:?}");
        }
        assert_eq!(Reference::parse(" 007 ").unwrap().as_str(), "007");
    }

    proptest! {
        #[test]
        fn has_sixteen_digits_above_the_old_ones(order: u128, integration: u128, round: u16) {
            let reference = derive(order, integration, round);
            prop_assert_eq!(reference.as_str().len(), 16);
            prop_assert!(reference.as_str() >= "2000000000000000");
            prop_assert_eq!(&Reference::parse(reference.as_str()).unwrap(), &reference);
            prop_assert_eq!(&derive(order, integration, round), &reference);
            prop_assert_ne!(derive(order, integration, round.wrapping_add(1)), reference);
        }
    }
}
