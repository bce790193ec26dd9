//! All SQL, and nothing else: the store never calls out and decides nothing.
//!
//! One database is shared with the shop and with other replicas of this daemon. What must stay true:
//!
//! * the time is always an argument; no due time is compared with the database's own `now()`,
//! * every outcome names the lease that it was claimed with, and says so when the lease is lost,
//! * no statement waits for a row that somebody else holds: it skips it and says so,
//! * nothing of the shop's row is written that did not really change.

mod accounts;
mod additions;
mod applications;
mod balances;
mod brakes;
mod breaker;
mod changes;
mod check;
mod claim;
mod column_types;
mod columns;
mod daemons;
mod delivery_times;
mod diagnosis;
mod dispatch;
mod events;
mod explain;
mod hold;
mod inbox;
mod integrations;
mod jobs;
mod ledger;
mod left_to_shop;
mod listen;
mod losses;
mod market_account;
mod migrate;
mod notices;
mod order_calls;
mod order_cursor;
mod order_delays;
mod order_feed;
mod order_list;
mod order_places;
mod order_search;
mod orders;
mod overview;
mod pace;
mod package_record;
mod package_rows;
mod packages;
mod panel_views;
mod people;
mod pick;
mod picking_reports;
mod player_fields;
mod pool;
mod rates;
mod record;
mod record_shop;
mod restore;
mod retention;
mod returns;
mod rights;
mod second_dispatcher;
mod settling;
mod shadow;
mod shadow_report;
mod spending;
mod stats;
mod stock_batches;
mod stock_history;
mod stock_items;
mod stock_lists;
mod stock_log;
mod stock_pauses;
mod stock_results;
mod stock_view;
mod sweep;
mod switch_over;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    ConnectOptions, Executor, PgPool,
    error::DatabaseError,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::sync::OnceCell;

use crate::{
    metrics::{METRICS, label::Fault},
    text::Lang,
};
pub(crate) use additions::Additions;
pub(crate) use applications::{BeatTask, ShopActivity, WarehouseStock};
pub use balances::{Balance, Balanced};
pub(crate) use brakes::KnownPanel;
pub use brakes::Scope;
pub use check::{DueOrder, Share};
pub(crate) use claim::Claimed;
pub use claim::{Claim, Lease};
pub(crate) use columns::{OwnWork, Side, TableFault};
pub(crate) use delivery_times::{DeliveryNews, PanelLoad};
pub(crate) use diagnosis::{Fallback, MANY_OLD, Route, SchemaFault, ServerFacts};
pub(crate) use dispatch::{Candidate, QueuedCandidate};
pub(crate) use events::{Event, StoredEvent};
pub(crate) use hold::{NewHold, Release};
pub(crate) use inbox::InboxOrder;
pub use integrations::EVERYWHERE;
pub(crate) use integrations::Integration;
pub(crate) use jobs::{Leader, Tick};
pub(crate) use left_to_shop::Forwarded;
pub use listen::{Channel, Notices};
pub use market_account::MarketAccount;
pub use migrate::{MigrateError, Revert, Sides};
pub use notices::Audience;
pub(crate) use notices::{DueNotice, Fate, NoticeOutcome, NoticeShare};
pub(crate) use order_calls::OrderCall;
pub(crate) use order_cursor::OrderCursor;
pub(crate) use order_cursor::{cut_page, time_of};
pub(crate) use order_feed::{ORDER_FEED, WindowRead};
pub(crate) use order_list::{Direction, ListedOrder, OrderFilter};
pub(crate) use order_search::{Found, FoundOrder, Search, WINDOW};
pub use orders::TrackedOrder;
pub(crate) use orders::{OrderDetail, ShopRow};
pub(crate) use overview::Question;
pub(crate) use pace::horizon;
pub(crate) use packages::RecordedPackage;
pub(crate) use people::Acted;
pub use people::Person;
pub(crate) use pick::PickLine;
pub use pick::{PickAsk, Picked};
pub(crate) use picking_reports::PickingReport;
pub(crate) use player_fields::{Confirmed, PlayerOf, SoldAs};
use pool::{Pool, Reach, SESSION, Transaction};
pub(crate) use record::Late;
pub use record::{Outcome, Prices, Quiet, Recorded};
pub(crate) use restore::Restored;
pub(crate) use retention::FinishedOrder;
pub(crate) use rights::{Right, RoleFacts};
pub(crate) use second_dispatcher::{Overwritten, Scan, shown_since};
pub use settling::Unsettled;
pub(crate) use shadow::ShadowOrder;
pub(crate) use shadow_report::{SentByShop, ShadowEntry, ShadowSum};
pub(crate) use spending::SpendingLimit;
pub use stats::MOST_POINTS;
pub(crate) use stats::{PanelHealth, Point, Points};
pub use stock_batches::PlannedPush;
pub(crate) use stock_batches::PushAnswer;
pub(crate) use stock_history::SentFigure;
pub(crate) use stock_items::Observation;
pub(crate) use stock_lists::{PackageView, RefusedItem, SentItem, StockBatch};
pub(crate) use stock_log::{PushLog, StockPush};
pub(crate) use stock_results::Batch;
pub(crate) use stock_view::Catalogue;
pub use sweep::Revived;
pub(crate) use sweep::{Adoption, Orphan, ShopSent, Watchable};
pub(crate) use switch_over::{LeftUnsent, OrderKind, UnderWay};

