//! The reseller panels: their wire, balances, and who else buys there.

mod balances;
mod player_fields;
mod second_dispatcher;
pub(crate) mod znet_wire;
