//! `orderwatch run`: the daemon, and its reload.
//!
//! SIGHUP checks the configuration. A faulty one changes nothing; with a sound one the daemon drains
//! as for SIGTERM and the process executes itself anew, with the same pid and arguments. So new
//! settings take the one way that every start takes, and nothing of the old ones is left.

use std::{
    env, io,
    os::unix::process::CommandExt,
    path::PathBuf,
    pin::pin,
    process::{Command, ExitCode},
};

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Global, out};
use crate::telemetry::chain;
use crate::{config::Loaded, daemon, metrics::METRICS, shutdown::Stop, systemd};

pub(super) const EXAMPLES: &str = "\
Examples:
  orderwatch run                                    until SIGTERM or Ctrl-C; SIGHUP applies new settings
  orderwatch --config /etc/orderwatch/shop.toml run
  ORDERWATCH__DISPATCH__MODE=shadow orderwatch run  buy nothing, and write down what would be bought

The first signal lets what is in flight finish, the second ends it at once; nothing is lost either way.";

pub(super) async fn run(global: &Global) -> anyhow::Result<ExitCode> {
    // First of all: without a handler SIGHUP ends the process, and a reload comes through here.
    let hangup = signal(SignalKind::hangup()).context("SIGHUP cannot be received")?;
    let loaded = global.load()?;
    let log = Global::begin_log(&loaded)?;
    let stop = Stop::on_signals()?;

    let mut daemon = pin!(daemon::run(&loaded.config, &stop));
    let (ended, reload) = tokio::select! {
        ended = &mut daemon => (ended, false),
        () = new_settings(global, &loaded, hangup) => {
            stop.soft.cancel();
            (daemon.await, true)
        }
    };
    // A signal to end that came while the reload was draining wins over it.
    if !reload || stop.terminate.is_cancelled() {
        ended?;
        return Ok(ExitCode::SUCCESS);
    }

    if let Err(error) = ended {
        tracing::warn!(
            error = chain(&error),
            "the old settings did not end well; the new ones are applied all the same"
        );
    }
    tracing::info!("executing anew");
    // Writes the last lines.
    drop(log);
    Err(execute_anew()).context("the program cannot be executed anew")
}

/// Waits for a SIGHUP that finds a configuration with which a daemon could start.
async fn new_settings(global: &Global, old: &Loaded, mut hangup: Signal) {
    // The stream of a signal never ends.
    while hangup.recv().await.is_some() {
        // Before the check, which takes a while: systemd waits for an answer from here on.
        systemd::reloading();

        match check(global, old).await {
            Ok(new) => {
                let changed = changed(old, &new);
                tracing::info!(
                    ?changed,
                    "the new settings are sound; draining to apply them"
                );
                return;
            }
            Err(error) => {
                // For the alert: from here on the daemon runs on older settings than the file's.
                METRICS.last_reload_successful.set(0);
                let faults = out::masked_chain(&error);
                tracing::error!(faults, "the new settings are refused; the old ones stay");
                systemd::reload_refused();
            }
        }
    }
}

async fn check(global: &Global, old: &Loaded) -> anyhow::Result<Loaded> {
    let new = global.load()?;
    daemon::check(&old.config, &new.config).await?;
    Ok(new)
}

/// The keys with another value.
fn changed<'l>(old: &Loaded, new: &'l Loaded) -> Vec<&'l str> {
    // A changed secret is not among them: they are compared as they are shown, and all look alike.
    let is_new = |key: &str, value: &str| {
        let mut before = old.settings.iter();
        !before.any(|setting| setting.key == key && setting.value == value)
    };
    let changed = new.settings.iter();
    changed
        .filter(|setting| is_new(&setting.key, &setting.value))
        .map(|setting| setting.key.as_str())
        .collect()
}

/// Returns only when it fails. What is open is closed by the system, since everything is opened
/// close-on-exec, and the address of the page is free at once.
fn execute_anew() -> io::Error {
    // A package that was upgraded meanwhile has replaced the file; a reload stays with the program
    // that runs, which may not be the one that the new file's database needs.
    let running = env::current_exe().ok().filter(|path| path.exists());
    let program = running.unwrap_or_else(|| PathBuf::from("/proc/self/exe"));
    let mut arguments = env::args_os();
    let name = arguments.next().unwrap_or_else(|| "orderwatch".into());
    Command::new(program).arg0(name).args(arguments).exec()
}