/// The database, by one pool of connections.
#[derive(Clone, Debug)]
pub struct Store {
    pool: Pool,
    /// Who is notified when an order is settled, whichever way it is.
    audience: Arc<[Audience]>,
    /// Whose tables there are.
    sides: Sides,
    /// Whether the warehouse's rows are written.
    mirror: bool,
    /// Whether orders that came along a chain of tenants are bought (`dispatch.buy_chained`).
    buy_chained: bool,
    /// Of what customers read.
    language: Lang,
}

/// Connections of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PoolUse {
    pub(crate) open: u32,
    /// Open and not in use.
    pub(crate) idle: u32,
    /// Maximum number that may be open.
    pub(crate) most: u32,
}

/// The database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused, or could not be reached.
    #[error("the database failed while {doing}")]
    Database {
        doing: &'static str,
        #[source]
        source: sqlx::Error,
    },
    /// A row holds a value that orderwatch never writes.
    #[error("{table}.{column} of row {row} holds {value:?}, which means nothing here")]
    Inconsistent {
        table: &'static str,
        column: &'static str,
        row: String,
        value: String,
    },
    /// Nothing can be written: a standby, until it takes over, or a server that was made so.
    #[error(
        "the database is read-only: a standby, or made so; database.url has to lead to the primary"
    )]
    ReadOnly,
    /// `database.url` is not an address of a Postgres database.
    #[error("database.url is not a usable address of a Postgres database")]
    Address(#[source] sqlx::Error),
}

impl StoreError {
    /// For `map_err`: says what was being done.
    fn doing(doing: &'static str) -> impl Fn(sqlx::Error) -> Self {
        move |source| {
            METRICS.database_error(match &source {
                // Counted apart: no statement has failed; the pool is too small or the database is away.
                sqlx::Error::PoolTimedOut => Fault::NoConnection,
                source if is_transient(source) => Fault::Transient,
                _ => Fault::Refused,
            });
            Self::Database { doing, source }
        }
    }

    /// Whether the same statement may succeed later: the database was away, busy or in a race.
    /// Otherwise it refuses the data itself.
    #[must_use]
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Database { source, .. } => is_transient(source),
            Self::ReadOnly => true,
            // Waiting changes neither: a person has to correct the row or the setting.
            Self::Inconsistent { .. } | Self::Address(_) => false,
        }
    }

    /// Whether the database refuses this row's data (a constraint or a trigger of the shop's), so
    /// that other rows may well be written. SQLSTATE classes 22, 23, 44 and `P0`.
    #[must_use]
    pub(crate) fn refuses_row(&self) -> bool {
        match self {
            Self::Database { source, .. } => has_class(source, &["22", "23", "44", "P0"]),
            Self::Inconsistent { .. } | Self::ReadOnly | Self::Address(_) => false,
        }
    }

    /// Whether a smaller statement may succeed where this one will fail again: it ran out of its time (SQLSTATE
    /// `query_canceled`), as with a slow trigger of the shop's, or met a row that cannot be read (class `XX`).
    #[must_use]
    pub(crate) fn may_be_a_single_row(&self) -> bool {
        match self {
            Self::Database { source, .. } => has_class(source, &["57014", "XX"]),
            Self::Inconsistent { .. } | Self::ReadOnly | Self::Address(_) => false,
        }
    }

    /// Whether the role may not do it. SQLSTATE `insufficient_privilege`.
    #[must_use]
    pub(crate) fn lacks_a_right(&self) -> bool {
        match self {
            Self::Database { source, .. } => has_class(source, &["42501"]),
            Self::Inconsistent { .. } | Self::ReadOnly | Self::Address(_) => false,
        }
    }

    /// What the database said, without the row's values.
    #[must_use]
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Database { source, .. } => source.as_database_error().map_or_else(
                || "refused".to_owned(),
                // The message alone: its DETAIL repeats the row, and with it a code or a customer's data.
                |refusal| refusal.message().to_owned(),
            ),
            other => other.to_string(),
        }
    }
}

fn has_class(error: &sqlx::Error, classes: &[&str]) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.is_some_and(|code| classes.iter().any(|class| code.starts_with(class)))
}

/// Everything is transient but a refusal of the data (SQLSTATE classes 22, 23, 42, `P0` and 44).
fn is_transient(error: &sqlx::Error) -> bool {
    match error {
        // Class 42 (a table, a column or a right is missing) refuses no row, but does not go away by itself either.
        sqlx::Error::Database(_) => !has_class(error, &["22", "23", "42", "44", "P0"]),
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => true,
        // What else sqlx reports (a type, an encoding, a column that is not there) is the same at every try.
        _ => false,
    }
}

