//! Notifications to systemd: ready, alive, reloading, stopping.
//!
//! What must stay true: the watchdog is fed only while no worker is stalled. A notification that fails
//! is logged and changes nothing else; without systemd there is nobody to notify.

use std::time::Duration;

use sd_notify::NotifyState;

use crate::telemetry::chain;
use crate::worker::pulse::Pulses;

pub(crate) fn ready() {
    notify(&[NotifyState::Ready, NotifyState::Status("watching orders")]);
}

pub(crate) fn stopping() {
    notify(&[
        NotifyState::Stopping,
        NotifyState::Status("finishing what is in flight"),
    ]);
}

/// New settings are being checked; [`ready`] or [`reload_refused`] has to follow.
pub(crate) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify(&[
            NotifyState::Reloading,
            now,
            NotifyState::Status("reloading"),
        ]),
        Err(error) => tracing::warn!(
            error = chain(&error),
            "the monotonic clock cannot be read; systemd is not notified of the reload"
        ),
    }
}

pub(crate) fn reload_refused() {
    notify(&[
        // For systemd the reload lasts until this comes, and the daemon goes on as before.
        NotifyState::Ready,
        NotifyState::Status("watching orders; the new settings were refused, see the log"),
    ]);
}

pub(crate) fn waiting(status: &str) {
    notify(&[NotifyState::Status(status)]);
}

/// Feeds systemd's watchdog, if it has one, as long as no worker is stalled.
pub(crate) async fn watchdog(pulses: Pulses) {
    let Some(limit) = sd_notify::watchdog_enabled() else {
        return;
    };
    loop {
        // More often than needed, so that a wait that is a little late is no reason to be killed.
        tokio::time::sleep(limit / 3).await;
        feed(&pulses);
    }
}

fn feed(pulses: &Pulses) {
    let stuck = pulses.stuck();
    if stuck.is_empty() {
        notify(&[NotifyState::Watchdog]);
    } else {
        tracing::error!(workers = ?stuck, "workers stalled; systemd's watchdog is not fed");
    }
}

fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(error = chain(&error), "systemd cannot be notified");
    }
}

/// The longest that a loop may take for a turn: every await in it has a deadline below this.
pub(crate) const LONGEST_TURN: Duration = Duration::from_mins(3);
