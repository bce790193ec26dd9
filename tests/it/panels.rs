//! The reseller panels: their wire, balances, and who else buys there.

mod addresses;
mod balances;
mod barakat;
mod barakat_wire;
mod both_kinds;
mod player_fields;
mod second_dispatcher;
pub(crate) mod znet_wire;
