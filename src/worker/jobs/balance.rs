//! Asks every panel for the balance of its account.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::{StreamExt, stream};
use serde::Serialize;
use serde_json::Value;

use super::{JobSpec, Needs};
use crate::{
    order::{explain::Buying, money::Reading},
    provider::ReadError,
    store::{Balance, StoreError},
    telemetry::chain,
    worker::{
        concurrency::RequestKind,
        job::{Job, JobError},
        money::account_for,
        panels::Panel,
        schedule::Schedule,
        shop::{Shop, buying},
    },
};

/// From the start of the daemon to the first run.
const FIRST_AFTER: Duration = Duration::from_secs(10);
/// Panels that are asked at once.
const AT_ONCE: usize = 16;
/// The longest wait for a permit of a busy panel and for its pace.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

pub(crate) static JOB: JobSpec = JobSpec {
    name: "balance",
    about: "Ask every panel for its balance",
    progress: "asking the panels for their balances",
    needs: Needs::Shop,
    longest_run: Duration::from_mins(15),
    schedule: |config| {
        let interval = config.balance.interval;
        let schedule = Schedule::Every {
            interval,
            first_after: FIRST_AFTER.min(interval),
        };
        config.balance.enabled.then_some(schedule)
    },
    build: |context, _| {
        Ok(Arc::new(BalanceJob {
            // While another system buys, what leaves the accounts is its money.
            accounting: buying(&context.shop.config) == Buying::On,
            shop: context.shop.clone(),
        }))
    },
};

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BalanceReport {
    /// Panels that reported their balance.
    pub reported: usize,
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

#[derive(Debug)]
pub struct BalanceJob {
    pub shop: Shop,
    /// Whether a fall that our purchases do not explain is worth a warning.
    pub accounting: bool,
}

/// Why a balance is not known.
enum NoAnswer {
    Busy,
    Failed(ReadError),
}

impl BalanceJob {
    /// Asks every enabled panel that can be used.
    pub async fn ask_all(&self) -> Result<BalanceReport, StoreError> {
        let usable = self.usable().await?;
        // Unordered, so that a slow panel holds up no other.
        let mut answers = stream::iter(usable)
            .map(|panel| async move { (self.ask(&panel).await, panel) })
            .buffer_unordered(AT_ONCE);

        let mut report = BalanceReport::default();
        while let Some((answer, panel)) = answers.next().await {
            match answer {
                Ok(reading) => {
                    report.reported += 1;
                    self.record(reading, &panel, &mut report).await?;
                }
                Err(NoAnswer::Busy) => report.busy += 1,
                Err(NoAnswer::Failed(error)) => {
                    report.failed += 1;
                    tracing::warn!(
                        panel = panel.name(),
                        integration = %panel.id(),
                        error = chain(&error),
                        "the balance at this panel cannot be read"
                    );
                }
            }
        }
        Ok(report)
    }

    async fn usable(&self) -> Result<Vec<Arc<Panel>>, StoreError> {
        let panels = self.shop.panels.current().await?;
        // A panel whose circuit is open is asked by its prober.
        let usable =
            |panel: &&Arc<Panel>| panel.is_enabled() && panel.may_ask() && panel.provider.is_ok();
        Ok(panels.iter().filter(usable).cloned().collect())
    }

    async fn ask(&self, panel: &Panel) -> Result<Reading, NoAnswer> {
        let Ok(provider) = &panel.provider else {
            return Err(NoAnswer::Busy);
        };

        // Orders go before balances: a panel that is busy with them for long is asked by the next run.
        let wait = async {
            let permit = panel.concurrency.acquire(RequestKind::Ask).await?;
            permit.wait_for_pace().await;
            Some(permit)
        };
        let Ok(Some(permit)) = tokio::time::timeout(LONGEST_WAIT, wait).await else {
            return Err(NoAnswer::Busy);
        };

        // A purchase that is answered meanwhile may be newer: the figure is as old as the question.
        let asked_at = self.shop.clock.now();
        let answer = provider.balance().await;
        drop(permit);

        Ok(Reading {
            asked_at,
            balance: answer.map_err(NoAnswer::Failed)?,
            answered_at: self.shop.clock.now(),
        })
    }

    async fn record(
        &self,
        reading: Reading,
        panel: &Panel,
        report: &mut BalanceReport,
    ) -> Result<(), StoreError> {
        let integration = panel.id();
        let balance = Balance {
            integration,
            amount: reading.balance,
            at: reading.asked_at,
        };
        for written in self.shop.balances.write(&[balance]).await? {
            report.written += 1;
            report.low += usize::from(written.low);
        }

        self.shop.store.keep_reading(integration, reading).await?;
        if !self.accounting {
            return Ok(());
        }

        // No proof of a second dispatcher: staff may buy there by hand, and a panel may take fees.
        if let Some(amount) = account_for(&self.shop.store, integration, reading).await? {
            report.unexplained += 1;
            tracing::warn!(
                panel = panel.name(),
                %integration,
                %amount,
                "the balance at this panel fell by more than orderwatch has bought for: somebody else \
                 buys there"
            );
        }
        Ok(())
    }
}

#[async_trait]
impl Job for BalanceJob {
    fn name(&self) -> &'static str {
        JOB.name
    }

    async fn run(&self) -> Result<Value, JobError> {
        Ok(serde_json::to_value(self.ask_all().await?)?)
    }
}
