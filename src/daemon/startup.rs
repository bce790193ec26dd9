//! The database at the start: waited for, checked, and its clock taken over.

use std::{sync::Arc, time::Duration};

use super::{DaemonError, build, sides, trendyol};
use crate::{
    clock::{Clock, DatabaseClock},
    config::Config,
    http::Listening,
    order::Settle,
    shutdown::Stop,
    store::{MigrateError, Store, StoreError},
    systemd,
    telemetry::chain,
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
    // Asked once, not waited for: where the database does not answer, the old settings stay.
    let missing = store.missing_migrations().await?;
    if missing > 0 {
        return Err(DaemonError::NotMigrated { missing });
    }

    let clock = DatabaseClock::new();
    let (now, round_trip) = store.now().await?;
    clock.set(now, round_trip);
    sides::check(new, &store, now).await?;
    settling(new, &store).await?;

    // Built only to see that they can be.
    let (shop, _) = build::shop(new, &store, Arc::new(clock))?;
    trendyol::of_daemon(new, &shop)?;
    // Closed here: the daemon that is started with these settings opens its own.
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
    // Lazily: a database that is down is waited for in one place, `reach`.
    let store = Store::connect_lazy(
        &database.url,
        database.max_connections,
        database.acquire_timeout,
        database.pooler,
    )?;
    Ok(store.having(config.sides()))
}

/// Whether the tables and the settings go together.
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
            // A server that restarts comes back; any other fault needs a person, so it ends the start.
            Err(DaemonError::Store(error)) if error.is_transient() => tracing::warn!(
                error = chain(&error),
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
    // Where the shop has wallets, a status that is written into the row would refund nobody.
    let tables = store.wallets().await?;
    if tables.is_empty() {
        return Ok(());
    }
    Err(DaemonError::Wallets {
        tables: tables.join(", "),
    })
}

async fn missing_migrations(store: &Store, clock: &DatabaseClock) -> Result<usize, MigrateError> {
    loop {
        // Every time anew: the connection may be lost again between the two questions.
        reach(store, clock).await;
        match store.missing_migrations().await {
            Err(error) if error.is_transient() => tracing::warn!(
                error = chain(&error),
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
        // A standby that takes over later is waited for as one that does not answer yet.
        let answer = async {
            store.must_be_writable().await?;
            store.now().await
        };
        match answer.await {
            Ok((now, round_trip)) => {
                let moved = clock.set(now, round_trip);
                tracing::info!(
                    differs_ms = moved.num_milliseconds(),
                    "the database answers; its clock is followed"
                );
                return;
            }
            Err(error) => {
                // Not with every try: a database may be away for an hour.
                if tries.is_multiple_of(SAY_EVERY) {
                    tracing::warn!(error = chain(&error), "waiting for the database");
                    systemd::waiting("waiting for the database");
                }
                tries = tries.saturating_add(1);
            }
        }

        tokio::time::sleep(RETRY).await;
    }
}
