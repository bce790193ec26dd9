//! A znet reseller panel: four endpoints, its own books, and every bad habit of the real ones.
//!
//! Behaviour follows the vendor's sheet and what real panels were seen to do. What must stay true:
//! a sale is in the [`Ledger`] before a byte of its answer leaves, and nothing else makes a sale.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use sandbox::{
//!     panel::{Endpoint, Panel, PanelPlan},
//!     trouble::{Fault, Trouble},
//! };
//! let panel = Panel::start(PanelPlan::sample(7)).await?;
//! panel.faults().next(Endpoint::Purchase, Fault::After(Trouble::Reset));
//! // ... point a client at panel.base_url() and let it buy ...
//! panel.wait_for(|ledger| ledger.sales().len() == 1).await;
//! panel.stop().await
//! # }
//! ```

mod answer;
mod books;
mod call;
mod catalogue;
mod desk;
mod ledger;
mod plan;
mod record;
mod style;

use std::{fmt, io, sync::Arc};

use rust_decimal::Decimal;

use self::desk::Desk;
pub use self::{
    answer::Said,
    call::Endpoint,
    ledger::Ledger,
    plan::{Account, Ending, PanelPlan, Product, Recording, StatusMode, unreliable},
    record::{RequestRecord, Sale},
    style::{CatalogueText, Decimals, Encoding, NoPin, OkWord, Style, Tail},
};
pub use super::readiness::Readiness;
use super::{
    faults::Faults,
    gates::{CallBarrier, Moment},
    http::Server,
};

/// A running panel; clones are the same panel, and dropping the last one ends it.
#[derive(Clone)]
pub struct Panel {
    server: Arc<Server>,
    desk: Arc<Desk>,
}

impl fmt::Debug for Panel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Panel")
            .field("ledger", self.ledger())
            .finish_non_exhaustive()
    }
}

impl Panel {
    /// Starts a panel.
    #[expect(
        clippy::unused_async,
        reason = "it needs a runtime; awaiting it makes sure of one"
    )]
    pub async fn start(plan: PanelPlan) -> io::Result<Self> {
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

    /// Decides how a purchase ends, at the next question about it. Returns whether it is known
    /// and not settled yet.
    #[must_use = "an unknown purchase cannot be settled"]
    pub fn settle(&self, kod: &str, reference: &str, ending: Ending) -> bool {
        self.ledger().settle(kod, reference, ending)
    }

    /// Sets what is left on an account, in TRY. Returns whether the account exists.
    #[must_use = "an unknown account has no balance"]
    pub fn set_balance(&self, kod: &str, balance: Decimal) -> bool {
        self.ledger().set_balance(kod, balance)
    }

    /// The PIN that a purchase with this reference gets, if it gets one.
    #[must_use]
    pub fn pin_of(&self, kod: &str, reference: &str) -> String {
        self.desk.pin_of(kod, reference)
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
