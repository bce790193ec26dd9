//! What an order's row may become: the constraints of `migrations/0003_orders.sql`, and the arrows of [`Stage`].

use super::database::Tracked;
use crate::order::Stage;

/// Whether an order may change so: the constraints of `migrations/0003_orders.sql`, and the arrows of [`Stage`].
pub(super) fn permitted(old: Option<&Tracked>, new: &Tracked) -> Result<(), String> {
    let stage = new.watched.stage;
    let is = |holds: bool, what: &str| if holds { Ok(()) } else { Err(what.to_owned()) };
    is(
        stage.is_final() == new.finished_at.is_some(),
        "final_has_a_time",
    )?;
    is(
        (stage == Stage::Held) == new.held.is_some(),
        "held_has_a_reason",
    )?;
    let works = !stage.is_final() && stage != Stage::Held;
    is(new.due_at.is_none() || works, "nothing_final_is_due")?;
    let named = new.panel.is_some() && new.reference.is_some();
    is(!works || named, "panel_work_has_a_name")?;

    let from = old.map(|old| old.watched.stage);
    if let Some(old) = old {
        let kept = old.pin.is_none() || old.pin == new.pin;
        is(kept, "a code was lost, or replaced by another one")?;

        // What a late answer brought: nothing but a code.
        let moved = Tracked {
            pin: new.pin.clone(),
            ..old.clone()
        } != *new;
        if !moved {
            return Ok(());
        }
        is(!old.watched.stage.is_final(), "something final was changed")?;
    }
    if is_arrow(from, stage) {
        Ok(())
    } else {
        Err(format!("went from {from:?} to {stage}"))
    }
}

/// The picture of `src/order/stage.rs`. A panel that is asked before it is bought may answer with the end at once.
fn is_arrow(from: Option<Stage>, to: Stage) -> bool {
    use Stage::{
        Completed, Dispatching, Failed, Held, Queued, Submitted, TimedOut, Unconfirmed, Withdrawn,
    };
    let Some(from) = from else {
        return matches!(to, Dispatching | Held | Submitted | Unconfirmed);
    };
    match from {
        // A late answer may say that it was bought; one that may have been is asked about.
        Queued => !matches!(to, Completed | Failed),
        Submitted => matches!(
            to,
            Submitted | Completed | Failed | TimedOut | Held | Withdrawn
        ),
        Dispatching | Unconfirmed => to != Dispatching,
        Held => !matches!(to, Dispatching | TimedOut),
        Completed | Failed | TimedOut | Withdrawn => from == to,
    }
}
