//! A Trendyol seller account: a store that sells by itself, and the API that its seller sees.
//!
//! Behaviour follows the documents and what integrators have observed; where they disagree,
//! [`Quirks`] chooses. What must stay true: the [`Ledger`] holds every sale with the stock that
//! the store showed at that moment, the store never sells what it does not show, and nothing but
//! a worked-off report or a sale changes its stock (and a cancellation, if the plan says so).
//!
//! The store has a clock of its own. In a simulation it stands still until
//! [`advance`](TrendyolStore::advance), or follows the [`Clock`](crate::clock::Clock) of its plan.
//! Whatever was due meanwhile has happened, in its order, before anyone can look.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use sandbox::trendyol::{StorePlan, TrendyolStore};
//! let store = TrendyolStore::start(StorePlan::sample(7, 100)).await?;
//! let order = store.sell("8683772000000", 2)?;
//! // ... point a client at store.base_url() and let it pull ...
//! store.advance(Duration::from_mins(4));
//! store.cancel(order.packages[0])?;
//! # Ok(())
//! # }
//! ```

mod acts;
mod answer;
mod call;
mod claims;
mod desk;
mod door;
mod feed;
mod json;
mod ledger;
mod life;
mod limits;
mod orders;
mod package;
mod plan;
mod progress;
mod push;
mod queue;
mod quirks;
mod readback;
mod record;
mod shelf;
mod state;
mod status;
mod times;
pub mod trouble;
mod webhooks;

use std::{fmt, io, ops::Range, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

pub use self::{
    call::Endpoint,
    claims::{Claim, ClaimItem},
    json::Names,
    ledger::{Ledger, Repetition},
    limits::{Bursts, Group, Limits, Measure},
    package::{Line, Package},
    plan::{Product, ProductState, QueuePlan, StorePlan},
    quirks::{
        AnswerQuirks, AwaitingId, ClaimDates, Errors, Expired, LineIds, NoClaims, Origins,
        PackageQuirks, Quirks, Repeats, Unfinished,
    },
    record::{RequestRecord, Sale},
    state::Order,
    status::{ClaimStatus, CreatedBy, Status},
    webhooks::HookDelivery,
};
use self::{desk::Desk, state::State};
use super::{
    faults::Faults,
    gates::{CallBarrier, Moment},
    http::Server,
    lock,
};

/// A running store; clones are the same store, and dropping the last one ends it.
#[derive(Clone)]
pub struct TrendyolStore {
    server: Arc<Server>,
    desk: Arc<Desk>,
    /// Ends the task that calls webhooks.
    _hooks: Option<Arc<DropGuard>>,
}

/// What cannot happen at a store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The store does not have it.
    #[error("the store has no product with barcode {0}")]
    UnknownProduct(String),
    /// It is not approved, archived or locked.
    #[error("the product with barcode {0} is not on sale")]
    NotOnSale(String),
    /// Nobody can buy more than is on sale.
    #[error("{asked} pieces of {barcode} were asked for, {stock} are on sale")]
    SoldOut {
        barcode: String,
        /// How many were asked for.
        asked: u32,
        /// How many are on sale.
        stock: u32,
    },
    /// An order or a package without anything in it.
    #[error("an order needs at least one piece in each of its packages")]
    Empty,
    /// There is no such package.
    #[error("there is no package {0}")]
    UnknownPackage(i64),
    /// Nothing would be left of the package.
    #[error("package {0} has too few pieces for that")]
    TooSmall(i64),
    /// Other packages have taken its place.
    #[error("package {0} was split: its parts live on")]
    Dissolved(i64),
    /// The pieces are not in the package.
    #[error("package {package} does not have so many pieces of {barcode}")]
    NotInPackage { package: i64, barcode: String },
    /// There is no such claim.
    #[error("there is no claim {0}")]
    UnknownClaim(Uuid),
}

impl fmt::Debug for TrendyolStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrendyolStore")
            .field("ledger", self.ledger())
            .finish_non_exhaustive()
    }
}

/// Calls webhooks as time goes by, until the guard is dropped.
fn call_webhooks(desk: Arc<Desk>) -> DropGuard {
    /// How late a call may be.
    const OFTEN: Duration = Duration::from_millis(100);
    let ends = CancellationToken::new();
    let ended = ends.clone();

    tokio::spawn(async move {
        let calls = async {
            loop {
                desk.deliver_hooks().await;
                tokio::time::sleep(OFTEN).await;
            }
        };
        ended.run_until_cancelled(calls).await
    });

    ends.drop_guard()
}

impl TrendyolStore {
    /// Starts a store.
    #[expect(
        clippy::unused_async,
        reason = "it needs a runtime; awaiting it makes sure of one"
    )]
    pub async fn start(plan: StorePlan) -> io::Result<Self> {
        let (listen, hooks_run) = (plan.listen, plan.hooks_run);
        let desk = Arc::new(Desk::new(plan));
        let server = Arc::new(Server::start(listen, Arc::clone(&desk))?);
        let hooks = hooks_run.then(|| Arc::new(call_webhooks(Arc::clone(&desk))));
        Ok(Self {
            server,
            desk,
            _hooks: hooks,
        })
    }

    /// Calls webhooks for every change of a package that is due by now. Returns how many calls that
    /// took, repeated ones included.
    pub async fn deliver_hooks(&self) -> usize {
        self.desk.deliver_hooks().await
    }

    /// The address to configure at a client.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.server.addr())
    }

    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.desk.ledger
    }

    #[must_use]
    pub fn faults(&self) -> &Faults<Endpoint> {
        &self.desk.faults
    }

    /// Holds every request to the endpoint at this moment until the gate opens.
    pub fn hold(&self, endpoint: Endpoint, moment: Moment) -> CallBarrier {
        self.desk.gates.hold(endpoint, moment)
    }

    /// Closes every open connection, whatever it waits for.
    pub fn drop_connections(&self) {
        self.server.drop_connections();
    }

    /// Refuses new connections until [`Self::resume_listening`]; open ones go on.
    pub async fn pause_listening(&self) -> io::Result<()> {
        self.server.pause_listening().await
    }

    /// Listens again on the same port.
    pub async fn resume_listening(&self) -> io::Result<()> {
        self.server.resume_listening().await
    }

    /// Ends the store's server; what happened stays readable.
    pub async fn stop(&self) -> io::Result<()> {
        self.server.stop().await
    }

    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.desk.clock.now()
    }

    /// Moves the store's clock on. What is due meanwhile happens.
    pub fn advance(&self, by: Duration) {
        self.desk.clock.advance(by);
        self.change(|_| ());
    }

    /// Answers 429 to everything of a group for a while.
    pub fn shut(&self, group: Group, lasts: Duration) {
        lock(&self.desk.gatekeeper).shut(group, lasts, self.now());
    }

    /// Blocks the address of every client for a while: 556 for one endpoint, or for all.
    pub fn block(&self, endpoint: Option<Endpoint>, lasts: Duration) {
        self.desk.block(endpoint, lasts);
    }

    /// Hides the changes of packages that are made within these times until their end. They
    /// then show with the dates on which they were made.
    pub fn outage(&self, times: Range<DateTime<Utc>>) {
        self.change(|state| state.outage(times));
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.desk.state());
        self.desk.ledger.changed();
        result
    }
}
