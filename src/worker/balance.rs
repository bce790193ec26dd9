//! The balance job: what every account holds, and a warning before it runs out.
//!
//! The answer to each purchase tells the balance too ([`Latest`]); both ways end in [`Balances`],
//! and the newer figure wins.

mod latest;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::{StreamExt, stream};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Value;

pub use latest::Latest;

use super::{
    concurrency::RequestKind,
    job::{Job, JobError},
    panels::{Panel, Panels},
};
use crate::{
    clock::Clock,
    provider::ReadError,
    store::{Balance, Balanced, Store, StoreError},
};

/// Panels that are asked at once.
const AT_ONCE: usize = 16;
/// The longest wait for a place at a busy panel and for its pace.
const TURN: Duration = Duration::from_secs(30);

/// What a pass did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BalanceReport {
    /// Panels that told their balance.
    pub told: usize,
    /// Panels that did not.
    pub failed: usize,
    /// Panels so busy with orders that they were not asked.
    pub busy: usize,
    /// Balances that were written; the others had been overtaken.
    pub written: usize,
    /// Balances below the limit.
    pub low: usize,
    /// Balances that fell by more than orderwatch has bought for.
    pub unexplained: usize,
}

/// Where balances are written, and below which they are low.
#[derive(Clone, Debug)]
pub struct Balances {
    store: Store,
    panels: Arc<Panels>,
    warn_below: Decimal,
}

/// The balance job.
#[derive(Debug)]
pub struct BalanceJob {
    panels: Arc<Panels>,
    clock: Arc<dyn Clock>,
    balances: Balances,
    /// Whether a fall that our purchases do not explain is worth a warning.
    accounting: bool,
}

/// A panel was not asked, or did not tell.
enum Silent {
    Busy,
    Failed(ReadError),
}

impl Balances {
    /// `warn_below` is in TRY; 0 never warns.
    #[must_use]
    pub fn new(store: Store, panels: Arc<Panels>, warn_below: Decimal) -> Self {
        Self {
            store,
            panels,
            warn_below,
        }
    }

    /// Writes balances, one per account, in our schema and in the shop's rows; says which are low.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn write(&self, balances: &[Balance]) -> Result<Vec<Balanced>, StoreError> {
        let written = self
            .store
            .record_balances(balances, self.warn_below)
            .await?;
        let news: Vec<Balance> = balances
            .iter()
            .filter(|balance| written.iter().any(|w| w.integration == balance.integration))
            .copied()
            .collect();
        if !news.is_empty() {
            let columns = self.store.balance_columns().await?;
            self.store.show_balances(&news, columns).await?;
        }
        for balance in news {
            if written
                .iter()
                .any(|w| w.integration == balance.integration && w.warn)
            {
                self.warn(balance);
            }
        }
        Ok(written)
    }

    /// Says it when an account fell by more than was bought. Not proof of a second dispatcher: staff
    /// may buy there by hand, and a panel may take fees.
    async fn account_for(&self, balance: Balance) -> Result<bool, StoreError> {
        let Some(amount) = self.store.account_for(balance).await? else {
            return Ok(false);
        };
        let panels = self.panels.known();
        let panel = panels
            .iter()
            .find(|panel| panel.id() == balance.integration);
        tracing::warn!(
            panel = panel.map_or("", |panel| panel.name()),
            integration = %balance.integration,
            %amount,
            "the balance at this panel fell by more than orderwatch has bought for: somebody else \
             buys there"
        );
        Ok(true)
    }

    fn warn(&self, balance: Balance) {
        let panels = self.panels.known();
        let panel = panels
            .iter()
            .find(|panel| panel.id() == balance.integration);
        tracing::warn!(
            panel = panel.map_or("", |panel| panel.name()),
            integration = %balance.integration,
            balance = %balance.amount,
            limit = %self.warn_below,
            "the balance at this panel is low"
        );
    }
}

impl BalanceJob {
    /// A job that asks these panels.
    #[must_use]
    pub fn new(panels: Arc<Panels>, clock: Arc<dyn Clock>, balances: Balances) -> Self {
        Self {
            panels,
            clock,
            balances,
            accounting: false,
        }
    }

    /// The same job, which also says what left an account without orderwatch, if `on`.
    #[must_use]
    pub const fn accounting(mut self, on: bool) -> Self {
        self.accounting = on;
        self
    }

    /// One pass: asks every enabled panel that can be used; one that is slow holds up no other.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn ask_all(&self) -> Result<BalanceReport, StoreError> {
        let usable = self.usable().await?;
        let mut answers = stream::iter(usable)
            .map(|panel| async move { (self.ask(&panel).await, panel) })
            .buffer_unordered(AT_ONCE);
        let mut report = BalanceReport::default();
        while let Some((answer, panel)) = answers.next().await {
            match answer {
                Ok(balance) => {
                    report.told += 1;
                    for written in self.balances.write(&[balance]).await? {
                        report.written += 1;
                        report.low += usize::from(written.low);
                    }
                    if self.accounting && self.balances.account_for(balance).await? {
                        report.unexplained += 1;
                    }
                }
                Err(silent) => silent.count(&panel, &mut report),
            }
        }
        Ok(report)
    }

    /// A panel that is left alone for now is asked by its prober.
    async fn usable(&self) -> Result<Vec<Arc<Panel>>, StoreError> {
        let panels = self.panels.current().await?;
        let usable =
            |panel: &&Arc<Panel>| panel.is_enabled() && panel.may_ask() && panel.provider.is_ok();
        Ok(panels.iter().filter(usable).cloned().collect())
    }

    async fn ask(&self, panel: &Panel) -> Result<Balance, Silent> {
        let Ok(provider) = &panel.provider else {
            return Err(Silent::Busy);
        };
        let turn = async {
            let permit = panel.concurrency.acquire(RequestKind::Ask).await?;
            permit.wait_for_pace().await;
            Some(permit)
        };
        let Ok(Some(permit)) = tokio::time::timeout(TURN, turn).await else {
            return Err(Silent::Busy);
        };
        // A purchase that is answered meanwhile may be newer: the figure is as old as the question.
        let at = self.clock.now();
        let answer = provider.balance().await;
        drop(permit);
        answer
            .map(|amount| Balance {
                integration: panel.id(),
                amount,
                at,
            })
            .map_err(Silent::Failed)
    }
}

impl Silent {
    fn count(&self, panel: &Panel, report: &mut BalanceReport) {
        match self {
            Self::Busy => report.busy += 1,
            Self::Failed(error) => {
                report.failed += 1;
                tracing::warn!(
                    panel = panel.name(),
                    integration = %panel.id(),
                    error = error as &dyn std::error::Error,
                    "the balance at this panel cannot be read"
                );
            }
        }
    }
}

#[async_trait]
impl Job for BalanceJob {
    fn name(&self) -> &'static str {
        "balance"
    }

    async fn run(&self) -> Result<Value, JobError> {
        Ok(serde_json::to_value(self.ask_all().await?)?)
    }
}
