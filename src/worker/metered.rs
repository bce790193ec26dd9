//! A panel whose every call is counted and timed.

use std::{sync::Arc, time::Instant};

use async_trait::async_trait;
use rust_decimal::Decimal;

use crate::{
    metrics::{
        METRICS,
        label::{Call, Outcome},
    },
    order::{IntegrationId, PurchaseOutcome, Reference, StatusAnswer},
    provider::{Catalogue, Provider, Purchase, PurchaseReply, ReadError, StatusReply},
};

/// It does what the panel within does, and nothing else.
#[derive(Debug)]
pub(super) struct Metered {
    pub(super) panel: Arc<dyn Provider>,
    pub(super) id: IntegrationId,
}

impl Metered {
    async fn timed<T>(
        &self,
        call: Call,
        reply: impl Future<Output = T>,
        outcome: fn(&T) -> Outcome,
    ) -> T {
        let began = Instant::now();
        let reply = reply.await;
        METRICS.panel_call(self.id, call, outcome(&reply), began.elapsed());
        reply
    }
}

#[async_trait]
impl Provider for Metered {
    async fn purchase(&self, purchase: &Purchase) -> PurchaseReply {
        let reply = self.panel.purchase(purchase);
        self.timed(Call::Purchase, reply, |reply| match reply.outcome {
            PurchaseOutcome::Accepted { .. } => Outcome::Accepted,
            PurchaseOutcome::Refused(_) => Outcome::Refused,
            PurchaseOutcome::SentBefore => Outcome::SentBefore,
            PurchaseOutcome::NotSent(_) => Outcome::NotSent,
            PurchaseOutcome::Unsure => Outcome::Unsure,
        })
        .await
    }

    async fn status(&self, reference: &Reference) -> StatusReply {
        let reply = self.panel.status(reference);
        self.timed(Call::Status, reply, |reply| match reply.answer {
            StatusAnswer::Waiting { .. } => Outcome::Waiting,
            StatusAnswer::Done { .. } | StatusAnswer::DoneWithoutCode { .. } => Outcome::Done,
            StatusAnswer::Cancelled { .. } => Outcome::Cancelled,
            StatusAnswer::NotKnown { .. } => Outcome::NotKnown,
            StatusAnswer::Unclear => Outcome::Unclear,
        })
        .await
    }

    async fn catalogue(&self) -> Result<Catalogue, ReadError> {
        self.timed(Call::Catalogue, self.panel.catalogue(), read)
            .await
    }

    async fn balance(&self) -> Result<Decimal, ReadError> {
        self.timed(Call::Balance, self.panel.balance(), read).await
    }
}

const fn read<T>(reply: &Result<T, ReadError>) -> Outcome {
    match reply {
        Ok(_) => Outcome::Read,
        Err(ReadError::Unreachable { .. }) => Outcome::Unreachable,
        Err(ReadError::Refused { .. }) => Outcome::Refused,
        Err(ReadError::Unreadable { .. }) => Outcome::Unreadable,
    }
}
