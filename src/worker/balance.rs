//! What every account holds, and a warning before it runs out.
//!
//! The answer to each purchase names the balance ([`Latest`]), and so does the job `balance`; both ways end
//! in [`Balances`], and the newer figure wins.

mod latest;

use std::sync::Arc;

use rust_decimal::Decimal;

pub use latest::Latest;

use super::panels::Panels;
use crate::store::{Balance, Balanced, Store, StoreError};

/// Where balances are written.
#[derive(Clone, Debug)]
pub struct Balances {
    pub store: Store,
    pub panels: Arc<Panels>,
    /// In TRY; 0 never warns.
    pub warn_below: Decimal,
}

impl Balances {
    /// Writes balances, one per account, in our schema and in the shop's rows; says which are low.
    pub async fn write(&self, balances: &[Balance]) -> Result<Vec<Balanced>, StoreError> {
        let written = self
            .store
            .record_balances(balances, self.warn_below)
            .await?;

        let written_as = |balance: &Balance| {
            let mut written = written.iter();
            written.find(|written| written.integration == balance.integration)
        };
        // The shop's rows must not fall back to a figure that was overtaken.
        let news = balances.iter().copied();
        let news: Vec<Balance> = news.filter(|b| written_as(b).is_some()).collect();
        if !news.is_empty() {
            let columns = self.store.balance_columns().await?;
            self.store.show_balances(&news, columns).await?;
        }

        for balance in news {
            if written_as(&balance).is_some_and(|written| written.warn) {
                tracing::warn!(
                    panel = self.panels.name(balance.integration),
                    integration = %balance.integration,
                    balance = %balance.amount,
                    limit = %self.warn_below,
                    "the balance at this panel is low"
                );
            }
        }

        Ok(written)
    }
}
