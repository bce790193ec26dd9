//! The database at the start: waited for, checked, and its clock taken over.

use std::{sync::Arc, time::Duration};

use super::{DaemonError, build, sides, trendyol};
use crate::{
    clock::{Clock, DatabaseClock},
    config::Config,
    http::Listening,
    meter::Meter,
    order::Settle,
    shutdown::Stop,
    store::{MigrateError, Store, StoreError},
    systemd,
};

/// Between two tries to reach the database.
const RETRY: Duration = Duration::from_secs(1);
/// Tries between two messages.
const SAY_EVERY: u32 = 10;

/// Waits for the database and checks that it is up to date. `None` when stopped meanwhile.
pub(super) async fn database(
    config: &Config,
    clock: &DatabaseClock,
    stop: &Stop,
) -> Result<Option<Store>, DaemonError> {
    let store = connect(config)?;
    let missing = missing_migrations(&store, clock);
    let Some(missing) = stop.soft.run_until_cancelled(missing).await else {
        return Ok(None);
    };
    let missing = missing?;
    if missing > 0 {
        return Err(DaemonError::NotMigrated { missing });
    }
    Ok(Some(store))
}

/// Whether a daemon could start with the settings `new` in place of the `old` ones, whose address it
/// has already.
pub(crate) async fn check(old: &Config, new: &Config) -> Result<(), DaemonError> {
    let store = connect(new)?;
    let missing = store.missing_migrations().await?;
    if missing > 0 {
        return Err(DaemonError::NotMigrated { missing });
    }
    let clock = DatabaseClock::new();
    let (now, round_trip) = store.now().await?;
    clock.set(now, round_trip);
    sides::check(new, &store, now).await?;
    settling(new, &store).await?;

    let (shared, _) = build::shared(new, &store, Arc::new(clock), Meter::new())?;
    trendyol::of_daemon(new, &shared)?;
    store.close().await;

    let moves = !old.http.enabled || old.http.listen != new.http.listen;
    if new.http.enabled && moves {
        let mut address = new.http.listen;
        // The port is ours already, and could not be bound a second time.
        if old.http.enabled && old.http.listen.port() == address.port() {
            address.set_port(0);
        }
        Listening::at(address).await?;
    }
    Ok(())
}

fn connect(config: &Config) -> Result<Store, StoreError> {
    let database = &config.database;
    let store = Store::connect_lazy(
        &database.url,
        database.max_connections,
        database.acquire_timeout,
    )?;
    Ok(store.having(config.sides()))
}

/// Whether the tables and the settings go together. A connection that is lost meanwhile ends nothing.
pub(super) async fn checks(
    config: &Config,
    store: &Store,
    clock: &DatabaseClock,
) -> Result<(), DaemonError> {
    loop {
        let checked = async {
            sides::check(config, store, clock.now()).await?;
            settling(config, store).await
        };
        match checked.await {
            Err(DaemonError::Store(error)) if error.is_transient() => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "connection lost while the tables were checked; trying again"
            ),
            done => return done,
        }
        tokio::time::sleep(RETRY).await;
    }
}

/// Refuses to write the status of orders where that is the shop's own business.
pub(super) async fn settling(config: &Config, store: &Store) -> Result<(), DaemonError> {
    if config.orders.settle == Settle::Shop {
        return Ok(());
    }
    let tables = store.wallets().await?;
    if tables.is_empty() {
        return Ok(());
    }
    Err(DaemonError::Wallets {
        tables: tables.join(", "),
    })
}

/// How many migrations are missing. A connection that is lost again meanwhile ends nothing.
async fn missing_migrations(store: &Store, clock: &DatabaseClock) -> Result<usize, MigrateError> {
    loop {
        reach(store, clock).await;
        match store.missing_migrations().await {
            Err(error) if error.is_transient() => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "connection lost; waiting for the database again"
            ),
            counted => return counted,
        }
        tokio::time::sleep(RETRY).await;
    }
}

async fn reach(store: &Store, clock: &DatabaseClock) {
    let mut tries = 0_u32;
    loop {
        match store.now().await {
            Ok((now, round_trip)) => {
                let moved = clock.set(now, round_trip);
                tracing::info!(
                    differs_ms = moved.num_milliseconds(),
                    "the database answers; its clock is followed"
                );
                return;
            }
            Err(error) => {
                if tries.is_multiple_of(SAY_EVERY) {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "waiting for the database"
                    );
                    systemd::waiting("waiting for the database");
                }
                tries = tries.saturating_add(1);
            }
        }
        tokio::time::sleep(RETRY).await;
    }
}
