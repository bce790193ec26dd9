//! What systemd is told: that the daemon is ready, that it works, and that it stops.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio_util::sync::CancellationToken;

use crate::worker::pulse::Pulses;

/// The daemon works.
pub fn ready() {
    tell(&[NotifyState::Ready, NotifyState::Status("watching orders")]);
}

/// The daemon finishes what is in flight.
pub fn stopping() {
    tell(&[
        NotifyState::Stopping,
        NotifyState::Status("finishing what is in flight"),
    ]);
}

/// What the daemon waits for.
pub fn waiting(status: &str) {
    tell(&[NotifyState::Status(status)]);
}

/// Feeds systemd's watchdog, if it has one, as long as every loop turns. Ends when it is stopped.
pub async fn watchdog(pulses: Pulses, stop: CancellationToken) {
    let Some(limit) = sd_notify::watchdog_enabled() else {
        return stop.cancelled().await;
    };
    let third = limit / 3;
    while let Some(()) = stop.run_until_cancelled(tokio::time::sleep(third)).await {
        feed(&pulses);
    }
}

fn feed(pulses: &Pulses) {
    let stuck = pulses.stuck();
    if stuck.is_empty() {
        tell(&[NotifyState::Watchdog]);
    } else {
        tracing::error!(loops = ?stuck, "loops do not turn; systemd's watchdog is not fed");
    }
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "systemd cannot be told"
        );
    }
}

/// The longest that a loop may take for a turn: every await in it has a deadline below this.
pub const LONGEST_TURN: Duration = Duration::from_mins(3);
