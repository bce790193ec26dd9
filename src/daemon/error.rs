//! Why the daemon, or a command that does its work once, ends.

use crate::{
    doctor::{KeepingFault, OtherAccount},
    http::BindError,
    marketplace::trendyol::AccountFault,
    provider::znet,
    store::{MigrateError, StoreError},
    worker::job::JobError,
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
         refunds nobody. Set orders.settle = \"shop\" and tell the shop by [[notify.webhook]] (README, \"When an order is settled\")"
    )]
    Wallets { tables: String },
    #[error(transparent)]
    Listen(#[from] BindError),
    #[error(transparent)]
    Http(#[from] znet::HttpError),
    #[error(transparent)]
    Job(#[from] JobError),
    #[error(transparent)]
    Account(#[from] AccountFault),
    #[error("the shop is switched off (shop.enabled = false)")]
    NoShop,
    /// It is not settled who keeps the warehouse's rows.
    #[error(transparent)]
    Keeping(#[from] KeepingFault),
    /// The database knows of another account.
    #[error(transparent)]
    OtherAccount(#[from] OtherAccount),
    /// Columns are missing without which a purchase could not be written down.
    #[error("the shop's tables cannot take what has to be written down: {faults}")]
    Columns {
        /// Which, and what to do.
        faults: String,
    },
    /// The warehouse's application reads the returns itself.
    #[error("the warehouse's application reads its returns itself (trendyol.mirror = false)")]
    KeptElsewhere,
    #[error("no Trendyol store is configured; set trendyol.enabled and its account")]
    NoStore,
    /// A part of the daemon ended although nobody asked it to.
    #[error("{part} ended by itself; the daemon cannot go on without it")]
    Died { part: &'static str },
    /// It had to be ended before everything in flight was finished.
    #[error(
        "stopped hard with {calls} calls in flight; \
         their orders are asked about after the next start"
    )]
    Hard {
        /// Calls to panels that had not returned.
        calls: usize,
    },
}
