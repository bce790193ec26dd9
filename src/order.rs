//! What orderwatch is about: one order of the shop, bought once and watched to its end.
//!
//! Everything here is pure. It knows no database, no network and no clock: facts come in as
//! arguments and a [`Decision`] comes out, so every rule about money stands in one place and is
//! tested as a table. What must stay true:
//!
//! * the same purchase never gets a second name ([`Reference::derive`]),
//! * only a sure answer ends an order ([`decide`]),
//! * a final [`Stage`] is never left.

/// An enum whose variants have one name each, which the database, the log, the API, the command line and
/// the pages all use.
macro_rules! named {
    (
        $(#[$meta:meta])*
        $vis:vis enum $type:ident { $($(#[$doc:meta])* $variant:ident = $name:tt),+ $(,)? }
    ) => {
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash,
            serde::Serialize, serde::Deserialize, utoipa::ToSchema,
        )]
        $(#[$meta])*
        $vis enum $type { $($(#[$doc])* #[serde(rename = $name)] $variant),+ }

        impl $type {
            #[allow(dead_code, reason = "not each enum is listed")]
            $vis const ALL: [Self; [$($name),+].len()] = [$(Self::$variant),+];

            #[must_use]
            $vis const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// The value of that name, or `None` when nothing has it.
            #[allow(dead_code, reason = "not each enum is read back")]
            #[must_use]
            $vis fn parse(name: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|value| value.as_str() == name)
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

mod answer;
pub mod decide;
pub mod delivery;
mod event;
pub(crate) mod explain;
mod hold;
mod ids;
pub(crate) mod money;
pub(crate) mod person;
mod player;
mod reference;
mod refusal;
pub mod schedule;
mod shop;
#[cfg(test)]
mod simulation;
mod stage;
mod wanted;
pub(crate) mod words;

pub use answer::{NotSent, PurchaseOutcome, StatusAnswer};
pub(crate) use decide::{Decision, Reroute, SecondPolicy};
pub use decide::{Rules, Settle, UnconfirmedPolicy, Watched};
pub use event::EventKind;
pub use hold::HoldReason;
pub(crate) use hold::{HoldCause, WayOut};
pub use ids::{IntegrationId, OrderId, TenantId};
pub use player::{FieldRule, Player, PlayerFields, PlayerRules, player_fields};
pub(crate) use player::{OrderField, ParamRule, PlayerRule};
pub(crate) use reference::Naming;
pub use reference::Reference;
pub(crate) use refusal::{Refusal, speaks_of_itself};
pub(crate) use shop::{ExternalStatus, LAST_MESSAGE_CHARS, PIN_CHARS, ShopChange, ShopStatus, cut};
pub use stage::Stage;
pub(crate) use wanted::{Mapping, ShopOrder};
