//! Which brake a person means.

use crate::{
    order::IntegrationId,
    store::{KnownPanel, Scope, Store, StoreError},
};

/// What is to happen to the brake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrakeAction {
    /// Put it on.
    Pause,
    /// Take it off.
    Resume,
}

/// What an id means.
#[derive(Clone, Debug)]
pub enum BrakeTarget {
    /// This brake.
    Brake(Scope),
    /// Nothing: these are the panels that there are.
    Unknown(Vec<KnownPanel>),
}

/// The brake of the panel with this id. A brake outlives its panel and must come off all the same.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn of_panel(
    store: &Store,
    id: IntegrationId,
    action: BrakeAction,
) -> Result<BrakeTarget, StoreError> {
    let panels = store.known_panels().await?;
    if panels.iter().any(|panel| panel.id == id) {
        return Ok(BrakeTarget::Brake(Scope::Panel(id)));
    }
    // The nil id stands for all panels in the table.
    let may_be_left = action == BrakeAction::Resume && !id.0.is_nil();
    if may_be_left {
        let brakes = store.brakes().await?;
        if brakes.iter().any(|brake| brake.scope == Scope::Panel(id)) {
            return Ok(BrakeTarget::Brake(Scope::Panel(id)));
        }
    }
    Ok(BrakeTarget::Unknown(panels))
}
