//! The database at the start: waited for, checked, and its clock taken over.

use std::time::Duration;

use super::{DaemonError, sides};
use crate::{
    clock::{Clock, DatabaseClock},
    config::Config,
    order::Settle,
    shutdown::Stop,
    store::{MigrateError, Store},
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
    let database = &config.database;
    let store = Store::connect_lazy(
        &database.url,
        database.max_connections,
        database.acquire_timeout,
    )?
    .having(config.sides());
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

/// Checks that no migration is missing.
pub(super) async fn up_to_date(store: &Store) -> Result<(), DaemonError> {
    match store.missing_migrations().await? {
        0 => Ok(()),
        missing => Err(DaemonError::NotMigrated { missing }),
    }
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
                "the database was there and is gone again"
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
