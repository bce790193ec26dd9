//! An order on its way from the shop's row to the settled purchase.

mod catalogue;
mod eligible;
mod leases;
mod life;
mod limits;
mod outcomes;
mod plans;
mod polling;
mod reference;
mod settled;
mod staff;
mod streams;
mod sweep;
mod unconfirmed;
mod work;
