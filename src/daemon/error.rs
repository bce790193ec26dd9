//! Why the daemon, or a command that does its work once, ends.

use crate::{
    doctor::{KeepingFault, OtherAccount},
    http::BindError,
    marketplace::trendyol::AccountFault,
    provider::HttpError,
    store::{MigrateError, StoreError},
    worker::{job::JobError, jobs::NotAvailable},
};

/// The daemon did not run to a proper end.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database's state cannot be read.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    #[error("migrations are missing in the database ({missing}); run `orderwatch migrate` first")]
    NotMigrated { missing: usize },
    /// The configuration would settle orders past the shop's wallets.
    #[error(
        "orders.settle = \"status\" is not for a shop with wallets ({tables}): a status written into the row \
         refunds nobody. Set orders.settle = \"shop\" and tell the shop by [[notify.webhook]] (docs/orders.md)"
    )]
    Wallets { tables: String },
    #[error(transparent)]
    Listen(#[from] BindError),
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error(transparent)]
    Job(#[from] JobError),
    #[error(transparent)]
    NotAvailable(#[from] NotAvailable),
    #[error(transparent)]
    Account(#[from] AccountFault),
    #[error(transparent)]
    Keeping(#[from] KeepingFault),
    #[error(transparent)]
    OtherAccount(#[from] OtherAccount),
    /// Columns are missing without which a purchase could not be written down.
    #[error("the shop's tables cannot take what has to be written down: {faults}")]
    Columns {
        /// With what to do about each.
        faults: String,
    },
    #[error("{part} ended by itself; the daemon cannot go on without it")]
    Died { part: &'static str },
    #[error(
        "stopped hard with {calls} calls in flight; \
         their orders are asked about after the next start"
    )]
    Hard { calls: usize },
}