impl Store {
    /// A store whose connections are opened when they are needed: a database that is down is an
    /// error of the first question, not of the start. `pooler` says whether there is one in between; without it,
    /// the first question finds out.
    pub fn connect_lazy(
        url: &SecretString,
        max_connections: u32,
        acquire_timeout: Duration,
        pooler: Option<bool>,
    ) -> Result<Self, StoreError> {
        let options = options(url)?;
        let reach = Arc::new(OnceCell::new_with(pooler.map(Reach::from_pooler)));
        let found = Arc::clone(&reach);

        let pool = PgPoolOptions::new()
            .max_connections(max_connections)
            .acquire_timeout(acquire_timeout)
            .after_connect(move |connection, _| {
                let direct = found.get() == Some(&Reach::Direct);
                Box::pin(async move {
                    // A pooler would hand the limits on with the session, to the shop.
                    if direct {
                        connection.execute(SESSION).await?;
                    }
                    Ok(())
                })
            })
            .connect_lazy_with(options);

        Ok(Self::over(Pool::new(pool, reach)))
    }

    /// A store over a pool that leads to the server itself.
    #[must_use]
    pub fn from_pool(pool: PgPool) -> Self {
        Self::over(Pool::new(
            pool,
            Arc::new(OnceCell::new_with(Some(Reach::Direct))),
        ))
    }

    fn over(pool: Pool) -> Self {
        Self {
            pool,
            audience: Arc::default(),
            sides: Sides::BOTH,
            mirror: true,
            // The shop sends and follows these itself, unless it is configured otherwise.
            buy_chained: false,
            language: Lang::Tr,
        }
    }

    /// The same store, whose settlements are announced to these.
    #[must_use]
    pub fn telling(mut self, audience: Vec<Audience>) -> Self {
        self.audience = audience.into();
        self
    }

    /// The same store, of a database that has the tables of these applications only.
    #[must_use]
    pub fn having(mut self, sides: Sides) -> Self {
        self.sides = sides;
        self
    }

    /// The same store; without `mirror` the warehouse's application keeps its orders and returns itself,
    /// and none of their rows is written here.
    #[must_use]
    pub fn mirroring(mut self, mirror: bool) -> Self {
        self.mirror = mirror;
        self
    }

    /// The same store, for which orders that came along a chain of tenants are to be bought, or not.
    #[must_use]
    pub const fn buying_chained(mut self, buy: bool) -> Self {
        self.buy_chained = buy;
        self
    }

    /// The same store, which writes what customers read in this language.
    #[must_use]
    pub const fn speaking(mut self, language: Lang) -> Self {
        self.language = language;
        self
    }

    /// The same store, which the server keeps from writing whatever the role may do.
    #[must_use]
    pub fn reading_only(mut self) -> Self {
        self.pool = self.pool.reading_only();
        self
    }

    /// The pool itself, without the deadlines of `pool.rs`.
    #[must_use]
    pub(crate) fn pool(&self) -> &PgPool {
        self.pool.inner()
    }

    #[must_use]
    pub(crate) fn pool_use(&self) -> PoolUse {
        let pool = self.pool();
        PoolUse {
            open: pool.size(),
            idle: u32::try_from(pool.num_idle()).unwrap_or(u32::MAX),
            most: pool.options().get_max_connections(),
        }
    }

    /// Why there is no connection: a pool that timed out does not say. `None` when one can be opened after
    /// all, or the server does not answer within `patience`.
    pub(crate) async fn why_unreachable(&self, patience: Duration) -> Option<StoreError> {
        // A connection of its own: one of the pool would only wait in the same queue again.
        let options = self.pool().connect_options();
        let connected = tokio::time::timeout(patience, options.connect())
            .await
            .ok()?;
        connected
            .err()
            .map(StoreError::doing("opening a connection"))
    }

    /// The database's clock, and how long the question took.
    pub async fn now(&self) -> Result<(DateTime<Utc>, Duration), StoreError> {
        let asked = Instant::now();
        // `clock_timestamp()`, since `now()` stands still for as long as a transaction lasts.
        let now = sqlx::query_scalar!(r#"SELECT clock_timestamp() AS "now!""#)
            .fetch_one(&self.pool)
            .await
            .map_err(StoreError::doing("reading its clock"))?;
        Ok((now, asked.elapsed()))
    }

    /// A transaction of several statements that go by the indexes: see `pool.rs`.
    async fn by_index(&self) -> Result<Transaction<'static>, sqlx::Error> {
        self.pool.begin_by_index().await
    }

    pub async fn close(&self) {
        self.pool.close().await;
    }
}

fn options(url: &SecretString) -> Result<PgConnectOptions, StoreError> {
    let options: PgConnectOptions = url.expose_secret().parse().map_err(StoreError::Address)?;
    Ok(options
        // By this name people find these connections in `pg_stat_activity`.
        .application_name("orderwatch")
        // Poolers refuse it as a start-up parameter, and no server that is supported needs it.
        .extra_float_digits(None)
        .disable_statement_logging())
}
