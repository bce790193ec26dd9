//! What goes wrong by chance at a panel of this kind.

use super::Endpoint;
use crate::{
    faults::{Chance, FaultPlan},
    trouble::{Fault, Trouble},
};

/// A panel on which `share` of the requests go wrong, in every way that is known of real ones.
#[must_use]
pub fn unreliable(share: f64) -> FaultPlan<Endpoint> {
    let mut chances = Chance::evenly(Endpoint::Purchase, &purchase_faults(), share);
    for endpoint in [Endpoint::Status, Endpoint::Balance, Endpoint::Catalogue] {
        chances.extend(Chance::evenly(endpoint, &question_faults(), share));
    }
    FaultPlan {
        chances,
        ..FaultPlan::default()
    }
}

/// The panel sold in half of them, the last two included: neither answer says which.
fn purchase_faults() -> Vec<Fault> {
    let troubles = [
        Trouble::Reset,
        Trouble::Close,
        Trouble::Hang,
        Trouble::Page(502),
        Trouble::Page(200),
        Trouble::Empty,
        Trouble::Cut(12),
        Trouble::Twice,
        Trouble::says(r#"{"status":"OK"}"#),
        Trouble::says(r#"{"status":"ERROR","message":"Internal server error, try again"}"#),
    ];
    troubles.into_iter().flat_map(Trouble::both).collect()
}

fn question_faults() -> Vec<Fault> {
    vec![
        Fault::Instead(Trouble::Reset),
        Fault::Instead(Trouble::Hang),
        Fault::Instead(Trouble::Page(503)),
        Fault::Instead(Trouble::Page(200)),
        Fault::Instead(Trouble::Empty),
        Fault::After(Trouble::Reset),
        Fault::After(Trouble::Cut(12)),
        Fault::After(Trouble::Twice),
    ]
}
