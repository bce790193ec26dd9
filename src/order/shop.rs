//! What the shop's own row says, in the shop's words.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use secrecy::SecretString;

/// Characters that `product_orders."lastMessage"` takes.
pub(crate) const LAST_MESSAGE_CHARS: usize = 250;
/// Characters that `product_orders."pinCode"` takes.
pub(crate) const PIN_CHARS: usize = 120;

named! {
    /// `product_orders."externalStatus"` as orderwatch writes it.
    pub(crate) enum ExternalStatus {
        /// Nothing was sent.
        NotSent = "not_sent",
        /// Claimed, perhaps sent.
        Queued = "queued",
        /// The panel accepted it.
        Sent = "sent",
        /// The panel is working on it.
        Processing = "processing",
        /// Delivered. The real shops write `done`; `completed` with a code means codes of their own to them.
        Done = "done",
        /// Refused, cancelled or timed out.
        Failed = "failed",
    }
}

named! {
    /// `product_orders.status` as orderwatch sets it when an order is final.
    pub(crate) enum ShopStatus {
        /// The customer has the goods.
        Approved = "approved",
        /// The panel cancelled the purchase.
        Rejected = "rejected",
    }
}

/// One narrow change of the shop's row; `None` leaves a column as it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct ShopChange {
    /// `"externalStatus"`.
    pub(crate) external_status: Option<ExternalStatus>,
    /// `status`, which is set only while nobody has decided the order.
    pub(crate) status: Option<ShopStatus>,
    /// `"pinCode"`; always fits [`PIN_CHARS`].
    pub(crate) pin: Option<SecretString>,
    /// `"lastMessage"`; always fits [`LAST_MESSAGE_CHARS`].
    pub(crate) last_message: Option<String>,
    /// `"providerMessage"`: the panel's own text.
    pub(crate) provider_message: Option<String>,
    /// Text of the note that is appended to `notes`.
    pub(crate) note: Option<String>,
    /// `"costAmount"` in TRY.
    pub(crate) cost: Option<Decimal>,
    /// `"sentAt"`, which is set only while it is empty.
    pub(crate) sent_at: Option<DateTime<Utc>>,
    /// `"completedAt"`, with `"durationMs"` counted from `"sentAt"`.
    pub(crate) completed_at: Option<DateTime<Utc>>,
}

/// The first `chars` characters of a text, ending in `…` when something was cut off.
///
/// The database counts characters, so the cut falls between two of them.
#[must_use]
pub(crate) fn cut(text: &str, chars: usize) -> String {
    if text.chars().count() <= chars {
        return text.to_owned();
    }

    let mut short: String = text.chars().take(chars.saturating_sub(1)).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn a_cut_falls_between_characters() {
        assert_eq!(cut("şğü", 3), "şğü");
        assert_eq!(cut("şğüı", 3), "şğ…");
        assert_eq!(cut("مرحبا", 2), "م…");
    }
}
