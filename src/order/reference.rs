//! The name by which the panel knows one purchase (`referans`, `order_uuid`).

use std::fmt;

use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{IntegrationId, OrderId};

/// The name of one purchase; the panel keeps it unique per account.
///
/// Digits stay text: a number of this size loses digits in browsers, and a leading zero counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Reference(String);

/// Which names a kind of panel takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Naming {
    /// Digits, derived from the order and the integration.
    Digits,
    /// The order's id. The shop's own sender gives the same name to it, so that a question by it also finds
    /// what the shop has bought.
    OrderId,
}

impl Naming {
    /// The name of an order's purchase; `round` as in [`Reference::derive`].
    #[must_use]
    pub(crate) fn reference(
        self,
        order: OrderId,
        integration: IntegrationId,
        round: u16,
    ) -> Reference {
        match self {
            Self::Digits => Reference::derive(order, integration, round),
            // No two orders share an id, so there are no rounds.
            Self::OrderId => Reference(order.0.hyphenated().to_string()),
        }
    }

    /// Whether we could have given the order this name.
    #[must_use]
    pub(crate) fn is_of(self, reference: &Reference, order: OrderId) -> bool {
        match self {
            Self::Digits => reference.is_number(),
            Self::OrderId => reference.0 == order.0.hyphenated().to_string(),
        }
    }

    /// Whether a panel of the kind can be asked by this name.
    #[must_use]
    pub(crate) fn admits(self, reference: &Reference) -> bool {
        match self {
            Self::Digits => reference.is_number(),
            // A number is the panel's own name for what the shop has bought. What begins so is no name at all: by it
            // the shop marks what it has not sent.
            Self::OrderId => !reference.0.starts_with("stub-"),
        }
    }
}

/// The text is not a usable reference.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "a reference has 1 to {} digits, or 1 to {} letters, digits, dashes and underscores",
    Reference::MAX_DIGITS,
    Reference::MAX_CHARS
)]
pub struct InvalidReference;

impl Reference {
    /// Longest number that is taken over from rows which the shop sent itself.
    const MAX_DIGITS: usize = 32;
    /// Longest name of another kind.
    const MAX_CHARS: usize = 64;
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

    /// A name that no purchase has.
    #[must_use]
    pub(crate) fn of_nobody() -> Self {
        Self(Uuid::new_v4().hyphenated().to_string())
    }

    /// Reads a reference that was given before, blanks around it removed.
    pub fn parse(text: &str) -> Result<Self, InvalidReference> {
        let text = text.trim();
        let longest = if is_number(text) {
            Self::MAX_DIGITS
        } else {
            Self::MAX_CHARS
        };
        // Nothing that needs to be encoded in an address, or ends an element of a list there.
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');

        if !text.is_empty() && text.len() <= longest && text.bytes().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidReference)
        }
    }

    #[must_use]
    fn is_number(&self) -> bool {
        is_number(&self.0)
    }

    /// Whether it is a UUID, as the name that a client gives to an order is.
    #[must_use]
    pub(crate) fn is_uuid(&self) -> bool {
        self.0.len() == 36 && Uuid::try_parse(&self.0).is_ok()
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

fn is_number(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
    fn each_kind_of_panel_has_its_names() {
        for (text, digits, order_id) in [
            ("1700000000000123", true, true),
            (" 007 ", true, true),
            ("", false, false),
            ("12a", false, true),
            ("-1", false, true),
            ("stub-1", false, false),
            ("1,2", false, false),
            ("1]", false, false),
            ("٣٤", false, false),
            ("550e8400-e29b-41d4-a716-446655440000", false, true),
            ("123456789012345678901234567890123", false, false),
        ] {
            let admitted = |naming: Naming| Reference::parse(text).is_ok_and(|r| naming.admits(&r));
            assert_eq!(admitted(Naming::Digits), digits, "{text:?}");
            assert_eq!(admitted(Naming::OrderId), order_id, "{text:?}");
        }
        assert_eq!(Reference::parse(" 007 ").unwrap().as_str(), "007");
    }

    #[test]
    fn an_order_is_named_by_its_id_where_the_shop_does_so() {
        let order = OrderId(Uuid::from_u128(0xA1));
        let name = |round| Naming::OrderId.reference(order, IntegrationId(Uuid::nil()), round);
        assert_eq!(name(0).as_str(), "00000000-0000-0000-0000-0000000000a1");
        assert_eq!(name(1), name(0));
        assert!(name(0).is_uuid());
        assert!(Naming::OrderId.is_of(&name(0), order));
        assert!(!Naming::OrderId.is_of(&Reference::of_nobody(), order));
        assert!(!Naming::Digits.is_of(&name(0), order));
        assert!(Naming::Digits.is_of(&derive(1, 2, 0), order));
        for other in [
            "2000000000000123",
            "550e8400e29b41d4a716446655440000",
            "550e8400-e29b-41d4-a716-44665544000g",
        ] {
            assert!(!Reference::parse(other).unwrap().is_uuid(), "{other}");
        }
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
