//! `orderwatch run`

use std::process::ExitCode;

use anyhow::Context;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc,
};

use super::Global;
use crate::{
    config::{Changes, Config, Loaded},
    daemon,
    metrics::{METRICS, label::Reload},
    shutdown::Stop,
    telemetry::{self, Secrets},
};

pub(super) const EXAMPLES: &str = "\
Examples:
  orderwatch run                                    until SIGTERM or Ctrl-C; SIGHUP reads the settings anew
  orderwatch --config /etc/orderwatch/shop.toml run
  ORDERWATCH__DISPATCH__MODE=shadow orderwatch run  buy nothing, and write down what would be bought

The first signal lets what is in flight finish, the second ends it at once; nothing is lost either way.";

pub(super) async fn run(global: &Global) -> anyhow::Result<ExitCode> {
    let loaded = global.load()?;
    let log = Global::begin_log(&loaded)?;
    let stop = Stop::on_signals()?;
    let hangup = signal(SignalKind::hangup()).context("SIGHUP cannot be received")?;
    let (reloads, new_settings) = mpsc::channel(1);
    let config = loaded.config.clone();
    tokio::select! {
        ended = daemon::run(&config, &stop, new_settings, None) => ended?,
        // Ends only with the process.
        () = reload(global, loaded, hangup, &log, reloads) => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// On each SIGHUP: reads the configuration anew, says what changes, and hands it to the daemon. A
/// faulty one changes nothing.
async fn reload(
    global: &Global,
    mut in_force: Loaded,
    mut hangup: Signal,
    log: &telemetry::Guard,
    reloads: mpsc::Sender<Config>,
) {
    while hangup.recv().await.is_some() {
        let new = match global.load() {
            Ok(new) => new,
            Err(error) => {
                METRICS.reload(Reload::Refused);
                let faults = Secrets::process().mask(&error.to_string()).into_owned();
                tracing::error!(faults, "the new configuration is faulty; the old one stays");
                continue;
            }
        };
        let changes = Changes::between(&in_force, &new);
        tracing::info!(applied = ?changes.applied, "configuration read again");
        if !changes.need_restart.is_empty() {
            tracing::warn!(
                keys = ?changes.need_restart,
                "these settings are in force after a restart only"
            );
        }
        log.set_filter(&new.config.log.level);
        if reloads.send(new.config.clone()).await.is_err() {
            break;
        }
        in_force = new;
    }
    std::future::pending::<()>().await;
}
