//! A barakat reseller panel: JSON over GET, an account by its token, and the habits of the real ones.
//!
//! Behaviour follows what the shop's own programs ask such panels and understand of their answers.
//! What must stay true: a sale is in the [`Ledger`] before a byte of its answer leaves, and nothing
//! else makes a sale.
//!
//! The one habit to know: a purchase that is sent twice is sold twice. No real panel of this kind is
//! known to refuse a repeated `order_uuid`, so the ledger has to show the client that sends one.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use sandbox::{
//!     barakat::{Barakat, BarakatPlan, Endpoint},
//!     trouble::{Fault, Trouble},
//! };
//! let panel = Barakat::start(BarakatPlan::sample(7)).await?;
//! panel.faults().next(Endpoint::Purchase, Fault::After(Trouble::Reset));
//! // ... point a client at panel.base_url() and let it buy ...
//! panel.wait_for(|ledger| ledger.sale_count() == 1).await;
//! panel.stop().await
//! # }
//! ```

mod answer;
mod books;
mod call;
mod catalogue;
mod desk;
mod ledger;
mod order;
mod plan;
mod product;
mod record;
mod style;
mod trouble;

use std::{fmt, io, sync::Arc};

use rust_decimal::Decimal;

use self::desk::Desk;
pub use self::{
    answer::Said,
    call::Endpoint,
    ledger::Ledger,
    plan::{Account, BarakatPlan},
    product::{Ending, Product, Quantities},
    record::{RequestRecord, Sale},
    style::{CancelledWord, CodeKey, DoneWord, Scalar, SoldWord, Style, WaitingWord},
    trouble::unreliable,
};
pub use super::readiness::Readiness;
use super::{
    faults::Faults,
    gates::{CallBarrier, Moment},
    http::Server,
};

/// A running panel; clones are the same panel, and dropping the last one ends it.
#[derive(Clone)]
pub struct Barakat {
    server: Arc<Server>,
    desk: Arc<Desk>,
}

impl fmt::Debug for Barakat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barakat")
            .field("ledger", self.ledger())
            .finish_non_exhaustive()
    }
}

impl Barakat {
    /// Starts a panel.
    #[expect(
        clippy::unused_async,
        reason = "it needs a runtime; awaiting it makes sure of one"
    )]
    pub async fn start(plan: BarakatPlan) -> io::Result<Self> {
        let listen = plan.listen;
        let desk = Arc::new(Desk::new(plan));
        let server = Arc::new(Server::start(listen, Arc::clone(&desk))?);
        Ok(Self { server, desk })
    }

    /// The address to configure at a client: `http://127.0.0.1:port` and the planned prefix.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}{}", self.server.addr(), self.desk.prefix())
    }

    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        self.desk.ledger()
    }

    #[must_use]
    pub fn faults(&self) -> &Faults<Endpoint> {
        self.desk.faults()
    }

    /// Holds every request to the endpoint at this moment until the gate opens.
    pub fn hold(&self, endpoint: Endpoint, moment: Moment) -> CallBarrier {
        self.desk.gates().hold(endpoint, moment)
    }

    /// Waits until the ledger is as wanted. Looks again after every change of it.
    pub async fn wait_for(&self, wanted: impl FnMut(&Ledger) -> bool) {
        self.ledger().wait_for(wanted).await;
    }

    /// Decides how the first purchase with this `order_uuid` ends, at the next question about it.
    /// Returns whether it is known and not settled yet.
    #[must_use = "an unknown purchase cannot be settled"]
    pub fn settle(&self, token: &str, order_uuid: &str, ending: Ending) -> bool {
        self.ledger().settle(token, order_uuid, ending)
    }

    /// Sets what is left on an account, in TRY. Returns whether the account exists.
    #[must_use = "an unknown account has no balance"]
    pub fn set_balance(&self, token: &str, balance: Decimal) -> bool {
        self.ledger().set_balance(token, balance)
    }

    /// The code that the first purchase with this `order_uuid` gets, if it gets one. Later ones
    /// get others, which [`Sale::pin`] has.
    #[must_use]
    pub fn pin_of(&self, token: &str, order_uuid: &str) -> String {
        self.desk.pin_of(token, order_uuid)
    }

    /// How many connections were accepted so far.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.server.connections()
    }

    /// Refuses new connections until [`Self::resume_listening`]; open ones go on.
    pub async fn pause_listening(&self) -> io::Result<()> {
        self.server.pause_listening().await
    }

    /// Listens again on the same port.
    pub async fn resume_listening(&self) -> io::Result<()> {
        self.server.resume_listening().await
    }

    /// Closes every open connection, whatever it waits for.
    pub fn drop_connections(&self) {
        self.server.drop_connections();
    }

    /// Ends the panel; the ledger stays readable.
    pub async fn stop(&self) -> io::Result<()> {
        self.server.stop().await
    }
}
